//! Reading GGUF files as if an enemy had written them.
//!
//! Owns the limits on headers, the opening of files and the checksum; knows nothing of tensors'
//! meaning. Called by the model loader, `inspect-gguf` and the tests.

mod error;
mod file;
mod header;
mod value;

pub use error::GgufError;
pub use file::{LoadedFile, RawTensor, check_file, open_checked, read_all};
pub use header::{Header, TensorInfo, parse_header};
pub use value::{Array, Value};
