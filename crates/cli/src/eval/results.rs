//! The results file: a line of JSON for each answer.
//!
//! Owns its format. A line is written the moment an answer is there, so a run that was cut off goes
//! on where it was; half a line at the end is left out. What an arm is asked with stands in the first
//! of its lines that a run writes. Called by [`super`].

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use text2sql_core::protocol::Failure;

use super::ask::Answer;
use super::asked_with::AskedWith;
use super::failed;

/// What a run asks each of its arms with, by their names.
pub type ByArm = HashMap<String, AskedWith>;

/// The file, to be added to.
pub struct Results(Mutex<Open>);

struct Open {
    file: File,
    /// Of arms of which this run has written nothing yet.
    unsaid: ByArm,
}

impl Results {
    /// Opens the file, without its last line where that was cut off.
    ///
    /// # Errors
    /// Of the file system.
    pub fn open(path: &Path, asked_with: ByArm) -> Result<Self, Failure> {
        let whole = fs::read(path).map_or(0, |bytes| {
            bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
        });
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|file| file.set_len(whole as u64).map(|()| file))
            .map(|file| Self(Mutex::new(Open { file, unsaid: asked_with })))
            .map_err(|error| failed(&format!("\"{}\": {error}", path.display())))
    }

    /// Adds an answer.
    ///
    /// # Errors
    /// Of the file system.
    pub fn append(&self, answer: &Answer) -> Result<(), Failure> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked_with = open.unsaid.remove(&answer.arm);
        let answer = Answer { asked_with, ..answer.clone() };
        let mut line =
            serde_json::to_string(&answer).map_err(|error| failed(&error.to_string()))?;
        line.push('\n');
        open.file.write_all(line.as_bytes()).map_err(|error| failed(&error.to_string()))
    }
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
    use super::super::class::Class;
    use super::super::fixture::answer;
    use super::*;

    #[test]
    fn a_run_goes_on_after_a_line_that_was_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let first = answer("a", "1", Class::Right);
        let line = serde_json::to_string(&first).unwrap();
        fs::write(&path, format!("{line}\n{{\"arm\":\"a")).unwrap();
        assert_eq!(read(&path).unwrap(), std::slice::from_ref(&first));
        let second = Answer { id: "2".into(), ..first.clone() };
        Results::open(&path, ByArm::new()).unwrap().append(&second).unwrap();
        assert_eq!(read(&path).unwrap(), [first, second]);
        fs::remove_file(&path).unwrap();
        assert!(read(&path).unwrap().is_empty());
    }

    #[test]
    fn the_first_line_of_an_arm_says_what_it_is_asked_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let with = |name: &str| AskedWith {
            settings: [("x.y".to_owned(), name.to_owned())].into(),
            ..AskedWith::default()
        };
        let by_arm = || ByArm::from(["a", "b"].map(|name| (name.to_owned(), with(name))));
        let run = |answers: &[(&str, &str)]| {
            let results = Results::open(&path, by_arm()).unwrap();
            for (arm, id) in answers {
                results.append(&answer(arm, id, Class::Right)).unwrap();
            }
        };
        run(&[("a", "1"), ("b", "1"), ("a", "2")]);
        run(&[("b", "2"), ("b", "3")]);
        let said: Vec<Option<AskedWith>> =
            read(&path).unwrap().into_iter().map(|answer| answer.asked_with).collect();
        assert_eq!(said, [Some(with("a")), Some(with("b")), None, Some(with("b")), None]);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(r#""asked_with":{"settings":{"x.y":"a"}}"#).count(), 1);
    }

    #[test]
    fn lines_of_older_files_say_nothing_of_it() {
        let line = serde_json::to_string(&answer("a", "1", Class::Right)).unwrap();
        assert!(!line.contains("asked_with"), "{line}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        fs::write(&path, line + "\n").unwrap();
        assert_eq!(read(&path).unwrap()[0].asked_with, None);
    }

    #[test]
    fn a_line_that_is_no_result_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        fs::write(&path, "{}\n").unwrap();
        assert!(read(&path).unwrap_err().message.contains("line 1, is no result"));
    }
}
