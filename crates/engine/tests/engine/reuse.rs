//! Cached prefixes: the same answers, sooner, and never across scopes.

use text2sql_core::protocol::{Event, GenerateRequest};
use text2sql_engine::model::LoadedModel;
use text2sql_testkit::tiny_gguf::TinyGguf;

use crate::support::{generate, load, load_with, patient, request};

/// Text of the answer and the number of cached tokens, as `Started` and the statistics agree.
fn ask(model: &mut LoadedModel, request: &GenerateRequest) -> (String, u32, u32) {
    let (done, events) = generate(model, request, &patient());
    let done = done.unwrap();
    let Event::Started { prompt_tokens, cached_tokens } = events[0] else {
        panic!("{:?}", events[0])
    };
    assert_eq!(done.stats.cached_tokens, cached_tokens);
    assert_eq!(done.stats.prompt_tokens, prompt_tokens);
    (done.text, cached_tokens, prompt_tokens)
}

const QUESTIONS: [&str; 4] =
    ["how many films?", "how many actors?", "how many films are long?", "zzz"];

#[test]
fn a_warm_cache_gives_the_text_of_a_cold_one() {
    let gguf = TinyGguf::k_quants(1);
    let mut warm = load(&gguf);
    let mut texts = Vec::new();
    for round in 0..2 {
        for question in QUESTIONS {
            let asked = request(question, "db/role", 40);
            let (cold, none, _) = ask(&mut load(&gguf), &asked);
            assert_eq!(none, 0);
            let (text, cached, prompt) = ask(&mut warm, &asked);
            assert_eq!(text, cold, "{question} in round {round}");
            if (round, question) != (0, QUESTIONS[0]) {
                // System turn and the beginning of the question are common to all.
                assert!(cached > 50, "{cached}");
            }
            assert!(cached < prompt, "one token at least has to be computed");
            texts.push(text);
        }
    }
    texts.dedup();
    assert!(texts.len() > 1, "answers that are all alike prove nothing");
}

#[test]
fn the_same_request_again_computes_one_token() {
    let mut model = load(&TinyGguf::new(2));
    let asked = request("how many films?", "db/role", 5);
    let (first, _, prompt) = ask(&mut model, &asked);
    let (second, cached, _) = ask(&mut model, &asked);
    assert_eq!(first, second);
    assert_eq!(cached, prompt - 1);
}

#[test]
fn nothing_is_shared_between_scopes_or_without_one() {
    let mut model = load(&TinyGguf::new(2));
    for scope in ["db/alice", "db/bob", "db/Alice", "db/alice ", "", ""] {
        let (_, cached, _) = ask(&mut model, &request("how many films?", scope, 5));
        assert_eq!(cached, 0, "{scope:?}");
    }
    // Alice's own is still there, also after requests without a scope.
    assert!(ask(&mut model, &request("how many films?", "db/alice", 5)).1 > 0);
}

#[test]
fn the_memory_of_prefixes_is_bounded_and_the_longest_unused_goes_first() {
    let gguf = TinyGguf::new(2);
    let block = load(&gguf).decoder().shape().block_bytes() as u64;
    // Each prompt takes two.
    let mut model = load_with(&gguf, |spec| spec.prefix_cache_bytes = 8 * block);
    let cached = |model: &mut LoadedModel, scope| ask(model, &request("?", scope, 2)).1;
    for scope in ["1", "2", "3", "4"] {
        assert_eq!(cached(&mut model, scope), 0);
    }
    assert!(cached(&mut model, "1") > 0);
    assert_eq!(cached(&mut model, "5"), 0);
    assert_eq!(cached(&mut model, "2"), 0, "2 was the longest unused");
    assert!(cached(&mut model, "1") > 0, "1 was used since");
}

#[test]
fn a_request_for_no_tokens_computes_the_prompt_alone() {
    let gguf = TinyGguf::k_quants(4);
    let mut model = load(&gguf);
    let (text, cached, prompt) = ask(&mut model, &request("how many films?", "scope", 0));
    assert_eq!((text.as_str(), cached), ("", 0));
    let asked = request("how many films?", "scope", 20);
    let (text, cached, _) = ask(&mut model, &asked);
    assert_eq!(cached, prompt - 1);
    assert_eq!(text, ask(&mut load(&gguf), &asked).0);
}

#[test]
fn forgetting_forgets() {
    let mut model = load(&TinyGguf::new(2));
    ask(&mut model, &request("?", "scope", 2));
    model.forget();
    assert_eq!(ask(&mut model, &request("?", "scope", 2)).1, 0);
}

#[test]
fn what_a_cancelled_prefill_left_behind_is_right() {
    let gguf = TinyGguf::k_quants(3);
    let asked = request("how many films are there, and how many actors?", "scope", 30);
    let expected = ask(&mut load(&gguf), &asked).0;
    let mut model = load(&gguf);
    let control = patient();
    let mut started = false;
    // After the third delta: in the middle of decoding.
    let mut deltas = 0;
    let cancelled = model.generate(&asked, &control, &mut |event| {
        started |= matches!(event, Event::Started { .. });
        deltas += usize::from(matches!(event, Event::Delta { .. }));
        if deltas == 3 {
            control.cancel();
        }
    });
    assert!(started);
    assert!(cancelled.is_err(), "{cancelled:?}");
    let (text, cached, _) = ask(&mut model, &asked);
    assert!(cached > 0);
    assert_eq!(text, expected);
}
