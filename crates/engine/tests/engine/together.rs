//! Several requests at a time: the answers of each alone, and nobody stalls the others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use text2sql_core::protocol::{
    Constraint, ConstraintRelation, Event, FailureCode, GenerateRequest, Sampling,
};
use text2sql_engine::arch::{Decoder, Span};
use text2sql_engine::control::Control;
use text2sql_engine::error::EngineError;
use text2sql_engine::generate::Completion;
use text2sql_engine::kv_cache::Shape;
use text2sql_engine::model::LoadedModel;
use text2sql_engine::scheduler::{Notice, Scheduler};
use text2sql_testkit::tiny_gguf::TinyGguf;

use crate::support::{generate, load, load_with, patient, request};

/// What requests heard, by id.
#[derive(Default)]
struct Heard {
    events: BTreeMap<u64, Vec<Event>>,
    ended: Vec<(u64, Result<Completion, EngineError>)>,
}

impl Heard {
    fn step(&mut self, scheduler: &mut Scheduler, model: &mut LoadedModel) {
        scheduler.step(model, &mut |id, notice| match notice {
            Notice::Event(event) => self.events.entry(id).or_default().push(event),
            Notice::Ended(result) => self.ended.push((id, result)),
        });
    }

    fn all(&mut self, scheduler: &mut Scheduler, model: &mut LoadedModel) {
        while !scheduler.is_idle() {
            self.step(scheduler, model);
        }
    }

    fn deltas(&self, id: u64) -> usize {
        let events = self.events.get(&id).map_or(&[][..], Vec::as_slice);
        events.iter().filter(|event| matches!(event, Event::Delta { .. })).count()
    }

    fn text(&self, id: u64) -> String {
        let result = self.ended.iter().find(|(ended, _)| *ended == id).expect("it has ended");
        result.1.as_ref().expect("it succeeded").text.clone()
    }

    fn order(&self) -> Vec<u64> {
        self.ended.iter().map(|(id, _)| *id).collect()
    }
}

/// A question of about as many tokens as it has characters, in a scope of its own.
fn long(characters: usize, most: u32) -> GenerateRequest {
    request(&"abcdefgh ".repeat(characters / 9), "", most)
}

fn start(
    scheduler: &mut Scheduler,
    model: &mut LoadedModel,
    id: u64,
    request: &GenerateRequest,
) -> Control {
    let control = patient();
    scheduler.start(model, id, request.clone(), control.clone()).expect("it is taken on");
    control
}

#[test]
fn answers_are_the_same_in_any_company() {
    let gguf = TinyGguf::k_quants(5);
    let film = ConstraintRelation {
        schema: "public".into(),
        name: "film".into(),
        columns: vec!["film_id".into(), "title".into()],
    };
    let requests: Vec<GenerateRequest> = (0..12u32)
        .map(|index| {
            let question = format!("question {index} {}", "about films ".repeat(index as usize));
            let scope = ["", "db/a", "db/b"][index as usize % 3];
            let mut asked = request(&question, scope, 5 + 7 * index % 40);
            asked.constraint = (index % 2 == 0)
                .then(|| Constraint { relations: vec![film.clone()], ..Constraint::default() });
            asked.sampling =
                (index % 3 != 0).then_some(Sampling { temperature: 900, top_p: 950, seed: index });
            asked
        })
        .collect();
    let alone: Vec<String> = requests
        .iter()
        .map(|asked| generate(&mut load(&gguf), asked, &patient()).0.unwrap().text)
        .collect();
    let mut model = load(&gguf);
    if model.decoder().exact_rows() != usize::MAX {
        // Without the project's own kernels nothing of the kind is promised.
        return;
    }
    for most_running in [2, 5] {
        let mut scheduler = Scheduler::new(most_running);
        let mut heard = Heard::default();
        for (id, asked) in (0..).zip(&requests) {
            start(&mut scheduler, &mut model, id, asked);
            // They come one after the other, while others are anywhere.
            for _ in 0..id % 4 {
                heard.step(&mut scheduler, &mut model);
            }
        }
        heard.all(&mut scheduler, &mut model);
        for (id, text) in (0..).zip(&alone) {
            assert_eq!(&heard.text(id), text, "request {id}, {most_running} at a time");
        }
    }
    assert!(alone.iter().any(|text| text != &alone[0]), "answers that are all alike prove nothing");
}

/// What a decoder was given in each pass: number of tokens of each span.
type Passes = Arc<Mutex<Vec<Vec<usize>>>>;

/// A decoder that says spaces for ever, except after the token it cannot compute.
struct Spaces {
    vocab: usize,
    bad: Option<u32>,
    /// Why it cannot.
    why: fn() -> EngineError,
    /// How often it cannot.
    times: usize,
    passes: Passes,
    exact_rows: usize,
    /// What its first pass takes.
    first: Duration,
}

