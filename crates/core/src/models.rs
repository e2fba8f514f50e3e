//! The registry of models: what `text2sql.models` says, read and checked.
//!
//! Owns the form of an entry. It opens no file and knows no process. Called by the worker, which
//! runs the models, and by `check_setup`.

use serde::Deserialize;

use crate::device::DeviceName;

/// Most models of a registry: each local one takes the memory of its weights.
pub const MAX_MODELS: usize = 8;

/// Longest name, bytes.
const MAX_NAME: usize = 63;

/// One model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelEntry {
    /// What it is called in settings and results.
    pub name: String,
    /// How able it is, 1 to 9: a question goes to a higher tier where a lower one will not do.
    pub tier: u8,
    /// Where it is.
    pub source: Source,
}

/// Where a model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A GGUF file of this server.
    File {
        /// Absolute path.
        path: String,
        /// sha256 it must have, lower-case hex; without it, the file beside it tells.
        sha256: Option<String>,
        /// Where it is computed; without it, the setting for all of them tells.
        device: Option<DeviceName>,
    },
    /// An HTTP interface like OpenAI's.
    Endpoint {
        /// What the paths of the interface are appended to.
        url: String,
        /// Name of the model there.
        model: String,
        /// Absolute path of the file with the key.
        key_file: Option<String>,
        /// Absolute path of certificates to trust in place of the public ones.
        ca_file: Option<String>,
        /// Most requests sent at a time, 1 to 64.
        parallel: u32,
        /// Longest time to connect, 1 to 60000 milliseconds.
        connect_ms: u64,
        /// Most times a request is sent, 1 to 10.
        attempts: u32,
    },
    /// The folder of a sentence encoder, which is in no registry: it answers no question.
    Encoder {
        /// Absolute path.
        folder: String,
    },
}

impl Source {
    /// Whether it makes vectors, and writes nothing.
    #[must_use]
    pub fn is_encoder(&self) -> bool {
        matches!(self, Self::Encoder { .. })
    }

    /// Whether questions leave this server.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(self, Self::Endpoint { .. })
    }
}

/// What is wrong with a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// No JSON array of objects with the known keys.
    #[error("it is no list of models: {0}")]
    Form(String),
    /// More than [`MAX_MODELS`].
    #[error("it has {0} models; at most {MAX_MODELS} are possible")]
    TooMany(usize),
    /// An empty list.
    #[error("it has no model")]
    Empty,
    /// A name is no name.
    #[error("\"{0}\" is no name: letters, digits and _ . - are, at most {MAX_NAME}")]
    Name(String),
    /// A name stands twice.
    #[error("two models are called \"{0}\"")]
    Twice(String),
    /// A value is out of range, missing or too much.
    #[error("model \"{name}\": {what}")]
    Entry {
        /// The model.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    tier: Option<u8>,
    path: Option<String>,
    sha256: Option<String>,
    device: Option<DeviceName>,
    endpoint: Option<String>,
    model: Option<String>,
    key_file: Option<String>,
    ca_file: Option<String>,
    parallel: Option<u32>,
    connect_ms: Option<u64>,
    attempts: Option<u32>,
}

/// Reads a registry: a JSON array, an object for each model. Sorted by tier; a model without one
/// has its place in the list as tier.
///
/// # Errors
/// [`RegistryError`]: all of it is refused, so that no model is missing without a word.
pub fn parse(text: &str) -> Result<Vec<ModelEntry>, RegistryError> {
    let written: Vec<Written> =
        serde_json::from_str(text).map_err(|error| RegistryError::Form(error.to_string()))?;
    match written.len() {
        0 => return Err(RegistryError::Empty),
        1..=MAX_MODELS => {}
        more => return Err(RegistryError::TooMany(more)),
    }
    let mut models: Vec<ModelEntry> = Vec::with_capacity(written.len());
    for (place, written) in written.into_iter().enumerate() {
        let model = entry(place, written)?;
        if models.iter().any(|other| other.name == model.name) {
            return Err(RegistryError::Twice(model.name));
        }
        models.push(model);
    }
    models.sort_by_key(|model| model.tier);
    Ok(models)
}

