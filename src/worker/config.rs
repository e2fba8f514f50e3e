//! From settings to what an engine is started with.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use text2sql_core::device::DeviceName;
use text2sql_core::disk_cache::folder_of;
use text2sql_core::models::{self, ModelEntry, Source};
use text2sql_core::protocol::{
    EncoderSpec, EndpointSpec, Failure, FailureCode, LoadSpec, ModelSpec,
};

use super::disk_cache;
use super::not_started::NotStarted;
use crate::guc;
use crate::pg::server;

/// What to start, and what to load.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// The engine's program.
    pub program: PathBuf,
    /// Threads of the engine.
    pub threads: u32,
    /// Most requests it works on at a time.
    pub parallel: u32,
    /// The model.
    pub spec: ModelSpec,
    /// Folder of the model, where what it computes of prompts can be kept on disk.
    pub disk_cache: Option<String>,
}

/// Name of the model of `text2sql.model_path`.
const ONLY: &str = "default";

/// The models, by tier: those of `text2sql.models`, else the one of `text2sql.model_path`.
///
/// # Errors
/// [`Failure`] where the setting cannot be read.
pub fn registry() -> Result<Vec<ModelEntry>, Failure> {
    let Some(text) = guc::models() else {
        let path = guc::model_path().unwrap_or_default();
        let source = Source::File { path, sha256: guc::model_sha256(), device: None };
        return Ok(vec![ModelEntry { name: ONLY.to_owned(), tier: 1, source }]);
    };
    models::parse(&text).map_err(|error| {
        failure(
            FailureCode::NoModel,
            format!("text2sql.models cannot be read: {error}"),
            "Mend the setting, reload the configuration and run SELECT text2sql.reload();",
        )
    })
}

/// The models, and behind them the encoder, if one is configured.
///
/// # Errors
/// As [`registry`].
pub fn fleet() -> Result<Vec<ModelEntry>, Failure> {
    let mut entries = registry()?;
    entries.extend(encoder());
    Ok(entries)
}

/// Name of the encoder. No model of the registry can have it.
const ENCODER: &str = "embedding model";

/// The encoder, if one is configured.
pub fn encoder() -> Option<ModelEntry> {
    let folder = guc::embedding::model_path()?;
    Some(ModelEntry { name: ENCODER.to_owned(), tier: 0, source: Source::Encoder { folder } })
}

/// The file of an encoder that is pinned.
pub fn encoder_weights(folder: &str) -> String {
    format!("{}/model.safetensors", folder.trim_end_matches('/'))
}

/// How to start a model with the settings now in force.
///
/// # Errors
/// [`NotStarted`] with the setting to change, where no model can be loaded with it, or with what the
/// system lacks at the moment.
pub fn of(entry: &ModelEntry) -> Result<EngineConfig, NotStarted> {
    match &entry.source {
        Source::File { path, sha256, device } => of_file(path, sha256.as_deref(), *device),
        Source::Encoder { folder } => of_encoder(folder),
        Source::Endpoint { url, model, key_file, ca_file, parallel, connect_ms, attempts } => {
            Ok(EngineConfig {
                program: remote_program(),
                threads: 1,
                parallel: *parallel,
                spec: ModelSpec::Endpoint(EndpointSpec {
                    url: url.clone(),
                    model: model.clone(),
                    key_file: key_file.clone(),
                    ca_file: ca_file.clone(),
                    parallel: *parallel,
                    connect_ms: *connect_ms,
                    attempts: *attempts,
                }),
                disk_cache: None,
            })
        }
    }
}

fn of_encoder(folder: &str) -> Result<EngineConfig, NotStarted> {
    if !Path::new(folder).is_absolute() {
        return Err(failure(
            FailureCode::NoModel,
            format!("text2sql.embedding_model_path is not an absolute path: \"{folder}\""),
            "Set text2sql.embedding_model_path to the absolute path of a folder and reload.",
        )
        .into());
    }
    let sha256 = sha256_beside(&encoder_weights(folder))?;
    let threads = threads();
    let spec = ModelSpec::Encoder(EncoderSpec { folder: folder.to_owned(), sha256, threads });
    let program = program_for(DeviceName::Cpu);
    Ok(EngineConfig { program, threads, parallel: ENCODINGS, spec, disk_cache: None })
}

/// Requests an encoder is given at a time; it works on one after the other.
const ENCODINGS: u32 = 4;

fn threads() -> u32 {
    match guc::threads() {
        0 => std::thread::available_parallelism().map_or(1, |n| n.get() as u32),
        n => n,
    }
}

