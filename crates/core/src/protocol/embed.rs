//! Frames about vectors: what an encoder is asked for, and where it is.

use serde::{Deserialize, Serialize};

use crate::embedding::Vector;
use crate::hex;

/// Texts whose vectors are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EmbedRequest {
    /// The texts, at most [`Self::MOST_TEXTS`].
    pub texts: Vec<String>,
    /// Time left, milliseconds, counted from when the engine reads it.
    pub deadline_ms: u64,
}

impl EmbedRequest {
    /// Most texts of a request: a question waits for those before it.
    pub const MOST_TEXTS: usize = 32;

    /// Longest text, bytes; an encoder reads less of it.
    pub const MOST_BYTES: usize = 16 << 10;

    /// Whether it is of a size that can be served.
    #[must_use]
    pub fn is_reasonable(&self) -> bool {
        self.texts.len() <= Self::MOST_TEXTS
            && self.texts.iter().all(|text| text.len() <= Self::MOST_BYTES)
    }
}

/// The vectors of a request's texts, in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Embedded {
    /// sha256, in hex, of all that decides a vector: vectors of different encoders say nothing of
    /// each other.
    pub encoder: String,
    /// The vectors.
    pub vectors: Vec<Vector>,
}

impl Embedded {
    /// Whether it can be the answer to so many texts.
    #[must_use]
    pub fn fits(&self, texts: usize) -> bool {
        self.vectors.len() == texts
            && self.encoder.len() == 64
            && hex::decode(&self.encoder).is_some()
    }
}

/// How to load an encoder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncoderSpec {
    /// Absolute path of the folder.
    pub folder: String,
    /// Lower-case hex sha256 its weights must have.
    pub sha256: String,
    /// Threads that compute. At least 1.
    pub threads: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_bounded() {
        let request = |texts| EmbedRequest { texts, deadline_ms: 1 };
        assert!(request(vec![]).is_reasonable());
        assert!(request(vec!["x".repeat(EmbedRequest::MOST_BYTES)]).is_reasonable());
        assert!(!request(vec!["x".repeat(EmbedRequest::MOST_BYTES + 1)]).is_reasonable());
        assert!(!request(vec![String::new(); EmbedRequest::MOST_TEXTS + 1]).is_reasonable());
    }

    #[test]
    fn an_answer_has_a_vector_for_each_text_and_a_sum_for_its_encoder() {
        let vector = Vector::new(&[1.0]).unwrap();
        let embedded =
            |encoder: &str| Embedded { encoder: encoder.to_owned(), vectors: vec![vector.clone()] };
        let sum = "a".repeat(64);
        assert!(embedded(&sum).fits(1));
        assert!(!embedded(&sum).fits(2));
        for other in ["", "a", &"g".repeat(64), &"a".repeat(66)] {
            assert!(!embedded(other).fits(1), "{other}");
        }
    }
}
