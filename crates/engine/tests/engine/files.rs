//! Which files are opened at all, and the checksum.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use text2sql_core::protocol::{Failure, FailureCode};
use text2sql_engine::error::EngineError;
use text2sql_engine::model::LoadedModel;
use text2sql_testkit::tiny_gguf::TinyGguf;

use crate::support::{ModelFile, spec};

fn refusal(path: &Path, sha256: &str) -> EngineError {
    LoadedModel::load(&spec(path, sha256), &mut |_| {}).err().expect("it was loaded")
}

fn file_refusal(path: &Path, sha256: &str) -> String {
    let error = refusal(path, sha256);
    assert_eq!(error.code(), FailureCode::NoModel, "{error:?}");
    match error {
        EngineError::File(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_pinned_file_is_loaded_with_progress_and_its_facts() {
    let file = ModelFile::new(&TinyGguf::new(1).bytes());
    let mut seen = Vec::new();
    let mut spec = file.spec();
    spec.sha256 = spec.sha256.to_uppercase();
    let model = LoadedModel::load(&spec, &mut |percent| seen.push(percent)).unwrap();
    let info = model.info();
    assert_eq!((info.name.as_str(), info.architecture.as_str()), ("tiny", "qwen2"));
    assert_eq!(info.sha256, file.sha256);
    assert_eq!(info.file_bytes, std::fs::metadata(&file.path).unwrap().len());
    assert_eq!(info.context, spec.context);
    assert!(info.weight_bytes > 0);
    assert!(seen.is_sorted() && seen.last() == Some(&100), "{seen:?}");
    // Of weights that are being converted, too.
    let while_converted = seen.iter().filter(|percent| (61..95).contains(*percent)).count();
    assert!(while_converted > 5, "{seen:?}");
}

#[test]
fn another_file_than_the_pinned_one_is_refused_with_both_checksums() {
    let file = ModelFile::new(&TinyGguf::new(1).bytes());
    let other = "0".repeat(64);
    for expected in [other.as_str(), "", &file.sha256[..63]] {
        let error = refusal(&file.path, expected);
        assert_eq!(error.code(), FailureCode::BadModel);
        let failure = Failure::from(error);
        let detail = failure.detail.unwrap();
        assert!(detail.contains(&file.sha256) && detail.contains(expected), "{detail}");
    }
    // One flipped bit in the weights, which no check of the header can see.
    let mut bytes = TinyGguf::new(1).bytes();
    *bytes.last_mut().unwrap() ^= 1;
    let changed = ModelFile::new(&bytes);
    assert!(matches!(refusal(&changed.path, &file.sha256), EngineError::Checksum { .. }));
}

#[test]
fn bytes_behind_the_last_tensor_count_for_the_checksum() {
    let mut bytes = TinyGguf::new(1).bytes();
    let pinned = ModelFile::new(&bytes).sha256;
    bytes.extend_from_slice(b"appended");
    let file = ModelFile::new(&bytes);
    assert!(matches!(refusal(&file.path, &pinned), EngineError::Checksum { .. }));
    assert!(LoadedModel::load(&file.spec(), &mut |_| {}).is_ok());
}

#[test]
fn only_regular_files_that_nobody_else_may_write_are_opened() {
    let file = ModelFile::new(&TinyGguf::new(1).bytes());
    let folder = file.folder.path();
    assert!(file_refusal(&folder.join("nothing"), &file.sha256).contains("No such file"));
    assert!(file_refusal(folder, &file.sha256).contains("not a regular file"));
    let link = folder.join("link");
    symlink(&file.path, &link).unwrap();
    assert!(file_refusal(&link, &file.sha256).contains("symbolic link"));
    let fifo = folder.join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(file_refusal(&fifo, &file.sha256).contains("not a regular file"));
    assert!(file_refusal(Path::new("/dev/null"), &file.sha256).contains("not a regular file"));
    for mode in [0o620, 0o602, 0o666] {
        std::fs::set_permissions(&file.path, PermissionsExt::from_mode(mode)).unwrap();
        assert!(file_refusal(&file.path, &file.sha256).contains("others may write"), "{mode:o}");
    }
    std::fs::set_permissions(&file.path, PermissionsExt::from_mode(0o644)).unwrap();
    assert!(LoadedModel::load(&file.spec(), &mut |_| {}).is_ok());
}
