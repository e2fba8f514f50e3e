//! One question's way: snapshot, prompt, generation, check, repair.
//!
//! Drives the state machine of `core::pipeline`, and is the only place that knows all its parts.
//! What checking means is the caller's ([`super::check`]); how one of several candidates is chosen is
//! in [`super::candidates`], what a template answers in [`super::template`].

use std::time::{Duration, Instant};

use text2sql_core::chat::ChatPrompt;
use text2sql_core::confidence::given::Curves;
use text2sql_core::link;
use text2sql_core::pipeline::{Action, Event, Outcome, Pipeline};
use text2sql_core::prompt;
use text2sql_core::protocol::{GenerateRequest, GenerationStats};
use text2sql_core::schema::{Relation, RelationKind, quote_qualified};
use text2sql_core::semantics::template;
use text2sql_core::sql::{CandidateSql, policy};

use super::answer::{Answer, Timings, Work};
use super::candidates::{Candidate, Checking, Further, Winner};
use super::check::Check;
use super::clarify::asked_back;
use super::doubt;
use super::draft::Draft;
use super::limits::Guard;
use super::put_right::Looks;
use super::rejection::{advice, is_about_data, rejection};
use super::semantics::warn_of_unused;
use super::template::answer_by_template;
use crate::catalog;
use crate::error::Error;
use crate::guc::{self, RefuseMissing};
use crate::ipc::client::{self, Patience, Pending};
use crate::ipc::mailbox;
use crate::values;

/// How long a request waits for the place of the one that was just given up.
const MAKING_ROOM: Duration = Duration::from_secs(2);

/// Most relations of a rehearsed statement.
const REHEARSED: usize = 16;
/// Longest rehearsal: somebody may hold a lock on a relation that the answer does not need.
const REHEARSING: Duration = Duration::from_millis(50);

/// A question, understood as far as it can be without the model.
pub struct Question<'a> {
    text: &'a str,
    columns: Option<&'a [(String, String)]>,
    guard: &'a Guard,
    draft: Draft,
    /// Whether the draft's snapshot is another session's, and yet to be proved.
    recalled: bool,
    /// Whether templates may answer it.
    templates: bool,
    /// Whether it was counted before: it is asked once more.
    counted: bool,
    /// Times so far.
    timings: Timings,
}

impl<'a> Question<'a> {
    /// Reads the catalog as the caller and writes the prompt. `columns` are names and types the
    /// result must have.
    ///
    /// # Errors
    /// Where the question is no question, or nothing is readable.
    pub fn new(
        question: &'a str,
        columns: Option<&'a [(String, String)]>,
        guard: &'a Guard,
    ) -> Result<Self, Error> {
        Self::begin(question, columns, guard, false)
    }

