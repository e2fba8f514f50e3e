//! What a new engine is made to read before anybody asks: the schemas of late.
//!
//! An engine that replaces another knows nothing of what that one had read, and the first question
//! about a schema takes many times longer than the next. So the worker remembers the beginning that
//! the prompts of a few scopes have in common, and has a new engine compute it while nobody waits.
//! Of a question nothing is remembered. What is remembered is sent under the scope it came with, and
//! tells nobody anything: a scope is one role in one database. It may be saved for the next start:
//! as text with a checksum, a few kilobytes a schema instead of the tens of megabytes that its keys
//! and values take, with nothing in it that an engine would have to believe.
//! Does no input or output. Called by the worker's broker.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::chat::{ChatPrompt, Role, Turn};
use crate::hex;
use crate::protocol::GenerateRequest;
use crate::route::Route;

/// Scopes remembered.
const SCOPES: usize = 8;
/// Longest beginning remembered, bytes.
const LONGEST: usize = 64 << 10;
/// Most bytes of what is saved: escaped, a byte takes up to six.
pub const MOST_SAVED: usize = SCOPES * (6 * LONGEST + 1024);
/// Time an engine has for one prompt, milliseconds.
const DEADLINE_MS: u64 = 120_000;

/// What the prompts of a scope begin with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beginning {
    scope: String,
    system: String,
}

impl Beginning {
    /// That of a request; of the question nothing.
    pub fn of(request: &GenerateRequest) -> Self {
        Self { scope: request.cache_scope.clone(), system: request.prompt.system.clone() }
    }

    /// On whose behalf.
    pub(crate) fn scope(&self) -> &str {
        &self.scope
    }

    /// The text.
    pub(crate) fn system(&self) -> &str {
        &self.system
    }

    /// Whether it is worth remembering.
    pub(crate) fn is_reasonable(&self) -> bool {
        !self.scope.is_empty() && self.scope.len() <= 64 && self.system.len() <= LONGEST
    }

    /// The request to compute it, and nothing more.
    pub fn request(&self) -> GenerateRequest {
        GenerateRequest {
            prompt: ChatPrompt {
                system: self.system.clone(),
                turns: vec![Turn { role: Role::User, text: "?".to_owned() }],
                assistant_prefix: String::new(),
            },
            max_new_tokens: 0,
            deadline_ms: DEADLINE_MS,
            cache_scope: self.scope.clone(),
            constraint: None,
            sampling: None,
            route: Route::default(),
        }
    }
}

/// Why saved bytes cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the saved schemas are damaged")]
pub struct Damaged;

/// A beginning, and which engines have computed it.
#[derive(Debug)]
struct Known {
    beginning: Beginning,
    /// Their process ids.
    read_by: Vec<i32>,
}

/// What an engine has to read before it is asked.
#[derive(Debug)]
struct Reader {
    /// Its process id.
    engine: i32,
    /// Scopes that it has yet to read, the next one last.
    unread: Vec<String>,
    /// What it reads.
    reading: Option<Known>,
}

impl Reader {
    fn reads(&self, scope: &str) -> bool {
        self.reading.as_ref().is_some_and(|reading| reading.beginning.scope == scope)
    }
}

/// The last beginning of each scope, the latest last, and the engines that are there.
#[derive(Debug, Default)]
pub struct WarmUp {
    /// Without those that are being read.
    known: VecDeque<Known>,
    readers: Vec<Reader>,
    /// Whether something is known that was not saved.
    unsaved: bool,
}

impl WarmUp {
    /// Remembers what an engine has computed without harm.
    pub fn note(&mut self, beginning: Beginning, engine: i32) {
        if !beginning.is_reasonable() {
            return;
        }
        // A question has made it read the schema.
        self.readers
            .iter_mut()
            .filter(|reader| reader.engine == engine)
            .for_each(|reader| reader.unread.retain(|scope| *scope != beginning.scope));
        let at = self.known.iter().position(|known| known.beginning.scope == beginning.scope);
        let before = at.and_then(|at| self.known.remove(at));
        let same = before.filter(|known| known.beginning == beginning);
        self.unsaved |= same.is_none();
        let mut read_by = same.map(|known| known.read_by).unwrap_or_default();
        read_by.retain(|reader| *reader != engine);
        read_by.push(engine);
        self.remember(Known { beginning, read_by });
    }

