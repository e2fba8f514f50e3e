//! Which tokens an answer must go on with.
//!
//! Owns the ends of names that can go on in one way only, as the tokens they are made of. Called by
//! the generation, through [`Constrained`].

use text2sql_core::grammar::is_word_byte;
use toktrie::Recognizer;

use super::answer::{Constrained, valid};
use super::guarded;
use crate::tokenizer::TextTokenizer;

/// Bytes that can follow a complete name, for finding out which tokens its end is made of.
const AFTER_NAMES: &[&str] = &[" ", ",", ")", "\n", ";", ".", ":", "(", "[", "=", "<", "-", "|"];

impl Constrained {
    /// The tokens that must come next, where a name can go on in one way only. They are what the
    /// tokenizer makes of the text with them, whatever comes behind.
    pub fn forced(&mut self, tokenizer: &TextTokenizer) -> Vec<u32> {
        self.forced_by_name(tokenizer).unwrap_or_default()
    }

    fn forced_by_name(&mut self, tokenizer: &TextTokenizer) -> Option<Vec<u32>> {
        if !self.names {
            return None;
        }
        let choice = self.verdict.choice.clone()?;
        let written = self.text.get(choice.from..)?.to_vec();
        if written.is_empty() {
            return None;
        }
        let forced = choice.forced(&written);
        if forced.is_empty() || !self.fits(&forced) {
            return None;
        }
        // From a token that begins with white space on, tokens do not depend on what is before.
        let begin = self.tokens.iter().rposition(|(token, before)| {
            *before < choice.from
                && tokenizer.bytes(*token).first().is_some_and(u8::is_ascii_whitespace)
        })?;
        let tail = self.tokens.get(begin..)?;
        let mut text = valid(self.text.get(tail.first()?.1..)?).to_owned();
        text.push_str(std::str::from_utf8(&forced).ok()?);
        let whole =
            choice.walk(text.as_bytes().get(text.len() - written.len() - forced.len()..)?)?;
        let mut probes: Vec<String> = (0x21..0x7F)
            .filter(|byte| is_word_byte(*byte) && choice.step(whole, *byte).is_some())
            .map(|byte| char::from(byte).to_string())
            .collect();
        if choice.step(whole, b' ').is_some() {
            probes.extend(AFTER_NAMES.iter().map(|after| (*after).to_owned()));
        }
        let mut common: Option<Vec<u32>> = None;
        for probe in probes {
            let tokens = tokenizer.encode_rest(&format!("{text}{probe}")).ok()?;
            common = Some(match common {
                None => tokens,
                Some(common) => common
                    .into_iter()
                    .zip(tokens)
                    .take_while(|(a, b)| a == b)
                    .map(|p| p.0)
                    .collect(),
            });
        }
        let common = common?;
        let same = tail.iter().zip(&common).all(|((token, _), other)| token == other);
        let rest = common.get(tail.len()..).filter(|_| same)?;
        let mut bytes = 0;
        let count = rest
            .iter()
            .take_while(|token| {
                bytes += tokenizer.bytes(**token).len();
                bytes <= forced.len()
            })
            .count();
        rest.get(..count).map(<[u32]>::to_vec)
    }

    /// Whether the grammar can go on with these bytes.
    fn fits(&mut self, bytes: &[u8]) -> bool {
        guarded(|| {
            Ok(self.parser.parser.with_recognizer(|recognizer| {
                recognizer.trie_started("forced");
                let fits = bytes.iter().all(|byte| recognizer.try_push_byte(*byte));
                recognizer.trie_finished();
                fits
            }))
        })
        .unwrap_or(false)
    }
}
