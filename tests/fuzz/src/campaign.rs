//! The loop: a statement, its call, what must hold after it.
//!
//! Owns which checks are made when. The session is looked at after every statement; the server
//! after every batch, and where it changed, the batch is called again one by one to find the
//! statement.

use std::time::{Duration, Instant};

use crate::Failure;
use crate::caller::{Caller, Outcome, Refusal, Verdict};
use crate::findings::{Findings, Kind};
use crate::mutate::Ground;
use crate::plain::{Plain, PlainError};
use crate::playground::{Playground, mark_in};
use crate::roles::Role;
use crate::rows::{Difference, compare};
use crate::state::Witness;
use crate::watch::Watch;
use crate::{explain, pure};

/// Statements between two looks at the server.
const BATCH: usize = 40;
/// What nothing can interrupt must end by itself before this.
const RESIDUE: Duration = Duration::from_secs(60);
/// As `setup.sql` sets it.
const LIMIT: Duration = Duration::from_millis(800);
/// In the warning that not all rows were returned.
const CUT: &str = "the result has too many";
/// How long a server may take to come back.
const RECOVERY: Duration = Duration::from_secs(60);

/// How much is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// What the statements are made from.
    pub seed: u64,
    /// Number of the first statement.
    pub first: u64,
    /// End after this statement.
    pub last: Option<u64>,
    /// End after this time.
    pub time: Duration,
    /// How long a call may take beyond the guard's limit: the time of a busy machine.
    pub margin: Duration,
}

/// Runs without a server: only what [`pure`] checks.
///
/// # Errors
/// Where findings cannot be written.
pub fn without_server(plan: Plan, ground: &Ground, findings: &mut Findings) -> Result<(), Failure> {
    pure::silence_panics();
    for (number, sql) in statements(plan, ground) {
        findings.statements += 1;
        if let Err(what) = pure::check(&sql) {
            findings.add(number, &sql, Kind::Pure, &what)?;
        }
    }
    Ok(())
}

/// Numbers and statements of a plan.
fn statements(plan: Plan, ground: &Ground) -> impl Iterator<Item = (u64, String)> {
    let begun = Instant::now();
    let last = plan.last.unwrap_or(u64::MAX);
    (plan.first..=last)
        .take_while(move |_| begun.elapsed() < plan.time)
        .map(move |number| (number, ground.statement(plan.seed, number)))
}

/// The two sessions of a role: with the guard and without.
struct Seat {
    role: Role,
    caller: Caller,
    plain: Plain,
}

impl Seat {
    fn connect(playground: &Playground, role: Role) -> Result<Self, Failure> {
        let caller = Caller::connect(playground, role)?;
        Ok(Self { role, caller, plain: Plain::connect(playground, role)? })
    }
}

/// A run against a server. Roles take turns, by the number of the statement.
pub struct Campaign<'a> {
    playground: &'a Playground,
    findings: &'a mut Findings,
    seats: Vec<Seat>,
    /// Whose turn it is.
    turn: usize,
    witness: Witness,
    watch: Watch,
    batch: Vec<(u64, String)>,
}

impl<'a> Campaign<'a> {
    /// Opens all sessions.
    ///
    /// # Errors
    /// Of the server; where there is no role.
    pub fn new(
        playground: &'a Playground,
        findings: &'a mut Findings,
        roles: &[Role],
    ) -> Result<Self, Failure> {
        let seats: Vec<Seat> = roles
            .iter()
            .map(|role| Seat::connect(playground, *role))
            .collect::<Result<_, Failure>>()?;
        let first = seats.first().ok_or("no role calls")?;
        let watch = Watch::start(first.caller.cancel_token());
        let witness = Witness::connect(playground)?;
        Ok(Self { playground, findings, seats, turn: 0, witness, watch, batch: Vec::new() })
    }

    /// The sessions whose turn it is.
    fn seat(&mut self) -> Result<&mut Seat, Failure> {
        self.seats.get_mut(self.turn).ok_or_else(|| "no role calls".into())
    }

    /// Makes it the turn of the role that a statement is for.
    fn take_turn(&mut self, number: u64) -> Result<(), Failure> {
        self.turn = usize::try_from(number % self.seats.len().max(1) as u64)?;
        let token = self.seat()?.caller.cancel_token();
        self.watch.guard(token);
        Ok(())
    }

