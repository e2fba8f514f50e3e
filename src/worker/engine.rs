//! One engine process as the worker sees it: its socket, its phase, its frames.
//!
//! Plain operating-system calls; nothing of the server. All reads and writes are non-blocking.

use std::io::{Error, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use text2sql_core::protocol::{
    self, Decoder, EngineCommand, EngineReport, Failure, FailureCode, GenerateRequest, ModelInfo,
};
use text2sql_core::schema::sanitize;

use super::config::EngineConfig;
use super::not_started::NotStarted;
use crate::pg::process;

/// How far an engine is.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// Started, nothing heard of it.
    Starting,
    /// It loads the model.
    Loading {
        /// 0 to 100.
        percent: u8,
    },
    /// It takes requests.
    Ready(Box<ModelInfo>),
    /// It said why it cannot load the model.
    LoadFailed(Failure),
}

/// A generation an engine works on.
#[derive(Debug, Clone, Copy)]
pub struct Running {
    /// Its id.
    pub id: u64,
    /// Who asked.
    pub role: u32,
    /// When an engine that still has not ended it counts as hung.
    pub give_up_at: Instant,
    /// Bytes of text it has written.
    pub written: usize,
}

/// A file that an engine hands over.
#[derive(Debug, Clone, Copy)]
pub struct Keeping {
    /// Id of the command.
    pub id: u64,
    /// Bytes it may still have.
    pub left: u64,
}

/// Bytes read from an engine at a time. The rest is read in the next turn: one that writes
/// without end must neither hold up the others nor fill the worker's memory.
const MOST_READ: usize = 1 << 20;

/// A running engine.
pub struct Engine {
    child: Child,
    socket: UnixStream,
    decoder: Decoder,
    outbox: Vec<u8>,
    /// How far it is.
    pub phase: Phase,
    /// What it works on, the oldest first.
    pub running: Vec<Running>,
    /// What it hands over, if it does.
    pub keeping: Option<Keeping>,
    /// Folder of its model, where prefixes can be kept on disk.
    disk_cache: Option<String>,
    /// Most requests it works on at a time.
    capacity: usize,
    /// Lines it has written to the server's log.
    pub log_lines: u32,
    started_at: Instant,
}

/// Longest time from start to the first frame.
const HELLO_TIMEOUT: Duration = Duration::from_secs(20);

impl Engine {
    /// Starts an engine and tells it what to load.
    ///
    /// # Errors
    /// [`NotStarted`] where the program cannot be started.
    pub fn start(config: &EngineConfig) -> Result<Self, NotStarted> {
        let (child, socket) = process::spawn_engine(&config.program, config.threads)
            .map_err(|error| not_started(&error, &config.program))?;
        let mut engine = Self {
            child,
            socket,
            decoder: Decoder::default(),
            outbox: Vec::new(),
            phase: Phase::Starting,
            running: Vec::new(),
            keeping: None,
            disk_cache: config.disk_cache.clone(),
            capacity: config.parallel.max(1) as usize,
            log_lines: 0,
            started_at: Instant::now(),
        };
        engine.send(&EngineCommand::Load { spec: config.spec.clone() });
        Ok(engine)
    }

    /// Process id.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or(0)
    }

    /// Folder of its model, where prefixes can be kept on disk.
    pub fn disk_cache(&self) -> Option<&str> {
        self.disk_cache.as_deref()
    }

    /// Has it hand over what prompts like this one begin with, in at most `most` bytes.
    pub fn keep(&mut self, id: u64, request: GenerateRequest, most: u64) {
        self.keeping = Some(Keeping { id, left: most });
        self.send(&EngineCommand::Keep { id, request });
    }

    /// Its socket, and whether frames wait to be written to it.
    pub fn socket(&self) -> (BorrowedFd<'_>, bool) {
        (self.socket.as_fd(), !self.outbox.is_empty())
    }

    /// Whether it takes a request now.
    pub fn has_room(&self) -> bool {
        matches!(self.phase, Phase::Ready(_)) && self.running.len() < self.capacity
    }

    /// Whether it must be given up: silent after its start, or not ending a request.
    pub fn is_hung(&self, now: Instant) -> bool {
        match self.phase {
            Phase::Starting => now.duration_since(self.started_at) > HELLO_TIMEOUT,
            _ => self.running.iter().any(|running| now > running.give_up_at),
        }
    }

    /// Queues a command. A command that cannot be encoded is over the size limit; the backend
    /// checked that already.
    pub fn send(&mut self, command: &EngineCommand) {
        if let Ok(bytes) = protocol::encode_framed(command) {
            self.outbox.extend_from_slice(&bytes);
        }
    }

    /// Writes what the socket takes. A dead engine is noticed when reading.
    pub fn flush(&mut self) {
        while !self.outbox.is_empty() {
            match self.socket.write(&self.outbox) {
                Ok(0) => return,
                Ok(written) => drop(self.outbox.drain(..written)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// Reads what is there, up to a bound, and how it ended if it did or broke the protocol.
    pub fn read(&mut self) -> (Vec<EngineReport>, Option<Gone>) {
        let mut reports = Vec::new();
        let mut buffer = [0; 16 << 10];
        let mut read = 0;
        while read < MOST_READ {
            let why = match self.socket.read(&mut buffer) {
                Ok(0) => "it ended".to_owned(),
                Ok(count) => {
                    read += count;
                    match self.understand(buffer.get(..count).unwrap_or_default(), &mut reports) {
                        Ok(()) => continue,
                        Err(error) => error.to_string(),
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => error.to_string(),
            };
            return (reports, Some(Gone::because(&why)));
        }
        (reports, None)
    }

    fn understand(
        &mut self,
        bytes: &[u8],
        reports: &mut Vec<EngineReport>,
    ) -> Result<(), protocol::FrameError> {
        self.decoder.push(bytes);
        while let Some(report) = self.decoder.next_message()? {
            reports.push(report);
        }
        Ok(())
    }

    /// Ends the process, if it has not ended, and says how it did.
    pub fn end(mut self) -> String {
        // An engine that just closed its socket is given a moment, to learn its real status.
        for _ in 0..20 {
            if let Ok(Some(status)) = self.child.try_wait() {
                return status.to_string();
            }
            if self.phase != Phase::Starting && self.running.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = self.child.kill();
        self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string())
    }
}

/// An engine that is of no use any more.
#[derive(Debug)]
pub struct Gone {
    /// In words.
    pub why: String,
}

impl Gone {
    /// The reason may hold bytes of the engine, and is shown to users and in the log.
    pub fn because(why: &str) -> Self {
        Self { why: sanitize(why, 300) }
    }
}

fn not_started(error: &Error, program: &Path) -> NotStarted {
    let message = format!("could not start \"{}\": {error}", program.display());
    NotStarted::because(error, message.clone(), || {
        let hint = "Install it there, or set text2sql.engine_path; for a GPU it is the engine that is \
                    built with TEXT2SQL_CUDA=1.";
        Failure { code: FailureCode::Internal, message, detail: None, hint: Some(hint.to_owned()) }
    })
}
