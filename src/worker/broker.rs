//! Brings requests to the engine and events to their sessions.
//!
//! Several generations at a time, the roles by turns. A turn never waits: the main loop does.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use text2sql_core::fair_queue::Waiting;
use text2sql_core::protocol::{EmbedRequest, EngineCommand, Event, Failure, FailureCode};
use text2sql_core::route::{Route, Routing};
use text2sql_core::warm_up::{Beginning, WarmUp};

use super::disk_cache::DiskCache;
use super::engine::Running;
use super::fleet::{Assigned, Fleet};
use super::kept::Kept;
use super::lifecycle::Notice;
use super::session::{Alive, Session, Stage, Wanted};
use crate::guc;
use crate::ipc::channel::Channel;
use crate::ipc::mailbox::{self, count, counters};
use crate::pg::server;

/// Time an engine has to end a cancelled or overdue generation before it counts as hung. It looks
/// between passes, which take about two seconds at most on a processor, longer on a busy one.
const GRACE: Duration = Duration::from_secs(15);
/// Sleep while more than one socket or a restart must be watched.
const POLL: Duration = Duration::from_millis(20);
/// Sleep while requests are open: the grain of their deadlines.
const BUSY: Duration = Duration::from_millis(200);
/// Sleep otherwise; the latch wakes the worker for everything.
const IDLE: Duration = Duration::from_secs(30);

/// All requests and engines.
pub struct Broker {
    sessions: Vec<Session>,
    engines: Fleet,
    warm_up: WarmUp,
    kept: Kept,
    disk_cache: DiskCache,
    /// Requests of our own, with the process ids of their engines: nobody waits for them.
    own: Vec<(u64, i32)>,
    reloads_done: u64,
}

impl Broker {
    /// Nothing to do yet.
    pub fn new() -> Self {
        let mut warm_up = WarmUp::default();
        Kept::restore(&mut warm_up);
        Self {
            sessions: Vec::new(),
            engines: Fleet::new(guc::preload_model()),
            warm_up,
            kept: Kept::default(),
            disk_cache: DiskCache::open(),
            own: Vec::new(),
            reloads_done: mailbox::worker::reloads_wanted(),
        }
    }

    /// Does all that can be done now.
    pub fn turn(&mut self) {
        let now = Instant::now();
        self.reload_if_asked();
        self.accept_tickets();
        self.pump_sessions(now);
        let own = &self.own;
        let notices = self.engines.turn(now, |id| own.iter().any(|own| own.0 == id));
        self.hear(notices);
        self.assign(now);
        self.dispatch(now);
        self.warm_up(now);
        self.kept.save(&mut self.warm_up, now);
        if self.sessions.is_empty() {
            self.disk_cache.turn(&mut self.engines, now);
        }
        self.engines.flush();
        self.pump_sessions(now);
    }

    /// Puts right what an error in the middle of a turn left behind.
    pub fn after_error(&mut self) {
        let with_place = self.sessions.iter().filter(|session| session.has_place());
        mailbox::worker::recount(with_place.map(|session| session.role));
    }

    /// How long the main loop may sleep.
    pub fn longest_sleep(&self) -> Duration {
        if self.engines.needs_polling() {
            POLL
        } else if self.sessions.is_empty()
            && self.engines.is_ready()
            && !self.disk_cache.is_waiting()
        {
            IDLE
        } else {
            BUSY
        }
    }

    /// The engine's socket, and whether to wait for it to be writable.
    pub fn socket(&self) -> Option<(BorrowedFd<'_>, bool)> {
        self.engines.socket()
    }

    /// Ends everything; the worker leaves.
    pub fn shut_down(&mut self) {
        for session in &mut self.sessions {
            session.send(Event::Failed {
                failure: Failure {
                    code: FailureCode::ShuttingDown,
                    message: "the text2sql worker is shutting down".to_owned(),
                    detail: None,
                    hint: None,
                },
            });
            session.pump(Instant::now());
        }
        self.sessions.clear();
        self.kept.save_now(&mut self.warm_up);
        self.engines.end();
    }

    fn reload_if_asked(&mut self) {
        let wanted = mailbox::worker::reloads_wanted();
        if wanted != self.reloads_done {
            self.reloads_done = wanted;
            // The postmaster may not have passed pg_reload_conf() on yet.
            server::reload_configuration();
            let notices = self.engines.reload();
            self.hear(notices);
        }
    }

