//! The model the binary serves: an endpoint behind the engine's frame loop.
//!
//! Owns which requests are sent and which wait, which connections are kept, and that a request ends
//! when it is cancelled or its deadline passes, whatever its thread is doing. One thread a request; this one waits for
//! nothing longer than [`TICK`]. Called by the binary.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use text2sql_core::chat::ChatFormat;
use text2sql_core::protocol::{
    Event, Failure, FailureCode, Finish, GenerateRequest, GenerationStats, LogLevel, ModelInfo,
    ModelSpec,
};
use text2sql_engine::control::Control;
use text2sql_engine::frame_loop::{Job, Model, Sink};
use text2sql_engine::hardening;
use ureq::Agent;

use crate::connections::Connections;
use crate::endpoint::{Endpoint, MAX_PARALLEL};
use crate::http::Ending;
use crate::url::Url;
use crate::{exchange, trust};

/// Longest time that nobody looks at cancels and deadlines.
const TICK: Duration = Duration::from_millis(20);
/// Longest time a server may take to end a transfer whose answer is known, for its connection to be
/// kept.
const CLOSING: Duration = Duration::from_millis(500);
/// Threads there may be for each request sent at a time: those of cancelled requests end a little
/// later, and those that wait for a name server cannot be ended.
const THREADS_PER_REQUEST: usize = 4;
/// Descriptors the process needs at most: a socket a thread, and some for name servers.
pub const MAX_FILES: u64 = 2 * (MAX_PARALLEL * THREADS_PER_REQUEST) as u64 + 64;
/// Memory of the program and its certificates: generous, as the engine's bound is.
const MEMORY_BASE: u64 = 2 << 30;
/// Stack and heap that the C library reserves for a thread, most of it never written.
const MEMORY_PER_THREAD: u64 = 128 << 20;
/// Longest deadline that is kept, so that adding it to a clock cannot overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Nothing yet, or an endpoint and its requests.
pub struct Remote {
    endpoint: Option<Arc<Endpoint>>,
    waiting: VecDeque<Waiting>,
    running: BTreeMap<u64, Running>,
    /// Clients whose answers were told, and that may still read the end of a transfer.
    closing: BTreeMap<u64, (Agent, Instant)>,
    connections: Connections,
    /// One for each thread that has not ended.
    threads: Arc<()>,
    reports: Receiver<(u64, Report)>,
    sender: Sender<(u64, Report)>,
}

/// What a request's thread says.
enum Report {
    Event(Event),
    /// It is done with its client, which can serve again or not.
    Over(Option<Agent>),
}

/// A request that is not sent yet.
struct Waiting {
    id: u64,
    request: GenerateRequest,
    control: Control,
    deadline: Instant,
}

/// A request that is being answered.
struct Running {
    control: Control,
    agent: Agent,
}

impl Default for Remote {
    fn default() -> Self {
        let (sender, reports) = mpsc::channel();
        Self {
            endpoint: None,
            waiting: VecDeque::new(),
            running: BTreeMap::new(),
            closing: BTreeMap::new(),
            connections: Connections::default(),
            threads: Arc::new(()),
            reports,
            sender,
        }
    }
}

impl Remote {
    /// Ends the requests that are to end.
    fn drop_ended(&mut self, send: &mut Sink<'_>) {
        self.waiting.retain(|waiting| match waiting.control.check() {
            Ok(()) => true,
            Err(why) => {
                send(waiting.id, Event::Failed { failure: why.into() });
                false
            }
        });
        let ended = self.running.extract_if(.., |_, running| running.control.check().is_err());
        for (id, Running { control, agent }) in ended {
            // Its thread sees its socket closed, and so does the server.
            agent.shutdown();
            if let Err(why) = control.check() {
                send(id, Event::Failed { failure: why.into() });
            }
        }
        let late = self.closing.extract_if(.., |_, (_, told)| told.elapsed() > CLOSING);
        late.for_each(|(_, (agent, _))| agent.shutdown());
    }

    /// Sends requests, in order, as long as there is room.
    fn send_waiting(&mut self, send: &mut Sink<'_>) {
        let Some(endpoint) = self.endpoint.clone() else { return };
        while self.running.len() < endpoint.parallel
            && let Some(waiting) = self.waiting.pop_front()
        {
            let id = waiting.id;
            if let Err(failure) = self.begin(&endpoint, waiting) {
                send(id, Event::Failed { failure });
            }
        }
    }

