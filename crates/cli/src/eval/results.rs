//! The results file: a line of JSON for each answer.
//!
//! Owns its format. A line is written the moment an answer is there, so a run that was cut off goes
//! on where it was; half a line at the end is left out. Called by [`super`].

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use text2sql_core::protocol::Failure;

use super::ask::Answer;
use super::failed;

/// The file, to be added to; without its last line where that was cut off.
///
/// # Errors
/// Of the file system.
pub fn open(path: &Path) -> Result<Mutex<File>, Failure> {
    let whole = fs::read(path)
        .map_or(0, |bytes| bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|file| file.set_len(whole as u64).map(|()| Mutex::new(file)))
        .map_err(|error| failed(&format!("\"{}\": {error}", path.display())))
}

/// Adds an answer.
///
/// # Errors
/// Of the file system.
pub fn append(out: &Mutex<File>, answer: &Answer) -> Result<(), Failure> {
    let mut line = serde_json::to_string(answer).map_err(|error| failed(&error.to_string()))?;
    line.push('\n');
    let mut file = out.lock().unwrap_or_else(PoisonError::into_inner);
    file.write_all(line.as_bytes()).map_err(|error| failed(&error.to_string()))
}

/// The answers; none where there is no file.
///
/// # Errors
/// Of the file system, and where a line is no answer.
pub fn read(path: &Path) -> Result<Vec<Answer>, Failure> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(&format!("\"{}\": {error}", path.display()))),
    };
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let line = |(at, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| {
            failed(&format!("\"{}\", line {}, is no result: {error}", path.display(), at + 1))
        })
    };
    whole.lines().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::answer;
    use super::*;

    #[test]
    fn a_run_goes_on_after_a_line_that_was_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let first = answer("a", "1", super::super::class::Class::Right);
        let line = serde_json::to_string(&first).unwrap();
        fs::write(&path, format!("{line}\n{{\"arm\":\"a")).unwrap();
        assert_eq!(read(&path).unwrap(), std::slice::from_ref(&first));
        let second = Answer { id: "2".into(), ..first.clone() };
        append(&open(&path).unwrap(), &second).unwrap();
        assert_eq!(read(&path).unwrap(), [first, second]);
        fs::remove_file(&path).unwrap();
        assert!(read(&path).unwrap().is_empty());
    }

    #[test]
    fn a_line_that_is_no_result_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        fs::write(&path, "{}\n").unwrap();
        assert!(read(&path).unwrap_err().message.contains("line 1, is no result"));
    }
}