fn of_file(
    path: &str,
    sha256: Option<&str>,
    device: Option<DeviceName>,
) -> Result<EngineConfig, NotStarted> {
    if path.is_empty() {
        return Err(no_model().into());
    }
    if !Path::new(path).is_absolute() {
        return Err(failure(
            FailureCode::NoModel,
            format!("text2sql.model_path is not an absolute path: \"{path}\""),
            "Set text2sql.model_path to the absolute path of a GGUF file and reload.",
        )
        .into());
    }
    let sha256 = match sha256 {
        Some(sum) => sum.to_ascii_lowercase(),
        None => sha256_beside(path)?,
    };
    let device = device.map_or_else(device_of_setting, Ok)?;
    let threads = threads();
    let parallel = guc::max_parallel();
    // On a device they are not to be had, and what it computes differs in the last bits.
    let kept = folder_of(&sha256).filter(|_| device == DeviceName::Cpu).map(str::to_owned);
    let read = kept.as_deref().filter(|_| guc::prefix_cache_disk_bytes() > 0);
    let disk_cache = read.and_then(|model| disk_cache::folder(model).to_str().map(str::to_owned));
    let spec = ModelSpec::File(LoadSpec {
        path: path.to_owned(),
        sha256,
        device,
        threads,
        context: guc::context_length(),
        prefill_chunk: guc::prefill_chunk(),
        prefix_cache_bytes: guc::prefix_cache_bytes(),
        parallel,
        disk_cache,
    });
    Ok(EngineConfig { program: program_for(device), threads, parallel, spec, disk_cache: kept })
}

/// The engine's program, with the settings now in force.
pub fn engine_program() -> PathBuf {
    program_for(device_of_setting().unwrap_or_default())
}

/// The engine's program for a device. That for GPUs is another one: where their libraries are
/// missing it does not even start, and models on the processor are not to depend on them.
fn program_for(device: DeviceName) -> PathBuf {
    let name = match device {
        DeviceName::Cuda(_) | DeviceName::CandleCuda(_) => "text2sql-engine-cuda",
        DeviceName::Cpu | DeviceName::CandleCpu => "text2sql-engine",
    };
    guc::engine_path().map_or_else(|| server::library_directory().join(name), PathBuf::from)
}

fn device_of_setting() -> Result<DeviceName, Failure> {
    let name = guc::device();
    name.parse().map_err(|error| {
        failure(
            FailureCode::NoDevice,
            format!("text2sql.device cannot be read: \"{name}\": {error}"),
            "Mend the setting, reload the configuration and run SELECT text2sql.reload();",
        )
    })
}

/// The program that asks models on other servers.
pub fn remote_program() -> PathBuf {
    server::library_directory().join("text2sql-remote")
}

/// The file beside a model in which its sum can be pinned.
pub fn sha256_file(model: &str) -> String {
    format!("{model}.sha256")
}

fn no_model() -> Failure {
    failure(
        FailureCode::NoModel,
        "no model is configured".to_owned(),
        "Run ALTER SYSTEM SET text2sql.model_path = '/path/to/model.gguf'; then \
         SELECT pg_reload_conf(); and SELECT text2sql.reload();",
    )
}

/// The sum pinned in the file beside the model, as `sha256sum` writes it.
fn sha256_beside(model: &str) -> Result<String, NotStarted> {
    let path = sha256_file(model);
    let text = fs::read_to_string(&path).map_err(|error| not_read(&path, &error))?;
    let sum = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    if sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(sum);
    }
    Err(failure(
        FailureCode::BadModel,
        format!("\"{path}\" does not begin with a sha256"),
        "It must hold the 64 hex digits that sha256sum prints for the model file.",
    )
    .into())
}

/// Why a file with a sum says nothing.
fn not_read(path: &str, error: &io::Error) -> NotStarted {
    NotStarted::because(error, format!("could not read \"{path}\": {error}"), || {
        failure(
            FailureCode::NoModel,
            format!("no sha256 is pinned for the model: \"{path}\": {error}"),
            "Set text2sql.model_sha256, or put the model's sha256 into that file.",
        )
    })
}

fn failure(code: FailureCode, message: String, hint: &str) -> Failure {
    Failure { code, message, detail: None, hint: Some(hint.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_that_cannot_be_read_for_want_of_descriptors_or_memory_is_read_later() {
        for number in [libc::EMFILE, libc::ENFILE, libc::ENOMEM] {
            let why = not_read("/model.sha256", &io::Error::from_raw_os_error(number));
            assert!(matches!(why, NotStarted::NotNow(_)), "{why:?}");
        }
        let why = not_read("/model.sha256", &io::Error::from_raw_os_error(libc::ENOENT));
        assert!(matches!(why, NotStarted::Never(_)), "{why:?}");
    }

    #[test]
    fn a_sum_that_is_not_there_is_no_passing_trouble() {
        let why = sha256_beside("/nowhere/model.gguf");
        assert!(matches!(why, Err(NotStarted::Never(_))), "{why:?}");
    }
}
