//! Generation: its end, its limits, cancelling and the deadline.
//!
//! No test looks at a clock: the decoder itself cancels, or waits for the deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use text2sql_core::protocol::{Event, FailureCode, Finish, Sampling};
use text2sql_engine::control::Control;
use text2sql_engine::error::EngineError;
use text2sql_engine::kernels::product;
use text2sql_testkit::tiny_gguf::TinyGguf;

use crate::support::{
    CONTEXT, Playback, generate, load, load_bytes, patient, request, token_of_byte,
};

/// What a decoder saying `text` is understood as.
fn said(text: &str, prefix: &str) -> (String, Finish, u32) {
    let mut model = load(&TinyGguf::new(1));
    Playback::say(&mut model, text);
    let mut asked = request("?", "", 100);
    asked.prompt.assistant_prefix = prefix.into();
    let (done, events) = generate(&mut model, &asked, &patient());
    let done = done.unwrap();
    let streamed: String = events
        .iter()
        .filter_map(|event| match event {
            Event::Delta { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(streamed, done.text, "what was streamed is the answer");
    assert!(matches!(events[0], Event::Started { cached_tokens: 0, .. }), "{:?}", events[0]);
    (done.text, done.finish, done.stats.generated_tokens)
}

#[test]
fn greedy_generation_stops_at_the_end_of_the_statement() {
    let fence = "```sql\n";
    for (text, prefix, expected) in [
        ("SELECT 1; SELECT 2", fence, "SELECT 1"),
        ("SELECT ';' ; x", fence, "SELECT ';' "),
        ("SELECT 1\n```\nThat is all", fence, "SELECT 1\n"),
        ("SELECT 'é€😀'; x", fence, "SELECT 'é€😀'"),
        ("SELECT $$;$$ /* ; */; x", "", "SELECT $$;$$ /* ; */"),
    ] {
        let (found, finish, _) = said(text, prefix);
        assert_eq!((found.as_str(), finish), (expected, Finish::Stop), "{text}");
    }
    assert_eq!(said("SELECT 1; SELECT 2", fence).2, 9, "not a token is computed after the end");
}

#[test]
fn the_end_token_and_every_other_control_token_end_the_turn() {
    for special in ["<|im_end|>", "<|endoftext|>", "<|im_start|>"] {
        let mut model = load(&TinyGguf::new(1));
        let count = model.tokenizer().len() as u32;
        let offset = ["<|im_end|>", "<|im_start|>", "<|endoftext|>"]
            .iter()
            .position(|name| *name == special)
            .unwrap() as u32;
        let letter = token_of_byte(&model, b'a');
        Playback::tokens(&mut model, vec![letter, count - 1 - offset, letter], Box::new(|_| {}));
        let done = generate(&mut model, &request("?", "", 10), &patient()).0.unwrap();
        assert_eq!((done.text.as_str(), done.finish), ("a", Finish::Stop), "{special}");
    }
}

#[test]
fn max_new_tokens_ends_a_generation_that_does_not_end_itself() {
    for most in [1, 2, 9] {
        let mut model = load(&TinyGguf::new(1));
        Playback::say(&mut model, "SELECT 1234567890");
        let done = generate(&mut model, &request("?", "", most), &patient()).0.unwrap();
        assert_eq!(done.finish, Finish::Length);
        assert_eq!(done.stats.generated_tokens, most);
        assert_eq!(done.text, &"SELECT 1234567890"[..most as usize]);
    }
}

#[test]
fn half_a_character_at_the_limit_is_replaced_and_never_invalid() {
    let mut model = load(&TinyGguf::new(1));
    Playback::say(&mut model, "é");
    let done = generate(&mut model, &request("?", "", 1), &patient()).0.unwrap();
    assert_eq!(done.text, "\u{FFFD}");
}

#[test]
fn a_prompt_that_does_not_fit_with_its_answer_is_refused_with_the_numbers() {
    let mut model = load(&TinyGguf::new(1));
    let asked = request("?", "", 1);
    let prompt = generate(&mut model, &asked, &patient()).0.unwrap().stats.prompt_tokens;
    // Exactly full is allowed; one more is not.
    Playback::say(&mut model, "");
    let room = CONTEXT - prompt;
    let full = generate(&mut model, &request("?", "", room), &patient()).0.unwrap();
    assert_eq!((full.finish, full.stats.generated_tokens), (Finish::Length, room));
    for most in [room + 1, u32::MAX] {
        let (result, events) = generate(&mut model, &request("?", "", most), &patient());
        let error = result.unwrap_err();
        assert_eq!(error.code(), FailureCode::PromptTooLong);
        match error {
            EngineError::PromptTooLong { prompt: p, new, context } => {
                assert_eq!((p, new, context), (prompt as usize, most as usize, CONTEXT as usize));
            }
            other => panic!("{other:?}"),
        }
        assert!(events.is_empty(), "nothing was started");
    }
}

/// Result and number of forward passes, where `at_pass` is called in front of each.
fn passes(
    control: &Control,
    most: u32,
    mut at_pass: impl FnMut(usize) + Send + 'static,
) -> (EngineError, usize) {
    let mut model = load(&TinyGguf::new(1));
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    Playback::tokens(
        &mut model,
        Vec::new(),
        Box::new(move |_| at_pass(counter.fetch_add(1, Ordering::Relaxed))),
    );
    let error = generate(&mut model, &request(&"x".repeat(300), "", most), control).0.unwrap_err();
    (error, count.load(Ordering::Relaxed))
}

/// Passes a prompt of [`passes`] takes.
fn chunks() -> usize {
    let mut model = load(&TinyGguf::new(1));
    let asked = request(&"x".repeat(300), "", 1);
    let prompt = generate(&mut model, &asked, &patient()).0.unwrap().stats.prompt_tokens;
    (prompt as usize).div_ceil(16)
}

#[test]
fn cancelling_is_noticed_at_the_next_chunk_and_at_the_next_token() {
    let chunks = chunks();
    assert!(chunks > 10, "{chunks}");
    for last in [0, 3, chunks - 1, chunks, chunks + 7] {
        let control = patient();
        let handle = control.clone();
        let (error, count) = passes(&control, 50, move |pass| {
            if pass == last {
                handle.cancel();
            }
        });
        assert_eq!(error.code(), FailureCode::Cancelled);
        assert_eq!(count, last + 1, "passes, when cancelled in the one numbered {last}");
    }
    let control = patient();
    control.cancel();
    assert_eq!(passes(&control, 50, |_| {}).1, 0, "cancelled before it began");
}

#[test]
fn the_deadline_is_noticed_at_the_next_chunk_and_at_the_next_token() {
    for last in [2, chunks() + 2] {
        let control = Control::new(Duration::from_secs(2));
        let clock = control.clone();
        let (error, count) = passes(&control, 50, move |pass| {
            while pass == last && clock.check().is_ok() {
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        assert_eq!(error.code(), FailureCode::Deadline);
        // Fewer on a machine that was stalled for the whole time.
        assert!(count <= last + 1, "{count} passes after the deadline in {last}");
    }
    let (error, count) = passes(&Control::new(Duration::ZERO), 50, |_| {});
    assert_eq!((error.code(), count), (FailureCode::Deadline, 0));
}

#[test]
fn weights_that_compute_no_number_are_refused_at_load() {
    for x in [f32::NAN, f32::INFINITY] {
        let mut gguf = TinyGguf::new(1);
        let norm = gguf.tensors.iter_mut().find(|t| t.name == "output_norm.weight").unwrap();
        norm.data[..4].copy_from_slice(&x.to_le_bytes());
        let error = load_bytes(&gguf.bytes()).err().expect("it was loaded");
        assert!(matches!(error, EngineError::NotFinite), "{error:?}");
        assert_eq!(error.code(), FailureCode::BadModel);
    }
}

#[test]
fn guessing_ahead_changes_no_answer() {
    let (mut guessed, mut right) = (0, 0);
    for seed in 1..6 {
        for gguf in [TinyGguf::new(seed), TinyGguf::k_quants(seed)] {
            let mut model = load(&gguf);
            for number in 0..20 {
                // What repeats is guessed; the answer of a random model repeats soon.
                let question = format!("films {number} films {number} of {seed}").repeat(3);
                let asked = request(&question, "", 40);
                let with = generate(&mut model, &asked, &patient()).0.unwrap();
                model.set_guess_ahead(false);
                let without = generate(&mut model, &asked, &patient()).0.unwrap();
                model.set_guess_ahead(true);
                assert_eq!((&with.text, with.finish), (&without.text, without.finish));
                assert_eq!(with.stats.generated_tokens, without.stats.generated_tokens);
                assert_eq!(without.stats.guessed_tokens, 0);
                guessed += with.stats.guessed_tokens;
                right += with.stats.right_tokens;
            }
        }
    }
    if product::supported() {
        assert!(right > 0 && right < guessed, "{right} of {guessed} prove nothing");
    }
}

#[test]
fn the_answer_says_how_unlikely_its_tokens_were() {
    let mut model = load(&TinyGguf::new(1));
    Playback::say(&mut model, "SELECT 1;");
    let vocab = model.tokenizer().len() as f64;
    let stats = generate(&mut model, &request("?", "", 100), &patient()).0.unwrap().stats;
    // One logit is 1, the others are 0.
    let each = -(1f64.exp() / (1f64.exp() + vocab - 1.0)).ln() * 1e6;
    assert_eq!(stats.weighed_tokens, 9);
    assert!((stats.worst_surprisal as f64 / each - 1.0).abs() < 1e-4, "{stats:?} {each}");
    assert!((stats.surprisal as f64 / (9.0 * each) - 1.0).abs() < 1e-4, "{stats:?} {each}");
}

#[test]
fn a_drawn_answer_depends_on_its_seed_and_nothing_else() {
    let mut model = load(&TinyGguf::new(1));
    let mut answer = |sampling| {
        let mut asked = request("?", "a", 30);
        asked.sampling = sampling;
        generate(&mut model, &asked, &patient()).0.unwrap()
    };
    let drawn = |seed| Some(Sampling { temperature: 1000, top_p: 1000, seed });
    let (greedy, first) = (answer(None), answer(drawn(1)));
    assert_ne!(greedy.text, first.text);
    assert_ne!(answer(drawn(2)).text, first.text);
    assert_eq!(answer(drawn(1)).text, first.text);
    assert_eq!(answer(None).text, greedy.text);
    let cold = Some(Sampling { temperature: 0, top_p: 1000, seed: 1 });
    assert_eq!(answer(cold).text, greedy.text);
    assert!(first.stats.surprisal > greedy.stats.surprisal);
}
