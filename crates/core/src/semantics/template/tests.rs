//! Tests of [`super`]: which questions templates answer, and with what.

use proptest::prelude::*;

use super::*;
use crate::schema::fixture::shop;

fn kinds(kinds: &[(&str, &str)]) -> BTreeMap<String, String> {
    kinds.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect()
}

fn template(name: &str, questions: &[&str], parameters: &[(&str, &str)], sql: &str) -> Template {
    let questions: Vec<String> = questions.iter().map(|q| (*q).to_owned()).collect();
    Template::new(name, &questions, &kinds(parameters), sql).unwrap()
}

fn problem(questions: &[&str], parameters: &[(&str, &str)], sql: &str) -> String {
    let questions: Vec<String> = questions.iter().map(|q| (*q).to_owned()).collect();
    Template::new("t", &questions, &kinds(parameters), sql).unwrap_err().to_string()
}

const CITY: (&str, &str) = ("city", "shop.customers.city");
const YEAR: (&str, &str) = ("year", "year");

/// Customers of a city, orders of a year, and orders with a status.
fn templates() -> Vec<Template> {
    vec![
        template(
            "customers of a city",
            &["How many customers live in {city}?", "customers from {city}"],
            &[CITY],
            "SELECT count(*) FROM shop.customers AS c WHERE c.city = :city",
        ),
        template(
            "orders of a year in a city",
            &["orders of {year} from {city}", "{city}'s orders in {year}"],
            &[CITY, YEAR],
            "SELECT :year, count(*) FROM shop.customers AS c WHERE c.city=:city",
        ),
        template(
            "top",
            &["who are the top {n} customers?"],
            &[("n", "integer")],
            "SELECT c.name FROM shop.customers AS c ORDER BY c.id LIMIT :n",
        ),
    ]
}

const STORED: &[&str] = &[
    "Paris",
    "Oslo",
    "OSLO",
    "oslo",
    "New York",
    "The Hague",
    "Hague",
    "St. Ives",
    "O'Fallon",
    "Ny.",
];

fn look(look: &Look<'_>) -> Option<Vec<String>> {
    assert_eq!((look.relation.name.as_str(), look.column), ("customers", "city"));
    let is_it = |stored: &&&str| match look.how {
        How::Exactly => **stored == look.value,
        _ => stored.to_lowercase() == look.value.to_lowercase(),
    };
    Some(STORED.iter().filter(is_it).take(2).map(|stored| (*stored).to_owned()).collect())
}

fn answered(templates: Vec<Template>, question: &str) -> Option<String> {
    let mut snapshot = shop();
    snapshot.semantics.templates = templates;
    let filled = fill(&snapshot, question, look);
    assert!(filled.is_none() || may_answer(&snapshot, question));
    filled.map(|filled| filled.sql)
}

#[test]
fn values_get_to_where_they_belong() {
    for (question, sql) in [
        (
            "how many customers live in paris",
            "SELECT count(*) FROM shop.customers AS c WHERE c.city = 'Paris'",
        ),
        (
            "Please: how many customers live in \"New  York\"?",
            "SELECT count(*) FROM shop.customers AS c WHERE c.city = 'New York'",
        ),
        (
            "customers from O'Fallon!",
            "SELECT count(*) FROM shop.customers AS c WHERE c.city = 'O''Fallon'",
        ),
        (
            "customers from St. Ives",
            "SELECT count(*) FROM shop.customers AS c WHERE c.city = 'St. Ives'",
        ),
        ("customers from ny.", "SELECT count(*) FROM shop.customers AS c WHERE c.city = 'Ny.'"),
        ("customers from OSLO", "SELECT count(*) FROM shop.customers AS c WHERE c.city = 'OSLO'"),
        (
            "Orders of 2024 from Paris?",
            "SELECT 2024, count(*) FROM shop.customers AS c WHERE c.city= 'Paris'",
        ),
        (
            "Paris\u{2019}s orders in 2024",
            "SELECT 2024, count(*) FROM shop.customers AS c WHERE c.city= 'Paris'",
        ),
        (
            "Who are top 10 customers?",
            "SELECT c.name FROM shop.customers AS c ORDER BY c.id LIMIT 10",
        ),
    ] {
        assert_eq!(answered(templates(), question).as_deref(), Some(sql), "{question}");
    }
}

