//! Gives the sources of this crate a number, which library and engine compare when they meet.
//!
//! The version alone would let two states of one version talk to each other, and neither the
//! time nor a commit is there in every build.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=src");
    let mut files = Vec::new();
    collect(Path::new("src"), &mut files)?;
    files.sort();
    let mut number = FNV_OFFSET;
    for file in files {
        number = fnv(number, file.as_os_str().as_encoded_bytes());
        number = fnv(number, &fs::read(&file)?);
    }
    println!("cargo:rustc-env=TEXT2SQL_CORE_SOURCES={number:016x}");
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// FNV-1a: the same in every release of the compiler, unlike the standard library's hash.
fn fnv(number: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(number, |number, byte| (number ^ u64::from(*byte)).wrapping_mul(FNV_PRIME))
}
