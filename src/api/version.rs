//! Whether this database's functions are those of this library.
//!
//! The library belongs to the server, the functions to the database, and each is upgraded by a
//! step of its own. Called by every function through `admin::require_preload`.

use pgrx::prelude::*;

use crate::pg::{server, subxact};

/// Version of this library, and of the extension it was installed with.
pub const LIBRARY: &str = env!("CARGO_PKG_VERSION");

/// Qualified throughout, because it runs under the search path of whoever calls.
const QUERY: &str = "
    SELECT e.extversion FROM pg_catalog.pg_extension e
     WHERE e.extname OPERATOR(pg_catalog.=) 'text2sql'::pg_catalog.name";

/// Version of the extension in this database, where it is another than the library's.
pub fn of_other_extension() -> Option<String> {
    // A sub-transaction cannot begin there.
    if server::is_parallel() {
        return None;
    }
    // Rolled back, so that no lock on the catalog outlives the call.
    let version = match subxact::rolled_back(|_| query(), || ()) {
        Ok(version) => version,
        Err(caught) => caught.rethrow(),
    };
    // Where it cannot be read there is nothing to compare, and the call may go on.
    let version = version.ok().flatten()?;
    (version != LIBRARY).then_some(version)
}

/// `select`, because `Spi::get_one` takes a transaction number, which a standby cannot give.
fn query() -> Result<Option<String>, pgrx::spi::Error> {
    Spi::connect(|client| client.select(QUERY, Some(1), &[])?.first().get_one::<String>())
}
