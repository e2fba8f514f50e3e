//! One request, answered to its end while nothing else is computed: tools and tests.
//!
//! The engine binary serves several at a time (`served`); both go through the scheduler, so an
//! answer is the same.

use text2sql_core::protocol::{Event, Finish, GenerateRequest, GenerationStats};

use crate::control::Control;
use crate::error::EngineError;
use crate::model::LoadedModel;
use crate::scheduler::{Notice, Scheduler};

/// A finished generation.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// All text, without prefix and terminator.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// Counts and times.
    pub stats: GenerationStats,
    /// What the constraint took for each token that was chosen, microseconds: of these,
    /// `stats.mask_us` is the sum.
    pub choices_us: Vec<u32>,
}

impl LoadedModel {
    /// Generates an answer.
    ///
    /// # Errors
    /// [`EngineError::PromptTooLong`], [`EngineError::Cancelled`], [`EngineError::Deadline`] or a
    /// failure of the computation. The model stays usable.
    pub fn generate(
        &mut self,
        request: &GenerateRequest,
        control: &Control,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Completion, EngineError> {
        let mut scheduler = Scheduler::new(1);
        scheduler.start(self, 0, request.clone(), control.clone())?;
        loop {
            let mut ended = None;
            scheduler.step(self, &mut |_, notice| match notice {
                Notice::Event(event) => on_event(event),
                Notice::Ended(result) => ended = Some(result),
            });
            if let Some(result) = ended {
                return result;
            }
        }
    }
}
