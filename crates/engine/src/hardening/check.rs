//! Trying what a hardened engine must not be able to do.
//!
//! Run by a test in a process of its own, because rights do not come back; a person may run it
//! as `text2sql-engine --check-hardening FOLDER`, or `--check-gpu-hardening`, to see what this
//! machine's kernel offers.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;

use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::{Pid, getppid};

use super::{
    close_inherited, confine, confine_with_gpu, harden, limit_memory, open_descriptors, seal,
};

/// Bound on memory that is tried, and what must not be had under it.
const MEMORY: u64 = 2 << 30;
const TOO_MUCH: usize = 4 << 30;
const BOUND: &str = "a bound on memory";

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What.
    pub what: &'static str,
    /// Whether it came out as it must.
    pub right: bool,
    /// How it came out.
    pub how: String,
}

/// What the engine of the process that is tried computes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Computes {
    /// The processor.
    OnProcessor,
    /// A GPU, whether there is one or not: nothing is opened here.
    OnGpu,
}

/// Hardens this process, then tries everything; `folder` plays the model's folder.
pub fn report(folder: &Path, computes: Computes) -> String {
    close_inherited();
    // Looked at before `confine`: afterwards /proc/self/fd may belong to another user.
    let stray: Vec<_> = open_descriptors()
        .into_iter()
        .filter(|fd| !super::KEPT.contains(fd) && is_open(*fd))
        .collect();
    let joined = output_leads_to_errors();
    let mut lines = vec![match harden() {
        Ok(()) => "harden: done".to_owned(),
        Err(why) => format!("harden: FAILED {why}"),
    }];
    // The filter needs the same and sets it too; without one, this is all there is.
    let bound = Attempt {
        what: "no new rights before the filter",
        right: prctl::get_no_new_privs() == Ok(true),
        how: format!("{:?}", prctl::get_no_new_privs()),
    };
    let missing = match computes {
        Computes::OnProcessor => confine(folder, &[]),
        Computes::OnGpu => confine_with_gpu(folder, || ()).0,
    };
    let landlocked = !missing.iter().any(|missing| missing.contains("Landlock"));
    lines.extend(missing.into_iter().map(|missing| format!("missing: {missing}")));
    if computes == Computes::OnProcessor
        && let Err(missing) = limit_memory(MEMORY)
    {
        lines.push(format!("missing: {missing}"));
    }
    let stray = Attempt {
        what: "no other descriptors",
        right: stray.is_empty(),
        how: format!("open besides the standard ones: {stray:?}"),
    };
    let mut tried: Vec<_> =
        [stray, joined, bound].into_iter().chain(attempts(folder, landlocked)).collect();
    match computes {
        Computes::OnProcessor => tried.push(sealed(folder)),
        // CUDA reserves more addresses than there is memory, and opens its devices again.
        Computes::OnGpu => {
            tried.retain(|attempt| attempt.what != BOUND);
            tried.push(changing(folder, landlocked));
            tried.push(naming(landlocked));
        }
    }
    for Attempt { what, right, how } in tried {
        lines.push(format!("{what}: {} ({how})", if right { "ok" } else { "WRONG" }));
    }
    lines.join("\n")
}

