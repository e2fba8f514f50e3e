//! Known answers as they were published: statements of SQLite, and the files they are about.
//!
//! Owns where the file of a database is, and what its rows are compared as. A published statement
//! has backticks, text in double quotes and functions that only SQLite has: nobody need write it anew,
//! and no translation can change what it says. Called by [`super::session`] and [`super::run`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use text2sql_core::protocol::Failure;
use text2sql_core::score::{Rows, Value};

use super::failed;
use crate::import::copy::decoded;
use crate::import::source::Source;
use crate::import::types::Stored;

/// Longest time for a known answer; as long as one of the server's has.
const LIMIT: Duration = Duration::from_secs(60);
/// How files of SQLite are called.
const ENDINGS: [&str; 3] = ["sqlite", "sqlite3", "db"];

/// The file of a database.
pub struct Published(Source);

impl Published {
    /// Opens `FOLDER/DB/DB.sqlite`, or `FOLDER/DB.sqlite`.
    ///
    /// # Errors
    /// Where there is none, or it is damaged.
    pub fn open(folder: &Path, db: &str) -> Result<Self, Failure> {
        let in_db = |why: String| failed(&format!("known answers of \"{db}\": {why}"));
        let path = find(folder, db).ok_or_else(|| {
            in_db(format!("there is no {db}/{db}.sqlite in {}", folder.display()))
        })?;
        let source = Source::open(&path)
            .and_then(|source| source.allow_quoted_texts().map(|()| source))
            .map_err(|why| in_db(format!("\"{}\": {why}", path.display())))?;
        Ok(Self(source))
    }

    /// Rows of a statement.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn rows(&self, sql: &str) -> Result<Rows, String> {
        let mut rows = Rows::new();
        self.0.query(sql, LIMIT, |row| rows.push(row.iter().copied().map(value).collect()))?;
        Ok(rows)
    }
}

fn find(folder: &Path, db: &str) -> Option<PathBuf> {
    let names = ENDINGS.iter().map(|ending| format!("{db}.{ending}"));
    names.flat_map(|name| [folder.join(db).join(&name), folder.join(&name)]).find(|p| p.is_file())
}

/// A value as the loader brings it to the server.
fn value(stored: Stored<'_>) -> Value {
    match stored {
        Stored::Null => Value::said(None),
        Stored::Integer(number) => Value::said(Some(&number.to_string())),
        Stored::Real(number) => Value::said(Some(&number.to_string())),
        Stored::Text(bytes) | Stored::Blob(bytes) => Value::said(Some(&decoded(bytes))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with the file of a database `pets`.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("pets")).unwrap();
        rusqlite::Connection::open(folder.path().join("pets/pets.sqlite"))
            .unwrap()
            .execute_batch(
                "CREATE TABLE `Pet Owner` (`Pet Name` TEXT, born DATE, weight REAL);
                 INSERT INTO `Pet Owner` VALUES ('Rex', '2020-01-31', 3), ('Tom', NULL, 4.5),
                   (CAST(x'e9' AS TEXT), '', 0);",
            )
            .unwrap();
        folder
    }

    #[test]
    fn published_statements_run_as_they_are() {
        let folder = folder();
        let pets = Published::open(folder.path(), "pets").unwrap();
        let row = |texts: &[Option<&str>]| -> Vec<Value> {
            texts.iter().map(|text| Value::said(*text)).collect()
        };
        for (sql, rows) in [
            (
                "SELECT `Pet Name`, weight FROM `Pet Owner` WHERE `Pet Name` = \"Rex\"",
                vec![row(&[Some("Rex"), Some("3.0")])],
            ),
            (
                "SELECT IIF(born > '', STRFTIME('%Y', born), NULL) FROM `Pet Owner`",
                vec![row(&[Some("2020")]), row(&[None]), row(&[None])],
            ),
            ("SELECT `Pet Name` FROM `Pet Owner` WHERE weight = 0", vec![row(&[Some("é")])]),
        ] {
            assert_eq!(pets.rows(sql).unwrap(), rows, "{sql}");
        }
    }

    #[test]
    fn only_queries_run() {
        let folder = folder();
        let pets = Published::open(folder.path(), "pets").unwrap();
        let other = folder.path().join("other");
        for sql in [
            "DELETE FROM `Pet Owner`".to_owned(),
            "CREATE TABLE x (y)".to_owned(),
            format!("ATTACH '{}' AS other", other.display()),
        ] {
            assert!(pets.rows(&sql).is_err(), "{sql}");
        }
        assert!(!other.exists());
        assert!(pets.rows("SELECT nothing FROM nowhere").unwrap_err().contains("nowhere"));
        assert_eq!(pets.rows("SELECT 1 FROM `Pet Owner`").unwrap().len(), 3);
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let folder = folder();
        let refusal = Published::open(folder.path(), "cars").err().unwrap();
        assert!(refusal.message.contains("cars/cars.sqlite"), "{}", refusal.message);
        std::fs::write(folder.path().join("cars.db"), "no database").unwrap();
        let refusal = Published::open(folder.path(), "cars").err().unwrap();
        assert!(refusal.message.contains("no database of SQLite"), "{}", refusal.message);
    }
}
