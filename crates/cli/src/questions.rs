//! `questions`: from questions to statements without a server, with times.
//!
//! The catalog comes from files that `sql/catalog_snapshot.sql` gave; prompt and constraint are
//! made by the functions that the extension calls, so what is measured here is what a session
//! waits for. Owns the measurement; the model is `crates/engine`'s.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde::{Deserialize, Serialize};
use text2sql_core::chat::{ChatFormat, ChatPrompt};
use text2sql_core::disk_cache::Key;
use text2sql_core::link::{self, Budget};
use text2sql_core::prompt::{self, PromptInput};
use text2sql_core::protocol::{Constraint, Failure, FileRest, GenerateRequest, LoadSpec};
use text2sql_core::route::Route;
use text2sql_core::schema::Snapshot;
use text2sql_core::semantics::{examples, hints};
use text2sql_core::warm_up::Beginning;
use text2sql_engine::control::Control;
use text2sql_engine::disk_cache;
use text2sql_engine::model::{LoadedModel, Pin};

use crate::files::{failure, in_file, lines, snapshot};
use crate::grammar::made_up;
use crate::load::Load;

/// Token budget of the schema, as `text2sql.prompt_tokens` has it by default.
const BUDGET: Budget = Budget { tokens: 4096 };

/// Arguments of `questions`.
#[derive(Debug, Args)]
pub struct Questions {
    #[command(flatten)]
    load: Load,
    /// Folder of snapshots, NAME.json each.
    #[arg(long)]
    snapshots: PathBuf,
    /// Lines of JSON with `db`, the name of a snapshot, and `question`.
    #[arg(long)]
    questions: PathBuf,
    /// Constrain the answers to the grammar and the names of the catalog.
    #[arg(long)]
    constrained: bool,
    /// Made-up tables added to what constrained answers may name.
    #[arg(long, default_value_t = 0, requires = "constrained")]
    made_up_tables: usize,
    /// Keep no prefixes: every prompt is computed whole.
    #[arg(long)]
    without_cache: bool,
    /// Guess no tokens ahead.
    #[arg(long)]
    without_guesses: bool,
    /// Read what an earlier run kept of each schema in this folder, and keep it there.
    #[arg(long)]
    disk_cache: Option<PathBuf>,
    /// Most tokens of an answer.
    #[arg(long, default_value_t = 512)]
    max_new_tokens: u32,
    /// Most questions asked, the first ones.
    #[arg(long)]
    limit: Option<usize>,
    /// Write prompts and answers there, a line of JSON each.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Asked {
    db: String,
    question: String,
}

/// One line of the output.
#[derive(Debug, Serialize)]
struct Answered<'a> {
    db: &'a str,
    question: &'a str,
    /// The whole prompt, as the model reads it.
    prompt: String,
    sql: &'a str,
    /// From question to statement, milliseconds.
    ms: f64,
    prompt_tokens: u32,
    cached_tokens: u32,
    generated_tokens: u32,
    forced_tokens: u32,
    masked_tokens: u32,
    backtracked_tokens: u32,
    guessed_tokens: u32,
    right_tokens: u32,
    prefill_ms: f64,
    decode_ms: f64,
    mask_ms: f64,
}

impl Questions {
    /// Asks, prints a line each and the medians.
    pub fn run(&self) -> Result<(), Failure> {
        let asked: Vec<Asked> = lines(&self.questions)?;
        let asked = asked.get(..self.limit.unwrap_or(asked.len()).min(asked.len()));
        let asked = asked.unwrap_or_default();
        let mut snapshots = BTreeMap::new();
        for Asked { db, .. } in asked {
            if !snapshots.contains_key(db.as_str()) {
                snapshots
                    .insert(db.as_str(), snapshot(&self.snapshots.join(format!("{db}.json")))?);
            }
        }
        let mut out = self.out.as_deref().map(create).transpose()?;
        let folder = self.disk_cache.as_ref().map(|path| path.to_string_lossy().into_owned());
        self.load.choose_code();
        let spec = LoadSpec { disk_cache: folder, ..self.load.spec() };
        let mut model = LoadedModel::load_pinned(&spec, Pin::Any, &mut |_| {})?;
        model.set_guess_ahead(!self.without_guesses);
        let (mut first, mut warm) = (Vec::new(), Vec::new());
        let half = asked.len() / 2;
        // Of the first half of the questions and of the others, for which the lexer is warm.
        let mut choices: [Vec<u32>; 2] = Default::default();
        let mut seen = std::collections::BTreeSet::new();
        for (number, Asked { db, question }) in asked.iter().enumerate() {
            let Some(snapshot) = snapshots.get(db.as_str()) else { continue };
            let begin = Instant::now();
            let request = self.request(snapshot, db, question)?;
            let prompt = out.as_ref().map(|_| ChatFormat::ChatMl.render(&request.prompt));
            let done = model.generate(&request, &Control::new(Duration::MAX), &mut |_| {})?;
            let ms = begin.elapsed().as_secs_f64() * 1e3;
            let stats = done.stats;
            let [early, late] = &mut choices;
            if number < half { early } else { late }.extend(&done.choices_us);
            let text = done.text.split_whitespace().collect::<Vec<_>>().join(" ");
            println!(
                "{ms:8.0} ms  {:5} prompt, {:5} cached, {:3} generated  {db}: {text}",
                stats.prompt_tokens, stats.cached_tokens, stats.generated_tokens
            );
            let is_first = seen.insert(db.as_str());
            if is_first { &mut first } else { &mut warm }.push(ms);
            if let (true, Some(folder)) = (is_first, &self.disk_cache) {
                keep(&mut model, &request, folder)?;
            }
            if let (Some(out), Some(prompt)) = (&mut out, prompt) {
                let line = Answered {
                    db,
                    question,
                    prompt,
                    sql: &done.text,
                    ms,
                    prompt_tokens: stats.prompt_tokens,
                    cached_tokens: stats.cached_tokens,
                    generated_tokens: stats.generated_tokens,
                    forced_tokens: stats.forced_tokens,
                    masked_tokens: stats.masked_tokens,
                    backtracked_tokens: stats.backtracked_tokens,
                    guessed_tokens: stats.guessed_tokens,
                    right_tokens: stats.right_tokens,
                    prefill_ms: stats.prefill_us as f64 / 1e3,
                    decode_ms: stats.decode_us as f64 / 1e3,
                    mask_ms: stats.mask_us as f64 / 1e3,
                };
                let text = serde_json::to_string(&line).map_err(|error| failure(&error))?;
                writeln!(out, "{text}").map_err(|error| failure(&error))?;
            }
        }
        println!("first of a schema: {}", summary(&mut first));
        println!("later ones: {}", summary(&mut warm));
        if self.constrained {
            let [mut early, mut late] = choices;
            println!("constraint, second half: {}", of_choices(&mut late));
            early.append(&mut late);
            println!("constraint: {}", of_choices(&mut early));
        }
        Ok(())
    }