#[test]
fn a_question_that_says_anything_else_is_not_answered() {
    for question in [
        "",
        "customers",
        "customers from",
        "customers from Berlin",
        "customers not from Paris",
        "customers from Paris and Oslo",
        "customers from Paris in 2024",
        "customer from Paris",
        "who are the top ten customers?",
        "who are the top 2.5 customers?",
        "who are the top 10% customers?",
        "who are the top -10 customers, and why?",
        "orders of 24 from Paris",
        "orders of 2024-03 from Paris",
        "orders from Paris of 2024",
        // Spelt in several ways, none of them this one; and with two readings that both hold.
        "customers from oSLO",
        "customers from The Hague",
        "customers from Pa\u{200b}ris",
        "customers from Paris'; DROP TABLE x; --",
    ] {
        assert_eq!(answered(templates(), question), None, "{question}");
    }
}

#[test]
fn the_template_with_more_words_of_its_own_answers() {
    let of = |question: &str, sql: &str| template(question, &[question], &[CITY], sql);
    let general = of("{city} customers", "SELECT 1, :city");
    let special = of("Paris {city} customers", "SELECT 2, :city");
    let all = || vec![general.clone(), special.clone()];
    assert_eq!(answered(all(), "Paris Paris customers").as_deref(), Some("SELECT 2, 'Paris'"));
    assert_eq!(answered(all(), "Paris customers").as_deref(), Some("SELECT 1, 'Paris'"));
    let rival = of("{city} customers ", "SELECT 3, :city");
    assert_eq!(answered(vec![general.clone(), rival], "Paris customers"), None);
    assert_eq!(
        answered(vec![general.clone(), general], "Paris customers").as_deref(),
        Some("SELECT 1, 'Paris'")
    );
}

#[test]
fn what_could_not_be_looked_up_is_left_open() {
    let mut snapshot = shop();
    snapshot.semantics.templates = templates();
    assert_eq!(fill(&snapshot, "customers from Paris", |_| None), None);
    // A column that is not in the snapshot is not looked at.
    snapshot.relations[0].columns.retain(|column| column.name != "city");
    let never = |_: &Look<'_>| -> Option<Vec<String>> { panic!("looked") };
    assert_eq!(fill(&snapshot, "customers from Paris", never), None);
}

#[test]
fn labels_of_an_enum_need_no_look() {
    let mut snapshot = shop();
    let status = snapshot.relations[2].columns.iter_mut().find(|c| c.name == "status").unwrap();
    status.enum_labels = vec!["new".into(), "Paid".into(), "paid up".into()];
    let parameters = [("status", "shop.orders.status")];
    snapshot.semantics.templates =
        vec![template("t", &["{status} orders"], &parameters, "SELECT :status")];
    let sql =
        |question: &str| fill(&snapshot, question, |_| panic!("looked")).map(|filled| filled.sql);
    assert_eq!(sql("paid orders").as_deref(), Some("SELECT 'Paid'"));
    assert_eq!(sql("paid up orders").as_deref(), Some("SELECT 'paid up'"));
    assert_eq!(sql("sent orders"), None);
}

