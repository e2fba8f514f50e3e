//! `check_setup`: what an administrator should mend, each finding with its remedy.
//!
//! Owns the list of findings and their order. What the catalogs tell is found by
//! `sql/check_setup.sql`, what only the server process knows by [`server`], what the file system
//! tells by [`files`]. Works without preloading and with an extension of another version: both
//! are findings. Called by SQL.

mod files;
mod server;

use pgrx::prelude::*;

use crate::error::{Error, raise};
use crate::exec::identity;

const QUERY: &str = include_str!("../../../sql/check_setup.sql");

/// How much a finding matters. The order is the one they are shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Critical,
    Warning,
    Info,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }

    fn of(name: &str) -> Self {
        match name {
            "critical" => Self::Critical,
            "info" => Self::Info,
            _ => Self::Warning,
        }
    }
}

/// One thing to mend; ordered as shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    severity: Severity,
    check: String,
    object: String,
    finding: String,
    remedy: String,
}

/// What of the set-up is dangerous or keeps questions from being answered.
#[pg_extern(volatile, parallel_restricted)]
#[search_path(pg_catalog, pg_temp)]
#[allow(
    clippy::type_complexity,
    reason = "the columns of a SQL function are spelt out in its type"
)]
fn check_setup() -> TableIterator<
    'static,
    (
        name!(severity, String),
        name!(check_name, String),
        name!(object, String),
        name!(finding, String),
        name!(remedy, String),
    ),
> {
    let mut all = of_catalogs().unwrap_or_else(|error| raise(Error::CheckSetup(error.to_string())));
    all.extend(server::findings());
    all.extend(files::findings());
    all.sort();
    TableIterator::new(
        all.into_iter()
            .map(|f| (f.severity.name().to_owned(), f.check, f.object, f.finding, f.remedy)),
    )
}

fn of_catalogs() -> Result<Vec<Finding>, pgrx::spi::Error> {
    let powerful: Vec<pg_sys::Oid> = identity::powerful_roles().collect();
    let arguments = [powerful.into(), super::limits::foreign_servers().into()];
    Spi::connect(|client| {
        let mut found = Vec::new();
        for row in client.select(QUERY, None, &arguments)? {
            let column =
                |place| Ok::<_, pgrx::spi::Error>(row.get::<String>(place)?.unwrap_or_default());
            found.push(Finding {
                severity: Severity::of(&column(1)?),
                check: column(2)?,
                object: column(3)?,
                finding: column(4)?,
                remedy: column(5)?,
            });
        }
        Ok(found)
    })
}
