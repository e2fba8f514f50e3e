//! Constrained decoding: the grammar and the names, token by token.

use text2sql_core::chat::Segment;
use text2sql_core::grammar::{Catalog, scope};
use text2sql_core::protocol::{
    Constraint, ConstraintUse, Event, Finish, GenerationStats, MAX_CONSTRAINT_NAMES, Sampling,
};
use text2sql_core::sql::{CandidateSql, policy};
use text2sql_engine::arch::{Decoder, Span};
use text2sql_engine::constraint::Judgement;
use text2sql_engine::error::EngineError;
use text2sql_engine::kv_cache::Shape;
use text2sql_engine::model::LoadedModel;
use text2sql_testkit::tiny_family::Family;
use text2sql_testkit::tiny_gguf::TinyGguf;

use crate::support::{Playback, generate, load, patient, request, token_of_byte};

const ACCEPTED: &str = include_str!("../../../core/tests/grammar/accepted.sql");
const REFUSED_NAMES: &str = include_str!("../../../core/tests/grammar/refused_names.sql");
const REFUSED_SYNTAX: &str = include_str!("../../../core/tests/grammar/refused_syntax.sql");

fn constraint() -> Constraint {
    serde_json::from_str(include_str!("../../../core/tests/grammar/schema.json")).unwrap()
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("-- "))
}

/// What stops a statement, if anything does: the text before it, and why.
fn stopped(model: &mut LoadedModel, statement: &str) -> Option<(String, &'static str)> {
    let (constraints, tokenizer) = model.constraints();
    let mut answer = constraints.start(&constraint(), "```sql\n").unwrap();
    let tokens = tokenizer.encode_rest(statement).unwrap();
    let mut text = Vec::new();
    let so_far = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    for token in tokens.into_iter().chain([tokenizer.end()]) {
        let candidates = answer.candidates();
        let mask = answer.mask();
        if !mask.is_ok_and(|mask| mask.is_allowed(token)) {
            return Some((so_far(&text), "masked"));
        }
        assert!(candidates.unwrap().is_allowed(token), "as the mask: {}", so_far(&text));
        assert!(answer.allows(token, tokenizer).unwrap(), "as the mask: {}", so_far(&text));
        if answer.judge(token, tokenizer).unwrap() != Judgement::Good {
            return Some((so_far(&text), "judged"));
        }
        if token != tokenizer.end() {
            answer.advance(token, tokenizer).unwrap();
            text.extend_from_slice(tokenizer.bytes(token));
        }
    }
    assert!(answer.is_complete() && answer.keeps_names());
    None
}

#[test]
fn every_construct_can_be_written() {
    let mut model = load(&TinyGguf::new(1));
    let refused: Vec<String> = lines(ACCEPTED)
        .filter_map(|statement| {
            let (text, why) = stopped(&mut model, statement)?;
            Some(format!("{statement}\n  {why} after {text:?}"))
        })
        .collect();
    assert!(refused.is_empty(), "{} refused:\n{}", refused.len(), refused.join("\n"));
    let (grammars, catalogs) = model.constraints().0.len();
    assert_eq!((grammars, catalogs), (1, 1), "compiled once");
}

#[test]
fn what_is_no_statement_over_these_names_cannot_be_written() {
    let mut model = load(&TinyGguf::new(1));
    let written: Vec<&str> = lines(REFUSED_NAMES)
        .chain(lines(REFUSED_SYNTAX))
        .filter(|statement| stopped(&mut model, statement).is_none())
        .collect();
    assert!(written.is_empty(), "{written:#?}");
}

#[test]
fn the_tokens_of_every_family_write_what_can_be_written_and_nothing_else() {
    for family in Family::ALL {
        let mut model = load(&TinyGguf::of_family(family, 1));
        // Every tenth: the grammar is the same, the tokens are not.
        let refused: Vec<String> = lines(ACCEPTED)
            .step_by(10)
            .filter_map(|statement| {
                let (text, why) = stopped(&mut model, statement)?;
                Some(format!("{statement}\n  {why} after {text:?}"))
            })
            .collect();
        assert!(refused.is_empty(), "{family:?}: {}", refused.join("\n"));
        let written: Vec<&str> = lines(REFUSED_NAMES)
            .chain(lines(REFUSED_SYNTAX))
            .step_by(10)
            .filter(|statement| stopped(&mut model, statement).is_none())
            .collect();
        assert!(written.is_empty(), "{family:?}: {written:#?}");
    }
}

