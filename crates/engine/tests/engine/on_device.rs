//! The forward pass for GPUs, computing on the processor or, where `TEXT2SQL_TEST_DEVICE` names one,
//! on a GPU: against the reference, against the processor's own pass, against itself in other
//! portions and company, and through the generator. `candle` compares it with candle's models too.

use text2sql_core::protocol::Event;
use text2sql_engine::arch::{Logits, Span};
use text2sql_engine::error::EngineError;
use text2sql_engine::model::LoadedModel;
use text2sql_testkit::tiny_family::Family;
use text2sql_testkit::tiny_gguf::TinyGguf;

use crate::families::variants;
use crate::reference::{Reference, as_floats};
use crate::support::{
    CONTEXT, all_logits, device, distance, generate, load, load_on_device, load_with, patient,
    request, some_tokens,
};

/// Largest distance where weights are floats: the order of summing differs, and keys and values
/// are kept in 16 bits.
const OF_FLOATS: f64 = 1e-3;
/// Where they are quantized, activations are rounded to 8 bits in front of every product, and in
/// blocks of another size for one row than for many.
const OF_BLOCKS: f64 = 0.06;

/// A tiny model of every family, with a name.
fn all_families(seed: u64) -> Vec<(String, TinyGguf)> {
    let families = Family::ALL.map(|f| (format!("{f:?}"), TinyGguf::of_family(f, seed)));
    let mut all = families.to_vec();
    all.push(("Qwen2".into(), TinyGguf::new(seed)));
    all.push(("Qwen2 of K-types".into(), TinyGguf::k_quants(seed)));
    all
}

/// Those whose weights can be made floats by the reference.
fn all_of_floats(seed: u64) -> Vec<(String, TinyGguf)> {
    let mut all = all_families(seed);
    all.pop();
    all.into_iter().map(|(name, gguf)| (name, as_floats(&gguf))).collect()
}

#[test]
fn every_family_gives_the_logits_of_the_reference() {
    let tokens = some_tokens(70);
    let variants = variants().into_iter().map(|(what, _, gguf)| (what.to_owned(), gguf));
    for (name, gguf) in all_of_floats(1).into_iter().chain(variants) {
        let expected = Reference::new(&gguf, CONTEXT as usize).logits(&tokens).concat();
        let apart = distance(&expected, &all_logits(&mut load_on_device(&gguf), &tokens, 16));
        assert!(apart < OF_FLOATS, "{name}: {apart}");
    }
}

#[test]
fn quantized_weights_give_the_logits_of_the_processor() {
    let tokens = some_tokens(70);
    for (name, gguf) in all_families(2) {
        let expected = all_logits(&mut load(&gguf), &tokens, 16);
        let apart = distance(&expected, &all_logits(&mut load_on_device(&gguf), &tokens, 16));
        assert!(apart < OF_BLOCKS, "{name}: {apart}");
        let other = all_logits(&mut load_on_device(&gguf), &some_tokens(71)[1..], 16);
        assert!(distance(&expected, &other) > 0.5, "{name}: the distance does not measure");
    }
}

#[test]
fn chunks_of_any_size_give_the_logits_of_one_pass() {
    let tokens = some_tokens(75);
    for (name, gguf) in all_of_floats(3) {
        let mut model = load_on_device(&gguf);
        let whole = all_logits(&mut model, &tokens, tokens.len());
        for chunk in [1, 7, 33, 64, 74] {
            let parts = all_logits(&mut model, &tokens, chunk);
            let apart = distance(&whole, &parts);
            assert!(apart < OF_FLOATS, "{name}, chunks of {chunk}: {apart}");
        }
    }
}

