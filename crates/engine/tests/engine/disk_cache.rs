//! Prefixes in files: the same answers after a new start, and nothing of a file that is not right.

use std::fs::OpenOptions;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use text2sql_core::disk_cache::Key;
use text2sql_core::protocol::{
    EngineCommand, EngineReport, Event, FilePart, FileRest, GenerateRequest, GenerationStats,
};
use text2sql_core::warm_up::Beginning;
use text2sql_engine::disk_cache::{self, DiskCache, Header, Identity, Writing};
use text2sql_engine::generate::Completion;
use text2sql_engine::kv_cache::Shape;
use text2sql_engine::model::LoadedModel;
use text2sql_engine::prefix_cache::PrefixCache;
use text2sql_testkit::child::Engine;
use text2sql_testkit::tiny_family::Family;
use text2sql_testkit::tiny_gguf::TinyGguf;

use crate::support::{CONTEXT, ModelFile, generate, load_on_device, patient, request};

const SCOPE: &str = "5/16384";

/// A folder of files, and the model they are of.
struct Kept {
    model: ModelFile,
    folder: TempDir,
}

impl Kept {
    fn new(gguf: &TinyGguf) -> Self {
        Self { model: ModelFile::new(&gguf.bytes()), folder: tempfile::tempdir().unwrap() }
    }

    /// A model that has just been started.
    fn start(&self) -> LoadedModel {
        let mut spec = self.model.spec();
        spec.disk_cache = Some(self.folder.path().to_str().unwrap().into());
        LoadedModel::load(&spec, &mut |_| {}).unwrap()
    }

    fn path(&self, scope: &str) -> PathBuf {
        let beginning = Beginning::of(&request("", scope, 0));
        self.folder.path().join(Key::of(&self.model.sha256, &beginning).name())
    }

    fn put(&self, scope: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(scope);
        put(&path, bytes);
        path
    }

    fn identity(&self, model: &mut LoadedModel) -> Identity {
        Identity::new(&self.model.sha256, model.decoder().shape(), CONTEXT).unwrap()
    }
}

fn put(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

fn ask(model: &mut LoadedModel, request: &GenerateRequest) -> Completion {
    generate(model, request, &patient()).0.unwrap()
}

/// All of a file.
fn whole(mut writing: Writing) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let FilePart { bytes: more, rest } = writing.next_part();
        assert!(more.len() <= FilePart::MOST_BYTES);
        bytes.extend(more);
        match rest {
            FileRest::More => {}
            FileRest::Nothing => return Some(bytes),
            FileRest::Lost => return None,
        }
    }
}

fn written(model: &mut LoadedModel, scope: &str) -> Vec<u8> {
    whole(disk_cache::write(model, &request("?", scope, 0)).unwrap()).unwrap()
}

fn header(bytes: &[u8], identity: &Identity) -> Header {
    let (header, ..) = Header::read(&mut &*bytes, bytes.len() as u64, identity).unwrap();
    header
}

/// All that does not depend on the clock, or on what was answered before.
fn outcome(done: &Completion) -> (String, GenerationStats) {
    let stats = GenerationStats {
        prefill_us: 0,
        decode_us: 0,
        mask_us: 0,
        compile_us: 0,
        cached_tokens: 0,
        guessed_tokens: 0,
        right_tokens: 0,
        ..done.stats
    };
    (done.text.clone(), stats)
}

#[test]
fn what_was_read_from_disk_answers_to_the_bit_as_what_was_in_memory() {
    let ggufs = [TinyGguf::new(1), TinyGguf::k_quants(4)];
    let families = [Family::Llama3, Family::Phi3, Family::Gemma3];
    let of_families = families.into_iter().map(|family| TinyGguf::of_family(family, 2));
    let mut texts = Vec::new();
    for gguf in ggufs.into_iter().chain(of_families) {
        let kept = Kept::new(&gguf);
        let mut before = kept.start();
        ask(&mut before, &request("which actors?", SCOPE, 3));
        let bytes = written(&mut before, SCOPE);
        kept.put(SCOPE, &bytes);
        let tokens = header(&bytes, &kept.identity(&mut before)).tokens.len();
        assert!(tokens > 64 && !tokens.is_multiple_of(64), "{tokens}: one block and a part");
        for question in ["how many films?", "zzz", "which actors are there?", "?"] {
            let asked = request(question, SCOPE, 40);
            let in_memory = ask(&mut before, &asked);
            let mut after = kept.start();
            let from_disk = ask(&mut after, &asked);
            assert_eq!(outcome(&from_disk), outcome(&in_memory), "{question}");
            let left = from_disk.stats.prompt_tokens - from_disk.stats.cached_tokens;
            assert!(left as usize <= question.len() + 40, "{left} tokens were computed");
            assert!(after.refused_files().is_empty());
            texts.push(from_disk.text);
        }
    }
    texts.sort();
    texts.dedup();
    assert!(texts.len() > 5, "answers that are all alike prove nothing");
}

