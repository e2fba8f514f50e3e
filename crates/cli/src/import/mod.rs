//! Databases that question sets are published with, into PostgreSQL.
//!
//! What is loaded is one transaction.
//!
//! | module | owns |
//! |---|---|
//! | [`sqlite`] | the command for files of SQLite |
//! | [`wikisql`] | the command for the tables of WikiSQL, and how its questions name them |
//! | [`source`] | reading a file of SQLite, which may be damaged or hostile |
//! | [`types`] | which types columns get |
//! | [`names`] | which names things get |
//! | [`plan`] | tables, keys and references to make |
//! | [`copy`] | values in the format of COPY |
//! | [`target`] | the server |

pub mod copy;
mod names;
mod plan;
pub mod source;
pub mod sqlite;
mod target;
pub mod types;
pub mod wikisql;

use text2sql_core::protocol::{Failure, FailureCode};

fn failed(message: &str) -> Failure {
    Failure { code: FailureCode::Internal, message: message.to_owned(), detail: None, hint: None }
}
