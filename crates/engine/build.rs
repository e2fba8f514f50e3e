//! Compiles the kernels for GPUs, where the feature `cuda` asks for them.

#![allow(clippy::panic, reason = "a build script says what is wrong by panicking")]

use std::path::PathBuf;
use std::process::Command;

/// Oldest GPUs the code is for; the driver compiles it for the one it finds.
const OLDEST: &str = "compute_80";

fn main() {
    const SOURCE: &str = "src/kernels/cuda/steps.cu";
    println!("cargo::rerun-if-changed={SOURCE}");
    for name in ["NVCC", "CUDA_HOME", "CARGO_FEATURE_CUDA"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    if std::env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return;
    }
    let out = std::env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    let status = Command::new(nvcc())
        .args(["-ptx", "-O3", "-std=c++17", "-arch", OLDEST, "-o"])
        .arg(out.join("steps.ptx"))
        .arg(SOURCE)
        .status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("nvcc could not compile {SOURCE}: {status}"),
        Err(error) => panic!("nvcc cannot be started: {error}; scripts/cuda-toolkit fetches it"),
    }
}

/// As candle looks for it.
fn nvcc() -> PathBuf {
    if let Some(path) = std::env::var_os("NVCC") {
        return path.into();
    }
    match std::env::var_os("CUDA_HOME") {
        Some(home) => PathBuf::from(home).join("bin/nvcc"),
        None => "nvcc".into(),
    }
}
