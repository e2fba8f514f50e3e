//! The seccomp filter.
//!
//! A list of what is refused, not of what is allowed: libraries and allocators differ in what
//! they call, and a missing entry there would kill the engine on somebody's machine. Refused
//! calls fail with EPERM, so that code that copes with an error still does. The server's
//! processes belong to the same user as the engine, so calls that reach another process by its
//! number are refused even where they look harmless.

use std::collections::BTreeMap;

use libc::c_long;
#[cfg(target_arch = "x86_64")]
use seccompiler::sock_filter;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

#[cfg(target_arch = "x86_64")]
const ARCH: TargetArch = TargetArch::x86_64;
#[cfg(target_arch = "aarch64")]
const ARCH: TargetArch = TargetArch::aarch64;

/// Refused whatever their arguments are.
const REFUSED: &[c_long] = &[
    // Other machines and processes.
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_kcmp,
    libc::SYS_process_mrelease,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_msgget,
    libc::SYS_msgctl,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_semget,
    libc::SYS_semctl,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    // These take a process, and the server's belong to the same user.
    libc::SYS_setpriority,
    libc::SYS_ioprio_set,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_setattr,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setscheduler,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
    // Other programs.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_memfd_create,
    // Changing files.
    libc::SYS_openat2,
    libc::SYS_open_by_handle_at,
    libc::SYS_truncate,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_unlinkat,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_fsetxattr,
    libc::SYS_lsetxattr,
    // The system.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_io_uring_setup,
    libc::SYS_io_setup,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_personality,
    libc::SYS_pkey_mprotect,
    libc::SYS_fanotify_init,
];

/// Calls that newer architectures do not have.
#[cfg(target_arch = "x86_64")]
const REFUSED_LEGACY: &[c_long] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_creat,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_link,
    libc::SYS_symlink,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_mknod,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utimes,
    libc::SYS_ioperm,
    libc::SYS_iopl,
    libc::SYS_modify_ldt,
];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_LEGACY: &[c_long] = &[libc::SYS_renameat];

/// What opens files.
const OPENING: &[c_long] = &[
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    libc::SYS_openat,
];

/// Commands of `fcntl` that make the kernel send a signal of choice to a process of choice.
const SIGNALLING_FCNTL: &[i32] = &[libc::F_SETOWN, F_SETSIG, F_SETOWN_EX];
const F_SETSIG: i32 = 10;
const F_SETOWN_EX: i32 = 15;

/// The same of `ioctl`, and typing into a terminal.
const REFUSED_IOCTL: &[i32] = &[FIOSETOWN, SIOCSPGRP, TIOCSTI, TIOCLINUX];
const FIOSETOWN: i32 = 0x8901;
const SIOCSPGRP: i32 = 0x8902;
const TIOCSTI: i32 = 0x5412;
const TIOCLINUX: i32 = 0x541C;

/// What was given up and must not come back: tracing, and death with the parent.
const REFUSED_PRCTL: &[i32] =
    &[libc::PR_SET_DUMPABLE, libc::PR_SET_PDEATHSIG, libc::PR_SET_PTRACER];

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Puts the filter on every thread of the process, for ever.
pub(super) fn apply() -> Result<(), String> {
    apply_to_numbers()?;
    install(refused().map_err(|error| error.to_string())?, libc::EPERM)
}

/// As [`apply`], and yet connections to other machines are possible.
pub(super) fn apply_with_network() -> Result<(), String> {
    apply_to_numbers()?;
    let rules = refused().and_then(with_network).map_err(|error| error.to_string())?;
    install(rules, libc::EPERM)
}

/// As [`apply`], and yet files can be opened for reading and writing, where Landlock lets them, and
/// code mapped from files: what the driver of a GPU does whenever it needs memory or a library.
pub(super) fn apply_with_gpu() -> Result<(), String> {
    apply_to_numbers()?;
    let rules = refused().and_then(with_gpu).map_err(|error| error.to_string())?;
    install(rules, libc::EPERM)
}

/// Leaves no other way to make a call than those the lists look at.
fn apply_to_numbers() -> Result<(), String> {
    #[cfg(target_arch = "x86_64")]
    seccompiler::apply_filter_all_threads(&no_x32()).map_err(|error| error.to_string())?;
    // glibc falls back to clone where clone3 is unknown, and clone's flags can be looked at.
    let mut unknown = Rules::new();
    unknown.insert(libc::SYS_clone3, Vec::new());
    install(unknown, libc::ENOSYS)?;
    Ok(())
}

/// No file is opened from here on, on any thread.
pub(super) fn apply_seal() -> Result<(), String> {
    install(OPENING.iter().map(|call| (*call, Vec::new())).collect(), libc::EPERM)
}

/// Kernels that still have the x32 calls take each by a second number, which a list of the plain
/// numbers would not see.
#[cfg(target_arch = "x86_64")]
fn no_x32() -> BpfProgram {
    const LOAD_NUMBER: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const JUMP_IF_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    const X32: u32 = 0x4000_0000;
    let step = |code, jf, k| sock_filter { code, jt: 0, jf, k };
    vec![
        step(LOAD_NUMBER, 0, 0),
        step(JUMP_IF_AT_LEAST, 1, X32),
        step(RETURN, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        step(RETURN, 0, libc::SECCOMP_RET_ALLOW),
    ]
}

fn install(rules: Rules, errno: i32) -> Result<(), String> {
    let filter =
        SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Errno(errno as u32), ARCH)
            .map_err(|error| error.to_string())?;
    let program: BpfProgram = filter.try_into().map_err(|error: BackendError| error.to_string())?;
    seccompiler::apply_filter_all_threads(&program).map_err(|error| error.to_string())
}