    /// As [`Self::new`], but where this session has yet to read the catalog and another one of the
    /// role has read it, what that one saw is used until [`Self::answer`] has looked: an empty
    /// session takes longer to read it than everything else but the model.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn at_once(
        question: &'a str,
        columns: Option<&'a [(String, String)]>,
        guard: &'a Guard,
    ) -> Result<Self, Error> {
        Self::begin(question, columns, guard, true)
    }

    fn begin(
        question: &'a str,
        columns: Option<&'a [(String, String)]>,
        guard: &'a Guard,
        may_recall: bool,
    ) -> Result<Self, Error> {
        let text = prompt::check_question(question, guc::max_question_length() as usize)?;
        let mut timings = Timings::default();
        let old = may_recall.then(|| recalled_draft(guard, text, columns, &mut timings)).flatten();
        let recalled = old.is_some();
        let draft = match old {
            Some(draft) => draft,
            None => present_draft(guard, text, columns, None, &mut timings)?,
        };
        let templates = guc::templates();
        let counted = false;
        Ok(Self { text, columns, guard, draft, recalled, templates, counted, timings })
    }

    /// The same question, for the model and for no template: it was counted when one answered it.
    pub fn by_model(self) -> Self {
        Self { templates: false, counted: true, ..self }
    }

    /// What the model will be sent first.
    pub fn prompt(&self) -> &ChatPrompt {
        &self.draft.prompt
    }

    /// Takes the statement of a template that fits the question and passes `check`, or else generates
    /// until `check` lets a statement pass or no attempt is left. Where several candidates are wanted,
    /// the one most of them agree with is taken, however sure it is.
    ///
    /// # Errors
    /// Of the worker, of the last check, or of the pipeline's end without a statement.
    pub fn answer<C: Check>(self, check: &C) -> Result<Answer<C::Given>, Error> {
        self.answer_at_least(0.0, check)
    }

    /// As [`Self::answer`], but not where nothing speaks for an answer: the least confidence is
    /// `text2sql.min_confidence`.
    ///
    /// # Errors
    /// As [`Self::answer`], or where the question or the statement gives no reason to believe it, or
    /// where `text2sql.confidence_curves` cannot be used.
    pub fn answer_surely<C: Check>(self, check: &C) -> Result<Answer<C::Given>, Error> {
        self.answer_at_least(guc::min_confidence(), check)
    }

    fn answer_at_least<C: Check>(
        mut self,
        least: f64,
        check: &C,
    ) -> Result<Answer<C::Given>, Error> {
        let curves = if least > 0.0 { doubt::curves()? } else { Curves::default() };
        let mut patience = Patience::configured();
        if !self.counted {
            client::count_question(patience)?;
        }
        if let Some(answer) = self.answer_by_template(check)? {
            return Ok(answer);
        }
        let mut early = None;
        if self.recalled {
            early = self.generate_while_proving(patience)?;
            // There may be a template by now that the other session had not.
            if let Some(answer) = self.answer_by_template(check)? {
                return Ok(answer);
            }
            if early.is_none() {
                patience.room = MAKING_ROOM;
            }
        }
        if least > 0.0 {
            let Draft { snapshot, found, .. } = &self.draft;
            doubt::require_relation(link::Question { text: self.text, found }, snapshot)?;
        }
        if guc::clarify()
            && let Some(asked_back) = asked_back(self.text, &self.draft.snapshot, self.guard)
        {
            return Err(asked_back);
        }
        let (text, snapshot) = (self.text, self.draft.snapshot.clone());
        let answer = self.generate_and_check(early, patience, check)?;
        doubt::require_confidence(answer, text, &snapshot, least, &curves)
    }

    /// The loop of generating, checking and mending; `early` is a generation that has begun.
    ///
    /// # Errors
    /// Of the worker, of the last check, or of the pipeline's end without a statement.
    fn generate_and_check<C: Check>(
        self,
        mut early: Option<Pending>,
        mut patience: Patience,
        check: &C,
    ) -> Result<Answer<C::Given>, Error> {
        let Self { text, guard, draft, timings, .. } = self;
        let looks = Looks::new(guard);
        let checking = Checking { text, guard, looks, draft: &draft, check };
        let mut work = Work { stats: GenerationStats::default(), timings };
        let mut route = draft.route.clone();
        let mut pipeline = Pipeline::new(draft.prompt.clone(), guc::max_repairs())
            .insisting(guc::refuse_missing() == RefuseMissing::Off);
        let mut further = None;
        let mut accepted = None;
        let mut generation = None;
        let mut event = Event::Start;
        loop {
            event = match pipeline.on(event)? {
                Action::Generate(prompt) => {
                    // Before the model mends its first statement, the others are looked at.
                    if let Some(further) = further.take()
                        && let Some(winner) = work.elect(&checking, None, further)
                    {
                        return Ok(work.answer(&checking, winner, 1));
                    }
                    let pending = match early.take() {
                        Some(pending) => pending,
                        None => client::submit(
                            draft.request(prompt, route.clone(), guc::max_new_tokens()),
                            patience,
                        )?,
                    };
                    patience.room = Duration::ZERO;
                    if pipeline.attempts() == 1 {
                        further = Further::beside(&draft, &route, patience);
                    }
                    let done = pending.wait()?;
                    // The next generation, if there is one, mends this one.
                    route.attempt += 1;
                    work.add(&done);
                    let event = Event::Generated { text: done.text.clone(), finish: done.finish };
                    generation = Some(done);
                    event
                }
                Action::Check(sql) => {
                    let begun = Instant::now();
                    let (sql, mended) = checking.put_right(sql);
                    let verdict = check.check(&sql, None);
                    work.timings.check += begun.elapsed();
                    match verdict {
                        Ok(given) => {
                            let text = sql.text().to_owned();
                            let (stats, model) = match generation.take() {
                                Some(done) => (done.stats, done.model),
                                None => Default::default(),
                            };
                            accepted = Some(Candidate { sql, given, mended, stats, model });
                            Event::Accepted { sql: text }
                        }
                        Err(error) => {
                            let advice = advice(&error, &draft.snapshot, &sql);
                            match rejection(error, &sql) {
                                Ok(rejection) => Event::Rejected(rejection.advised(advice)),
                                Err(error) => {
                                    // It is the answer, unless another candidate runs.
                                    let others = further.take().or_else(|| {
                                        let way = (&draft, &route, patience);
                                        let after = || Further::after(None, 1, check, way);
                                        is_about_data(&error).then(after)?
                                    });
                                    let winner = others
                                        .and_then(|others| work.elect(&checking, None, others));
                                    let Some(winner) = winner else { return Err(error) };
                                    return Ok(work.answer(&checking, winner, pipeline.attempts()));
                                }
                            }
                        }
                    }
                }
                Action::Finish(Outcome::Missing { what }) => {
                    let believed = guc::refuse_missing();
                    let others = match (believed, further.take()) {
                        (RefuseMissing::AtOnce, _) => None,
                        (_, Some(others)) => Some(others),
                        (_, None) => Further::instead_of_missing((&draft, &route, patience)),
                    };
                    let mut winner = others
                        .and_then(|others| work.elect(&checking, None, others))
                        .filter(|winner| believed != RefuseMissing::Strict || winner.votes > 1);
                    if winner.is_none() && believed == RefuseMissing::Off {
                        winner = work.elect_last(&checking, &route, patience);
                    }
                    return match winner {
                        Some(winner) => Ok(work.answer(&checking, winner, pipeline.attempts())),
                        None => Err(doubt::missing(&what, text, &draft)),
                    };
                }
                Action::Finish(outcome) => {
                    let first = accepted.take();
                    let attempts = pipeline.attempts();
                    let may_go_on = !matches!(outcome, Outcome::Refused { .. });
                    if let Some(first) = &first
                        && let Some(winner) = work.retry(&checking, first, &route, patience)
                    {
                        return Ok(work.answer(&checking, winner, attempts + 1));
                    }
                    if may_go_on {
                        let way = (&draft, &route, patience);
                        further = further
                            .or_else(|| Further::after(first.as_ref(), attempts, check, way));
                    }
                    let mut winner = match (further.take(), first) {
                        (Some(further), first) => work.elect(&checking, first, further),
                        (None, first) => first.map(|candidate| {
                            let is_empty = check.is_empty(&candidate.given);
                            Winner { candidate, votes: 1, of: 1, is_empty }
                        }),
                    };
                    if winner.is_none() && may_go_on {
                        winner = work.elect_last(&checking, &route, patience);
                    }
                    let Some(winner) = winner else {
                        return Err(Error::NoStatement(Box::new(outcome)));
                    };
                    return Ok(work.answer(&checking, winner, attempts));
                }
            }
        }
    }
}

