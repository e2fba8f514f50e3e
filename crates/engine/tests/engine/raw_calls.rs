//! System calls that no safe function makes, tried from inside a hardened process.
//!
//! The process is this test program, started again: rights do not come back.

use std::process::{Command, Stdio};

use libc::c_long;
use text2sql_engine::hardening;

use crate::support::ModelFile;

/// Names the folder to the process that is started again.
const FOLDER: &str = "TEXT2SQL_RAW_CALLS";

/// A call and its arguments: harmless where it is not refused, so that a missing refusal shows
/// as another outcome and does no damage.
fn calls() -> Vec<(&'static str, c_long, [c_long; 6])> {
    let parent = c_long::from(nix::unistd::getppid().as_raw());
    let none = c_long::from(-1);
    let exec = c_long::from(libc::PROT_READ | libc::PROT_EXEC);
    let private = c_long::from(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let x32 = 0x4000_0000;
    vec![
        ("signal by thread", libc::SYS_tgkill, [parent, parent, 0, 0, 0, 0]),
        ("signal by process descriptor", libc::SYS_pidfd_open, [parent, 0, 0, 0, 0, 0]),
        ("signal by owner of a descriptor", libc::SYS_fcntl, [0, 8, parent, 0, 0, 0]),
        ("choice of that signal", libc::SYS_fcntl, [0, 10, 9, 0, 0, 0]),
        ("owner of a descriptor, extended", libc::SYS_fcntl, [0, 15, 0, 0, 0, 0]),
        ("owner of a socket", libc::SYS_ioctl, [0, 0x8901, 0, 0, 0, 0]),
        ("group of a socket", libc::SYS_ioctl, [0, 0x8902, 0, 0, 0, 0]),
        ("typing into a terminal", libc::SYS_ioctl, [0, 0x5412, 0, 0, 0, 0]),
        ("limits of the parent", libc::SYS_prlimit64, [parent, 0, 0, 0, 0, 0]),
        ("priority of the parent", libc::SYS_setpriority, [9, parent, 0, 0, 0, 0]),
        ("priority of its files", libc::SYS_ioprio_set, [9, parent, 0, 0, 0, 0]),
        ("processors of the parent", libc::SYS_sched_setaffinity, [parent, 0, 0, 0, 0, 0]),
        ("scheduling of the parent", libc::SYS_sched_setscheduler, [parent, 99, 0, 0, 0, 0]),
        ("pages of the parent", libc::SYS_migrate_pages, [parent, 0, 0, 0, 0, 0]),
        ("tracing", libc::SYS_ptrace, [none, parent, 0, 0, 0, 0]),
        ("reading memory", libc::SYS_process_vm_readv, [parent, 0, 0, 0, 0, 0]),
        ("writing memory", libc::SYS_process_vm_writev, [parent, 0, 0, 0, 0, 0]),
        ("shared memory", libc::SYS_shmget, [0, 4096, 0, 0, 0, 0]),
        ("shared memory of others", libc::SYS_shmat, [none, 0, 0, 0, 0, 0]),
        ("removing shared memory", libc::SYS_shmctl, [none, 0, 0, 0, 0, 0]),
        ("semaphores of others", libc::SYS_semop, [none, 0, 0, 0, 0, 0]),
        ("removing semaphores", libc::SYS_semctl, [none, 0, 0, 0, 0, 0]),
        ("messages", libc::SYS_msgsnd, [none, 0, 0, 0, 0, 0]),
        ("a process", libc::SYS_clone, [c_long::from(libc::SIGCHLD), 0, 0, 0, 0, 0]),
        ("another program", libc::SYS_execveat, [none, 0, 0, 0, 0, 0]),
        ("a program in memory", libc::SYS_memfd_create, [0, 0, 0, 0, 0, 0]),
        ("code", libc::SYS_mmap, [0, 4096, exec, private, -1, 0]),
        ("code later", libc::SYS_mprotect, [0, 0, exec, 0, 0, 0]),
        ("opening another way", libc::SYS_openat2, [none, 0, 0, 0, 0, 0]),
        ("calls in a ring", libc::SYS_io_uring_setup, [1, 0, 0, 0, 0, 0]),
        ("page faults", libc::SYS_userfaultfd, [0, 0, 0, 0, 0, 0]),
        ("programs for the kernel", libc::SYS_bpf, [none, 0, 0, 0, 0, 0]),
        ("counters of the processor", libc::SYS_perf_event_open, [0, 0, 0, 0, 0, 0]),
        ("namespaces", libc::SYS_unshare, [0, 0, 0, 0, 0, 0]),
        ("a second number of getpid", x32 | libc::SYS_getpid, [0; 6]),
        ("a second number of execve", x32 | 520, [0; 6]),
    ]
}

/// Makes a call; the number of the error, 0 for success.
fn outcome(number: c_long, arguments: [c_long; 6]) -> i32 {
    let [a, b, c, d, e, f] = arguments;
    // SAFETY: the table has only calls whose arguments are numbers or null pointers.
    let result = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if number == libc::SYS_clone && result == 0 {
        // SAFETY: the child that must not be there leaves without running anything of ours.
        unsafe { libc::_exit(0) };
    }
    if result == -1 { std::io::Error::last_os_error().raw_os_error().unwrap_or(0) } else { 0 }
}

#[test]
#[ignore = "gives up the rights of its process: started by the test below, in one of its own"]
fn from_inside() {
    let folder = std::env::var_os(FOLDER).expect("started by the other test");
    hardening::harden().unwrap();
    let missing = hardening::confine(folder.as_ref(), &[]);
    assert!(!missing.iter().any(|line| line.starts_with("seccomp")), "{missing:?}");
    let wrong: Vec<_> = calls()
        .into_iter()
        .map(|(what, number, arguments)| (what, outcome(number, arguments)))
        .filter(|(_, error)| *error != libc::EPERM)
        .collect();
    assert!(wrong.is_empty(), "not refused, and what they gave: {wrong:?}");
    // Not EPERM: the C library then takes the older call, whose flags the filter looks at.
    assert_eq!(outcome(libc::SYS_clone3, [0; 6]), libc::ENOSYS);
}

#[test]
fn no_call_reaches_another_process_or_makes_code() {
    let file = ModelFile::new(b"any");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "raw_calls::from_inside", "--ignored", "--test-threads=1"])
        .env(FOLDER, file.folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}
