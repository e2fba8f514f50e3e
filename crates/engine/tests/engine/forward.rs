//! The forward pass of Qwen2 against the reference, and against itself in other portions.

use text2sql_engine::arch::Logits;
use text2sql_engine::error::EngineError;
use text2sql_engine::kernels::product;
use text2sql_testkit::tiny_gguf::TinyGguf;

use crate::reference::{Reference, as_floats};
use crate::support::{CONTEXT, all_logits, distance, load, some_tokens};

#[test]
fn float_weights_give_the_logits_of_the_reference() {
    let gguf = as_floats(&TinyGguf::new(1));
    let tokens = some_tokens(40);
    let expected: Vec<f32> = Reference::new(&gguf, CONTEXT as usize).logits(&tokens).concat();
    let mut model = load(&gguf);
    let found = all_logits(&mut model, &tokens, tokens.len());
    // The order of summing differs, and keys and values are kept in 16 bits.
    let distance = distance(&expected, &found);
    assert!(distance < 1e-3, "{distance}");
}

#[test]
fn quantized_weights_give_the_logits_of_the_reference_within_the_rounding_of_activations() {
    for seed in 1..4 {
        let gguf = TinyGguf::new(seed);
        let tokens = some_tokens(40);
        let expected: Vec<f32> = Reference::new(&gguf, CONTEXT as usize).logits(&tokens).concat();
        let found = all_logits(&mut load(&gguf), &tokens, tokens.len());
        // Activations are rounded to 8 bits in front of every product.
        let distance = distance(&expected, &found);
        assert!(distance < 0.03, "seed {seed}: {distance}");
    }
}

#[test]
fn another_model_is_far_from_the_reference() {
    let tokens = some_tokens(40);
    let expected: Vec<f32> =
        Reference::new(&TinyGguf::new(1), CONTEXT as usize).logits(&tokens).concat();
    let found = all_logits(&mut load(&TinyGguf::new(2)), &tokens, tokens.len());
    assert!(distance(&expected, &found) > 0.5, "the measure of distance does not measure");
}

#[test]
fn chunks_of_any_size_give_the_logits_of_one_pass() {
    let tokens = some_tokens(75);
    for (gguf, exact) in [
        (as_floats(&TinyGguf::new(3)), false),
        (TinyGguf::new(3), true),
        (TinyGguf::k_quants(3), true),
    ] {
        let mut model = load(&gguf);
        let whole = all_logits(&mut model, &tokens, tokens.len());
        for chunk in [1, 2, 7, 8, 16, 33, 64, 74] {
            let parts = all_logits(&mut model, &tokens, chunk);
            let distance = distance(&whole, &parts);
            // Products of floats are candle's, which sums in another order.
            let bound = if exact && product::supported() { 0.0 } else { 1e-2 };
            assert!(distance <= bound, "chunks of {chunk}: {distance}");
        }
    }
}

#[test]
fn a_decode_step_is_the_prefill_of_the_longer_sequence() {
    let tokens = some_tokens(50);
    for (gguf, bound) in [
        (as_floats(&TinyGguf::new(4)), 1e-5),
        (TinyGguf::new(4), 1e-2),
        (TinyGguf::k_quants(4), 3e-2),
    ] {
        let mut model = load(&gguf);
        let decoder = model.decoder();
        let mut growing = decoder.new_cache(64);
        decoder.forward(&tokens[..40], &mut growing, Logits::None).unwrap();
        for length in 41..=50 {
            let step =
                decoder.forward(&tokens[length - 1..length], &mut growing, Logits::Last).unwrap();
            let mut fresh = decoder.new_cache(64);
            let whole = decoder.forward(&tokens[..length], &mut fresh, Logits::Last).unwrap();
            let distance = distance(&whole, &step);
            assert!(distance < bound, "{length} tokens: {distance}");
        }
    }
}

#[test]
fn a_cut_cache_continues_as_if_the_rest_had_never_been() {
    let tokens = some_tokens(40);
    let mut model = load(&TinyGguf::new(5));
    let decoder = model.decoder();
    let mut cut = decoder.new_cache(64);
    decoder.forward(&[&tokens[..20], &[1; 20]].concat(), &mut cut, Logits::None).unwrap();
    cut.truncate(20);
    let continued = decoder.forward(&tokens[20..], &mut cut, Logits::Last).unwrap();
    let mut fresh = decoder.new_cache(64);
    decoder.forward(&tokens[..20], &mut fresh, Logits::None).unwrap();
    let expected = decoder.forward(&tokens[20..], &mut fresh, Logits::Last).unwrap();
    assert_eq!(continued, expected);
}

#[test]
fn tokens_outside_the_vocabulary_or_the_context_are_refused_and_the_cache_keeps_its_length() {
    let mut model = load(&TinyGguf::new(6));
    let decoder = model.decoder();
    let mut cache = decoder.new_cache(8);
    decoder.forward(&[1, 2, 3], &mut cache, Logits::None).unwrap();
    let vocab = decoder.vocab() as u32;
    assert!(decoder.forward(&[vocab], &mut cache, Logits::Last).is_err());
    assert!(decoder.forward(&[u32::MAX], &mut cache, Logits::Last).is_err());
    assert!(decoder.forward(&[1; 6], &mut cache, Logits::Last).is_err());
    assert!(decoder.forward(&[], &mut cache, Logits::Last).is_err());
    assert_eq!(cache.len(), 3);
    assert!(decoder.forward(&[1; 5], &mut cache, Logits::Last).is_ok());
}

#[test]
fn a_pass_that_gives_no_number_leaves_the_cache_as_it_was() {
    let mut gguf = as_floats(&TinyGguf::new(1));
    let embedding = gguf.tensors.iter_mut().find(|t| t.name == "token_embd.weight").unwrap();
    let row = 4 * embedding.dims[0] as usize;
    embedding.data[5 * row..][..4].copy_from_slice(&f32::INFINITY.to_le_bytes());
    let mut model = load(&gguf);
    let decoder = model.decoder();
    let mut cache = decoder.new_cache(16);
    decoder.forward(&[1, 2, 3], &mut cache, Logits::None).unwrap();
    let error = decoder.forward(&[4, 5], &mut cache, Logits::Last).unwrap_err();
    assert!(matches!(error, EngineError::NotFinite), "{error:?}");
    assert_eq!(cache.len(), 3);
}