impl Question<'_> {
    /// What a template gives, of those that the caller may use now.
    ///
    /// # Errors
    /// Of the check, or where nothing is readable any more.
    fn answer_by_template<C: Check>(
        &mut self,
        check: &C,
    ) -> Result<Option<Answer<C::Given>>, Error> {
        if !self.templates || !template::may_answer(&self.draft.snapshot, self.text) {
            return Ok(None);
        }
        if self.recalled {
            let recalled = Some(&self.draft);
            let timings = &mut self.timings;
            self.draft = present_draft(self.guard, self.text, self.columns, recalled, timings)?;
            self.recalled = false;
        }
        let looks = Looks::new(self.guard);
        let (text, guard, draft) = (self.text, self.guard, &self.draft);
        let checking = Checking { text, guard, looks, draft, check };
        answer_by_template(&checking, self.timings)
    }

    /// Generates from the draft as it is, and reads the catalog meanwhile. What is generated counts
    /// only if the present catalog leads to the same request; it is nobody's otherwise. The draft is
    /// the present one afterwards.
    ///
    /// # Errors
    /// Of the worker, or where nothing is readable any more.
    fn generate_while_proving(&mut self, patience: Patience) -> Result<Option<Pending>, Error> {
        let (prompt, mut route) = (self.draft.prompt.clone(), self.draft.route.clone());
        // Names the role may read no more must not leave the server.
        route.remote = false;
        let request = self.draft.request(prompt, route, guc::max_new_tokens());
        let pending = client::submit(request, patience)?;
        let mut timings = self.timings;
        let recalled = Some(&self.draft);
        let present = present_draft(self.guard, self.text, self.columns, recalled, &mut timings)?;
        let proved = present.asks_the_same(&self.draft);
        self.draft = present;
        self.recalled = false;
        if proved {
            self.rehearse();
            return Ok(Some(pending));
        }
        self.timings = timings;
        Ok(None)
    }

    /// Checks a statement about the relations the model was shown: it fills the caches that the check
    /// of the model's statement needs, which takes an empty session longer than the check itself.
    fn rehearse(&self) {
        // To plan a query to another server may take a word with that server.
        let is_here = |relation: &&Relation| relation.kind != RelationKind::ForeignTable;
        let relations = self.draft.snapshot.relations.iter().filter(is_here).take(REHEARSED);
        let counts: Vec<String> = relations
            .map(|relation| format!("(SELECT count(*) FROM {})", quote_qualified(&relation.name)))
            .collect();
        let candidate = CandidateSql::from_user(&format!("SELECT {}", counts.join(", ")));
        let checked = candidate.ok().and_then(|candidate| policy::check(candidate).ok());
        // What it says does not matter: nobody asked for it.
        let _ = checked.map(|sql| self.guard.validate_within(&sql, REHEARSING));
    }

    /// Has the engine read what all questions of this caller begin with.
    ///
    /// # Errors
    /// Of the worker.
    pub fn warm(self) -> Result<GenerationStats, Error> {
        let patience = Patience::configured();
        client::count_question(patience)?;
        let Draft { prompt, route, .. } = &self.draft;
        let warming = self.draft.request(prompt.clone(), route.clone(), 0);
        Ok(client::generate(GenerateRequest { constraint: None, ..warming }, patience)?.stats)
    }
}

