//! The engines of one model: the one that serves, its successor during a reload, the one that
//! finishes its last request. Owns starting, hand-over, crashes and giving up. Called by `fleet`.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use text2sql_core::models::ModelEntry;
use text2sql_core::protocol::{
    EngineCommand, Event, Failure, FailureCode, FilePart, ModelInfo, ModelSpec,
};
use text2sql_core::supervision::{RestartPolicy, Verdict};

use super::config::{self, EngineConfig};
use super::engine::{Engine, Gone, Phase};
use super::not_started::NotStarted;
use super::reports::step;
use crate::ipc::mailbox::{self, EngineState};

/// What the broker must pass on to sessions.
pub enum Notice {
    /// An event of the generation with that id.
    Event(u64, Event),
    /// A piece of the file that was asked for with that id.
    Kept(u64, FilePart),
    /// A file, by its folder and name, is of no use, and why.
    Unusable(String, String, String),
}

/// Time after which an engine is started that the system could not start before. It need not get
/// longer, and ends with success only: a try costs nothing, unlike a model that is loaded in vain.
const TRY_AGAIN: Duration = Duration::from_secs(3);

/// The engines of one model.
pub struct Lifecycle {
    entry: ModelEntry,
    serving: Option<Engine>,
    /// It may be ready, and wait for `retiring` to end.
    successor: Option<Engine>,
    retiring: Option<Engine>,
    policy: RestartPolicy,
    clock: Instant,
    /// When an engine is to be started: in place of the one that serves where there is one, as its
    /// successor.
    restart_at: Option<Duration>,
    failure: Option<Failure>,
    /// Whether an engine should run: at once, or from the first question on.
    wanted: bool,
    given_up: bool,
}

impl Lifecycle {
    /// No engine yet; starts one in the first turn if `wanted`.
    pub fn new(entry: ModelEntry, wanted: bool) -> Self {
        Self {
            entry,
            serving: None,
            successor: None,
            retiring: None,
            policy: RestartPolicy::default(),
            clock: Instant::now(),
            restart_at: None,
            failure: None,
            wanted,
            given_up: false,
        }
    }

    /// The model.
    pub fn entry(&self) -> &ModelEntry {
        &self.entry
    }

    /// A question came: there must be an engine from now on.
    pub fn want(&mut self) {
        self.wanted = true;
    }

    /// An administrator asked for a new engine, for what the registry now says of the model: with
    /// one that serves, it takes over when it is ready; one that only loads makes room for it.
    pub fn reload(&mut self, entry: ModelEntry) {
        self.entry = entry;
        self.policy.reset();
        self.given_up = false;
        self.failure = None;
        self.restart_at = None;
        self.wanted = true;
        if let Some(old) = self.successor.take() {
            old.end();
        }
        if self.is_ready() {
            self.restart_at = Some(self.clock.elapsed());
        } else if let Some(engine) = self.serving.take() {
            engine.end();
        }
    }

    /// Why there will be no engine until an administrator acts.
    pub fn dead_end(&self) -> Option<&Failure> {
        self.failure.as_ref().filter(|_| self.given_up)
    }

    /// Whether the model answers questions.
    pub fn is_ready(&self) -> bool {
        self.serving.as_ref().is_some_and(|e| matches!(e.phase, Phase::Ready(_)))
    }

    /// The engine, if it takes a request now.
    pub fn free_engine(&mut self) -> Option<&mut Engine> {
        self.serving.as_mut().filter(|engine| engine.has_room())
    }

    /// Folder of the model of the engine that serves, where prefixes can be kept on disk.
    pub fn disk_cache(&self) -> Option<&str> {
        self.serving.as_ref()?.disk_cache()
    }

    /// Whether the engine that serves hands over the file that was asked for with this id.
    pub fn keeps(&self, id: u64) -> bool {
        let keeping = self.serving.as_ref().and_then(|engine| engine.keeping);
        keeping.is_some_and(|keeping| keeping.id == id)
    }

    /// Stops the generation `id`, whichever engine works on it. `grace` is the time it has.
    pub fn cancel(&mut self, id: u64, now: Instant, grace: Duration) {
        for engine in [&mut self.serving, &mut self.retiring].into_iter().flatten() {
            if let Some(running) = engine.running.iter_mut().find(|running| running.id == id) {
                running.give_up_at = running.give_up_at.min(now + grace);
                engine.send(&EngineCommand::Cancel { id });
            }
        }
    }

    /// Reads all engines, replaces those that ended, and returns what sessions must hear.
    pub fn turn(&mut self, now: Instant) -> Vec<Notice> {
        let mut notices = Vec::new();
        self.serving = self.serving.take().and_then(|e| self.serve(e, now, &mut notices));
        self.successor = self.successor.take().and_then(|e| self.succeed(e, now, &mut notices));
        self.retiring = self.retiring.take().and_then(|e| self.retire(e, now, &mut notices));
        self.start_if_due();
        notices
    }

