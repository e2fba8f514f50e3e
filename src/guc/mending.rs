//! Settings of what is told about values, and of what is put right in the model's statement. Called by
//! [`super`], which they are part of.

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

static MEND_NAMES: GucSetting<bool> = GucSetting::<bool>::new(true);

/// Whether wrong columns are put right where the catalog leaves one reading.
pub fn mend_names() -> bool {
    MEND_NAMES.get()
}

static VALUE_HINTS: GucSetting<bool> = GucSetting::<bool>::new(true);

/// Whether the model is told which columns have the values a question names.
pub fn value_hints() -> bool {
    VALUE_HINTS.get()
}

static MEND_CONDITIONS: GucSetting<bool> = GucSetting::<bool>::new(true);

/// Whether conditions that exclude each other are taken apart.
pub fn mend_conditions() -> bool {
    MEND_CONDITIONS.get()
}

static FIT_CONSTANTS: GucSetting<bool> = GucSetting::<bool>::new(true);

/// Whether constants that no row has are looked up and put right.
pub fn fit_constants() -> bool {
    FIT_CONSTANTS.get()
}

static RETRY_VALUES: GucSetting<bool> = GucSetting::<bool>::new(false);

/// Whether the model writes a statement anew that asks a column for a value which only others have.
pub fn retry_values() -> bool {
    RETRY_VALUES.get()
}

static PRUNE_JOINS: GucSetting<bool> = GucSetting::<bool>::new(true);

/// Whether joins that nothing asks for are taken out of the model's statement.
pub fn prune_joins() -> bool {
    PRUNE_JOINS.get()
}

/// Defines them.
pub(super) fn define() {
    GucRegistry::define_bool_guc(
        c"text2sql.mend_names",
        c"Put wrong columns of a statement right where the catalog leaves one reading.",
        c"The table that has the column is named or joined along a foreign key; no other generation is needed.",
        &MEND_NAMES,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"text2sql.value_hints",
        c"Tell the model which columns have the values a question names.",
        c"They are the common values of the server's statistics and those of text2sql.refresh_values, as far as the caller may read them.",
        &VALUE_HINTS,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"text2sql.mend_conditions",
        c"Put conditions of the model's statement right that cannot be meant.",
        c"Those that exclude each other, and those that the question says otherwise: oldest, A and B, never.",
        &MEND_CONDITIONS,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"text2sql.fit_constants",
        c"Look texts of the model's statement up, and write them as they are stored.",
        c"It reads the columns they are compared with as the caller, for at most 300 ms a statement.",
        &FIT_CONSTANTS,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"text2sql.retry_values",
        c"Have the model write a statement anew that asks a column for a value which only other columns have.",
        c"It is told which ones. The new statement counts if its values are stored and it returns rows.",
        &RETRY_VALUES,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"text2sql.prune_joins",
        c"Take joins that nothing asks for out of the model's statement.",
        c"A relation goes whose columns are not used and that the question does not speak of.",
        &PRUNE_JOINS,
        GucContext::Userset,
        GucFlags::default(),
    );
}
