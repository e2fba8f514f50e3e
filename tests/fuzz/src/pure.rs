//! What must hold of any text without a server: the checks end, and without a panic.
//!
//! Calls the cutting of answers, the first gate, the writing of names and templates as the extension does, with no more stack than they say they need.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::panic;
use std::thread;
use std::time::{Duration, Instant};

use text2sql_core::schema::{RelationName, Snapshot};
use text2sql_core::semantics::template::{self, Template};
use text2sql_core::sql::{
    CandidateSql, fit_constants, mend, policy, prune, qualify, take_apart, unmet,
};

/// Far above what a statement takes, so that a busy machine makes no finding; what does not end,
/// or takes exponential time, is above any limit.
const LIMIT: Duration = Duration::from_secs(5);

/// Name of the threads the checks run in.
const THREAD: &str = "checks";

/// Stack for what is around the checks.
const MARGIN: usize = 256 << 10;

/// Says what is wrong with the checks of `sql`, if anything is.
///
/// # Errors
/// The violation, in words.
pub fn check(sql: &str) -> Result<(), String> {
    let begun = Instant::now();
    let text = sql.to_owned();
    let checked = thread::Builder::new()
        .name(THREAD.to_owned())
        .stack_size(policy::STACK_BYTES + MARGIN)
        .spawn(move || look(&text))
        .map_err(|error| format!("no thread: {error}"))?
        .join();
    if let Err(panicked) = checked {
        return Err(format!("panicked: {}", message(panicked.as_ref())));
    }
    let took = begun.elapsed();
    if took > LIMIT { Err(format!("took {} ms", took.as_millis())) } else { Ok(()) }
}

fn look(sql: &str) {
    compare(sql);
    for answer in [sql.to_owned(), format!("```sql\n{sql}\n```"), format!("{sql}\n```\nwell")] {
        let _ = CandidateSql::extract(&answer);
    }
    let Ok(candidate) = CandidateSql::from_user(sql) else { return };
    let Ok(parsed) = policy::check(candidate) else { return };
    let _ = parsed.pretty();
    let home = |name: &text2sql_core::sql::RelationRef| {
        Some(RelationName { schema: "a \"schema\"".to_owned(), name: name.name.clone() })
    };
    let _ = qualify(&parsed, home);
    let _ = mend(&parsed, &Snapshot::default());
    let _ = take_apart(&parsed, &Snapshot::default(), "both");
    let _ = prune(&parsed, &Snapshot::default(), "");
    let _ = fit_constants(&parsed, &Snapshot::default(), |_| Some(Vec::new()));
    let _ = unmet(&parsed, &Snapshot::default(), |_| Some(Vec::new()));
}

/// Takes the text for a question, for the question of a template, and for its statement.
fn compare(text: &str) {
    let column = ("x".to_owned(), "s.t.c".to_owned());
    let questions = [text.to_owned(), "{x} a".to_owned(), "a {x} b".to_owned()];
    let mut snapshot = Snapshot::default();
    for question in &questions {
        let parameters = BTreeMap::from([column.clone()]);
        let made = Template::new("t", std::slice::from_ref(question), &parameters, "SELECT :x");
        snapshot.semantics.templates.extend(made);
    }
    for question in [text, &format!("a {text} b"), &format!("{text} a")] {
        let _ = template::fill(&snapshot, question, |look| Some(vec![look.value.to_owned()]));
    }
    let _ = template::bind(text, &HashMap::from([("a", "'it''s'")]));
}

fn message(panicked: &(dyn Any + Send)) -> &str {
    let text = panicked.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panicked.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

/// Keeps panics of [`check`] from being printed a second time; those of others are printed.
pub fn silence_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().name() != Some(THREAD) {
            print(info);
        }
    }));
}
