//! Which tokens of which requests are computed together, pass after pass.
//!
//! Owns the requests from start to end and the order among them; knows nothing of roles (the
//! worker decides whose turn it is) and computes nothing itself. A pass holds what every answer
//! in the making needs next, and beside it a piece of a prompt, so that a long prompt holds up
//! nobody for long and a finished answer makes room at once: continuous batching with chunked
//! prefill, as in Orca (Yu et al. 2022) and Sarathi-Serve (Agrawal et al. 2024). What a token's
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
        let mut room = room(model, answers);
        for generation in &mut self.running {
            if generation.in_prefill() {
                room -= generation.plan_prefill(room);
            } else {
                generation.plan_decode(rows, &model.recent, &model.tokenizer);
            }
        }
        while room > 0 && self.running.len() < self.most_running.max(1) {
            let Some(asked) = self.next(model) else { break };
            let sequence = model.prefixes.take(&asked.scope, &asked.prompt, model.context);
            let mut generation = Generation::begin(asked, sequence, &mut model.constraints);
            on(generation.id(), Notice::Event(generation.started()));
            room -= generation.plan_prefill(room);
            self.running.push(generation);
        }
    }

    /// The waiting request that needs least, unless the oldest was overtaken often enough.
    fn next(&mut self, model: &LoadedModel) -> Option<Asked> {
        let missing = |waiting: &Waiting| {
            let Asked { scope, prompt, .. } = &waiting.asked;
            let known = model.prefixes.known(scope, prompt);
            // What another request is computing just now will soon be known.
            let soon = self.running.iter().filter(|generation| generation.in_prefill());
            let soon = soon.map(|generation| generation.shares(scope, prompt)).max();
            (soon.unwrap_or_default() <= known + BLOCK).then(|| prompt.len() - known)
        };
        let cheapest = (0..)
            .zip(&self.waiting)
            .filter_map(|(index, waiting)| Some((missing(waiting)?, index)))
            .min();
        let oldest = self.waiting.front()?;
        let index = if oldest.overtaken >= MOST_OVERTAKEN { 0 } else { cheapest?.1 };
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
                let mut first = Some(error).filter(|_| together == 1);
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

/// Ends a request early. What was computed for it is right and may be continued.
fn end(
    mut generation: Generation,
    error: EngineError,
    model: &mut LoadedModel,
    on: &mut Listener<'_>,
) {
    model.prefixes.put(generation.sequence());
    on(generation.id(), Notice::Ended(Err(error)));
}
