//! The engine's side of the socketpair: commands in, reports out.
//!
//! Owns threads, queue, cancelling and what a panic means; knows no model. One thread reads
//! commands, the calling thread owns the model and writes reports; requests that come while others
//! are answered are taken on between two steps. The process ends at once when
//! the other end closes: nobody is left to answer. Used by the engine and the scripted engine.

use std::any::Any;
use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use text2sql_core::protocol::{
    self, Decoder, EmbedRequest, EngineCommand, EngineReport, Event, Failure, FailureCode,
    FilePart, GenerateRequest, LogLevel, ModelInfo, ModelSpec,
};

use crate::control::Control;

/// Exit code after a frame that broke the protocol.
pub const EXIT_PROTOCOL: u8 = 2;
/// Exit code after a model that could not be loaded.
pub const EXIT_LOAD_FAILED: u8 = 3;

/// Requests that may wait; the worker's own queue is far shorter.
const MAX_WAITING: usize = 1024;

/// What answers requests.
pub trait Model {
    /// Called with the load command before anything else is done, on the only thread there is:
    /// the place to give up rights. Returns lines for the server's log.
    fn before_load(&mut self, _spec: &ModelSpec) -> Vec<(LogLevel, String)> {
        Vec::new()
    }

    /// Loads a model.
    ///
    /// # Errors
    /// Reported as the reason the engine leaves.
    fn load(
        &mut self,
        spec: &ModelSpec,
        progress: &mut dyn FnMut(u8),
    ) -> Result<ModelInfo, Failure>;

