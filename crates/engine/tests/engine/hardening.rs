//! What a hardened engine cannot do, tried from inside by the binary itself.

use std::collections::BTreeMap;
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};

use crate::support::ModelFile;

/// The report as pairs of what was tried and how it came out.
fn report() -> (BTreeMap<String, String>, String) {
    let file = ModelFile::new(b"any");
    // A copy without close-on-exec, as a careless parent would leave it to its child.
    let leaked = nix::unistd::dup(std::fs::File::open(&file.path).unwrap()).unwrap();
    assert!(leaked.as_raw_fd() > 2);
    let output = Command::new(env!("CARGO_BIN_EXE_text2sql-engine"))
        .arg("--check-hardening")
        .arg(file.folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once(": "));
    (lines.map(|(what, how)| (what.to_owned(), how.to_owned())).collect(), text)
}

#[test]
fn nothing_that_must_fail_succeeds_and_nothing_needed_fails() {
    let (found, text) = report();
    assert_eq!(found.get("harden").map(String::as_str), Some("done"), "{text}");
    assert!(!text.contains("WRONG"), "{text}");
    for what in [
        "no other descriptors",
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
        "a bound on memory",
        "opening the model again",
    ] {
        let how = found.get(what).unwrap_or_else(|| panic!("{what} was not tried: {text}"));
        assert!(how.starts_with("ok"), "{what}: {how}");
    }
}

/// Without this, the test above could pass because the copy was never inherited.
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
