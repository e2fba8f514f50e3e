//! The state machine.
//!
//! A repair is asked for only while rounds are left, the failure may be told to the model, and
//! something has changed since the last round: the same statement or the same error twice ends
//! it. A statement that was accepted is never touched again.

use super::event::{Action, Event, Outcome, Rejection, Stage};
use crate::chat::ChatPrompt;
use crate::prompt;
use crate::protocol::Finish;
use crate::sql::{CandidateSql, ParsedSql, missing, policy};

/// What the model and the user are told of an answer cut off by its length.
const UNFINISHED: &str = "the statement was not finished";
/// What a model is told that says what is missing where it shall answer.
const READS_NOTHING: &str = "it reads no table; answer with what the tables above have";

/// One question on its way to a statement.
#[derive(Debug, Clone)]
pub struct Pipeline {
    prompt: ChatPrompt,
    max_repairs: u32,
    /// Whether a model that says what is missing is asked again, as after a mistake.
    insists: bool,
    state: State,
    attempts: u32,
    /// Statements tried, and what was wrong with each answer.
    tried: Vec<String>,
    failures: Vec<Rejection>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    New,
    Generating,
    Checking { sql: String },
    Finished,
}

/// An event that does not answer the last action: a bug of the pipeline's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the pipeline expected {expected}, not {got}")]
pub struct OutOfOrder {
    expected: &'static str,
    got: &'static str,
}

impl Pipeline {
    /// A question that begins with `prompt` and may be repaired `max_repairs` times.
    pub fn new(prompt: ChatPrompt, max_repairs: u32) -> Self {
        Self {
            prompt,
            max_repairs,
            insists: false,
            state: State::New,
            attempts: 0,
            tried: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// As it is, but a model that says what is missing is asked again, while there are repairs.
    #[must_use]
    pub fn insisting(self, insists: bool) -> Self {
        Self { insists, ..self }
    }

    /// Generations asked for so far.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Takes an event and says what to do next. An event out of order changes nothing.
    pub fn on(&mut self, event: Event) -> Result<Action, OutOfOrder> {
        match (std::mem::replace(&mut self.state, State::Finished), event) {
            (State::New, Event::Start) => Ok(self.generate(self.prompt.clone())),
            (State::Generating, Event::Generated { text, finish }) => {
                Ok(match self.judge(&text, finish) {
                    Ok(parsed) => match missing(&parsed) {
                        Some(what) => self.miss(what, &parsed),
                        None => self.check(parsed),
                    },
                    Err(rejection) => self.fail(text.trim().to_owned(), rejection),
                })
            }
            (State::Checking { .. }, Event::Accepted { sql }) => {
                Ok(Action::Finish(Outcome::Sql { sql, attempts: self.attempts }))
            }
            (State::Checking { sql }, Event::Rejected(rejection)) => Ok(self.fail(sql, rejection)),
            (state, event) => {
                let error = OutOfOrder { expected: state.expects(), got: kind(&event) };
                self.state = state;
                Err(error)
            }
        }
    }

    fn generate(&mut self, prompt: ChatPrompt) -> Action {
        self.attempts += 1;
        self.state = State::Generating;
        Action::Generate(prompt)
    }

    fn judge(&self, text: &str, finish: Finish) -> Result<ParsedSql, Rejection> {
        match finish {
            Finish::Length => return Err(Rejection::repairable(Stage::Generate, UNFINISHED)),
            Finish::Stop => {}
        }
        let candidate = CandidateSql::extract(text)
            .map_err(|e| Rejection::repairable(Stage::Extract, e.to_string()))?;
        policy::check(candidate).map_err(Rejection::refused)
    }

    fn miss(&mut self, what: String, parsed: &ParsedSql) -> Action {
        if self.insists {
            let rejection = Rejection::repairable(Stage::Generate, READS_NOTHING);
            let again = self.fail(parsed.text().to_owned(), rejection);
            if matches!(again, Action::Generate(_)) {
                return again;
            }
        }
        Action::Finish(Outcome::Missing { what })
    }

    fn check(&mut self, parsed: ParsedSql) -> Action {
        let sql = parsed.text().to_owned();
        // The server has rejected it before, and would again, for the same reason.
        if self.tried.contains(&sql)
            && let Some(rejection) = self.failures.last().cloned()
        {
            return self.finish(sql, rejection);
        }
        self.tried.push(sql.clone());
        self.state = State::Checking { sql };
        Action::Check(parsed)
    }

    fn fail(&mut self, candidate: String, rejection: Rejection) -> Action {
        let same = |earlier: &Rejection| {
            earlier.stage == rejection.stage
                && earlier.message_for_model == rejection.message_for_model
        };
        let stuck = self.failures.iter().any(same);
        let spent = self.attempts > self.max_repairs;
        match &rejection.message_for_model {
            Some(problem) if !stuck && !spent => {
                let prompt = prompt::repair(&self.prompt, &candidate, problem);
                self.failures.push(rejection);
                self.generate(prompt)
            }
            _ => self.finish(candidate, rejection),
        }
    }

    fn finish(&mut self, candidate: String, rejection: Rejection) -> Action {
        let attempts = self.attempts;
        Action::Finish(match rejection.refusal {
            Some(refusal) => Outcome::Refused { candidate, refusal, attempts },
            None => Outcome::NoValidSql { candidate, reason: rejection.reason, attempts },
        })
    }
}

impl State {
    fn expects(&self) -> &'static str {
        match self {
            Self::New => "a start",
            Self::Generating => "an answer of the model",
            Self::Checking { .. } => "a verdict of the server",
            Self::Finished => "nothing",
        }
    }
}

fn kind(event: &Event) -> &'static str {
    match event {
        Event::Start => "a start",
        Event::Generated { .. } => "an answer of the model",
        Event::Accepted { .. } | Event::Rejected(_) => "a verdict of the server",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Role, Turn};
    use proptest::prelude::*;

