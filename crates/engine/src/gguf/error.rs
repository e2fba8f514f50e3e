//! Why a GGUF header is refused.
//!
//! One variant per rule, so that tests can name the rule. Texts hold numbers and short, escaped
//! excerpts only: the file may be hostile and the text ends up in a server's log.

/// Why a GGUF header is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GgufError {
    /// The file ends inside something that was announced.
    #[error("the file ends early, at byte {at}")]
    Truncated {
        /// Where.
        at: u64,
    },
    /// Reading failed.
    #[error("reading failed at byte {at}: {kind}")]
    Io {
        /// Where.
        at: u64,
        /// How.
        kind: std::io::ErrorKind,
    },
    /// Not a GGUF file.
    #[error("the file does not begin with GGUF")]
    Magic,
    /// A version this reader does not know.
    #[error("GGUF version {0} is not supported")]
    Version(u32),
    /// A count, length or number over its limit.
    #[error("{what} is {value}, over the limit of {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        value: u64,
        /// The limit.
        limit: u64,
    },
    /// An unknown type of a metadata value.
    #[error("metadata value of unknown type {0}")]
    ValueType(u32),
    /// An array of arrays.
    #[error("nested arrays are not supported")]
    NestedArray,
    /// Text that is not UTF-8.
    #[error("text at byte {at} is not UTF-8")]
    Utf8 {
        /// Where.
        at: u64,
    },
    /// A boolean that is neither 0 nor 1.
    #[error("a boolean is {0}")]
    Bool(u8),
    /// A key or tensor name that occurs twice.
    #[error("{0:?} occurs twice")]
    Duplicate(String),
    /// The alignment is not a power of two within limits.
    #[error("alignment {0} is not a power of two up to 65536")]
    Alignment(u64),
    /// A tensor with no dimension, too many, or one of size 0.
    #[error("tensor {0:?} has an impossible shape")]
    Shape(String),
    /// A tensor of an unknown element type.
    #[error("tensor {name:?} has the unknown element type {kind}")]
    ElementType {
        /// Which.
        name: String,
        /// The type's number.
        kind: u32,
    },
    /// A row that is not a whole number of blocks.
    #[error("tensor {0:?} has rows that are no whole number of blocks")]
    Block(String),
    /// A tensor whose data are not inside the file.
    #[error("tensor {0:?} is not inside the file")]
    OutOfFile(String),
    /// A tensor that does not begin at a multiple of the alignment.
    #[error("tensor {0:?} is not aligned")]
    Unaligned(String),
    /// An architecture this engine has no code for.
    #[error("architecture {0:?} is not supported")]
    Architecture(String),
    /// A key that must be there.
    #[error("metadata key {0:?} is missing or of the wrong type")]
    Missing(String),
    /// A number of the model's shape that makes no sense.
    #[error("{key} is {value}, which is not possible")]
    Impossible {
        /// Which.
        key: String,
        /// The number.
        value: u64,
    },
    /// Something a model could have that this engine has no code for.
    #[error("{key} is {value:?}, which is not supported")]
    Unsupported {
        /// Which.
        key: String,
        /// What it is, shortened.
        value: String,
    },
    /// A tensor that the architecture does not have: without it, this would be another model.
    #[error("tensor {0:?} is not one of this architecture")]
    UnknownTensor(String),
    /// A tensor with a number that cannot be meant.
    #[error("tensor {0:?} has numbers that are not possible")]
    Numbers(String),
    /// A tensor that must be there.
    #[error("tensor {0:?} is missing")]
    NoTensor(String),
    /// A tensor of another shape than the model's numbers say.
    #[error("tensor {name:?} has shape {found:?}, not {expected:?}")]
    WrongShape {
        /// Which.
        name: String,
        /// Of the file.
        found: Vec<usize>,
        /// Of the architecture.
        expected: Vec<usize>,
    },
}
