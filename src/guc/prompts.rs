//! Settings of what the model is told, what it may write, and when no answer is given. Called by
//! [`super`], which they are part of.

use std::ffi::CString;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};

use super::{Int, text, unsigned};

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

static RECALL_SNAPSHOTS: GucSetting<bool> = GucSetting::<bool>::new(true);

/// Whether a session begins with what the role's sessions before it have read of the catalog.
pub fn recall_snapshots() -> bool {
    RECALL_SNAPSHOTS.get()
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

/// How far a model is believed that says the tables lack what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PostgresGucEnum)]
pub enum RefuseMissing {
    /// Not before it has been told to answer with what there is.
    #[name = c"off"]
    Off,
    /// Unless one of the further candidates has an answer.
    #[name = c"on"]
    On,
    /// Unless two of the further candidates have the same rows.
    #[name = c"strict"]
    Strict,
    /// Whatever further candidates would say.
    #[name = c"at_once"]
    AtOnce,
}

static REFUSE_MISSING: GucSetting<RefuseMissing> =
    GucSetting::<RefuseMissing>::new(RefuseMissing::On);

/// How far a model is believed that says the tables lack what is asked.
pub fn refuse_missing() -> RefuseMissing {
    REFUSE_MISSING.get()
}

static MIN_CONFIDENCE: GucSetting<f64> = GucSetting::<f64>::new(0.0);

/// Least probability of being right that an answer must have; 0 is none.
pub fn min_confidence() -> f64 {
    MIN_CONFIDENCE.get()
}

static CONFIDENCE_CURVES: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// What statements of models that are not built in are judged by, as text, if anything is given;
/// `core::confidence` reads it.
pub fn confidence_curves() -> Option<String> {
    text(&CONFIDENCE_CURVES)
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

/// Defines them.
pub(super) fn define() {
    GucRegistry::define_string_guc(c"text2sql.schemas", c"Schemas questions are about.", c"Comma-separated; empty means the search_path. Only what the caller may read is considered in any case.", &SCHEMAS, GucContext::Userset, GucFlags::default());
    Int {
        setting: &PROMPT_TOKENS,
        name: c"text2sql.prompt_tokens",
        short: c"Token budget of the schema in the prompt.",
        long: c"A larger schema is cut to the relations that fit the question, and very wide relations to the columns that do.",
        range: (256, 131072),
        context: GucContext::Suset,
        flags: GucFlags::default(),
    }
    .define();
    GucRegistry::define_bool_guc(
        c"text2sql.recall_snapshots",
        c"Let a session begin with what the role's sessions before it have read of the catalog.",
        c"The catalog is read while the model works; if it has changed, the question is asked anew.",
        &RECALL_SNAPSHOTS,
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
    GucRegistry::define_enum_guc(
        c"text2sql.refuse_missing",
        c"Believe a model that says the tables lack what is asked.",
        c"The question ends with SQLSTATE TS002 and what is missing; on: unless one of the further candidates has an answer; strict: unless two of them have the same; at_once: whatever they would say; off: not before the model was told to answer with what there is, as after a mistake, and at last under constraint.",
        &REFUSE_MISSING,
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
    GucRegistry::define_string_guc(
        c"text2sql.confidence_curves",
        c"What the confidence of models is computed by.",
        c"A JSON array that text2sql-cli calibrate prints; models that are not in it have what is built in.",
        &CONFIDENCE_CURVES,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_enum_guc(
        c"text2sql.constrained",
        c"What the model may write.",
        c"off: anything; names: one SELECT over known names; scope: columns of relations in scope only; invalid: the same, once nothing else was valid. What it writes is checked in any case.",
        &CONSTRAINED,
        GucContext::Userset,
        GucFlags::default(),
    );
}
