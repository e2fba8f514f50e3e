//! JSON payloads, and length-prefixed framing for byte streams.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::MAX_FRAME;

/// Why bytes are not a frame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The payload is longer than [`MAX_FRAME`].
    #[error("frame of {0} bytes is over the limit of {MAX_FRAME}")]
    TooLong(usize),
    /// The payload is not JSON of the expected shape.
    #[error("malformed frame: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// A message as a payload, for transports that keep message boundaries.
///
/// # Errors
/// [`FrameError::TooLong`] over [`MAX_FRAME`].
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let payload = serde_json::to_vec(message)?;
    if payload.len() > MAX_FRAME {
        return Err(FrameError::TooLong(payload.len()));
    }
    Ok(payload)
}

/// A payload as a message.
///
/// # Errors
/// [`FrameError`] where the payload is too long or not such a message.
pub fn decode<T: DeserializeOwned>(payload: &[u8]) -> Result<T, FrameError> {
    if payload.len() > MAX_FRAME {
        return Err(FrameError::TooLong(payload.len()));
    }
    Ok(serde_json::from_slice(payload)?)
}

/// A message as `[length: u32 little endian][payload]`, for byte streams.
///
/// # Errors
/// As [`encode`].
pub fn encode_framed<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let payload = encode(message)?;
    let mut out = Vec::with_capacity(payload.len() + PREFIX);
    // Within u32: MAX_FRAME is.
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(&payload);
    Ok(out)
}

const PREFIX: usize = 4;

/// Cuts a byte stream into messages.
///
/// Holds at most one frame more than it was given: an announced length over [`MAX_FRAME`] is
/// refused before a byte of its payload is kept.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Bytes at the beginning of the buffer that belong to messages already given out.
    taken: usize,
}

impl Decoder {
    /// Adds bytes as they arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        // Here rather than after each message: many short ones would move the rest each.
        self.buffer.drain(..std::mem::take(&mut self.taken));
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete message, or `None` until more bytes arrive.
    ///
    /// # Errors
    /// After an error the stream has lost its frame boundaries and must be closed.
    pub fn next_message<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        let unread = self.buffer.get(self.taken..).unwrap_or_default();
        let Some((prefix, rest)) = unread.split_first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*prefix) as usize;
        if length > MAX_FRAME {
            return Err(FrameError::TooLong(length));
        }
        let Some(payload) = rest.get(..length) else {
            return Ok(None);
        };
        let message = decode(payload)?;
        self.taken += PREFIX + length;
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EngineCommand, EngineReport};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_stream_cut_anywhere_gives_the_same_messages() {
        let messages = [
            EngineCommand::Cancel { id: 7 },
            EngineCommand::Shutdown,
            EngineCommand::Cancel { id: u64::MAX },
        ];
        let bytes: Vec<u8> =
            messages.iter().flat_map(|m| encode_framed(m).expect("short")).collect();
        for cut in 0..bytes.len() {
            let mut decoder = Decoder::default();
            let mut seen = Vec::new();
            for part in [&bytes[..cut], &bytes[cut..]] {
                decoder.push(part);
                while let Some(message) =
                    decoder.next_message::<EngineCommand>().expect("well-formed")
                {
                    seen.push(message);
                }
            }
            assert_eq!(seen, messages);
        }
    }

    #[test]
    fn an_announced_length_over_the_limit_is_refused_at_once() {
        let mut decoder = Decoder::default();
        decoder.push(&u32::MAX.to_le_bytes());
        assert!(matches!(decoder.next_message::<EngineReport>(), Err(FrameError::TooLong(_))));
    }

    #[test]
    fn text_that_is_not_utf8_is_refused() {
        let payload = b"{\"type\":\"log\",\"level\":\"info\",\"message\":\"\xff\"}";
        assert!(matches!(decode::<EngineReport>(payload), Err(FrameError::Malformed(_))));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            let mut decoder = Decoder::default();
            decoder.push(&bytes);
            while let Ok(Some(_)) = decoder.next_message::<EngineReport>() {}
        }
    }
}
