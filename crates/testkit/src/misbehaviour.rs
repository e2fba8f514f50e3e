//! What an engine can do wrong, on demand: end, hang, and break the protocol in each way.
//!
//! Owns the acts; when they are done is in the script ([`crate::scripted`]). What is sent here
//! goes past the frame loop, which would not send it.

use std::io::{Result, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::getpid;
use serde::Deserialize;
use text2sql_core::chat::ChatFormat;
use text2sql_core::protocol::{
    self, EngineReport, Event, Failure, FailureCode, FilePart, FileRest, Finish, GenerationStats,
    LogLevel, MAX_FRAME, ModelInfo, encode_framed,
};
use text2sql_engine::control::Control;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misbehaviour {
    /// `abort()`.
    Crash,
    /// SIGKILL to itself, as the kernel does when memory is short.
    Kill,
    /// Exit code 1.
    Exit,
    /// A panic, which the frame loop turns into a failure.
    Panic,
    /// The whole process stops, as with SIGSTOP.
    Hang,
    /// The generation ignores cancel and deadline.
    Stuck,
    /// Bytes that are no frame.
    Garbage,
    /// A length over every limit.
    Oversized,
    /// A length just over the limit, with the bytes that were announced.
    JustOversized,
    /// A frame without anything in it.
    Empty,
    /// Half a frame, then the end.
    Truncated,
    /// A frame that is not UTF-8.
    BadUtf8,
    /// A frame nested so deeply that a recursive reader would overflow its stack.
    Nested,
    /// A message of an unknown type, whose name would forge lines of a log.
    UnknownType,
    /// A message that only the worker sends.
    Command,
    /// An event for an id that was never used.
    WrongId,
    /// The answer of the request before this one, once more.
    PreviousId,
    /// Its answer twice.
    Twice,
    /// Waits for the cancel, answers it, and then goes on with the cancelled request.
    AfterCancel,
    /// A second beginning.
    HelloAgain,
    /// A second end of loading.
    ReadyAgain,
    /// Loading fails after it was done.
    LoadFailedLate,
    /// A piece of a file that nobody asked for.
    UnwantedFile,
    /// Pieces of text without end.
    Flood,
    /// Log lines without end.
    LogFlood,
    /// A failure whose texts are long and hold control characters.
    UglyFailure,
}

impl Misbehaviour {
    /// Does it, on behalf of request `id`.
    pub(crate) fn act(self, raw: &mut UnixStream, id: u64, control: &Control) -> Result<()> {
        match self {
            Self::Crash => std::process::abort(),
            Self::Kill => kill(getpid(), Signal::SIGKILL).map_err(Into::into),
            Self::Exit => std::process::exit(1),
            #[allow(clippy::panic, reason = "that is what the test asks for")]
            Self::Panic => panic!("scripted panic"),
            Self::Hang => kill(getpid(), Signal::SIGSTOP).map_err(Into::into),
            Self::Stuck => loop {
                std::thread::sleep(Duration::from_secs(1));
            },
            Self::Garbage => raw.write_all(b"\x10\0\0\0this is no json!"),
            Self::Oversized => raw.write_all(&u32::MAX.to_le_bytes()),
            Self::JustOversized => frame(raw, &vec![b' '; MAX_FRAME + 1]),
            Self::Empty => frame(raw, b""),
            Self::Truncated => {
                raw.write_all(b"\xff\0\0\0{\"type\":\"log\"")?;
                std::process::exit(0)
            }
            Self::BadUtf8 => {
                frame(raw, b"{\"type\":\"log\",\"level\":\"info\",\"message\":\"\xff\"}")
            }
            Self::Nested => frame(raw, &vec![b'['; MAX_FRAME]),
            Self::UnknownType => {
                let name = format!("\\nLOG:  forged\\u001b[2J{}", "x".repeat(100_000));
                frame(raw, format!("{{\"type\":\"{name}\"}}").as_bytes())
            }
            Self::Command => frame(raw, b"{\"type\":\"shutdown\"}"),
            Self::WrongId => send(raw, &delta(u64::MAX)),
            Self::PreviousId => send(raw, &done(id.saturating_sub(1))),
            Self::Twice => send(raw, &done(id)),
            Self::AfterCancel => {
                while control.check().is_ok() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                send(raw, &failed(id, FailureCode::Cancelled, "cancelled"))?;
                send(raw, &delta(id))
            }
            Self::HelloAgain => {
                let build = protocol::BUILD_ID.to_owned();
                send(raw, &EngineReport::Hello { protocol: protocol::VERSION, build })
            }
            Self::UnwantedFile => {
                let part = FilePart { bytes: vec![1, 2, 3], rest: FileRest::More };
                send(raw, &EngineReport::Kept { id, part })
            }
            Self::ReadyAgain => send(raw, &EngineReport::Ready { info: another_model() }),
            Self::LoadFailedLate => {
                let failure = failure(FailureCode::BadModel, "the model went bad");
                send(raw, &EngineReport::LoadFailed { failure })
            }
            Self::Flood => loop {
                send(raw, &delta(id))?;
            },
            Self::LogFlood => loop {
                let message = "a line that says nothing".to_owned();
                send(raw, &EngineReport::Log { level: LogLevel::Info, message })?;
            },
            Self::UglyFailure => {
                let text = format!("a\nb\u{1b}[2J\0\u{202e}c {}", "long ".repeat(20_000));
                send(raw, &failed(id, FailureCode::Internal, &text))
            }
        }
    }
}

fn frame(raw: &mut UnixStream, payload: &[u8]) -> Result<()> {
    raw.write_all(&(payload.len() as u32).to_le_bytes())?;
    raw.write_all(payload)
}

fn send(raw: &mut UnixStream, report: &EngineReport) -> Result<()> {
    raw.write_all(&encode_framed(report).map_err(std::io::Error::other)?)
}

fn delta(id: u64) -> EngineReport {
    EngineReport::Event { id, event: Event::Delta { text: "SELECT 'of somebody else'".into() } }
}

fn done(id: u64) -> EngineReport {
    let text = "SELECT 'of somebody else' AS n".into();
    let stats = GenerationStats::default();
    EngineReport::Event { id, event: Event::Done { text, finish: Finish::Stop, stats } }
}

fn failed(id: u64, code: FailureCode, message: &str) -> EngineReport {
    EngineReport::Event { id, event: Event::Failed { failure: failure(code, message) } }
}

fn failure(code: FailureCode, message: &str) -> Failure {
    Failure { code, message: message.into(), detail: Some(message.into()), hint: None }
}

fn another_model() -> ModelInfo {
    ModelInfo {
        name: "another".into(),
        architecture: "another".into(),
        chat: ChatFormat::ChatMl,
        context: 1,
        vocab: 1,
        file_bytes: 1,
        weight_bytes: 1,
        sha256: String::new(),
        load_ms: 0,
    }
}
