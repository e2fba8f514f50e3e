//! The model the engine binary serves: a [`LoadedModel`] behind the frame loop.
//!
//! Owns what happens before a file is opened, and once it is loaded: confinement.

use std::path::Path;

use text2sql_core::protocol::{
    Event, Failure, FailureCode, GenerateRequest, LoadSpec, LogLevel, ModelInfo,
};

use crate::control::Control;
use crate::frame_loop::Model;
use crate::generate::Completion;
use crate::hardening;
use crate::model::LoadedModel;

/// Not loaded yet, or a model.
#[derive(Default)]
pub struct Served {
    model: Option<LoadedModel>,
}

impl Model for Served {
    fn before_load(&mut self, spec: &LoadSpec) -> Vec<(LogLevel, String)> {
        let directory = Path::new(&spec.path).parent().unwrap_or(Path::new("/"));
        let mut lines: Vec<_> = hardening::confine(directory)
            .into_iter()
            .map(|missing| (LogLevel::Warning, format!("engine runs less confined: {missing}")))
            .collect();
        let file_bytes = std::fs::metadata(&spec.path).map_or(0, |meta| meta.len());
        let prefixes = spec.prefix_cache_bytes;
        let most = hardening::most_memory(file_bytes, spec.context, spec.threads, prefixes);
        lines.extend(hardening::limit_memory(most).err().map(|missing| {
            (LogLevel::Warning, format!("engine runs without a bound on memory: {missing}"))
        }));
        lines
    }

    fn load(
        &mut self,
        spec: &LoadSpec,
        progress: &mut dyn FnMut(u8),
    ) -> Result<ModelInfo, Failure> {
        let model = LoadedModel::load(spec, progress)?;
        let info = model.info().clone();
        self.model = Some(model);
        // It can fail only where the filters before it did, which was reported then.
        let _ = hardening::seal();
        Ok(info)
    }

    fn generate(
        &mut self,
        _id: u64,
        request: &GenerateRequest,
        control: &Control,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Completion, Failure> {
        let Some(model) = &mut self.model else {
            return Err(Failure {
                code: FailureCode::NoModel,
                message: "no model is loaded".into(),
                detail: None,
                hint: None,
            });
        };
        Ok(model.generate(request, control, on_event)?)
    }

    fn after_panic(&mut self) {
        if let Some(model) = &mut self.model {
            model.forget();
        }
    }
}
