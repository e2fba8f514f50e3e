//! Server-sent events: bytes in, the data of events out.
//!
//! Owns the line format of the standard and its bounds; knows nothing of what the data is. Pure:
//! how the bytes were split makes no difference. Called by [`crate::http`].

/// Longest line, and most data of one event, bytes.
pub const MAX_EVENT: usize = 1 << 20;

/// The bytes are no stream of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// A line or an event is longer than [`MAX_EVENT`].
    #[error("sent an event of more than {MAX_EVENT} bytes")]
    TooLong,
    /// Not UTF-8.
    #[error("sent an event that is not UTF-8")]
    NotText,
}

/// Takes a stream apart.
#[derive(Debug, Default)]
pub struct Parser {
    /// The line so far.
    line: Vec<u8>,
    /// Whether the last byte was a carriage return: a line feed after it ends no line.
    returned: bool,
    /// Whether a line has ended: only the first may begin with a byte order mark.
    begun: bool,
    /// Lines of data of the event so far.
    data: Option<String>,
}

impl Parser {
    /// Adds bytes; gives `each` the data of every event that they complete. Events without data
    /// are left out, and what an event is named.
    ///
    /// # Errors
    /// Nothing that comes afterwards can be trusted then.
    pub fn feed(&mut self, bytes: &[u8], each: &mut dyn FnMut(String)) -> Result<(), SseError> {
        let mut rest = bytes;
        while let Some((&first, after)) = rest.split_first() {
            if std::mem::take(&mut self.returned) && first == b'\n' {
                rest = after;
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (piece, after) =
                rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, &[]));
            if self.line.len() + piece.len() > MAX_EVENT {
                return Err(SseError::TooLong);
            }
            self.line.extend_from_slice(piece);
            rest = after;
            if let Some((&ending, after)) = after.split_first() {
                self.returned = ending == b'\r';
                rest = after;
                self.end_line(each)?;
            }
        }
        Ok(())
    }

    fn end_line(&mut self, each: &mut dyn FnMut(String)) -> Result<(), SseError> {
        let line = std::mem::take(&mut self.line);
        let line = std::str::from_utf8(&line).map_err(|_| SseError::NotText)?;
        let first = !std::mem::replace(&mut self.begun, true);
        let line = if first { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
        if line.is_empty() {
            if let Some(data) = self.data.take() {
                each(data);
            }
            return Ok(());
        }
        // A comment is a line whose field has no name.
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if field == "data" {
            self.add(value.strip_prefix(' ').unwrap_or(value))?;
        }
        Ok(())
    }

    fn add(&mut self, value: &str) -> Result<(), SseError> {
        match &mut self.data {
            None => self.data = Some(value.to_owned()),
            Some(data) => {
                if data.len() + 1 + value.len() > MAX_EVENT {
                    return Err(SseError::TooLong);
                }
                data.push('\n');
                data.push_str(value);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<String>, SseError> {
        let (mut parser, mut all) = (Parser::default(), Vec::new());
        for piece in pieces {
            parser.feed(piece, &mut |data| all.push(data))?;
        }
        Ok(all)
    }

    fn of(text: &str) -> Vec<String> {
        events([text.as_bytes()]).unwrap()
    }

    #[test]
    fn events_end_with_an_empty_line() {
        assert_eq!(of("data: a\n\ndata:b\n\n"), ["a", "b"]);
        assert_eq!(of("data: a\r\n\r\ndata: b\r\n\r\n"), ["a", "b"]);
        assert_eq!(of("data: a\r\rdata: b\r\r"), ["a", "b"]);
        assert_eq!(of("data: a\n\ndata: not finished\n"), ["a"]);
        assert_eq!(of("\n\n\n"), [""; 0]);
    }

    #[test]
    fn lines_of_data_belong_together() {
        assert_eq!(of("data: {\ndata:  \"a\": 1\ndata: }\n\n"), ["{\n \"a\": 1\n}"]);
        assert_eq!(of("data\ndata\n\n"), ["\n"]);
    }

    #[test]
    fn what_is_no_data_is_left_out() {
        assert_eq!(
            of(": ping\n\nevent: message\nid: 1\nretry: 9\ndata: a\n: in between\ndata: b\n\n"),
            ["a\nb"]
        );
        assert_eq!(of("datax: a\n\nDATA: b\n\n"), [""; 0]);
        assert_eq!(of("\u{feff}data: a\n\n\u{feff}data: b\n\n"), ["a"]);
    }

    #[test]
    fn lines_and_events_have_a_bound() {
        let most = "x".repeat(MAX_EVENT - 6);
        assert_eq!(of(&format!("data: {most}\n\n")).len(), 1);
        let more = format!("data: x{most}\n\n");
        assert_eq!(events([more.as_bytes()]), Err(SseError::TooLong));
        let half = format!("data: {}\n", "x".repeat(MAX_EVENT / 2));
        assert_eq!(events([half.as_bytes(), half.as_bytes()]), Err(SseError::TooLong));
        let endless = vec![b'x'; 4096];
        assert_eq!(events(vec![endless.as_slice(); 257]), Err(SseError::TooLong));
        assert_eq!(events([&b"data: \xff\n"[..]]), Err(SseError::NotText));
    }

    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just("data: ".to_owned()),
            Just("data:".to_owned()),
            Just(": ".to_owned()),
            Just("\n".to_owned()),
            Just("\r\n".to_owned()),
            Just("\r".to_owned()),
            Just("\u{feff}".to_owned()),
            Just("[DONE]".to_owned()),
            Just("ä€😀".to_owned()),
            "[a-z:\" ]{0,8}",
        ];
        let text =
            proptest::collection::vec(piece, 0..60).prop_map(|all| all.concat().into_bytes());
        let bytes = proptest::collection::vec(any::<u8>(), 0..100);
        prop_oneof![9 => text, 1 => bytes]
    }

    proptest! {
        #[test]
        fn how_the_bytes_were_split_makes_no_difference(
            bytes in stream(), cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..12),
        ) {
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]);
            prop_assert_eq!(events(pieces), events([bytes.as_slice()]));
        }
    }
}
