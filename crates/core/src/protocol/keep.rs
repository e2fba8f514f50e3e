//! Frames about keys and values that the worker keeps on disk.

use serde::{Deserialize, Serialize};

/// A piece of a file that an engine fills and the worker writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    /// At most [`Self::MOST_BYTES`].
    #[serde(with = "base64_text")]
    pub bytes: Vec<u8>,
    /// What follows.
    pub rest: FileRest,
}

/// What follows a piece of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRest {
    /// Another piece.
    More,
    /// Nothing: the file is complete.
    Nothing,
    /// Nothing, and the file is not complete: the engine does not hold what was wanted.
    Lost,
}

impl FilePart {
    /// Most bytes of a piece: what an engine does for one holds up a question for milliseconds.
    pub const MOST_BYTES: usize = 1 << 20;

    /// Says that there will be no file.
    #[must_use]
    pub fn lost() -> Self {
        Self { bytes: Vec::new(), rest: FileRest::Lost }
    }
}

mod base64_text {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::{Deserializer, Error, Visitor};
    use serde::ser::Serializer;

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes in base64")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
                STANDARD.decode(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EngineReport, MAX_FRAME, decode, encode};
    use super::*;

    #[test]
    fn the_largest_part_fits_a_frame() {
        let part = FilePart { bytes: vec![0xff; FilePart::MOST_BYTES], rest: FileRest::More };
        let report = EngineReport::Kept { id: u64::MAX, part };
        let bytes = encode(&report).unwrap();
        assert!(bytes.len() < MAX_FRAME / 2);
        assert_eq!(decode::<EngineReport>(&bytes).unwrap(), report);
    }

    #[test]
    fn bytes_that_are_not_base64_are_refused() {
        for text in ["!", "QQ", "QQ==\u{0}"] {
            let json = serde_json::json!({ "bytes": text, "rest": "more" });
            assert!(serde_json::from_value::<FilePart>(json).is_err(), "{text}");
        }
    }
}
