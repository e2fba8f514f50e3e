//! Snapshots of this session, kept while nothing changed.
//!
//! Keyed by view and the generation of the system catalogs. `COMMENT ON` and
//! `ALTER DEFAULT` send no invalidation for what a snapshot holds, so an entry also has an age.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use pgrx::pg_sys::Oid;
use text2sql_core::schema::Snapshot;

use super::kept;
use super::load::{self, CatalogError};
use crate::pg::invalidation;

/// Entries of a session: a pooled connection may serve a few roles and schema lists.
const CAPACITY: usize = 8;
/// How long a changed comment may go unnoticed.
const MAX_AGE: Duration = Duration::from_secs(60);

/// Whose and what: the key of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The role that reads.
    pub role: Oid,
    /// A second role that must be able to read everything too.
    pub readable_role: Option<Oid>,
    /// Schemas, in any order.
    pub schemas: Vec<String>,
    /// Servers whose foreign tables may be read.
    pub foreign_servers: Vec<String>,
    /// Whether what people have defined counts.
    pub semantics: bool,
}

struct Entry {
    view: View,
    generation: u64,
    loaded: Instant,
    snapshot: Rc<Snapshot>,
}

thread_local! {
    static ENTRIES: RefCell<VecDeque<Entry>> = const { RefCell::new(VecDeque::new()) };
}

/// What can be read in `view`.
///
/// # Errors
/// Where the catalogs could not be read.
pub fn snapshot(mut view: View) -> Result<Rc<Snapshot>, CatalogError> {
    view.schemas.sort();
    view.schemas.dedup();
    let generation = invalidation::generation();
    if let Some(found) = find(&view, generation) {
        return Ok(found);
    }
    let snapshot = Rc::new(load::load(&view)?);
    kept::keep(&view, &snapshot);
    let loaded = Instant::now();
    let entry = Entry { view, generation, loaded, snapshot: Rc::clone(&snapshot) };
    ENTRIES.with_borrow_mut(|entries| {
        entries.retain(|e| e.view != entry.view);
        entries.push_front(entry);
        entries.truncate(CAPACITY);
    });
    Ok(snapshot)
}

/// What another session of the role saw in `view`, where this one has not looked yet. It may be out
/// of date: nothing made of it may be shown before [`snapshot`] has led to the same.
pub fn recalled(mut view: View) -> Option<Rc<Snapshot>> {
    view.schemas.sort();
    view.schemas.dedup();
    if ENTRIES.with_borrow(|entries| entries.iter().any(|e| e.view == view)) {
        return None;
    }
    kept::recall(&view).map(Rc::new)
}

fn find(view: &View, generation: u64) -> Option<Rc<Snapshot>> {
    ENTRIES.with_borrow_mut(|entries| {
        let is_present = |e: &Entry| {
            e.generation == generation && e.loaded.elapsed() < MAX_AGE && e.view == *view
        };
        let index = entries.iter().position(is_present)?;
        let entry = entries.remove(index)?;
        let snapshot = Rc::clone(&entry.snapshot);
        entries.push_front(entry);
        Some(snapshot)
    })
}