    /// Tries all statements of a plan.
    ///
    /// # Errors
    /// Where the server does not come back, or findings cannot be written.
    pub fn run(&mut self, plan: Plan, ground: &Ground) -> Result<(), Failure> {
        pure::silence_panics();
        for (number, sql) in statements(plan, ground) {
            self.findings.statements += 1;
            if let Err(what) = pure::check(&sql) {
                self.findings.add(number, &sql, Kind::Pure, &what)?;
            }
            self.statement(number, &sql, plan.margin)?;
            self.batch.push((number, sql));
            if self.batch.len() >= BATCH {
                self.look_at_server()?;
            }
        }
        self.look_at_server()?;
        for line in self.playground.alarms() {
            self.findings.add(plan.first, "", Kind::Crash, &line)?;
        }
        Ok(())
    }

    fn statement(&mut self, number: u64, sql: &str, margin: Duration) -> Result<(), Failure> {
        self.take_turn(number)?;
        self.watch.begin(number, sql);
        let outcome = self.seat()?.caller.run(sql);
        self.watch.end();
        let Outcome { verdict, took, notices, changed } = outcome;
        if let Some(what) = changed {
            self.findings.add(number, sql, Kind::Session, &what)?;
            self.reconnect()?;
        }
        let late = took > LIMIT + margin;
        if late && took < RESIDUE && explain::may_be_slow(sql) {
            self.findings.slow += 1;
        } else if late {
            let what = format!("{} ms", took.as_millis());
            self.findings.add(number, sql, Kind::Slow, &what)?;
        }
        if let Some(seen) = self.mark_in(&notices, sql)? {
            self.findings.add(number, sql, Kind::Leak, &format!("in a notice: {seen}"))?;
        }
        match verdict {
            Verdict::Rows(rows) => {
                self.findings.accepted += 1;
                for row in &rows {
                    if let Some(seen) = self.mark_in(row, sql)? {
                        self.findings.add(number, sql, Kind::Leak, seen)?;
                        break;
                    }
                }
                self.compare(number, sql, &rows, notices.contains(CUT))
            }
            Verdict::Refused(refusal) => self.refused(number, sql, &refusal),
            Verdict::Lost(why) => {
                self.findings.add(number, sql, Kind::Crash, &why)?;
                self.batch.clear();
                self.recover()
            }
        }
    }

    /// No text of an error may say what the caller may not know, or be about our own faults.
    fn refused(&mut self, number: u64, sql: &str, refusal: &Refusal) -> Result<(), Failure> {
        self.findings.refuse(&refusal.rule);
        if let Some(seen) = self.mark_in(&refusal.text, sql)? {
            self.findings.add(number, sql, Kind::Leak, &format!("in an error: {seen}"))?;
        }
        if !refusal.sqlstate.starts_with("XX") {
            return Ok(());
        }
        // The server has such errors of its own; the message is kept back, so the plain session
        // is asked. Should the statement do something there, that is a finding too many.
        let plain = &mut self.seat()?.plain;
        let plain = plain.full_names(sql).map(|sql| plain.select(&sql));
        if let Some(Err(PlainError { sqlstate, message })) = plain
            && sqlstate.starts_with("XX")
        {
            eprintln!("the server's own: {sqlstate} {message}: {sql}");
            self.findings.skip("internal error of the server itself");
            return Ok(());
        }
        self.findings.add(number, sql, Kind::Internal, &refusal.text)
    }

    /// The guard must give what the caller's own SELECT gives, never more.
    fn compare(
        &mut self,
        number: u64,
        sql: &str,
        rows: &[String],
        cut: bool,
    ) -> Result<(), Failure> {
        let Some(text) = self.seat()?.plain.full_names(sql) else {
            return self.findings.add(number, sql, Kind::More, "the first gate refuses it");
        };
        let plain = match self.seat()?.plain.select(&text) {
            Ok(plain) => plain,
            Err(error) => return self.plain_failed(number, sql, &error),
        };
        let difference = match compare(rows, &plain) {
            Some(Difference::Less(_)) if cut => None,
            difference => difference,
        };
        let Some(difference) = difference else {
            self.findings.compared += 1;
            return Ok(());
        };
        if let Some(why) = self.explanation(&text, sql, rows, &plain)? {
            self.findings.skip(why);
            return Ok(());
        }
        self.findings.compared += 1;
        let counts = format!("{} rows, plain {}: ", rows.len(), plain.len());
        match difference {
            Difference::More(row) => self.findings.add(number, sql, Kind::More, &(counts + &row)),
            Difference::Less(row) => self.findings.add(number, sql, Kind::Less, &(counts + &row)),
        }
    }

