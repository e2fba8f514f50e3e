//! Answers are never swapped: two roles ask at the same time, each question carries a number that
//! nobody else uses, and questions are cancelled at random moments in every way there is.
//!
//! `TEXT2SQL_SWAP_ROUNDS` says how many questions are asked.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use postgres::Client;
use postgres::error::SqlState;
use serde_json::json;
use text2sql_integration::{SHOP, Server, eventually};
use text2sql_testkit::cluster::Config;

const ROUNDS: usize = 3_000;
const ROLES: [&str; 2] = ["analyst", "auditor"];
const SESSIONS_PER_ROLE: usize = 2;

const SECOND_ROLE: &str = "
    CREATE ROLE auditor LOGIN IN ROLE text2sql_user;
    CREATE TABLE shop.audits (id int, finding text);
    GRANT USAGE ON SCHEMA shop TO auditor;
    GRANT SELECT ON shop.audits TO auditor;
";

/// A small generator of random numbers: the moments differ in each run anyway.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// What all sessions share.
struct Game<'a> {
    server: &'a Server,
    left: AtomicUsize,
    over: AtomicBool,
    /// Backends that ask right now, by number of the session.
    backends: Mutex<BTreeMap<usize, i32>>,
    answered: AtomicUsize,
    cancelled: AtomicUsize,
}

impl Game<'_> {
    fn connect(&self, number: usize, role: &str) -> Client {
        let mut client = self.server.connect(role);
        let pid = client.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
        self.backends.lock().unwrap().insert(number, pid);
        client
    }

    fn next_round(&self) -> Option<usize> {
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .ok()
    }

    /// One session: asks until no round is left.
    fn play(&self, number: usize, role: &str) {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (number as u64 + 1));
        let mut client = self.connect(number, role);
        while let Some(round) = self.next_round() {
            let nonce = format!("{role}{number}x{round}");
            let slow = if dice.below(8) == 0 { "slow " } else { "" };
            let question = format!("which {slow}code {nonce}?");
            match dice.below(200) {
                0 => ask_and_vanish(self.server, role, &question, dice.below(3_000)),
                1..=10 => {
                    let limited = format!("SET statement_timeout = {}", 1 + dice.below(6));
                    self.ask(&mut client, &[limited, ask(&question)], &nonce);
                    self.calm(number, role, &mut client);
                }
                11..=60 => self.ask(&mut client, &[generate(&question)], &nonce),
                _ => self.ask(&mut client, &[ask(&question)], &nonce),
            }
            if client.is_closed() {
                client = self.connect(number, role);
            }
        }
        self.backends.lock().unwrap().remove(&number);
    }

    /// Runs statements, the last of which is a question; an answer must hold its own number.
    fn ask(&self, client: &mut Client, statements: &[String], nonce: &str) {
        let mut answer = None;
        for statement in statements {
            match client.simple_query(statement) {
                Ok(messages) => {
                    answer = messages.into_iter().find_map(|message| match message {
                        postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                        _ => None,
                    });
                }
                Err(error) => {
                    let expected = [&SqlState::QUERY_CANCELED, &SqlState::ADMIN_SHUTDOWN];
                    // Without a code it is the connection that ended.
                    let known = error.code().is_none_or(|code| expected.contains(&code));
                    assert!(known, "{nonce}: {error:?}");
                    self.cancelled.fetch_add(1, Ordering::Relaxed);
                    return;
                }
            }
        }
        let answer = answer.unwrap_or_else(|| panic!("{nonce}: no row"));
        assert!(
            answer.contains(&format!("'{nonce}'")) || answer == own_row(nonce),
            "{nonce}: {answer}"
        );
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes the time limit back, which a late cancel may prevent.
    fn calm(&self, number: usize, role: &str, client: &mut Client) {
        while client.batch_execute("RESET statement_timeout").is_err() {
            if client.is_closed() {
                *client = self.connect(number, role);
            }
        }
    }

    /// Cancels whoever asks, now and then, and ends a session now and then.
    fn disturb(&self) {
        let mut dice = Dice(0x2545_f491_4f6c_dd1d);
        let mut admin = self.server.superuser();
        while !self.over.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_micros(500 + dice.below(15_000)));
            let pids: Vec<i32> = self.backends.lock().unwrap().values().copied().collect();
            if pids.is_empty() {
                continue;
            }
            let pid = pids[dice.below(pids.len() as u64) as usize];
            let what = if dice.below(100) == 0 { "terminate" } else { "cancel" };
            // A backend that has just gone is a warning, not an error.
            admin.simple_query(&format!("SELECT pg_{what}_backend({pid})")).unwrap();
        }
    }
}