#[test]
fn a_file_holds_the_beginning_and_nothing_of_a_question() {
    let kept = Kept::new(&TinyGguf::new(1));
    let mut one = kept.start();
    ask(&mut one, &request("how many films?", SCOPE, 20));
    let mut other = kept.start();
    ask(&mut other, &request("0 secret things", SCOPE, 20));
    ask(&mut other, &request("? secret things", SCOPE, 20));
    assert_eq!(written(&mut one, SCOPE), written(&mut other, SCOPE));
}

#[test]
fn what_is_not_in_memory_is_not_written() {
    let kept = Kept::new(&TinyGguf::new(1));
    let mut model = kept.start();
    assert!(disk_cache::write(&mut model, &request("?", SCOPE, 0)).is_none());
    ask(&mut model, &request("how many films?", SCOPE, 1));
    assert!(disk_cache::write(&mut model, &request("?", "5/10", 0)).is_none());
    assert!(disk_cache::write(&mut model, &request("?", "", 0)).is_none());
    assert!(disk_cache::write(&mut model, &request("?", SCOPE, 0)).is_some());
    let mut on_device = load_on_device(&TinyGguf::new(1));
    ask(&mut on_device, &request("how many films?", SCOPE, 1));
    assert!(disk_cache::write(&mut on_device, &request("?", SCOPE, 0)).is_none());
}

/// A file, its prompt, and what it is for.
fn sample() -> (Kept, Vec<u8>, Vec<u32>, Identity) {
    let kept = Kept::new(&TinyGguf::new(1));
    let mut model = kept.start();
    ask(&mut model, &request("how many films?", SCOPE, 1));
    let bytes = written(&mut model, SCOPE);
    let identity = kept.identity(&mut model);
    let Header { scope, mut tokens } = header(&bytes, &identity);
    assert_eq!(scope, SCOPE);
    tokens.push(7);
    (kept, bytes, tokens, identity)
}

/// Tokens of a prompt that the files in a folder hold, and why files were refused.
fn fetched(folder: &Path, identity: Identity, scope: &str, prompt: &[u32]) -> (usize, Vec<String>) {
    let mut prefixes = PrefixCache::new(identity.shape, 1 << 30);
    let mut disk = DiskCache::open(folder, identity);
    disk.fetch(scope, prompt, &mut prefixes);
    let refused = disk.refused().into_iter().map(|file| file.why.to_string()).collect();
    (prefixes.known(scope, prompt), refused)
}

#[test]
fn every_truncation_is_refused() {
    let (kept, bytes, prompt, identity) = sample();
    let path = kept.put(SCOPE, &bytes);
    let folder = kept.folder.path();
    assert_eq!(fetched(folder, identity, SCOPE, &prompt), (prompt.len() - 1, Vec::new()));
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    for length in (0..bytes.len()).rev() {
        file.set_len(length as u64).unwrap();
        let (known, refused) = fetched(folder, identity, SCOPE, &prompt);
        assert_eq!((known, refused.len()), (0, 1), "{length} bytes");
    }
    put(&path, &[bytes.as_slice(), &[0]].concat());
    assert_eq!(fetched(folder, identity, SCOPE, &prompt), (0, vec!["it is damaged".into()]));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (kept, bytes, prompt, identity) = sample();
    let path = kept.put(SCOPE, &bytes);
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    for (at, byte) in bytes.iter().enumerate() {
        let flipped = byte ^ 1 << (at % 8);
        file.write_all_at(&[flipped], at as u64).unwrap();
        let (known, refused) = fetched(kept.folder.path(), identity, SCOPE, &prompt);
        assert_eq!((known, refused.len()), (0, 1), "byte {at}");
        file.write_all_at(&[*byte], at as u64).unwrap();
    }
    let (known, refused) = fetched(kept.folder.path(), identity, SCOPE, &prompt);
    assert_eq!((known, refused.len()), (prompt.len() - 1, 0));
}

