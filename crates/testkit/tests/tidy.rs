//! Rules of the tree that no compiler checks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test code")]

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Rust sources of the project, relative to its root, with their text.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src"), root().join("crates"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 30, "the walk found {} files", found.len());
    found
}

#[test]
fn every_file_says_what_it_owns() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(name, _)| name)
        .collect();
    assert!(silent.is_empty(), "no //! header: {silent:?}");
}

#[test]
fn unsafe_code_of_the_extension_stays_in_ipc_and_pg() {
    for (name, text) in sources() {
        let allowed = name.starts_with("src/ipc/") || name.starts_with("src/pg/");
        if !name.starts_with("src/") || allowed {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            // Attributes, and the signature of a callback, are not blocks.
            let is_site = code.contains("unsafe {") || code.contains("unsafe impl");
            assert!(!is_site, "{name}:{}: {line}", number + 1);
        }
    }
}

#[test]
fn pure_crates_know_no_server_and_the_extension_no_tensors() {
    let manifest = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    for path in ["crates/core/Cargo.toml", "crates/engine/Cargo.toml", "crates/cli/Cargo.toml"] {
        assert!(!manifest(path).contains("pgrx"), "{path}");
    }
    let extension = manifest("Cargo.toml");
    let own = extension.split("[package]").nth(1).unwrap();
    for forbidden in ["candle", "tokenizers", "text2sql-engine"] {
        assert!(!own.contains(&format!("\n{forbidden}")), "Cargo.toml: {forbidden}");
    }
}
