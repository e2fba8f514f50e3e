//! Settings of the index of stored values. Called by [`super`], which they are part of.

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};

/// Whose values are kept and looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PostgresGucEnum)]
pub enum IndexValues {
    /// No column's.
    #[name = c"off"]
    Off,
    /// Those of columns that somebody allowed.
    #[name = c"allowed"]
    Allowed,
    /// Those of columns with short texts, too, unless denied or named like a secret.
    #[name = c"auto"]
    Auto,
}

impl IndexValues {
    /// As the setting is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Allowed => "allowed",
            Self::Auto => "auto",
        }
    }
}

static INDEX_VALUES: GucSetting<IndexValues> = GucSetting::<IndexValues>::new(IndexValues::Auto);

/// Whose values are kept and looked up.
pub fn index_values() -> IndexValues {
    INDEX_VALUES.get()
}

/// Defines them.
pub(super) fn define() {
    GucRegistry::define_enum_guc(
        c"text2sql.index_values",
        c"Whose stored values text2sql.refresh_values keeps, for questions that name them.",
        c"off: nobody's; allowed: those of columns given to text2sql.allow_values; auto: those of columns with short texts, too.",
        &INDEX_VALUES,
        GucContext::Suset,
        GucFlags::default(),
    );
}