    fn prompt() -> ChatPrompt {
        ChatPrompt {
            system: "s".into(),
            turns: vec![Turn { role: Role::User, text: "q".into() }],
            assistant_prefix: "```sql\n".into(),
        }
    }

    fn started(max_repairs: u32) -> Pipeline {
        let mut pipeline = Pipeline::new(prompt(), max_repairs);
        assert_eq!(pipeline.on(Event::Start), Ok(Action::Generate(prompt())));
        pipeline
    }

    fn answer(pipeline: &mut Pipeline, text: &str) -> Action {
        pipeline.on(Event::Generated { text: text.into(), finish: Finish::Stop }).unwrap()
    }

    fn reject(pipeline: &mut Pipeline, message: &str) -> Action {
        let rejection = Rejection::repairable(Stage::Analyze, message);
        pipeline.on(Event::Rejected(rejection)).unwrap()
    }

    #[track_caller]
    fn checked(action: Action) -> String {
        let Action::Check(parsed) = action else { panic!("{action:?}") };
        parsed.text().to_owned()
    }

    #[track_caller]
    fn repair_turn(action: Action) -> String {
        let Action::Generate(prompt) = action else { panic!("{action:?}") };
        assert_eq!(prompt.turns.len(), 3);
        prompt.turns[2].text.clone()
    }

    #[test]
    fn a_good_answer_takes_one_attempt() {
        let mut pipeline = started(1);
        assert_eq!(checked(answer(&mut pipeline, "SELECT 1;\n```")), "SELECT 1");
        let accepted = pipeline.on(Event::Accepted { sql: "SELECT 1".into() });
        let outcome = Outcome::Sql { sql: "SELECT 1".into(), attempts: 1 };
        assert_eq!(accepted, Ok(Action::Finish(outcome)));
    }

    #[test]
    fn a_model_that_finds_something_missing_is_asked_no_further() {
        let says = "SELECT 'phone numbers of customers' AS missing";
        let mut pipeline = started(1);
        let outcome = Outcome::Missing { what: "phone numbers of customers".into() };
        assert_eq!(answer(&mut pipeline, says), Action::Finish(outcome.clone()));
        let mut pipeline = started(1);
        answer(&mut pipeline, "SELECT c.phone FROM s.t AS c");
        reject(&mut pipeline, "column c.phone does not exist");
        assert_eq!(answer(&mut pipeline, says), Action::Finish(outcome));
    }

