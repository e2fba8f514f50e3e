//! All models of the registry: which of them answers a request, and what each is doing.
//!
//! Owns the choice among models, circuit breakers, and what is published of all this. Engines are
//! `lifecycle`'s, requests the broker's. Called by the broker in every turn.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use text2sql_core::breaker::{Breaker, BreakerState};
use text2sql_core::fair_queue::FairQueue;
use text2sql_core::models::ModelEntry;
use text2sql_core::protocol::{Event, Failure, FailureCode};
use text2sql_core::route::{self, Choice, Route};

use super::config;
use super::engine::Engine;
use super::lifecycle::{Lifecycle, Notice};
use crate::ipc::mailbox::{self, EngineState, ModelReport};

/// One model.
struct Member {
    engines: Lifecycle,
    breaker: Breaker,
    /// Seconds since 1970 of the next trial, while the circuit is open.
    retry_at: Option<u64>,
    turns: FairQueue,
    completed: u64,
    failed: u64,
}

/// Which model a request goes to.
pub enum Assigned {
    /// The one at this position.
    Member(usize),
    /// None yet: one loads.
    Loading {
        /// How far it is.
        percent: u8,
    },
    /// None yet: one is there, and tried out by another request.
    OnTrial,
    /// None will.
    Hopeless(Failure),
}

/// What is published: overall state, process, why; and each model.
type Published = (EngineState, i32, Option<Failure>, Vec<ModelReport>);

/// The models.
pub struct Fleet {
    members: Vec<Member>,
    /// Why there is no registry.
    broken: Option<Failure>,
    clock: Instant,
    published: Option<Published>,
}

impl Fleet {
    /// Reads the registry; engines are started in the first turn if `wanted`.
    pub fn new(wanted: bool) -> Self {
        let mut fleet =
            Self { members: Vec::new(), broken: None, clock: Instant::now(), published: None };
        match config::fleet() {
            Ok(entries) => fleet.members = entries.into_iter().map(|e| member(e, wanted)).collect(),
            Err(failure) => fleet.broken = Some(failure),
        }
        fleet
    }

    /// A question came: there must be engines from now on.
    pub fn want(&mut self) {
        self.members.iter_mut().for_each(|member| member.engines.want());
    }

    /// An administrator asked for new engines: the registry is read again. A model that keeps its
    /// name is answered by its old engine until the new one is ready; what is not in the registry
    /// any more ends, with what it works on.
    pub fn reload(&mut self) -> Vec<Notice> {
        let entries = match config::fleet() {
            Ok(entries) => entries,
            Err(failure) => {
                pgrx::warning!("text2sql: {}", failure.message);
                self.broken = Some(failure);
                return Vec::new();
            }
        };
        self.broken = None;
        let mut old = std::mem::take(&mut self.members);
        for entry in entries {
            let known = old.iter().position(|m| m.engines.entry().name == entry.name);
            let member = match known {
                Some(position) => {
                    let mut kept = old.swap_remove(position);
                    kept.breaker = Breaker::default();
                    kept.engines.reload(entry);
                    kept
                }
                None => member(entry, true),
            };
            self.members.push(member);
        }
        old.iter_mut().flat_map(|member| member.engines.dismiss()).collect()
    }

    /// The first model for a request, of those it may use and has not been given to before.
    pub fn assign(&self, route: &Route, tried: &[String]) -> Assigned {
        if let Some(failure) = &self.broken {
            return Assigned::Hopeless(failure.clone());
        }
        let order = self.order(route);
        let Some(first) = order.first().and_then(|first| self.members.get(*first)) else {
            return Assigned::Hopeless(none_allowed(route));
        };
        let now = self.clock.elapsed();
        let left: Vec<usize> = order
            .iter()
            .copied()
            .filter(|i| {
                self.members.get(*i).is_some_and(|m| !tried.contains(&m.engines.entry().name))
            })
            .collect();
        let of = |i: &usize| self.members.get(*i);
        if let Some(ready) = left
            .iter()
            .find(|i| of(i).is_some_and(|m| m.engines.is_ready() && m.breaker.allows(now)))
        {
            return Assigned::Member(*ready);
        }
        let coming: Vec<&Member> =
            left.iter().filter_map(of).filter(|member| member.may_come(now)).collect();
        if coming.iter().any(|member| member.engines.is_ready()) {
            return Assigned::OnTrial;
        }
        if let Some(member) = coming.first() {
            return Assigned::Loading { percent: member.engines.percent() };
        }
        Assigned::Hopeless(
            first.engines.dead_end().cloned().unwrap_or_else(|| left_alone(first.engines.entry())),
        )
    }

    /// Where vectors come from.
    pub fn assign_encoder(&self) -> Assigned {
        let Some(position) = self.members.iter().position(Member::is_encoder) else {
            return Assigned::Hopeless(no_encoder());
        };
        match self.members.get(position).map(|member| &member.engines) {
            Some(engines) if engines.is_ready() => Assigned::Member(position),
            Some(engines) => match engines.dead_end() {
                Some(failure) => Assigned::Hopeless(failure.clone()),
                None => Assigned::Loading { percent: engines.percent() },
            },
            None => Assigned::Hopeless(no_encoder()),
        }
    }

