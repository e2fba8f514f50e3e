//! The forward pass of BERT, over candle's tensors.
//!
//! Texts of one length at a time, so no mask is needed. Owns the names and shapes of the weights.
//! Called by [`super`].

use candle_core::{DType, Device, Tensor};
use candle_nn::{Embedding, LayerNorm, Linear, Module, VarBuilder, embedding, layer_norm, linear};

use super::config::{Activation, Config, EncoderError};

/// The encoder's weights.
pub(super) struct Bert {
    words: Embedding,
    positions: Tensor,
    /// Every text is one sentence.
    kind: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    attention_norm: LayerNorm,
    wide: Linear,
    narrow: Linear,
    norm: LayerNorm,
    activation: Activation,
    heads: usize,
}

impl Bert {
    /// Weights of any floating-point type, with or without `bert.` before their names.
    pub fn load(weights: &[u8], config: &Config) -> Result<Self, EncoderError> {
        Self::of_file(weights, config).map_err(|error| EncoderError::Weights(shown(&error)))
    }

    fn of_file(weights: &[u8], config: &Config) -> candle_core::Result<Self> {
        let tensors = candle_core::safetensors::load_buffer(weights, &Device::Cpu)?;
        let all = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let all = if all.contains_tensor("bert.embeddings.word_embeddings.weight") {
            all.pp("bert")
        } else {
            all
        };
        let at = all.pp("embeddings");
        let table = |rows, name| embedding(rows, config.hidden, at.pp(name));
        let positions = table(config.positions, "position_embeddings")?;
        let kinds = table(config.types, "token_type_embeddings")?;
        Ok(Self {
            words: table(config.vocabulary, "word_embeddings")?,
            positions: positions.embeddings().clone(),
            kind: kinds.embeddings().narrow(0, 0, 1)?,
            norm: norm(config, at.pp("LayerNorm"))?,
            layers: (0..config.layers)
                .map(|layer| Layer::load(config, all.pp("encoder.layer").pp(layer)))
                .collect::<Result<_, _>>()?,
        })
    }

    /// A vector for each token, of texts × tokens.
    pub fn forward(&self, tokens: &Tensor) -> candle_core::Result<Tensor> {
        let (_, length) = tokens.dims2()?;
        let fixed = self.positions.narrow(0, 0, length)?.broadcast_add(&self.kind)?;
        let mut hidden = self.norm.forward(&self.words.forward(tokens)?.broadcast_add(&fixed)?)?;
        for layer in &self.layers {
            hidden = layer.forward(&hidden)?;
        }
        Ok(hidden)
    }
}

impl Layer {
    fn load(config: &Config, at: VarBuilder<'_>) -> candle_core::Result<Self> {
        let Config { hidden, intermediate, .. } = *config;
        let inner = at.pp("attention.self");
        Ok(Self {
            query: linear(hidden, hidden, inner.pp("query"))?,
            key: linear(hidden, hidden, inner.pp("key"))?,
            value: linear(hidden, hidden, inner.pp("value"))?,
            output: linear(hidden, hidden, at.pp("attention.output.dense"))?,
            attention_norm: norm(config, at.pp("attention.output.LayerNorm"))?,
            wide: linear(hidden, intermediate, at.pp("intermediate.dense"))?,
            narrow: linear(intermediate, hidden, at.pp("output.dense"))?,
            norm: norm(config, at.pp("output.LayerNorm"))?,
            activation: config.hidden_act,
            heads: config.heads,
        })
    }

    fn forward(&self, input: &Tensor) -> candle_core::Result<Tensor> {
        let attended = self.output.forward(&self.attention(input)?)?;
        let attended = self.attention_norm.forward(&(attended + input)?)?;
        let wide = self.wide.forward(&attended)?;
        let wide = match self.activation {
            Activation::Gelu => wide.gelu_erf()?,
            Activation::GeluNew => wide.gelu()?,
            Activation::Relu => wide.relu()?,
        };
        self.norm.forward(&(self.narrow.forward(&wide)? + attended)?)
    }

    /// Every token looks at every other of its text.
    fn attention(&self, input: &Tensor) -> candle_core::Result<Tensor> {
        let (texts, length, hidden) = input.dims3()?;
        let each = hidden / self.heads;
        let by_head = |linear: &Linear| {
            linear
                .forward(input)?
                .reshape((texts, length, self.heads, each))?
                .transpose(1, 2)?
                .contiguous()
        };
        let (query, key, value) =
            (by_head(&self.query)?, by_head(&self.key)?, by_head(&self.value)?);
        let scores = (query.matmul(&key.t()?)? / (each as f64).sqrt())?;
        let attended = candle_nn::ops::softmax_last_dim(&scores)?.matmul(&value)?;
        attended.transpose(1, 2)?.reshape((texts, length, hidden))
    }
}

fn norm(config: &Config, at: VarBuilder<'_>) -> candle_core::Result<LayerNorm> {
    layer_norm(config.hidden, config.layer_norm_eps, at)
}

/// Names in the file are its author's.
fn shown(error: &candle_core::Error) -> String {
    text2sql_core::schema::sanitize(&error.to_string(), 200)
}