#[test]
fn a_file_serves_its_scope_and_its_tokens_only() {
    let (kept, bytes, prompt, identity) = sample();
    kept.put(SCOPE, &bytes);
    let folder = kept.folder.path();
    for other in ["5/1638", "5/163840", "6/16384", "5/all", ""] {
        assert_eq!(fetched(folder, identity, other, &prompt), (0, Vec::new()), "{other:?}");
    }
    let mut changed = prompt.clone();
    changed[70] += 1;
    assert_eq!(fetched(folder, identity, SCOPE, &changed), (70, Vec::new()));
    // The worker named it for one scope, whatever an engine put into it.
    std::fs::rename(kept.path(SCOPE), kept.path("5/10")).unwrap();
    for scope in ["5/10", SCOPE] {
        let refused = vec!["it is of another scope than its name".into()];
        assert_eq!(fetched(folder, identity, scope, &prompt), (0, refused));
    }
}

#[test]
fn a_file_of_another_model_or_setting_is_refused() {
    let (kept, bytes, prompt, identity) = sample();
    kept.put(SCOPE, &bytes);
    let Shape { layers, heads, dim } = identity.shape;
    let of = |shape| Identity { shape, ..identity };
    for other in [
        Identity { model: [7; 32], ..identity },
        Identity { context: identity.context + 1, ..identity },
        of(Shape { layers: heads, heads: layers + 1, dim }),
        of(Shape { layers: 2 * layers, heads, dim: dim / 2 }),
    ] {
        let (known, refused) = fetched(kept.folder.path(), other, SCOPE, &prompt);
        assert_eq!((known, refused), (0, vec!["it is of another model or context length".into()]));
    }
    for (at, message) in [(0, "it is not a file of the prefix cache"), (8, "it is of version 9")] {
        let mut bytes = bytes.clone();
        bytes[at] = 9;
        kept.put(SCOPE, &bytes);
        let (known, refused) = fetched(kept.folder.path(), identity, SCOPE, &prompt);
        assert_eq!((known, refused), (0, vec![message.to_owned()]));
    }
}

#[test]
fn what_others_could_have_written_is_refused_and_what_is_no_file_left_alone() {
    let (kept, bytes, prompt, identity) = sample();
    let path = kept.put(SCOPE, &bytes);
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
    let refused = vec!["others may write it".into()];
    assert_eq!(fetched(kept.folder.path(), identity, SCOPE, &prompt), (0, refused));
    let elsewhere = kept.model.folder.path().join("elsewhere");
    put(&elsewhere, &bytes);
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    assert_eq!(fetched(kept.folder.path(), identity, SCOPE, &prompt), (0, Vec::new()));
    std::fs::remove_file(&path).unwrap();
    for name in ["schemas", "x.new"] {
        put(&kept.folder.path().join(name), &bytes);
    }
    assert_eq!(fetched(kept.folder.path(), identity, SCOPE, &prompt), (0, Vec::new()));
}

#[test]
fn a_file_that_was_removed_and_emptied_while_it_was_open_is_not_complained_of() {
    let (kept, bytes, prompt, identity) = sample();
    let path = kept.put(SCOPE, &bytes);
    let mut disk = DiskCache::open(kept.folder.path(), identity);
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    file.set_len(0).unwrap();
    // Complaining would have the worker remove this one.
    kept.put(SCOPE, &bytes);
    let mut prefixes = PrefixCache::new(identity.shape, 1 << 30);
    disk.fetch(SCOPE, &prompt, &mut prefixes);
    assert_eq!((prefixes.known(SCOPE, &prompt), disk.refused().len()), (0, 0));
    let (known, refused) = fetched(kept.folder.path(), identity, SCOPE, &prompt);
    assert_eq!((known, refused.len()), (prompt.len() - 1, 0));
}

#[test]
fn the_memory_of_prefixes_is_bounded_from_disk_too() {
    let (kept, bytes, prompt, identity) = sample();
    kept.put(SCOPE, &bytes);
    let block = identity.shape.block_bytes();
    for (blocks, expected) in [(1, 0), (2, prompt.len() - 1)] {
        let mut prefixes = PrefixCache::new(identity.shape, blocks * block);
        DiskCache::open(kept.folder.path(), identity).fetch(SCOPE, &prompt, &mut prefixes);
        assert_eq!(prefixes.known(SCOPE, &prompt), expected);
        assert!(prefixes.bytes() <= blocks * block);
    }
}

/// The binary, with a model and its folder.
fn serve(kept: &Kept) -> (Engine, Vec<EngineReport>) {
    let mut engine = Engine::start(Path::new(env!("CARGO_BIN_EXE_text2sql-engine"))).unwrap();
    let mut spec = kept.model.spec();
    spec.disk_cache = Some(kept.folder.path().to_str().unwrap().into());
    let reports = engine.load(spec).unwrap();
    assert!(matches!(reports.last(), Some(EngineReport::Ready { .. })), "{reports:?}");
    (engine, reports)
}

