//! A tiny model file with an adapter in it, as `scripts/adapt-model` makes them.
//!
//! Every matrix of a layer gets one, of numbers large enough that logits change.

use crate::tiny_gguf::{Meta, Random, Tensor, TinyGguf};

/// Whether [`TinyGguf::with_adapter`] gives this one of a file's tensors an adapter.
pub fn is_adapted(tensor: &Tensor) -> bool {
    tensor.name.starts_with("blk.") && tensor.dims.len() == 2
}

impl TinyGguf {
    /// The same model with an adapter of that rank, in floats, beside every matrix of a layer.
    pub fn with_adapter(&self, rank: usize, alpha: f32) -> Self {
        const LARGEST: f32 = 0.15;
        let mut out = self.clone();
        out.set("adapter.type", Meta::Text("lora".into()));
        out.set("adapter.lora.alpha", Meta::F32(alpha));
        let mut random = Random(self.seed ^ 0xada);
        let mut values = |count: u64| -> Vec<f32> {
            (0..count * rank as u64).map(|_| random.next() * LARGEST).collect()
        };
        for tensor in self.tensors.iter().filter(|tensor| is_adapted(tensor)) {
            let [inputs, outputs] = [0, 1].map(|at| tensor.dims.get(at).copied().unwrap_or(1));
            let name = &tensor.name;
            let rank = rank as u64;
            out.add_floats(&format!("{name}.lora_a"), &[inputs, rank], &values(inputs));
            out.add_floats(&format!("{name}.lora_b"), &[rank, outputs], &values(outputs));
        }
        out
    }
}
