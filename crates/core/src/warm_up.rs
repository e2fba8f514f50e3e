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

/// The last beginning of each scope, the latest last.
#[derive(Debug, Default)]
pub struct WarmUp {
    known: VecDeque<Beginning>,
    /// Those the engine has yet to read, the next one last.
    unread: Vec<Beginning>,
    /// The one it reads.
    reading: Option<Beginning>,
    /// Process id of the engine they are for.
    engine: i32,
    /// Whether something is known that was not saved.
    unsaved: bool,
}

impl WarmUp {
    /// Remembers what an engine has computed without harm.
    pub fn note(&mut self, beginning: Beginning) {
        if !beginning.is_reasonable() {
            return;
        }
        self.unsaved |= !self.known.contains(&beginning);
        self.known.retain(|known| known.scope != beginning.scope);
        if self.known.len() == SCOPES {
            self.known.pop_front();
        }
        self.known.push_back(beginning);
    }

    /// Whether an engine has computed what this request's prompt begins with, as the last of its
    /// scope. It may have been dropped for want of memory since.
    pub fn has_read(&self, request: &GenerateRequest) -> bool {
        let is_its = |known: &Beginning| {
            known.scope == request.cache_scope && known.system == request.prompt.system
        };
        self.known.iter().any(is_its)
    }

    /// The engine with this process id is ready: a new one has everything to read.
    pub fn meet(&mut self, engine: i32) {
        if self.engine != engine {
            self.engine = engine;
            self.unread.extend(self.known.drain(..));
        }
    }

    /// The next request for the engine. It is forgotten until the engine has done it: one that
    /// ends the engine must not end the next one too.
    pub fn to_read(&mut self) -> Option<GenerateRequest> {
        // A question asked meanwhile has made the engine read the schema.
        let asked = |unread: &Beginning| self.known.iter().any(|known| known.scope == unread.scope);
        while self.unread.last().is_some_and(&asked) {
            self.unread.pop();
        }
        self.reading = self.unread.pop();
        self.reading.as_ref().map(Beginning::request)
    }

    /// The engine has read it.
    pub fn was_read(&mut self) {
        if let Some(beginning) = self.reading.take() {
            let unsaved = self.unsaved;
            self.note(beginning);
            self.unsaved = unsaved;
        }
    }

    /// What to save, if something is known that was not saved before.
    pub fn to_save(&mut self) -> Option<Vec<u8>> {
        if !std::mem::take(&mut self.unsaved) {
            return None;
        }
        let all: Vec<&Beginning> = self.unread.iter().chain(&self.known).collect();
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
        self.unread = saved.into_iter().filter(Beginning::is_reasonable).collect();
        let surplus = self.unread.len().saturating_sub(SCOPES);
        self.unread.drain(..surplus);
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

    fn read(warm_up: &mut WarmUp) -> Vec<String> {
        let mut read = Vec::new();
        while let Some(request) = warm_up.to_read() {
            assert_eq!(request.max_new_tokens, 0);
            read.push(format!("{} {}", request.cache_scope, request.prompt.system));
            warm_up.was_read();
        }
        read
    }

    #[test]
    fn a_new_engine_reads_the_last_schema_of_each_scope_the_latest_first() {
        let mut warm_up = WarmUp::default();
        warm_up.meet(1);
        for (scope, system) in [("a", "1"), ("b", "2"), ("a", "3"), ("", "4")] {
            warm_up.note(beginning(scope, system));
        }
        assert!(read(&mut warm_up).is_empty(), "this engine was given them");
        warm_up.meet(1);
        assert!(read(&mut warm_up).is_empty());
        warm_up.meet(2);
        assert_eq!(read(&mut warm_up), ["a 3", "b 2"]);
        assert!(read(&mut warm_up).is_empty(), "once");
        warm_up.meet(3);
        assert_eq!(read(&mut warm_up), ["b 2", "a 3"], "the latest read first");
    }

    #[test]
    fn what_was_read_is_known_by_scope_and_text_until_the_engine_is_another() {
        let mut warm_up = WarmUp::default();
        warm_up.meet(1);
        warm_up.note(beginning("a", "1"));
        let asks = |scope, system| beginning(scope, system).request();
        assert!(warm_up.has_read(&asks("a", "1")));
        assert!(!warm_up.has_read(&asks("b", "1")), "another role's");
        assert!(!warm_up.has_read(&asks("a", "2")));
        warm_up.meet(2);
        assert!(!warm_up.has_read(&asks("a", "1")), "not by this one");
        read(&mut warm_up);
        assert!(warm_up.has_read(&asks("a", "1")));
    }

    #[test]
    fn what_ends_an_engine_is_not_read_by_the_next() {
        let mut warm_up = WarmUp::default();
        warm_up.note(beginning("good", "1"));
        warm_up.note(beginning("bad", "2"));
        warm_up.meet(1);
        assert_eq!(warm_up.to_read().unwrap().cache_scope, "bad");
        warm_up.meet(2);
        warm_up.note(beginning("good", "3"));
        assert!(read(&mut warm_up).is_empty(), "the good one was asked about meanwhile");
        warm_up.meet(3);
        assert_eq!(read(&mut warm_up), ["good 3"]);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_holds_no_question() {
        let mut warm_up = WarmUp::default();
        for scope in 0..100 {
            warm_up.note(beginning(&scope.to_string(), &"\u{1}".repeat(LONGEST)));
        }
        warm_up.note(beginning("long", &"x".repeat(LONGEST + 1)));
        let saved = warm_up.to_save().unwrap();
        assert!(saved.len() <= MOST_SAVED, "{}", saved.len());
        warm_up.meet(1);
        let read = read(&mut warm_up);
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
        before.note(beginning("a", "1"));
        before.note(beginning("b", "2"));
        let saved = before.to_save().unwrap();
        assert_eq!(before.to_save(), None, "nothing new");
        before.note(beginning("a", "1"));
        assert_eq!(before.to_save(), None, "still nothing");
        let mut after = WarmUp::default();
        after.restore(&saved).unwrap();
        after.meet(7);
        assert_eq!(read(&mut after), ["b 2", "a 1"]);
        assert_eq!(after.to_save(), None);
    }

    proptest! {
        #[test]
        fn damaged_bytes_are_not_taken_over(
            at in any::<prop::sample::Index>(), bit in 0u8..8, cut in any::<prop::sample::Index>(),
        ) {
            let mut before = WarmUp::default();
            before.note(beginning("a", "CREATE TABLE film"));
            let saved = before.to_save().unwrap();
            let mut flipped = saved.clone();
            flipped[at.index(saved.len())] ^= 1 << bit;
            let cut = &saved[..cut.index(saved.len())];
            for bytes in [flipped.as_slice(), cut] {
                let mut after = WarmUp::default();
                prop_assert_eq!(after.restore(bytes), Err(Damaged));
                prop_assert!(after.to_read().is_none());
            }
        }

        #[test]
        fn no_bytes_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut after = WarmUp::default();
            let _ = after.restore(&bytes);
        }
    }
}
