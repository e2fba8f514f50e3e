//! What an engine keeps for a GPU, and nothing else.
//!
//! Owns the files a driver of NVIDIA opens, and the order: when a device is opened a driver makes a
//! file in memory, starts threads and names them through /proc, and gives up where it cannot; and
//! Landlock holds for the threads that are there and for theirs. So the rules come first, with what
//! the driver needs; then the device; then the filter, which holds for all threads.
//! Called by `hardening`.

use std::path::{Path, PathBuf};

use landlock::RulesetStatus;
use nix::sys::prctl;

use super::{
    LIBRARIES, Outside, filter, first_to_go, lacking, landlock, limit_files, rules_lacking,
};

/// What the driver and the libraries of CUDA read of the system, beside the system's libraries.
/// What is not there is skipped.
const READ: &[&str] = &[
    "/usr/local",
    "/opt",
    "/etc/ld.so.cache",
    "/etc/nvidia",
    "/usr/share/nvidia",
    "/proc/driver",
    "/proc/devices",
    "/proc/modules",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/sys/vm",
    "/sys/devices",
    "/sys/bus",
    "/sys/module",
];

/// Confines an engine that computes on a GPU, which `open` opens in the course of it. The rest is
/// as [`super::confine`]'s, and that it may open devices of NVIDIA for reading and writing, and map
/// code from files that it cannot write.
///
/// Returns what the kernel does not offer, and what `open` returned.
pub fn confine_with_gpu<T>(model_directory: &Path, open: impl FnOnce() -> T) -> (Vec<String>, T) {
    let read = LIBRARIES.iter().chain(READ).map(PathBuf::from);
    let outside = Outside {
        readable: read.collect(),
        devices: devices(),
        // Where it names its threads; what else is there belongs to this process too.
        writable: vec![PathBuf::from("/proc/self/task")],
        ..Outside::default()
    };
    let first = lacking("oom_score_adj", first_to_go());
    let rules = landlock(model_directory, &outside);
    // Without rules a file for writing could be any file of the server.
    let ruled =
        matches!(rules, Ok(RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced));
    let opened = open();
    let files = lacking("file size", limit_files(0));
    // The driver reads what /proc says of its own process, which is root's from here on.
    let dumpable = lacking("not dumpable", prctl::set_dumpable(false));
    let filter = lacking("seccomp", if ruled { filter::apply_with_gpu() } else { filter::apply() });
    let missing = [first, rules_lacking(rules), files, dumpable, filter];
    (missing.into_iter().flatten().collect(), opened)
}

/// The devices of NVIDIA: one for each GPU, and those all share.
fn devices() -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir("/dev") else { return Vec::new() };
    let of_nvidia = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b"nvidia");
    let named = entries.flatten().filter(|entry| of_nvidia(&entry.file_name()));
    named.map(|entry| entry.path()).collect()
}
