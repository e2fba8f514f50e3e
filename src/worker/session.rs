//! One request as the worker sees it: its segment, and how far it is.

use std::time::{Duration, Instant};

use text2sql_core::protocol::{
    self, ClientFrame, EmbedRequest, Event, GenerateRequest, ServerFrame,
};

use text2sql_core::warm_up::Beginning;

use crate::ipc::channel::{Channel, Detached};
use crate::ipc::mailbox::Ticket;

/// What is asked for.
pub enum Wanted {
    /// A generation.
    Text(Box<GenerateRequest>),
    /// Vectors of texts.
    Vectors(EmbedRequest),
}

impl Wanted {
    /// Time it has once a model is there, milliseconds.
    pub fn deadline_ms(&self) -> u64 {
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
    /// When its time is up, once the request is known.
    pub deadline: Option<Instant>,
    /// Position of the model it waits for, in this turn.
    pub model: Option<usize>,
    /// Names of the models it was given to.
    pub tried: Vec<String>,
    /// The request once more, where another model may be asked if one fails.
    pub spare: Option<Box<GenerateRequest>>,
    /// What its prompt begins with, once the engine works on it.
    pub given: Option<Beginning>,
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
            deadline: None,
            model: None,
            tried: Vec::new(),
            spare: None,
            given: None,
            channel,
        }
    }

    /// Moves frames both ways.
    pub fn pump(&mut self, now: Instant) -> Alive {
        match self.channel.receive() {
            Ok(None) => {}
            Ok(Some(message)) => {
                let wanted = match (&self.stage, protocol::decode(&message)) {
                    (Stage::Receiving, Ok(ClientFrame::Submit { request })) => {
                        Wanted::Text(request)
                    }
                    (Stage::Receiving, Ok(ClientFrame::Embed { request })) => {
                        Wanted::Vectors(request)
                    }
                    _ => return Alive::No,
                };
                self.deadline = now.checked_add(Duration::from_millis(wanted.deadline_ms()));
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

    /// Passes an event on; the last one ends the session.
    pub fn send(&mut self, event: Event) {
        if event.is_last() {
            self.stage = Stage::Ending;
        }
        self.frame(&ServerFrame::Event { event });
    }

    /// Tells the backend how many go first.
    pub fn send_position(&mut self, position: u32) {
        self.frame(&ServerFrame::Queued { position });
    }

    /// Tells the backend which model works on its request.
    pub fn send_model(&mut self, model: String) {
        self.frame(&ServerFrame::Given { model });
    }

    fn frame(&mut self, frame: &ServerFrame) {
        if let Ok(bytes) = protocol::encode(frame) {
            self.channel.send(bytes);
        }
    }
}
