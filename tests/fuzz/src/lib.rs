//! A fuzzer of the guard: mutates known statements and watches what the server makes of them.
//!
//! # Code map
//!
//! | module | owns |
//! |---|---|
//! | [`corpus`] | the statements to begin with |
//! | [`vocabulary`] | names of functions, relations, types and operators of a server |
//! | [`mutate`] | from a number to a statement |
//! | [`pure`] | what must hold without a server: no panic, an end |
//! | [`playground`] | a cluster with everything the statements are about |
//! | [`roles`] | the plain roles that call |
//! | [`caller`] | the session of a plain role that uses the guard, and what it must look like after |
//! | [`plain`] | the same role without the guard: what it could have read anyway |
//! | [`rows`] | comparing two results |
//! | [`explain`] | why two right answers may differ |
//! | [`watch`] | ending what does not end |
//! | [`state`] | everything a statement could have changed, seen by a superuser |
//! | [`findings`] | what was violated, and the counts |
//! | [`campaign`] | the loop |
//!
//! A statement depends on nothing but seed, number, corpus and names, so that a finding can be
//! repeated. Not part of the product.

#![forbid(unsafe_code)]

pub mod caller;
pub mod campaign;
pub mod corpus;
pub mod explain;
pub mod findings;
pub mod mutate;
pub mod plain;
pub mod playground;
pub mod pure;
pub mod rng;
pub mod roles;
pub mod rows;
pub mod state;
pub mod vocabulary;
pub mod watch;

/// Why the fuzzer itself cannot go on; a finding is none.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
