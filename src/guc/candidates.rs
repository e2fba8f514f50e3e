//! Settings of how many statements are drawn for a question, and when. Called by [`super`], which they
//! are part of.

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};

use super::{Int, unsigned};

static CANDIDATES: GucSetting<i32> = GucSetting::<i32>::new(5);

/// Statements the model writes for a question, of which one is chosen.
pub fn candidates() -> u32 {
    unsigned(&CANDIDATES)
}

/// When candidates after the first are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PostgresGucEnum)]
pub enum CandidatesIf {
    /// Beside the first.
    #[name = c"always"]
    Always,
    /// After it, where the model was not sure of it, had to mend it, or nothing came of it.
    #[name = c"doubtful"]
    Doubtful,
    /// After it, where nothing came of it.
    #[name = c"invalid"]
    Invalid,
}

static CANDIDATES_IF: GucSetting<CandidatesIf> =
    GucSetting::<CandidatesIf>::new(CandidatesIf::Doubtful);

/// When candidates after the first are drawn.
pub fn candidates_if() -> CandidatesIf {
    CANDIDATES_IF.get()
}

static DOUBT: GucSetting<f64> = GucSetting::<f64>::new(0.2);

/// The mean of -ln p of a statement's tokens from which on it is doubtful.
pub fn doubt() -> f64 {
    DOUBT.get()
}

static TEMPERATURE: GucSetting<f64> = GucSetting::<f64>::new(0.7);

/// How freely the candidates after the first are drawn, thousandths.
pub fn temperature() -> u32 {
    (TEMPERATURE.get() * 1000.0) as u32
}

static DOUBT_EMPTY: GucSetting<bool> = GucSetting::<bool>::new(true);

/// Whether a statement that returns no row is doubtful.
pub fn doubt_empty() -> bool {
    DOUBT_EMPTY.get()
}

/// Defines them.
pub(super) fn define() {
    Int {
        setting: &CANDIDATES,
        name: c"text2sql.candidates",
        short: c"Statements the model writes for a question.",
        long: c"Of several, the one is taken whose result most of them have.",
        range: (1, 16),
        context: GucContext::Suset,
        flags: GucFlags::default(),
    }
    .define();
    GucRegistry::define_enum_guc(
        c"text2sql.candidates_if",
        c"When the candidates after the first are drawn.",
        c"always: beside it; doubtful: after it, where the model was not sure of it; invalid: where nothing came of it.",
        &CANDIDATES_IF,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_float_guc(
        c"text2sql.doubt",
        c"From which mean of -ln p of its tokens on a statement is doubtful.",
        c"For text2sql.candidates_if = doubtful. 0 doubts everything.",
        &DOUBT,
        0.0,
        20.0,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_float_guc(
        c"text2sql.temperature",
        c"How freely the candidates after the first are drawn.",
        c"0 gives the likeliest tokens again; 1 draws as the model was trained to.",
        &TEMPERATURE,
        0.0,
        2.0,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"text2sql.doubt_empty",
        c"Doubt a statement that returns no row.",
        c"For text2sql.candidates_if = doubtful. To find out, generate and explain run it, for at most 300 ms.",
        &DOUBT_EMPTY,
        GucContext::Suset,
        GucFlags::default(),
    );
}
