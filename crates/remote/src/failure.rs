//! What goes wrong, in the words a user reads, and whether asking again may help.
//!
//! Owns the texts. None of them is taken from what a server sent: its answers may repeat the key or
//! the prompt. Used by every module of the crate.

use std::io::ErrorKind;
use std::time::Duration;

use text2sql_core::protocol::{Failure, FailureCode};
use ureq::http::StatusCode;

use crate::dialect::Form;

/// Why a request was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What the server did or did not, as what follows "the model's server".
    pub what: String,
    /// What to do, if it is known.
    pub hint: Option<&'static str>,
    /// Whether to ask again.
    pub again: Again,
    /// Whether the connection was closed before anything of an answer came: of one that was kept,
    /// that says nothing of the server.
    pub closed: bool,
    /// The form in which the request may be taken.
    pub instead: Option<Form>,
}

/// Whether to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// It would come out the same.
    No,
    /// After a pause.
    Yes,
    /// After a pause of at least so long: the server said so.
    After(Duration),
}

/// For a key that is not accepted.
const LOOK_AT_KEY: &str =
    "check that the key file holds a key that the model's server accepts, and reload";
/// For a URL or a model that is not there.
const LOOK_AT_URL: &str = "check the address and the model's name that are configured";
/// For certificates.
const LOOK_AT_CERTIFICATES: &str =
    "check the address, and which certificates the model's server has and this one trusts";

impl Trouble {
    /// Something that would come out the same.
    pub fn lasting(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None, again: Again::No, closed: false, instead: None }
    }

    /// Something that may pass.
    pub fn passing(what: impl Into<String>) -> Self {
        Self { again: Again::Yes, ..Self::lasting(what) }
    }

    /// An answer that ended before it was complete.
    pub fn broken_off() -> Self {
        Self::passing("broke off its answer")
    }

    /// An answer with a status that is not success; `retry_after` is what the server said.
    pub fn status(status: StatusCode, retry_after: Option<Duration>) -> Self {
        // The reason is the standard's, not the server's.
        let reason = status.canonical_reason().unwrap_or("no reason known");
        let what = format!("answered with status {} ({reason})", status.as_u16());
        let (again, hint) = match status.as_u16() {
            408 | 429 | 500..=599 => (retry_after.map_or(Again::Yes, Again::After), None),
            401 | 403 => (Again::No, Some(LOOK_AT_KEY)),
            404 | 405 => (Again::No, Some(LOOK_AT_URL)),
            300..=399 => {
                return Self {
                    hint: Some(LOOK_AT_URL),
                    ..Self::lasting(format!("{what}, and redirects are not followed"))
                };
            }
            _ => (Again::No, None),
        };
        Self { hint, again, ..Self::lasting(what) }
    }

    /// A request that could not be sent, or to which nothing came.
    pub fn unheard(error: ureq::Error) -> Self {
        let closed = matches!(&error, ureq::Error::Io(error) if of_socket(error) == BROKEN_OFF);
        Self { closed, ..error.into() }
    }

    /// What crosses the process boundary, after so many times of asking.
    pub fn failure(self, asked: u32) -> Failure {
        Failure {
            code: FailureCode::Unreachable,
            message: format!("the model's server {}", self.what),
            detail: (asked > 1).then(|| format!("it was asked {asked} times")),
            hint: self.hint.map(Into::into),
        }
    }
}

impl From<ureq::Error> for Trouble {
    fn from(error: ureq::Error) -> Self {
        let tls = |what: String| Self {
            hint: Some(LOOK_AT_CERTIFICATES),
            ..Self::passing(format!("made no encrypted connection: {what}"))
        };
        match error {
            ureq::Error::Io(error) => match of_tls(&error) {
                Some(error) => tls(error.to_string()),
                None => Self::passing(of_socket(&error)),
            },
            ureq::Error::Rustls(error) => tls(error.to_string()),
            ureq::Error::Tls(what) => tls(what.to_owned()),
            ureq::Error::HostNotFound => Self::passing(NO_ADDRESS),
            ureq::Error::Timeout(ureq::Timeout::Resolve) => {
                Self::passing("has a name whose address was not found in time")
            }
            ureq::Error::Timeout(ureq::Timeout::Connect) => {
                Self::passing("did not take the connection in time")
            }
            ureq::Error::Timeout(_) => Self::passing("did not answer in time"),
            ureq::Error::ConnectionFailed => Self::passing("cannot be connected to"),
            ureq::Error::LargeResponseHeader(..) => {
                Self::lasting("sent more headers than are acceptable")
            }
            // The texts of these may hold what was sent or received.
            _ => Self::lasting("does not speak HTTP as it should"),
        }
    }
}

const BROKEN_OFF: &str = "broke off the connection";
const NO_ADDRESS: &str = "has a name without an address";

/// The error of TLS that an error of a socket wraps, if it does.
fn of_tls(error: &std::io::Error) -> Option<&rustls::Error> {
    let inner = error.get_ref()?;
    inner.downcast_ref().or_else(|| inner.source()?.downcast_ref())
}

fn of_socket(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::ConnectionRefused => "refused the connection",
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => BROKEN_OFF,
        ErrorKind::TimedOut => "did not answer in time",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "is out of reach",
        ErrorKind::PermissionDenied => "may not be connected to from here",
        // The standard library's own text for all that getaddrinfo says; it has no kind.
        _ if error.to_string().starts_with("failed to lookup address") => NO_ADDRESS,
        _ => "cannot be connected to",
    }
}

/// Something in the configuration that cannot be used.
pub fn unusable(message: &str, detail: Option<String>, hint: &str) -> Failure {
    Failure { code: FailureCode::NoModel, message: message.into(), detail, hint: Some(hint.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16) -> Trouble {
        Trouble::status(StatusCode::from_u16(status).unwrap(), None)
    }

    #[test]
    fn what_may_pass_is_asked_again() {
        for status in [408, 429, 500, 502, 503, 504, 529] {
            assert_eq!(of(status).again, Again::Yes, "{status}");
        }
        for status in [301, 302, 307, 400, 401, 403, 404, 405, 413, 422] {
            assert_eq!(of(status).again, Again::No, "{status}");
        }
        let said = Trouble::status(StatusCode::TOO_MANY_REQUESTS, Some(Duration::from_secs(2)));
        assert_eq!(said.again, Again::After(Duration::from_secs(2)));
    }

    #[test]
    fn a_failure_says_what_happened() {
        let failure = of(401).failure(1);
        assert_eq!(failure.code, FailureCode::Unreachable);
        assert_eq!(failure.message, "the model's server answered with status 401 (Unauthorized)");
        assert!(failure.hint.unwrap().contains("key file"));
        assert_eq!(failure.detail, None);
        let refused = std::io::Error::from(ErrorKind::ConnectionRefused);
        let failure = Trouble::from(ureq::Error::Io(refused)).failure(3);
        assert_eq!(failure.message, "the model's server refused the connection");
        assert_eq!(failure.detail.unwrap(), "it was asked 3 times");
    }
}
