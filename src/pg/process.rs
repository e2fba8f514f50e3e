//! Starting the engine: a child of the background worker, cut off from the server.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Starts `program` with one end of a socket pair as its standard input and nothing else of the
/// server's: no descriptor, no environment, no signal mask. Returns the child and our end.
///
/// # Errors
/// The operating system's, where the program cannot be started.
pub fn spawn_engine(program: &Path, threads: u32) -> io::Result<(Child, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let threads = threads.to_string();
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("RAYON_NUM_THREADS", &threads)
        .env("CANDLE_NUM_THREADS", &threads)
        .env("TOKENIZERS_PARALLELISM", "false")
        // GPUs are numbered as nvidia-smi numbers them, not by their speed.
        .env("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .stderr(Stdio::inherit());
    // SAFETY: between fork and exec only async-signal-safe system calls are made.
    unsafe { command.pre_exec(isolate) };
    Ok((command.spawn()?, ours))
}

/// Runs in the child between fork and exec.
fn isolate() -> io::Result<()> {
    unblock_signals()?;
    // SAFETY: plain system call; a session of its own keeps terminal signals away.
    unsafe { libc::setsid() };
    // SAFETY: plain system call; the engine dies with the worker, however that ends.
    if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: plain system call; marks rather than closes, so that the standard library can
    // still report a failing exec through its own pipe.
    let marked =
        unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if marked != 0 {
        close_each_on_exec();
    }
    Ok(())
}

/// The server blocks some signals while it starts a process, and a mask outlives exec.
fn unblock_signals() -> io::Result<()> {
    let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: fills the set it is given; async-signal-safe.
    unsafe { libc::sigemptyset(none.as_mut_ptr()) };
    // SAFETY: the set was filled above; plain system call.
    match unsafe { libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// What `close_range` does, for kernels before 5.11.
fn close_each_on_exec() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place for the answer.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        limit.rlim_cur = 65_536;
    }
    let end = i32::try_from(limit.rlim_cur).unwrap_or(65_536);
    for fd in 3..end {
        // SAFETY: setting a flag on a descriptor that is not open fails without effect.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}
