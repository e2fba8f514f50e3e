//! The model the engine binary serves: a [`LoadedModel`] or an [`Encoder`] behind the frame loop.
//!
//! Owns what happens before a file is opened, and once it is loaded: confinement. A GPU is opened
//! in the course of it, for afterwards nobody could.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use text2sql_core::device::DeviceName;
use text2sql_core::embedding::Vector;
use text2sql_core::protocol::{
    Embedded, EncoderSpec, EngineReport, Event, Failure, FailureCode, FilePart, FileRest,
    GenerateRequest, LogLevel, ModelInfo, ModelSpec,
};

use crate::control::Control;
use crate::device::Device;
use crate::disk_cache::{self, Writing};
use crate::encoder::{self, Encoder};
use crate::error::EngineError;
use crate::frame_loop::{Encoding, Job, Model, Sink};
use crate::generate::Completion;
use crate::hardening;
use crate::model::{LoadedModel, Pin};
use crate::scheduler::{Notice, Scheduler};

/// Not loaded yet, or a model.
#[derive(Default)]
pub struct Served {
    model: Option<LoadedModel>,
    /// In place of a model.
    encoder: Option<Encoder>,
    scheduler: Scheduler,
    /// Who asked for the file that is handed over.
    keeping: Option<u64>,
    /// It; after a panic it is lost.
    writing: Option<Writing>,
    /// A GPU, until a model is on it.
    gpu: Option<Result<Device, EngineError>>,
}

/// Texts of the first pass.
const WARM_UP: [&str; 8] = ["a text of some words that is encoded once"; 8];
/// For the first pass.
const PATIENCE: Duration = Duration::from_secs(600);

fn less_confined(missing: String) -> (LogLevel, String) {
    (LogLevel::Warning, format!("engine runs less confined: {missing}"))
}

fn without_bound(limited: Result<(), String>) -> Option<(LogLevel, String)> {
    let missing = limited.err()?;
    Some((LogLevel::Warning, format!("engine runs without a bound on memory: {missing}")))
}

impl Served {
    fn load_encoder(&mut self, spec: &EncoderSpec) -> Result<ModelInfo, Failure> {
        let begin = Instant::now();
        let encoder = Encoder::load(Path::new(&spec.folder), Pin::Sha256(&spec.sha256))?;
        // What computes looks at the machine when it does so first, which must be before the seal.
        encoder.encode(&WARM_UP, &Control::new(PATIENCE))?;
        let mut info = encoder.info();
        info.load_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.encoder = Some(encoder);
        // As for a model.
        let _ = hardening::seal();
        Ok(info)
    }
}

/// As they travel; every one has a direction, or there would have been an error.
fn embedded(encoder: &Encoder, task: &Encoding) -> Result<Embedded, EngineError> {
    if !task.request.is_reasonable() {
        return Err(EngineError::Internal("more texts than can be encoded at a time"));
    }
    let vectors = encoder.encode(&task.request.texts, &task.control)?;
    let vectors = vectors.iter().map(|numbers| Vector::new(numbers).ok_or(EngineError::NotFinite));
    Ok(Embedded {
        encoder: encoder.identity().to_owned(),
        vectors: vectors.collect::<Result<_, _>>()?,
    })
}

impl Model for Served {
    fn before_load(&mut self, spec: &ModelSpec) -> Vec<(LogLevel, String)> {
        if let ModelSpec::Encoder(spec) = spec {
            let folder = Path::new(&spec.folder);
            let missing = hardening::confine(folder, &[]).into_iter().map(less_confined);
            let bytes =
                std::fs::metadata(folder.join(encoder::WEIGHTS)).map_or(0, |meta| meta.len());
            let most = hardening::most_memory(bytes, 0, spec.threads, 0);
            return missing.chain(without_bound(hardening::limit_memory(most))).collect();
        }
        // Refused when it is loaded.
        let Ok(spec) = spec.file() else { return Vec::new() };
        let directory = Path::new(&spec.path).parent().unwrap_or(Path::new("/"));
        if matches!(spec.device, DeviceName::Cuda(_) | DeviceName::CandleCuda(_)) {
            let (missing, gpu) =
                hardening::confine_with_gpu(directory, || Device::open(spec.device));
            self.gpu = Some(gpu);
            // No bound on memory: CUDA reserves more addresses than there is.
            return missing.into_iter().map(less_confined).collect();
        }
        let kept: Vec<_> = spec.disk_cache.iter().map(PathBuf::from).collect();
        let mut lines: Vec<_> =
            hardening::confine(directory, &kept).into_iter().map(less_confined).collect();
        let file_bytes = std::fs::metadata(&spec.path).map_or(0, |meta| meta.len());
        let prefixes = spec.prefix_cache_bytes;
        let tokens = u64::from(spec.context) * u64::from(spec.parallel);
        let most = hardening::most_memory(file_bytes, tokens, spec.threads, prefixes);
        lines.extend(without_bound(hardening::limit_memory(most)));
        lines
    }

