//! A short run with a fixed seed: part of every round of tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use text2sql_fuzz::campaign::{Campaign, Plan, without_server};
use text2sql_fuzz::corpus::Corpus;
use text2sql_fuzz::findings::Findings;
use text2sql_fuzz::mutate::Ground;
use text2sql_fuzz::playground::Playground;
use text2sql_fuzz::roles;
use text2sql_fuzz::state::Witness;
use text2sql_fuzz::vocabulary::Vocabulary;
use text2sql_testkit::cluster::Cluster;

const SEED: u64 = 15;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../security")
}

/// Statements by number, not by time: the same on every machine, which may be slow. The corpus
/// itself is another test's.
fn plan(corpus: &Corpus, statements: u64) -> Plan {
    let first = corpus.len() as u64;
    let hour = Duration::from_secs(3600);
    Plan { seed: SEED, first, last: Some(first + statements - 1), time: hour, margin: hour }
}

#[test]
fn no_statement_makes_the_first_gate_panic() {
    let ground =
        Ground { corpus: Corpus::read(&corpus()).unwrap(), vocabulary: Vocabulary::small() };
    let mut findings = Findings::new(SEED, None).unwrap();
    without_server(plan(&ground.corpus, 20_000), &ground, &mut findings).unwrap();
    assert_eq!(findings.statements, 20_000);
    assert_eq!(findings.count(), 0);
}

#[test]
fn no_statement_gets_past_the_guard() {
    if !Cluster::is_available() {
        println!("skipped: TEXT2SQL_PG_CONFIG names no server to test against");
        return;
    }
    let begun = Instant::now();
    let playground = Playground::start(&corpus().join("setup")).unwrap();
    let ground = Ground {
        corpus: Corpus::read(&corpus()).unwrap(),
        vocabulary: Vocabulary::ask(&mut playground.superuser().unwrap()).unwrap(),
    };
    let mut findings = Findings::new(SEED, None).unwrap();
    let plan = plan(&ground.corpus, 2000);
    Campaign::new(&playground, &mut findings, roles::ALL).unwrap().run(plan, &ground).unwrap();
    println!("{}", findings.summary(begun.elapsed()));
    assert_eq!(findings.count(), 0);
    // A run in which little is accepted, or nothing is compared, shows nothing.
    assert!(findings.accepted > 80, "only {} were accepted", findings.accepted);
    assert!(findings.compared * 2 > findings.accepted, "only {} were compared", findings.compared);
}

/// A fuzzer that finds nothing may be blind: here it has something to see.
#[test]
fn what_is_wrong_is_found() {
    if !Cluster::is_available() {
        println!("skipped: TEXT2SQL_PG_CONFIG names no server to test against");
        return;
    }
    let playground = Playground::start(&corpus().join("setup")).unwrap();
    let mut superuser = playground.superuser().unwrap();

    let mut witness = Witness::connect(&playground).unwrap();
    assert_eq!(witness.changes().unwrap(), None);
    for change in [
        "INSERT INTO mallory.loot (what) VALUES ('x')",
        "SELECT nextval('shop.seq1')",
        "SELECT lo_create(0)",
        "NOTIFY exfil, 'x'",
        "SELECT pg_advisory_lock(1)",
        "COPY (SELECT 1) TO PROGRAM 'touch ../x.ran'",
        "COMMENT ON TABLE shop.orders IS 'x'",
    ] {
        superuser.batch_execute(change).unwrap();
        assert!(witness.changes().unwrap().is_some(), "{change}");
        assert_eq!(witness.changes().unwrap(), None, "after {change}");
    }

    // With a shared reader's rights the guard gives what the caller may not read.
    superuser
        .batch_execute("ALTER ROLE app_user SET text2sql.execution_role = 't2s_reader'")
        .unwrap();
    let statements = ["SELECT v FROM shop.reader_only", "SELECT count(*) FROM shop.hr_notes"];
    let ground = Ground { corpus: Corpus::of(&[], &statements), vocabulary: Vocabulary::small() };
    let plan = Plan { first: 0, last: Some(1), ..plan(&ground.corpus, 1) };
    let mut findings = Findings::new(SEED, None).unwrap();
    let roles = [roles::APPLICATION];
    Campaign::new(&playground, &mut findings, &roles).unwrap().run(plan, &ground).unwrap();
    let summary = findings.summary(Duration::from_secs(1));
    for kind in ["leak", "forbidden", "more"] {
        assert!(summary.contains(kind), "no {kind}: {summary}");
    }
}
