//! A cluster with everything the statements are about.
//!
//! Owns starting it and filling it from `tests/security/setup` and from the fuzzer's own
//! `setup.sql`, and the connections to it. A server that runs already can be used instead.

use std::path::Path;
use std::process::Stdio;

use postgres::{Client, Config, NoTls, error::DbError};
use text2sql_testkit::cluster::{Cluster, Config as Settings};

use crate::Failure;

/// The database of the playground; the scripts name it.
pub const DATABASE: &str = "secdb";
/// What nobody but a superuser may see holds this, or is a salary.
const MARK: &str = "kanarie";
/// Salaries are these digits and two of a number up to [`SALARIES`], long enough not to be in a sum
/// of md5 by chance.
const SALARY: &str = "765432";
const SALARIES: u8 = 40;

/// Scripts of `tests/security/setup` that fill it. The one that comes last there sets limits
/// that are too tight for comparing.
const SCRIPTS: &[&str] = &["benign_schema.sql", "attacks_setup.sql", "hidden_code.sql"];

/// A server to fuzz.
pub enum Playground {
    /// Started here; gone with this value.
    Own(Cluster),
    /// Host and port of another, filled in the same way.
    Given(String),
}

impl Playground {
    /// Starts and fills a cluster; `setup` is the folder with the scripts.
    ///
    /// # Errors
    /// Of the server, or of a script.
    pub fn start(setup: &Path) -> Result<Self, Failure> {
        let settings = Settings::default()
            .set("text2sql.preload_model", "off")
            // What changes must have been changed by a statement.
            .set("autovacuum", "off")
            .set("jit", "off");
        let cluster = Cluster::start(&settings)?;
        psql(&cluster, "postgres", &["-c", &format!("CREATE DATABASE {DATABASE}")])?;
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("setup.sql");
        // A foreign table of the scripts writes to `files`, where the witness looks.
        let files = format!("\\set files {}", cluster.dir().display());
        for script in SCRIPTS.iter().map(|name| setup.join(name)).chain([own]) {
            let script = script.display().to_string();
            let here = ["-c", "\\set host :HOST", "-c", "\\set port :PORT", "-c", &files];
            psql(&cluster, DATABASE, &[&here[..], &["-f", &script]].concat())?;
        }
        Ok(Self::Own(cluster))
    }

    /// A session of `user`; `notice` is given what the server tells besides.
    ///
    /// # Errors
    /// Of the connection.
    pub fn connect(
        &self,
        user: &str,
        notice: impl Fn(DbError) + Send + Sync + 'static,
    ) -> Result<Client, Failure> {
        let conninfo = match self {
            Self::Own(cluster) => cluster.conninfo(user, DATABASE),
            Self::Given(place) => format!("{place} user={user} dbname={DATABASE}"),
        };
        let mut config: Config = conninfo.parse()?;
        Ok(config.notice_callback(notice).connect(NoTls)?)
    }

    /// A session of the superuser.
    ///
    /// # Errors
    /// Of the connection.
    pub fn superuser(&self) -> Result<Client, Failure> {
        self.connect("postgres", |_| {})
    }

    /// Lines of the server's log that no statement may cause.
    pub fn alarms(&self) -> Vec<String> {
        let Self::Own(cluster) = self else { return Vec::new() };
        let alarming = ["panicked at", "PANIC: ", "TRAP: ", "was terminated by signal"];
        let log = cluster.log_text();
        let found = log.lines().filter(|line| alarming.iter().any(|word| line.contains(word)));
        found.map(str::to_owned).collect()
    }
}

/// Where a text gives away what is marked, and not because `sql` says it itself.
pub fn mark_in<'t>(text: &'t str, sql: &str) -> Option<&'t str> {
    let word = text.find(MARK).filter(|_| !sql.contains(MARK));
    let at = word.or_else(|| salary(text).filter(|_| !sql.contains(SALARY)))?;
    let begin = text.floor_char_boundary(at.saturating_sub(60));
    let end = text.floor_char_boundary((at + 100).min(text.len()));
    text.get(begin..end)
}

/// A number of its own, not digits in the middle of a longer one: those of a large power are long
/// enough to hold any eight digits.
fn salary(text: &str) -> Option<usize> {
    let is_one = |at: usize| {
        let (before, rest) = text.split_at_checked(at)?;
        let (number, after) = rest.get(SALARY.len()..)?.split_at_checked(2)?;
        let alone = !before.ends_with(|c: char| c.is_ascii_digit())
            && !after.starts_with(|c: char| c.is_ascii_digit());
        number.parse::<u8>().ok().filter(|n| alone && (1..=SALARIES).contains(n))
    };
    text.match_indices(SALARY).map(|(at, _)| at).find(|at| is_one(*at).is_some())
}

fn psql(cluster: &Cluster, database: &str, arguments: &[&str]) -> Result<(), Failure> {
    let done = cluster
        .psql()
        .args(["-q", "-d", database])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(format!("psql {arguments:?}: {}: {said}", done.status).into())
}

#[cfg(test)]
mod tests {
    use super::mark_in;

    #[test]
    fn a_mark_of_the_statement_itself_is_none() {
        assert!(mark_in("x kanarie-secret-1 y", "SELECT 1").is_some());
        assert_eq!(mark_in("no column kanarie", "SELECT kanarie"), None);
        assert_eq!(mark_in("nothing", "SELECT 1"), None);
        assert!(mark_in(r#"{"x":76543217.00}"#, "SELECT 1").is_some());
        assert_eq!(mark_in("76543217", "SELECT 76543217"), None);
        assert_eq!(mark_in("76543299 7654325", "SELECT 1"), None);
    }

    #[test]
    fn digits_of_a_large_power_are_no_mark() {
        assert_eq!(mark_in("58377654322387230", "SELECT 9.9 ^ 16384"), None);
        assert!(mark_in("-76543217", "SELECT 1").is_some());
    }
}
