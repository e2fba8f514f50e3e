//! Arguments shared by the commands that load a model.

use std::path::PathBuf;

use clap::Args;
use text2sql_core::protocol::LoadSpec;

/// Which model, and how.
#[derive(Debug, Args)]
pub struct Load {
    /// Path of a GGUF file.
    #[arg(long)]
    pub model: PathBuf,
    /// Threads of matrix products; fixed before the first by CANDLE_NUM_THREADS where that is set.
    #[arg(long)]
    pub threads: Option<u32>,
    /// Tokens of context.
    #[arg(long, default_value_t = 4096)]
    pub context: u32,
    /// Tokens computed together in prefill.
    #[arg(long, default_value_t = 128)]
    pub prefill_chunk: u32,
}

impl Load {
    /// The load command for it.
    ///
    /// candle reads its thread count from the environment once, and a program cannot change its
    /// own environment safely: with `--threads` the program starts itself again.
    pub fn spec(&self) -> LoadSpec {
        const VARIABLE: &str = "CANDLE_NUM_THREADS";
        if let Some(threads) = self.threads
            && std::env::var(VARIABLE).ok() != Some(threads.to_string())
            && let Ok(program) = std::env::current_exe()
        {
            use std::os::unix::process::CommandExt;
            let error = std::process::Command::new(program)
                .args(std::env::args_os().skip(1))
                .env(VARIABLE, threads.to_string())
                .env("RAYON_NUM_THREADS", threads.to_string())
                .exec();
            eprintln!("warning: --threads has no effect: {error}");
        }
        LoadSpec {
            path: self.model.to_string_lossy().into_owned(),
            sha256: String::new(),
            threads: self.threads.unwrap_or(1),
            context: self.context,
            prefill_chunk: self.prefill_chunk,
        }
    }
}
