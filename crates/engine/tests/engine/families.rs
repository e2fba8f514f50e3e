//! The forward pass of every family against the reference, against itself in other company, and
//! what of its numbers is refused.

use text2sql_core::protocol::FailureCode;
use text2sql_engine::arch::{Logits, Span};
use text2sql_engine::error::EngineError;
use text2sql_engine::kernels::product;
use text2sql_testkit::tiny_family::Family;
use text2sql_testkit::tiny_gguf::{Meta, TinyGguf};

use crate::reference::{Reference, as_floats};
use crate::support::{CONTEXT, all_logits, distance, load, load_bytes, some_tokens};

/// Largest distance where weights are floats: the order of summing differs, and keys and values
/// are kept in 16 bits.
const OF_FLOATS: f64 = 1e-3;
/// Where they are quantized, activations are rounded to 8 bits in front of every product.
const OF_BLOCKS: f64 = 0.03;

fn expected(gguf: &TinyGguf, tokens: &[u32]) -> Vec<f32> {
    Reference::new(gguf, CONTEXT as usize).logits(tokens).concat()
}

#[test]
fn every_family_gives_the_logits_of_the_reference() {
    let tokens = some_tokens(40);
    for family in Family::ALL {
        let gguf = as_floats(&TinyGguf::of_family(family, 1));
        let found = all_logits(&mut load(&gguf), &tokens, 16);
        let apart = distance(&expected(&gguf, &tokens), &found);
        assert!(apart < OF_FLOATS, "{family:?}: {apart}");
    }
}

#[test]
fn quantized_weights_give_the_logits_of_the_reference_within_the_rounding_of_activations() {
    let tokens = some_tokens(40);
    for family in Family::ALL {
        for seed in 1..4 {
            let gguf = TinyGguf::of_family(family, seed);
            let found = all_logits(&mut load(&gguf), &tokens, tokens.len());
            let apart = distance(&expected(&gguf, &tokens), &found);
            // Seven layers round more than two.
            let bound = if family == Family::Gemma3 { 2.0 * OF_BLOCKS } else { OF_BLOCKS };
            assert!(apart < bound, "{family:?} {seed}: {apart}");
        }
    }
}

fn factors(of: impl Fn(usize) -> f32, pairs: usize) -> Vec<f32> {
    (0..pairs).map(of).collect()
}

fn changed(family: Family, change: impl FnOnce(&mut TinyGguf)) -> TinyGguf {
    let mut gguf = as_floats(&TinyGguf::of_family(family, 2));
    change(&mut gguf);
    gguf
}

