//! The JSON of an endpoint's answer: one object, or one object an event.
//!
//! Owns the names of its fields and that nothing in it is trusted. Pure. Called by [`crate::http`].

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use text2sql_core::protocol::Finish;

/// An object of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chunk {
    /// Text of the model; in a stream, what is new.
    pub text: String,
    /// Why the model ended, in its last object.
    pub finish: Option<Finish>,
    /// Counts, if they were sent.
    pub usage: Option<Usage>,
    /// Whether there was a choice at all; objects that hold only counts have none.
    pub answers: bool,
}

/// Counts of tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the prompt.
    pub prompt: u32,
    /// Of these, taken from a cache.
    pub cached: u32,
    /// Generated.
    pub generated: u32,
}

/// Why an object is none of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// Not JSON, or of another shape.
    #[error("sent what is no chat completion")]
    Malformed,
    /// The endpoint says that something went wrong in the middle. What, is not looked at.
    #[error("reported an error in its answer")]
    Reported,
}

impl Chunk {
    /// Reads an object.
    ///
    /// # Errors
    /// See [`ChunkError`].
    pub fn parse(json: &[u8]) -> Result<Self, ChunkError> {
        let object: Object = serde_json::from_slice(json).map_err(|_| ChunkError::Malformed)?;
        if object.error.is_some() {
            return Err(ChunkError::Reported);
        }
        let choice = object.choices.unwrap_or_default().into_iter().next();
        let answers = choice.is_some();
        let choice = choice.unwrap_or_default();
        let message = choice.delta.or(choice.message).unwrap_or_default();
        Ok(Self {
            text: message.content.unwrap_or_default(),
            finish: choice.finish_reason.map(|reason| match reason.as_str() {
                "length" => Finish::Length,
                _ => Finish::Stop,
            }),
            usage: object.usage.map(|counts| Usage {
                prompt: counts.prompt_tokens,
                cached: counts.prompt_tokens_details.unwrap_or_default().cached_tokens,
                generated: counts.completion_tokens,
            }),
            answers,
        })
    }
}

#[derive(Deserialize)]
struct Object {
    choices: Option<Vec<Choice>>,
    usage: Option<Counts>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
struct Choice {
    delta: Option<Message>,
    message: Option<Message>,
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Message {
    content: Option<String>,
}

#[derive(Deserialize)]
struct Counts {
    #[serde(default, deserialize_with = "count")]
    prompt_tokens: u32,
    #[serde(default, deserialize_with = "count")]
    completion_tokens: u32,
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize, Default)]
struct Details {
    #[serde(default, deserialize_with = "count")]
    cached_tokens: u32,
}

/// Whatever it is, as a number that fits: counts are for people to look at.
fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    // Conversions of floats keep to the range of the target.
    Ok(value.as_u64().map_or_else(
        || value.as_f64().unwrap_or_default() as u32,
        |n| n.try_into().unwrap_or(u32::MAX),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chunk(json: &str) -> Chunk {
        Chunk::parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn text_is_in_a_delta_or_a_message() {
        let delta = r#"{"id": "x", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "SELECT"}, "finish_reason": null}], "usage": null}"#;
        assert_eq!(
            chunk(delta),
            Chunk { text: "SELECT".into(), answers: true, ..Chunk::default() }
        );
        let message =
            r#"{"choices": [{"message": {"content": "SELECT 1"}, "finish_reason": "stop"}]}"#;
        assert_eq!(chunk(message).text, "SELECT 1");
        assert_eq!(chunk(message).finish, Some(Finish::Stop));
        let cut = r#"{"choices": [{"delta": {"content": null}, "finish_reason": "length"}]}"#;
        assert_eq!(chunk(cut).finish, Some(Finish::Length));
        assert!(!chunk("{}").answers && !chunk(r#"{"choices": null}"#).answers);
    }

    #[test]
    fn counts_are_numbers_that_fit() {
        let usage = |prompt: &str, generated: &str, details: &str| {
            let json = format!(
                r#"{{"choices": [], "usage": {{"prompt_tokens": {prompt},
                    "completion_tokens": {generated}, "prompt_tokens_details": {details}}}}}"#
            );
            let Usage { prompt, cached, generated } = chunk(&json).usage.unwrap();
            (prompt, generated, cached)
        };
        assert_eq!(usage("12", "3", r#"{"cached_tokens": 8}"#), (12, 3, 8));
        assert_eq!(
            usage("99999999999999", "1e300", r#"{"cached_tokens": 4294967296}"#),
            (u32::MAX, u32::MAX, u32::MAX)
        );
        assert_eq!(usage("-5", r#""many""#, "null"), (0, 0, 0));
        assert_eq!(usage("null", "[]", "{}"), (0, 0, 0));
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for json in [
            "",
            "[",
            "[]x",
            "1",
            "\"a\"",
            r#"{"choices": 1}"#,
            r#"{"choices": [{"delta": {"content": 1}}]}"#,
        ] {
            assert_eq!(Chunk::parse(json.as_bytes()), Err(ChunkError::Malformed), "{json}");
        }
        for json in
            [r#"{"error": {"message": "x"}}"#, r#"{"error": "x", "error_type": "overloaded"}"#]
        {
            assert_eq!(Chunk::parse(json.as_bytes()), Err(ChunkError::Reported));
        }
        assert!(Chunk::parse(&b"[".repeat(1 << 16)).is_err());
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Chunk::parse(&bytes);
        }
    }
}