    /// Whether the engine has computed what this request's prompt begins with, as the last of its
    /// scope. It may have been dropped for want of memory since.
    pub fn has_read(&self, request: &GenerateRequest, engine: i32) -> bool {
        self.known.iter().any(|Known { beginning, read_by }| {
            beginning.scope == request.cache_scope
                && beginning.system == request.prompt.system
                && read_by.contains(&engine)
        })
    }

    /// The engines with these process ids are ready: a new one has everything to read. What one that is
    /// gone was reading is forgotten: what ends an engine must not end the next one too.
    pub fn meet(&mut self, engines: &[i32]) {
        self.readers.retain(|reader| engines.contains(&reader.engine));
        let being_read = self.readers.iter_mut().filter_map(|reader| reader.reading.as_mut());
        for known in self.known.iter_mut().chain(being_read) {
            known.read_by.retain(|engine| engines.contains(engine));
        }
        for &engine in engines {
            if self.readers.iter().any(|reader| reader.engine == engine) {
                continue;
            }
            let being_read = self.readers.iter().filter_map(|reader| reader.reading.as_ref());
            let all = self.known.iter().chain(being_read);
            let unread = all.map(|known| known.beginning.scope.clone()).collect();
            self.readers.push(Reader { engine, unread, reading: None });
        }
    }

    /// The next request for an engine. It is forgotten until the engine has done it.
    pub fn to_read(&mut self, engine: i32) -> Option<GenerateRequest> {
        let (own, others): (Vec<&mut Reader>, Vec<&mut Reader>) =
            self.readers.iter_mut().partition(|reader| reader.engine == engine);
        let reader = own.into_iter().next()?;
        reader.reading = None;
        let place = |scope: &str| self.known.iter().position(|k| k.beginning.scope == scope);
        // What another engine reads just now comes back, if that one survives it.
        reader.unread.retain(|scope| {
            place(scope).is_some() || others.iter().any(|other| other.reads(scope))
        });
        let next = reader.unread.iter().rposition(|scope| place(scope).is_some())?;
        let at = place(&reader.unread.remove(next))?;
        reader.reading = self.known.remove(at);
        reader.reading.as_ref().map(|reading| reading.beginning.request())
    }

    /// The engine has read it.
    pub fn was_read(&mut self, engine: i32) {
        let reader = self.readers.iter_mut().find(|reader| reader.engine == engine);
        let Some(mut known) = reader.and_then(|reader| reader.reading.take()) else { return };
        // Somebody may have asked about a newer one meanwhile.
        if self.known.iter().all(|newer| newer.beginning.scope != known.beginning.scope) {
            known.read_by.push(engine);
            self.remember(known);
        }
    }

    fn remember(&mut self, known: Known) {
        if self.known.len() == SCOPES {
            self.known.pop_front();
        }
        self.known.push_back(known);
    }

    /// What to save, if something is known that was not saved before.
    pub fn to_save(&mut self) -> Option<Vec<u8>> {
        if !std::mem::take(&mut self.unsaved) {
            return None;
        }
        let all: Vec<&Beginning> = self.known.iter().map(|known| &known.beginning).collect();
        let json = serde_json::to_vec(&all).ok()?;
        let mut bytes = sum(&json).into_bytes();
        bytes.push(b'\n');
        bytes.extend(json);
        Some(bytes)
    }

    /// Takes over what was saved, for the next engine to read.
    ///
    /// # Errors
    /// [`Damaged`] where it is not what was saved; nothing was taken over then.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), Damaged> {
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or(Damaged)?;
        let (found, json) = bytes.split_at(end);
        let json = json.get(1..).unwrap_or_default();
        if bytes.len() > MOST_SAVED || found != sum(json).as_bytes() {
            return Err(Damaged);
        }
        let saved: Vec<Beginning> = serde_json::from_slice(json).map_err(|_| Damaged)?;
        let saved = saved.into_iter().filter(Beginning::is_reasonable);
        self.known = saved.map(|beginning| Known { beginning, read_by: Vec::new() }).collect();
        let surplus = self.known.len().saturating_sub(SCOPES);
        self.known.drain(..surplus);
        Ok(())
    }
}

