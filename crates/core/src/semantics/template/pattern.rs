//! A question with places for values, and the ways in which another question is one of its kind.
//!
//! Each word of the question that is asked must be a word of the pattern, or part of a value; order
//! counts. Called by [`super`].

use serde::{Deserialize, Serialize};

use super::Parameter;
use super::value::{self, MAX_WORDS, Value};
use super::words::{Word, words};

/// Most steps to compare a question with a pattern: there may be very many ways that lead nowhere.
const MAX_STEPS: usize = 20_000;
/// Most ways to read a question by one pattern.
const MAX_READINGS: usize = 32;

/// A question with places for values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pattern(Vec<Piece>);

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Piece {
    /// This word.
    Word(String),
    /// A value of the parameter with this number.
    Slot(usize),
}

impl Pattern {
    /// Of a question with each of the parameters once, as `{name}`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn new(question: &str, names: &[&str]) -> Result<Self, String> {
        let (plain, slots) = without_names(question, names)?;
        let mut pieces = Vec::new();
        for word in words(&plain) {
            let slot = slots.iter().find(|slot| slot.start < word.end && word.start < slot.end);
            match slot {
                Some(slot) if slot.start == word.start && slot.end == word.end => {
                    if matches!(pieces.last(), Some(Piece::Slot(_))) {
                        return Err("has two parameters without a word between them".to_owned());
                    }
                    pieces.push(Piece::Slot(slot.number));
                }
                Some(_) => return Err("has a parameter that is part of a word".to_owned()),
                None if word.is_idle() => {}
                None => pieces.push(Piece::Word(word.text)),
            }
        }
        let says = |piece: &Piece| matches!(piece, Piece::Word(word) if word.chars().any(char::is_alphanumeric));
        if !pieces.iter().any(says) {
            return Err("has no word of its own".to_owned());
        }
        for (number, name) in names.iter().enumerate() {
            match slots.iter().filter(|slot| slot.number == number).count() {
                1 => {}
                0 => return Err(format!("has no parameter {name}")),
                _ => return Err(format!("has the parameter {name} more than once")),
            }
        }
        Ok(Self(pieces))
    }

    /// How many words it has itself.
    pub fn literal(&self) -> usize {
        self.0.iter().filter(|piece| matches!(piece, Piece::Word(_))).count()
    }

    /// Values of the parameters, in their order, for each way to read the question; `None` where
    /// there are too many ways to go through.
    pub fn readings(
        &self,
        question: &str,
        asked: &[Word],
        parameters: &[Parameter],
    ) -> Option<Vec<Vec<Value>>> {
        let values = vec![None; parameters.len()];
        let mut matching =
            Matching { question, asked, parameters, values, found: Vec::new(), steps: 0 };
        matching.go(&self.0, 0).then_some(matching.found)
    }
}

/// Where a parameter stands in a text without its name.
struct Slot {
    number: usize,
    start: usize,
    end: usize,
}

/// The question with a word in the place of each parameter, so that it is cut as the questions that
/// will be asked.
fn without_names(question: &str, names: &[&str]) -> Result<(String, Vec<Slot>), String> {
    let mut plain = String::new();
    let mut slots = Vec::new();
    let mut rest = question;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else {
            return Err("has a { without its }".to_owned());
        };
        plain.push_str(before);
        let number = names
            .iter()
            .position(|known| *known == name.trim())
            .ok_or_else(|| format!("has the parameter {name}, which is not declared"))?;
        let start = plain.len();
        plain.push('X');
        slots.push(Slot { number, start, end: plain.len() });
        rest = behind;
    }
    plain.push_str(rest);
    if plain.contains('}') {
        return Err("has a } without its {".to_owned());
    }
    Ok((plain, slots))
}

/// A comparison that goes on.
struct Matching<'m> {
    question: &'m str,
    asked: &'m [Word],
    parameters: &'m [Parameter],
    /// Of the parameters so far.
    values: Vec<Option<Value>>,
    found: Vec<Vec<Value>>,
    steps: usize,
}

impl Matching<'_> {
    /// Compares the pieces with what was asked from a word on; false where it takes too long. As
    /// deep as a question has words.
    fn go(&mut self, pieces: &[Piece], at: usize) -> bool {
        self.steps += 1;
        if self.steps > MAX_STEPS || self.found.len() > MAX_READINGS {
            return false;
        }
        let word = self.asked.get(at);
        if word.is_some_and(Word::is_idle) && !self.go(pieces, at + 1) {
            return false;
        }
        match (pieces.split_first(), word) {
            (None, None) => {
                self.found.extend(self.values.iter().cloned().collect::<Option<Vec<Value>>>());
                true
            }
            (Some((Piece::Word(wanted), rest)), Some(word)) if *wanted == word.text => {
                self.go(rest, at + 1)
            }
            (Some((Piece::Slot(number), rest)), Some(_)) => self.go_over_value(*number, rest, at),
            _ => true,
        }
    }

    fn go_over_value(&mut self, number: usize, rest: &[Piece], at: usize) -> bool {
        let Some(kind) = self.parameters.get(number).map(|parameter| &parameter.kind) else {
            return true;
        };
        for end in at + 1..=(at + MAX_WORDS).min(self.asked.len()) {
            let Some(read) = value::read(kind, self.question, self.asked, at..end) else {
                continue;
            };
            let before = self.values.get_mut(number).and_then(|value| value.replace(read));
            let goes_on = self.go(rest, end);
            if let Some(value) = self.values.get_mut(number) {
                *value = before;
            }
            if !goes_on {
                return false;
            }
        }
        true
    }
}