fn ask(question: &str) -> String {
    format!("SELECT text2sql.ask('{question}')::text")
}

fn generate(question: &str) -> String {
    format!("SELECT text2sql.generate('{question}')")
}

fn own_row(nonce: &str) -> String {
    format!(r#"{{"code":"{nonce}"}}"#)
}

/// A client that is gone before its answer comes: one message, then a closed socket.
fn ask_and_vanish(server: &Server, role: &str, question: &str, after_us: u64) {
    let mut socket = UnixStream::connect(server.cluster.dir().join(".s.PGSQL.5432")).unwrap();
    let parameters = format!("user\0{role}\0database\0postgres\0\0");
    let mut startup = (parameters.len() as u32 + 8).to_be_bytes().to_vec();
    startup.extend(196_608_u32.to_be_bytes());
    startup.extend(parameters.as_bytes());
    socket.write_all(&startup).unwrap();
    loop {
        let mut head = [0; 5];
        socket.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        socket.read_exact(&mut vec![0; length - 4]).unwrap();
        if head[0] == b'Z' {
            break;
        }
    }
    let sql = format!("{}\0", ask(question));
    let mut message = vec![b'Q'];
    message.extend((sql.len() as u32 + 4).to_be_bytes());
    message.extend(sql.as_bytes());
    socket.write_all(&message).unwrap();
    std::thread::sleep(Duration::from_micros(after_us));
}

fn rounds() -> usize {
    std::env::var("TEXT2SQL_SWAP_ROUNDS").map_or(ROUNDS, |text| text.parse().unwrap())
}

#[test]
fn every_answer_goes_to_the_one_who_asked() {
    let echo = |contains: &str, token_ms: u64| {
        json!({
            "contains": contains, "echo_after": "code ", "reply": "SELECT '{echo}' AS code",
            "token_ms": token_ms,
        })
    };
    let script = json!({ "rules": [echo("slow code ", 1), echo("code ", 0)] });
    let config = Config::default()
        .set("text2sql.queue_length", "64")
        .set("text2sql.role_queue_length", "64")
        .set("client_connection_check_interval", "1ms")
        .set("log_min_messages", "fatal");
    let setup = format!("{SHOP}{SECOND_ROLE}");
    let Some(server) = Server::start_with(script, config, &setup) else { return };
    server.await_state("ready");
    let rounds = rounds();
    let game = Game {
        server: &server,
        left: AtomicUsize::new(rounds),
        over: AtomicBool::new(false),
        backends: Mutex::default(),
        answered: AtomicUsize::new(0),
        cancelled: AtomicUsize::new(0),
    };
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let game = &game;
        scope.spawn(move || game.disturb());
        let players: Vec<_> = (0..SESSIONS_PER_ROLE * ROLES.len())
            .map(|number| scope.spawn(move || game.play(number, ROLES[number % ROLES.len()])))
            .collect();
        let outcomes: Vec<_> = players.into_iter().map(|player| player.join()).collect();
        game.over.store(true, Ordering::Relaxed);
        for outcome in outcomes {
            outcome.unwrap();
        }
    });
    let (answered, cancelled) = (game.answered.into_inner(), game.cancelled.into_inner());
    eprintln!(
        "{rounds} rounds in {:?}: {answered} answered, {cancelled} cancelled",
        begun.elapsed()
    );
    // Otherwise it would show nothing.
    assert!(answered > rounds / 2, "{answered} of {rounds} were answered");
    assert!(cancelled > rounds / 200, "{cancelled} of {rounds} were cancelled");
    eventually("no request is open", Duration::from_secs(10), || {
        server.status("active_requests") == "0"
    });
    assert_eq!(server.status("engine_starts"), "1", "a cancel costs no engine");
    assert_eq!(server.status("failed"), "0");
}
