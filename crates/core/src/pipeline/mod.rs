//! One question's course: generate, check, repair, finish; and the choice among several answers.
//!
//! A pure state machine: its owner feeds it events and does what the returned actions say. It
//! does no input or output, reads no clock, and ends after a bounded number of actions whatever
//! the model writes. Called by the extension and by the tools, which so share every rule.

mod ballot;
mod event;
mod machine;

pub use ballot::{Ballot, Elected, Vote};
pub use event::{Action, Event, Outcome, Rejection, Stage};
pub use machine::{OutOfOrder, Pipeline};
