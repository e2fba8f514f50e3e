//! Why there is no new engine: for good, or for the moment.
//!
//! Owns which errors of the system pass by themselves. Said by `config` and `engine`; what follows
//! from it is `lifecycle`'s.

use std::io::{Error, ErrorKind};

use text2sql_core::protocol::{Failure, FailureCode};

/// Why there is no new engine.
#[derive(Debug)]
pub enum NotStarted {
    /// There will be none before somebody changes something.
    Never(Failure),
    /// The system had not what it takes, which may be otherwise in a moment.
    NotNow(Failure),
}

impl NotStarted {
    /// After an error of the system: `message` where it passes, else what somebody has to change.
    pub fn because(error: &Error, message: String, otherwise: impl FnOnce() -> Failure) -> Self {
        if !passes(error) {
            return Self::Never(otherwise());
        }
        let hint = "See the limits on processes, memory and open files that the server runs under.";
        Self::NotNow(Failure {
            code: FailureCode::Internal,
            message,
            detail: None,
            hint: Some(hint.to_owned()),
        })
    }
}

impl From<Failure> for NotStarted {
    /// What is wrong before the system is asked for anything is the configuration.
    fn from(failure: Failure) -> Self {
        Self::Never(failure)
    }
}

/// Whether it says what the system lacks at the moment, and nothing of the file. A program that is
/// just being written is one that is being installed.
fn passes(error: &Error) -> bool {
    let passing = [
        libc::EAGAIN,
        libc::EINTR,
        libc::EMFILE,
        libc::ENFILE,
        libc::ENOBUFS,
        libc::ENOMEM,
        libc::ETXTBSY,
    ];
    // Memory that is not there for what is read has no number.
    error.kind() == ErrorKind::OutOfMemory
        || error.raw_os_error().is_some_and(|number| passing.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn not_started(error: &Error) -> NotStarted {
        NotStarted::because(error, "not now".to_owned(), || Failure {
            code: FailureCode::NoModel,
            message: "never".to_owned(),
            detail: None,
            hint: None,
        })
    }

    #[test]
    fn a_want_of_processes_memory_or_files_is_no_dead_end() {
        let numbers = [libc::EAGAIN, libc::ENOMEM, libc::EMFILE, libc::ENFILE, libc::ETXTBSY];
        let errors = numbers.map(Error::from_raw_os_error);
        for error in errors.into_iter().chain([ErrorKind::OutOfMemory.into()]) {
            let why = not_started(&error);
            assert!(matches!(why, NotStarted::NotNow(_)), "{why:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_file_does_not_pass() {
        let numbers = [libc::ENOENT, libc::EACCES, libc::ENOEXEC, libc::ENOTDIR];
        let errors = numbers.map(Error::from_raw_os_error);
        for error in errors.into_iter().chain([ErrorKind::InvalidData.into()]) {
            let why = not_started(&error);
            assert!(matches!(why, NotStarted::Never(_)), "{why:?}");
        }
    }
}
