//! Arguments shared by the commands that load a model.

use std::path::PathBuf;

use clap::Args;
use text2sql_core::device::DeviceName;
use text2sql_core::protocol::LoadSpec;
use text2sql_engine::kernels::code::Code;

/// Which model, and how.
#[derive(Debug, Args)]
pub struct Load {
    /// Path of a GGUF file.
    #[arg(long)]
    pub model: PathBuf,
    /// Where it is computed: cpu, cuda for the first GPU, cuda:N.
    #[arg(long, default_value_t)]
    pub device: DeviceName,
    /// Threads that compute; one per processor by default.
    #[arg(long)]
    pub threads: Option<u32>,
    /// Tokens of context.
    #[arg(long, default_value_t = 4096)]
    pub context: u32,
    /// Tokens computed together in prefill.
    #[arg(long, default_value_t = 128)]
    pub prefill_chunk: u32,
    /// Code to compute with at most: amx, avx512, avx2, neon, scalar. What processors without
    /// the wider do is measured so; the fastest by default.
    #[arg(long)]
    pub instructions: Option<Code>,
}

impl Load {
    /// Has this process compute with the code that was named. Before a model is loaded.
    pub fn choose_code(&self) {
        if let Some(code) = self.instructions {
            code.at_most();
        }
    }

    /// The load command for it.
    pub fn spec(&self) -> LoadSpec {
        let processors = || std::thread::available_parallelism().map_or(1, usize::from) as u32;
        LoadSpec {
            path: self.model.to_string_lossy().into_owned(),
            sha256: String::new(),
            device: self.device,
            threads: self.threads.unwrap_or_else(processors),
            context: self.context,
            prefill_chunk: self.prefill_chunk,
            prefix_cache_bytes: 1 << 30,
            parallel: 1,
            disk_cache: None,
        }
    }
}
