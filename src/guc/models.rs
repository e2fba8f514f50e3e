//! Settings of which models there are and how they are computed. Called by
//! [`super`], which they are part of.

use std::ffi::CString;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};
use text2sql_core::route::Routing;

use super::{Int, text, unsigned};

static MODEL_PATH: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Absolute path of the GGUF file, if one is configured.
pub fn model_path() -> Option<String> {
    text(&MODEL_PATH)
}

static MODEL_SHA256: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// sha256 the model file must have; without it, the file beside it named `.sha256` tells.
pub fn model_sha256() -> Option<String> {
    text(&MODEL_SHA256)
}

static MODELS: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// The registry of models, as text, if there is one; `core::models` reads it.
pub fn models() -> Option<String> {
    text(&MODELS)
}

static ENGINE_PATH: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Path of the engine binary, if not the one installed beside the library.
pub fn engine_path() -> Option<String> {
    text(&ENGINE_PATH)
}

static THREADS: GucSetting<i32> = GucSetting::<i32>::new(0);

/// Threads of the engine; 0 means one per processor the server may use.
pub fn threads() -> u32 {
    unsigned(&THREADS)
}

static DEVICE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"cpu"));

/// Name of the device models of files are computed on, as written; `core::device` reads it.
pub fn device() -> String {
    text(&DEVICE).unwrap_or_else(|| "cpu".to_owned())
}

static CONTEXT_LENGTH: GucSetting<i32> = GucSetting::<i32>::new(8192);

/// Tokens of context to reserve.
pub fn context_length() -> u32 {
    unsigned(&CONTEXT_LENGTH)
}

static PREFILL_CHUNK: GucSetting<i32> = GucSetting::<i32>::new(128);

/// Tokens computed together in prefill: the grain of cancelling.
pub fn prefill_chunk() -> u32 {
    unsigned(&PREFILL_CHUNK)
}

static PREFIX_CACHE_SIZE: GucSetting<i32> = GucSetting::<i32>::new(1024);

/// Most memory the engine keeps for later prompts, bytes.
pub fn prefix_cache_bytes() -> u64 {
    u64::from(unsigned(&PREFIX_CACHE_SIZE)) << 20
}

static PREFIX_CACHE_DISK_SIZE: GucSetting<i32> = GucSetting::<i32>::new(0);

/// Most disk space for what the engine keeps for later prompts, bytes; 0 is none.
pub fn prefix_cache_disk_bytes() -> u64 {
    u64::from(unsigned(&PREFIX_CACHE_DISK_SIZE)) << 20
}

static SHARE_PREFIXES: GucSetting<bool> = GucSetting::<bool>::new(false);

/// Whether a caller's prompts may use what was computed for other roles of the database.
pub fn share_prefixes() -> bool {
    SHARE_PREFIXES.get()
}

static PRELOAD_MODEL: GucSetting<bool> = GucSetting::<bool>::new(true);

/// Whether the model is loaded at server start rather than at the first question.
pub fn preload_model() -> bool {
    PRELOAD_MODEL.get()
}

static WARM_AFTER_RESTART: GucSetting<bool> = GucSetting::<bool>::new(false);

/// Whether the schemas of late are kept in a file, for the engine to read after a restart.
pub fn warm_after_restart() -> bool {
    WARM_AFTER_RESTART.get()
}

/// How models are chosen where there are several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PostgresGucEnum)]
enum RoutingSetting {
    #[name = c"off"]
    Off,
    #[name = c"fallback"]
    Fallback,
    #[name = c"complexity"]
    Complexity,
}

static ROUTING: GucSetting<RoutingSetting> = GucSetting::<RoutingSetting>::new(RoutingSetting::Off);

/// How models are chosen where there are several.
pub fn routing() -> Routing {
    match ROUTING.get() {
        RoutingSetting::Off => Routing::Off,
        RoutingSetting::Fallback => Routing::Fallback,
        RoutingSetting::Complexity => Routing::Complexity,
    }
}

static MODEL: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Name of the one model to use, if it is not for `routing` to choose.
pub fn model() -> Option<String> {
    text(&MODEL)
}

static REMOTE: GucSetting<bool> = GucSetting::<bool>::new(true);

/// Whether questions may go to a model on another server.
pub fn remote() -> bool {
    REMOTE.get()
}

