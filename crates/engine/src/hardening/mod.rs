//! Giving up rights the engine does not need: whatever a hostile model file makes of it, it can
//! compute, read its model's folder, and talk over the one socket it was given.
//!
//! Owns the order: first what always works ([`harden`]), then what needs the model's path and
//! kernel support ([`confine`]) and a bound on memory ([`limit_memory`]), all before a byte of
//! the file is read; once it is loaded, no file is opened any more ([`seal`]). A program that
//! asks a model on another server does the same with [`confine_with_network`], an engine for a GPU
//! with [`confine_with_gpu`]. Linux only.

mod check;
mod filter;
mod gpu;

use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};

use text2sql_core::disk_cache::MOST_FILES;

pub use check::{Attempt, Computes, attempts, report};
pub use gpu::confine_with_gpu;

/// Enough for the socket, its copies, the model file, candle's look at /sys and the files of cached
/// prefixes; a driver of a GPU has one for each device and for many a piece of memory.
const MAX_FILES: u64 = if cfg!(feature = "cuda") { 1024 } else { 32 + MOST_FILES as u64 };

/// Bytes of a file that may be written until the process is confined: the driver of a GPU makes
/// files in memory when a device is opened.
const FILE_BYTES_AT_FIRST: u64 = if cfg!(feature = "cuda") { 1 << 30 } else { 0 };

/// The standard descriptors: socket, standard output, standard error.
const KEPT: std::ops::RangeInclusive<RawFd> = 0..=2;

/// Closes every descriptor but the standard ones; the parent does so too, before it forks.
pub fn close_inherited() {
    // The listing's own descriptor is among them and already closed: that error is expected.
    for fd in open_descriptors().into_iter().filter(|fd| !KEPT.contains(fd)) {
        let _ = nix::unistd::close(fd);
    }
    // A stray print would otherwise go wherever the parent's standard output goes.
    let _ = nix::unistd::dup2_stdout(std::io::stderr());
}

fn open_descriptors() -> Vec<RawFd> {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// What every kernel can do: death with the parent, no new rights, no core files, small limits.
///
/// A parent that died before the death signal was set is noticed by the closed socket.
///
/// # Errors
/// What could not be set, in words.
pub fn harden() -> Result<(), String> {
    harden_with_files(MAX_FILES)
}

/// As [`harden`], for a process that may have `wanted` descriptors open at a time.
///
/// # Errors
/// What could not be set, in words.
pub fn harden_with_files(wanted: u64) -> Result<(), String> {
    let step = |what: &'static str, result: nix::Result<()>| {
        result.map_err(|error| format!("{what}: {error}"))
    };
    step("death signal", prctl::set_pdeathsig(Signal::SIGKILL))?;
    step("no new privileges", prctl::set_no_new_privs())?;
    step("core size", setrlimit(Resource::RLIMIT_CORE, 0, 0))?;
    // Standard error may be a file: writing it must fail, not kill.
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGXFSZ);
    step("file size signal", blocked.thread_block())?;
    step("file size", limit_files(FILE_BYTES_AT_FIRST))?;
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).map_err(|error| error.to_string())?;
    let files = wanted.min(most);
    step("open files", setrlimit(Resource::RLIMIT_NOFILE, files, files))
}

/// Bytes of a file that may be written.
fn limit_files(bytes: u64) -> nix::Result<()> {
    setrlimit(Resource::RLIMIT_FSIZE, bytes, bytes)
}

/// No tracing by others, Landlock and seccomp, before the model file is opened; call on the only thread.
///
/// Besides the model's folder, `folders` may be read until the model is loaded.
///
/// Returns what the kernel does not offer. Raising one's own `oom_score_adj` is done here too:
/// a container may forbid it, and the engine is still worth running.
pub fn confine(model_directory: &Path, folders: &[PathBuf]) -> Vec<String> {
    let outside = Outside { readable: folders.to_vec(), ..Outside::default() };
    give_up(|| landlock(model_directory, &outside), filter::apply)
}

/// As [`confine`], for a program that asks a server: it may connect by TCP to `port` and read
/// `files`, and do what the C library does to find the address of a name. For as long as it runs:
/// there is nothing to [`seal`].
///
/// No call and no rule stops UDP, by which names are asked for.
pub fn confine_with_network(port: u16, files: &[PathBuf]) -> Vec<String> {
    let mut readable: Vec<_> = LIBRARIES.iter().map(PathBuf::from).collect();
    readable.extend_from_slice(files);
    // It is rewritten while we run, so its folder counts, which may be outside /etc.
    let resolver = std::fs::canonicalize("/etc/resolv.conf").unwrap_or_default();
    let folder = resolver.parent().filter(|folder| folder.parent().is_some());
    readable.extend(folder.map(Path::to_path_buf));
    let outside = Outside { readable, ports: vec![port, DNS], ..Outside::default() };
    give_up(|| landlock(Path::new("/etc"), &outside), filter::apply_with_network)
}

/// Where the C library finds further ways to look names up.
const LIBRARIES: &[&str] = &["/lib", "/lib64", "/usr/lib", "/usr/lib64"];
/// The port of name servers, for answers that do not fit UDP.
const DNS: u16 = 53;

