//! Everything `text2sql` knows that needs neither a PostgreSQL server nor a model.
//!
//! # Code map
//!
//! | module | owns |
//! |---|---|
//! | [`schema`] | the catalog snapshot: relations, attributes, keys; identifiers and their quoting; its text |
//! | [`link`] | which relations of a schema a prompt shows, and in how much detail |
//! | [`embedding`] | what of a schema an encoder is given, and the vectors that come back |
//! | [`semantics`] | what people have defined about a database, and who gets to know it |
//! | [`prompt`] | what the model is told; its templates and their version |
//! | [`sql`] | from a model's answer to one checked statement: lexer, policy, layout |
//! | [`grammar`] | what the model may write: the grammar of statements, names in scope |
//! | [`draft`] | what a statement is likely to go on with |
//! | [`pipeline`] | one question's course: generate, check, repair, finish |
//! | [`chat`] | chat formats of the supported model families, compiled in |
//! | [`protocol`] | frames between backend, worker and engine: types, limits, codec |
//! | [`models`] | the registry of models |
//! | [`device`] | names of the devices a model is computed on |
//! | [`route`] | how hard a question looks, and which model it goes to |
//! | [`breaker`] | when a model that fails is left alone |
//! | [`score`] | whether two results are the same answer |
//! | [`shape`] | in which parts two statements differ |
//! | [`desk`] | which requests wait for the worker, and which are void |
//! | [`quota`] | how many questions a role may ask in a minute |
//! | [`fair_queue`] | whose request is next |
//! | [`ring`] | the request queue's index arithmetic |
//! | [`signals`] | what is known of how a statement came about |
//! | [`confidence`] | how likely that makes it right |
//! | [`doubt`] | why a question is not answered, and what there is instead |
//! | [`shelf`] | texts by key in a fixed piece of memory |
//! | [`audit`] | the line a call leaves in the log |
//! | [`clarify`] | what a question leaves open |
//! | [`confirm`] | statements that are shown before they are run |
//! | [`hex`] | bytes as digits |
//! | [`disk_cache`] | which prefixes of prompts have their keys and values in files |
//! | [`warm_up`] | what a new engine reads before anybody asks |
//! | [`supervision`] | when a crashed engine is started again |
//!
//! Callers: the extension (`src/`), the engine (`crates/engine`) and the tools (`crates/cli`).
//! Nothing here does input or output, reads a clock, or starts a thread.

#![forbid(unsafe_code)]

pub mod audit;
pub mod breaker;
pub mod chat;
pub mod clarify;
pub mod confidence;
pub mod confirm;
pub mod desk;
pub mod device;
pub mod disk_cache;
pub mod doubt;
pub mod draft;
pub mod embedding;
pub mod fair_queue;
pub mod grammar;
pub mod hex;
pub mod link;
pub mod models;
pub mod pipeline;
pub mod prompt;
pub mod protocol;
pub mod quota;
pub mod ring;
pub mod route;
pub mod schema;
pub mod score;
pub mod semantics;
pub mod shape;
pub mod shelf;
pub mod signals;
pub mod sql;
pub mod supervision;
pub mod warm_up;