    #[test]
    fn a_model_that_finds_something_missing_is_asked_again_where_it_shall_answer() {
        let says = "SELECT 'phone numbers' AS missing";
        let mut pipeline = started(1).insisting(true);
        assert!(repair_turn(answer(&mut pipeline, says)).contains(READS_NOTHING));
        assert_eq!(checked(answer(&mut pipeline, "SELECT b FROM s.t")), "SELECT b FROM s.t");
        let missing = Action::Finish(Outcome::Missing { what: "phone numbers".into() });
        let mut pipeline = started(5).insisting(true);
        answer(&mut pipeline, says);
        assert_eq!(answer(&mut pipeline, says), missing, "the same twice ends it");
        let mut pipeline = started(0).insisting(true);
        assert_eq!(answer(&mut pipeline, says), missing, "there is no repair");
    }

    #[test]
    fn a_complaint_of_the_server_is_repaired_once() {
        let mut pipeline = started(1);
        answer(&mut pipeline, "SELECT a FROM s.t");
        let told = repair_turn(reject(&mut pipeline, "column a does not exist"));
        assert!(told.contains("column a does not exist"));
        assert_eq!(checked(answer(&mut pipeline, "SELECT b FROM s.t")), "SELECT b FROM s.t");
        assert_eq!(
            reject(&mut pipeline, "column b does not exist"),
            Action::Finish(Outcome::NoValidSql {
                candidate: "SELECT b FROM s.t".into(),
                reason: "column b does not exist".into(),
                attempts: 2
            })
        );
    }

    #[test]
    fn without_repairs_the_first_complaint_ends_it() {
        let mut pipeline = started(0);
        answer(&mut pipeline, "SELECT a");
        let action = reject(&mut pipeline, "no");
        assert!(matches!(action, Action::Finish(Outcome::NoValidSql { attempts: 1, .. })));
    }

    #[test]
    fn the_same_statement_twice_ends_it_unchecked() {
        let mut pipeline = started(5);
        answer(&mut pipeline, "SELECT a");
        reject(&mut pipeline, "no");
        assert_eq!(
            answer(&mut pipeline, "SELECT a;"),
            Action::Finish(Outcome::NoValidSql {
                candidate: "SELECT a".into(),
                reason: "no".into(),
                attempts: 2
            })
        );
    }

    #[test]
    fn the_same_error_twice_ends_it() {
        let mut pipeline = started(5);
        answer(&mut pipeline, "SELECT a");
        reject(&mut pipeline, "no");
        answer(&mut pipeline, "SELECT a, a");
        let action = reject(&mut pipeline, "no");
        assert!(matches!(action, Action::Finish(Outcome::NoValidSql { attempts: 2, .. })));
    }

    #[test]
    fn what_the_model_must_not_see_is_not_repaired() {
        let mut pipeline = started(5);
        answer(&mut pipeline, "SELECT ssn::int FROM s.t");
        let rejection = Rejection::last(Stage::Execute, "a value could not be converted");
        let action = pipeline.on(Event::Rejected(rejection)).unwrap();
        assert!(matches!(action, Action::Finish(Outcome::NoValidSql { attempts: 1, .. })));
    }

    #[test]
    fn a_harmless_refusal_is_mended() {
        let mut pipeline = started(1);
        let told = repair_turn(answer(&mut pipeline, "SELECT * FROM s.t FOR UPDATE"));
        assert!(told.contains("leave the FOR clause out"), "{told}");
        assert_eq!(checked(answer(&mut pipeline, "SELECT * FROM s.t")), "SELECT * FROM s.t");
    }