    /// Writes what is queued for the engines.
    pub fn flush(&mut self) {
        for engine in
            [&mut self.serving, &mut self.successor, &mut self.retiring].into_iter().flatten()
        {
            engine.flush();
        }
    }

    /// The socket to wait on.
    pub fn socket(&self) -> Option<(BorrowedFd<'_>, bool)> {
        self.serving.as_ref().map(Engine::socket)
    }

    /// Whether an engine works, or loads a model.
    pub fn is_busy(&self) -> bool {
        let works = |engine: &Engine| {
            !engine.running.is_empty()
                || engine.keeping.is_some()
                || !matches!(engine.phase, Phase::Ready(_))
        };
        self.serving.as_ref().is_some_and(works)
    }

    /// Requests the engines work on.
    pub fn running(&self) -> usize {
        [&self.serving, &self.retiring].into_iter().flatten().map(|e| e.running.len()).sum()
    }

    /// Whether something besides the latch and [`Self::socket`] can happen soon.
    pub fn needs_polling(&self) -> bool {
        self.successor.is_some() || self.retiring.is_some() || self.restart_at.is_some()
    }

    /// Ends all engines because the model is not wanted any more; what they worked on failed.
    pub fn dismiss(&mut self) -> Vec<Notice> {
        let engines = [self.serving.take(), self.successor.take(), self.retiring.take()];
        let mut notices = Vec::new();
        for engine in engines.into_iter().flatten() {
            let died = |id| Notice::Event(id, Event::Failed { failure: died("it was dismissed") });
            notices.extend(lost(&engine).into_iter().map(died));
            engine.end();
        }
        notices
    }

    /// Ends all engines.
    pub fn end(&mut self) {
        for engine in
            [self.serving.take(), self.successor.take(), self.retiring.take()].into_iter().flatten()
        {
            engine.end();
        }
    }

    fn serve(
        &mut self,
        mut engine: Engine,
        now: Instant,
        notices: &mut Vec<Notice>,
    ) -> Option<Engine> {
        let gone = step(&mut engine, now, notices);
        if let Phase::LoadFailed(failure) = &engine.phase {
            self.give_up(failure.clone());
            engine.end();
            return None;
        }
        let Some(gone) = gone else { return Some(engine) };
        self.crashed(engine, &gone, notices);
        None
    }

    fn succeed(
        &mut self,
        mut engine: Engine,
        now: Instant,
        notices: &mut Vec<Notice>,
    ) -> Option<Engine> {
        let gone = step(&mut engine, now, notices);
        match &engine.phase {
            Phase::LoadFailed(failure) => {
                self.reload_failed(failure.clone());
                engine.end();
                return None;
            }
            Phase::Ready(_) if gone.is_none() && self.may_take_over() => {
                self.take_over(engine);
                return None;
            }
            Phase::Starting | Phase::Loading { .. } | Phase::Ready(_) => {}
        }
        let Some(gone) = gone else { return Some(engine) };
        let status = engine.end();
        self.failure = Some(Failure {
            code: FailureCode::EngineDied,
            message: format!(
                "the new engine ended before its first question: {} ({status})",
                gone.why
            ),
            detail: None,
            hint: Some("The old engine stays in use; see the server's log.".to_owned()),
        });
        None
    }

    /// Whether the one that serves, if one does, can finish what it works on. Where one before it
    /// still does, it goes on serving until that has ended: there are never more than three, and
    /// no request is lost.
    fn may_take_over(&self) -> bool {
        self.retiring.is_none() || !self.is_ready()
    }

    fn take_over(&mut self, engine: Engine) {
        // What was to follow where the one before it crashed.
        self.restart_at = None;
        self.given_up = false;
        self.failure = None;
        match self.serving.replace(engine) {
            Some(old) if self.retiring.is_none() => self.retiring = Some(old),
            // It was not ready, so it works on nothing.
            Some(old) => drop(old.end()),
            None => {}
        }
    }

    fn retire(
        &mut self,
        mut engine: Engine,
        now: Instant,
        notices: &mut Vec<Notice>,
    ) -> Option<Engine> {
        let gone = step(&mut engine, now, notices);
        if gone.is_none() && !engine.running.is_empty() {
            return Some(engine);
        }
        if let Some(gone) = &gone {
            let died = |id| Notice::Event(id, Event::Failed { failure: died(&gone.why) });
            notices.extend(lost(&engine).into_iter().map(died));
        }
        engine.end();
        None
    }

