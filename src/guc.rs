//! All settings, each with its definition and one typed getter.
//!
//! Owns names, units, ranges and defaults; no other module reads a `GucSetting`. Limits are
//! SUSET: a caller cannot raise what an administrator set. Settings of the worker are SIGHUP:
//! it reads them when it starts an engine. Defined in `_PG_init`, read everywhere.

mod candidates;
pub mod embedding;
mod mending;
mod values;

use std::ffi::{CStr, CString};

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};
use text2sql_core::audit::Texts;
use text2sql_core::route::Routing;

pub use candidates::{CandidatesIf, candidates, candidates_if, doubt, doubt_empty, temperature};
pub use mending::{fit_constants, mend_conditions, mend_names, prune_joins, value_hints};
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

static SEMANTICS: GucSetting<bool> = GucSetting::<bool>::new(true);

/// Whether what people have defined about the database counts.
pub fn semantics() -> bool {
    SEMANTICS.get()
}

static EXAMPLES: GucSetting<i32> = GucSetting::<i32>::new(2);

/// Most verified questions like the one asked that the model is told.
pub fn examples() -> u32 {
    unsigned(&EXAMPLES)
}

static TEMPLATES: GucSetting<bool> = GucSetting::<bool>::new(true);

/// Whether templates answer the questions they fit.
pub fn templates() -> bool {
    TEMPLATES.get()
}

static CLARIFY: GucSetting<bool> = GucSetting::<bool>::new(false);

/// Whether questions that can be read in several ways are asked back.
pub fn clarify() -> bool {
    CLARIFY.get()
}

static MIN_CONFIDENCE: GucSetting<f64> = GucSetting::<f64>::new(0.0);

/// Least probability of being right that an answer must have; 0 is none.
pub fn min_confidence() -> f64 {
    MIN_CONFIDENCE.get()
}

static RECALL_SNAPSHOTS: GucSetting<bool> = GucSetting::<bool>::new(true);

