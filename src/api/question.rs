//! One question's way: snapshot, prompt, generation, check, repair.
//!
//! Drives the state machine of `core::pipeline`, and is the only place that knows all its parts.
//! What checking means is the caller's: planning for `generate`, running for `ask`.

use std::rc::Rc;
use std::time::{Duration, Instant};

use text2sql_core::chat::ChatPrompt;
use text2sql_core::link::{self, Budget};
use text2sql_core::pipeline::{Action, Event, Outcome, Pipeline, Rejection, Stage};
use text2sql_core::prompt::{self, PromptInput};
use text2sql_core::protocol::{ColumnScope, Constraint, GenerateRequest, GenerationStats};
use text2sql_core::route::{self, Route};
use text2sql_core::schema::Snapshot;
use text2sql_core::sql::{ParsedSql, Refusal, mend, only_home, qualify};

use super::limits::{self, Guard};
use crate::audit::Gave;
use crate::catalog;
use crate::error::Error;
use crate::exec::ExecError;
use crate::guc::{self, Constrained};
use crate::ipc::client;
use crate::pg::server;

/// A question, understood as far as it can be without the model.
pub struct Question {
    /// What the caller may read.
    snapshot: Rc<Snapshot>,
    /// What the model will be sent first.
    pub prompt: ChatPrompt,
    /// Which model is wanted.
    route: Route,
    /// Times so far.
    pub timings: Timings,
}

/// Time of each stage.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timings {
    /// Reading the catalog, or finding it in the cache.
    pub catalog: Duration,
    /// Choosing relations and writing the prompt.
    pub prompt: Duration,
    /// From submitting to the start of prefill, of all attempts.
    pub queue: Duration,
    /// Prefill, of all attempts.
    pub prefill: Duration,
    /// Decode, of all attempts.
    pub decode: Duration,
    /// What the way to the engine and back took besides.
    pub transport: Duration,
    /// Checking, and for `ask` running.
    pub check: Duration,
}

/// A statement the model wrote and the check let pass.
pub struct Answer<T> {
    /// The statement, laid out.
    pub sql: ParsedSql,
    /// Generations it took.
    pub attempts: u32,
    /// The model that wrote it.
    pub model: Option<String>,
    /// Counts of all generations together.
    pub stats: GenerationStats,
    /// Times of all stages.
    pub timings: Timings,
    /// What the check gave.
    pub checked: T,
}

impl<T> Answer<T> {
    /// What the audit log is told of it.
    pub fn gave(&self) -> Gave<'_> {
        Gave { sql: Some(self.sql.text()), attempts: Some(self.attempts), rows: None }
    }
}

impl Question {
    /// Reads the catalog as the caller and writes the prompt. `columns` are names and types the
    /// result must have.
    ///
    /// # Errors
    /// Where the question is no question, or nothing is readable.
    pub fn new(
        question: &str,
        columns: Option<&[(String, String)]>,
        guard: &Guard,
    ) -> Result<Self, Error> {
        let question = prompt::check_question(question, guc::max_question_length() as usize)?;
        let begun = Instant::now();
        let snapshot: Rc<Snapshot> = catalog::snapshot(guard.view())?;
        if snapshot.relations.is_empty() {
            return Err(Error::NothingReadable { schemas: limits::schemas() });
        }
        let catalog = begun.elapsed();

        let begun = Instant::now();
        let budget = Budget { tokens: guc::prompt_tokens() };
        let selection = link::select(&snapshot, question, budget);
        let today = server::today();
        let values = if guc::value_hints() {
            link::value_hits(&snapshot, &selection.relations, question)
        } else {
            Vec::new()
        };
        let prompt = prompt::build(&PromptInput {
            snapshot: &snapshot,
            selection: &selection,
            question,
            today: Some(&today),
            values: &values,
            result_columns: columns,
            server_version: &server::version(),
        })?;
        let route = Route {
            routing: guc::routing(),
            model: guc::model(),
            level: route::level(&snapshot, question),
            attempt: 0,
            remote: guc::remote(),
        };
        let timings = Timings { catalog, prompt: begun.elapsed(), ..Timings::default() };
        Ok(Self { snapshot, prompt, route, timings })
    }