    fn accept_tickets(&mut self) {
        while let Some(ticket) = mailbox::worker::next_ticket() {
            self.engines.want();
            match Channel::attach(ticket.segment, ticket.request_id) {
                Some(channel) => self.sessions.push(Session::new(&ticket, channel)),
                // The backend gave up before we looked.
                None => {
                    count(&counters().cancelled);
                    mailbox::worker::request_ended(ticket.role);
                }
            }
        }
    }

    fn pump_sessions(&mut self, now: Instant) {
        let mut ahead = 0;
        let engines = &mut self.engines;
        self.sessions.retain_mut(|session| {
            let was_receiving = matches!(session.stage, Stage::Receiving);
            let alive = session.pump(now);
            if alive == Alive::No {
                match session.stage {
                    Stage::Ending => {}
                    Stage::Running => {
                        engines.cancel(session.id, now, GRACE);
                        count(&counters().cancelled);
                    }
                    Stage::Receiving | Stage::Waiting(_) => count(&counters().cancelled),
                }
                session.leave();
                return false;
            }
            if was_receiving && matches!(session.stage, Stage::Waiting(_)) && ahead > 0 {
                session.send_position(ahead);
            }
            ahead += 1;
            true
        });
    }

    fn hear(&mut self, notices: Vec<Notice>) {
        for notice in notices {
            match notice {
                Notice::Event(id, event) => self.deliver(id, event),
                Notice::Kept(id, part) => self.disk_cache.write(id, &part),
                Notice::Unusable(model, name, why) => self.disk_cache.refuse(&model, &name, &why),
            }
        }
    }

    fn deliver(&mut self, id: u64, event: Event) {
        if let Some(at) = self.own.iter().position(|own| own.0 == id) {
            let is_done = matches!(event, Event::Done { .. });
            if is_done || matches!(event, Event::Failed { .. }) {
                let (_, engine) = self.own.swap_remove(at);
                if is_done {
                    self.warm_up.was_read(engine);
                }
            }
            return;
        }
        if self.ask_another(id, &event) {
            return;
        }
        match &event {
            Event::Done { stats, .. } => {
                let add = |counter: &std::sync::atomic::AtomicU64, n: u32| {
                    counter.fetch_add(u64::from(n), std::sync::atomic::Ordering::Relaxed);
                };
                count(&counters().completed);
                add(&counters().prompt_tokens, stats.prompt_tokens);
                add(&counters().cached_tokens, stats.cached_tokens);
                add(&counters().generated_tokens, stats.generated_tokens);
            }
            Event::Failed { failure } if failure.code != FailureCode::Cancelled => {
                count(&counters().failed);
            }
            _ => {}
        }
        // Without a session the request was cancelled; its events are for nobody.
        if let Some(session) = self.sessions.iter_mut().find(|s| s.id == id) {
            if matches!(event, Event::Done { .. })
                && let Some(beginning) = session.given.take()
            {
                let model = session.tried.last().map_or("", String::as_str);
                if let Some(folder) = self.engines.disk_cache(model) {
                    self.disk_cache.note(model, folder, &beginning);
                }
                self.warm_up.note(beginning, self.engines.pid_of(model));
            }
            session.send(event);
        }
    }

    /// Has a request that a model failed wait for another, if there is one for it.
    fn ask_another(&mut self, id: u64, event: &Event) -> bool {
        let Event::Failed { failure } = event else { return false };
        let of_the_model =
            matches!(failure.code, FailureCode::Unreachable | FailureCode::EngineDied);
        let Some(session) = self.sessions.iter_mut().find(|session| session.id == id) else {
            return false;
        };
        let another = session.spare.as_ref().filter(|request| {
            of_the_model && self.engines.has_another(&request.route, &session.tried)
        });
        let Some(request) = another.cloned() else { return false };
        session.wait_for_another(request, failure);
        true
    }