/// What a confined program may reach besides its own.
#[derive(Default)]
struct Outside {
    /// Files, and folders with all that is in them.
    readable: Vec<PathBuf>,
    /// Devices, and folders of devices, to read, write and control.
    devices: Vec<PathBuf>,
    /// Files to write, and folders with all that is in them, which must be there already.
    writable: Vec<PathBuf>,
    /// Ports of TCP on any machine.
    ports: Vec<u16>,
}

fn give_up(
    landlock: impl FnOnce() -> Result<RulesetStatus, RulesetError>,
    filter: impl FnOnce() -> Result<(), String>,
) -> Vec<String> {
    let missing = [
        lacking("file size", limit_files(0)),
        lacking("oom_score_adj", first_to_go()),
        // Only now: the files in /proc of a process that cannot be dumped belong to root.
        lacking("not dumpable", prctl::set_dumpable(false)),
        rules_lacking(landlock()),
        lacking("seccomp", filter()),
    ];
    missing.into_iter().flatten().collect()
}

fn lacking<T, E: std::fmt::Display>(what: &str, result: Result<T, E>) -> Option<String> {
    result.err().map(|error| format!("{what}: {error}"))
}

fn rules_lacking(rules: Result<RulesetStatus, RulesetError>) -> Option<String> {
    match rules {
        Ok(RulesetStatus::NotEnforced) => Some("the kernel has no Landlock".into()),
        Ok(_) => None,
        Err(error) => Some(format!("Landlock: {error}")),
    }
}

/// Memory for what does not depend on file or context: the program, stacks, buffers.
const MEMORY_BASE: u64 = 4 << 30;
/// Stack and heap that the C library reserves for a thread, most of it never written.
const MEMORY_PER_THREAD: u64 = 128 << 20;
/// Keys and values of one token: those of Phi-3 mini, whose heads share none (384 KiB; a Qwen of 14
/// billion parameters takes half), for a sequence in use and copies of its blocks.
const MEMORY_PER_TOKEN: u64 = 2 * (400 << 10);
/// Memory for a byte of the file: raw and converted weights at a time, and one tensor as floats.
const MEMORY_PER_FILE_BYTE: u64 = 8;

/// Most memory an engine can need for a file of `file_bytes` and `tokens` in all its sequences: generous, because a limit that is
/// met ends the engine, and yet one that a mistake in the reading of a hostile file does meet.
#[must_use]
pub fn most_memory(file_bytes: u64, tokens: u64, threads: u32, prefixes: u64) -> u64 {
    [
        (file_bytes, MEMORY_PER_FILE_BYTE),
        (tokens, MEMORY_PER_TOKEN),
        (threads.into(), MEMORY_PER_THREAD),
    ]
    .into_iter()
    .fold(MEMORY_BASE.saturating_add(prefixes), |sum, (count, each)| {
        sum.saturating_add(count.saturating_mul(each))
    })
}

/// Bounds the address space, unless a tighter bound was inherited.
///
/// # Errors
/// What could not be set, in words.
pub fn limit_memory(bytes: u64) -> Result<(), String> {
    let (_, most) = getrlimit(Resource::RLIMIT_AS).map_err(|error| error.to_string())?;
    let bytes = bytes.min(most);
    setrlimit(Resource::RLIMIT_AS, bytes, bytes).map_err(|error| format!("memory: {error}"))
}

/// Opens no file from here on: a model that is loaded needs none, with or without Landlock.
///
/// # Errors
/// Where the kernel has no seccomp, in words.
pub fn seal() -> Result<(), String> {
    filter::apply_seal()
}

/// The kernel's first choice when memory is short: a model is large and comes back by itself.
/// Limits on file size do not apply to /proc.
fn first_to_go() -> std::io::Result<()> {
    std::fs::OpenOptions::new()
        .write(true)
        .open("/proc/self/oom_score_adj")
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"1000"))
}

fn landlock(model_directory: &Path, outside: &Outside) -> Result<RulesetStatus, RulesetError> {
    // The newest rules this code knows, as far as the kernel does.
    let abi = ABI::V6;
    let read = AccessFs::from_read(abi) & !AccessFs::Execute;
    let use_of_devices = read | AccessFs::WriteFile | AccessFs::IoctlDev;
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .add_rules(path_beneath_rules([model_directory], read))?
        // Thread counts and memory figures; a folder that is not there is skipped.
        .add_rules(path_beneath_rules(["/proc/self", "/sys/devices/system/cpu"], read))?
        .add_rules(path_beneath_rules(&outside.readable, read))?
        .add_rules(path_beneath_rules(&outside.devices, use_of_devices))?
        .add_rules(path_beneath_rules(&outside.writable, AccessFs::WriteFile))?
        .add_rules(
            outside
                .ports
                .iter()
                .map(|port| Ok::<_, RulesetError>(NetPort::new(*port, AccessNet::ConnectTcp))),
        )?
        .restrict_self()?;
    Ok(status.ruleset)
}
