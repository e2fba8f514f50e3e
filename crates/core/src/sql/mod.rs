//! SQL text, from untrusted bytes to a statement the server may be asked to look at.
//!
//! [`CandidateSql`] → [`policy::check`] → [`ParsedSql`]; the extension's own checks with the
//! server's parser and planner come after that and are the ones to rely on. This module is the
//! fast first gate: it needs no server, and its messages are good enough to mend a statement by.
//! It executes nothing. Called by [`crate::pipeline`], the extension and the tools.

mod asked;
mod both;
mod candidate;
mod complexity;
mod constants;
mod dialect;
mod edits;
mod format;
mod functions;
mod gate;
mod lexer;
mod mend;
mod missing;
pub mod names;
mod needless;
mod parsed;
pub mod policy;
mod qualify;
mod scoped;
mod spacing;
mod token;
mod unknown;
mod walk;

pub use asked::conform;
pub use both::take_apart;
pub use candidate::{CandidateSql, MAX_SQL_BYTES, SqlError};
pub use constants::{How, Look, Unmet, fit_constants, unmet};
pub use lexer::LexError;
pub(crate) use lexer::{Lexer, tokens};
pub use mend::mend;
pub use missing::missing;
pub use needless::prune;
pub use parsed::{ColumnRef, ParsedSql, RelationRef};
pub use policy::Refusal;
pub use qualify::{only_home, qualify};
pub(crate) use token::{Token, TokenKind};
pub use unknown::unknown_last;
