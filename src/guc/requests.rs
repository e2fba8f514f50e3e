//! Settings of how many questions there may be, how long one may take, and what the log is told of it. Called by
//! [`super`], which they are part of.

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};
use text2sql_core::audit::Texts;

use super::{Int, unsigned};

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

/// Defines them.
pub(super) fn define() {
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
        setting: &MAX_QUESTION_LENGTH,
        name: c"text2sql.max_question_length",
        short: c"Longest question.",
        long: c"",
        range: (16, 65536),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_BYTE,
    }
    .define();
    GucRegistry::define_enum_guc(
        c"text2sql.log_questions",
        c"A line in the server's log for every question and every statement handed in.",
        c"off; hash: who, when, how it ended, and SHA-256 of the texts; full: the texts.",
        &LOG_QUESTIONS,
        GucContext::Suset,
        GucFlags::default(),
    );
}