impl Spaces {
    fn put(model: &mut LoadedModel, bad: Option<u32>) -> Passes {
        Self::put_with(model, bad, 1, Duration::ZERO)
    }

    fn put_with(
        model: &mut LoadedModel,
        bad: Option<u32>,
        exact_rows: usize,
        first: Duration,
    ) -> Passes {
        let passes = Passes::default();
        let vocab = model.tokenizer().len();
        let why = || EngineError::NotFinite;
        let (times, of) = (usize::MAX, Arc::clone(&passes));
        let decoder = Self { vocab, bad, why, times, passes: of, exact_rows, first };
        model.replace_decoder(Box::new(decoder));
        passes
    }

    /// As [`Self::put`], of one that has no memory for that token so many times.
    fn put_without_memory(model: &mut LoadedModel, bad: u32, times: usize) {
        let decoder = Self {
            vocab: model.tokenizer().len(),
            bad: Some(bad),
            why: || EngineError::OutOfMemory,
            times,
            passes: Passes::default(),
            exact_rows: 1,
            first: Duration::ZERO,
        };
        model.replace_decoder(Box::new(decoder));
    }
}

impl Decoder for Spaces {
    fn shape(&self) -> Shape {
        Shape { layers: 1, heads: 1, dim: 2 }
    }