    fn request(
        &self,
        snapshot: &Snapshot,
        db: &str,
        question: &str,
    ) -> Result<GenerateRequest, Failure> {
        let selection = link::select(snapshot, question, BUDGET);
        let prompt: ChatPrompt = prompt::build(&PromptInput {
            snapshot,
            selection: &selection,
            question,
            today: None,
            values: &link::value_hits(snapshot, &selection.relations, question),
            terms: &hints(snapshot, &selection.relations, question),
            examples: &examples(snapshot, &selection.relations, question, 2),
            result_columns: None,
            server_version: "15",
        })
        .map_err(|error| failure(&error))?;
        Ok(GenerateRequest {
            prompt,
            max_new_tokens: self.max_new_tokens,
            deadline_ms: 0,
            cache_scope: if self.without_cache { String::new() } else { db.to_owned() },
            constraint: self.constrained.then(|| {
                let mut constraint = Constraint::from(snapshot);
                constraint.relations.extend(made_up(self.made_up_tables, 10));
                constraint
            }),
            sampling: None,
            route: Route::default(),
        })
    }
}

/// What a constraint took for a token.
fn of_choices(microseconds: &mut [u32]) -> String {
    microseconds.sort_unstable();
    let of = |share: usize| {
        let at = (microseconds.len() * share / 100).min(microseconds.len().saturating_sub(1));
        f64::from(microseconds.get(at).copied().unwrap_or_default()) / 1e3
    };
    let slow = microseconds.iter().filter(|time| **time >= 1000).count();
    format!(
        "{} choices, p50 {:.3} ms, p99 {:.3} ms, slowest {:.3} ms, {slow} of 1 ms and more",
        microseconds.len(),
        of(50),
        of(99),
        of(100),
    )
}

/// Writes what is cached of a schema, unless it was written before; tells how long it took.
fn keep(model: &mut LoadedModel, request: &GenerateRequest, folder: &Path) -> Result<(), Failure> {
    let key = Key::of(&model.info().sha256, &Beginning::of(request));
    let path = folder.join(key.name());
    if path.exists() {
        return Ok(());
    }
    let begin = Instant::now();
    let mut file = create(&path)?;
    let mut bytes = 0;
    let mut slowest = Duration::ZERO;
    let mut writing = disk_cache::write(model, request);
    while let Some(mut left) = writing.take() {
        let made = Instant::now();
        let part = left.next_part();
        slowest = slowest.max(made.elapsed());
        file.write_all(&part.bytes).map_err(|error| in_file(&path, &error))?;
        bytes += part.bytes.len();
        writing = (part.rest == FileRest::More).then_some(left);
    }
    file.sync_all().map_err(|error| in_file(&path, &error))?;
    println!(
        "            kept: {:.1} MB in {:.0} ms, a piece in {:.1} ms at most",
        bytes as f64 / 1e6,
        begin.elapsed().as_secs_f64() * 1e3,
        slowest.as_secs_f64() * 1e3
    );
    Ok(())
}

/// Median and slowest, seconds.
fn summary(times: &mut [f64]) -> String {
    times.sort_by(f64::total_cmp);
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let slowest = times.last().copied().unwrap_or_default();
    format!("{}, median {:.2} s, slowest {:.2} s", times.len(), median / 1e3, slowest / 1e3)
}

fn create(path: &Path) -> Result<fs::File, Failure> {
    fs::File::create(path).map_err(|error| in_file(path, &error))
}