/// Defines them.
pub(super) fn define() {
    GucRegistry::define_string_guc(c"text2sql.model_path", c"Model file in GGUF format.", c"Absolute path, readable by the server's user, owned by it or root, not writable by others.", &MODEL_PATH, GucContext::Sighup, GucFlags::SUPERUSER_ONLY);
    GucRegistry::define_string_guc(c"text2sql.model_sha256", c"sha256 the model file must have.", c"Lower-case hex. If empty, it is read from the file of the same name with .sha256 appended.", &MODEL_SHA256, GucContext::Sighup, GucFlags::SUPERUSER_ONLY);
    GucRegistry::define_string_guc(
        c"text2sql.models",
        c"Models to choose from.",
        c"A JSON array; if empty, the model of text2sql.model_path is the only one.",
        &MODELS,
        GucContext::Sighup,
        GucFlags::SUPERUSER_ONLY,
    );
    GucRegistry::define_string_guc(
        c"text2sql.engine_path",
        c"Engine program.",
        c"If empty, text2sql-engine in the server's library directory.",
        &ENGINE_PATH,
        GucContext::Sighup,
        GucFlags::SUPERUSER_ONLY,
    );
    Int {
        setting: &THREADS,
        name: c"text2sql.threads",
        short: c"Threads of the engine.",
        long: c"0 means one per processor.",
        range: (0, 1024),
        context: GucContext::Sighup,
        flags: GucFlags::default(),
    }
    .define();
    GucRegistry::define_string_guc(
        c"text2sql.device",
        c"Where models of files are computed.",
        c"cpu, cuda for the first GPU, or cuda:N. A GPU needs the engine that is built with CUDA.",
        &DEVICE,
        GucContext::Sighup,
        GucFlags::default(),
    );
    Int {
        setting: &CONTEXT_LENGTH,
        name: c"text2sql.context_length",
        short: c"Tokens of context.",
        long: c"Prompt and answer together. Memory for keys and values grows with it.",
        range: (512, 131072),
        context: GucContext::Sighup,
        flags: GucFlags::default(),
    }
    .define();
    Int {
        setting: &PREFILL_CHUNK,
        name: c"text2sql.prefill_chunk",
        short: c"Most tokens per prefill step.",
        long: c"A cancel is noticed between steps.",
        range: (16, 4096),
        context: GucContext::Sighup,
        flags: GucFlags::default(),
    }
    .define();
    Int {
        setting: &PREFIX_CACHE_SIZE,
        name: c"text2sql.prefix_cache_size",
        short: c"Memory kept for prompts that begin alike.",
        long: c"Keys and values of schemas, so that further questions are answered sooner.",
        range: (0, 1 << 20),
        context: GucContext::Sighup,
        flags: GucFlags::UNIT_MB,
    }
    .define();
    Int {
        setting: &PREFIX_CACHE_DISK_SIZE,
        name: c"text2sql.prefix_cache_disk_size",
        short: c"Disk space for prompts that begin alike.",
        long: c"Keys and values of schemas, for the engine after this one, in text2sql/prefixes of the data directory. 0 keeps none and removes what is there.",
        range: (0, 1 << 20),
        context: GucContext::Sighup,
        flags: GucFlags::UNIT_MB,
    }
    .define();
    GucRegistry::define_bool_guc(
        c"text2sql.share_prefixes",
        c"Share what was computed of prompts among the roles of a database.",
        c"How fast an answer comes then tells what other roles asked and may read.",
        &SHARE_PREFIXES,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"text2sql.preload_model",
        c"Load the model at server start.",
        c"If off, the first question loads it.",
        &PRELOAD_MODEL,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"text2sql.warm_after_restart",
        c"Have the model read the schemas of late after a restart.",
        c"What roles see of their schemas is kept in the file text2sql/schemas of the data directory.",
        &WARM_AFTER_RESTART,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_enum_guc(
        c"text2sql.routing",
        c"How a model is chosen where there are several.",
        c"off: the first; fallback: the first that answers, and a repair by the next; complexity: the same, beginning with one for how hard the question looks.",
        &ROUTING,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"text2sql.model",
        c"Name of the model to use.",
        c"If empty, text2sql.routing chooses.",
        &MODEL,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"text2sql.remote",
        c"Whether questions may go to models on other servers.",
        c"There are none unless text2sql.models names an endpoint.",
        &REMOTE,
        GucContext::Suset,
        GucFlags::default(),
    );
}