#[test]
fn several_sequences_at_once_are_each_as_alone() {
    let tokens = some_tokens(60);
    for (name, gguf) in all_of_floats(4) {
        let mut model = load_on_device(&gguf);
        let decoder = model.decoder();
        let mut alone = Vec::new();
        for (prompt, rest) in [(0..20, 20..21), (5..38, 38..47), (0..1, 50..52)] {
            let mut cache = decoder.new_cache(64);
            decoder.forward(&tokens[prompt], &mut cache, Logits::None).unwrap();
            alone.extend(decoder.forward(&tokens[rest], &mut cache, Logits::All).unwrap());
        }
        let [mut a, mut b, mut c] = [0; 3].map(|_| decoder.new_cache(64));
        let prompts = &mut [
            Span { tokens: &tokens[0..20], cache: &mut a, logits: Logits::None },
            Span { tokens: &tokens[5..38], cache: &mut b, logits: Logits::None },
            Span { tokens: &tokens[0..1], cache: &mut c, logits: Logits::None },
        ];
        assert!(decoder.forward_spans(prompts).unwrap().is_empty());
        let together = decoder
            .forward_spans(&mut [
                Span { tokens: &tokens[20..21], cache: &mut a, logits: Logits::Last },
                Span { tokens: &tokens[38..47], cache: &mut b, logits: Logits::All },
                Span { tokens: &tokens[50..52], cache: &mut c, logits: Logits::Tail(2) },
            ])
            .unwrap();
        let apart = distance(&alone, &together);
        assert!(apart < OF_FLOATS, "{name}: {apart}");
    }
}

#[test]
fn a_cut_sequence_continues_as_if_the_rest_had_never_been() {
    let tokens = some_tokens(90);
    for (name, gguf) in all_of_floats(5) {
        let mut model = load_on_device(&gguf);
        let decoder = model.decoder();
        let mut cut = decoder.new_cache(90);
        decoder.forward(&[&tokens[..20], &[1; 60]].concat(), &mut cut, Logits::None).unwrap();
        cut.truncate(20);
        let found = decoder.forward(&tokens[20..], &mut cut, Logits::All).unwrap();
        let mut fresh = decoder.new_cache(90);
        decoder.forward(&tokens[..20], &mut fresh, Logits::None).unwrap();
        let expected = decoder.forward(&tokens[20..], &mut fresh, Logits::All).unwrap();
        // The twenty were computed in other company.
        let apart = distance(&expected, &found);
        assert!(apart < OF_FLOATS, "{name}: {apart}");
    }
}

#[test]
fn what_cannot_be_computed_is_refused_and_the_sequence_keeps_its_length() {
    let mut gguf = as_floats(&TinyGguf::new(6));
    let embedding = gguf.tensors.iter_mut().find(|t| t.name == "token_embd.weight").unwrap();
    let row = 4 * embedding.dims[0] as usize;
    embedding.data[5 * row..][..4].copy_from_slice(&f32::INFINITY.to_le_bytes());
    let mut model = load_on_device(&gguf);
    let decoder = model.decoder();
    let mut cache = decoder.new_cache(8);
    decoder.forward(&[1, 2, 3], &mut cache, Logits::None).unwrap();
    let vocab = decoder.vocab() as u32;
    for tokens in [&[vocab][..], &[u32::MAX], &[1; 6], &[]] {
        assert!(decoder.forward(tokens, &mut cache, Logits::Last).is_err(), "{tokens:?}");
    }
    let error = decoder.forward(&[4, 5], &mut cache, Logits::Last).unwrap_err();
    assert!(matches!(error, EngineError::NotFinite), "{error:?}");
    assert_eq!(cache.len(), 3);
    assert!(decoder.forward(&[1; 5], &mut cache, Logits::Last).is_ok());
}

/// Text of an answer, and how many tokens of its prompt were cached.
fn ask(model: &mut LoadedModel, question: &str, scope: &str) -> (String, u32) {
    let (done, events) = generate(model, &request(question, scope, 12), &patient());
    let Event::Started { cached_tokens, .. } = events[0] else { panic!("{:?}", events[0]) };
    (done.unwrap().text, cached_tokens)
}

const QUESTIONS: [&str; 2] = ["how many films?", "how many films are long?"];

