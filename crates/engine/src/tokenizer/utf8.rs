//! Bytes to text as tokens bring them.
//!
//! Owns what waits for the rest of a character. Called by the generator.

/// Bytes to text as they come, never half a character.
#[derive(Debug, Default)]
pub struct Utf8Stream {
    pending: Vec<u8>,
}

impl Utf8Stream {
    /// Adds bytes; returns the text that is complete. Invalid bytes become U+FFFD.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut out = String::new();
        loop {
            let (valid, skip) = match std::str::from_utf8(&self.pending) {
                Ok(_) => (self.pending.len(), 0),
                Err(error) => match error.error_len() {
                    Some(length) => (error.valid_up_to(), length),
                    None => (error.valid_up_to(), 0),
                },
            };
            let rest = self.pending.split_off(valid);
            out.push_str(&String::from_utf8_lossy(&self.pending));
            self.pending = rest;
            if skip == 0 {
                return out;
            }
            out.push(char::REPLACEMENT_CHARACTER);
            self.pending.drain(..skip.min(self.pending.len()));
        }
    }

    /// What is left when no more bytes come.
    pub fn finish(&mut self) -> String {
        let rest = std::mem::take(&mut self.pending);
        if rest.is_empty() { String::new() } else { char::REPLACEMENT_CHARACTER.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_character_waits_for_its_other_half() {
        let mut stream = Utf8Stream::default();
        let text = "aé€😀b";
        let mut out = String::new();
        for byte in text.as_bytes() {
            out.push_str(&stream.push(&[*byte]));
            assert!(!out.contains(char::REPLACEMENT_CHARACTER));
        }
        assert_eq!(out, text);
        assert_eq!(stream.finish(), "");
    }

    #[test]
    fn invalid_bytes_are_replaced() {
        let mut stream = Utf8Stream::default();
        assert_eq!(stream.push(b"a\xFFb"), "a\u{FFFD}b");
        assert_eq!(stream.push(b"\xE2\x82"), "");
        assert_eq!(stream.finish(), "\u{FFFD}");
    }
}