fn sum(json: &[u8]) -> String {
    hex::encode(Sha256::digest(json))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn beginning(scope: &str, system: &str) -> Beginning {
        Beginning { scope: scope.to_owned(), system: system.to_owned() }
    }

    fn read(warm_up: &mut WarmUp, engine: i32) -> Vec<String> {
        let mut read = Vec::new();
        while let Some(request) = warm_up.to_read(engine) {
            assert_eq!(request.max_new_tokens, 0);
            read.push(format!("{} {}", request.cache_scope, request.prompt.system));
            warm_up.was_read(engine);
        }
        read
    }

    #[test]
    fn a_new_engine_reads_the_last_schema_of_each_scope_the_latest_first() {
        let mut warm_up = WarmUp::default();
        warm_up.meet(&[1]);
        for (scope, system) in [("a", "1"), ("b", "2"), ("a", "3"), ("", "4")] {
            warm_up.note(beginning(scope, system), 1);
        }
        assert!(read(&mut warm_up, 1).is_empty(), "this engine was given them");
        warm_up.meet(&[1]);
        assert!(read(&mut warm_up, 1).is_empty());
        warm_up.meet(&[2]);
        assert_eq!(read(&mut warm_up, 2), ["a 3", "b 2"]);
        assert!(read(&mut warm_up, 2).is_empty(), "once");
        warm_up.meet(&[3]);
        assert_eq!(read(&mut warm_up, 3), ["b 2", "a 3"], "the latest read first");
    }

    #[test]
    fn what_was_read_is_known_by_scope_and_text_until_the_engine_is_another() {
        let mut warm_up = WarmUp::default();
        warm_up.meet(&[1]);
        warm_up.note(beginning("a", "1"), 1);
        let asks = |scope, system| beginning(scope, system).request();
        assert!(warm_up.has_read(&asks("a", "1"), 1));
        assert!(!warm_up.has_read(&asks("b", "1"), 1), "another role's");
        assert!(!warm_up.has_read(&asks("a", "2"), 1));
        warm_up.meet(&[2]);
        assert!(!warm_up.has_read(&asks("a", "1"), 2), "not by this one");
        read(&mut warm_up, 2);
        assert!(warm_up.has_read(&asks("a", "1"), 2));
    }

    #[test]
    fn what_ends_an_engine_is_not_read_by_the_next() {
        let mut warm_up = WarmUp::default();
        warm_up.note(beginning("good", "1"), 0);
        warm_up.note(beginning("bad", "2"), 0);
        warm_up.meet(&[1]);
        assert_eq!(warm_up.to_read(1).unwrap().cache_scope, "bad");
        warm_up.meet(&[2]);
        warm_up.note(beginning("good", "3"), 2);
        assert!(read(&mut warm_up, 2).is_empty(), "the good one was asked about meanwhile");
        warm_up.meet(&[3]);
        assert_eq!(read(&mut warm_up, 3), ["good 3"]);
    }

    #[test]
    fn several_engines_read_everything_and_no_two_the_same_at_a_time() {
        let mut warm_up = WarmUp::default();
        for scope in ["a", "b"] {
            warm_up.note(beginning(scope, "1"), 0);
        }
        warm_up.meet(&[1, 2]);
        let next = |warm_up: &mut WarmUp, engine| warm_up.to_read(engine).map(|r| r.cache_scope);
        assert_eq!(next(&mut warm_up, 1).as_deref(), Some("b"));
        assert_eq!(next(&mut warm_up, 2).as_deref(), Some("a"));
        warm_up.was_read(1);
        assert_eq!(next(&mut warm_up, 1), None, "the other one reads it");
        warm_up.was_read(2);
        assert_eq!(next(&mut warm_up, 1).as_deref(), Some("a"));
        assert_eq!(next(&mut warm_up, 2).as_deref(), Some("b"));
        // The first ends of it, and takes it along.
        warm_up.meet(&[2, 3]);
        warm_up.was_read(1);
        warm_up.was_read(2);
        assert_eq!(read(&mut warm_up, 2), [""; 0]);
        assert_eq!(read(&mut warm_up, 3), ["b 1"]);
        assert!(warm_up.has_read(&beginning("b", "1").request(), 2));
        assert!(!warm_up.has_read(&beginning("b", "1").request(), 1), "it is gone");
    }

    #[test]
    fn what_one_engine_was_asked_about_the_other_has_not_read() {
        let mut warm_up = WarmUp::default();
        warm_up.meet(&[1, 2]);
        warm_up.note(beginning("a", "1"), 1);
        let request = beginning("a", "1").request();
        assert_eq!([1, 2].map(|engine| warm_up.has_read(&request, engine)), [true, false]);
        warm_up.note(beginning("a", "1"), 2);
        assert_eq!([1, 2].map(|engine| warm_up.has_read(&request, engine)), [true, true]);
        warm_up.note(beginning("a", "2"), 2);
        assert_eq!([1, 2].map(|engine| warm_up.has_read(&request, engine)), [false, false]);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_holds_no_question() {
        let mut warm_up = WarmUp::default();
        for scope in 0..100 {
            warm_up.note(beginning(&scope.to_string(), &"\u{1}".repeat(LONGEST)), 0);
        }
        warm_up.note(beginning("long", &"x".repeat(LONGEST + 1)), 0);
        let saved = warm_up.to_save().unwrap();
        assert!(saved.len() <= MOST_SAVED, "{}", saved.len());
        warm_up.meet(&[1]);
        let read = read(&mut warm_up, 1);
        assert_eq!(read.len(), SCOPES);
        assert!(read[0].starts_with("99 "));
        let request = GenerateRequest {
            prompt: ChatPrompt {
                system: "schema".into(),
                turns: vec![Turn { role: Role::User, text: "secret".into() }],
                assistant_prefix: "prefix".into(),
            },
            cache_scope: "a".into(),
            max_new_tokens: 1,
            deadline_ms: 1,
            constraint: None,
            sampling: None,
            route: Route::default(),
        };
        assert!(!format!("{:?}", Beginning::of(&request)).contains("secret"));
    }

    #[test]
    fn the_next_server_reads_what_was_saved() {
        let mut before = WarmUp::default();
        assert_eq!(before.to_save(), None);
        before.note(beginning("a", "1"), 0);
        before.note(beginning("b", "2"), 0);
        let saved = before.to_save().unwrap();
        assert_eq!(before.to_save(), None, "nothing new");
        before.note(beginning("a", "1"), 0);
        assert_eq!(before.to_save(), None, "still nothing");
        let mut after = WarmUp::default();
        after.restore(&saved).unwrap();
        after.meet(&[7]);
        assert_eq!(read(&mut after, 7), ["b 2", "a 1"]);
        assert_eq!(after.to_save(), None);
    }

    proptest! {
        #[test]
        fn damaged_bytes_are_not_taken_over(
            at in any::<prop::sample::Index>(), bit in 0u8..8, cut in any::<prop::sample::Index>(),
        ) {
            let mut before = WarmUp::default();
            before.note(beginning("a", "CREATE TABLE film"), 0);
            let saved = before.to_save().unwrap();
            let mut flipped = saved.clone();
            flipped[at.index(saved.len())] ^= 1 << bit;
            let cut = &saved[..cut.index(saved.len())];
            for bytes in [flipped.as_slice(), cut] {
                let mut after = WarmUp::default();
                prop_assert_eq!(after.restore(bytes), Err(Damaged));
                after.meet(&[1]);
                prop_assert!(after.to_read(1).is_none());
            }
        }

        #[test]
        fn no_bytes_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut after = WarmUp::default();
            let _ = after.restore(&bytes);
        }
    }
}
