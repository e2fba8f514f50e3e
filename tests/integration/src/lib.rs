//! What the integration tests share: a cluster whose engine follows a script.
//!
//! The tests themselves are in `tests/server`. They need a server with the extension installed,
//! named by `TEXT2SQL_PG_CONFIG`, and the scripted engine, named by `TEXT2SQL_SCRIPTED_ENGINE`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "test code: a failed expectation is the outcome"
)]

mod hygiene;
mod scripted;

pub use hygiene::offences;
pub use scripted::{SHOP, Server, rule, slow_rule};

use std::time::{Duration, Instant};

/// Waits until `condition` holds.
///
/// # Panics
/// After `limit`, naming what was waited for.
pub fn eventually(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < limit, "gave up waiting until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