    /// Takes a request on. It is answered in steps, of which the last one sends `Done` or `Failed`.
    fn start(&mut self, job: Job, send: &mut Sink<'_>);

    /// Whether requests are left to be answered.
    fn is_busy(&self) -> bool;

    /// Goes on with the requests taken on; between two steps commands are read.
    fn step(&mut self, send: &mut Sink<'_>);

    /// Encodes texts, at once: sends `Embedded` or `Failed`.
    fn embed(&mut self, task: Encoding, send: &mut Sink<'_>) {
        let failure = Failure {
            code: FailureCode::NoModel,
            message: "this model makes no vectors".into(),
            detail: None,
            hint: None,
        };
        send(task.id, Event::Failed { failure });
    }

    /// Begins to hand over what is cached of prompts like this one, by [`Self::aside`]; false where
    /// there is nothing.
    fn keep(&mut self, _id: u64, _request: &GenerateRequest) -> bool {
        false
    }

    /// What is to be told besides the answers; asked for after loading and after every step.
    fn aside(&mut self) -> Vec<EngineReport> {
        Vec::new()
    }

    /// Called after `start`, `step` or `embed` panicked: drop all requests, and whatever may be half done.
    fn after_panic(&mut self) {}
}

/// Where events go, with the id of their request.
pub type Sink<'a> = dyn FnMut(u64, Event) + 'a;

/// A request to be answered.
pub struct Job {
    /// Chosen by the worker, never reused.
    pub id: u64,
    /// What to generate.
    pub request: GenerateRequest,
    /// Its cancel flag and deadline.
    pub control: Control,
}

/// Texts to be encoded.
pub struct Encoding {
    /// As of [`Job`].
    pub id: u64,
    /// The texts.
    pub request: EmbedRequest,
    /// Its cancel flag and deadline.
    pub control: Control,
}

/// What a command asks for.
enum Task {
    Generate(Box<Job>),
    Encode(Encoding),
    Keep(u64, Box<GenerateRequest>),
}

impl Task {
    /// The request that waits for events.
    fn id(&self) -> Option<u64> {
        match self {
            Self::Generate(job) => Some(job.id),
            Self::Encode(task) => Some(task.id),
            Self::Keep(..) => None,
        }
    }
}

/// The socket to the worker, which it left as standard input.
///
/// # Errors
/// In words, where it is none: a person started the program.
pub fn worker() -> Result<UnixStream, String> {
    let stream = std::io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map_err(|error| format!("descriptor 0 cannot be used: {error}"))?;
    let stream = UnixStream::from(stream);
    if stream.peer_addr().is_err() {
        return Err("descriptor 0 is not a connected socket; the server starts this program".into());
    }
    Ok(stream)
}

type Running = Arc<Mutex<HashMap<u64, Control>>>;

/// Speaks the protocol over `stream` until the other end closes it.
pub fn run(stream: UnixStream, model: &mut dyn Model) -> ExitCode {
    match serve(stream, model) {
        Ok(code) => code,
        // The other end is gone.
        Err(_) => ExitCode::SUCCESS,
    }
}

fn serve(mut stream: UnixStream, model: &mut dyn Model) -> std::io::Result<ExitCode> {
    send(
        &mut stream,
        &EngineReport::Hello { protocol: protocol::VERSION, build: protocol::BUILD_ID.to_owned() },
    )?;
    let mut decoder = Decoder::default();
    let spec = loop {
        match next(&mut stream, &mut decoder) {
            Ok(Some(EngineCommand::Load { spec })) => break spec,
            Ok(None | Some(EngineCommand::Shutdown)) => return Ok(ExitCode::SUCCESS),
            Ok(Some(EngineCommand::Cancel { .. })) => {}
            Ok(Some(
                EngineCommand::Generate { .. }
                | EngineCommand::Embed { .. }
                | EngineCommand::Keep { .. },
            )) => {
                log(&mut stream, LogLevel::Warning, "a request came before a model")?;
                return Ok(ExitCode::from(EXIT_PROTOCOL));
            }
            Err(why) => {
                log(&mut stream, LogLevel::Warning, &why)?;
                return Ok(ExitCode::from(EXIT_PROTOCOL));
            }
        }
    };
    for (level, message) in model.before_load(&spec) {
        log(&mut stream, level, &message)?;
    }
    // From here on a closed socket ends the process even while a model loads.
    let (sender, receiver) = mpsc::channel();
    let running = Running::default();
    let reader = stream.try_clone()?;
    let registry = Arc::clone(&running);
    std::thread::Builder::new()
        .name("commands".into())
        .spawn(move || read_commands(reader, decoder, &sender, &registry))?;

    let mut write_failed = false;
    let loaded = catch_unwind(AssertUnwindSafe(|| {
        model.load(&spec, &mut |percent| {
            let report = EngineReport::Progress { percent };
            write_failed |= send(&mut stream, &report).is_err();
        })
    }))
    .unwrap_or_else(|panic| Err(internal("loading the model failed", panic.as_ref())));
    match loaded {
        Ok(info) => {
            send(&mut stream, &EngineReport::Ready { info })?;
            model.aside().iter().try_for_each(|report| send(&mut stream, report))?;
        }
        Err(failure) => {
            send(&mut stream, &EngineReport::LoadFailed { failure })?;
            return Ok(ExitCode::from(EXIT_LOAD_FAILED));
        }
    }
    answer(&mut stream, model, &receiver, &running)
}

fn answer(
    stream: &mut UnixStream,
    model: &mut dyn Model,
    tasks: &Receiver<Task>,
    running: &Running,
) -> std::io::Result<ExitCode> {
    let mut open = Vec::new();
    loop {
        let mut fresh: Vec<Task> = tasks.try_iter().collect();
        if !model.is_busy() && fresh.is_empty() {
            // The reader leaves only after the end of the stream, and ends the process too.
            let Ok(task) = tasks.recv() else { return Ok(ExitCode::SUCCESS) };
            fresh.push(task);
        }
        open.extend(fresh.iter().filter_map(Task::id));
        let mut aside = Vec::new();
        let mut events = Outbox { stream, running, open: &mut open, broken: None };
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut send = |id, event| events.send(id, event);
            for task in fresh {
                match task {
                    Task::Generate(job) => model.start(*job, &mut send),
                    Task::Encode(task) => model.embed(task, &mut send),
                    Task::Keep(id, request) => {
                        if !model.keep(id, &request) {
                            aside.push(EngineReport::Kept { id, part: FilePart::lost() });
                        }
                    }
                }
            }
            model.step(&mut send);
            aside.extend(model.aside());
        }));
        if let Err(panic) = outcome {
            model.after_panic();
            let failure = internal("the generation failed", panic.as_ref());
            for id in events.open.clone() {
                events.send(id, Event::Failed { failure: failure.clone() });
            }
        }
        if let Some(error) = events.broken {
            return Err(error);
        }
        aside.iter().try_for_each(|report| send(stream, report))?;
    }
}

