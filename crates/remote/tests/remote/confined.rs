//! What the program cannot do, tried from inside a process with its rights.
//!
//! The process is this test program, started again: rights do not come back. What the binary
//! itself gave up is read from /proc.

use std::fs::File;
use std::io::{Error, ErrorKind};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use libc::{c_int, c_long};
use text2sql_engine::hardening;

use crate::server::{Server, answer};
use crate::support::{Client, text};

/// Tells the process that is started again: the port it may connect to, another one, a file it may
/// read and one it may not.
const SETTING: &str = "TEXT2SQL_CONFINED";

fn denied(error: &Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied
}

#[track_caller]
fn refused<T>(what: &str, result: std::io::Result<T>) {
    match result {
        Ok(_) => panic!("{what}: was possible"),
        Err(error) => assert!(denied(&error), "{what}: {error}"),
    }
}

/// Makes a call whose arguments are numbers or null pointers.
fn call(number: c_long, arguments: [c_int; 6]) -> std::io::Result<c_long> {
    let [a, b, c, d, e, f] = arguments.map(c_long::from);
    // SAFETY: no argument is a pointer to memory that is there.
    match unsafe { libc::syscall(number, a, b, c, d, e, f) } {
        -1 => Err(Error::last_os_error()),
        result => Ok(result),
    }
}

#[test]
#[ignore = "gives up the rights of its process: started by the test below, in one of its own"]
fn from_inside() {
    let setting = std::env::var(SETTING).expect("started by the other test");
    let [port, other, readable, hidden] = setting.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{setting}")
    };
    let (port, other): (u16, u16) = (port.parse().unwrap(), other.parse().unwrap());
    let libraries = [c"libnss_hesiod.so.2", c"libnss_compat.so.2"].map(|name| {
        let folders = std::fs::read_dir("/lib").into_iter().flatten().flatten();
        let mut folders = folders.map(|entry| entry.path()).chain([PathBuf::from("/lib64")]);
        (name, folders.any(|folder| folder.join(name.to_str().unwrap()).exists()))
    });
    hardening::harden_with_files(64).unwrap();
    let missing = hardening::confine_with_network(port, &[PathBuf::from(readable)]);
    assert!(!missing.iter().any(|line| line.starts_with("seccomp")), "{missing:?}");

    // What it is for.
    TcpStream::connect(("127.0.0.1", port)).unwrap();
    assert!(("localhost", port).to_socket_addrs().unwrap().count() > 0);
    let unknown = ("nowhere.invalid", port).to_socket_addrs().unwrap_err();
    assert!(!denied(&unknown), "{unknown}");
    File::open(readable).unwrap();
    File::open("/etc/hosts").unwrap();
    // Further ways to look names up are libraries, loaded when they are needed.
    for (library, there) in libraries {
        // SAFETY: the name ends with a zero, and these libraries run nothing when they are loaded.
        let handle = unsafe { libc::dlopen(library.as_ptr(), libc::RTLD_NOW) };
        assert!(!there || !handle.is_null(), "{library:?}");
    }

    // Other machines and this one, by other ways.
    refused("socket of this machine", UnixStream::connect("/run/postgresql/.s.PGSQL.5432"));
    refused("pair of sockets", UnixStream::pair());
    refused("listening", TcpListener::bind("127.0.0.1:0"));
    let (stream, seqpacket) = (libc::SOCK_STREAM, libc::SOCK_SEQPACKET);
    for (what, arguments) in [
        ("netlink", [libc::AF_NETLINK, libc::SOCK_RAW, 0, 0, 0, 0]),
        ("virtual machines", [libc::AF_VSOCK, stream, 0, 0, 0, 0]),
        ("packets", [libc::AF_PACKET, libc::SOCK_RAW, 0, 0, 0, 0]),
        ("TCP over several paths", [libc::AF_INET, stream, libc::IPPROTO_MPTCP, 0, 0, 0]),
        ("SCTP", [libc::AF_INET6, seqpacket, libc::IPPROTO_SCTP, 0, 0, 0]),
        ("ICMP", [libc::AF_INET, libc::SOCK_DGRAM, libc::IPPROTO_ICMP, 0, 0, 0]),
    ] {
        refused(what, call(libc::SYS_socket, arguments));
    }
    let fast = libc::MSG_FASTOPEN;
    refused("connecting by sendto", call(libc::SYS_sendto, [-1, 0, 0, fast, 0, 0]));
    refused("connecting by sendmsg", call(libc::SYS_sendmsg, [-1, 0, fast, 0, 0, 0]));
    refused("connecting by sendmmsg", call(libc::SYS_sendmmsg, [-1, 0, 0, fast, 0, 0]));

    // Programs, processes, files, code.
    refused("another program", Command::new("/bin/true").status());
    refused("signals", call(libc::SYS_kill, [1, 0, 0, 0, 0, 0]));
    refused("tracing", call(libc::SYS_ptrace, [-1, 1, 0, 0, 0, 0]));
    refused("a file for writing", File::options().append(true).open(readable));
    let (code, data) = (libc::PROT_READ | libc::PROT_EXEC, libc::PROT_WRITE);
    let (private, anonymous) = (libc::MAP_PRIVATE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    refused("code", call(libc::SYS_mmap, [0, 4096, code, anonymous, -1, 0]));
    refused("code to write", call(libc::SYS_mmap, [0, 4096, code | data, private, 0, 0]));
    refused("code later", call(libc::SYS_mprotect, [0, 0, code, 0, 0, 0]));

    if missing.iter().any(|line| line.contains("Landlock")) {
        eprintln!("not tried, there is no Landlock: other ports, other files");
        return;
    }
    refused("another port", TcpStream::connect(("127.0.0.1", other)));
    refused("another file", File::open(hidden));
    refused("another folder", std::fs::read_dir("/"));
    refused("processes of others", File::open("/proc/1/status"));
}

