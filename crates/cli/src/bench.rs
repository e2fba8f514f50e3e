//! `bench`: prints what `text2sql_engine::bench` measures.

use clap::Args;
use text2sql_core::protocol::Failure;
use text2sql_engine::bench::{Lengths, bench};

use crate::load::Load;

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct Bench {
    #[command(flatten)]
    load: Load,
    /// Tokens of the prompt.
    #[arg(long, default_value_t = 512)]
    prompt_tokens: usize,
    /// Tokens of the answer.
    #[arg(long, default_value_t = 64)]
    answer_tokens: usize,
    /// Tokens of the answer that a pass computes.
    #[arg(long, default_value_t = 1)]
    at_once: usize,
    /// Sequences whose answers are computed together; the figures are of all of them.
    #[arg(long, default_value_t = 1)]
    sequences: usize,
    /// Rounds; medians are reported.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

impl Bench {
    /// Measures and prints.
    pub fn run(&self) -> Result<(), Failure> {
        let (prompt, answer) = (self.prompt_tokens.max(1), self.answer_tokens.max(1));
        let (at_once, sequences) = (self.at_once, self.sequences);
        let lengths = Lengths { prompt, answer, at_once, sequences };
        self.load.choose_code();
        let figures = bench(&self.load.spec(), lengths, self.rounds, &mut |_| {})?;
        let info = &figures.info;
        println!("model        {} ({})", info.name, info.architecture);
        println!("load         {:.1} s", info.load_ms as f64 / 1000.0);
        println!("weights      {} MiB", info.weight_bytes >> 20);
        if let Some(bytes) = figures.peak_rss {
            println!("peak memory  {} MiB", bytes >> 20);
        }
        for (prefill, decode) in &figures.rounds {
            println!("round        {prefill:.1} prefill, {decode:.1} decode");
        }
        println!("prefill {prompt}  {:.1} tokens/s", figures.prefill);
        println!("decode {answer}    {:.1} tokens/s", figures.decode);
        Ok(())
    }
}
