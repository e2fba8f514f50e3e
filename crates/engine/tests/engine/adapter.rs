//! A model with an adapter in its file: as the model whose weights have it added, on the processor and
//! by the forward pass for GPUs, in any portions; and which adapters are refused.

use text2sql_core::protocol::FailureCode;
use text2sql_engine::error::EngineError;
use text2sql_engine::kernels::product;
use text2sql_testkit::tiny_family::Family;
use text2sql_testkit::tiny_gguf::{Tensor, TinyGguf};

use crate::reference::{Reference, as_floats};
use crate::support::{
    CONTEXT, all_logits, distance, load, load_bytes, load_on_device, some_tokens,
};

const RANK: usize = 4;
const ALPHA: f32 = 6.0;

/// Largest distance where weights are floats. On the processor the adapter's own are bytes.
const OF_FLOATS: f64 = 1e-3;
const OF_BYTES: f64 = 0.03;

fn floats(tensor: &Tensor) -> Vec<f32> {
    tensor.data.chunks_exact(4).map(|x| f32::from_le_bytes(x.try_into().unwrap())).collect()
}

fn adapted(gguf: &TinyGguf) -> TinyGguf {
    gguf.with_adapter(RANK, ALPHA)
}

/// The model of floats that another with adapters is to be like.
fn merged(adapted: &TinyGguf) -> TinyGguf {
    let mut out = as_floats(adapted);
    let part = |name: String| {
        let found = adapted.tensors.iter().find(|tensor| tensor.name == name);
        found.map(floats)
    };
    for tensor in &mut out.tensors {
        let a = part(format!("{}.lora_a", tensor.name));
        let b = part(format!("{}.lora_b", tensor.name));
        let (Some(a), Some(b)) = (a, b) else { continue };
        let inputs = tensor.dims[0] as usize;
        let mut values = floats(tensor);
        for (index, value) in values.iter_mut().enumerate() {
            let (row, col) = (index / inputs, index % inputs);
            let sum: f32 = (0..RANK).map(|k| b[row * RANK + k] * a[k * inputs + col]).sum();
            *value += sum * ALPHA / RANK as f32;
        }
        tensor.data = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    }
    out.tensors.retain(|tensor| !tensor.name.contains(".lora_"));
    out
}

fn all() -> Vec<(String, TinyGguf)> {
    let mut all = Family::ALL.map(|f| (format!("{f:?}"), TinyGguf::of_family(f, 5))).to_vec();
    all.push(("Qwen2".into(), TinyGguf::new(5)));
    all
}

#[test]
fn every_family_with_an_adapter_is_the_one_whose_weights_have_it_added() {
    let tokens = some_tokens(40);
    for (name, plain) in all() {
        let gguf = adapted(&plain);
        let expected = Reference::new(&merged(&gguf), CONTEXT as usize).logits(&tokens).concat();
        let without = Reference::new(&as_floats(&plain), CONTEXT as usize).logits(&tokens).concat();
        let changed = distance(&expected, &without);
        assert!(changed > 10.0 * OF_BYTES, "{name}: the adapter changes too little: {changed}");
        // Seven layers round more than two.
        let bound = if name == "Gemma3" { 2.0 * OF_BYTES } else { OF_BYTES };
        let apart = distance(&expected, &all_logits(&mut load(&gguf), &tokens, 16));
        assert!(apart < bound, "{name}: {apart}");
        let of_floats = adapted(&as_floats(&plain));
        let apart = distance(&expected, &all_logits(&mut load_on_device(&of_floats), &tokens, 16));
        assert!(apart < OF_FLOATS, "{name}, on a device: {apart}");
    }
}

#[test]
fn k_quants_with_an_adapter_give_the_same_bits_in_chunks_of_any_size() {
    let tokens = some_tokens(75);
    let mut model = load(&adapted(&TinyGguf::k_quants(3)));
    let whole = all_logits(&mut model, &tokens, tokens.len());
    for chunk in [1, 2, 7, 16, 33, 74] {
        let parts = all_logits(&mut model, &tokens, chunk);
        if product::supported() {
            assert_eq!(whole, parts, "chunks of {chunk}");
        } else {
            assert!(distance(&whole, &parts) < 1e-2, "chunks of {chunk}");
        }
    }
}

/// The adapter is part of what a model's memory is said to be.
#[test]
fn an_adapter_is_counted_with_the_weights() {
    let plain = TinyGguf::new(1);
    let bytes = |gguf: &TinyGguf| load(gguf).info().weight_bytes;
    assert!(bytes(&adapted(&plain)) > bytes(&plain));
}

fn refused(change: impl FnOnce(&mut TinyGguf)) -> String {
    let mut gguf = adapted(&TinyGguf::new(1));
    change(&mut gguf);
    match load_bytes(&gguf.bytes()) {
        Err(error @ EngineError::Gguf(_)) => {
            assert_eq!(error.code(), FailureCode::BadModel);
            error.to_string()
        }
        Err(error) => panic!("refused as {error:?}"),
        Ok(_) => panic!("accepted"),
    }
}

fn tensor<'a>(gguf: &'a mut TinyGguf, name: &str) -> &'a mut Tensor {
    gguf.tensors.iter_mut().find(|tensor| tensor.name == name).expect("there is one")
}

#[test]
fn an_adapter_that_does_not_fit_is_refused() {
    const A: &str = "blk.0.attn_q.weight.lora_a";
    const B: &str = "blk.0.attn_q.weight.lora_b";
    type Change = fn(&mut TinyGguf);
    let cases: [(&str, Change, &str); 8] = [
        ("half of it", |g| g.tensors.retain(|t| t.name != A), A),
        ("the other half", |g| g.tensors.retain(|t| t.name != B), B),
        ("no factor", |g| _ = g.unset("adapter.lora.alpha"), "adapter.lora.alpha"),
        ("other inputs", |g| tensor(g, A).dims = vec![32, 8], A),
        ("other outputs", |g| tensor(g, B).dims = vec![8, 32], B),
        ("no numbers", |g| tensor(g, B).data.fill(0xff), B),
        (
            "too many of rank",
            |g| {
                for name in [A, B] {
                    let tensor = tensor(g, name);
                    let rank = tensor.dims.iter_mut().find(|dim| **dim == RANK as u64);
                    *rank.expect("a rank") = 300;
                    tensor.data.resize(300 * 64 * 4, 0);
                }
            },
            "rank",
        ),
        (
            "one for the embedding",
            |g| _ = g.add_floats("token_embd.weight.lora_a", &[64, 1], &[0.0; 64]),
            "token_embd.weight.lora_a",
        ),
    ];
    for (what, change, named) in cases {
        let said = refused(change);
        assert!(said.contains(named), "{what}: {said}");
    }
}
