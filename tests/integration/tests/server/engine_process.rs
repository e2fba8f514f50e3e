//! The engine as the worker starts it, looked at from outside: what it was handed, and what the
//! real one gave up.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use text2sql_integration::{SHOP, Server, eventually, rule};

use crate::tiny_model::Model;

fn scripted() -> Option<Server> {
    let server = Server::start(&[rule("customers", "SELECT count(*) AS n FROM shop.customers")])?;
    server.await_state("ready");
    Some(server)
}

/// What a program prints when the server's own user runs it; an error where that user may not.
fn as_server(server: &Server, program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = server.cluster.as_server_user(program).args(arguments).output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Where the descriptors of a process lead to.
fn descriptors(server: &Server, pid: &str) -> BTreeSet<(u32, String)> {
    let listing = as_server(
        server,
        "/usr/bin/find",
        &[&format!("/proc/{pid}/fd"), "-type", "l", "-printf", "%f %l\n"],
    )
    .unwrap();
    let pairs = listing.lines().filter_map(|line| line.split_once(' '));
    pairs.map(|(fd, to)| (fd.parse().unwrap(), to.to_owned())).collect()
}

fn proc_file(server: &Server, pid: &str, name: &str) -> Result<String, String> {
    as_server(server, "/bin/cat", &[&format!("/proc/{pid}/{name}")])
}

/// The scripted engine keeps what it is handed, and lets itself be looked at.
#[test]
fn the_engine_is_handed_one_socket_and_nothing_else() {
    let Some(server) = scripted() else { return };
    let (engine, worker) = (server.status("engine_pid"), server.status("worker_pid"));
    let descriptors = descriptors(&server, &engine);
    let sockets: BTreeSet<_> =
        descriptors.iter().filter(|(_, to)| to.starts_with("socket:")).map(|(_, to)| to).collect();
    assert_eq!(sockets.len(), 1, "{descriptors:?}");
    let others: Vec<_> = descriptors.iter().filter(|(_, to)| !to.starts_with("socket:")).collect();
    assert_eq!(others.len(), 2, "{descriptors:?}");
    assert_eq!(others[0], &(1, "/dev/null".to_owned()));
    assert_eq!(others[1].0, 2);
    assert!(descriptors.iter().any(|(fd, to)| *fd == 0 && to.starts_with("socket:")));

    let environment = proc_file(&server, &engine, "environ").unwrap();
    let names: BTreeSet<_> = environment
        .split('\0')
        .filter(|line| !line.is_empty())
        .map(|line| line.split('=').next().unwrap())
        .collect();
    let expected =
        ["CANDLE_NUM_THREADS", "CUDA_DEVICE_ORDER", "RAYON_NUM_THREADS", "TOKENIZERS_PARALLELISM"];
    assert_eq!(names, BTreeSet::from(expected));

    let maps = proc_file(&server, &engine, "maps").unwrap();
    let shared = |line: &&str| line.split_whitespace().nth(1).is_some_and(|p| p.ends_with('s'));
    assert_eq!(maps.lines().find(shared), None, "a mapping is shared");
    // The same look at the worker does find some: it would not be in vain.
    let maps = proc_file(&server, &worker, "maps").unwrap();
    assert!(maps.lines().any(|line| shared(&line)));

    let stat = proc_file(&server, &engine, "stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    assert_eq!(fields[1], worker, "its parent is the worker");
    assert_eq!(fields[3], engine, "a session of its own");
    let status = proc_file(&server, &engine, "status").unwrap();
    assert!(status.contains("SigBlk:\t0000000000000000"), "{status}");
    let folder = as_server(&server, "/bin/readlink", &[&format!("/proc/{engine}/cwd")]).unwrap();
    assert_eq!(folder.trim(), "/");
}

#[test]
fn the_real_engine_has_given_up_its_rights() {
    let model = Model::new("process");
    let rules = json!({ "rules": [] });
    let Some(server) = Server::start_with(rules, model.config(), SHOP) else { return };
    server.await_state("ready");
    let engine = server.status("engine_pid");
    let tasks = as_server(&server, "/bin/ls", &[&format!("/proc/{engine}/task")]).unwrap();
    for task in tasks.lines() {
        let status = proc_file(&server, &engine, &format!("task/{task}/status")).unwrap();
        // The filters: numbers of another kind, clone3, what is refused, no more files.
        for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "Seccomp_filters:\t4"] {
            assert!(status.contains(line), "{line} is missing in {status}");
        }
    }
    let limits = proc_file(&server, &engine, "limits").unwrap();
    for (limit, value) in [
        ("Max core file size", Some("0")),
        ("Max file size", Some("0")),
        ("Max open files", Some("56")),
        ("Max address space", None),
    ] {
        let line = limits.lines().find(|line| line.starts_with(limit)).unwrap();
        let mut values = line[limit.len()..].split_whitespace();
        let (soft, hard) = (values.next().unwrap(), values.next().unwrap());
        assert_eq!(soft, hard, "{line}");
        assert_ne!(soft, "unlimited", "{line}");
        assert!(value.is_none_or(|value| value == soft), "{line}");
    }
    assert_eq!(proc_file(&server, &engine, "oom_score_adj").unwrap().trim(), "1000");
    // Not dumpable: not even the user it belongs to can look into it.
    for name in ["environ", "maps", "mem", "fd/0", "auxv"] {
        assert!(proc_file(&server, &engine, name).is_err(), "{name} can be read");
    }
    let log = server.cluster.log_text();
    assert!(!log.contains("seccomp") && !log.contains("without a bound"), "{log}");
}

/// A stopped process cannot notice that its socket is closed.
#[test]
fn even_a_stopped_engine_dies_with_its_worker() {
    let Some(server) = scripted() else { return };
    let engine = server.status("engine_pid");
    server.signal("-STOP", &engine);
    server.signal("-KILL", &server.status("worker_pid"));
    eventually("the engine is gone", Duration::from_secs(20), || {
        !PathBuf::from(format!("/proc/{engine}")).exists()
    });
}
