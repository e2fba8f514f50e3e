//! The binary as a child, specifications, requests, and what comes of them.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;
use text2sql_core::protocol::{
    EndpointSpec, EngineCommand, EngineReport, Event, Failure, ModelInfo, ModelSpec,
};
use text2sql_testkit::child::Engine;

use crate::server::Server;

/// Tries as often as a test needs that is not about trying.
pub fn spec(url: &str) -> EndpointSpec {
    EndpointSpec {
        url: url.into(),
        model: "test-model".into(),
        key_file: None,
        ca_file: None,
        parallel: 4,
        connect_ms: 2000,
        attempts: 1,
    }
}

/// A key file with that mode, in a folder that goes away with it.
pub fn key_file(content: &str, mode: u32) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&path).unwrap();
    file.write_all(content.as_bytes()).unwrap();
    (folder, path.to_str().unwrap().to_owned())
}

/// A running binary.
pub struct Client {
    engine: Engine,
    /// Everything it reported, as text.
    pub said: String,
}

impl Client {
    /// One that was not told what to ask.
    pub fn start() -> Self {
        let engine = Engine::start(Path::new(env!("CARGO_BIN_EXE_text2sql-remote"))).unwrap();
        let mut client = Self { engine, said: String::new() };
        assert!(matches!(client.report(), EngineReport::Hello { .. }));
        client
    }

    /// One that is ready.
    pub fn ready(spec: EndpointSpec) -> Self {
        let mut client = Self::start();
        client.load(spec).unwrap();
        client
    }

    /// One that asks that server, once each.
    pub fn of(server: &Server) -> Self {
        Self::ready(spec(&server.url()))
    }

    pub fn id(&self) -> u32 {
        self.engine.id()
    }

    fn report(&mut self) -> EngineReport {
        let report = self.engine.report().unwrap();
        self.said.push_str(&format!("{report:?}\n"));
        report
    }

    pub fn load(&mut self, spec: EndpointSpec) -> Result<ModelInfo, Failure> {
        self.load_as(ModelSpec::Endpoint(spec))
    }

    pub fn load_as(&mut self, spec: ModelSpec) -> Result<ModelInfo, Failure> {
        self.engine.send(&EngineCommand::Load { spec }).unwrap();
        loop {
            match self.report() {
                EngineReport::Ready { info } => return Ok(info),
                EngineReport::LoadFailed { failure } => return Err(failure),
                EngineReport::Log { message, .. } => eprintln!("{message}"),
                EngineReport::Progress { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Sends a request with half a minute of time.
    pub fn send(&mut self, id: u64, question: &str) {
        self.send_with(id, question, 100, 30_000);
    }

    pub fn send_with(&mut self, id: u64, question: &str, most: u32, deadline_ms: u64) {
        let request = json!({
            "prompt": {
                "system": "You write SQL.",
                "turns": [{"role": "user", "text": question}],
                "assistant_prefix": "```sql\n",
            },
            "max_new_tokens": most,
            "deadline_ms": deadline_ms,
            "cache_scope": "role in database",
        });
        let request = serde_json::from_value(request).unwrap();
        self.engine.send(&EngineCommand::Generate { id, request }).unwrap();
    }

    pub fn cancel(&mut self, id: u64) {
        self.engine.send(&EngineCommand::Cancel { id }).unwrap();
    }

    /// Events of some requests, up to the end of all.
    pub fn events_of(&mut self, ids: &[u64]) -> BTreeMap<u64, Vec<Event>> {
        let mut all: BTreeMap<_, Vec<_>> = ids.iter().map(|id| (*id, Vec::new())).collect();
        let mut open = ids.len();
        while open > 0 {
            let EngineReport::Event { id, event } = self.report() else { panic!("{}", self.said) };
            open -= usize::from(is_last(&event));
            let events = all.get_mut(&id).unwrap_or_else(|| panic!("{id}: {event:?}"));
            assert!(!events.last().is_some_and(is_last), "{id}: {event:?}");
            events.push(event);
        }
        all
    }

    /// Events of one request, up to its end.
    pub fn events(&mut self, id: u64) -> Vec<Event> {
        self.events_of(&[id]).remove(&id).unwrap()
    }

    /// Asks, and waits for the answer.
    pub fn ask(&mut self, id: u64, question: &str) -> Vec<Event> {
        self.send(id, question);
        self.events(id)
    }

    /// Asks, and waits for the failure.
    pub fn ask_in_vain(&mut self, id: u64, question: &str) -> Failure {
        failure(&self.ask(id, question))
    }
}

fn is_last(event: &Event) -> bool {
    matches!(event, Event::Done { .. } | Event::Failed { .. })
}

/// The text of a request that was answered; what was told on the way is the same.
#[track_caller]
pub fn text(events: &[Event]) -> String {
    let Some(Event::Done { text, .. }) = events.last() else { panic!("{events:?}") };
    assert!(matches!(events[0], Event::Started { .. }), "{events:?}");
    let told: String = events
        .iter()
        .filter_map(|event| match event {
            Event::Delta { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(&told, text);
    text.clone()
}

/// Why a request failed.
#[track_caller]
pub fn failure(events: &[Event]) -> Failure {
    let Some(Event::Failed { failure }) = events.last() else { panic!("{events:?}") };
    failure.clone()
}