/// Sends events, and notes which requests are open.
struct Outbox<'a> {
    stream: &'a mut UnixStream,
    running: &'a Running,
    open: &'a mut Vec<u64>,
    /// Why nothing more can be sent.
    broken: Option<std::io::Error>,
}

impl Outbox<'_> {
    fn send(&mut self, id: u64, event: Event) {
        if event.is_last() {
            self.open.retain(|open| *open != id);
            self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        }
        if self.broken.is_none() {
            self.broken = send(self.stream, &EngineReport::Event { id, event }).err();
        }
    }
}

fn read_commands(
    mut stream: UnixStream,
    mut decoder: Decoder,
    tasks: &Sender<Task>,
    running: &Running,
) {
    let code = loop {
        match next(&mut stream, &mut decoder) {
            Ok(None | Some(EngineCommand::Shutdown)) => break 0,
            Ok(Some(EngineCommand::Cancel { id })) => {
                let running = running.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(control) = running.get(&id) {
                    control.cancel();
                }
            }
            Ok(Some(EngineCommand::Generate { id, request })) => {
                let control = Control::new(Duration::from_millis(request.deadline_ms));
                let job = Job { id, request, control: control.clone() };
                let task = Task::Generate(Box::new(job));
                if !hand_over(id, task, control, tasks, running) {
                    break EXIT_PROTOCOL;
                }
            }
            Ok(Some(EngineCommand::Embed { id, request })) => {
                let control = Control::new(Duration::from_millis(request.deadline_ms));
                let task = Task::Encode(Encoding { id, request, control: control.clone() });
                if !hand_over(id, task, control, tasks, running) {
                    break EXIT_PROTOCOL;
                }
            }
            Ok(Some(EngineCommand::Keep { id, request })) => {
                if tasks.send(Task::Keep(id, Box::new(request))).is_err() {
                    break EXIT_PROTOCOL;
                }
            }
            Ok(Some(EngineCommand::Load { .. })) | Err(_) => break EXIT_PROTOCOL,
        }
    };
    // The model's thread may be deep in a matrix product; nobody waits for it.
    std::process::exit(i32::from(code));
}

/// `false` where there are too many, or the id is in use.
fn hand_over(
    id: u64,
    task: Task,
    control: Control,
    tasks: &Sender<Task>,
    running: &Running,
) -> bool {
    let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
    running.len() < MAX_WAITING && running.insert(id, control).is_none() && tasks.send(task).is_ok()
}

fn next(stream: &mut UnixStream, decoder: &mut Decoder) -> Result<Option<EngineCommand>, String> {
    let mut buffer = [0; 64 << 10];
    loop {
        match decoder.next_message() {
            Ok(Some(command)) => return Ok(Some(command)),
            Ok(None) => {}
            Err(error) => return Err(error.to_string()),
        }
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(None),
            Ok(count) => decoder.push(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Ok(None),
        }
    }
}

fn send(stream: &mut UnixStream, report: &EngineReport) -> std::io::Result<()> {
    let bytes = protocol::encode_framed(report).map_err(std::io::Error::other)?;
    stream.write_all(&bytes)
}

fn log(stream: &mut UnixStream, level: LogLevel, message: &str) -> std::io::Result<()> {
    send(stream, &EngineReport::Log { level, message: message.to_owned() })
}

fn internal(message: &str, panic: &(dyn Any + Send)) -> Failure {
    let detail = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .map(|text| text.chars().take(500).collect());
    Failure { code: FailureCode::Internal, message: message.to_owned(), detail, hint: None }
}
