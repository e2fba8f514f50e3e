//! Connections that are kept from request to request.
//!
//! Owns how many are kept, and for how long. A client of [`ureq`] is one connection here, so that
//! shutting it down ends one request. Called by [`crate::remote`].

use std::time::{Duration, Instant};

use ureq::Agent;

use crate::endpoint::Endpoint;

/// Longest time a connection is kept that nobody uses: about as long as servers keep theirs.
pub const MAX_IDLE: Duration = Duration::from_secs(60);

/// The connections of an endpoint that no request uses.
#[derive(Default)]
pub struct Connections {
    /// Last used last.
    idle: Vec<(Agent, Instant)>,
}

/// A client for one request at a time.
pub struct Connection {
    /// The client.
    pub agent: Agent,
    /// Whether it may hold a connection that was used before, and that the server may have closed
    /// since.
    pub used: bool,
}

impl Connections {
    /// One for a request, used before if there is one.
    pub fn take(&mut self, endpoint: &Endpoint) -> Connection {
        self.idle.retain(|(_, since)| since.elapsed() < MAX_IDLE);
        match self.idle.pop() {
            Some((agent, _)) => Connection { agent, used: true },
            None => Connection { agent: endpoint.agent(), used: false },
        }
    }

    /// Keeps one whose last answer was read to its end.
    pub fn keep(&mut self, endpoint: &Endpoint, agent: Agent) {
        self.idle.push((agent, Instant::now()));
        let over = self.idle.len().saturating_sub(endpoint.parallel);
        self.idle.drain(..over);
    }
}
