//! One request as the worker sees it: its segment, and how far it is.

use std::time::{Duration, Instant};

use text2sql_core::protocol::{
    self, ClientFrame, EmbedRequest, Event, Failure, GenerateRequest, ServerFrame,
};
use text2sql_core::warm_up::Beginning;

use super::allowance::Allowance;
use crate::ipc::channel::{Channel, Detached};
use crate::ipc::mailbox::{self, Ticket};

/// What is asked for.
pub enum Wanted {
    /// A generation.
    Text(Box<GenerateRequest>),
    /// Vectors of texts.
    Vectors(EmbedRequest),
}

impl Wanted {
    /// Time it has once a model is there, milliseconds.
    fn deadline_ms(&self) -> u64 {
        match self {
            Self::Text(request) => request.deadline_ms,
            Self::Vectors(request) => request.deadline_ms,
        }
    }
}

/// How far a request is.
pub enum Stage {
    /// Its frame has not arrived completely.
    Receiving,
    /// It waits for the engine.
    Waiting(Wanted),
    /// The engine works on it.
    Running,
    /// Its last event is queued; the segment is kept until the backend took it.
    Ending,
}

/// A request.
pub struct Session {
    /// Its id, unique while the server runs.
    pub id: u64,
    /// Who asks.
    pub role: u32,
    /// How far it is.
    pub stage: Stage,
    /// What time it has, once the request is known.
    pub time: Allowance,
    /// How many of the same role that came later were begun before it.
    pub passed: u32,
    /// Position of the model it waits for, in this turn.
    pub model: Option<usize>,
    /// Names of the models it was given to.
    pub tried: Vec<String>,
    /// The request once more, where another model may be asked if one fails.
    pub spare: Option<Box<GenerateRequest>>,
    /// What came of the models that were asked before the one it waits for or has; sentences.
    earlier: Option<String>,
    /// What its prompt begins with, once the engine works on it.
    pub given: Option<Beginning>,
    /// Whether it has a place among the requests that may wait or run.
    has_place: bool,
    channel: Channel,
}

/// What became of a session in a turn.
#[derive(Debug, PartialEq, Eq)]
pub enum Alive {
    /// It goes on.
    Yes,
    /// Its backend is gone, or broke the protocol, or has all it wanted.
    No,
}

impl Session {
    /// A session for a segment just attached.
    pub fn new(ticket: &Ticket, channel: Channel) -> Self {
        let Ticket { request_id: id, role, .. } = *ticket;
        Self {
            id,
            role,
            stage: Stage::Receiving,
            time: Allowance::default(),
            passed: 0,
            model: None,
            tried: Vec::new(),
            spare: None,
            earlier: None,
            given: None,
            has_place: true,
            channel,
        }
    }

    /// Moves frames both ways.
    pub fn pump(&mut self, now: Instant) -> Alive {
        match self.channel.receive() {
            Ok(None) => {}
            Ok(Some(message)) => {
                let (wanted, startup_ms) = match (&self.stage, protocol::decode(&message)) {
                    (Stage::Receiving, Ok(ClientFrame::Submit { request, startup_ms })) => {
                        (Wanted::Text(request), startup_ms)
                    }
                    // How long it waits in all is its backend's business.
                    (Stage::Receiving, Ok(ClientFrame::Embed { request })) => {
                        (Wanted::Vectors(request), u64::MAX)
                    }
                    _ => return Alive::No,
                };
                let [startup, answer] =
                    [startup_ms, wanted.deadline_ms()].map(Duration::from_millis);
                self.time = Allowance::new(startup, answer, now);
                self.stage = Stage::Waiting(wanted);
            }
            Err(Detached) => return Alive::No,
        }
        match self.channel.flush() {
            Err(Detached) => Alive::No,
            Ok(true) if matches!(self.stage, Stage::Ending) => Alive::No,
            Ok(_) => Alive::Yes,
        }
    }

    /// The model it was given to failed, and another is to answer. Whatever comes of that one, this
    /// is what went wrong first.
    pub fn wait_for_another(&mut self, request: Box<GenerateRequest>, failure: &Failure) {
        let sentence = failure.as_earlier(self.tried.last().map_or("", String::as_str));
        self.earlier = Some(match self.earlier.take() {
            Some(earlier) => format!("{sentence} {earlier}"),
            None => sentence,
        });
        self.stage = Stage::Waiting(Wanted::Text(request));
    }

    /// Passes an event on; the last one ends the session.
    pub fn send(&mut self, event: Event) {
        if event.is_last() {
            self.end();
        }
        let event = match event {
            Event::Failed { failure } => {
                Event::Failed { failure: failure.after(self.earlier.as_deref()) }
            }
            other => other,
        };
        self.frame(&ServerFrame::Event { event });
    }

    /// Tells the backend that the model is not there in time, and ends the session.
    pub fn send_loading(&mut self, percent: u8) {
        self.end();
        let earlier = self.earlier.take();
        self.frame(&ServerFrame::Loading { percent, earlier });
    }

    /// Gives its place back, once. This comes before the last event is sent: a backend that has
    /// that may ask again at once, and must not find the place taken by what was just answered.
    pub fn leave(&mut self) {
        if std::mem::take(&mut self.has_place) {
            mailbox::worker::request_ended(self.role);
        }
    }

    /// Whether it has not given its place back.
    pub fn has_place(&self) -> bool {
        self.has_place
    }

    /// Tells the backend how many go first.
    pub fn send_position(&mut self, position: u32) {
        self.frame(&ServerFrame::Queued { position });
    }

    /// Tells the backend which model works on its request.
    pub fn send_model(&mut self, model: String) {
        self.frame(&ServerFrame::Given { model });
    }

    fn end(&mut self) {
        self.stage = Stage::Ending;
        self.leave();
    }

    fn frame(&mut self, frame: &ServerFrame) {
        if let Ok(bytes) = protocol::encode(frame) {
            self.channel.send(bytes);
        }
    }
}
