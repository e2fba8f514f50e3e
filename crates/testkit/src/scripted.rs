//! An engine that answers from a script: deterministic, fast, and as badly behaved as a test asks.
//!
//! Owns the script format; what it can do wrong is in [`crate::misbehaviour`]; threads, frames and cancelling are the real engine's frame loop.
//! `LoadSpec.path` names the script; its sha256 is not checked. Started for an encoder, it is the real one. Started by regression and
//! integration tests through `text2sql-engine-scripted`.
//!
//! # Script
//!
//! ```json
//! {
//!   "load_ms": 0,
//!   "load_fails": null,
//!   "rules": [
//!     {"contains": "how many", "unless_contains": "films", "reply": "SELECT 1", "token_ms": 0},
//!     {"contains": "break", "before": "crash"},
//!     {"contains": "stall", "reply": "SELECT 1 + 1", "before": "hang", "after_tokens": 2},
//!     {"contains": "how many", "repair": true, "reply": "SELECT 2"}
//!   ],
//!   "default_reply": "SELECT 1"
//! }
//! ```
//!
//! * `load_ms`: how long loading takes; `load_fails`: a `Failure` to report instead of `Ready`
//!   (`{"code":"bad_model","message":"…","detail":null,"hint":null}`).
//! * `contains` and `unless_contains` are looked for in the whole rendered prompt; the first rule
//!   that matches wins. An absent `contains` always matches.
//! * `reply` is sent in pieces of one word, `token_ms` milliseconds before each; it is cut where
//!   a statement ends, as the engine would. Cancel and deadline are obeyed before each piece.
//! * `echo_after`: `{echo}` in the reply is replaced by the word (letters and digits) that follows
//!   this text in the last question.
//! * `repair`: such rules are tried first where the prompt has more than one user turn, and never
//!   where it has one. `repair_reply` is the reply of an ordinary rule in that case.
//! * `samples`: replies to the requests for drawn candidates of the same prompt, in the order in which
//!   they come after the one that is not drawn, round and round; without them, `reply`.
//! * `constrained_reply`: the reply to requests that are to keep to a grammar.
//! * `surprisal`: how unlikely each piece is said to be, millionths; with 0 nothing is said.
//! * `before` is a misbehaviour ([`Misbehaviour`]), done after `after_tokens` pieces (0: before
//!   any event). Those that send something then go on as if nothing had happened.
//! * `default_reply`: where no rule matches.
//! * `kept_bytes`: bytes handed over where the worker asks for what is cached of a prompt, whatever it
//!   allows; 0: there is nothing.
//!
//! Tokens of a prompt are counted as its words; as cached count those with which the last prompt
//! of the same scope began too.

use std::collections::{HashMap, VecDeque};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde::Deserialize;
use text2sql_core::chat::{ChatFormat, Role};
use text2sql_core::protocol::{
    EngineReport, Event, Failure, FailureCode, FilePart, FileRest, Finish, GenerateRequest,
    GenerationStats, ModelInfo, ModelSpec,
};
use text2sql_engine::control::Control;
use text2sql_engine::frame_loop::{Encoding, Job, Model, Sink};
use text2sql_engine::served::Served;
use text2sql_engine::stop::StatementEnd;

use crate::misbehaviour::Misbehaviour;

/// What the engine does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Duration of loading, milliseconds.
    #[serde(default)]
    pub load_ms: u64,
    /// How loading fails.
    #[serde(default)]
    pub load_fails: Option<Failure>,
    /// Rules, in order.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Reply where no rule matches.
    #[serde(default)]
    pub default_reply: String,
    /// What is handed over of a prompt, bytes.
    #[serde(default)]
    pub kept_bytes: usize,
}

/// Most bytes handed over at a time.
const PIECE: usize = 256 << 10;

/// When to reply what.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Text the prompt must have.
    pub contains: String,
    /// Text the prompt must not have.
    pub unless_contains: Option<String>,
    /// What comes before the word that `{echo}` stands for.
    pub echo_after: Option<String>,
    /// For repair rounds only.
    pub repair: bool,
    /// The reply.
    pub reply: String,
    /// The reply in a repair round.
    pub repair_reply: Option<String>,
    /// Replies to requests for drawn candidates, in order of asking.
    pub samples: Vec<String>,
    /// The reply to requests that are to keep to a grammar.
    pub constrained_reply: Option<String>,
    /// How unlikely each piece is said to be, millionths; 0: nothing is said.
    pub surprisal: u64,
    /// Time per piece, milliseconds.
    pub token_ms: u64,
    /// What goes wrong.
    pub before: Option<Misbehaviour>,
    /// Pieces sent before it does.
    pub after_tokens: usize,
}

