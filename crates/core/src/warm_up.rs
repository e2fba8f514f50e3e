//! What a new engine is made to read before anybody asks: the prompts of late.
//!
//! An engine that replaces another knows nothing of what that one had read, and the first question
//! about a schema takes many times longer than the next. So the worker remembers the last prompt of
//! a few scopes and has a new engine compute them while nobody waits. They are kept in the worker's
//! memory only, are sent under the scope they came with, and tell nobody anything: a scope is one
//! role in one database. Called by the worker's broker.

use std::collections::VecDeque;

use crate::protocol::GenerateRequest;

/// Scopes remembered.
const SCOPES: usize = 8;
/// Longest prompt remembered, bytes.
const LONGEST: usize = 64 << 10;
/// Time an engine has for one prompt, milliseconds.
const DEADLINE_MS: u64 = 120_000;

/// The last prompt of each scope, the latest last.
#[derive(Default)]
pub struct WarmUp {
    prompts: VecDeque<GenerateRequest>,
    /// Those the engine has yet to read, the next one last.
    unread: Vec<GenerateRequest>,
    /// The one it reads.
    reading: Option<GenerateRequest>,
    /// Process id of the engine they are for.
    engine: i32,
}

impl WarmUp {
    /// The request to compute the prompt of another, and nothing more.
    pub fn prompt_of(request: &GenerateRequest) -> GenerateRequest {
        GenerateRequest {
            prompt: request.prompt.clone(),
            max_new_tokens: 0,
            deadline_ms: DEADLINE_MS,
            cache_scope: request.cache_scope.clone(),
            constraint: None,
        }
    }

    /// Remembers a prompt that an engine has computed without harm.
    pub fn note(&mut self, prompt: GenerateRequest) {
        let scope = &prompt.cache_scope;
        let turns = prompt.prompt.turns.iter().map(|turn| turn.text.len()).sum::<usize>();
        if scope.is_empty() || prompt.prompt.system.len() + turns > LONGEST {
            return;
        }
        self.prompts.retain(|known| known.cache_scope != *scope);
        if self.prompts.len() == SCOPES {
            self.prompts.pop_front();
        }
        self.prompts.push_back(prompt);
    }

    /// The engine with this process id is ready: a new one has everything to read.
    pub fn meet(&mut self, engine: i32) {
        if self.engine != engine {
            self.engine = engine;
            self.unread.extend(self.prompts.drain(..));
        }
    }

    /// The next prompt the engine should read. It is forgotten until the engine has: one that
    /// ends the engine must not end the next one too.
    pub fn to_read(&mut self) -> Option<GenerateRequest> {
        let known = |request: &GenerateRequest| {
            self.prompts.iter().any(|known| known.cache_scope == request.cache_scope)
        };
        // A question asked meanwhile has made the engine read the schema.
        while self.unread.last().is_some_and(&known) {
            self.unread.pop();
        }
        self.reading = self.unread.pop();
        self.reading.clone()
    }

    /// The engine has read it.
    pub fn was_read(&mut self) {
        if let Some(request) = self.reading.take() {
            self.note(request);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ChatPrompt, Role, Turn};

    fn request(scope: &str, text: &str) -> GenerateRequest {
        WarmUp::prompt_of(&GenerateRequest {
            prompt: ChatPrompt {
                turns: vec![Turn { role: Role::User, text: text.to_owned() }],
                ..ChatPrompt::default()
            },
            max_new_tokens: 100,
            deadline_ms: 1,
            cache_scope: scope.to_owned(),
            constraint: None,
        })
    }

    fn read(warm_up: &mut WarmUp) -> Vec<String> {
        let mut read = Vec::new();
        while let Some(request) = warm_up.to_read() {
            assert_eq!(request.max_new_tokens, 0);
            read.push(format!("{} {}", request.cache_scope, request.prompt.turns[0].text));
            warm_up.was_read();
        }
        read
    }

    #[test]
    fn a_new_engine_reads_the_last_prompt_of_each_scope_the_latest_first() {
        let mut warm_up = WarmUp::default();
        warm_up.meet(1);
        for (scope, text) in [("a", "1"), ("b", "2"), ("a", "3"), ("", "4")] {
            warm_up.note(request(scope, text));
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
    fn a_prompt_that_ends_an_engine_is_not_read_by_the_next() {
        let mut warm_up = WarmUp::default();
        warm_up.note(request("good", "1"));
        warm_up.note(request("bad", "2"));
        warm_up.meet(1);
        assert_eq!(warm_up.to_read().unwrap().cache_scope, "bad");
        warm_up.meet(2);
        warm_up.note(request("good", "3"));
        assert!(read(&mut warm_up).is_empty(), "the good one was asked about meanwhile");
        warm_up.meet(3);
        assert_eq!(read(&mut warm_up), ["good 3"]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut warm_up = WarmUp::default();
        for scope in 0..100 {
            warm_up.note(request(&scope.to_string(), "x"));
        }
        warm_up.note(request("long", &"x".repeat(LONGEST + 1)));
        warm_up.meet(1);
        let read = read(&mut warm_up);
        assert_eq!(read.len(), SCOPES);
        assert_eq!(read[0], "99 x");
    }
}