/// A decoder that wants anything for a while, and then an end.
struct Restless {
    seed: u64,
    prompt: usize,
    vocab: usize,
    ends: Vec<(u32, f32)>,
}

impl Restless {
    /// What is wanted at a position of the answer.
    fn row(&self, at: usize) -> Vec<f32> {
        let at = at as u64;
        let mut state = self.seed ^ (at << 32);
        let mut row: Vec<f32> = (0..self.vocab)
            .map(|_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (state >> 40) as f32 / (1u64 << 24) as f32
            })
            .collect();
        for (token, more) in self.ends.iter().filter(|_| at > 16 + self.seed % 24) {
            row[*token as usize] += more;
        }
        row
    }
}

impl Decoder for Restless {
    fn shape(&self) -> Shape {
        Shape { layers: 1, heads: 1, dim: 2 }
    }

    fn forward_spans(&mut self, spans: &mut [Span<'_>]) -> Result<Vec<f32>, EngineError> {
        let mut logits = Vec::new();
        for span in spans {
            assert!(span.cache.reserve(span.tokens.len())?);
            span.cache.advance(span.tokens.len());
            for back in (0..span.logits.rows(span.tokens.len())).rev() {
                logits.extend(self.row((span.cache.len() - back).saturating_sub(self.prompt)));
            }
        }
        Ok(logits)
    }

    fn exact_rows(&self) -> usize {
        usize::MAX
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
fn whatever_a_model_wants_it_writes_one_select_over_known_names() {
    let names = Catalog::new(&constraint());
    let mut model = load(&TinyGguf::new(1));
    let mut asked = request("?", "", 1);
    let prompt = generate(&mut model, &asked, &patient()).0.unwrap().stats.prompt_tokens as usize;
    let vocab = model.tokenizer().len();
    let ends = [(b';', 9.0), (b')', 8.0), (b'\'', 7.0), (b'"', 7.0), (b'1', 0.7), (b' ', 0.6)];
    let ends: Vec<(u32, f32)> =
        ends.iter().map(|(byte, more)| (token_of_byte(&model, *byte), *more)).collect();
    asked.max_new_tokens = 100;
    asked.constraint = Some(constraint());
    let mut complete = 0;
    for seed in 0..60 {
        let ends = ends.clone();
        model.replace_decoder(Box::new(Restless { seed, prompt, vocab, ends }));
        let done = generate(&mut model, &asked, &patient()).0.unwrap();
        assert_ne!(done.stats.constraint, ConstraintUse::Failed, "{seed}: {}", done.text);
        assert!(done.stats.masked_tokens > 0 && done.stats.mask_us > 0);
        let ended = done.finish == Finish::Stop;
        if done.stats.constraint == ConstraintUse::Kept {
            let verdict = scope::check(&names, &done.text, ended);
            assert_eq!(verdict.violation, None, "{seed}: {}", done.text);
        }
        if ended {
            complete += 1;
            // A rule may still refuse what it does, but it is one statement and a SELECT.
            if let Err(refusal) = policy::check(CandidateSql::extract(&done.text).unwrap()) {
                let bad =
                    ["not-a-select", "several-statements", "malformed-text", "empty-statement"];
                assert!(!bad.contains(&refusal.rule), "{seed}: {} {refusal:?}", done.text);
            }
        }
    }
    assert!(complete >= 10, "{complete} of 60 ended");
}

/// A decoder that says a text byte by byte, by the position it has come to: what was forced it
/// does not say again, and what was taken back it does.
struct Script {
    tokens: Vec<u32>,
    prompt: usize,
    vocab: usize,
}

impl Decoder for Script {
    fn shape(&self) -> Shape {
        Shape { layers: 1, heads: 1, dim: 2 }
    }

    fn forward_spans(&mut self, spans: &mut [Span<'_>]) -> Result<Vec<f32>, EngineError> {
        let mut logits = Vec::new();
        for span in spans {
            assert!(span.cache.reserve(span.tokens.len())?);
            span.cache.advance(span.tokens.len());
            for back in (0..span.logits.rows(span.tokens.len())).rev() {
                let mut row = vec![0.0; self.vocab];
                let said = (span.cache.len() - back).checked_sub(self.prompt);
                let token = said.and_then(|at| self.tokens.get(at)).copied().unwrap_or(220);
                row[token as usize] = 1.0;
                logits.extend(row);
            }
        }
        Ok(logits)
    }

    fn exact_rows(&self) -> usize {
        usize::MAX
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

/// What comes of a model that wants to write `text`, byte by byte.
fn wanted(text: &str, most: u32) -> (String, GenerationStats) {
    let mut model = load(&TinyGguf::new(1));
    let tokens = text.bytes().map(|byte| token_of_byte(&model, byte)).collect();
    wanted_tokens(&mut model, tokens, most)
}

/// What comes of a model that wants to write tokens.
fn wanted_tokens(
    model: &mut LoadedModel,
    tokens: Vec<u32>,
    most: u32,
) -> (String, GenerationStats) {
    let mut asked = request("?", "", 1);
    let prompt = generate(model, &asked, &patient()).0.unwrap().stats.prompt_tokens as usize;
    let vocab = model.tokenizer().len();
    model.replace_decoder(Box::new(Script { tokens, prompt, vocab }));
    asked.max_new_tokens = most;
    asked.constraint = Some(constraint());
    let (done, events) = generate(model, &asked, &patient());
    let done = done.unwrap();
    let told: String = events
        .iter()
        .filter_map(|event| match event {
            Event::Delta { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(told, done.text, "nothing is told that is taken back");
    (done.text, done.stats)
}

#[test]
fn a_good_statement_is_left_as_it_is() {
    let statement = "SELECT c.name FROM shop.customers AS c WHERE c.city = 'x'";
    let (text, stats) = wanted(&format!("{statement};"), 80);
    assert_eq!(text, statement);
    assert_eq!((stats.backtracked_tokens, stats.masked_tokens), (0, 0));
    assert!(stats.forced_tokens > 0, "shop.cu must go on with stomers");
    assert_eq!(stats.constraint, ConstraintUse::Kept);
}

/// What must follow is found in the model's own tokens, of which those of pieces have no space in
/// front in the middle of a statement.
#[test]
fn names_go_on_by_themselves_in_the_tokens_of_every_family() {
    let statement = "SELECT c.name FROM shop.customers AS c WHERE c.city = 'x'";
    for family in Family::ALL {
        let mut model = load(&TinyGguf::of_family(family, 1));
        let mut tokens = model.tokenizer().encode_rest(&format!("{statement};")).unwrap();
        tokens.push(model.tokenizer().end());
        let (text, stats) = wanted_tokens(&mut model, tokens, 80);
        assert_eq!(text, statement, "{family:?}");
        assert_eq!((stats.backtracked_tokens, stats.masked_tokens), (0, 0), "{family:?}");
        assert!(stats.forced_tokens > 0, "{family:?}: shop.cu must go on with stomers");
        assert_eq!(stats.constraint, ConstraintUse::Kept);
    }
}

#[test]
fn a_column_of_another_table_is_taken_back_when_the_from_clause_is_there() {
    let (text, stats) = wanted("SELECT c.total FROM shop.customers c;", 60);
    assert!(stats.backtracked_tokens > 0, "{text} {stats:?}");
    let verdict = scope::check(&Catalog::new(&constraint()), &text, false);
    assert_eq!(verdict.violation, None, "{text}");
}

#[test]
fn a_fence_in_a_string_does_not_end_the_statement() {
    let statement = "SELECT replace(c.name, '```', '') FROM shop.customers AS c WHERE c.city = 'x'";
    let (text, stats) = wanted(&format!("{statement};"), 120);
    assert_eq!(text, statement);
    assert_eq!((stats.backtracked_tokens, stats.masked_tokens), (0, 0));
    assert_eq!(stats.constraint, ConstraintUse::Kept);
}

/// A decoder that wants the same everywhere.
struct Same(Vec<f32>);

impl Decoder for Same {
    fn shape(&self) -> Shape {
        Shape { layers: 1, heads: 1, dim: 2 }
    }

    fn forward_spans(&mut self, spans: &mut [Span<'_>]) -> Result<Vec<f32>, EngineError> {
        let mut logits = Vec::new();
        for span in spans {
            assert!(span.cache.reserve(span.tokens.len())?);
            span.cache.advance(span.tokens.len());
            for _ in 0..span.logits.rows(span.tokens.len()) {
                logits.extend_from_slice(&self.0);
            }
        }
        Ok(logits)
    }

    fn exact_rows(&self) -> usize {
        usize::MAX
    }

    fn vocab(&self) -> usize {
        self.0.len()
    }

    fn trained_context(&self) -> usize {
        1 << 20
    }

    fn weight_bytes(&self) -> usize {
        0
    }
}

#[test]
fn a_drawn_token_that_is_refused_gives_way_to_the_likeliest() {
    let mut model = load(&TinyGguf::new(1));
    let mut row = vec![-50.0; model.tokenizer().len()];
    // Drawn in 44, 40 and 16 of 100 cases.
    for (byte, logit) in [(b'S', 3.0), (b')', 2.9), (b'W', 2.0)] {
        row[token_of_byte(&model, byte) as usize] = logit;
    }
    model.replace_decoder(Box::new(Same(row)));
    let mut asked = request("?", "", 1);
    asked.constraint = Some(constraint());
    let (mut drawn, mut refused) = (0, 0);
    for seed in 0..400 {
        asked.sampling = Some(Sampling { temperature: 1000, top_p: 1000, seed });
        let done = generate(&mut model, &asked, &patient()).0.unwrap();
        assert!(matches!(done.text.as_str(), "S" | "W"), "{seed}: {}", done.text);
        drawn += u32::from(done.text == "W");
        refused += done.stats.masked_tokens;
        assert!(done.stats.masked_tokens == 0 || done.text == "S", "{seed}: the likeliest");
    }
    assert!((30..100).contains(&drawn), "{drawn} of 400");
    assert!((120..200).contains(&refused), "{refused} of 400");
}

#[test]
fn a_constraint_that_is_too_large_is_left_out() {
    let mut model = load(&TinyGguf::new(1));
    Playback::say(&mut model, "anything; ");
    let mut asked = request("?", "", 40);
    let mut large = constraint();
    large.functions = vec!["f".into(); MAX_CONSTRAINT_NAMES + 1];
    asked.constraint = Some(large);
    let done = generate(&mut model, &asked, &patient()).0.unwrap();
    assert_eq!(done.stats.constraint, ConstraintUse::Failed);
    assert_eq!(done.text, "anything");
}

#[test]
fn the_prefix_of_the_prompt_is_part_of_the_statement() {
    let mut model = load(&TinyGguf::new(1));
    let (constraints, tokenizer) = model.constraints();
    let mut answer = constraints.start(&constraint(), "```sql\nSELECT ").unwrap();
    let token = |text: &str| tokenizer.encode(&[Segment::Text(text.into())]).unwrap()[0];
    let mask = answer.mask().unwrap();
    assert!(mask.is_allowed(token("1")) && !mask.is_allowed(token(")")));
    assert!(!answer.is_complete());
}

/// Of every token, not only of one that is wanted: some are allowed or refused without being
/// looked at.
#[test]
fn a_mask_has_the_tokens_that_are_allowed_one_by_one() {
    for family in Family::ALL {
        let mut model = load(&TinyGguf::of_family(family, 1));
        let (constraints, tokenizer) = model.constraints();
        for statement in lines(ACCEPTED).step_by(40) {
            let mut answer = constraints.start(&constraint(), "").unwrap();
            for token in tokenizer.encode_rest(statement).unwrap() {
                let so_far = answer.text().to_owned();
                let mask = answer.mask().unwrap();
                let candidates = answer.candidates().unwrap();
                for token in 0..tokenizer.len() as u32 {
                    let allowed = answer.allows(token, tokenizer).unwrap();
                    let told = (mask.is_allowed(token), allowed || !candidates.is_allowed(token));
                    let bytes = String::from_utf8_lossy(tokenizer.bytes(token));
                    assert_eq!(told, (allowed, true), "{family:?}: {so_far:?} + {bytes:?}");
                }
                answer.advance(token, tokenizer).unwrap();
            }
        }
    }
}

#[test]
fn tokens_taken_back_leave_no_trace() {
    let mut model = load(&TinyGguf::new(1));
    let (constraints, tokenizer) = model.constraints();
    let mut answer = constraints.start(&constraint(), "```sql\n").unwrap();
    let tokens = tokenizer.encode(&[Segment::Text("SELECT name FROM shop.".into())]).unwrap();
    let mut masks = Vec::new();
    for token in &tokens {
        masks.push(answer.mask().unwrap());
        answer.advance(*token, tokenizer).unwrap();
    }
    for count in [1, 3] {
        answer.rollback(count).unwrap();
        for token in &tokens[tokens.len() - count..] {
            let at = tokens.len() - count;
            if *token == tokens[at] {
                assert!(answer.mask().unwrap() == masks[at]);
            }
            answer.advance(*token, tokenizer).unwrap();
        }
    }
}
