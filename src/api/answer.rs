//! What came of a question: the statement, what it took, and what is known of how it came about.
//!
//! Owns the counts and times of a question. Called by [`super::question`] and the functions that show an answer.

use std::time::{Duration, Instant};

use text2sql_core::link;
use text2sql_core::protocol::GenerationStats;
use text2sql_core::route::Route;
use text2sql_core::schema::Snapshot;
use text2sql_core::signals::Signals;
use text2sql_core::sql::{ParsedSql, RelationRef};

use super::candidates::{Candidate, Checking, Effort, Further, Winner, elect};
use super::check::Check;
use super::draft::Draft;
use super::near_values;
use crate::audit::Gave;
use crate::ipc::client::{Generation, Patience};

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

/// A statement that the model wrote, or a template gave, and the check let pass.
pub struct Answer<T> {
    /// The statement, laid out.
    pub sql: ParsedSql,
    /// Generations it took; none where a template gave it.
    pub attempts: u32,
    /// The model that wrote it.
    pub model: Option<String>,
    /// The template that gave it.
    pub template: Option<String>,
    /// Counts of all generations together.
    pub stats: GenerationStats,
    /// Times of all stages.
    pub timings: Timings,
    /// What is known of how it came about.
    pub signals: Signals,
    /// What the check gave.
    pub checked: T,
}

impl<T> Answer<T> {
    /// What the audit log is told of it.
    pub fn gave(&self) -> Gave<'_> {
        Gave { sql: Some(self.sql.text()), attempts: Some(self.attempts), rows: None }
    }
}

/// What was done for a question so far.
pub struct Work {
    /// Counts of all generations together.
    pub stats: GenerationStats,
    /// Times of all stages.
    pub timings: Timings,
}

impl Work {
    /// Adds a generation that was waited for.
    pub fn add(&mut self, generation: &Generation) {
        self.timings.add(generation);
        add(&mut self.stats, &generation.stats);
    }

    /// As [`elect`], with what it took.
    pub fn elect<C: Check>(
        &mut self,
        checking: &Checking<'_, C>,
        first: Option<Candidate<C::Given>>,
        further: Further<'_>,
    ) -> Option<Winner<C::Given>> {
        let mut effort = Effort::default();
        let winner = elect(checking, first, further, &mut effort);
        self.timings.check += effort.checked;
        // They were computed beside each other: the sum of their times is nobody's.
        self.timings.decode += effort.waited;
        for stats in &effort.generations {
            add(&mut self.stats, stats);
        }
        winner
    }

    /// As [`near_values::retry`], with what it took.
    pub fn retry<C: Check>(
        &mut self,
        checking: &Checking<'_, C>,
        first: &Candidate<C::Given>,
        route: &Route,
        patience: Patience,
    ) -> Option<Winner<C::Given>> {
        let begun = Instant::now();
        let pending = near_values::retry(checking, first, route, patience);
        self.timings.check += begun.elapsed();
        let generation = pending?.wait().ok()?;
        self.add(&generation);
        let begun = Instant::now();
        let winner = near_values::taken(checking, generation);
        self.timings.check += begun.elapsed();
        winner
    }

    /// One more that is kept to the caller's catalog, where nothing written freely came of it.
    pub fn elect_last<C: Check>(
        &mut self,
        checking: &Checking<'_, C>,
        route: &Route,
        patience: Patience,
    ) -> Option<Winner<C::Given>> {
        let last = Further::last((checking.draft, route, patience))?;
        self.elect(checking, None, last)
    }

    /// The answer.
    pub fn answer<C: Check>(
        self,
        checking: &Checking<'_, C>,
        winner: Winner<C::Given>,
        attempts: u32,
    ) -> Answer<C::Given> {
        let Winner { candidate, votes, of, is_empty } = winner;
        let Candidate { sql, given, mended, stats, model } = candidate;
        let Draft { snapshot, found, .. } = checking.draft;
        let asked = link::Question { text: checking.text, found };
        let signals = Signals {
            votes,
            candidates: of,
            mended,
            repaired: attempts > 1,
            empty: is_empty,
            ..Signals::new(&stats, link::fit(snapshot, asked, &positions(snapshot, &sql)))
        };
        let (stats, timings) = (self.stats, self.timings);
        let template = None;
        Answer { sql, attempts, model, template, stats, timings, signals, checked: given }
    }
}

/// Where the relations that a statement reads are in the snapshot.
fn positions(snapshot: &Snapshot, sql: &ParsedSql) -> Vec<usize> {
    let at = |wanted: &RelationRef| {
        snapshot.relations.iter().position(|relation| {
            relation.name.name == wanted.name
                && wanted.schema.as_ref().is_none_or(|schema| relation.name.schema == *schema)
        })
    };
    sql.relations().iter().filter_map(at).collect()
}

impl Timings {
    fn add(&mut self, generation: &Generation) {
        let got = &generation.stats;
        let prefill = Duration::from_micros(got.prefill_us);
        let decode = Duration::from_micros(got.decode_us);
        // Word that prefill began comes late where the engine has every processor: what it computed
        // meanwhile is no waiting.
        let besides = generation.elapsed.saturating_sub(prefill.saturating_add(decode));
        let queued = generation.queued.min(besides);
        self.queue += queued;
        self.prefill = self.prefill.saturating_add(prefill);
        self.decode = self.decode.saturating_add(decode);
        self.transport += besides - queued;
    }
}

/// Adds the counts of another generation. They are the engine's word: no sum of them may fail.
fn add(stats: &mut GenerationStats, got: &GenerationStats) {
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
    stats.weighed_tokens = stats.weighed_tokens.saturating_add(got.weighed_tokens);
    stats.surprisal = stats.surprisal.saturating_add(got.surprisal);
    stats.worst_surprisal = stats.worst_surprisal.max(got.worst_surprisal);
}