    /// Ends requests that no engine will answer in time, and says which model the others wait for.
    fn assign(&mut self, now: Instant) {
        for session in &mut self.sessions {
            let Stage::Waiting(wanted) = &session.stage else { continue };
            let assigned = match wanted {
                Wanted::Text(request) => self.engines.assign(&request.route, &session.tried),
                Wanted::Vectors(_) => self.engines.assign_encoder(),
            };
            session.model = None;
            match assigned {
                Assigned::Hopeless(failure) => {
                    count(&counters().failed);
                    session.send(Event::Failed { failure });
                }
                Assigned::Loading { percent } => {
                    if !session.time.model_loads(now) {
                        count(&counters().failed);
                        session.send_loading(percent);
                    }
                }
                Assigned::Member(_) | Assigned::OnTrial if session.time.is_spent(now) => {
                    count(&counters().failed);
                    session.send(Event::Failed { failure: overdue() });
                }
                Assigned::OnTrial => session.time.model_is_there(),
                Assigned::Member(position) => {
                    session.time.model_is_there();
                    session.model = Some(position);
                }
            }
        }
    }

    /// Gives each engine as many requests as it takes, by turns of their roles.
    fn dispatch(&mut self, now: Instant) {
        for model in 0..self.engines.len() {
            while self.dispatch_one(model, now) {}
        }
    }

    /// Gives the engine at this position one request; whether there was one, and room for it.
    fn dispatch_one(&mut self, model: usize, now: Instant) -> bool {
        let (name, itself) = (self.engines.name(model), self.engines.model(model));
        let Some((engine, turns)) = self.engines.free_engine(model) else { return false };
        let pid = engine.pid();
        let running: Vec<u32> = engine.running.iter().map(|running| running.role).collect();
        let mut waiting: Vec<&mut Session> = self
            .sessions
            .iter_mut()
            .filter(|s| matches!(s.stage, Stage::Waiting(_)) && s.model == Some(model))
            .collect();
        let as_waiting = |session: &&mut Session| Waiting {
            role: session.role,
            is_read: matches!(
                &session.stage,
                Stage::Waiting(Wanted::Text(request)) if self.warm_up.has_read(request, pid)
            ),
            passed: session.passed,
        };
        let all: Vec<Waiting> = waiting.iter().map(as_waiting).collect();
        let Some(index) = turns.next(&all, &running) else { return false };
        let (earlier, rest) = waiting.split_at_mut(index);
        let Some(session) = rest.first_mut() else { return false };
        for other in earlier.iter_mut().filter(|other| other.role == session.role) {
            other.passed += 1;
        }
        let left = session.time.left(now);
        let Stage::Waiting(wanted) = std::mem::replace(&mut session.stage, Stage::Running) else {
            return false;
        };
        let (id, left_ms) = (session.id, u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
        session.tried.push(name);
        let command = match wanted {
            Wanted::Vectors(request) => {
                let request = EmbedRequest { deadline_ms: left_ms, ..request };
                EngineCommand::Embed { id, request }
            }
            Wanted::Text(mut request) => {
                session.spare = (request.route.routing != Routing::Off).then(|| request.clone());
                session.send_model(itself);
                request.route = Route::default();
                request.deadline_ms = left_ms;
                session.given = Some(Beginning::of(&request));
                EngineCommand::Generate { id, request: *request }
            }
        };
        engine.running.push(Running {
            id,
            role: session.role,
            give_up_at: now + left + GRACE,
            written: 0,
        });
        engine.send(&command);
        self.engines.sent(model);
        // One that is tried out takes no second request before it is known how the first ends.
        self.assign(now);
        true
    }

    /// Lets new engines of this server read the prompts of late, one at a time, while nobody asks them.
    fn warm_up(&mut self, now: Instant) {
        let readers = self.engines.readers();
        let pids: Vec<i32> = readers.iter().map(|(_, pid)| *pid).collect();
        self.warm_up.meet(&pids);
        self.own.retain(|(_, pid)| pids.contains(pid));
        for (model, pid) in readers {
            let Some((engine, _)) = self.engines.free_engine(model) else { continue };
            if !engine.running.is_empty() {
                continue;
            }
            let Some(request) = self.warm_up.to_read(pid) else { continue };
            let id = mailbox::new_request_id();
            let left = Duration::from_millis(request.deadline_ms);
            let give_up_at = now + left + GRACE;
            self.own.push((id, pid));
            engine.running.push(Running { id, role: 0, give_up_at, written: 0 });
            engine.send(&EngineCommand::Generate { id, request });
        }
    }
}

fn overdue() -> Failure {
    Failure {
        code: FailureCode::Deadline,
        message: "the question waited too long for the model".to_owned(),
        detail: None,
        hint: Some("Ask again later, or raise text2sql.generation_timeout.".to_owned()),
    }
}
