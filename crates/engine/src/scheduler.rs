//! Which tokens of which requests are computed together, pass after pass.
//!
//! Owns the requests from start to end and the order among them; knows nothing of roles (the
//! worker decides whose turn it is) and computes nothing itself. A pass holds what every answer
//! in the making needs next, and beside it pieces of prompts: of the one begun first and of those that
//! need much less, whose beginning is known. So a long prompt holds up nobody for long, and a finished
//! answer makes room at once: continuous batching with chunked prefill, as in Orca (Yu et al. 2022)
//! and Sarathi-Serve (Agrawal et al. 2024). What a token's
//! row computes does not depend on its company, so neither does an answer. Cancel and deadline
//! are looked at before every pass, which is bounded in time ([`crate::pace`]) therefore. Called by
//! `served` and `generate`.

use std::collections::VecDeque;
use std::time::Instant;

use text2sql_core::protocol::{Event, GenerateRequest};

use crate::control::Control;
use crate::error::EngineError;
use crate::generate::Completion;
use crate::generation::{Asked, Generation};
use crate::kv_cache::BLOCK;
use crate::model::LoadedModel;

/// Most tokens of prompts in a pass that also computes answers. They hold up each answer by 0.4 s
/// for the 1.5B model on two cores (AVX2), which reads 83 tokens a second.
const BESIDE_ANSWERS: usize = 32;

/// How often a request may be overtaken by ones that need less.
const MOST_OVERTAKEN: u32 = 4;

/// How many times as much must be left of every prompt that is being read, so that a request is begun beside
/// them. Reading two prompts of about one length together would make one later and none earlier.
const MUCH_LESS: usize = 4;

/// What a request hears.
#[derive(Debug)]
pub enum Notice {
    /// Something happened.
    Event(Event),
    /// It has ended; nothing more comes.
    Ended(Result<Completion, EngineError>),
}

/// Where notices go, with the id of the request.
pub type Listener<'a> = dyn FnMut(u64, Notice) + 'a;

/// A request for which nothing was computed yet.
struct Waiting {
    asked: Asked,
    overtaken: u32,
}

/// All requests of an engine.
#[derive(Default)]
pub struct Scheduler {
    waiting: VecDeque<Waiting>,
    running: Vec<Generation>,
    most_running: usize,
}

impl Scheduler {
    /// One that answers at most `most_running` requests at a time.
    pub fn new(most_running: usize) -> Self {
        Self { waiting: VecDeque::new(), running: Vec::new(), most_running }
    }

    /// Takes a request on; it is answered in the following steps.
    ///
    /// # Errors
    /// [`EngineError::PromptTooLong`], or a prompt that cannot be tokenized; nothing was taken on
    /// then.
    pub fn start(
        &mut self,
        model: &mut LoadedModel,
        id: u64,
        request: GenerateRequest,
        control: Control,
    ) -> Result<(), EngineError> {
        control.check()?;
        let prompt = model.encode(&request)?;
        let asked = Asked::new(id, request, control, prompt);
        let fits = asked.prompt.len().checked_add(asked.most).is_some_and(|n| n <= model.context);
        if !fits {
            return Err(EngineError::PromptTooLong {
                prompt: asked.prompt.len(),
                new: asked.most,
                context: model.context,
            });
        }
        model.fetch(&asked.scope, &asked.prompt);
        self.waiting.push_back(Waiting { asked, overtaken: 0 });
        Ok(())
    }