impl Script {
    /// The rule for a request, and the reply; `drawn` candidates of its prompt came before it.
    pub fn choose(&self, request: &GenerateRequest, drawn: usize) -> (Rule, String) {
        let prompt = ChatFormat::ChatMl.render(&request.prompt);
        let users = request.prompt.turns.iter().filter(|turn| turn.role == Role::User).count();
        let repairing = users > 1;
        let matches = |rule: &&Rule| {
            prompt.contains(&rule.contains)
                && !rule.unless_contains.as_ref().is_some_and(|text| prompt.contains(text))
        };
        let mut of_repair = self.rules.iter().filter(|rule| rule.repair && repairing);
        let mut ordinary = self.rules.iter().filter(|rule| !rule.repair);
        match of_repair.find(matches).or_else(|| ordinary.find(matches)) {
            Some(rule) => {
                let reply = rule.repair_reply.clone().filter(|_| repairing);
                let sample = (!rule.samples.is_empty() && request.sampling.is_some())
                    .then(|| rule.samples.get(drawn % rule.samples.len()).cloned())
                    .flatten();
                let constrained = request.constraint.as_ref().and(rule.constrained_reply.clone());
                let reply = constrained.or(reply).or(sample);
                let reply = reply.unwrap_or_else(|| rule.reply.clone());
                (rule.clone(), rule.echoed(reply, request))
            }
            None => (Rule::default(), self.default_reply.clone()),
        }
    }
}

impl Rule {
    fn echoed(&self, reply: String, request: &GenerateRequest) -> String {
        let Some(marker) = &self.echo_after else { return reply };
        let question = request.prompt.turns.last().map_or("", |turn| turn.text.as_str());
        // The last one: a schema comes first, the question last.
        let rest = question.rsplit_once(marker).map_or("", |(_, rest)| rest);
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        reply.replace("{echo}", rest.get(..end).unwrap_or_default())
    }
}

/// The scripted model.
pub struct Scripted {
    raw: UnixStream,
    script: Script,
    talks: VecDeque<Talk>,
    /// Words of the last prompt of each scope.
    prompts: HashMap<String, Vec<String>>,
    /// Drawn candidates of each prompt since the one that was not drawn.
    drawn: HashMap<String, usize>,
    /// What is left of a file to be handed over, and which it is.
    keeping: Option<(u64, usize)>,
    /// Where it is started for an encoder: the real one.
    encoder: Served,
}

impl Scripted {
    /// A model that may write to `raw` what is no frame.
    pub fn new(raw: UnixStream) -> Self {
        let (talks, prompts, drawn) = (VecDeque::new(), HashMap::new(), HashMap::new());
        let (script, encoder) = (Script::default(), Served::default());
        Self { raw, script, talks, prompts, drawn, keeping: None, encoder }
    }

    /// Sends one piece of an answer; `Some` where that was the last.
    fn piece(&mut self, job: &mut Talk, on_event: &mut dyn FnMut(Event)) -> Option<Finish> {
        if !job.started {
            self.misbehave(job);
            let Talk { prompt_tokens, cached_tokens, .. } = *job;
            on_event(Event::Started { prompt_tokens, cached_tokens });
            job.started = true;
        }
        let Some(piece) = job.pieces.pop_front() else { return Some(Finish::Stop) };
        if job.sent >= job.most {
            return Some(Finish::Length);
        }
        let fed = job.scanner.feed(&piece);
        if !fed.text.is_empty() {
            job.text.push_str(&fed.text);
            on_event(Event::Delta { text: fed.text });
        }
        job.sent += 1;
        self.misbehave(job);
        fed.ended.then_some(Finish::Stop)
    }

    /// Does what the rule says to do at this place of the answer.
    fn misbehave(&mut self, job: &Talk) {
        if let Some(how) = job.rule.before
            && job.rule.after_tokens == job.sent
            && how.act(&mut self.raw, job.id, &job.control).is_err()
        {
            // The other end is gone; so is the reason to go on.
            std::process::exit(0);
        }
    }
}