    fn forward_spans(&mut self, spans: &mut [Span<'_>]) -> Result<Vec<f32>, EngineError> {
        self.passes.lock().unwrap().push(spans.iter().map(|span| span.tokens.len()).collect());
        std::thread::sleep(std::mem::take(&mut self.first));
        let mut logits = Vec::new();
        for span in spans.iter_mut() {
            assert!(span.cache.reserve(span.tokens.len())?);
            // Some caches have grown when the pass fails.
            span.cache.advance(span.tokens.len());
            if self.times > 0 && self.bad.is_some_and(|bad| span.tokens.contains(&bad)) {
                self.times -= 1;
                return Err((self.why)());
            }
            for _ in 0..span.logits.rows(span.tokens.len()) {
                let mut row = vec![0.0; self.vocab];
                row[220] = 1.0;
                logits.extend(row);
            }
        }
        Ok(logits)
    }

    fn exact_rows(&self) -> usize {
        self.exact_rows
    }

    fn vocab(&self) -> usize {
        self.vocab
    }

    fn trained_context(&self) -> usize {
        1 << 20
    }

    fn weight_bytes(&self) -> usize {
        0
    }
}

#[test]
fn a_long_prompt_does_not_stall_an_answer() {
    let mut model = load(&TinyGguf::new(1));
    let passes = Spaces::put(&mut model, None);
    let mut scheduler = Scheduler::new(4);
    let mut heard = Heard::default();
    start(&mut scheduler, &mut model, 1, &request("?", "", 100));
    while heard.deltas(1) == 0 {
        heard.step(&mut scheduler, &mut model);
    }
    start(&mut scheduler, &mut model, 2, &long(200, 2));
    let before = heard.deltas(1);
    let mut steps = 0;
    while heard.deltas(2) == 0 {
        heard.step(&mut scheduler, &mut model);
        steps += 1;
    }
    assert!(steps > 3, "{steps} steps: the prompt was not long");
    assert_eq!(heard.deltas(1), before + steps, "a token in every pass");
    let passes = passes.lock().unwrap();
    let beside: Vec<_> = passes.iter().filter(|spans| spans.len() == 2).collect();
    assert!(beside.iter().all(|spans| spans[0] == 1 && spans[1] <= 32), "{beside:?}");
}

/// Tokens of each pass over a long prompt that may be computed at once.
fn passes_over_a_long_prompt(exact_rows: usize, first: Duration) -> Vec<usize> {
    let mut model = load_with(&TinyGguf::new(1), |spec| spec.prefill_chunk = 4096);
    let passes = Spaces::put_with(&mut model, None, exact_rows, first);
    generate(&mut model, &long(300, 1), &patient()).0.unwrap();
    let passes = passes.lock().unwrap();
    passes.iter().flatten().copied().collect()
}

#[test]
fn a_large_chunk_of_a_slow_model_does_not_hold_up_a_cancel() {
    // Some 32 tokens a second, of which a pass may take two.
    let slow = passes_over_a_long_prompt(usize::MAX, Duration::from_secs(1));
    assert_eq!(slow[0], 32, "{slow:?}: nothing is known yet");
    assert!((16..=64).contains(&slow[1]), "{slow:?}");
    assert!(slow[2] > 64, "{slow:?}: it was fast again");
    // Where the size of a pass changes what is computed, the clock has no say.
    let rounded = passes_over_a_long_prompt(1, Duration::ZERO);
    assert_eq!(rounded, [slow.iter().sum::<usize>()]);
}

#[test]
fn no_more_are_answered_at_a_time_than_allowed_and_the_next_takes_the_place() {
    let mut model = load(&TinyGguf::new(1));
    let passes = Spaces::put(&mut model, None);
    let mut scheduler = Scheduler::new(3);
    let mut heard = Heard::default();
    for id in 0..8u32 {
        let asked = request("?", "", 30 + id % 4);
        start(&mut scheduler, &mut model, u64::from(id), &asked);
    }
    heard.all(&mut scheduler, &mut model);
    let mut ended = heard.order();
    ended.sort_unstable();
    assert_eq!(ended, (0..8).collect::<Vec<u64>>());
    let together: Vec<usize> = passes.lock().unwrap().iter().map(Vec::len).collect();
    assert_eq!(together.iter().max(), Some(&3));
}

#[test]
fn one_that_needs_less_may_overtake_but_not_for_ever() {
    let mut model = load(&TinyGguf::new(1));
    Spaces::put(&mut model, None);
    let mut scheduler = Scheduler::new(1);
    let mut heard = Heard::default();
    start(&mut scheduler, &mut model, 100, &long(200, 2));
    for id in 0..10 {
        start(&mut scheduler, &mut model, id, &request("?", "", 2));
    }
    heard.all(&mut scheduler, &mut model);
    assert_eq!(heard.order(), [0, 1, 2, 3, 100, 4, 5, 6, 7, 8, 9]);
}

/// A model that says spaces and reads 16 tokens in a pass, and a scheduler that is reading some 450.
fn reading_a_long_prompt(asked: &GenerateRequest) -> (LoadedModel, Passes, Scheduler, Heard) {
    let mut model = load(&TinyGguf::new(1));
    let passes = Spaces::put(&mut model, None);
    let mut heard = Heard::default();
    // What is asked later is known by then.
    let mut scheduler = Scheduler::new(4);
    start(&mut scheduler, &mut model, 0, asked);
    heard.all(&mut scheduler, &mut model);
    start(&mut scheduler, &mut model, 1, &long(380, 2));
    heard.step(&mut scheduler, &mut model);
    passes.lock().unwrap().clear();
    (model, passes, scheduler, heard)
}

#[test]
fn a_question_whose_schema_is_known_does_not_wait_for_another_that_is_read() {
    let mut asked = request("how many films?", "db/role", 3);
    asked.prompt.system = "film(film_id, title) ".repeat(15);
    let (mut model, passes, mut scheduler, mut heard) = reading_a_long_prompt(&asked);
    asked.prompt.turns[0].text = "how many actors?".into();
    start(&mut scheduler, &mut model, 2, &asked);
    let mut steps = 0;
    while heard.deltas(2) == 0 {
        heard.step(&mut scheduler, &mut model);
        steps += 1;
    }
    assert!(steps <= 8, "{steps} passes to the first token");
    assert_eq!(heard.deltas(1), 0, "the other was not long");
    let passes = passes.lock().unwrap();
    assert!(passes.iter().all(|spans| spans[0] >= 8), "the long one goes on: {passes:?}");
}

#[test]
fn short_prompts_one_after_the_other_do_not_keep_a_long_one_from_being_read() {
    let mut asked = request("how many films?", "db/role", 1);
    let (mut model, passes, mut scheduler, mut heard) = reading_a_long_prompt(&asked);
    for id in 2..200 {
        asked.prompt.turns[0].text = format!("how many actors in film {id}?");
        start(&mut scheduler, &mut model, id, &asked);
    }
    while heard.deltas(1) == 0 {
        heard.step(&mut scheduler, &mut model);
    }
    let passes = passes.lock().unwrap();
    let read: usize = passes.iter().map(|spans| spans[0]).sum();
    assert!(passes.len() <= read / 8 + 2, "{read} tokens in {} passes", passes.len());
    assert!(heard.order().len() > 3, "others were answered: {:?}", heard.order());
}

#[test]
fn prompts_of_one_length_are_read_one_after_the_other() {
    let (mut model, passes, mut scheduler, mut heard) = reading_a_long_prompt(&request("?", "", 1));
    start(&mut scheduler, &mut model, 2, &long(360, 2));
    while heard.deltas(1) == 0 {
        heard.step(&mut scheduler, &mut model);
    }
    let passes = passes.lock().unwrap();
    let (last, before) = passes.split_last().expect("it was not read yet");
    assert!(before.iter().all(|spans| spans[..] == [16]), "{passes:?}");
    assert!(last[0] <= 16, "{passes:?}");
}

fn tilde(model: &LoadedModel) -> u32 {
    (0..model.tokenizer().len() as u32)
        .find(|token| model.tokenizer().bytes(*token) == b"~")
        .expect("every byte is a token")
}

#[test]
fn who_finds_no_memory_gets_that_of_earlier_prompts() {
    let again = "which films were never lent to anybody? ".repeat(5);
    for (times, is_kept) in [(0, true), (1, false)] {
        let mut model = load(&TinyGguf::new(1));
        let bad = tilde(&model);
        Spaces::put_without_memory(&mut model, bad, times);
        let mut scheduler = Scheduler::new(4);
        let mut heard = Heard::default();
        for (id, question) in [(1, again.as_str()), (2, "not ~ fine"), (3, again.as_str())] {
            start(&mut scheduler, &mut model, id, &request(question, "scope", 5));
            heard.all(&mut scheduler, &mut model);
        }
        let cached: Vec<u32> = heard
            .ended
            .iter()
            .map(|(id, result)| match result {
                Ok(done) => done.stats.cached_tokens,
                Err(error) => panic!("{id}: {error}"),
            })
            .collect();
        assert_eq!(cached[2] > 200, is_kept, "{cached:?}");
    }
}

#[test]
fn a_request_without_memory_is_refused_and_no_other() {
    let mut model = load(&TinyGguf::new(1));
    let bad = tilde(&model);
    Spaces::put_without_memory(&mut model, bad, usize::MAX);
    let mut scheduler = Scheduler::new(4);
    let mut heard = Heard::default();
    for (id, question) in [(1, "fine"), (2, "not ~ fine"), (3, "fine too")] {
        start(&mut scheduler, &mut model, id, &request(question, "scope", 5));
    }
    heard.all(&mut scheduler, &mut model);
    assert_eq!(heard.ended.len(), 3);
    for (id, result) in &heard.ended {
        match result {
            Err(error) => assert_eq!((*id, error.code()), (2, FailureCode::OutOfMemory)),
            Ok(done) => assert_ne!((*id, done.stats.generated_tokens), (2, 5)),
        }
    }
    assert_eq!(heard.ended.iter().filter(|(_, result)| result.is_err()).count(), 1);
}

#[test]
fn what_cannot_be_computed_fails_alone() {
    let mut model = load(&TinyGguf::new(1));
    let bad = tilde(&model);
    Spaces::put(&mut model, Some(bad));
    let mut scheduler = Scheduler::new(4);
    let mut heard = Heard::default();
    for (id, question) in [(1, "fine"), (2, "not ~ fine"), (3, "fine too")] {
        start(&mut scheduler, &mut model, id, &request(question, "scope", 5));
    }
    heard.all(&mut scheduler, &mut model);
    for (id, result) in &heard.ended {
        match result {
            Err(EngineError::NotFinite) => assert_eq!(*id, 2),
            Ok(done) => assert_eq!(done.stats.generated_tokens, 5),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(heard.ended.len(), 3);
}

#[test]
fn a_cancel_ends_one_request_and_no_other() {
    let mut model = load(&TinyGguf::new(1));
    Spaces::put(&mut model, None);
    let mut scheduler = Scheduler::new(2);
    let mut heard = Heard::default();
    let controls: Vec<Control> =
        (0..3).map(|id| start(&mut scheduler, &mut model, id, &request("?", "", 20))).collect();
    while heard.deltas(1) < 3 {
        heard.step(&mut scheduler, &mut model);
    }
    // One that is answered and one that waits.
    controls[1].cancel();
    controls[2].cancel();
    heard.step(&mut scheduler, &mut model);
    let cancelled: Vec<_> = heard.ended.drain(..).collect();
    assert_eq!(cancelled.len(), 2);
    assert!(cancelled.iter().all(|(id, r)| *id != 0 && matches!(r, Err(EngineError::Cancelled))));
    heard.all(&mut scheduler, &mut model);
    assert_eq!(heard.ended[0].1.as_ref().expect("it ends").stats.generated_tokens, 20);
}

#[test]
fn a_schema_asked_about_twice_at_a_time_is_computed_once() {
    let mut model = load(&TinyGguf::new(1));
    let passes = Spaces::put(&mut model, None);
    let mut scheduler = Scheduler::new(4);
    let mut heard = Heard::default();
    let mut asked = request("how many films?", "db/role", 30);
    asked.prompt.system = "film(film_id, title) ".repeat(15);
    start(&mut scheduler, &mut model, 1, &asked);
    asked.prompt.turns[0].text = "how many actors?".into();
    start(&mut scheduler, &mut model, 2, &asked);
    heard.all(&mut scheduler, &mut model);
    let Event::Started { prompt_tokens, cached_tokens } = heard.events[&2][0] else {
        panic!("{:?}", heard.events[&2])
    };
    assert!(cached_tokens > 200 && cached_tokens < prompt_tokens, "{cached_tokens} cached");
    let passes = passes.lock().unwrap();
    assert!(passes.iter().any(|spans| spans.len() == 2), "they were answered together");
}