    /// Generates until `check` lets a statement pass or no attempt is left.
    ///
    /// # Errors
    /// Of the worker, of the last check, or of the pipeline's end without a statement.
    pub fn answer<T>(
        self,
        mut check: impl FnMut(&ParsedSql) -> Result<T, ExecError>,
    ) -> Result<Answer<T>, Error> {
        client::count_question(limits::patience())?;
        let Self { snapshot, prompt, mut route, mut timings } = self;
        let constraint = constraint(&snapshot);
        let mut stats = GenerationStats::default();
        let (mut accepted, mut model) = (None, None);
        let mut pipeline = Pipeline::new(prompt, guc::max_repairs());
        let mut event = Event::Start;
        loop {
            event = match pipeline.on(event)? {
                Action::Generate(prompt) => {
                    let wanted = route.clone();
                    let (event, by) =
                        generate(prompt, constraint.clone(), wanted, &mut stats, &mut timings)?;
                    model = by;
                    // The next generation, if there is one, mends this one.
                    route.attempt += 1;
                    event
                }
                Action::Check(sql) => {
                    let begun = Instant::now();
                    let sql = with_right_names(sql, &snapshot);
                    let verdict = check(&sql);
                    timings.check += begun.elapsed();
                    match verdict {
                        Ok(checked) => {
                            let text = sql.text().to_owned();
                            accepted = Some((sql, checked));
                            Event::Accepted { sql: text }
                        }
                        Err(error) => {
                            let advice = advice(&error, &snapshot, &sql);
                            Event::Rejected(rejection(error, &sql)?.advised(advice))
                        }
                    }
                }
                Action::Finish(outcome) => {
                    return match (outcome, accepted) {
                        (Outcome::Sql { attempts, .. }, Some((sql, checked))) => {
                            Ok(Answer { sql, attempts, model, stats, timings, checked })
                        }
                        (outcome, _) => Err(Error::NoStatement(Box::new(outcome))),
                    };
                }
            }
        }
    }
}

impl Question {
    /// Has the engine read what all questions of this caller begin with.
    ///
    /// # Errors
    /// Of the worker.
    pub fn warm(self) -> Result<GenerationStats, Error> {
        client::count_question(limits::patience())?;
        let warming = request(self.prompt, None, self.route, 0);
        let generation = client::generate(warming, limits::patience())?;
        Ok(generation.stats)
    }
}

/// The statement with the names put right that the catalog leaves no choice about.
fn with_right_names(sql: ParsedSql, snapshot: &Snapshot) -> ParsedSql {
    let sql = qualify(&sql, |name| only_home(snapshot, name)).unwrap_or(sql);
    if !guc::mend_names() {
        return sql;
    }
    mend(&sql, snapshot).unwrap_or(sql)
}

/// What answers over the snapshot must keep to.
fn constraint(snapshot: &Snapshot) -> Option<Constraint> {
    let columns = match guc::constrained() {
        Constrained::Off => return None,
        Constrained::Names => ColumnScope::Anywhere,
        Constrained::Scope => ColumnScope::InScope,
    };
    Some(Constraint { columns, ..Constraint::from(snapshot) })
}

/// Prefixes are shared within one role of one database only, unless a superuser wants it otherwise:
/// how fast an answer comes tells others what was asked.
fn cache_scope() -> String {
    let database = server::database().to_u32();
    if guc::share_prefixes() {
        return format!("{database}/all");
    }
    format!("{database}/{}", server::current_role().to_u32())
}

