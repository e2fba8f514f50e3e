//! The functions users call: read arguments, call the pipeline, shape the result.
//!
//! Nothing here decides what is allowed or right. Called by SQL.

mod admin;
mod allow;
mod answer;
mod ask;
mod candidates;
mod check;
mod check_setup;
mod clarify;
mod confirm;
mod doubt;
mod draft;
mod embeddings;
mod evaluate;
mod explain;
mod generate;
mod limits;
mod link;
mod models;
mod near_values;
mod put_right;
mod question;
mod rejection;
mod row_type;
mod semantics;
mod template;
mod values;
mod version;
mod warm;
