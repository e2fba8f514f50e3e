//! What a hardened engine cannot do, tried from inside by the binary itself.

use std::collections::BTreeMap;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{Command, Stdio};

use text2sql_testkit::child::Engine;

use crate::support::ModelFile;

/// The report as pairs of what was tried and how it came out.
fn report(argument: &str) -> (BTreeMap<String, String>, String) {
    let file = ModelFile::new(b"any");
    // A copy without close-on-exec, as a careless parent would leave it to its child.
    let leaked = nix::unistd::dup(std::fs::File::open(&file.path).unwrap()).unwrap();
    assert!(leaked.as_raw_fd() > 2);
    let output = Command::new(env!("CARGO_BIN_EXE_text2sql-engine"))
        .arg(argument)
        .arg(file.folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once(": "));
    (lines.map(|(what, how)| (what.to_owned(), how.to_owned())).collect(), text)
}

/// What is tried of every engine.
const OF_ALL: &[&str] = &[
    "no other descriptors",
    "standard output joined to errors",
    "no new rights before the filter",
    "no death by a full error output",
    "first to go",
    "tcp socket",
    "tcp connect",
    "udp socket",
    "unix socket",
    "socket pair",
    "another program",
    "new file",
    "opening for writing",
    "removing a file",
    "renaming a file",
    "making a folder",
    "signalling the parent",
    "raising the file limit",
    "staying after the parent",
    "being traced",
    "reading /etc/passwd",
    "listing /",
    "reading the model",
    "a thread",
    "no core dumps",
    "no file output",
    "death with the parent",
    "no new rights",
    "not dumpable",
];

fn nothing_is_wrong(argument: &str, more: &[&str]) {
    let (found, text) = report(argument);
    assert_eq!(found.get("harden").map(String::as_str), Some("done"), "{text}");
    assert!(!text.contains("WRONG"), "{text}");
    for what in OF_ALL.iter().chain(more) {
        let how = found.get(*what).unwrap_or_else(|| panic!("{what} was not tried: {text}"));
        assert!(how.starts_with("ok"), "{what}: {how}");
    }
}

#[test]
fn nothing_that_must_fail_succeeds_and_nothing_needed_fails() {
    nothing_is_wrong("--check-hardening", &["a bound on memory", "opening the model again"]);
}

/// With a GPU or without: what is tried is what a driver does not need.
#[test]
fn an_engine_for_a_gpu_is_confined_but_for_what_its_driver_needs() {
    nothing_is_wrong(
        "--check-gpu-hardening",
        &["opening for reading and writing", "naming a thread"],
    );
}

/// As the worker starts it, before it is told of a model: what the kernel can always do is done.
#[test]
fn an_engine_gives_up_what_it_can_before_it_says_hello() {
    let file = ModelFile::new(b"any");
    // A careless parent again, of this process's other children too.
    let leaked = nix::unistd::dup(std::fs::File::open(&file.path).unwrap()).unwrap();
    assert!(leaked.as_raw_fd() > 2);
    let mut engine = Engine::start(Path::new(env!("CARGO_BIN_EXE_text2sql-engine"))).unwrap();
    engine.report().unwrap();
    let of_process = format!("/proc/{}", engine.id());
    for entry in std::fs::read_dir(format!("{of_process}/fd")).unwrap() {
        let leads_to = std::fs::read_link(entry.unwrap().path()).unwrap();
        assert_ne!(leads_to, file.path);
    }
    let status = std::fs::read_to_string(format!("{of_process}/status")).unwrap();
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    let limits = std::fs::read_to_string(format!("{of_process}/limits")).unwrap();
    for (limit, value) in
        [("Max core file size", "0"), ("Max file size", "0"), ("Max open files", "56")]
    {
        let line = limits.lines().find(|line| line.starts_with(limit)).unwrap();
        let values: Vec<_> = line[limit.len()..].split_whitespace().take(2).collect();
        assert_eq!(values, [value, value], "{line}");
    }
}

/// Without this, the tests above could pass because the copy was never inherited.
#[test]
fn a_careless_parent_does_leak_descriptors() {
    let leaked = nix::unistd::dup(std::fs::File::open("/dev/null").unwrap()).unwrap();
    let number = leaked.as_raw_fd();
    let there = Command::new("/bin/sh")
        .args(["-c", &format!("test -e /proc/self/fd/{number}")])
        .status()
        .unwrap();
    assert!(there.success());
}

#[test]
fn a_person_who_starts_it_by_hand_gets_an_error() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_text2sql-engine")).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("not a connected socket"));
}
