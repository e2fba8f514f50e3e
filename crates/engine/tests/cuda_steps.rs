//! The kernels for GPUs (`kernels/cuda/steps.cu`), run on the processor: `cuda_steps/cuda_fp16.h` is
//! as much of CUDA as they need, `cuda_steps/main.cc` what they are to compute.

use std::path::Path;
use std::process::Command;

#[test]
fn the_kernels_for_gpus_compute_what_they_are_to() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cuda_steps");
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("steps");
    // As the crates that compile C++ for this one do.
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    let compiled = Command::new(compiler)
        .args(["-std=c++20", "-O1", "-w", "-I"])
        .args([here.as_path(), &here.join("main.cc"), Path::new("-o"), &program])
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let ran = Command::new(&program).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "all right\n");
}