fn entry(place: usize, written: Written) -> Result<ModelEntry, RegistryError> {
    let name = written.name;
    let is_of_name = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_of_name) {
        return Err(RegistryError::Name(name));
    }
    let wrong = |what| RegistryError::Entry { name: name.clone(), what };
    let tier = written.tier.unwrap_or(u8::try_from(place + 1).unwrap_or(u8::MAX));
    if !(1..=9).contains(&tier) {
        return Err(wrong("tier must be 1 to 9"));
    }
    let absolute = |path: &Option<String>| path.as_ref().is_none_or(|path| path.starts_with('/'));
    if !absolute(&written.path) || !absolute(&written.key_file) || !absolute(&written.ca_file) {
        return Err(wrong("paths must be absolute"));
    }
    let source = match (written.path, written.endpoint) {
        (Some(path), None) => {
            let of_endpoint = [written.model, written.key_file, written.ca_file];
            let numbers = written.connect_ms.is_some()
                || written.parallel.is_some()
                || written.attempts.is_some();
            if numbers || of_endpoint.iter().any(Option::is_some) {
                return Err(wrong("a file has path, sha256 and device only"));
            }
            let sha256 = written.sha256.map(|sum| sum.to_ascii_lowercase());
            let is_sum =
                |sum: &String| sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit());
            if !sha256.as_ref().is_none_or(is_sum) {
                return Err(wrong("sha256 must be 64 hex digits"));
            }
            Source::File { path, sha256, device: written.device }
        }
        (None, Some(url)) => {
            if written.sha256.is_some() {
                return Err(wrong("only a file has a sha256"));
            }
            if written.device.is_some() {
                return Err(wrong("only a file has a device"));
            }
            if !(url.starts_with("https://") || url.starts_with("http://")) {
                return Err(wrong("endpoint must begin with https:// or http://"));
            }
            let model = written.model.ok_or_else(|| wrong("an endpoint needs the model's name"))?;
            let parallel = written.parallel.unwrap_or(4);
            let connect_ms = written.connect_ms.unwrap_or(5_000);
            let attempts = written.attempts.unwrap_or(3);
            if !(1..=64).contains(&parallel) {
                return Err(wrong("parallel must be 1 to 64"));
            }
            if !(1..=60_000).contains(&connect_ms) {
                return Err(wrong("connect_ms must be 1 to 60000"));
            }
            if !(1..=10).contains(&attempts) {
                return Err(wrong("attempts must be 1 to 10"));
            }
            let (key_file, ca_file) = (written.key_file, written.ca_file);
            Source::Endpoint { url, model, key_file, ca_file, parallel, connect_ms, attempts }
        }
        _ => return Err(wrong("it needs either path or endpoint")),
    };
    Ok(ModelEntry { name, tier, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn models_come_in_the_order_of_their_tiers() {
        let text = r#"[
            {"name": "far", "tier": 5, "endpoint": "https://llm.example/v1", "model": "m", "key_file": "/k"},
            {"name": "small", "tier": 1, "path": "/m/small.gguf", "device": "cuda:1"},
            {"name": "large", "path": "/m/large.gguf", "sha256": "ABababababababababababababababababababababababababababababababab"}
        ]"#;
        let models = parse(text).unwrap();
        let told: Vec<_> = models.iter().map(|m| (m.name.as_str(), m.tier)).collect();
        assert_eq!(told, [("small", 1), ("large", 3), ("far", 5)]);
        assert!(models[2].source.is_remote() && !models[0].source.is_remote());
        let Source::File { sha256: Some(sum), device: None, .. } = &models[1].source else {
            panic!()
        };
        assert!(sum.starts_with("abab"));
        let Source::File { device, .. } = &models[0].source else { panic!() };
        assert_eq!(*device, Some(DeviceName::Cuda(1)));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, why) in [
            ("", "it is no list"),
            ("{}", "it is no list"),
            ("[]", "it has no model"),
            (r#"[{"name": "a", "path": "/a", "key": "sk-1"}]"#, "unknown field `key`"),
            (r#"[{"name": "a b", "path": "/a"}]"#, "is no name"),
            (r#"[{"name": "a", "path": "/a"}, {"name": "a", "path": "/b"}]"#, "two models"),
            (r#"[{"name": "a", "path": "a"}]"#, "absolute"),
            (r#"[{"name": "a"}]"#, "either path or endpoint"),
            (r#"[{"name": "a", "path": "/a", "endpoint": "http://x", "model": "m"}]"#, "either"),
            (r#"[{"name": "a", "path": "/a", "model": "m"}]"#, "path, sha256 and device only"),
            (r#"[{"name": "a", "path": "/a", "device": "gpu"}]"#, "it names no device"),
            (r#"[{"name": "a", "endpoint": "http://x", "model": "m", "device": "cpu"}]"#, "device"),
            (r#"[{"name": "a", "path": "/a", "sha256": "12"}]"#, "64 hex digits"),
            (r#"[{"name": "a", "endpoint": "ftp://x", "model": "m"}]"#, "https://"),
            (r#"[{"name": "a", "endpoint": "http://x"}]"#, "needs the model's name"),
            (r#"[{"name": "a", "endpoint": "http://x", "model": "m", "attempts": 0}]"#, "1 to 10"),
            (r#"[{"name": "a", "path": "/a", "tier": 0}]"#, "1 to 9"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        let many = [r#"{"name": "a", "path": "/a"}"#; MAX_MODELS + 1].join(",");
        assert_eq!(parse(&format!("[{many}]")), Err(RegistryError::TooMany(MAX_MODELS + 1)));
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
