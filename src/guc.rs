//! All settings, each with its definition and one typed getter.
//!
//! Owns names, units, ranges and defaults; no other module reads a `GucSetting`. Limits are
//! SUSET: a caller cannot raise what an administrator set. Settings of the worker are SIGHUP:
//! it reads them when it starts an engine. Defined in `_PG_init`, read everywhere.

mod candidates;
pub mod embedding;
mod execution;
mod mending;
mod models;
mod prompts;
mod requests;
mod values;

use std::ffi::{CStr, CString};

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

pub use candidates::{CandidatesIf, candidates, candidates_if, doubt, doubt_empty, temperature};
pub use execution::{
    confirm_lifetime, execution_role, foreign_servers, lock_timeout, max_columns, max_cost,
    max_result_size, max_rows, readable_role, require_confirm, statement_timeout, temp_file_limit,
    trusted_owners, work_mem,
};
pub use mending::{
    fit_constants, mend_conditions, mend_names, prune_joins, retry_values, value_hints,
};
pub use models::{
    context_length, device, engine_path, model, model_path, model_sha256, models, prefill_chunk,
    prefix_cache_bytes, prefix_cache_disk_bytes, preload_model, remote, routing, share_prefixes,
    threads, warm_after_restart,
};
pub use prompts::{
    Constrained, RefuseMissing, clarify, confidence_curves, constrained, examples, min_confidence,
    prompt_tokens, recall_snapshots, refuse_missing, schemas, semantics, templates,
};
pub use requests::{
    generation_timeout, log_questions, max_new_tokens, max_parallel, max_question_length,
    max_repairs, questions_per_minute, queue_length, role_queue_length, startup_wait,
};
pub use values::{IndexValues, index_values};

/// An integer setting: name, texts, range, context and unit.
struct Int {
    setting: &'static GucSetting<i32>,
    name: &'static CStr,
    short: &'static CStr,
    long: &'static CStr,
    range: (i32, i32),
    context: GucContext,
    flags: GucFlags,
}

impl Int {
    fn define(self) {
        GucRegistry::define_int_guc(
            self.name,
            self.short,
            self.long,
            self.setting,
            self.range.0,
            self.range.1,
            self.context,
            self.flags,
        );
    }
}

fn text(setting: &'static GucSetting<Option<CString>>) -> Option<String> {
    let value = setting.get()?.to_string_lossy().trim().to_owned();
    (!value.is_empty()).then_some(value)
}

fn unsigned(setting: &'static GucSetting<i32>) -> u32 {
    u32::try_from(setting.get()).unwrap_or(0)
}

/// Defines every setting; called once, from `_PG_init`.
pub fn define() {
    candidates::define();
    embedding::define();
    execution::define();
    mending::define();
    models::define();
    prompts::define();
    requests::define();
    values::define();
}