/// Asks a served engine; the number of cached tokens, the text, and other reports on the way.
fn ask_served(engine: &mut Engine, id: u64) -> (u32, String, Vec<EngineReport>) {
    let request = request("how many films?", SCOPE, 20);
    engine.send(&EngineCommand::Generate { id, request }).unwrap();
    let mut others = Vec::new();
    loop {
        match engine.report().unwrap() {
            EngineReport::Event { event: Event::Done { text, stats, .. }, .. } => {
                return (stats.cached_tokens, text, others);
            }
            EngineReport::Event { event: Event::Failed { failure }, .. } => panic!("{failure:?}"),
            EngineReport::Event { .. } => {}
            other => others.push(other),
        }
    }
}

fn keep_served(engine: &mut Engine, id: u64, scope: &str) -> Option<Vec<u8>> {
    engine.send(&EngineCommand::Keep { id, request: request("?", scope, 0) }).unwrap();
    let mut bytes = Vec::new();
    loop {
        let EngineReport::Kept { id: found, part } = engine.report().unwrap() else { continue };
        assert_eq!(found, id);
        bytes.extend(part.bytes);
        match part.rest {
            FileRest::More => {}
            FileRest::Nothing => return Some(bytes),
            FileRest::Lost => return None,
        }
    }
}

#[test]
fn a_confined_engine_hands_a_file_over_and_the_next_reads_it() {
    let kept = Kept::new(&TinyGguf::new(1));
    let (mut engine, _) = serve(&kept);
    let (cached, text, _) = ask_served(&mut engine, 1);
    assert_eq!(cached, 0);
    assert_eq!(keep_served(&mut engine, 2, "5/10"), None, "nobody asked in that scope");
    let mut bytes = keep_served(&mut engine, 3, SCOPE).unwrap();
    // It still answers.
    assert_eq!(ask_served(&mut engine, 4).1, text);
    let path = kept.put(SCOPE, &bytes);
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let (mut engine, _) = serve(&kept);
    let (cached, again, others) = ask_served(&mut engine, 1);
    assert!(cached > 64 && others.is_empty(), "{cached} {others:?}");
    assert_eq!(again, text);
    let last = bytes.len() - 40;
    bytes[last] ^= 1;
    kept.put(SCOPE, &bytes);
    let (mut engine, _) = serve(&kept);
    let (cached, again, mut others) = ask_served(&mut engine, 1);
    assert_eq!((cached, &again), (0, &text));
    while others.is_empty() {
        others.push(engine.report().unwrap());
    }
    let why = "it is damaged".to_owned();
    assert_eq!(others, [EngineReport::Unusable { name: name.clone(), why: why.clone() }]);
    // A header that is wrong is found before anybody asks.
    bytes[60] ^= 1;
    kept.put(SCOPE, &bytes);
    let (mut engine, _) = serve(&kept);
    let EngineReport::Unusable { name: found, .. } = engine.report().unwrap() else { panic!() };
    assert_eq!(found, name);
}

#[test]
fn a_question_that_comes_while_a_file_is_handed_over_is_answered_between_two_pieces() {
    // Wide enough for a file of several pieces.
    let kept = Kept::new(&TinyGguf::of_family_with(Family::Llama3, 1, 200));
    let (mut engine, _) = serve(&kept);
    ask_served(&mut engine, 1);
    engine.send(&EngineCommand::Keep { id: 2, request: request("?", SCOPE, 0) }).unwrap();
    engine
        .send(&EngineCommand::Generate { id: 3, request: request("how many films?", SCOPE, 1) })
        .unwrap();
    let (mut parts, mut parts_before_the_answer, mut bytes) = (0, None, Vec::new());
    loop {
        match engine.report().unwrap() {
            EngineReport::Kept { part, .. } => {
                parts += 1;
                bytes.extend(part.bytes);
                if part.rest != FileRest::More {
                    assert_eq!(part.rest, FileRest::Nothing);
                    break;
                }
            }
            EngineReport::Event { id: 3, event: Event::Done { .. } } => {
                parts_before_the_answer = Some(parts);
            }
            _ => {}
        }
    }
    assert!(parts > 2, "{parts} pieces prove nothing");
    assert!(parts_before_the_answer.is_some_and(|before| before < parts), "it waited");
    kept.put(SCOPE, &bytes);
    let (mut engine, _) = serve(&kept);
    assert!(ask_served(&mut engine, 1).0 > 64);
}