#[test]
fn what_would_leave_something_out_is_no_template() {
    for (questions, parameters, sql, says) in [
        (&[][..], &[][..], "SELECT 1", "no question is given"),
        (&["{city}?"], &[CITY], "SELECT :city", "has no word of its own"),
        (&["in {city}"], &[CITY], "SELECT 1", "is not in the statement"),
        (&["in"], &[CITY], "SELECT :city", "has no parameter city"),
        (&["in {city}", "in Paris"], &[CITY], "SELECT :city", "has no parameter city"),
        (&["in {city} or {city}"], &[CITY], "SELECT :city", "more than once"),
        (&["in {city}"], &[], "SELECT 1", "not declared"),
        (&["in"], &[], "SELECT :city", "not declared"),
        (&["in {city} the {year}"], &[CITY, YEAR], "SELECT :city, :year", "without a word between"),
        (&["in{city}"], &[CITY], "SELECT :city", "part of a word"),
        (&["in {city"], &[CITY], "SELECT :city", "without its }"),
        (&["in city}"], &[CITY], "SELECT :city", "without its {"),
        (&["in {City}"], &[("City", "year")], "SELECT :City", "has no name of lower-case"),
        (&["in {x}"], &[("x", "text")], "SELECT :x", "of no known kind"),
        (&["in"], &[], "SELECT 'x", "cannot be read"),
    ] {
        let problem = problem(questions, parameters, sql);
        assert!(problem.contains(says), "{problem}");
    }
    assert!(problem(&["x"; 17], &[], "SELECT 1").contains("17 questions"));
    let names: Vec<String> = (0..7).map(|n| format!("p{n}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "year")).collect();
    assert!(problem(&["x"], &many, "SELECT 1").contains("7 parameters"));
}

/// Many ways that lead nowhere must not take long, nor end a question.
#[test]
fn a_question_that_can_be_read_in_too_many_ways_is_left_alone() {
    let all: Vec<(String, String)> =
        (0..6).map(|n| (format!("p{n}"), "shop.customers.city".to_owned())).collect();
    let question: Vec<String> = all.iter().map(|(name, _)| format!("a {{{name}}}")).collect();
    let sql: Vec<String> = all.iter().map(|(name, _)| format!(":{name}")).collect();
    let parameters: Vec<(&str, &str)> = all.iter().map(|(n, k)| (n.as_str(), k.as_str())).collect();
    let sql = format!("SELECT {}", sql.join(", "));
    let greedy = template("t", &[&question.join(" ")], &parameters, &sql);
    for question in ["a ".repeat(60), "a ".repeat(100_000), format!("{} z", "a ".repeat(70))] {
        assert_eq!(answered(vec![greedy.clone()], &question), None);
    }
}

proptest! {
    /// The statement is that of the template with a stored value in it, or there is none; and it is
    /// the same each time.
    #[test]
    fn whatever_is_asked_the_statement_is_one_of_the_template(
        question in "(customers|from|how many|live in|orders of|Paris|paris|New York|O'Fallon|the|please|2024|top|[ -~]{0,6}|'|\"|;|--|\\?|é|\u{202e}| ){0,12}",
    ) {
        let found = answered(templates(), &question);
        prop_assert_eq!(&found, &answered(templates(), &question));
        if let Some(sql) = found {
            let literals = crate::sql::tokens(&sql).unwrap();
            let strings: Vec<_> = literals
                .iter()
                .filter(|token| token.kind == crate::sql::TokenKind::String)
                .map(|token| token.text.trim_matches('\'').replace("''", "'"))
                .collect();
            prop_assert!(strings.iter().all(|text| STORED.contains(&text.as_str())), "{sql}");
            let policy = crate::sql::CandidateSql::from_user(&sql).map(crate::sql::policy::check);
            prop_assert!(matches!(policy, Ok(Ok(_))), "{sql}");
        }
    }

    /// A value that nobody could expect in a column, stored there all the same, is a literal.
    #[test]
    fn a_hostile_stored_value_stays_a_literal(stored in "[ -~\n'\"\\\\$;é-]{1,20}") {
        let mut snapshot = shop();
        snapshot.semantics.templates = templates();
        let filled = fill(&snapshot, "customers from x", |_| Some(vec![stored.clone()]));
        if let Some(Filled { sql, .. }) = filled {
            let all = crate::sql::tokens(&sql).unwrap();
            let last = all.last().unwrap();
            let literal = format!("'{}'", stored.replace('\'', "''"));
            prop_assert_eq!(last.text, literal.as_str());
            prop_assert_eq!(all.len(), 17);
        }
    }
}
