//! What the model is told.
//!
//! Owns the templates (`templates/*.txt`), their version, and the checks on a question. The
//! system turn with the schema comes first and holds nothing that changes from question to
//! question, so that its keys and values stay cached; the question comes last. What the tools
//! evaluate and train on is built by the same functions as what a server asks.
//! Called by the extension, by [`crate::pipeline`] (repairs) and by the tools.

mod advice;
mod build;
mod question;
mod server_advice;
mod time;

pub use advice::{advise, advise_label, is_about_constant};
pub use build::{PromptError, PromptInput, TEMPLATE_VERSION, build, no_such_value, repair};
pub use question::{QuestionError, check_question};
pub use server_advice::tellable;
