//! Model files in temporary folders, requests, and a decoder that plays back tokens.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use text2sql_core::chat::{ChatPrompt, Role, Turn};
use text2sql_core::device::DeviceName;
use text2sql_core::protocol::{Event, GenerateRequest, LoadSpec};
use text2sql_core::route::Route;
use text2sql_engine::arch::{Decoder, Logits, Span};
use text2sql_engine::control::Control;
use text2sql_engine::error::EngineError;
use text2sql_engine::generate::Completion;
use text2sql_engine::kv_cache::Shape;
use text2sql_engine::model::LoadedModel;
use text2sql_testkit::tiny_gguf::TinyGguf;

/// Tokens of context in most tests.
pub const CONTEXT: u32 = 512;

/// A file in a folder that goes away with it.
pub struct ModelFile {
    pub folder: TempDir,
    pub path: PathBuf,
    pub sha256: String,
}

impl ModelFile {
    pub fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        Self { folder, path, sha256: text2sql_core::hex::encode(Sha256::digest(bytes)) }
    }

    pub fn spec(&self) -> LoadSpec {
        spec(&self.path, &self.sha256)
    }
}

pub fn spec(path: &Path, sha256: &str) -> LoadSpec {
    LoadSpec {
        path: path.to_str().unwrap().into(),
        sha256: sha256.into(),
        device: DeviceName::Cpu,
        threads: 2,
        context: CONTEXT,
        prefill_chunk: 16,
        prefix_cache_bytes: 1 << 30,
        parallel: 1,
        disk_cache: None,
    }
}

/// Loads bytes with the right checksum.
pub fn load_bytes(bytes: &[u8]) -> Result<LoadedModel, EngineError> {
    LoadedModel::load(&ModelFile::new(bytes).spec(), &mut |_| {})
}

/// Loads a model with settings of the test's own.
pub fn load_with(gguf: &TinyGguf, change: impl FnOnce(&mut LoadSpec)) -> LoadedModel {
    let file = ModelFile::new(&gguf.bytes());
    let mut spec = file.spec();
    change(&mut spec);
    LoadedModel::load(&spec, &mut |_| {}).unwrap()
}

pub fn load(gguf: &TinyGguf) -> LoadedModel {
    load_bytes(&gguf.bytes()).unwrap()
}

/// The device of the tests of the code for GPUs: the processor, or what `TEXT2SQL_TEST_DEVICE` names.
pub fn device() -> DeviceName {
    let named = std::env::var("TEXT2SQL_TEST_DEVICE");
    named.map_or(DeviceName::CandleCpu, |name| name.parse().expect("it names a device"))
}

/// As [`load`], on the code for GPUs.
pub fn load_on_device(gguf: &TinyGguf) -> LoadedModel {
    load_with(gguf, |spec| spec.device = device())
}

pub fn request(question: &str, scope: &str, max_new_tokens: u32) -> GenerateRequest {
    GenerateRequest {
        prompt: ChatPrompt {
            system: "You write SQL. The tables are film(film_id, title) and actor(name).".into(),
            turns: vec![Turn { role: Role::User, text: question.into() }],
            assistant_prefix: "```sql\n".into(),
        },
        max_new_tokens,
        deadline_ms: 600_000,
        cache_scope: scope.into(),
        constraint: None,
        sampling: None,
        route: Route::default(),
    }
}

pub fn patient() -> Control {
    Control::new(std::time::Duration::from_secs(600))
}

/// Generates, and returns all events too.
pub fn generate(
    model: &mut LoadedModel,
    request: &GenerateRequest,
    control: &Control,
) -> (Result<Completion, EngineError>, Vec<Event>) {
    let mut events = Vec::new();
    let result = model.generate(request, control, &mut |event| events.push(event));
    (result, events)
}

/// Tokens of a random sentence: no control tokens, all inside the tiny vocabulary.
pub fn some_tokens(count: usize) -> Vec<u32> {
    (0..count as u32).map(|i| (i * 37 + 11) % 250).collect()
}

/// Size of the difference relative to the size of `a`: root of the mean square.
pub fn distance(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    assert!(a.iter().chain(b).all(|x| x.is_finite()));
    let square = |sum: f64, x: f64| sum + x * x;
    let difference = a.iter().zip(b).map(|(a, b)| f64::from(a - b)).fold(0.0, square);
    let size = a.iter().map(|a| f64::from(*a)).fold(0.0, square);
    assert!(size > 0.0, "logits that are all zero prove nothing");
    (difference / size).sqrt()
}

/// Logits of every position, computed in chunks of a size.
pub fn all_logits(model: &mut LoadedModel, tokens: &[u32], chunk: usize) -> Vec<f32> {
    let mut cache = model.decoder().new_cache(tokens.len());
    let parts = tokens.chunks(chunk);
    parts.flat_map(|part| model.decoder().forward(part, &mut cache, Logits::All).unwrap()).collect()
}

/// A decoder whose most likely next token is the next of a list, whatever it is fed.
pub struct Playback {
    tokens: Vec<u32>,
    vocab: usize,
    next: usize,
    /// Called with the number of tokens of every forward pass, before it is done.
    on_forward: Box<dyn FnMut(usize) + Send>,
}

impl Playback {
    /// Puts a decoder that says `text` byte by byte into a model.
    pub fn say(model: &mut LoadedModel, text: &str) {
        let tokens = text.bytes().map(|byte| token_of_byte(model, byte)).collect();
        Self::tokens(model, tokens, Box::new(|_| {}));
    }

    pub fn tokens(
        model: &mut LoadedModel,
        tokens: Vec<u32>,
        on_forward: Box<dyn FnMut(usize) + Send>,
    ) {
        let vocab = model.tokenizer().len();
        model.replace_decoder(Box::new(Self { tokens, vocab, next: 0, on_forward }));
    }
}

pub fn token_of_byte(model: &LoadedModel, byte: u8) -> u32 {
    (0..model.tokenizer().len() as u32)
        .find(|token| model.tokenizer().bytes(*token) == [byte])
        .expect("every byte is a token")
}

impl Decoder for Playback {
    fn shape(&self) -> Shape {
        Shape { layers: 1, heads: 1, dim: 2 }
    }

    fn forward_spans(&mut self, spans: &mut [Span<'_>]) -> Result<Vec<f32>, EngineError> {
        let mut logits = Vec::new();
        for span in spans {
            (self.on_forward)(span.tokens.len());
            assert!(span.cache.reserve(span.tokens.len())?);
            span.cache.advance(span.tokens.len());
            for _ in 0..span.logits.rows(span.tokens.len()) {
                let mut row = vec![0.0; self.vocab];
                // After the list only spaces come, which never end anything.
                let token = self.tokens.get(self.next).copied().unwrap_or(220);
                row[token as usize] = 1.0;
                self.next += 1;
                logits.extend(row);
            }
        }
        Ok(logits)
    }

    /// Its tokens are a list: guessing would use them up.
    fn exact_rows(&self) -> usize {
        1
    }

    fn vocab(&self) -> usize {
        self.vocab
    }

    fn trained_context(&self) -> usize {
        1 << 20
    }

    fn weight_bytes(&self) -> usize {
        0
    }
}
