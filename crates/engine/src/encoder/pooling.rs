//! From a vector for each token to one for the text.
//!
//! Called by [`super`].

use candle_core::Tensor;
use serde::Deserialize;

use super::config::EncoderError;
use crate::error::EngineError;

/// Which of a text's vectors count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    /// That of the first token, which stands for the whole.
    First,
    /// The mean of all.
    Mean,
}

/// The parts of `1_Pooling/config.json` that matter; further ways are not supported.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
    pooling_mode_weightedmean_tokens: bool,
    pooling_mode_lasttoken: bool,
}

impl Pooling {
    /// What the file says; without one, the first token.
    pub fn parse(text: Option<&[u8]>) -> Result<Self, EncoderError> {
        let Some(text) = text else { return Ok(Self::First) };
        let file: File = serde_json::from_slice(text)
            .map_err(|error| EncoderError::json("1_Pooling/config.json", &error))?;
        let others = file.pooling_mode_max_tokens
            || file.pooling_mode_mean_sqrt_len_tokens
            || file.pooling_mode_weightedmean_tokens
            || file.pooling_mode_lasttoken;
        match (file.pooling_mode_cls_token, file.pooling_mode_mean_tokens) {
            (true, false) if !others => Ok(Self::First),
            (false, true) if !others => Ok(Self::Mean),
            _ => Err(EncoderError::unsupported("pooling_mode", "neither first token nor mean")),
        }
    }

    /// One vector a text, of texts × tokens × dimensions.
    pub fn pool(self, hidden: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::First => hidden.narrow(1, 0, 1)?.squeeze(1),
            Self::Mean => hidden.mean(1),
        }
    }
}

/// The vector, scaled to length 1.
pub(super) fn of_length_one(mut vector: Vec<f32>) -> Result<Vec<f32>, EngineError> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if !(length.is_finite() && length > 0.0) {
        return Err(EngineError::NotFinite);
    }
    vector.iter_mut().for_each(|x| *x /= length);
    Ok(vector)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn parsed(text: &str) -> Result<Pooling, EncoderError> {
        Pooling::parse(Some(text.as_bytes()))
    }

    #[test]
    fn the_file_decides_and_the_first_token_is_the_default() {
        assert_eq!(Pooling::parse(None), Ok(Pooling::First));
        assert_eq!(parsed(r#"{"pooling_mode_cls_token": true}"#), Ok(Pooling::First));
        assert_eq!(parsed(r#"{"pooling_mode_mean_tokens": true}"#), Ok(Pooling::Mean));
        for other in [
            "{}",
            r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}"#,
            r#"{"pooling_mode_cls_token": true, "pooling_mode_max_tokens": true}"#,
            r#"{"pooling_mode_lasttoken": true}"#,
        ] {
            assert!(matches!(parsed(other), Err(EncoderError::Unsupported { .. })), "{other}");
        }
        assert!(matches!(parsed("["), Err(EncoderError::Json { .. })));
    }

    #[test]
    fn the_first_token_or_the_mean_by_hand() {
        let hidden =
            Tensor::new(&[[[1f32, 2.0], [3.0, 6.0]], [[0.0, 1.0], [4.0, 3.0]]], &Device::Cpu)
                .unwrap();
        let pooled = |pooling: Pooling| pooling.pool(&hidden).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(pooled(Pooling::First), [[1.0, 2.0], [0.0, 1.0]]);
        assert_eq!(pooled(Pooling::Mean), [[2.0, 4.0], [2.0, 2.0]]);
    }

    #[test]
    fn vectors_have_length_one_or_are_refused() {
        assert_eq!(of_length_one(vec![3.0, 4.0]).unwrap(), [0.6, 0.8]);
        for bad in [vec![0.0, 0.0], vec![f32::NAN], vec![f32::INFINITY], vec![f32::MAX, f32::MAX]] {
            assert!(matches!(of_length_one(bad), Err(EngineError::NotFinite)));
        }
    }
}