/// An answer being given.
struct Talk {
    id: u64,
    control: Control,
    rule: Rule,
    started: bool,
    prompt_tokens: u32,
    cached_tokens: u32,
    most: usize,
    pieces: VecDeque<String>,
    /// When the next piece is due.
    due: Instant,
    begin: Instant,
    scanner: StatementEnd,
    text: String,
    sent: usize,
}

impl Talk {
    fn new(script: &Script, job: Job, cached_tokens: u32, drawn: usize) -> Self {
        let Job { id, request, control } = job;
        let (rule, reply) = script.choose(&request, drawn);
        let now = Instant::now();
        Self {
            id,
            control,
            due: now + Duration::from_millis(rule.token_ms),
            rule,
            started: false,
            prompt_tokens: words(&request).len() as u32,
            cached_tokens,
            most: request.max_new_tokens as usize,
            pieces: reply.split_inclusive(char::is_whitespace).map(str::to_owned).collect(),
            begin: now,
            scanner: StatementEnd::new(&request.prompt.assistant_prefix),
            text: String::new(),
            sent: 0,
        }
    }

    fn done(self, finish: Finish) -> Event {
        let stats = GenerationStats {
            prompt_tokens: self.prompt_tokens,
            cached_tokens: self.cached_tokens,
            generated_tokens: self.sent as u32,
            decode_us: self.begin.elapsed().as_micros() as u64,
            weighed_tokens: if self.rule.surprisal > 0 { self.sent as u32 } else { 0 },
            surprisal: self.rule.surprisal * self.sent as u64,
            worst_surprisal: self.rule.surprisal,
            ..GenerationStats::default()
        };
        Event::Done { text: self.text, finish, stats }
    }
}

impl Model for Scripted {
    fn embed(&mut self, task: Encoding, send: &mut Sink<'_>) {
        self.encoder.embed(task, send);
    }

    fn load(
        &mut self,
        spec: &ModelSpec,
        progress: &mut dyn FnMut(u8),
    ) -> Result<ModelInfo, Failure> {
        if matches!(spec, ModelSpec::Encoder(_)) {
            return self.encoder.load(spec, progress);
        }
        let spec = spec.file()?;
        let failure = |code, message: &str, detail: String| Failure {
            code,
            message: message.into(),
            detail: Some(detail),
            hint: None,
        };
        let text = std::fs::read_to_string(&spec.path).map_err(|error| {
            failure(FailureCode::NoModel, "the model file cannot be read", error.to_string())
        })?;
        self.script = serde_json::from_str(&text).map_err(|error| {
            failure(FailureCode::BadModel, "the script is malformed", error.to_string())
        })?;
        for percent in [0, 50, 100] {
            progress(percent);
            std::thread::sleep(Duration::from_millis(self.script.load_ms / 3));
        }
        if let Some(failure) = &self.script.load_fails {
            return Err(failure.clone());
        }
        Ok(ModelInfo {
            name: "scripted".into(),
            architecture: "scripted".into(),
            chat: ChatFormat::ChatMl,
            context: spec.context,
            vocab: 0,
            file_bytes: text.len() as u64,
            weight_bytes: 0,
            sha256: spec.sha256.clone(),
            load_ms: self.script.load_ms,
        })
    }

    fn start(&mut self, job: Job, _send: &mut Sink<'_>) {
        let scope = job.request.cache_scope.clone();
        let words = words(&job.request);
        let known = self.prompts.get(&scope).filter(|_| !scope.is_empty());
        let alike =
            |known: &Vec<String>| words.iter().zip(known).take_while(|(a, b)| a == b).count();
        let cached_tokens = known.map_or(0, alike).min(words.len() - 1);
        let count = self.drawn.entry(words.join(" ")).or_default();
        let drawn = *count;
        *count = if job.request.sampling.is_some() { drawn + 1 } else { 0 };
        self.prompts.insert(scope, words);
        self.talks.push_back(Talk::new(&self.script, job, cached_tokens as u32, drawn));
    }

    fn is_busy(&self) -> bool {
        !self.talks.is_empty() || self.keeping.is_some()
    }

    fn keep(&mut self, id: u64, _request: &GenerateRequest) -> bool {
        self.keeping = (self.script.kept_bytes > 0).then_some((id, self.script.kept_bytes));
        self.keeping.is_some()
    }

    fn aside(&mut self) -> Vec<EngineReport> {
        let Some((id, left)) = self.keeping.take() else { return Vec::new() };
        let count = left.min(PIECE);
        let rest = if left > count { FileRest::More } else { FileRest::Nothing };
        self.keeping = (left > count).then_some((id, left - count));
        vec![EngineReport::Kept { id, part: FilePart { bytes: vec![7; count], rest } }]
    }