/// Tries everything, in a process that was hardened for `folder`; `landlocked` says whether the
/// kernel could confine it to that folder.
pub fn attempts(folder: &Path, landlocked: bool) -> Vec<Attempt> {
    let mut all = Vec::new();
    let mut refused = |what, result: std::io::Result<()>| {
        all.push(match result {
            Ok(()) => Attempt { what, right: false, how: "was possible".into() },
            Err(error) => Attempt { what, right: denied(&error), how: error.to_string() },
        });
    };
    refused("tcp socket", std::net::TcpListener::bind("127.0.0.1:0").map(drop));
    refused("tcp connect", std::net::TcpStream::connect("127.0.0.1:1").map(drop));
    refused("udp socket", std::net::UdpSocket::bind("127.0.0.1:0").map(drop));
    refused("unix socket", UnixListener::bind(folder.join("socket")).map(drop));
    refused("socket pair", UnixStream::pair().map(drop));
    refused("another program", Command::new("/bin/true").status().map(drop));
    refused("new file", File::create(folder.join("new")).map(drop));
    refused(
        "opening for writing",
        OpenOptions::new().append(true).open(folder.join("model")).map(drop),
    );
    refused("removing a file", std::fs::remove_file(folder.join("model")));
    refused("renaming a file", std::fs::rename(folder.join("model"), folder.join("other")));
    refused("making a folder", std::fs::create_dir(folder.join("folder")));
    refused("signalling the parent", kill(getppid(), None).map_err(Into::into));
    refused("signalling process 1", kill(Pid::from_raw(1), None).map_err(Into::into));
    refused(
        "raising the file limit",
        setrlimit(Resource::RLIMIT_NOFILE, 4096, 4096).map_err(Into::into),
    );
    refused("staying after the parent", prctl::set_pdeathsig(None).map_err(Into::into));
    refused("being traced", prctl::set_dumpable(true).map_err(Into::into));
    // Only Landlock refuses these; where the kernel has none they are reported and not wrong.
    for (what, path) in [("reading /etc/passwd", "/etc/passwd"), ("listing /", "/")] {
        let result = File::open(path).map(drop);
        let right = !landlocked || result.as_ref().is_err_and(denied);
        let how = result.map_or_else(|error| error.to_string(), |()| "was possible".into());
        all.push(Attempt { what, right, how });
    }
    let mut allowed = |what, how: Result<(), String>| {
        all.push(Attempt { what, right: how.is_ok(), how: how.err().unwrap_or("works".into()) });
    };
    allowed(
        "reading the model",
        File::open(folder.join("model")).map(drop).map_err(|error| error.to_string()),
    );
    allowed(
        "a thread",
        std::thread::Builder::new()
            .spawn(|| {})
            .map_err(|error| error.to_string())
            .and_then(|thread| thread.join().map_err(|_| "panicked".to_owned())),
    );
    let limit = |resource| getrlimit(resource).map_or(u64::MAX, |(soft, hard)| soft.max(hard));
    for (what, resource) in
        [("no core dumps", Resource::RLIMIT_CORE), ("no file output", Resource::RLIMIT_FSIZE)]
    {
        let limit = limit(resource);
        allowed(what, if limit == 0 { Ok(()) } else { Err(format!("limit {limit}")) });
    }
    let spared = SigSet::thread_get_mask().map(|mask| mask.contains(Signal::SIGXFSZ));
    allowed(
        "no death by a full error output",
        if spared == Ok(true) { Ok(()) } else { Err(format!("{spared:?}")) },
    );
    let signal = prctl::get_pdeathsig();
    allowed(
        "death with the parent",
        if signal == Ok(Some(Signal::SIGKILL)) { Ok(()) } else { Err(format!("{signal:?}")) },
    );
    for (what, found, wanted) in [
        ("no new rights", prctl::get_no_new_privs(), true),
        ("not dumpable", prctl::get_dumpable(), false),
    ] {
        allowed(what, if found == Ok(wanted) { Ok(()) } else { Err(format!("{found:?}")) });
    }
    let reserved = Vec::<u8>::new().try_reserve_exact(TOO_MUCH);
    allowed(BOUND, if reserved.is_err() { Ok(()) } else { Err("none".into()) });
    let score = std::fs::read_to_string("/proc/self/oom_score_adj").unwrap_or_default();
    allowed(
        "first to go",
        if score.trim() == "1000" { Ok(()) } else { Err(format!("score {score:?}")) },
    );
    all
}

/// A file that is opened for reading and writing must be a device: only Landlock tells them apart.
fn changing(folder: &Path, landlocked: bool) -> Attempt {
    let what = "opening for reading and writing";
    match OpenOptions::new().read(true).write(true).open(folder.join("model")) {
        Ok(_) => Attempt { what, right: !landlocked, how: "was possible".into() },
        Err(error) => Attempt { what, right: denied(&error), how: error.to_string() },
    }
}

/// The driver of a GPU names the threads it starts, and gives up where it cannot.
fn naming(landlocked: bool) -> Attempt {
    let what = "naming a thread";
    let (tell, told) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        let _ = tell.send(nix::unistd::gettid());
        let _ = ended.recv();
    });
    let named = told.recv().map_err(std::io::Error::other).and_then(|thread| {
        let path = format!("/proc/self/task/{thread}/comm");
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        std::io::Write::write_all(&mut file, b"named")?;
        std::fs::read_to_string(&path)
    });
    drop(end);
    let _ = thread.join();
    match named {
        Ok(name) => Attempt { what, right: name.trim() == "named", how: name.trim().into() },
        // Without Landlock no file is opened for writing.
        Err(error) => Attempt { what, right: !landlocked, how: error.to_string() },
    }
}

/// A stray print must not go wherever the parent's standard output goes.
fn output_leads_to_errors() -> Attempt {
    let to = |fd: u8| std::fs::read_link(format!("/proc/self/fd/{fd}"));
    let (output, errors) = (to(1), to(2));
    Attempt {
        what: "standard output joined to errors",
        right: output.as_ref().is_ok_and(|to| errors.as_ref().is_ok_and(|other| to == other)),
        how: format!("{output:?} and {errors:?}"),
    }
}

/// What an engine with a loaded model is: without any file.
fn sealed(folder: &Path) -> Attempt {
    let what = "opening the model again";
    let result = seal()
        .map_err(std::io::Error::other)
        .and_then(|()| File::open(folder.join("model")).map(drop));
    match result {
        Ok(()) => Attempt { what, right: false, how: "was possible".into() },
        Err(error) => Attempt { what, right: denied(&error), how: error.to_string() },
    }
}

/// The listing's own descriptor is in the listing, and closed once it is read.
fn is_open(fd: std::os::fd::RawFd) -> bool {
    Path::new("/proc/self/fd").join(fd.to_string()).symlink_metadata().is_ok()
}

fn denied(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied
        || error.raw_os_error() == Some(libc::EPERM)
        || error.raw_os_error() == Some(libc::ENOSYS)
}
