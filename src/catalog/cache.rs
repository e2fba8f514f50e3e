//! Snapshots of this session, kept while nothing changed.
//!
//! Keyed by role, schemas and the generation of the system catalogs. `COMMENT ON` and
//! `ALTER DEFAULT` send no invalidation for what a snapshot holds, so an entry also has an age.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use pgrx::pg_sys::Oid;
use text2sql_core::schema::Snapshot;

use super::load::{self, CatalogError};
use crate::pg::{facts, invalidation};

/// Entries of a session: a pooled connection may serve a few roles and schema lists.
const CAPACITY: usize = 8;
/// How long a changed comment may go unnoticed.
const MAX_AGE: Duration = Duration::from_secs(60);

struct Entry {
    role: Oid,
    schemas: Vec<String>,
    generation: u64,
    loaded: Instant,
    snapshot: Rc<Snapshot>,
}

thread_local! {
    static ENTRIES: RefCell<VecDeque<Entry>> = const { RefCell::new(VecDeque::new()) };
}

/// What `role` may read in `schemas`; without them, in the schemas of the search path.
pub fn snapshot(role: Oid, schemas: Option<&[String]>) -> Result<Rc<Snapshot>, CatalogError> {
    let mut schemas = schemas.map_or_else(facts::search_path, <[String]>::to_vec);
    schemas.sort();
    schemas.dedup();
    let generation = invalidation::generation();
    if let Some(found) = find(role, &schemas, generation) {
        return Ok(found);
    }
    let snapshot = Rc::new(load::load(role, &schemas)?);
    let loaded = Instant::now();
    let entry = Entry { role, schemas, generation, loaded, snapshot: Rc::clone(&snapshot) };
    ENTRIES.with_borrow_mut(|entries| {
        entries.push_front(entry);
        entries.truncate(CAPACITY);
    });
    Ok(snapshot)
}

fn find(role: Oid, schemas: &[String], generation: u64) -> Option<Rc<Snapshot>> {
    ENTRIES.with_borrow_mut(|entries| {
        entries.retain(|e| e.generation == generation && e.loaded.elapsed() < MAX_AGE);
        let index = entries.iter().position(|e| e.role == role && e.schemas == schemas)?;
        let entry = entries.remove(index)?;
        let snapshot = Rc::clone(&entry.snapshot);
        entries.push_front(entry);
        Some(snapshot)
    })
}

#[cfg(any(test, feature = "pg_test"))]
/// A number that differs between snapshots that differ; comparable within one build.
pub fn fingerprint(snapshot: &Snapshot) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(snapshot).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}