/// What only some models of a family have.
pub fn variants() -> Vec<(&'static str, Family, TinyGguf)> {
    let with = |family, key: &'static str, value: Meta| {
        changed(family, |gguf| _ = gguf.set(&format!("{}.{key}", family.architecture()), value))
    };
    let phi_factors = |gguf: &mut TinyGguf, first_context: u32| {
        gguf.add_floats("rope_factors_short.weight", &[8], &factors(|i| 1.0 + i as f32, 8));
        gguf.add_floats("rope_factors_long.weight", &[8], &factors(|i| 9.0 - i as f32, 8));
        gguf.set("phi3.rope.scaling.attn_factor", Meta::F32(1.19));
        gguf.set("phi3.rope.scaling.original_context_length", Meta::U32(first_context));
    };
    let biased = |gguf: &mut TinyGguf| {
        for layer in 0..2 {
            for (name, len) in [("q", 64u16), ("k", 32), ("v", 32)] {
                let values: Vec<f32> = (0..len).map(|i| f32::from(i % 7) / 7.0 - 0.4).collect();
                gguf.add_floats(
                    &format!("blk.{layer}.attn_{name}.bias"),
                    &[u64::from(len)],
                    &values,
                );
            }
        }
    };
    vec![
        (
            "Llama 3.1's factors",
            Family::Llama3,
            changed(Family::Llama3, |gguf| {
                gguf.add_floats("rope_freqs.weight", &[8], &factors(|i| 1.0 + i as f32, 8));
            }),
        ),
        ("Llama with biases", Family::Llama3, changed(Family::Llama3, biased)),
        (
            "Mistral's window",
            Family::TinyLlama,
            with(Family::TinyLlama, "attention.sliding_window", Meta::U32(5)),
        ),
        (
            "part of a head turned",
            Family::TinyLlama,
            with(Family::TinyLlama, "rope.dimension_count", Meta::U32(12)),
        ),
        (
            "stretched positions",
            Family::Llama3,
            changed(Family::Llama3, |gguf| {
                gguf.set("llama.rope.scaling.type", Meta::Text("linear".into()));
                gguf.set("llama.rope.scaling.factor", Meta::F32(4.0));
            }),
        ),
        (
            "Phi's short factors",
            Family::Phi3,
            changed(Family::Phi3, |gguf| phi_factors(gguf, CONTEXT)),
        ),
        (
            "Phi's long factors",
            Family::Phi3,
            changed(Family::Phi3, |gguf| phi_factors(gguf, CONTEXT - 1)),
        ),
        (
            "Phi's part of a head turned",
            Family::Phi3,
            with(Family::Phi3, "rope.dimension_count", Meta::U32(12)),
        ),
        (
            "Phi's window",
            Family::Phi3,
            with(Family::Phi3, "attention.sliding_window", Meta::U32(7)),
        ),
        (
            "Gemma without windows",
            Family::Gemma3,
            with(Family::Gemma3, "attention.sliding_window", Meta::U32(0)),
        ),
        (
            "Gemma with another period",
            Family::Gemma3,
            with(Family::Gemma3, "attention.sliding_window_pattern", Meta::U32(3)),
        ),
        (
            "Gemma's stretched global layers",
            Family::Gemma3,
            changed(Family::Gemma3, |gguf| {
                gguf.set("gemma3.rope.scaling.type", Meta::Text("linear".into()));
                gguf.set("gemma3.rope.scaling.factor", Meta::F32(8.0));
            }),
        ),
        ("SmolLM with its own unembedding", Family::SmolLm2, {
            let other = TinyGguf::of_family(Family::SmolLm2, 9);
            changed(Family::SmolLm2, |gguf| {
                let mut output = as_floats(&other).tensors.swap_remove(0);
                output.name = "output.weight".into();
                gguf.tensors.push(output);
            })
        }),
    ]
}

#[test]
fn what_only_some_models_of_a_family_have_gives_the_logits_of_the_reference() {
    let tokens = some_tokens(40);
    for (what, family, gguf) in variants() {
        let reference = expected(&gguf, &tokens);
        let found = all_logits(&mut load(&gguf), &tokens, 16);
        let apart = distance(&reference, &found);
        assert!(apart < OF_FLOATS, "{what}: {apart}");
        let plain = expected(&changed(family, |_| {}), &tokens);
        let apart = distance(&reference, &plain);
        assert!(apart > 10.0 * OF_FLOATS, "{what} changes too little to be seen: {apart}");
    }
}

/// The model of 62 layers divides scores by another root, and nothing in its file says so.
#[test]
fn gemmas_largest_has_scores_of_its_own_scale() {
    let tokens = some_tokens(12);
    let gguf = as_floats(&TinyGguf::of_family_with(Family::Gemma3, 1, 62));
    let found = all_logits(&mut load(&gguf), &tokens, tokens.len());
    let apart = distance(&expected(&gguf, &tokens), &found);
    assert!(apart < 5.0 * OF_FLOATS, "{apart}");
}

#[test]
fn chunks_of_any_size_give_the_logits_of_one_pass() {
    let tokens = some_tokens(75);
    for family in Family::ALL {
        let mut model = load(&TinyGguf::of_family(family, 3));
        let whole = all_logits(&mut model, &tokens, tokens.len());
        for chunk in [1, 2, 7, 16, 33, 64, 74] {
            let parts = all_logits(&mut model, &tokens, chunk);
            if product::supported() {
                assert_eq!(whole, parts, "{family:?}: chunks of {chunk}");
            } else {
                assert!(distance(&whole, &parts) < 1e-2, "{family:?}: chunks of {chunk}");
            }
        }
    }
}

