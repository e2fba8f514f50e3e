//! What an engine says, and what of it is believed.
//!
//! The model is taken to be in the hands of an attacker, and so is the process that runs it:
//! every report must fit what was asked of the engine, within bounds, or the engine is given up.
//! Called by `lifecycle` for each engine in each turn.

use std::time::Instant;

use text2sql_core::protocol::{
    self, EngineReport, Event, Failure, FailureCode, FileRest, LogLevel,
};
use text2sql_core::schema::sanitize;

use super::engine::{Engine, Gone, Phase};
use super::lifecycle::Notice;

/// Most bytes of text an engine may write for one request: what it sends in parts, and again as
/// a whole.
const MOST_WRITTEN: usize = 2 * protocol::MAX_FRAME;
/// Most lines an engine may write to the server's log; a real one writes a few when it loads.
const MOST_LOG_LINES: u32 = 200;

/// Most bytes of a reason that are shown.
const SHOWN: usize = 200;

/// Reads one engine; `Some` where it is of no use any more.
pub fn step(engine: &mut Engine, now: Instant, notices: &mut Vec<Notice>) -> Option<Gone> {
    let (reports, mut gone) = engine.read();
    for report in reports {
        if let Err(why) = heard(engine, report, notices) {
            gone = Some(Gone::because(&why));
            break;
        }
    }
    if gone.is_none() && engine.is_hung(now) {
        gone = Some(Gone::because("it does not answer"));
    }
    gone
}

/// Takes one report in.
///
/// # Errors
/// In words, where the engine broke the protocol: nothing it says can be trusted then.
fn heard(
    engine: &mut Engine,
    report: EngineReport,
    notices: &mut Vec<Notice>,
) -> Result<(), String> {
    match report {
        EngineReport::Hello { protocol, build } => {
            if engine.phase != Phase::Starting {
                return Err("it introduced itself twice".to_owned());
            }
            if protocol != protocol::VERSION || build != protocol::BUILD_ID {
                let ours = protocol::BUILD_ID;
                let failure = Failure {
                    code: FailureCode::Protocol,
                    message: "the engine and the library are of different builds".to_owned(),
                    detail: Some(format!("Engine: {build}; library: {ours}.")),
                    hint: Some("Install both from the same package and restart.".to_owned()),
                };
                engine.phase = Phase::LoadFailed(failure.tamed());
                return Ok(());
            }
            engine.phase = Phase::Loading { percent: 0 };
        }
        EngineReport::Progress { percent } => {
            if let Phase::Loading { percent: shown } = &mut engine.phase {
                *shown = percent.min(100);
            }
        }
        EngineReport::Ready { info } => {
            if !matches!(engine.phase, Phase::Loading { .. }) {
                return Err("it was ready before it loaded".to_owned());
            }
            let info = info.tamed();
            pgrx::log!("text2sql engine {} is ready: {}", engine.pid(), info.name);
            engine.phase = Phase::Ready(Box::new(info));
        }
        EngineReport::LoadFailed { failure } => {
            if !matches!(engine.phase, Phase::Loading { .. }) {
                return Err("it failed to load what it does not load".to_owned());
            }
            engine.phase = Phase::LoadFailed(failure.tamed());
        }
        EngineReport::Log { level, message } => {
            engine.log_lines += 1;
            if engine.log_lines > MOST_LOG_LINES {
                return Err("it fills the log".to_owned());
            }
            log(level, &message);
        }
        EngineReport::Kept { id, part } => {
            let Some(keeping) = engine.keeping.as_mut().filter(|keeping| keeping.id == id) else {
                return Err("it handed over what it was not asked for".to_owned());
            };
            let left = keeping.left.checked_sub(part.bytes.len() as u64);
            keeping.left = left.ok_or("it hands over more than it may")?;
            if part.rest != FileRest::More {
                engine.keeping = None;
            }
            notices.push(Notice::Kept(id, part));
        }
        EngineReport::Unusable { name, why } => {
            let Some(model) = engine.disk_cache() else {
                return Err("it complains of a file it was not given".to_owned());
            };
            notices.push(Notice::Unusable(model.to_owned(), name, sanitize(&why, SHOWN)));
        }
        EngineReport::Event { id, event } => {
            let Some(running) = engine.running.iter_mut().find(|running| running.id == id) else {
                return Err("it answered a request it was not given".to_owned());
            };
            running.written = running.written.saturating_add(weight(&event));
            if running.written > MOST_WRITTEN {
                return Err("it writes without end".to_owned());
            }
            let event = match event {
                Event::Failed { failure } => Event::Failed { failure: failure.tamed() },
                other => other,
            };
            if event.is_last() {
                engine.running.retain(|running| running.id != id);
            }
            notices.push(Notice::Event(id, event));
        }
    }
    Ok(())
}

/// What an event costs those it passes through; one without text is not free either.
fn weight(event: &Event) -> usize {
    let text = match event {
        Event::Delta { text } | Event::Done { text, .. } => text.len(),
        Event::Started { .. } | Event::Embedded { .. } | Event::Failed { .. } => 0,
    };
    text.saturating_add(64)
}

fn log(level: LogLevel, message: &str) {
    // A log line of the engine is one line, whatever bytes it holds.
    let line = sanitize(message, 1000);
    match level {
        LogLevel::Debug => pgrx::debug1!("text2sql engine: {line}"),
        LogLevel::Info => pgrx::log!("text2sql engine: {line}"),
        LogLevel::Warning => pgrx::warning!("text2sql engine: {line}"),
    }
}
