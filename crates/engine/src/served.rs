//! The model the engine binary serves: a [`LoadedModel`] behind the frame loop.
//!
//! Owns what happens before a file is opened, and once it is loaded: confinement. A GPU is opened
//! in the course of it, for afterwards nobody could.

use std::path::Path;

use text2sql_core::device::DeviceName;
use text2sql_core::protocol::{Event, Failure, FailureCode, LogLevel, ModelInfo, ModelSpec};

use crate::device::Device;
use crate::error::EngineError;
use crate::frame_loop::{Job, Model, Sink};
use crate::generate::Completion;
use crate::hardening;
use crate::model::{LoadedModel, Pin};
use crate::scheduler::{Notice, Scheduler};

/// Not loaded yet, or a model.
#[derive(Default)]
pub struct Served {
    model: Option<LoadedModel>,
    scheduler: Scheduler,
    /// A GPU, until a model is on it.
    gpu: Option<Result<Device, EngineError>>,
}

impl Model for Served {
    fn before_load(&mut self, spec: &ModelSpec) -> Vec<(LogLevel, String)> {
        // Refused when it is loaded.
        let Ok(spec) = spec.file() else { return Vec::new() };
        let directory = Path::new(&spec.path).parent().unwrap_or(Path::new("/"));
        let less_confined =
            |missing| (LogLevel::Warning, format!("engine runs less confined: {missing}"));
        if matches!(spec.device, DeviceName::Cuda(_)) {
            let (missing, gpu) =
                hardening::confine_with_gpu(directory, || Device::open(spec.device));
            self.gpu = Some(gpu);
            // No bound on memory: CUDA reserves more addresses than there is.
            return missing.into_iter().map(less_confined).collect();
        }
        let mut lines: Vec<_> =
            hardening::confine(directory).into_iter().map(less_confined).collect();
        let file_bytes = std::fs::metadata(&spec.path).map_or(0, |meta| meta.len());
        let prefixes = spec.prefix_cache_bytes;
        let tokens = u64::from(spec.context) * u64::from(spec.parallel);
        let most = hardening::most_memory(file_bytes, tokens, spec.threads, prefixes);
        lines.extend(hardening::limit_memory(most).err().map(|missing| {
            (LogLevel::Warning, format!("engine runs without a bound on memory: {missing}"))
        }));
        lines
    }

    fn load(
        &mut self,
        spec: &ModelSpec,
        progress: &mut dyn FnMut(u8),
    ) -> Result<ModelInfo, Failure> {
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
        !self.scheduler.is_idle()
    }

    fn step(&mut self, send: &mut Sink<'_>) {
        let Some(model) = &mut self.model else { return };
        self.scheduler.step(model, &mut |id, notice| {
            send(
                id,
                match notice {
                    Notice::Event(event) => event,
                    Notice::Ended(Ok(Completion { text, finish, stats })) => {
                        Event::Done { text, finish, stats }
                    }
                    Notice::Ended(Err(error)) => Event::Failed { failure: error.into() },
                },
            );
        });
    }

    fn after_panic(&mut self) {
        self.scheduler.clear();
        if let Some(model) = &mut self.model {
            model.forget();
        }
    }
}