#[test]
fn several_sequences_at_once_are_each_as_alone() {
    let tokens = some_tokens(60);
    for family in Family::ALL {
        let mut model = load(&TinyGguf::of_family(family, 4));
        let decoder = model.decoder();
        let mut alone = Vec::new();
        for (prompt, rest) in [(0..20, 20..21), (5..38, 38..47), (0..1, 50..52)] {
            let mut cache = decoder.new_cache(64);
            decoder.forward(&tokens[prompt], &mut cache, Logits::None).unwrap();
            alone.extend(decoder.forward(&tokens[rest], &mut cache, Logits::All).unwrap());
        }
        let [mut a, mut b, mut c] = [0; 3].map(|_| decoder.new_cache(64));
        let none = Logits::None;
        let prompts = &mut [
            Span { tokens: &tokens[0..20], cache: &mut a, logits: none },
            Span { tokens: &tokens[5..38], cache: &mut b, logits: none },
            Span { tokens: &tokens[0..1], cache: &mut c, logits: none },
        ];
        assert!(decoder.forward_spans(prompts).unwrap().is_empty());
        let all = Logits::All;
        let together = decoder
            .forward_spans(&mut [
                Span { tokens: &tokens[20..21], cache: &mut a, logits: all },
                Span { tokens: &tokens[38..47], cache: &mut b, logits: all },
                Span { tokens: &tokens[50..52], cache: &mut c, logits: all },
            ])
            .unwrap();
        if product::supported() {
            assert_eq!(alone, together, "{family:?}");
        } else {
            assert!(distance(&alone, &together) < 1e-2, "{family:?}");
        }
    }
}

/// What is refused of every family, and how the refusal begins when printed for a developer.
fn refused_of_all(family: Family) -> Vec<(&'static str, Meta, &'static str)> {
    let head_dim = if matches!(family, Family::Qwen3 | Family::Gemma3) { 32 } else { 16 };
    vec![
        ("block_count", Meta::U32(0), "Impossible {"),
        ("block_count", Meta::U32(1 << 30), "Impossible {"),
        ("block_count", Meta::U32(1), "UnknownTensor(\"blk.1."),
        ("block_count", Meta::U32(9), "NoTensor("),
        ("context_length", Meta::U32(u32::MAX), "Impossible {"),
        ("embedding_length", Meta::U32(0), "Impossible {"),
        ("embedding_length", Meta::U32(128), "WrongShape {"),
        ("feed_forward_length", Meta::U32(u32::MAX), "Impossible {"),
        ("feed_forward_length", Meta::U32(96), "WrongShape {"),
        ("attention.head_count", Meta::U32(0), "Impossible {"),
        ("attention.head_count", Meta::U32(3), "Impossible {"),
        ("attention.head_count_kv", Meta::U32(3), "Impossible {"),
        ("attention.head_count_kv", Meta::U32(0), "Impossible {"),
        ("attention.head_count_kv", Meta::Integers(vec![2, 2]), "Missing("),
        ("attention.key_length", Meta::U32(0), "Impossible {"),
        ("attention.key_length", Meta::U32(15), "Impossible {"),
        ("attention.key_length", Meta::U32(1 << 20), "Impossible {"),
        ("attention.value_length", Meta::U32(head_dim * 2), "Impossible {"),
        ("attention.layer_norm_rms_epsilon", Meta::F32(f32::NAN), "Missing("),
        ("attention.layer_norm_rms_epsilon", Meta::F32(0.0), "Missing("),
        ("attention.layer_norm_rms_epsilon", Meta::Text("1e-6".into()), "Missing("),
        ("rope.dimension_count", Meta::U32(head_dim * 2), "Impossible {"),
        ("rope.dimension_count", Meta::U32(head_dim - 1), "Impossible {"),
        ("rope.dimension_count", Meta::U32(0), "Impossible {"),
        ("rope.freq_base", Meta::F32(f32::INFINITY), "Missing("),
        ("rope.freq_base", Meta::F32(-1.0), "Missing("),
        ("rope.scaling.type", Meta::Text("yarn".into()), "Unsupported {"),
        ("rope.scaling.type", Meta::U32(1), "Unsupported {"),
        ("rope.scaling.factor", Meta::F32(0.0), "Missing("),
        ("rope.scaling.factor", Meta::F32(f32::NAN), "Missing("),
        ("rope.scaling.attn_factor", Meta::F32(1e30), "Missing("),
    ]
}