#[test]
fn answers_are_those_of_the_processor_with_and_without_a_cached_prefix() {
    for (name, gguf) in all_of_floats(1) {
        let mut processor = load(&gguf);
        let mut device = load_on_device(&gguf);
        for round in 0..2 {
            for question in QUESTIONS {
                let (expected, _) = ask(&mut processor, question, "");
                assert_eq!(ask(&mut device, question, ""), (expected.clone(), 0), "{name}");
                let (text, cached) = ask(&mut device, question, "db/role");
                assert_eq!(text, expected, "{name}: {question} in round {round}");
                if (round, question) != (0, QUESTIONS[0]) {
                    assert!(cached > 50, "{name}: {cached}");
                }
            }
        }
        assert_eq!(ask(&mut device, QUESTIONS[0], "db/other").1, 0, "it is another role's");
    }
}

#[test]
fn guesses_change_no_answer_of_the_device() {
    // With the pieces of a statement behind it, a tiny model repeats itself: what guesses live on.
    for (name, gguf) in all_families(3) {
        let mut model = load_on_device(&gguf);
        for number in 0..10 {
            let asked = request(&format!("how many films of year {number}?"), "", 48);
            model.set_guess_ahead(true);
            let ahead = generate(&mut model, &asked, &patient()).0.unwrap();
            model.set_guess_ahead(false);
            let alone = generate(&mut model, &asked, &patient()).0.unwrap();
            assert_eq!(ahead.text, alone.text, "{name} {number}");
        }
    }
}

#[test]
fn a_prefix_of_several_blocks_is_continued_by_other_sequences() {
    let gguf = as_floats(&TinyGguf::new(2));
    let mut device = load_on_device(&gguf);
    let long = "film ".repeat(60);
    let first = format!("{long}how many films?");
    let second = format!("{long}who?");
    let (_, none) = ask(&mut device, &first, "scope");
    assert_eq!(none, 0);
    let (text, cached) = ask(&mut device, &second, "scope");
    assert!(cached > 3 * 64, "{cached}");
    assert_eq!(text, ask(&mut load(&gguf), &second, "").0);
    // Continuing it did not change it.
    let (text, cached) = ask(&mut device, &first, "scope");
    assert!(cached > 3 * 64, "{cached}");
    assert_eq!(text, ask(&mut load(&gguf), &first, "").0);
}

#[test]
fn the_memory_of_prefixes_is_bounded() {
    let gguf = TinyGguf::new(2);
    let block = load(&gguf).decoder().shape().block_bytes() as u64;
    let mut model = load_with(&gguf, |spec| {
        spec.device = device();
        // Each prompt takes two.
        spec.prefix_cache_bytes = 4 * block;
    });
    for scope in ["1", "2", "3"] {
        assert_eq!(ask(&mut model, "?", scope).1, 0);
    }
    assert!(ask(&mut model, "?", "3").1 > 0);
    assert_eq!(ask(&mut model, "?", "1").1, 0, "it was the longest unused");
}

#[test]
#[cfg(not(feature = "cuda"))]
fn an_engine_without_cuda_refuses_a_gpu_and_says_why() {
    use text2sql_core::device::DeviceName;
    use text2sql_core::protocol::{EngineReport, FailureCode};
    use text2sql_engine::frame_loop::EXIT_LOAD_FAILED;
    use text2sql_testkit::child::Engine;

    use crate::support::ModelFile;

    let file = ModelFile::new(&TinyGguf::new(1).bytes());
    let mut spec = file.spec();
    spec.device = DeviceName::Cuda(0);
    let mut engine =
        Engine::start(std::path::Path::new(env!("CARGO_BIN_EXE_text2sql-engine"))).unwrap();
    let reports = engine.load(spec).unwrap();
    let Some(EngineReport::LoadFailed { failure }) = reports.last() else { panic!("{reports:?}") };
    assert_eq!(failure.code, FailureCode::NoDevice);
    assert_eq!(failure.message, "the device cuda:0 cannot be used");
    assert_eq!(failure.detail.as_deref(), Some("this engine was built without CUDA"));
    assert!(failure.hint.as_ref().unwrap().contains("TEXT2SQL_CUDA=1"), "{failure:?}");
    let patience = std::time::Duration::from_secs(60);
    assert_eq!(engine.wait(patience).unwrap().code(), Some(i32::from(EXIT_LOAD_FAILED)));
}