    fn crashed(&mut self, engine: Engine, gone: &Gone, notices: &mut Vec<Notice>) {
        let (pid, lost) = (engine.pid(), lost(&engine));
        let status = engine.end();
        let why = format!("{} ({status})", gone.why);
        pgrx::warning!("text2sql engine {pid} is gone: {why}");
        let died = |id| Notice::Event(id, Event::Failed { failure: died(&why) });
        notices.extend(lost.into_iter().map(died));
        match self.policy.crashed(self.clock.elapsed()) {
            Verdict::RestartAt(at) => self.restart_at = Some(at),
            Verdict::GiveUp { crashes } => self.give_up(Failure {
                code: FailureCode::EngineDied,
                message: format!("the engine ended {crashes} times in a short while"),
                detail: Some(format!("Last time: {why}.")),
                hint: Some("See the server's log; then run SELECT text2sql.reload();".to_owned()),
            }),
        }
    }

    fn give_up(&mut self, failure: Failure) {
        pgrx::warning!("text2sql: no engine: {}", failure.message);
        self.failure = Some(failure);
        self.given_up = true;
        self.restart_at = None;
    }

    fn start_if_due(&mut self) {
        let due = match self.restart_at {
            Some(at) => self.clock.elapsed() >= at,
            None => self.serving.is_none(),
        };
        if !due || !self.wanted || self.given_up {
            return;
        }
        self.restart_at = None;
        match start(&self.entry) {
            Ok(engine) => {
                self.failure = None;
                let serves = self.serving.is_some();
                let place = if serves { &mut self.successor } else { &mut self.serving };
                *place = Some(engine);
            }
            Err(NotStarted::Never(failure)) if self.serving.is_some() => {
                self.reload_failed(failure);
            }
            Err(NotStarted::Never(failure)) => self.give_up(failure),
            Err(NotStarted::NotNow(failure)) => self.try_again(failure),
        }
    }

    fn reload_failed(&mut self, failure: Failure) {
        pgrx::warning!("text2sql: reload failed, the old engine stays: {}", failure.message);
        self.failure = Some(failure);
    }

    /// Has an engine started later; said once.
    fn try_again(&mut self, failure: Failure) {
        if self.failure.as_ref() != Some(&failure) {
            let which = if self.serving.is_some() { "no new engine" } else { "no engine" };
            pgrx::warning!("text2sql: {which} yet: {}", failure.message);
        }
        self.failure = Some(failure);
        self.restart_at = Some(self.clock.elapsed() + TRY_AGAIN);
    }

    /// What the engine is doing.
    pub fn state(&self) -> EngineState {
        match &self.serving {
            Some(engine) => match &engine.phase {
                Phase::Starting | Phase::LoadFailed(_) => EngineState::Loading { percent: 0 },
                Phase::Loading { percent } => EngineState::Loading { percent: *percent },
                Phase::Ready(_) if self.successor.is_some() || self.retiring.is_some() => {
                    EngineState::Draining
                }
                Phase::Ready(_) => EngineState::Ready,
            },
            None if self.given_up => EngineState::Failed,
            None if self.wanted => EngineState::Loading { percent: 0 },
            None => EngineState::Down,
        }
    }

    /// How far it is with loading; 0 where it does not load.
    pub fn percent(&self) -> u8 {
        match self.state() {
            EngineState::Loading { percent } => percent,
            _ => 0,
        }
    }

    /// Process id of the engine, 0 without one.
    pub fn pid(&self) -> i32 {
        self.serving.as_ref().map_or(0, Engine::pid)
    }

    /// Why there is no engine, or why the last reload did not succeed.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// What is loaded.
    pub fn model(&self) -> Option<&ModelInfo> {
        match &self.serving.as_ref()?.phase {
            Phase::Ready(info) => Some(info),
            _ => None,
        }
    }
}

fn start(entry: &ModelEntry) -> Result<Engine, NotStarted> {
    let config: EngineConfig = config::of(entry)?;
    let engine = Engine::start(&config)?;
    mailbox::worker::engine_started();
    match &config.spec {
        ModelSpec::File(spec) => {
            pgrx::log!("text2sql engine {} loads \"{}\"", engine.pid(), spec.path)
        }
        ModelSpec::Encoder(spec) => {
            pgrx::log!("text2sql engine {} loads \"{}\"", engine.pid(), spec.folder)
        }
        ModelSpec::Endpoint(spec) => pgrx::log!(
            "text2sql engine {} asks model \"{}\" at \"{}\"",
            engine.pid(),
            spec.model,
            spec.url
        ),
    }
    Ok(engine)
}

/// The requests an engine takes along when it ends.
fn lost(engine: &Engine) -> Vec<u64> {
    engine.running.iter().map(|running| running.id).collect()
}

fn died(why: &str) -> Failure {
    Failure {
        code: FailureCode::EngineDied,
        message: "the engine ended during the request".to_owned(),
        detail: Some(format!("Engine: {why}.")),
        hint: Some("It is started again; ask once more.".to_owned()),
    }
}

#[cfg(feature = "pg_test")]
mod tests;