/// What is refused of some.
fn refused_of_some(family: Family) -> Vec<(&'static str, Meta, &'static str)> {
    let windows = [
        ("attention.sliding_window", Meta::Text("8".into()), "Missing("),
        ("attention.sliding_window", Meta::F32(8.0), "Missing("),
    ];
    let longrope = ("rope.scaling.type", Meta::Text("longrope".into()), "Unsupported {");
    let experts = ("expert_count", Meta::U32(8), "Unsupported {");
    match family {
        Family::Qwen3 => vec![longrope],
        Family::Llama3 | Family::TinyLlama | Family::SmolLm2 => {
            [&windows[..], &[longrope, experts]].concat()
        }
        Family::Phi3 => [&windows[..], &[experts]].concat(),
        Family::Gemma3 => {
            let more = [
                longrope,
                ("final_logit_softcapping", Meta::F32(30.0), "Unsupported {"),
                ("attn_logit_softcapping", Meta::F32(50.0), "Unsupported {"),
                ("attention.sliding_window_pattern", Meta::U32(0), "Impossible {"),
                ("attention.sliding_window_pattern", Meta::U32(1 << 16), "Impossible {"),
                ("rope.freq_base_swa", Meta::F32(f32::NAN), "Missing("),
            ];
            [&windows[..], &more].concat()
        }
    }
}

fn refusal(gguf: &TinyGguf) -> String {
    let error = load_bytes(&gguf.bytes()).err().expect("it was loaded");
    assert_eq!(error.code(), FailureCode::BadModel, "{error:?}");
    match error {
        EngineError::Gguf(error) => format!("{error:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn impossible_and_unsupported_numbers_are_refused_and_named() {
    for family in Family::ALL {
        let all = [refused_of_all(family), refused_of_some(family)].concat();
        for (key, value, expected) in all {
            let mut gguf = TinyGguf::of_family(family, 1);
            gguf.set(&format!("{}.{key}", family.architecture()), value.clone());
            let found = refusal(&gguf);
            assert!(found.starts_with(expected), "{family:?} {key} {value:?}: {found}");
        }
    }
}

#[test]
fn a_file_without_a_tensor_or_with_one_too_many_is_refused() {
    for family in Family::ALL {
        let whole = TinyGguf::of_family(family, 1);
        for index in 0..whole.tensors.len() {
            let name = whole.tensors[index].name.clone();
            let mut gguf = whole.clone();
            gguf.tensors.remove(index);
            if name == "output.weight" {
                // Then the embedding serves.
                assert!(load_bytes(&gguf.bytes()).is_ok(), "{family:?}");
                continue;
            }
            assert_eq!(refusal(&gguf), format!("NoTensor({name:?})"), "{family:?}");
            let mut gguf = whole.clone();
            gguf.tensors[index].name.push('x');
            refusal(&gguf);
        }
        let mut gguf = whole.clone();
        gguf.add_floats("blk.0.ffn_gate_inp.weight", &[64], &[0.0; 64]);
        assert_eq!(refusal(&gguf), "UnknownTensor(\"blk.0.ffn_gate_inp.weight\")");
    }
}

#[test]
fn factors_of_frequencies_must_be_whole_and_possible() {
    let short = |values: &[f32]| {
        let mut gguf = TinyGguf::of_family(Family::Phi3, 1);
        gguf.add_floats("rope_factors_short.weight", &[values.len() as u64], values);
        gguf
    };
    let ones = [1.0; 8];
    assert_eq!(refusal(&short(&ones)), "NoTensor(\"rope_factors_long.weight\")");
    let mut both = short(&ones);
    both.add_floats("rope_factors_long.weight", &[8], &ones);
    let key = "phi3.rope.scaling.original_context_length";
    assert_eq!(refusal(&both), format!("Missing({key:?})"));
    assert!(load_bytes(&both.set(key, Meta::U32(64)).bytes()).is_ok());
    let found = refusal(both.set(key, Meta::U32(1 << 20)));
    assert!(found.starts_with("Impossible {"), "{found}");
    assert!(refusal(&short(&[1.0; 4])).starts_with("WrongShape {"));
    for bad in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e-30] {
        let mut values = ones;
        values[3] = bad;
        assert_eq!(refusal(&short(&values)), "Numbers(\"rope_factors_short.weight\")", "{bad}");
        let mut llama = TinyGguf::of_family(Family::Llama3, 1);
        llama.add_floats("rope_freqs.weight", &[8], &values);
        assert_eq!(refusal(&llama), "Numbers(\"rope_freqs.weight\")", "{bad}");
    }
}