fn request(
    prompt: ChatPrompt,
    constraint: Option<Constraint>,
    route: Route,
    max_new_tokens: u32,
) -> GenerateRequest {
    GenerateRequest {
        prompt,
        max_new_tokens,
        deadline_ms: guc::generation_timeout().into(),
        cache_scope: cache_scope(),
        // What the caller may read and nothing else, as in the prompt. The schemas on the search
        // path count as any others: a bare name gets its schema where there is one choice.
        constraint: constraint.filter(Constraint::is_reasonable),
        route,
    }
}

fn generate(
    prompt: ChatPrompt,
    constraint: Option<Constraint>,
    route: Route,
    stats: &mut GenerationStats,
    timings: &mut Timings,
) -> Result<(Event, Option<String>), Error> {
    let request = request(prompt, constraint, route, guc::max_new_tokens());
    let begun = Instant::now();
    let generation = client::generate(request, limits::patience())?;
    let elapsed = begun.elapsed();

    let got = generation.stats;
    let prefill = Duration::from_micros(got.prefill_us);
    let decode = Duration::from_micros(got.decode_us);
    // Word that prefill began comes late where the engine has every processor: what it computed
    // meanwhile is no waiting.
    let besides = elapsed.saturating_sub(prefill.saturating_add(decode));
    let queued = generation.queued.min(besides);
    timings.queue += queued;
    timings.prefill = timings.prefill.saturating_add(prefill);
    timings.decode = timings.decode.saturating_add(decode);
    timings.transport += besides - queued;
    // The numbers are the engine's word: no sum of them may fail.
    stats.prompt_tokens = stats.prompt_tokens.saturating_add(got.prompt_tokens);
    stats.cached_tokens = stats.cached_tokens.saturating_add(got.cached_tokens);
    stats.generated_tokens = stats.generated_tokens.saturating_add(got.generated_tokens);
    stats.prefill_us = stats.prefill_us.saturating_add(got.prefill_us);
    stats.decode_us = stats.decode_us.saturating_add(got.decode_us);
    stats.constraint = got.constraint;
    stats.masked_tokens = stats.masked_tokens.saturating_add(got.masked_tokens);
    stats.forced_tokens = stats.forced_tokens.saturating_add(got.forced_tokens);
    stats.guessed_tokens = stats.guessed_tokens.saturating_add(got.guessed_tokens);
    stats.right_tokens = stats.right_tokens.saturating_add(got.right_tokens);
    stats.backtracked_tokens = stats.backtracked_tokens.saturating_add(got.backtracked_tokens);
    stats.compile_us = stats.compile_us.saturating_add(got.compile_us);
    stats.mask_us = stats.mask_us.saturating_add(got.mask_us);
    let event = Event::Generated { text: generation.text, finish: generation.finish };
    Ok((event, generation.model))
}

/// What the pipeline makes of a refused statement.
///
/// # Errors
/// `error` itself, where no other statement can be expected to do better: it is the answer.
fn rejection(error: ExecError, sql: &ParsedSql) -> Result<Rejection, Error> {
    match error {
        ExecError::Refused { rule, message, hint, .. } => {
            Ok(Rejection::refused(Refusal { rule, message, hint }))
        }
        ExecError::Analysis { message, safe_for_model: true, .. } => {
            Ok(Rejection::repairable(Stage::Analyze, message))
        }
        ExecError::Analysis { message, sqlstate, .. }
            if prompt::is_about_constant(&sqlstate, &message, sql) =>
        {
            Ok(Rejection::repairable(Stage::Analyze, message))
        }
        ExecError::Analysis { message, .. } => Ok(Rejection::last(Stage::Analyze, message)),
        other => Err(Error::from(other)),
    }
}

/// What the snapshot knows about the names, or the constant, that the server rejects.
fn advice(error: &ExecError, snapshot: &Snapshot, sql: &ParsedSql) -> Option<String> {
    match error {
        ExecError::Analysis { sqlstate, message, .. } if sqlstate == "22P02" => {
            prompt::advise_label(snapshot, message)
        }
        _ => prompt::advise(snapshot, sql),
    }
}
