//! The backend's side: submit one generation and wait for it.
//!
//! Every wait here is interruptible, so Ctrl-C, `statement_timeout` and termination work as for
//! any statement: the error unwinds, the segment is detached, the worker stops the engine within
//! a token. Knows nothing of SQL.

use std::time::{Duration, Instant};

use pgrx::check_for_interrupts;
use text2sql_core::protocol::{
    self, ClientFrame, EmbedRequest, Embedded, Event, Failure, FailureCode, Finish,
    GenerateRequest, GenerationStats, ServerFrame,
};

use super::channel::{Channel, Detached};
use super::mailbox::{self, EngineState, QueueLimits, Refused, Ticket};
use crate::guc;
use crate::pg::{latch, server};

/// Longest sleep between two looks at the worker's state. A lost wake-up costs this much.
const HEARTBEAT: Duration = Duration::from_millis(1000);

/// Time between two looks for room in a queue that is full.
const A_MOMENT: Duration = Duration::from_millis(5);

/// Far shorter than a question takes, and longer than a turn of the worker.
const BRIEFLY: Duration = Duration::from_millis(100);

/// What a request may take beyond all its limits before the worker counts as having lost it: it
/// ends every request it knows within them.
const LAST_RESORT: Duration = Duration::from_secs(60);

/// Why there is no generation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There is no worker process right now.
    #[error("the text2sql worker is not running")]
    NoWorker,
    /// No engine until an administrator acts.
    #[error("the model is not available")]
    Unavailable(Option<Failure>),
    /// The model did not become ready in time.
    #[error("the model is loading ({percent} %)")]
    Loading {
        /// How far it is.
        percent: u8,
        /// What came of the models that were asked before, if any was.
        earlier: Option<String>,
    },
    /// Too many requests.
    #[error("too many questions at a time")]
    QueueFull {
        /// Requests that wait or run.
        active: u32,
    },
    /// Too many requests of this role.
    #[error("too many questions of one role at a time")]
    RoleQueueFull {
        /// Its requests that wait or run.
        active: u32,
    },
    /// Too many requests of this role lately.
    #[error("too many questions of one role in a minute")]
    TooOften {
        /// Seconds until it may ask again.
        wait: f64,
    },
    /// The worker went away during the request.
    #[error("the text2sql worker went away during the request")]
    WorkerLost,
    /// The generation failed.
    #[error("{0}")]
    Failed(#[from] Failure),
    /// A frame was not understood.
    #[error("unexpected answer from the worker: {0}")]
    Protocol(#[from] protocol::FrameError),
}

/// What the model wrote, and what it took.
#[derive(Debug, Clone)]
pub struct Generation {
    /// The text.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// Counts and times of the engine.
    pub stats: GenerationStats,
    /// From submitting to the start of prefill.
    pub queued: Duration,
    /// From submitting to the end.
    pub elapsed: Duration,
    /// The model that wrote it, by the name it has itself.
    pub model: Option<String>,
}

/// Waiting limits of one request.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the model to load.
    pub startup: Duration,
    /// Requests allowed to wait or run.
    pub limits: QueueLimits,
    /// For room among them.
    pub room: Duration,
    /// Questions of a role in a minute; 0 is no limit.
    pub per_minute: u32,
}

impl Patience {
    /// As the settings now in force say.
    pub fn configured() -> Self {
        Self {
            startup: Duration::from_millis(guc::startup_wait().into()),
            limits: QueueLimits { all: guc::queue_length(), of_role: guc::role_queue_length() },
            // Of a question whose vector was just given up, the place may not have been taken back yet.
            room: guc::embedding::model_path().map_or(Duration::ZERO, |_| BRIEFLY),
            per_minute: guc::questions_per_minute(),
        }
    }
}

/// Counts a question that is about to be asked; its repairs are part of it.
///
/// # Errors
/// [`ClientError::TooOften`].
pub fn count_question(patience: Patience) -> Result<(), ClientError> {
    let role = server::asking_role().to_u32();
    mailbox::count_question(role, patience.per_minute).map_err(|wait| {
        mailbox::count(&mailbox::counters().rejected);
        ClientError::TooOften { wait }
    })
}

/// Runs one generation, waiting for the worker.
///
/// # Errors
/// [`ClientError`]. A cancel or timeout of the session is a server error and unwinds instead.
pub fn generate(request: GenerateRequest, patience: Patience) -> Result<Generation, ClientError> {
    submit(request, patience)?.wait()
}

/// A generation that was asked for. Dropping it is cancelling it.
pub struct Pending {
    channel: Channel,
    /// The worker's that has the ticket.
    generation: u64,
    begun: Instant,
    /// When the worker counts as having lost it, after `begun`.
    longest: Duration,
}

/// Asks for one generation, which the worker then sees to by itself.
///
/// # Errors
/// [`ClientError`], as far as it is known at once.
pub fn submit(request: GenerateRequest, patience: Patience) -> Result<Pending, ClientError> {
    let before = mailbox::view();
    if before.state == EngineState::Failed {
        return Err(ClientError::Unavailable(before.failure));
    }
    let begun = Instant::now();
    let longest = Duration::from_millis(request.deadline_ms)
        .saturating_add(patience.startup)
        .saturating_add(LAST_RESORT);
    let request_id = mailbox::new_request_id();
    let (mut channel, segment) = Channel::create(request_id);
    let request = Box::new(request);
    let startup_ms = u64::try_from(patience.startup.as_millis()).unwrap_or(u64::MAX);
    channel.send(protocol::encode(&ClientFrame::Submit { request, startup_ms })?);
    let role = server::asking_role().to_u32();
    let ticket = Ticket { segment, request_id, pid: server::pid(), role };
    let generation = hand_in(ticket, patience)?;
    mailbox::count(&mailbox::counters().accepted);
    // Where the worker is gone by now, waiting will tell.
    let _ = channel.flush();
    Ok(Pending { channel, generation, begun, longest })
}

