//! What the server process itself tells: how it was started, and which versions meet in it.

use pgrx::prelude::*;

use super::{Finding, Severity};
use crate::api::version;
use crate::pg::server;

/// Newest minor version of each major one, as of 2026-11-21 (release notes of PostgreSQL).
const NEWEST: &[(u32, u32)] = &[(15, 20)];

const FACTS: &str = "
    SELECT current_setting('server_version_num')::int,
           (SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries')";

/// Whether this library's own functions can be used here and now.
pub(super) fn runs_this_extension() -> bool {
    server::was_preloaded() && !server::is_parallel() && version::of_other_extension().is_none()
}

pub(super) fn findings() -> Vec<Finding> {
    let facts =
        Spi::connect(|client| client.select(FACTS, Some(1), &[])?.first().get_two::<i32, String>());
    let (number, libraries) = facts.unwrap_or_default();
    let mut found = Vec::new();
    if !server::was_preloaded() {
        found.push(not_preloaded(libraries.as_deref().unwrap_or_default()));
    }
    if let Some(extension) = version::of_other_extension() {
        found.push(other_version(&extension));
    }
    found.extend(number.and_then(|number| u32::try_from(number).ok()).and_then(old_minor));
    found
}

fn not_preloaded(libraries: &str) -> Finding {
    // One literal for each: the server takes a single one with commas for one name.
    let list: Vec<String> = libraries
        .split(',')
        .map(|name| name.trim().trim_matches('"'))
        .filter(|name| !name.is_empty() && *name != "text2sql")
        .chain(["text2sql"])
        .map(|name| format!("'{}'", name.replace('\'', "''")))
        .collect();
    Finding {
        severity: Severity::Critical,
        check: "preload".to_owned(),
        object: "shared_preload_libraries".to_owned(),
        finding: "the library was not loaded at server start, so there is no worker and no \
                  question is answered; a restart must follow the remedy"
            .to_owned(),
        remedy: format!("ALTER SYSTEM SET shared_preload_libraries = {};", list.join(", ")),
    }
}

fn other_version(extension: &str) -> Finding {
    Finding {
        severity: Severity::Critical,
        check: "extension_version".to_owned(),
        object: "text2sql".to_owned(),
        finding: format!(
            "the extension in this database is of version {extension}, the server's library of \
             {}, so all other functions refuse to run",
            version::LIBRARY
        ),
        remedy: format!("ALTER EXTENSION text2sql UPDATE TO '{}';", version::LIBRARY),
    }
}

/// `number` is that of `server_version_num`.
fn old_minor(number: u32) -> Option<Finding> {
    let (major, minor) = (number / 10_000, number % 10_000);
    let (_, newest) = NEWEST.iter().find(|(of, _)| *of == major)?;
    (minor < *newest).then(|| Finding {
        severity: Severity::Warning,
        check: "server_version".to_owned(),
        object: format!("PostgreSQL {major}.{minor}"),
        finding: format!(
            "{major}.{newest} was out when this text2sql was released; memory errors mended \
             since can be reached by any SELECT"
        ),
        remedy: format!("apt-get install --only-upgrade postgresql-{major}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_older_minor_version_of_a_known_major_one_is_a_finding() {
        let finding = old_minor(150_019).expect("older than the newest");
        assert_eq!(finding.object, "PostgreSQL 15.19");
        for number in [150_020, 150_021, 990_000] {
            assert_eq!(old_minor(number), None, "{number}");
        }
    }

    #[test]
    fn libraries_that_are_preloaded_already_are_kept_one_literal_each() {
        for (given, expected) in [
            ("", "'text2sql'"),
            (
                "pg_stat_statements, auto_explain",
                "'pg_stat_statements', 'auto_explain', 'text2sql'",
            ),
            ("text2sql, \"$libdir/it's\"", "'$libdir/it''s', 'text2sql'"),
        ] {
            let remedy = not_preloaded(given).remedy;
            assert_eq!(remedy, format!("ALTER SYSTEM SET shared_preload_libraries = {expected};"));
        }
    }
}