/// The draft for what can be read now. What was found for `recalled` holds where that was the same.
fn present_draft(
    guard: &Guard,
    question: &str,
    columns: Option<&[(String, String)]>,
    recalled: Option<&Draft>,
    timings: &mut Timings,
) -> Result<Draft, Error> {
    let begun = Instant::now();
    let snapshot = guard.snapshot()?;
    if guc::semantics() {
        warn_of_unused();
    }
    timings.catalog += begun.elapsed();
    let begun = Instant::now();
    let found = match recalled.filter(|recalled| recalled.snapshot == snapshot) {
        Some(recalled) => recalled.found.clone(),
        None => values::lookup(&snapshot, &guard.view(), question)?,
    };
    let draft = Draft::write(snapshot, found, question, columns)?;
    timings.prompt += begun.elapsed();
    Ok(draft)
}

/// The draft for what another session saw, if that is kept and may be used.
fn recalled_draft(
    guard: &Guard,
    question: &str,
    columns: Option<&[(String, String)]>,
    timings: &mut Timings,
) -> Option<Draft> {
    if !guc::recall_snapshots() || mailbox::models().iter().any(|model| model.remote) {
        return None;
    }
    let begun = Instant::now();
    let snapshot = catalog::recalled(guard.view())?;
    timings.catalog += begun.elapsed();
    let begun = Instant::now();
    // What is wrong with it is told of the present one, if it still is.
    let found = values::lookup(&snapshot, &guard.view(), question).ok()?;
    let draft = Draft::write(snapshot, found, question, columns).ok()?;
    timings.prompt += begun.elapsed();
    Some(draft)
}