/// Whether a session begins with what the role's sessions before it have read of the catalog.
pub fn recall_snapshots() -> bool {
    RECALL_SNAPSHOTS.get()
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

static QUEUE_LENGTH: GucSetting<i32> = GucSetting::<i32>::new(16);

/// Questions that may wait or run at the same time, in all sessions.
pub fn queue_length() -> u32 {
    unsigned(&QUEUE_LENGTH)
}

static ROLE_QUEUE_LENGTH: GucSetting<i32> = GucSetting::<i32>::new(8);

/// Questions that may wait or run at the same time, of one role.
pub fn role_queue_length() -> u32 {
    unsigned(&ROLE_QUEUE_LENGTH)
}

static QUESTIONS_PER_MINUTE: GucSetting<i32> = GucSetting::<i32>::new(0);

/// Questions a role may ask in a minute; 0 is no limit.
pub fn questions_per_minute() -> u32 {
    unsigned(&QUESTIONS_PER_MINUTE)
}

static MAX_PARALLEL: GucSetting<i32> = GucSetting::<i32>::new(4);

/// Questions the engine answers at the same time; more wait.
pub fn max_parallel() -> u32 {
    unsigned(&MAX_PARALLEL)
}

static STARTUP_WAIT: GucSetting<i32> = GucSetting::<i32>::new(30000);

/// How long a question waits for the model to load, milliseconds.
pub fn startup_wait() -> u32 {
    unsigned(&STARTUP_WAIT)
}

static GENERATION_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(120000);

/// Longest time for one generation, queueing included, milliseconds.
pub fn generation_timeout() -> u32 {
    unsigned(&GENERATION_TIMEOUT)
}

static MAX_NEW_TOKENS: GucSetting<i32> = GucSetting::<i32>::new(512);

/// Most tokens the model may write for one statement.
pub fn max_new_tokens() -> u32 {
    unsigned(&MAX_NEW_TOKENS)
}

static MAX_REPAIRS: GucSetting<i32> = GucSetting::<i32>::new(1);

/// How often the model may mend a statement the server refused.
pub fn max_repairs() -> u32 {
    unsigned(&MAX_REPAIRS)
}

static MAX_QUESTION_LENGTH: GucSetting<i32> = GucSetting::<i32>::new(4096);

/// Longest question, bytes.
pub fn max_question_length() -> u32 {
    unsigned(&MAX_QUESTION_LENGTH)
}

static STATEMENT_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(30000);

/// Longest time to check and run the generated statement, milliseconds.
pub fn statement_timeout() -> u32 {
    unsigned(&STATEMENT_TIMEOUT)
}

static LOCK_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(1000);

/// Longest wait for a lock while a statement is checked or run, milliseconds.
pub fn lock_timeout() -> u32 {
    unsigned(&LOCK_TIMEOUT)
}

static MAX_ROWS: GucSetting<i32> = GucSetting::<i32>::new(1000);

/// Most rows of a result.
pub fn max_rows() -> u32 {
    unsigned(&MAX_ROWS)
}

static MAX_RESULT_SIZE: GucSetting<i32> = GucSetting::<i32>::new(16384);

/// Most data of a result, kB.
pub fn max_result_size() -> u32 {
    unsigned(&MAX_RESULT_SIZE)
}

static MAX_COLUMNS: GucSetting<i32> = GucSetting::<i32>::new(200);

/// Most columns of a result.
pub fn max_columns() -> u32 {
    unsigned(&MAX_COLUMNS)
}

static MAX_COST: GucSetting<f64> = GucSetting::<f64>::new(1e8);

/// Highest plan cost of a statement; 0 means any.
pub fn max_cost() -> f64 {
    MAX_COST.get()
}

static WORK_MEM: GucSetting<i32> = GucSetting::<i32>::new(16384);

/// work_mem of a generated statement, kB.
pub fn work_mem() -> u32 {
    unsigned(&WORK_MEM)
}

static TEMP_FILE_LIMIT: GucSetting<i32> = GucSetting::<i32>::new(1048576);

/// temp_file_limit of a generated statement, kB.
pub fn temp_file_limit() -> u32 {
    unsigned(&TEMP_FILE_LIMIT)
}

static EXECUTION_ROLE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Role whose rights a statement is checked and run with, if not the caller's.
pub fn execution_role() -> Option<String> {
    text(&EXECUTION_ROLE)
}

static READABLE_ROLE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Role that must be able to read everything a statement reads too, if there is one.
pub fn readable_role() -> Option<String> {
    text(&READABLE_ROLE)
}

static TRUSTED_OWNERS: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Roles whose views and policies are trusted besides superusers and the database's owner,
/// comma-separated.
pub fn trusted_owners() -> Option<String> {
    text(&TRUSTED_OWNERS)
}

static FOREIGN_SERVERS: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Servers whose foreign tables may be read, comma-separated.
pub fn foreign_servers() -> Option<String> {
    text(&FOREIGN_SERVERS)
}

static REQUIRE_CONFIRM: GucSetting<bool> = GucSetting::<bool>::new(false);

/// Whether a statement must have been shown before it is run.
pub fn require_confirm() -> bool {
    REQUIRE_CONFIRM.get()
}

static CONFIRM_LIFETIME: GucSetting<i32> = GucSetting::<i32>::new(900);

/// How long a shown statement can be confirmed, seconds.
pub fn confirm_lifetime() -> u32 {
    unsigned(&CONFIRM_LIFETIME)
}

static SCHEMAS: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Schemas whose relations a question can be about, comma-separated; none means the search_path.
pub fn schemas() -> Option<String> {
    text(&SCHEMAS)
}

static PROMPT_TOKENS: GucSetting<i32> = GucSetting::<i32>::new(4096);

/// Budget of the schema in the prompt, tokens.
pub fn prompt_tokens() -> u32 {
    unsigned(&PROMPT_TOKENS)
}

/// What the model may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PostgresGucEnum)]
pub enum Constrained {
    /// Anything.
    #[name = c"off"]
    Off,
    /// One SELECT over names of what the caller may read.
    #[name = c"names"]
    Names,
    /// The same, with columns of relations in scope only.
    #[name = c"scope"]
    Scope,
    /// As [`Self::Scope`], but only one more statement where none that was written freely is valid.
    #[name = c"invalid"]
    Invalid,
}

static CONSTRAINED: GucSetting<Constrained> = GucSetting::<Constrained>::new(Constrained::Invalid);

/// What the model may write.
pub fn constrained() -> Constrained {
    CONSTRAINED.get()
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

/// What the server's log is told of questions and statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PostgresGucEnum)]
enum LogQuestions {
    #[name = c"off"]
    Off,
    #[name = c"hash"]
    Hash,
    #[name = c"full"]
    Full,
}

static LOG_QUESTIONS: GucSetting<LogQuestions> = GucSetting::<LogQuestions>::new(LogQuestions::Off);

/// What the audit log holds of questions and statements; nothing where there is none.
pub fn log_questions() -> Option<Texts> {
    match LOG_QUESTIONS.get() {
        LogQuestions::Off => None,
        LogQuestions::Hash => Some(Texts::Hash),
        LogQuestions::Full => Some(Texts::Full),
    }
}

/// Defines every setting; called once, from `_PG_init`.
pub fn define() {
    embedding::define();
    candidates::define();
    mending::define();
    values::define();
    GucRegistry::define_string_guc(c"text2sql.model_path", c"Model file in GGUF format.", c"Absolute path, readable by the server's user, owned by it or root, not writable by others.", &MODEL_PATH, GucContext::Sighup, GucFlags::SUPERUSER_ONLY);
    GucRegistry::define_string_guc(c"text2sql.model_sha256", c"sha256 the model file must have.", c"Lower-case hex. If empty, it is read from the file of the same name with .sha256 appended.", &MODEL_SHA256, GucContext::Sighup, GucFlags::SUPERUSER_ONLY);
    GucRegistry::define_bool_guc(
        c"text2sql.share_prefixes",
        c"Share what was computed of prompts among the roles of a database.",
        c"How fast an answer comes then tells what other roles asked and may read.",
        &SHARE_PREFIXES,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"text2sql.semantics",
        c"Use what was defined about the database: descriptions, metrics, filters, joins, rules, examples and templates.",
        c"Of these a question gets what reads nothing that the caller may not read.",
        &SEMANTICS,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"text2sql.templates",
        c"Answer questions that fit a template with its statement, without the model.",
        c"Templates are those of text2sql.add_template that read nothing the caller may not read.",
        &TEMPLATES,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"text2sql.clarify",
        c"Ask back where a question can be read in several ways.",
        c"It ends with SQLSTATE TS001 and the readings there are.",
        &CLARIFY,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_float_guc(
        c"text2sql.min_confidence",
        c"Least confidence of an answer.",
        c"Below it, and where a question has little to do with what can be read, it ends with SQLSTATE TS002; 0 answers everything.",
        &MIN_CONFIDENCE,
        0.0,
        1.0,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"text2sql.recall_snapshots",
        c"Let a session begin with what the role's sessions before it have read of the catalog.",
        c"The catalog is read while the model works; if it has changed, the question is asked anew.",
        &RECALL_SNAPSHOTS,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"text2sql.models",
        c"Models to choose from.",
        c"A JSON array; if empty, the model of text2sql.model_path is the only one.",
        &MODELS,
        GucContext::Sighup,
        GucFlags::SUPERUSER_ONLY,
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
    GucRegistry::define_string_guc(
        c"text2sql.engine_path",
        c"Engine program.",
        c"If empty, text2sql-engine in the server's library directory.",
        &ENGINE_PATH,
        GucContext::Sighup,
        GucFlags::SUPERUSER_ONLY,
    );
    GucRegistry::define_string_guc(
        c"text2sql.device",
        c"Where models of files are computed.",
        c"cpu, cuda for the first GPU, or cuda:N. A GPU needs the engine that is built with CUDA.",
        &DEVICE,
        GucContext::Sighup,
        GucFlags::default(),
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
        short: c"Tokens per prefill step.",
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
    Int {
        setting: &QUEUE_LENGTH,
        name: c"text2sql.queue_length",
        short: c"Questions that may wait or run at a time.",
        long: c"One more is refused at once.",
        range: (1, 64),
        context: GucContext::Sighup,
        flags: GucFlags::default(),
    }
    .define();
    Int {
        setting: &ROLE_QUEUE_LENGTH,
        name: c"text2sql.role_queue_length",
        short: c"Questions of one role that may wait or run at a time.",
        long: c"One more is refused at once. Can be set for each role.",
        range: (1, 64),
        context: GucContext::Suset,
        flags: GucFlags::default(),
    }
    .define();
    Int {
        setting: &QUESTIONS_PER_MINUTE,
        name: c"text2sql.questions_per_minute",
        short: c"Questions a role may ask in a minute.",
        long: c"0 means no limit. Can be set for each role.",
        range: (0, 6000),
        context: GucContext::Suset,
        flags: GucFlags::default(),
    }
    .define();
    Int {
        setting: &MAX_PARALLEL,
        name: c"text2sql.max_parallel",
        short: c"Questions the engine answers at a time.",
        long: c"More wait. Each needs memory for its keys and values.",
        range: (1, 64),
        context: GucContext::Sighup,
        flags: GucFlags::default(),
    }
    .define();
    Int {
        setting: &STARTUP_WAIT,
        name: c"text2sql.startup_wait",
        short: c"How long a question waits for the model to load.",
        long: c"0 means not at all.",
        range: (0, 3600000),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_MS,
    }
    .define();
    Int {
        setting: &GENERATION_TIMEOUT,
        name: c"text2sql.generation_timeout",
        short: c"Longest time for one generation.",
        long: c"Queueing included, loading not.",
        range: (100, 3600000),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_MS,
    }
    .define();
    Int {
        setting: &MAX_NEW_TOKENS,
        name: c"text2sql.max_new_tokens",
        short: c"Most tokens the model may write for one statement.",
        long: c"",
        range: (16, 4096),
        context: GucContext::Suset,
        flags: GucFlags::default(),
    }
    .define();
    Int {
        setting: &MAX_REPAIRS,
        name: c"text2sql.max_repairs",
        short: c"How often the model may mend a refused statement.",
        long: c"",
        range: (0, 3),
        context: GucContext::Suset,
        flags: GucFlags::default(),
    }
    .define();
    Int {
        setting: &EXAMPLES,
        name: c"text2sql.examples",
        short: c"Most verified questions like the one asked that the model is told.",
        long: c"They are those of text2sql.add_example that read nothing the caller may not read.",
        range: (0, 5),
        context: GucContext::Userset,
        flags: GucFlags::default(),
    }
    .define();
    Int {
        setting: &MAX_QUESTION_LENGTH,
        name: c"text2sql.max_question_length",
        short: c"Longest question.",
        long: c"",
        range: (16, 65536),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_BYTE,
    }
    .define();
    Int {
        setting: &STATEMENT_TIMEOUT,
        name: c"text2sql.statement_timeout",
        short: c"Longest time to check and run a generated statement.",
        long: c"Beside the server's own statement_timeout.",
        range: (10, 3600000),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_MS,
    }
    .define();
    Int {
        setting: &LOCK_TIMEOUT,
        name: c"text2sql.lock_timeout",
        short: c"Longest wait for a lock of a generated statement.",
        long: c"",
        range: (1, 600000),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_MS,
    }
    .define();
    Int {
        setting: &MAX_ROWS,
        name: c"text2sql.max_rows",
        short: c"Most rows of a result.",
        long: c"More are cut off with a warning.",
        range: (1, 1000000),
        context: GucContext::Suset,
        flags: GucFlags::default(),
    }
    .define();
    Int {
        setting: &MAX_RESULT_SIZE,
        name: c"text2sql.max_result_size",
        short: c"Most data of a result.",
        long: c"More is cut off with a warning.",
        range: (64, 1048576),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_KB,
    }
    .define();
    Int {
        setting: &MAX_COLUMNS,
        name: c"text2sql.max_columns",
        short: c"Most columns of a result.",
        long: c"",
        range: (1, 1600),
        context: GucContext::Suset,
        flags: GucFlags::default(),
    }
    .define();
    GucRegistry::define_float_guc(
        c"text2sql.max_cost",
        c"Highest plan cost of a generated statement.",
        c"In the planner's units; 0 means any.",
        &MAX_COST,
        0.0,
        1e+300,
        GucContext::Suset,
        GucFlags::default(),
    );
    Int {
        setting: &WORK_MEM,
        name: c"text2sql.work_mem",
        short: c"work_mem of a generated statement.",
        long: c"",
        range: (64, 2097151),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_KB,
    }
    .define();
    Int {
        setting: &TEMP_FILE_LIMIT,
        name: c"text2sql.temp_file_limit",
        short: c"temp_file_limit of a generated statement.",
        long: c"",
        range: (0, 2147483647),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_KB,
    }
    .define();
    GucRegistry::define_string_guc(
        c"text2sql.execution_role",
        c"Role that generated statements run as.",
        c"Used only where the caller could SET ROLE to it; empty means the caller.",
        &EXECUTION_ROLE,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"text2sql.readable_role",
        c"Role that must be able to read everything a question is about.",
        c"An allow-list on top of the caller's rights: what both may SELECT is considered. Empty means no list.",
        &READABLE_ROLE,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"text2sql.trusted_owners",
        c"Roles whose views and row-level policies are trusted.",
        c"Comma-separated; superusers and the owner of the database always are.",
        &TRUSTED_OWNERS,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"text2sql.foreign_servers",
        c"Servers whose foreign tables may be read.",
        c"Comma-separated; empty means none, because a foreign table acts outside of this server.",
        &FOREIGN_SERVERS,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"text2sql.require_confirm",
        c"Run only statements that generate has shown.",
        c"text2sql.ask then refuses, and text2sql.run takes nothing but the text of text2sql.generate.",
        &REQUIRE_CONFIRM,
        GucContext::Suset,
        GucFlags::default(),
    );
    Int {
        setting: &CONFIRM_LIFETIME,
        name: c"text2sql.confirm_lifetime",
        short: c"How long a shown statement can be confirmed.",
        long: c"",
        range: (1, 86400),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_S,
    }
    .define();
    GucRegistry::define_string_guc(c"text2sql.schemas", c"Schemas questions are about.", c"Comma-separated; empty means the search_path. Only what the caller may read is considered in any case.", &SCHEMAS, GucContext::Userset, GucFlags::default());
    Int {
        setting: &PROMPT_TOKENS,
        name: c"text2sql.prompt_tokens",
        short: c"Token budget of the schema in the prompt.",
        long: c"A larger schema is cut to the relations that fit the question.",
        range: (256, 131072),
        context: GucContext::Suset,
        flags: GucFlags::default(),
    }
    .define();
    GucRegistry::define_enum_guc(
        c"text2sql.constrained",
        c"What the model may write.",
        c"off: anything; names: one SELECT over known names; scope: columns of relations in scope only; invalid: the same, once nothing else was valid. What it writes is checked in any case.",
        &CONSTRAINED,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_enum_guc(
        c"text2sql.log_questions",
        c"A line in the server's log for every question and every statement handed in.",
        c"off; hash: who, when, how it ended, and SHA-256 of the texts; full: the texts.",
        &LOG_QUESTIONS,
        GucContext::Suset,
        GucFlags::default(),
    );
}