    /// Whether there is nothing to do.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty()
    }

    /// Forgets all requests; they hear nothing.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.running.clear();
    }

    /// One pass over everything that is due.
    pub fn step(&mut self, model: &mut LoadedModel, on: &mut Listener<'_>) {
        self.end_stopped(model, on);
        self.plan(model, on);
        let results = self.compute(model);
        for (mut generation, logits) in std::mem::take(&mut self.running).into_iter().zip(results) {
            let id = generation.id();
            let was_prefill = generation.in_prefill();
            let tokenizer = &model.tokenizer;
            let mut tell = |event| on(id, Notice::Event(event));
            let outcome = match logits {
                None => Ok(None),
                Some(Ok(logits)) => generation.computed(logits, tokenizer, &mut tell),
                Some(Err(error)) => Err(error),
            };
            match outcome {
                Ok(None) => {
                    if was_prefill && !generation.in_prefill() {
                        // Others may ask about the same schema before this one is done.
                        model.prefixes.put(generation.sequence());
                    }
                    self.running.push(generation);
                }
                Ok(Some(finish)) => {
                    model.prefixes.put(generation.sequence());
                    generation.remember(&mut model.recent);
                    let done = generation.complete(finish, &mut tell);
                    on(id, Notice::Ended(Ok(done)));
                }
                Err(error) => end(generation, error, model, on),
            }
        }
    }

    /// Ends what was cancelled or is overdue.
    fn end_stopped(&mut self, model: &mut LoadedModel, on: &mut Listener<'_>) {
        self.waiting.retain(|waiting| {
            let stopped = waiting.asked.control.check().err();
            let stays = stopped.is_none();
            stopped.into_iter().for_each(|error| on(waiting.asked.id, Notice::Ended(Err(error))));
            stays
        });
        for generation in std::mem::take(&mut self.running) {
            match generation.control().check() {
                Ok(()) => self.running.push(generation),
                Err(error) => end(generation, error, model, on),
            }
        }
    }

    /// Decides what each request computes in the next pass, and begins those there is room for.
    fn plan(&mut self, model: &mut LoadedModel, on: &mut Listener<'_>) {
        let answers = self.running.iter().filter(|generation| !generation.in_prefill()).count();
        let exact = match model.decoder.exact_rows() {
            usize::MAX => usize::MAX,
            // Beside others rows are rounded otherwise, so that guesses would change the answer.
            rows if self.running.len() == 1 && self.waiting.is_empty() => rows,
            _ => 0,
        };
        let rows = if model.guess_ahead && answers == 1 { exact } else { 0 };
        for generation in self.running.iter_mut().filter(|generation| !generation.in_prefill()) {
            generation.plan_decode(rows, &model.recent, &model.tokenizer);
        }
        let room = room(model, answers);
        self.begin(room, model, on);
        self.share(room);
    }

    /// Begins requests while nothing is left for what runs to read that would fill a pass of `room`
    /// tokens, or while one needs so much less that it should not wait for it.
    fn begin(&mut self, room: usize, model: &mut LoadedModel, on: &mut Listener<'_>) {
        while self.running.len() < self.most_running.max(1) {
            let Some((index, missing)) = self.next(model) else { break };
            let reading = self.running.iter().filter(|generation| generation.in_prefill());
            let unread: Vec<usize> = reading.map(Generation::unread).collect();
            let is_short = unread.iter().all(|unread| missing.saturating_mul(MUCH_LESS) <= *unread);
            if unread.iter().sum::<usize>() >= room && !is_short {
                break;
            }
            let Some(asked) = self.take(index) else { break };
            let sequence = model.prefixes.take(&asked.scope, &asked.prompt, model.context);
            let generation = Generation::begin(asked, sequence, &mut model.constraints);
            on(generation.id(), Notice::Event(generation.started()));
            self.running.push(generation);
        }
    }

    /// Shares a pass of `room` tokens among the prompts that are being read: half of it for the one
    /// that was begun first, so that nobody starves it, the rest for those that need least.
    fn share(&mut self, mut room: usize) {
        let reading = self.running.iter_mut().filter(|generation| generation.in_prefill());
        let mut reading: Vec<&mut Generation> = reading.collect();
        let Some((oldest, others)) = reading.split_first_mut() else { return };
        let wanted: usize = others.iter().map(|generation| generation.unread()).sum();
        room -= oldest.plan_prefill(room.div_ceil(2).max(room.saturating_sub(wanted)));
        others.sort_by_key(|generation| generation.unread());
        for generation in others {
            room -= generation.plan_prefill(room);
        }
    }

    /// The place of the waiting request that needs least, unless the oldest was overtaken often enough,
    /// and how many tokens of its prompt nobody has computed.
    fn next(&self, model: &LoadedModel) -> Option<(usize, usize)> {
        let known = |waiting: &Waiting| {
            let Asked { scope, prompt, .. } = &waiting.asked;
            model.prefixes.known(scope, prompt)
        };
        let missing = |waiting: &Waiting| waiting.asked.prompt.len() - known(waiting);
        // What another request is computing just now will soon be known.
        let is_due = |waiting: &Waiting| {
            let Asked { scope, prompt, .. } = &waiting.asked;
            let soon = self.running.iter().filter(|generation| generation.in_prefill());
            let soon = soon.map(|generation| generation.shares(scope, prompt)).max();
            soon.unwrap_or_default() <= known(waiting) + BLOCK
        };
        let oldest = self.waiting.front()?;
        if oldest.overtaken >= MOST_OVERTAKEN {
            return Some((0, missing(oldest)));
        }
        let due = (0..).zip(&self.waiting).filter(|(_, waiting)| is_due(waiting));
        due.map(|(index, waiting)| (index, missing(waiting))).min_by_key(|(_, missing)| *missing)
    }

    /// Takes a waiting request out, past those before it.
    fn take(&mut self, index: usize) -> Option<Asked> {
        for waiting in self.waiting.iter_mut().take(index) {
            waiting.overtaken += 1;
        }
        self.waiting.remove(index).map(|waiting| waiting.asked)
    }

    /// Computes what is planned; for each request its logits, or `None` where nothing was planned.
    fn compute(&mut self, model: &mut LoadedModel) -> Vec<Option<Result<Vec<f32>, EngineError>>> {
        let mut spans: Vec<_> = self.running.iter_mut().filter_map(Generation::span).collect();
        let together = spans.len();
        let tokens = spans.iter().map(|span| span.tokens.len()).sum();
        let begin = Instant::now();
        let computed =
            if together > 0 { model.decoder.forward_spans(&mut spans) } else { Ok(Vec::new()) };
        drop(spans);
        if computed.is_ok() {
            model.pace.learn(tokens, begin.elapsed());
        }
        let width = model.decoder.vocab();
        match computed {
            Ok(logits) => {
                let mut rest = logits.as_slice();
                let mut own = |generation: &mut Generation| {
                    generation.span()?;
                    let Some((own, later)) = rest.split_at_checked(generation.rows() * width)
                    else {
                        return Some(Err(EngineError::Internal("logits are missing")));
                    };
                    rest = later;
                    Some(Ok(own.to_vec()))
                };
                self.running.iter_mut().map(&mut own).collect()
            }
            // Which of them it was shows when each is computed alone.
            Err(error) => {
                let lacks_memory = error.is_lack_of_memory();
                if lacks_memory {
                    // Before anybody is refused, what is kept for later prompts goes.
                    model.prefixes.clear();
                }
                let mut first = Some(error).filter(|_| together == 1 && !lacks_memory);
                let mut alone = |generation: &mut Generation| {
                    generation.not_computed();
                    let mut span = generation.span()?;
                    let result = match first.take() {
                        Some(error) => Err(error),
                        None => model.decoder.forward_spans(std::slice::from_mut(&mut span)),
                    };
                    if result.is_err() {
                        generation.not_computed();
                    }
                    Some(result)
                };
                self.running.iter_mut().map(&mut alone).collect()
            }
        }
    }
}

/// Most tokens of prompts in a pass that also computes so many answers.
fn room(model: &LoadedModel, answers: usize) -> usize {
    let most = match model.decoder.exact_rows() {
        usize::MAX => model.pace.room(model.prefill_chunk),
        // The company of a row changes it: the clock would decide what the answer is.
        _ => model.prefill_chunk,
    };
    if answers > 0 { most.min(BESIDE_ANSWERS) } else { most }
}

/// Ends a request early. What was computed for it is right and may be continued, where there is
/// memory for it.
fn end(
    mut generation: Generation,
    error: EngineError,
    model: &mut LoadedModel,
    on: &mut Listener<'_>,
) {
    if !error.is_lack_of_memory() {
        model.prefixes.put(generation.sequence());
    }
    on(generation.id(), Notice::Ended(Err(error)));
}