fn refused() -> Result<Rules, BackendError> {
    let mut rules = Rules::new();
    for call in REFUSED.iter().chain(REFUSED_LEGACY) {
        rules.insert(*call, Vec::new());
    }
    let masked = |argument: u8, mask: i32, value: i32| {
        SeccompRule::new(vec![under_mask(argument, mask, value)?])
    };
    let for_writing = |argument: u8| {
        Ok::<_, BackendError>(vec![
            masked(argument, libc::O_ACCMODE, libc::O_WRONLY)?,
            masked(argument, libc::O_ACCMODE, libc::O_RDWR)?,
            masked(argument, libc::O_CREAT, libc::O_CREAT)?,
            masked(argument, libc::O_TRUNC, libc::O_TRUNC)?,
        ])
    };
    rules.insert(libc::SYS_openat, for_writing(2)?);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_open, for_writing(1)?);
    // Threads, yes; processes, no.
    rules.insert(libc::SYS_clone, vec![masked(0, libc::CLONE_THREAD, 0)?]);
    // Nothing here makes code at run time.
    let executable = || Ok::<_, BackendError>(vec![masked(2, libc::PROT_EXEC, libc::PROT_EXEC)?]);
    rules.insert(libc::SYS_mmap, executable()?);
    rules.insert(libc::SYS_mprotect, executable()?);
    let number = |argument: u8, operator: SeccompCmpOp, value: u64| {
        SeccompRule::new(vec![compared(argument, operator, value)?])
    };
    // abort() signals its own thread; nobody else's.
    let own = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, vec![number(0, SeccompCmpOp::Ne, own)?]);
    // Its own limits, which only go down; not those of another process of the same user.
    rules.insert(libc::SYS_prlimit64, vec![number(0, SeccompCmpOp::Ne, 0)?]);
    for (call, argument, commands) in [
        (libc::SYS_fcntl, 1, SIGNALLING_FCNTL),
        (libc::SYS_ioctl, 1, REFUSED_IOCTL),
        (libc::SYS_prctl, 0, REFUSED_PRCTL),
    ] {
        let refused = commands.iter().map(|c| number(argument, SeccompCmpOp::Eq, *c as u64));
        rules.insert(call, refused.collect::<Result<_, _>>()?);
    }
    Ok(rules)
}

/// Lets go of what a client of a server and the C library's search for names need.
///
/// Sockets of this machine stay refused: by one of them the server lets its own user in. So do
/// protocols and ways of connecting that Landlock does not count as TCP.
fn with_network(mut rules: Rules) -> Result<Rules, BackendError> {
    let others = |argument: u8, allowed: &[i32]| {
        let each =
            allowed.iter().map(|value| compared(argument, SeccompCmpOp::Ne, *value as u32 as u64));
        SeccompRule::new(each.collect::<Result<_, _>>()?)
    };
    let connect = libc::SYS_connect;
    rules.remove(&connect);
    let socket = libc::SYS_socket;
    let protocols = [libc::IPPROTO_IP, libc::IPPROTO_TCP, libc::IPPROTO_UDP];
    rules
        .insert(socket, vec![others(0, &[libc::AF_INET, libc::AF_INET6])?, others(2, &protocols)?]);
    // It connects without a call that connects.
    for (call, flags) in [(libc::SYS_sendto, 3), (libc::SYS_sendmsg, 2), (libc::SYS_sendmmsg, 3)] {
        let fast_open = under_mask(flags, libc::MSG_FASTOPEN, libc::MSG_FASTOPEN)?;
        rules.insert(call, vec![SeccompRule::new(vec![fast_open])?]);
    }
    with_libraries(rules)
}

/// Lets go of what the driver of a GPU needs: its devices are opened for reading and writing.
///
/// What is still refused is opening for writing alone, making and emptying files.
fn with_gpu(mut rules: Rules) -> Result<Rules, BackendError> {
    let opening = |argument: u8| {
        let refused = [
            (libc::O_ACCMODE, libc::O_WRONLY),
            (libc::O_CREAT, libc::O_CREAT),
            (libc::O_TRUNC, libc::O_TRUNC),
        ];
        let rule = |(mask, value)| SeccompRule::new(vec![under_mask(argument, mask, value)?]);
        refused.into_iter().map(rule).collect::<Result<Vec<_>, BackendError>>()
    };
    rules.insert(libc::SYS_openat, opening(2)?);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_open, opening(1)?);
    with_libraries(rules)
}

/// Lets libraries be loaded: code that is there already, mapped from files nobody here can write.
fn with_libraries(mut rules: Rules) -> Result<Rules, BackendError> {
    let code = libc::PROT_EXEC;
    let code_and_data = libc::PROT_EXEC | libc::PROT_WRITE;
    let map = libc::SYS_mmap;
    let made =
        vec![under_mask(2, code, code)?, under_mask(3, libc::MAP_ANONYMOUS, libc::MAP_ANONYMOUS)?];
    let changeable = vec![under_mask(2, code_and_data, code_and_data)?];
    rules.insert(map, vec![SeccompRule::new(made)?, SeccompRule::new(changeable)?]);
    Ok(rules)
}

fn under_mask(argument: u8, mask: i32, value: i32) -> Result<SeccompCondition, BackendError> {
    compared(argument, SeccompCmpOp::MaskedEq(mask as u32 as u64), value as u32 as u64)
}

fn compared(
    argument: u8,
    operator: SeccompCmpOp,
    value: u64,
) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)
}
