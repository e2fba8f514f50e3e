//! `generate`: one answer to a raw conversation, with its counts and times on standard error.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use text2sql_core::chat::{ChatPrompt, Role, Turn};
use text2sql_core::protocol::{Event, Failure, GenerateRequest};
use text2sql_core::route::Route;
use text2sql_engine::control::Control;
use text2sql_engine::model::{LoadedModel, Pin};

use crate::load::Load;

/// Arguments of `generate`.
#[derive(Debug, Args)]
pub struct Generate {
    #[command(flatten)]
    load: Load,
    /// The user's turn.
    #[arg(long)]
    prompt: String,
    /// The system's instructions.
    #[arg(long, default_value = "You are a helpful assistant.")]
    system: String,
    /// Text the answer is made to begin with.
    #[arg(long, default_value = "")]
    prefix: String,
    /// Most tokens of the answer.
    #[arg(long, default_value_t = 256)]
    max_new_tokens: u32,
}

impl Generate {
    /// Generates and prints.
    pub fn run(&self) -> Result<(), Failure> {
        self.load.choose_code();
        let mut model = LoadedModel::load_pinned(&self.load.spec(), Pin::Any, &mut |_| {})?;
        let request = GenerateRequest {
            prompt: ChatPrompt {
                system: self.system.clone(),
                turns: vec![Turn { role: Role::User, text: self.prompt.clone() }],
                assistant_prefix: self.prefix.clone(),
            },
            max_new_tokens: self.max_new_tokens,
            deadline_ms: 0,
            cache_scope: String::new(),
            constraint: None,
            sampling: None,
            route: Route::default(),
        };
        let control = Control::new(Duration::MAX);
        let done = model.generate(&request, &control, &mut |event| {
            if let Event::Delta { text } = event {
                print!("{text}");
                // A closed output is noticed at the end.
                let _ = std::io::stdout().flush();
            }
        })?;
        println!();
        eprintln!("{:?} {:?}", done.finish, done.stats);
        Ok(())
    }
}
