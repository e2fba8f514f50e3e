//! The real binary over its socket: an answer, and peers that misbehave.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use text2sql_core::protocol::{
    BUILD_ID, EngineCommand, EngineReport, Event, FailureCode, Finish, MAX_FRAME, ModelSpec,
    VERSION, encode_framed,
};
use text2sql_engine::frame_loop::{EXIT_LOAD_FAILED, EXIT_PROTOCOL};
use text2sql_testkit::child::Engine;
use text2sql_testkit::tiny_gguf::TinyGguf;

use crate::reference::as_floats;
use crate::support::{ModelFile, device, generate, load, load_on_device, patient, request};

/// How long a test waits for a process to end; it ends in milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// The engine of this build, or one brought to another machine with the tests.
fn start() -> Engine {
    let brought = std::env::var_os("TEXT2SQL_TEST_ENGINE");
    let program = brought.unwrap_or_else(|| env!("CARGO_BIN_EXE_text2sql-engine").into());
    Engine::start(Path::new(&program)).unwrap()
}

/// An engine with the tiny model loaded, and its reports so far.
fn ready(file: &ModelFile) -> (Engine, Vec<EngineReport>) {
    let mut engine = start();
    let reports = engine.load(file.spec()).unwrap();
    assert!(matches!(reports.last(), Some(EngineReport::Ready { .. })), "{reports:?}");
    (engine, reports)
}

fn tiny() -> ModelFile {
    ModelFile::new(&TinyGguf::new(1).bytes())
}

fn framed(command: &EngineCommand) -> Vec<u8> {
    encode_framed(command).unwrap()
}

fn ask(id: u64, most: u32) -> EngineCommand {
    EngineCommand::Generate { id, request: request("how many films?", "scope", most) }
}

