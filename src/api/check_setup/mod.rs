//! `check_setup`: what an administrator should mend, each finding with its remedy.
//!
//! Owns the list of findings and their order. What the catalogs tell is found by
//! `sql/check_setup.sql`, what only the server process knows by [`server`], what the file system
//! tells by [`files`]; what text2sql's own settings and tables say is found here. Works without
//! preloading and with an extension of another version: both are findings. Called by SQL.

mod embeddings;
mod files;
mod server;

use pgrx::prelude::*;

use super::{doubt, semantics};
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
    all.extend(of_definitions());
    all.extend(of_curves());
    all.extend(embeddings::findings());
    all.sort();
    TableIterator::new(
        all.into_iter()
            .map(|f| (f.severity.name().to_owned(), f.check, f.object, f.finding, f.remedy)),
    )
}

/// Definitions that are out of use.
fn of_definitions() -> Vec<Finding> {
    if !server::runs_this_extension() {
        return Vec::new();
    }
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let findings = semantics::problems().into_iter().map(|([kind, relation, name], problem)| {
        let of = if relation.is_empty() { "NULL".to_owned() } else { quoted(&relation) };
        let object = [relation, name.clone()].into_iter().filter(|part| !part.is_empty());
        Finding {
            severity: Severity::Warning,
            check: "semantics".to_owned(),
            object: object.collect::<Vec<_>>().join(": "),
            finding: format!(
                "this {kind} is not told to the model until it is defined anew: {problem}"
            ),
            remedy: format!(
                "SELECT text2sql.drop_semantic({}, {of}, {});",
                quoted(&kind),
                quoted(&name)
            ),
        }
    });
    findings.collect()
}

/// Coefficients of the confidence that cannot be used.
fn of_curves() -> Option<Finding> {
    doubt::curves().is_err().then(|| Finding {
        severity: Severity::Warning,
        check: "confidence_curves".to_owned(),
        object: "text2sql.confidence_curves".to_owned(),
        finding: "it is not what text2sql-cli calibrate prints; explain fails, and so does every \
                  question where text2sql.min_confidence is above 0"
            .to_owned(),
        remedy: "ALTER SYSTEM RESET text2sql.confidence_curves;".to_owned(),
    })
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