    /// Whether a request that a model failed may be given to another.
    pub fn has_another(&self, route: &Route, tried: &[String]) -> bool {
        route.routing != route::Routing::Off
            && route.model.is_none()
            && !matches!(self.assign(route, tried), Assigned::Hopeless(_))
    }

    fn order(&self, route: &Route) -> Vec<usize> {
        let choices: Vec<Choice<'_>> = self
            .members
            .iter()
            // It is the last: what is before it keeps its position.
            .filter(|member| !member.is_encoder())
            .map(|member| {
                let entry = member.engines.entry();
                Choice { name: &entry.name, remote: entry.source.is_remote() }
            })
            .collect();
        route::order(route, &choices)
    }

    /// Number of models.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// The engine at this position, if it takes a request now, and whose turn it is there.
    pub fn free_engine(&mut self, position: usize) -> Option<(&mut Engine, &mut FairQueue)> {
        let member = self.members.get_mut(position)?;
        Some((member.engines.free_engine()?, &mut member.turns))
    }

    /// Positions of the models that this server computes itself and that are ready, with the process
    /// ids of their engines.
    pub fn readers(&self) -> Vec<(usize, i32)> {
        let is_reader = |member: &Member| {
            let source = &member.engines.entry().source;
            member.engines.is_ready() && !source.is_remote() && !source.is_encoder()
        };
        let members = self.members.iter().enumerate().filter(|(_, member)| is_reader(member));
        members.map(|(position, member)| (position, member.engines.pid())).collect()
    }

    /// Process id of the engine of the model of this name; 0 where there is none.
    pub fn pid_of(&self, name: &str) -> i32 {
        self.named(name).map_or(0, |member| member.engines.pid())
    }

    /// Folder of the model of this name, where what it computes of prompts can be kept on disk.
    pub fn disk_cache(&self, name: &str) -> Option<&str> {
        self.named(name)?.engines.disk_cache()
    }

    /// The engine of the model of this name, if it has nothing to do.
    pub fn idle_engine(&mut self, name: &str) -> Option<&mut Engine> {
        let member = self.members.iter_mut().find(|m| m.engines.entry().name == name)?;
        let idle = |engine: &&mut Engine| engine.running.is_empty() && engine.keeping.is_none();
        member.engines.free_engine().filter(idle)
    }

    /// Whether an engine hands over the file that was asked for with this id.
    pub fn keeps(&self, id: u64) -> bool {
        self.members.iter().any(|member| member.engines.keeps(id))
    }

    fn named(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.engines.entry().name == name)
    }

    /// Name of the model at this position, in the registry.
    pub fn name(&self, position: usize) -> String {
        self.members.get(position).map(|m| m.engines.entry().name.clone()).unwrap_or_default()
    }

    /// Name that the model at this position has itself.
    pub fn model(&self, position: usize) -> String {
        let model = self.members.get(position).and_then(|member| member.engines.model());
        model.map(|model| model.name.clone()).unwrap_or_default()
    }

    /// A request was given to the model at this position.
    pub fn sent(&mut self, position: usize) {
        if let Some(member) = self.members.get_mut(position) {
            member.breaker.sent();
        }
    }

    /// Whether a model answers questions.
    pub fn is_ready(&self) -> bool {
        self.members.iter().any(|member| member.engines.is_ready() && !member.is_encoder())
    }

    /// Stops the generation `id`, whichever engine works on it.
    pub fn cancel(&mut self, id: u64, now: Instant, grace: Duration) {
        self.members.iter_mut().for_each(|member| member.engines.cancel(id, now, grace));
    }

    /// Reads all engines, and returns what sessions must hear. What `is_own` has nobody asked for, so it
    /// is not counted.
    pub fn turn(&mut self, now: Instant, is_own: impl Fn(u64) -> bool) -> Vec<Notice> {
        let clock = self.clock.elapsed();
        let mut notices = Vec::new();
        for member in &mut self.members {
            let heard = member.engines.turn(now);
            for notice in &heard {
                if let Notice::Event(id, event) = notice
                    && !is_own(*id)
                {
                    member.hear(event, clock);
                }
            }
            notices.extend(heard);
        }
        self.publish();
        notices
    }

    /// Writes what is queued for the engines.
    pub fn flush(&mut self) {
        self.members.iter_mut().for_each(|member| member.engines.flush());
    }

    /// The socket to wait on: of the engine that has something to say, if there is one.
    pub fn socket(&self) -> Option<(BorrowedFd<'_>, bool)> {
        let busy = self.members.iter().find(|member| member.engines.is_busy());
        busy.or(self.members.first()).and_then(|member| member.engines.socket())
    }

    /// Whether something besides the latch and [`Self::socket`] can happen soon.
    pub fn needs_polling(&self) -> bool {
        self.members.iter().filter(|member| member.engines.is_busy()).count() > 1
            || self.members.iter().any(|member| member.engines.needs_polling())
    }

    /// Ends all engines.
    pub fn end(&mut self) {
        self.members.iter_mut().for_each(|member| member.engines.end());
    }

    /// Tells backends. The overall state is that of the first model that answers, else of one that
    /// loads, else of the first.
    fn publish(&mut self) {
        let rank = |member: &&Member| match member.engines.state() {
            EngineState::Ready | EngineState::Draining => 0,
            EngineState::Loading { .. } => 1,
            EngineState::Down | EngineState::Failed => 2,
        };
        let models = self.members.iter().filter(|member| !member.is_encoder());
        let main = models.min_by_key(rank).map(|member| &member.engines);
        let state = match (main, &self.broken) {
            (Some(main), _) => main.state(),
            (None, Some(_)) => EngineState::Failed,
            (None, None) => EngineState::Down,
        };
        let pid = main.map_or(0, Lifecycle::pid);
        let failure = main.and_then(Lifecycle::failure).or(self.broken.as_ref());
        let clock = self.clock.elapsed();
        let reports = self.members.iter().map(|member| member.report(clock)).collect();
        let now = (state, pid, failure.cloned(), reports);
        if self.published.as_ref() != Some(&now) {
            let model = main.and_then(Lifecycle::model);
            mailbox::worker::publish(now.0, now.1, model, now.2.as_ref(), &now.3);
            self.published = Some(now);
        }
    }
}