    fn load(
        &mut self,
        spec: &ModelSpec,
        progress: &mut dyn FnMut(u8),
    ) -> Result<ModelInfo, Failure> {
        if let ModelSpec::Encoder(spec) = spec {
            return self.load_encoder(spec);
        }
        let spec = spec.file()?;
        let device = self.gpu.take().unwrap_or_else(|| Device::open(spec.device))?;
        let model = LoadedModel::load_on(&device, spec, Pin::Sha256(&spec.sha256), progress)?;
        let info = model.info().clone();
        self.scheduler = Scheduler::new(spec.parallel as usize);
        self.model = Some(model);
        // A driver opens its devices whenever it needs memory.
        if !device.is_gpu() {
            // It can fail only where the filters before it did, which was reported then.
            let _ = hardening::seal();
        }
        Ok(info)
    }

    fn start(&mut self, job: Job, send: &mut Sink<'_>) {
        let Job { id, request, control } = job;
        let started = match &mut self.model {
            Some(model) => self.scheduler.start(model, id, request, control).map_err(Failure::from),
            None => Err(Failure {
                code: FailureCode::NoModel,
                message: "no model is loaded".into(),
                detail: None,
                hint: None,
            }),
        };
        if let Err(failure) = started {
            send(id, Event::Failed { failure });
        }
    }

    fn is_busy(&self) -> bool {
        !self.scheduler.is_idle() || self.keeping.is_some()
    }

    fn step(&mut self, send: &mut Sink<'_>) {
        let Some(model) = &mut self.model else { return };
        self.scheduler.step(model, &mut |id, notice| {
            send(
                id,
                match notice {
                    Notice::Event(event) => event,
                    Notice::Ended(Ok(Completion { text, finish, stats, .. })) => {
                        Event::Done { text, finish, stats }
                    }
                    Notice::Ended(Err(error)) => Event::Failed { failure: error.into() },
                },
            );
        });
    }

    fn embed(&mut self, task: Encoding, send: &mut Sink<'_>) {
        let done = match &self.encoder {
            Some(encoder) => embedded(encoder, &task),
            None => Err(EngineError::Internal("no encoder is loaded")),
        };
        let event = match done {
            Ok(embedded) => Event::Embedded { embedded },
            Err(error) => Event::Failed { failure: error.into() },
        };
        send(task.id, event);
    }

    fn keep(&mut self, id: u64, request: &GenerateRequest) -> bool {
        let Some(model) = self.model.as_mut().filter(|_| self.keeping.is_none()) else {
            return false;
        };
        self.writing = disk_cache::write(model, request);
        self.keeping = self.writing.is_some().then_some(id);
        self.keeping.is_some()
    }

    fn aside(&mut self) -> Vec<EngineReport> {
        let refused = self.model.as_mut().map(LoadedModel::refused_files).unwrap_or_default();
        let mut reports: Vec<_> = refused
            .into_iter()
            .map(|file| EngineReport::Unusable { name: file.name, why: file.why.to_string() })
            .collect();
        // Nobody waits for it, and whoever asks meanwhile waits for one piece at most.
        if let Some(id) = self.keeping.filter(|_| self.scheduler.is_idle()) {
            let mut writing = self.writing.take();
            let part = writing.as_mut().map_or_else(FilePart::lost, Writing::next_part);
            if part.rest == FileRest::More {
                self.writing = writing;
            } else {
                self.keeping = None;
            }
            reports.push(EngineReport::Kept { id, part });
        }
        reports
    }

    fn after_panic(&mut self) {
        self.writing = None;
        self.scheduler.clear();
        if let Some(model) = &mut self.model {
            model.forget();
        }
    }
}