/// Hands in a ticket, as soon as there is room for it.
fn hand_in(ticket: Ticket, patience: Patience) -> Result<u64, ClientError> {
    let begun = Instant::now();
    loop {
        let refused = match mailbox::submit(ticket, patience.limits) {
            Ok(generation) => return Ok(generation),
            Err(refused) => refused,
        };
        let full = !matches!(refused, Refused::NoWorker);
        if full && begun.elapsed() < patience.room {
            latch::wait(A_MOMENT);
            check_for_interrupts!();
            continue;
        }
        mailbox::count(&mailbox::counters().rejected);
        return Err(match refused {
            Refused::QueueFull { active } => ClientError::QueueFull { active },
            Refused::RoleQueueFull { active } => ClientError::RoleQueueFull { active },
            Refused::NoWorker => ClientError::NoWorker,
        });
    }
}

impl Pending {
    /// Waits for the worker.
    ///
    /// # Errors
    /// [`ClientError`]. A cancel or timeout of the session is a server error and unwinds instead.
    pub fn wait(mut self) -> Result<Generation, ClientError> {
        let (mut started, mut model) = (None, None);
        loop {
            let alive = self.channel.flush();
            while let Some(message) = self.channel.receive().or_else(|Detached| lost(alive))? {
                match protocol::decode::<ServerFrame>(&message)? {
                    ServerFrame::Queued { .. } => {}
                    ServerFrame::Given { model: name } => model = Some(name),
                    ServerFrame::Loading { percent, earlier } => {
                        return Err(ClientError::Loading { percent, earlier });
                    }
                    ServerFrame::Event { event } => match event {
                        Event::Started { .. } => started = Some(self.begun.elapsed()),
                        Event::Delta { .. } => {}
                        Event::Embedded { .. } => return Err(out_of_place()),
                        Event::Failed { failure } => return Err(failure.into()),
                        Event::Done { text, finish, stats } => {
                            let queued = started.unwrap_or_default();
                            let elapsed = self.begun.elapsed();
                            return Ok(Generation { text, finish, stats, queued, elapsed, model });
                        }
                    },
                }
            }
            let is_late = self.begun.elapsed() > self.longest;
            if is_late || mailbox::generation() != self.generation {
                return Err(ClientError::WorkerLost);
            }
            latch::wait(HEARTBEAT);
            check_for_interrupts!();
        }
    }
}

/// The vectors of texts, waiting at most `within`.
///
/// # Errors
/// [`ClientError`]. A cancel or timeout of the session is a server error and unwinds instead.
pub fn embed(
    request: EmbedRequest,
    patience: Patience,
    within: Duration,
) -> Result<Embedded, ClientError> {
    let begun = Instant::now();
    let request_id = mailbox::new_request_id();
    let (mut channel, segment) = Channel::create(request_id);
    let texts = request.texts.len();
    channel.send(protocol::encode(&ClientFrame::Embed { request })?);
    let role = server::asking_role().to_u32();
    let generation = hand_in(Ticket { segment, request_id, pid: server::pid(), role }, patience)?;
    loop {
        let alive = channel.flush();
        while let Some(message) = channel.receive().or_else(|Detached| lost(alive))? {
            match protocol::decode::<ServerFrame>(&message)? {
                ServerFrame::Queued { .. } | ServerFrame::Given { .. } => {}
                ServerFrame::Loading { percent, earlier } => {
                    return Err(ClientError::Loading { percent, earlier });
                }
                ServerFrame::Event { event: Event::Embedded { embedded } }
                    if embedded.fits(texts) =>
                {
                    return Ok(embedded);
                }
                ServerFrame::Event { event: Event::Failed { failure } } => {
                    return Err(failure.into());
                }
                ServerFrame::Event { .. } => return Err(out_of_place()),
            }
        }
        if mailbox::generation() != generation {
            return Err(ClientError::WorkerLost);
        }
        let left = within.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Err(overdue().into());
        }
        latch::wait(left.min(HEARTBEAT));
        check_for_interrupts!();
    }
}

/// An engine that answers something else than it was asked.
pub fn out_of_place() -> ClientError {
    let message = "the engine answered what it was not asked".to_owned();
    Failure { code: FailureCode::Protocol, message, detail: None, hint: None }.into()
}

fn overdue() -> Failure {
    let message = "the embedding model did not answer in time".to_owned();
    Failure { code: FailureCode::Deadline, message, detail: None, hint: None }
}

/// A detached queue without a final event: the worker ended the request without a word, which it
/// does only when it goes away itself.
fn lost(_: Result<bool, Detached>) -> Result<Option<Vec<u8>>, ClientError> {
    Err(ClientError::WorkerLost)
}

/// A failure in words for the case that the engine gave none.
pub fn unexplained() -> Failure {
    Failure {
        code: FailureCode::Internal,
        message: "the model is not available".to_owned(),
        detail: None,
        hint: Some("See text2sql.status() and the server's log.".to_owned()),
    }
}
