//! `inspect-gguf`: a model file's metadata and tensors, and whether the engine would accept it.

use std::path::PathBuf;

use clap::Args;
use text2sql_core::protocol::Failure;
use text2sql_engine::error::EngineError;
use text2sql_engine::gguf::{Value, open_checked, read_all};

/// Longest text shown of a metadata value, characters.
const SHOWN: usize = 72;

/// Arguments of `inspect-gguf`.
#[derive(Debug, Args)]
pub struct InspectGguf {
    /// Path of a GGUF file.
    path: PathBuf,
    /// Show every tensor, not only their number by type.
    #[arg(long)]
    tensors: bool,
}

impl InspectGguf {
    /// Reads and prints.
    pub fn run(&self) -> Result<(), Failure> {
        let file = read_all(open_checked(&self.path)?, &mut |_| {})
            .map_err(|error: EngineError| Failure::from(error))?;
        println!("sha256 {}", file.sha256);
        println!("size {} version {}", file.size, file.header.version);
        for (key, value) in &file.header.metadata {
            println!("{key} = {}", show(value));
        }
        let mut types = std::collections::BTreeMap::<String, (usize, u64)>::new();
        for (name, info) in &file.header.tensors {
            if self.tensors {
                println!("{name} {:?} {:?} at {}", info.dtype, info.dims, info.offset);
            }
            let entry = types.entry(format!("{:?}", info.dtype)).or_default();
            entry.0 += 1;
            entry.1 += info.size;
        }
        for (name, (count, bytes)) in types {
            println!("{count} tensors of {name}, {bytes} bytes");
        }
        Ok(())
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{} elements]", items.len()),
        Value::Text(text) => {
            let short: String = text.chars().take(SHOWN).collect();
            format!("{short:?}")
        }
        other => format!("{other:?}"),
    }
}