/// Events of a request up to its end.
fn events(engine: &mut Engine, id: u64) -> Vec<Event> {
    let mut all = Vec::new();
    loop {
        match engine.report().unwrap() {
            EngineReport::Event { id: found, event } => {
                assert_eq!(found, id);
                let end = matches!(event, Event::Done { .. } | Event::Failed { .. });
                all.push(event);
                if end {
                    return all;
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Reads what still comes and returns the exit code.
fn end(engine: &mut Engine) -> Option<i32> {
    while engine.report().is_ok() {}
    engine.wait(PATIENCE).unwrap().code()
}

#[test]
fn the_binary_answers_as_the_library_does() {
    let file = tiny();
    let (mut engine, reports) = ready(&file);
    assert_eq!(reports[0], EngineReport::Hello { protocol: VERSION, build: BUILD_ID.into() });
    let Some(EngineReport::Ready { info }) = reports.last() else { panic!("{reports:?}") };
    assert_eq!(info.sha256, file.sha256);
    let expected =
        generate(&mut load(&TinyGguf::new(1)), &request("how many films?", "", 20), &patient());
    let expected = expected.0.unwrap();
    for id in [7, u64::MAX] {
        engine.send(&ask(id, 20)).unwrap();
        let events = events(&mut engine, id);
        let Some(Event::Done { text, finish, stats }) = events.last() else { panic!("{events:?}") };
        assert_eq!((text, *finish), (&expected.text, expected.finish));
        assert_eq!(stats.prompt_tokens, expected.stats.prompt_tokens);
    }
    engine.send(&EngineCommand::Shutdown).unwrap();
    assert_eq!(end(&mut engine), Some(0));
}

#[test]
fn a_confined_engine_computes_on_the_device() {
    for gguf in [as_floats(&TinyGguf::new(1)), TinyGguf::k_quants(1)] {
        let file = ModelFile::new(&gguf.bytes());
        let mut spec = file.spec();
        spec.device = device();
        let mut engine = start();
        let reports = engine.load(spec).unwrap();
        assert!(matches!(reports.last(), Some(EngineReport::Ready { .. })), "{reports:?}");
        assert!(!format!("{reports:?}").contains("seccomp"), "{reports:?}");
        let question = request("how many films?", "", 20);
        let expected = generate(&mut load_on_device(&gguf), &question, &patient()).0.unwrap();
        // Passes of a kind are computed, recorded, repeated.
        for id in 0..4 {
            engine.send(&EngineCommand::Generate { id, request: question.clone() }).unwrap();
            let events = events(&mut engine, id);
            let Some(Event::Done { text, .. }) = events.last() else { panic!("{events:?}") };
            assert_eq!(text, &expected.text);
        }
        engine.send(&EngineCommand::Shutdown).unwrap();
        assert_eq!(end(&mut engine), Some(0));
    }
}

#[test]
fn a_served_engine_runs_confined() {
    let (engine, reports) = ready(&tiny());
    for report in &reports {
        let line = format!("{report:?}");
        assert!(!line.contains("seccomp"), "{line}");
    }
    for task in std::fs::read_dir(format!("/proc/{}/task", engine.id())).unwrap() {
        let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        // The filters: numbers of another kind, clone3, what is refused, no more files.
        for line in ["Seccomp:\t2", "Seccomp_filters:\t4", "NoNewPrivs:\t1"] {
            assert!(status.contains(line), "{line} is missing in {status}");
        }
    }
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", engine.id())).unwrap();
    let memory = limits.lines().find(|line| line.starts_with("Max address space")).unwrap();
    assert!(!memory.contains("unlimited"), "{memory}");
}

#[test]
fn a_bad_request_fails_alone() {
    let (mut engine, _) = ready(&tiny());
    engine.send(&ask(1, 100_000)).unwrap();
    let failed = events(&mut engine, 1);
    assert!(
        matches!(&failed[..], [Event::Failed { failure }] if failure.code == FailureCode::PromptTooLong),
        "{failed:?}"
    );
    engine.send(&ask(2, 1)).unwrap();
    let done = events(&mut engine, 2);
    assert!(matches!(done.last(), Some(Event::Done { finish: Finish::Length, .. })), "{done:?}");
}

#[test]
fn a_waiting_request_can_be_cancelled_and_the_next_is_answered() {
    let (mut engine, _) = ready(&tiny());
    // In one write, so that the cancel is read while the first request is computed.
    let bytes = [
        framed(&ask(1, 300)),
        framed(&ask(2, 300)),
        framed(&EngineCommand::Cancel { id: 2 }),
        framed(&EngineCommand::Cancel { id: 99 }),
        framed(&ask(3, 1)),
    ]
    .concat();
    engine.send_raw(&bytes).unwrap();
    let mut ends = BTreeMap::new();
    while ends.len() < 3 {
        let EngineReport::Event { id, event } = engine.report().unwrap() else { continue };
        assert!(!ends.contains_key(&id), "{id} goes on after its end");
        if !matches!(event, Event::Started { .. } | Event::Delta { .. }) {
            ends.insert(id, event);
        } else {
            assert_ne!(id, 2, "it was cancelled before it began");
        }
    }
    assert!(matches!(&ends[&1], Event::Done { .. }));
    assert!(
        matches!(&ends[&2], Event::Failed { failure } if failure.code == FailureCode::Cancelled),
        "{ends:?}"
    );
    assert!(matches!(&ends[&3], Event::Done { .. }));
}

#[test]
fn a_request_whose_deadline_has_passed_is_not_started() {
    let (mut engine, _) = ready(&tiny());
    let mut late = request("?", "", 5);
    late.deadline_ms = 0;
    engine.send(&EngineCommand::Generate { id: 1, request: late }).unwrap();
    let events = events(&mut engine, 1);
    assert!(
        matches!(&events[..], [Event::Failed { failure }] if failure.code == FailureCode::Deadline),
        "{events:?}"
    );
}

#[test]
fn a_model_that_cannot_be_loaded_is_reported_and_ends_the_engine() {
    let file = tiny();
    let mut engine = start();
    let mut spec = file.spec();
    spec.sha256 = "0".repeat(64);
    let reports = engine.load(spec).unwrap();
    match reports.last() {
        Some(EngineReport::LoadFailed { failure }) => {
            assert_eq!(failure.code, FailureCode::BadModel);
            assert!(failure.message.contains("sha256"), "{failure:?}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(end(&mut engine), Some(i32::from(EXIT_LOAD_FAILED)));
}

/// Things no worker sends, each enough to give up the connection.
fn nonsense() -> Vec<(&'static str, Vec<u8>)> {
    let sized = |payload: &[u8]| [&(payload.len() as u32).to_le_bytes()[..], payload].concat();
    vec![
        ("no frame", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        ("length over the limit", (MAX_FRAME as u32 + 1).to_le_bytes().to_vec()),
        ("length of 2^32 - 1", [0xFF; 8].to_vec()),
        ("empty", sized(b"")),
        ("not JSON", sized(b"cancel 1")),
        ("another message", sized(br#"{"type":"hello"}"#)),
        ("a type of the wrong kind", sized(br#"{"type":"cancel","id":"1"}"#)),
        ("not UTF-8", sized(b"{\"type\":\"cancel\",\"id\":1,\"x\":\"\xff\"}")),
        ("two messages in one frame", sized(br#"{"type":"shutdown"}{"type":"shutdown"}"#)),
        ("nested deeply", sized("[".repeat(100_000).as_bytes())),
    ]
}

#[test]
fn nonsense_before_the_model_ends_the_engine_with_a_reason() {
    let generate_first = ("a request first", framed(&ask(1, 1)));
    for (what, bytes) in nonsense().into_iter().chain([generate_first]) {
        let mut engine = start();
        assert!(matches!(engine.report().unwrap(), EngineReport::Hello { .. }));
        engine.send_raw(&bytes).unwrap();
        let reason = engine.report().unwrap();
        assert!(matches!(reason, EngineReport::Log { .. }), "{what}: {reason:?}");
        assert_eq!(end(&mut engine), Some(i32::from(EXIT_PROTOCOL)), "{what}");
    }
}

#[test]
fn nonsense_after_the_model_ends_the_engine() {
    let file = tiny();
    let again = EngineCommand::Load { spec: ModelSpec::File(file.spec()) };
    let more = [
        ("a second load", framed(&again)),
        ("an id twice", [framed(&ask(1, 300)), framed(&ask(1, 300))].concat()),
    ];
    for (what, bytes) in nonsense().into_iter().chain(more) {
        let (mut engine, _) = ready(&file);
        engine.send_raw(&bytes).unwrap();
        assert_eq!(end(&mut engine), Some(i32::from(EXIT_PROTOCOL)), "{what}");
    }
}

#[test]
fn a_closed_socket_ends_the_engine_in_every_state() {
    let file = tiny();
    let mut new = start();
    new.hang_up().unwrap();
    assert_eq!(new.wait(PATIENCE).unwrap().code(), Some(0), "before a model");
    for (what, bytes) in [
        ("idle", Vec::new()),
        ("in half a frame", framed(&ask(1, 1))[..20].to_vec()),
        ("while it computes", framed(&ask(1, 400))),
    ] {
        let (mut engine, _) = ready(&file);
        engine.send_raw(&bytes).unwrap();
        engine.hang_up().unwrap();
        assert_eq!(engine.wait(PATIENCE).unwrap().code(), Some(0), "{what}");
    }
}

#[test]
fn frames_in_single_bytes_are_understood() {
    let (mut engine, _) = ready(&tiny());
    for byte in framed(&ask(1, 1)) {
        engine.send_raw(&[byte]).unwrap();
    }
    assert!(matches!(events(&mut engine, 1).last(), Some(Event::Done { .. })));
}