    fn begin(&mut self, endpoint: &Arc<Endpoint>, waiting: Waiting) -> Result<(), Failure> {
        // This handle is not a thread's.
        if Arc::strong_count(&self.threads) > endpoint.parallel * THREADS_PER_REQUEST {
            return Err(Failure {
                code: FailureCode::Unreachable,
                message: "too many requests to the model's server hang".into(),
                detail: None,
                hint: Some("look at the name server and the network of this machine".into()),
            });
        }
        let connection = self.connections.take(endpoint);
        let running = Running { control: waiting.control.clone(), agent: connection.agent.clone() };
        let Waiting { id, request, control, deadline } = waiting;
        let (endpoint, alive) = (Arc::clone(endpoint), Arc::clone(&self.threads));
        let sender = self.sender.clone();
        let work = move || {
            let _alive = alive;
            let tell = |event| {
                // Where nobody listens any more, the process is about to end.
                let _ = sender.send((id, Report::Event(event)));
            };
            let (last, ending) = guarded(|| {
                exchange::run(&endpoint, &connection, &request, &control, deadline, &mut &tell)
            });
            tell(last);
            let agent = ending.settle().then_some(connection.agent);
            let _ = sender.send((id, Report::Over(agent)));
        };
        std::thread::Builder::new().name("request".into()).spawn(work).map_err(|error| {
            Failure {
                code: FailureCode::OutOfMemory,
                message: "no thread can be started for the request".into(),
                detail: Some(error.kind().to_string()),
                hint: None,
            }
        })?;
        self.running.insert(id, running);
        Ok(())
    }

    /// Passes an event on, unless its request has ended.
    fn forward(&mut self, id: u64, event: Event, send: &mut Sink<'_>) {
        let Some(running) = self.running.get(&id) else { return };
        let ended = running.control.check();
        match event {
            // The reason it failed may be that its time is up.
            Event::Failed { failure } => {
                let failure = ended.err().map_or(failure, Failure::from);
                self.running.remove(&id);
                send(id, Event::Failed { failure });
            }
            Event::Done { .. } | Event::Embedded { .. } => {
                if let Some(Running { agent, .. }) = self.running.remove(&id) {
                    self.closing.insert(id, (agent, Instant::now()));
                }
                send(id, event);
            }
            Event::Started { .. } | Event::Delta { .. } => send(id, event),
        }
    }

    /// Keeps a client for the next request, unless it took too long or was shut down.
    fn keep(&mut self, id: u64, agent: Option<Agent>) {
        let told = self.closing.remove(&id);
        if let (Some(_), Some(endpoint), Some(agent)) = (told, &self.endpoint, agent) {
            self.connections.keep(endpoint, agent);
        }
    }
}

/// Does a request's work; a panic fails that request and no other.
fn guarded(work: impl FnOnce() -> (Event, Ending)) -> (Event, Ending) {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let failure = Failure {
            code: FailureCode::Internal,
            message: "asking the model's server failed".into(),
            // What a panic says may hold anything.
            detail: None,
            hint: None,
        };
        (Event::Failed { failure }, Ending::Cut)
    })
}

impl Model for Remote {
    fn before_load(&mut self, spec: &ModelSpec) -> Vec<(LogLevel, String)> {
        // Refused when it is loaded, before a file is opened.
        let Ok(spec) = spec.endpoint() else { return Vec::new() };
        let Ok(url) = Url::parse(&spec.url) else { return Vec::new() };
        let named = spec.key_file.iter().chain(&spec.ca_file).map(PathBuf::from);
        let files: Vec<_> = named.chain(trust::BUNDLES.iter().map(PathBuf::from)).collect();
        let parallel = u64::from(spec.parallel.max(1)).min(MAX_PARALLEL as u64);
        let threads = parallel * THREADS_PER_REQUEST as u64;
        let most = MEMORY_BASE + threads * MEMORY_PER_THREAD;
        hardening::confine_with_network(url.port(), &files)
            .into_iter()
            .chain(hardening::limit_memory(most).err())
            .map(|missing| {
                (LogLevel::Warning, format!("client of the model runs less confined: {missing}"))
            })
            .collect()
    }

