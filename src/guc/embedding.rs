//! Settings of the embedding model. Defined by [`super::define`].

use std::ffi::CString;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

use super::{Int, text, unsigned};

static MODEL_PATH: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Absolute path of the encoder's folder, if one is configured.
pub fn model_path() -> Option<String> {
    text(&MODEL_PATH)
}

static TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(250);

/// Longest wait of a question for its vector, milliseconds.
pub fn timeout() -> u32 {
    unsigned(&TIMEOUT)
}

static KEEP: GucSetting<bool> = GucSetting::<bool>::new(true);

/// Whether questions have the vectors kept that they miss.
pub fn keep() -> bool {
    KEEP.get()
}

pub(super) fn define() {
    GucRegistry::define_string_guc(
        c"text2sql.embedding_model_path",
        c"Folder of an embedding model of the BERT family.",
        c"Absolute path; config.json, tokenizer.json, model.safetensors and its .sha256 are read. If empty, relations are found by words alone.",
        &MODEL_PATH,
        GucContext::Sighup,
        GucFlags::SUPERUSER_ONLY,
    );
    Int {
        setting: &TIMEOUT,
        name: c"text2sql.embedding_timeout",
        short: c"Longest wait of a question for the embedding model.",
        long: c"Afterwards relations are found by words alone.",
        range: (10, 60000),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_MS,
    }
    .define();
    GucRegistry::define_bool_guc(
        c"text2sql.keep_embeddings",
        c"Has a background process keep the vectors that a question misses.",
        c"At most once a minute in each database, for some seconds. If off, text2sql.refresh_embeddings does and nothing else.",
        &KEEP,
        GucContext::Suset,
        GucFlags::default(),
    );
}