#[test]
fn no_other_file_and_no_other_server_is_reached() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for name in ["readable", "hidden"] {
        std::fs::write(path(name), "text").unwrap();
    }
    let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
    let (wanted, other) = (listen(), listen());
    let ports = [&wanted, &other].map(|listener| listener.local_addr().unwrap().port());
    let setting = format!("{} {} {} {}", ports[0], ports[1], path("readable"), path("hidden"));
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "confined::from_inside", "--ignored", "--test-threads=1", "--nocapture"])
        .env(SETTING, setting)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    assert!(output.status.success(), "{said:#?}");
    assert!(said.concat().contains("1 passed"), "{said:#?}");
    let skipped =
        said.iter().flat_map(|said| said.lines()).filter(|line| line.contains("not tried"));
    skipped.for_each(|line| eprintln!("{line}"));
}

#[test]
fn the_binary_runs_confined() {
    let server = Server::start(|_, _| answer("SELECT 1;"));
    let mut client = Client::of(&server);
    let of_process = format!("/proc/{}", client.id());
    let status = std::fs::read_to_string(format!("{of_process}/status")).unwrap();
    assert!(status.contains("NoNewPrivs:\t1") && status.contains("Seccomp:\t2"), "{status}");
    let limits = std::fs::read_to_string(format!("{of_process}/limits")).unwrap();
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(limit("Max core file size"), "0");
    assert_eq!(limit("Max file size"), "0");
    // Four requests at a time.
    assert_eq!(limit("Max address space"), (4u64 << 30).to_string());
    let score = std::fs::read_to_string(format!("{of_process}/oom_score_adj")).unwrap();
    assert_eq!(score.trim(), "1000");
    assert_eq!(text(&client.ask(1, "q")), "SELECT 1");
}

#[test]
fn a_person_who_starts_it_by_hand_gets_an_error() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_text2sql-remote")).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("not a connected socket"));
}