    fn load(
        &mut self,
        spec: &ModelSpec,
        progress: &mut dyn FnMut(u8),
    ) -> Result<ModelInfo, Failure> {
        let begun = Instant::now();
        let endpoint = Endpoint::open(spec.endpoint()?)?;
        progress(100);
        let name = endpoint.model.clone();
        self.endpoint = Some(Arc::new(endpoint));
        self.connections = Connections::default();
        self.closing.clear();
        Ok(ModelInfo {
            name,
            architecture: "remote".into(),
            chat: ChatFormat::default(),
            context: 0,
            vocab: 0,
            file_bytes: 0,
            weight_bytes: 0,
            sha256: String::new(),
            load_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }

    fn start(&mut self, job: Job, send: &mut Sink<'_>) {
        let Job { id, request, control } = job;
        if request.max_new_tokens == 0 {
            // What would be warmed up is not here.
            let (text, stats) = (String::new(), GenerationStats::default());
            return send(id, Event::Done { text, finish: Finish::Stop, stats });
        }
        let deadline = Instant::now() + Duration::from_millis(request.deadline_ms).min(LONGEST);
        self.waiting.push_back(Waiting { id, request, control, deadline });
    }

    fn is_busy(&self) -> bool {
        !self.waiting.is_empty() || !self.running.is_empty() || !self.closing.is_empty()
    }

    fn step(&mut self, send: &mut Sink<'_>) {
        self.drop_ended(send);
        self.send_waiting(send);
        if !self.is_busy() {
            return;
        }
        // Those that came meanwhile are taken along; more are left to the next step.
        let first = self.reports.recv_timeout(TICK).ok();
        let more: Vec<_> = self.reports.try_iter().take(100).collect();
        for (id, report) in first.into_iter().chain(more) {
            match report {
                Report::Event(event) => self.forward(id, event, send),
                Report::Over(agent) => self.keep(id, agent),
            }
        }
    }

    fn after_panic(&mut self) {
        self.waiting.clear();
        for running in std::mem::take(&mut self.running).into_values() {
            running.agent.shutdown();
        }
        self.closing.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use text2sql_core::protocol::EndpointSpec;

    #[test]
    fn a_panic_fails_its_request() {
        let (Event::Failed { failure }, Ending::Cut) = guarded(|| panic!("sk-secret")) else {
            panic!()
        };
        assert_eq!(failure.code, FailureCode::Internal);
        assert!(!format!("{failure:?}").contains("secret"));
    }

    /// A model that was loaded for a port nobody listens on.
    fn loaded() -> Remote {
        let mut remote = Remote::default();
        let spec = EndpointSpec {
            url: "http://127.0.0.1:1".into(),
            model: "m".into(),
            key_file: None,
            ca_file: None,
            parallel: 2,
            connect_ms: 1000,
            attempts: 1,
        };
        remote.load(&ModelSpec::Endpoint(spec), &mut |_| {}).unwrap();
        remote
    }

    /// The last event of one request.
    fn answer(remote: &mut Remote, most: u32) -> Event {
        let request = serde_json::json!({
            "prompt": {"system": "", "turns": [], "assistant_prefix": ""},
            "max_new_tokens": most,
            "deadline_ms": 5000,
        });
        let request = serde_json::from_value(request).unwrap();
        let mut events = Vec::new();
        let mut send = |_, event| events.push(event);
        let control = Control::new(Duration::from_secs(5));
        remote.start(Job { id: 1, request, control }, &mut send);
        while remote.is_busy() {
            remote.step(&mut send);
        }
        events.pop().unwrap()
    }

    #[test]
    fn requests_that_hang_have_a_bound() {
        let mut remote = loaded();
        let failed = |event| match event {
            Event::Failed { failure } => failure,
            other => panic!("{other:?}"),
        };
        let mut hanging = vec![Arc::clone(&remote.threads); 2 * THREADS_PER_REQUEST];
        let failure = failed(answer(&mut remote, 1));
        assert_eq!(failure.code, FailureCode::Unreachable);
        assert!(failure.message.contains("hang"), "{failure:?}");
        hanging.pop();
        let failure = failed(answer(&mut remote, 1));
        assert_eq!(failure.message, "the model's server refused the connection");
    }

    #[test]
    fn warming_up_is_done_at_once() {
        let event = answer(&mut loaded(), 0);
        assert!(matches!(event, Event::Done { text, .. } if text.is_empty()));
    }

    #[test]
    fn after_a_panic_nothing_is_left() {
        let mut remote = loaded();
        let request = serde_json::json!({
            "prompt": {"system": "", "turns": [], "assistant_prefix": ""},
            "max_new_tokens": 1,
            "deadline_ms": 5000,
        });
        let request = serde_json::from_value(request).unwrap();
        let control = Control::new(Duration::from_secs(5));
        remote.start(Job { id: 1, request, control }, &mut |_, _| {});
        remote.send_waiting(&mut |_, _| {});
        assert!(remote.is_busy());
        remote.after_panic();
        assert!(!remote.is_busy());
        remote.step(&mut |_, event| panic!("{event:?}"));
    }
}