    #[test]
    fn a_final_refusal_is_reported_as_one() {
        let mut pipeline = started(1);
        repair_turn(answer(&mut pipeline, "DELETE FROM s.t"));
        let action = answer(&mut pipeline, "SELECT 1; DELETE FROM s.t");
        let Action::Finish(Outcome::Refused { refusal, attempts: 2, candidate }) = action else {
            panic!("{action:?}")
        };
        assert_eq!(refusal.rule, "several-statements");
        assert_eq!(candidate, "SELECT 1; DELETE FROM s.t");
    }

    #[test]
    fn a_refusal_of_the_server_side_counts_as_one() {
        let mut pipeline = started(0);
        answer(&mut pipeline, "SELECT s.f()");
        let refusal = policy::check(CandidateSql::from_user("DROP TABLE x").unwrap()).unwrap_err();
        let action = pipeline.on(Event::Rejected(Rejection::refused(refusal))).unwrap();
        assert!(matches!(action, Action::Finish(Outcome::Refused { .. })));
    }

    #[test]
    fn an_answer_cut_off_is_never_checked() {
        let mut pipeline = started(1);
        let cut = |pipeline: &mut Pipeline| {
            let event = Event::Generated { text: "SELECT 1".into(), finish: Finish::Length };
            pipeline.on(event).unwrap()
        };
        assert!(repair_turn(cut(&mut pipeline)).contains(UNFINISHED));
        assert_eq!(
            cut(&mut pipeline),
            Action::Finish(Outcome::NoValidSql {
                candidate: "SELECT 1".into(),
                reason: UNFINISHED.into(),
                attempts: 2
            })
        );
    }

    #[test]
    fn prose_is_repaired_and_then_given_up() {
        let mut pipeline = started(1);
        let prose = "SELECT 1\n```\nThis gives one.";
        assert!(repair_turn(answer(&mut pipeline, prose)).contains("besides one SQL statement"));
        let action = answer(&mut pipeline, prose);
        assert!(matches!(action, Action::Finish(Outcome::NoValidSql { .. })));
    }

    #[test]
    fn events_out_of_order_change_nothing() {
        let mut pipeline = Pipeline::new(prompt(), 1);
        let early = pipeline.on(Event::Accepted { sql: "x".into() }).unwrap_err();
        assert_eq!(early.to_string(), "the pipeline expected a start, not a verdict of the server");
        assert!(pipeline.on(Event::Start).is_ok());
        assert!(pipeline.on(Event::Start).is_err());
        answer(&mut pipeline, "SELECT 1");
        assert!(pipeline.on(Event::Generated { text: "".into(), finish: Finish::Stop }).is_err());
        assert!(pipeline.on(Event::Accepted { sql: "SELECT 1".into() }).is_ok());
        assert!(pipeline.on(Event::Start).is_err());
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let text = prop::sample::select(vec![
            "SELECT 1",
            "SELECT 2;",
            "DELETE FROM t",
            "",
            "SELECT 'a",
            "x",
            "SELECT 1 FOR UPDATE",
        ]);
        let finish = prop::sample::select(vec![Finish::Stop, Finish::Length]);
        prop_oneof![
            Just(Event::Start),
            (text, finish)
                .prop_map(|(text, finish)| Event::Generated { text: text.into(), finish }),
            Just(Event::Accepted { sql: "SELECT 1".into() }),
            "[ab]".prop_map(|m| Event::Rejected(Rejection::repairable(Stage::Analyze, m))),
            Just(Event::Rejected(Rejection::last(Stage::Execute, "x"))),
        ]
    }

    proptest! {
        #[test]
        fn every_course_ends_within_its_bound(
            max_repairs in 0u32..4,
            events in prop::collection::vec(any_event(), 0..60),
        ) {
            let mut pipeline = Pipeline::new(prompt(), max_repairs);
            let (mut actions, mut finished) = (0u32, false);
            for event in events {
                if let Ok(action) = pipeline.on(event) {
                    prop_assert!(!finished, "nothing follows the end");
                    actions += 1;
                    finished = matches!(action, Action::Finish(_));
                }
            }
            // Each attempt is one Generate and at most one Check; then one Finish.
            prop_assert!(actions <= 2 * (max_repairs + 1) + 1);
            prop_assert!(pipeline.attempts() <= max_repairs + 1);
        }
    }
}