    /// A reason for a difference that has nothing to do with rights.
    fn explanation(
        &mut self,
        text: &str,
        sql: &str,
        rows: &[String],
        plain: &[String],
    ) -> Result<Option<&'static str>, Failure> {
        if let Some(why) = explain::by_words(text, rows.len() > plain.len()) {
            return Ok(Some(why));
        }
        let seat = self.seat()?;
        let Ok(again) = seat.plain.select(text) else { return Ok(None) };
        if compare(plain, &again).is_some() {
            return Ok(Some("not the same twice"));
        }
        Ok(match seat.caller.run(sql).verdict {
            Verdict::Rows(again) if compare(rows, &again).is_none() => None,
            _ => Some("not the same twice"),
        })
    }

    /// Where a text gives away what the role may not see.
    fn mark_in<'t>(&mut self, text: &'t str, sql: &str) -> Result<Option<&'t str>, Failure> {
        let secret = !self.seat()?.role.sees_marks;
        Ok(mark_in(text, sql).filter(|_| secret))
    }

    fn plain_failed(&mut self, number: u64, sql: &str, error: &PlainError) -> Result<(), Failure> {
        if error.sqlstate.is_empty() {
            // Not by the guard; but the other sessions need not have survived it either.
            eprintln!("the plain session ended at {number}: {}: {sql}", error.message);
            self.findings.skip("the plain session ended");
            return self.recover();
        }
        if let Some(why) = explain::by_sqlstate(&error.sqlstate) {
            self.findings.skip(why);
            return Ok(());
        }
        let what = format!("{}: {}", error.sqlstate, error.message);
        self.findings.add(number, sql, Kind::Forbidden, &what)
    }

    fn look_at_server(&mut self) -> Result<(), Failure> {
        let batch = std::mem::take(&mut self.batch);
        let changes = match self.witness.changes() {
            Ok(changes) => changes,
            Err(error) => {
                self.findings.add(0, &numbers(&batch), Kind::Crash, &error.to_string())?;
                return self.recover();
            }
        };
        let Some(changes) = changes else { return Ok(()) };
        let mut guilty = false;
        for (number, sql) in &batch {
            self.take_turn(*number)?;
            self.reconnect()?;
            let _ = self.seat()?.caller.run(sql);
            if let Some(what) = self.witness.changes()? {
                guilty = true;
                self.findings.add(*number, sql, Kind::Server, &what)?;
            }
        }
        if guilty {
            return Ok(());
        }
        // By the plain session perhaps, whose statements were accepted.
        let what = format!("by one of the statements, but not again: {changes}");
        self.findings.add(0, &numbers(&batch), Kind::Server, &what)
    }

    /// A new session with the guard for the role whose turn it is.
    fn reconnect(&mut self) -> Result<(), Failure> {
        let playground = self.playground;
        let seat = self.seat()?;
        seat.caller = Caller::connect(playground, seat.role)?;
        let token = seat.caller.cancel_token();
        self.watch.guard(token);
        Ok(())
    }

    /// Waits for a server that restarts.
    fn recover(&mut self) -> Result<(), Failure> {
        let begun = Instant::now();
        loop {
            let roles = self.seats.iter().map(|seat| Seat::connect(self.playground, seat.role));
            let seats = roles.collect::<Result<Vec<_>, Failure>>();
            match (seats, Witness::connect(self.playground)) {
                (Ok(seats), Ok(witness)) => {
                    (self.seats, self.witness) = (seats, witness);
                    return Ok(());
                }
                (Err(error), _) | (_, Err(error)) if begun.elapsed() > RECOVERY => {
                    return Err(format!("the server does not come back: {error}").into());
                }
                _ => std::thread::sleep(Duration::from_millis(500)),
            }
        }
    }
}

fn numbers(batch: &[(u64, String)]) -> String {
    let list: Vec<String> = batch.iter().map(|(number, _)| number.to_string()).collect();
    format!("-- statements {}", list.join(", "))
}
