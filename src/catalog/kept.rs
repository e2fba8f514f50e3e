//! Snapshots that outlive their session, so that the next one of the same role need not wait for the
//! catalogs: it begins with what was seen last, and reads them while the model works.
//!
//! Owns under which key a snapshot is kept. What is taken from here may be out of date, and more than
//! the role may read by now: it must not reach the caller before it is proved. Called by
//! [`super::cache`].

use pgrx::pg_sys::Oid;
use text2sql_core::schema::Snapshot;
use text2sql_core::shelf::{Key, key};

use super::cache::View;
use crate::guc;
use crate::ipc::shelf;
use crate::pg::server;

/// Keeps what `view` holds now, for other sessions, unless they are not to begin with it.
pub(super) fn keep(view: &View, snapshot: &Snapshot) {
    if !guc::recall_snapshots() {
        return;
    }
    let key = key_of(view);
    let packed = snapshot.pack().unwrap_or_default();
    // Most sessions find what they would put down.
    if shelf::get(&key).is_none_or(|kept| kept != packed) {
        shelf::put(&key, &packed);
    }
}

/// What another session saw in `view`, last.
pub(super) fn recall(view: &View) -> Option<Snapshot> {
    Snapshot::unpack(&shelf::get(&key_of(view))?)
}

/// One database's view of one role: nothing is found by anybody else.
fn key_of(view: &View) -> Key {
    let View { role, readable_role, schemas, foreign_servers, semantics } = view;
    let number = |oid: Oid| oid.to_u32().to_le_bytes();
    let (database, role) = (number(server::database()), number(*role));
    let readable_role = readable_role.map_or([0; 4], number);
    let count = schemas.len().to_le_bytes();
    let names = schemas.iter().chain(foreign_servers).map(String::as_bytes);
    let semantics = [u8::from(*semantics)];
    key([&database[..], &role, &readable_role, &semantics, &count].into_iter().chain(names))
}