    /// A piece of every answer that is due.
    fn step(&mut self, send: &mut Sink<'_>) {
        for mut talk in std::mem::take(&mut self.talks) {
            let id = talk.id;
            if let Err(error) = talk.control.check() {
                send(id, Event::Failed { failure: error.into() });
            } else if talk.due > Instant::now() {
                self.talks.push_back(talk);
            } else if let Some(finish) = self.piece(&mut talk, &mut |event| send(id, event)) {
                send(id, talk.done(finish));
            } else {
                talk.due = Instant::now() + Duration::from_millis(talk.rule.token_ms);
                self.talks.push_back(talk);
            }
        }
        let next = self.talks.iter().map(|talk| talk.due).min();
        let pause = next.map(|due| due.saturating_duration_since(Instant::now()));
        // Not longer: a cancel is noticed between two steps.
        std::thread::sleep(pause.unwrap_or_default().min(Duration::from_millis(5)));
    }

    fn after_panic(&mut self) {
        self.talks.clear();
    }
}

fn words(request: &GenerateRequest) -> Vec<String> {
    let rendered = ChatFormat::ChatMl.render(&request.prompt);
    rendered.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use text2sql_core::chat::{ChatPrompt, Turn};
    use text2sql_core::protocol::Sampling;
    use text2sql_core::route::Route;

    fn request(turns: &[&str]) -> GenerateRequest {
        let turns =
            turns.iter().map(|text| Turn { role: Role::User, text: (*text).into() }).collect();
        GenerateRequest {
            prompt: ChatPrompt { turns, ..ChatPrompt::default() },
            max_new_tokens: 10,
            deadline_ms: 1000,
            cache_scope: String::new(),
            constraint: None,
            sampling: None,
            route: Route::default(),
        }
    }

    #[test]
    fn rules_are_chosen_as_documented() {
        let script: Script = serde_json::from_str(
            r#"{"rules": [
                {"contains": "x", "unless_contains": "q", "reply": "first", "repair_reply": "again"},
                {"contains": "z", "repair": true, "reply": "repaired"},
                {"contains": "z", "reply": "second"}
            ], "default_reply": "none"}"#,
        )
        .expect("a script");
        for (turns, reply) in [
            (&["x"][..], "first"),
            (&["x", "x"], "again"),
            (&["x q"], "none"),
            (&["z"], "second"),
            (&["z", "x"], "repaired"),
        ] {
            assert_eq!(script.choose(&request(turns), 0).1, reply, "{turns:?}");
        }
    }

    #[test]
    fn the_word_after_the_last_marker_is_echoed() {
        let script: Script = serde_json::from_str(
            r#"{"rules": [{"echo_after": "code ", "reply": "SELECT '{echo}' AS code"}]}"#,
        )
        .expect("a script");
        for (question, reply) in [
            ("code a; give me code x7?", "SELECT 'x7' AS code"),
            ("code x7", "SELECT 'x7' AS code"),
            ("no marker", "SELECT '' AS code"),
        ] {
            assert_eq!(script.choose(&request(&["code of an earlier turn", question]), 0).1, reply);
        }
    }

    #[test]
    fn drawn_candidates_get_the_samples_in_turn() {
        let script: Script =
            serde_json::from_str(r#"{"rules": [{"reply": "first", "samples": ["a", "b"]}]}"#)
                .expect("a script");
        let greedy = request(&["q"]);
        let drawn = GenerateRequest { sampling: Some(Sampling::default()), ..greedy.clone() };
        assert_eq!(script.choose(&greedy, 1).1, "first");
        let replies: Vec<String> = (0..3).map(|count| script.choose(&drawn, count).1).collect();
        assert_eq!(replies, ["a", "b", "a"]);
    }

    #[test]
    fn requests_with_a_grammar_get_their_own_reply() {
        let script: Script =
            serde_json::from_str(r#"{"rules": [{"reply": "free", "constrained_reply": "kept"}]}"#)
                .expect("a script");
        let free = request(&["q"]);
        let kept = GenerateRequest { constraint: Some(Default::default()), ..free.clone() };
        assert_eq!(script.choose(&free, 0).1, "free");
        assert_eq!(script.choose(&kept, 0).1, "kept");
    }
}
