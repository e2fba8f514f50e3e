//! Why something cannot be defined.

use text2sql_core::semantics::entry::EntryError;
use text2sql_core::semantics::expression::ExpressionError;
use text2sql_core::semantics::import::ImportError;
use text2sql_core::semantics::template::TemplateError;

use crate::exec::ExecError;

/// What is wrong with a definition.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DefineError {
    /// An argument that must be there is NULL.
    #[error("no {0} is given")]
    Missing(&'static str),
    /// The caller may not define anything about this.
    #[error("permission denied to define {0}")]
    NotAllowed(String),
    /// There is no such relation.
    #[error("the relation does not exist")]
    NoRelation,
    /// The relation has no such column.
    #[error("column \"{column}\" of relation \"{relation}\" does not exist")]
    NoColumn {
        /// The relation.
        relation: String,
        /// The column.
        column: String,
    },
    /// A text is empty or too long.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The text is no expression.
    #[error("the definition cannot be used: {0}")]
    Expression(#[from] ExpressionError),
    /// The server does not accept it.
    #[error("the definition cannot be used: {0}")]
    Exec(#[from] ExecError),
    /// It reads what no definition can be bound to.
    #[error("the definition cannot be used: it reads {0}")]
    Reads(String),
    /// A document cannot be read.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// No known form of document.
    #[error("\"{0}\" is no form of document")]
    Format(String),
    /// It cannot be compared with questions, or its parameters are wrong.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Parameters of a template are no names with kinds.
    #[error("the parameters must be a JSON object of names with kinds")]
    Parameters,
    /// Numbers of columns differ, or there is none.
    #[error("a join needs as many columns of one relation as of the other")]
    Columns,
    /// There is no such schema.
    #[error("schema \"{0}\" does not exist")]
    NoSchema(String),
    /// What a relation shows may depend on who asks.
    #[error("values are kept of tables and materialized views only")]
    NotKept,
    /// The index of values cannot be read or written.
    #[error("the stored values could not be accessed: {0}")]
    Values(String),
    /// The table of definitions cannot be read or written.
    #[error("the definitions could not be accessed: {0}")]
    Store(String),
}