impl Member {
    fn is_encoder(&self) -> bool {
        self.engines.entry().source.is_encoder()
    }

    /// Whether it may take a request, now or in a while, without an administrator.
    fn may_come(&self, now: Duration) -> bool {
        match self.breaker.state(now) {
            BreakerState::Open { .. } => false,
            _ => self.engines.dead_end().is_none(),
        }
    }

    /// Counts how a generation ended.
    fn hear(&mut self, event: &Event, now: Duration) {
        let remote = self.engines.entry().source.is_remote();
        match event {
            Event::Done { .. } | Event::Embedded { .. } => {
                self.completed += 1;
                self.breaker.succeeded();
            }
            Event::Failed { failure } => {
                self.failed += 1;
                match failure.code {
                    FailureCode::Unreachable | FailureCode::Deadline if remote => {
                        self.breaker.failed(now)
                    }
                    _ => self.breaker.ended(),
                }
            }
            Event::Started { .. } | Event::Delta { .. } => return,
        }
        self.retry_at = match self.breaker.state(now) {
            BreakerState::Open { left } => {
                SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|now| (now + left).as_secs())
            }
            _ => None,
        };
    }

    fn report(&self, now: Duration) -> ModelReport {
        let entry = self.engines.entry();
        let breaker = self.breaker.state(now);
        ModelReport {
            name: entry.name.clone(),
            tier: entry.tier,
            remote: entry.source.is_remote(),
            state: self.engines.state(),
            reason: self.engines.failure().map(|failure| failure.message.clone()),
            model: self.engines.model().map(|model| model.name.clone()),
            circuit: match breaker {
                BreakerState::Closed => "closed",
                BreakerState::Open { .. } => "open",
                BreakerState::HalfOpen => "half open",
            }
            .to_owned(),
            retry_at: self.retry_at.filter(|_| breaker != BreakerState::Closed),
            running: u32::try_from(self.engines.running()).unwrap_or(u32::MAX),
            completed: self.completed,
            failed: self.failed,
        }
    }
}

fn member(entry: ModelEntry, wanted: bool) -> Member {
    Member {
        engines: Lifecycle::new(entry, wanted),
        breaker: Breaker::default(),
        retry_at: None,
        turns: FairQueue::default(),
        completed: 0,
        failed: 0,
    }
}

fn none_allowed(route: &Route) -> Failure {
    let (message, hint) = match &route.model {
        Some(name) => (
            format!("there is no model \"{name}\" for this question"),
            "See text2sql.models() for the models there are, and text2sql.remote.",
        ),
        None => (
            "there is no model on this server".to_owned(),
            "All models are on other servers, and text2sql.remote is off.",
        ),
    };
    Failure { code: FailureCode::NoModel, message, detail: None, hint: Some(hint.to_owned()) }
}

fn no_encoder() -> Failure {
    Failure {
        code: FailureCode::NoModel,
        message: "no embedding model is configured".to_owned(),
        detail: None,
        hint: Some(
            "Set text2sql.embedding_model_path, reload the configuration and run \
             SELECT text2sql.reload();"
                .to_owned(),
        ),
    }
}

fn left_alone(entry: &ModelEntry) -> Failure {
    Failure {
        code: FailureCode::Unreachable,
        message: format!(
            "model \"{}\" failed several times and is left alone for a while",
            entry.name
        ),
        detail: None,
        hint: Some("text2sql.models() says when it is tried again.".to_owned()),
    }
}
