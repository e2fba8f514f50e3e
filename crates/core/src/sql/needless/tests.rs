//! Which joins go, and which stay.

use super::*;
use crate::schema::RelationName;
use crate::schema::fixture::{key, table};
use crate::sql::{CandidateSql, policy};
use proptest::prelude::*;

/// Drivers drive school buses; people report events.
fn town() -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (relation, columns) in [
        ("driver", &["driver_id", "name", "party", "age"][..]),
        ("school", &["school_id", "school"]),
        ("school_bus", &["school_id", "driver_id", "years_working"]),
    ] {
        snapshot.relations.push(table("s", relation, columns));
    }
    snapshot.relations[0].primary_key = vec!["driver_id".into()];
    let name = |name: &str| RelationName { schema: "s".into(), name: name.into() };
    for (from, column, to) in
        [("school_bus", "driver_id", "driver"), ("school_bus", "school_id", "school")]
    {
        snapshot.foreign_keys.push(key(&name(from), column, &name(to)));
    }
    snapshot
}

fn pruned(sql: &str, question: &str) -> Option<String> {
    let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
    let pruned = prune(&parsed, &town(), question)?;
    Some(pruned.text().split_whitespace().collect::<Vec<_>>().join(" "))
}

#[track_caller]
fn becomes(question: &str, sql: &str, wanted: &str) {
    assert_eq!(pruned(sql, question).as_deref(), Some(wanted));
}

#[track_caller]
fn stays(question: &str, sql: &str) {
    assert_eq!(pruned(sql, question), None);
}

const OLD: &str = "Which parties have drivers older than 40?";

#[test]
fn what_nobody_speaks_of_goes() {
    let wanted = "SELECT d.party FROM s.driver AS d WHERE d.age > 40";
    for join in ["JOIN", "INNER JOIN", "LEFT JOIN", "LEFT OUTER JOIN"] {
        let sql = format!(
            "SELECT d.party FROM s.driver AS d {join} s.school_bus AS b \
             ON d.driver_id = b.driver_id WHERE d.age > 40"
        );
        becomes(OLD, &sql, wanted);
    }
    becomes(
        OLD,
        "SELECT d.party FROM s.school_bus b JOIN s.driver AS d ON d.driver_id = b.driver_id \
         WHERE d.age > 40",
        wanted,
    );
    becomes(
        "How many drivers are there?",
        "SELECT COUNT(*) FROM s.driver JOIN s.school_bus \
         ON s.driver.driver_id = s.school_bus.driver_id",
        "SELECT COUNT(*) FROM s.driver",
    );
}

#[test]
fn what_only_led_to_it_goes_too() {
    becomes(
        OLD,
        "SELECT d.party FROM s.driver AS d JOIN s.school_bus AS b ON d.driver_id = b.driver_id \
         JOIN s.school AS c ON c.school_id = b.school_id WHERE d.age > 40",
        "SELECT d.party FROM s.driver AS d WHERE d.age > 40",
    );
}

#[test]
fn what_the_question_speaks_of_stays() {
    let sql = "SELECT d.party FROM s.driver AS d JOIN s.school_bus AS b \
               ON d.driver_id = b.driver_id WHERE d.age > 40";
    for question in [
        "Which parties have drivers of a bus older than 40?",
        "parties of drivers over 40 who work for a school",
        "parties of drivers over 40 by years",
    ] {
        stays(question, sql);
    }
}

#[test]
fn what_is_used_stays() {
    for sql in [
        "SELECT d.party, b.years_working FROM s.driver AS d JOIN s.school_bus AS b ON d.driver_id = b.driver_id",
        "SELECT d.party FROM s.driver AS d JOIN s.school_bus AS b ON d.driver_id = b.driver_id ORDER BY b.years_working",
        "SELECT party FROM s.driver AS d JOIN s.school_bus AS b ON d.driver_id = b.driver_id WHERE years_working > 3",
        "SELECT d.party FROM s.driver AS d LEFT JOIN s.school_bus AS b ON d.driver_id = b.driver_id WHERE b.driver_id IS NULL",
        "SELECT d.party FROM s.driver AS d JOIN s.school_bus AS b ON d.driver_id = b.driver_id AND b.years_working > 3",
        "SELECT d.party FROM s.driver AS d JOIN s.school_bus AS b ON d.driver_id > b.driver_id",
        "SELECT * FROM s.driver AS d JOIN s.school_bus AS b ON d.driver_id = b.driver_id",
        "SELECT d.*, b.* FROM s.driver AS d JOIN s.school_bus AS b ON d.driver_id = b.driver_id",
        "SELECT d.party, COUNT(b) FROM s.driver AS d JOIN s.school_bus AS b ON d.driver_id = b.driver_id GROUP BY 1",
        "SELECT d.party FROM s.driver AS d RIGHT JOIN s.school_bus AS b ON d.driver_id = b.driver_id",
        "SELECT d.party FROM s.driver AS d, s.school_bus AS b WHERE d.driver_id = b.driver_id",
        "SELECT d.party FROM s.driver AS d JOIN s.school_bus AS b USING (driver_id)",
        "SELECT d.party FROM s.driver AS d CROSS JOIN s.school_bus AS b",
        "SELECT d.party FROM s.driver AS d JOIN (SELECT driver_id FROM s.school_bus) b ON d.driver_id = b.driver_id",
        "SELECT d.party FROM s.driver AS d JOIN s.school_bus b ON d.driver_id = b.driver_id WHERE EXISTS (SELECT FROM s.school c WHERE c.school_id = b.school_id)",
        "SELECT d.party FROM s.driver AS d",
    ] {
        stays(OLD, sql);
    }
}

#[test]
fn what_may_be_counted_stays() {
    let question = "Which driver was there most often?";
    for sql in [
        "SELECT d.name FROM s.driver d JOIN s.school_bus b ON d.driver_id = b.driver_id GROUP BY d.name ORDER BY COUNT(*) DESC LIMIT 1",
        "SELECT d.name, COUNT(*) FROM s.driver d JOIN s.school_bus b ON d.driver_id = b.driver_id GROUP BY d.name",
        "SELECT d.name FROM s.driver d JOIN s.school_bus b ON d.driver_id = b.driver_id GROUP BY d.name HAVING COUNT(*) > 2",
    ] {
        stays(question, sql);
    }
    becomes(
        question,
        "SELECT d.party, COUNT(d.driver_id) FROM s.driver d JOIN s.school_bus b ON d.driver_id = b.driver_id GROUP BY d.party",
        "SELECT d.party, COUNT(d.driver_id) FROM s.driver d GROUP BY d.party",
    );
    becomes(
        "Show each party and the number of its drivers",
        "SELECT d.party, COUNT(*) FROM s.driver d JOIN s.school_bus b ON d.driver_id = b.driver_id GROUP BY d.party",
        "SELECT d.party, COUNT(*) FROM s.driver d GROUP BY d.party",
    );
    for question in
        ["Which parties have at least 3 drivers?", "parties with more than three drivers"]
    {
        becomes(
            question,
            "SELECT d.party FROM s.driver d JOIN s.school_bus b ON d.driver_id = b.driver_id GROUP BY d.party HAVING COUNT(*) >= 3",
            "SELECT d.party FROM s.driver d GROUP BY d.party HAVING COUNT(*) >= 3",
        );
    }
    becomes(
        "How many years did each bus work?",
        "SELECT b.years_working, COUNT(*) FROM s.school_bus b JOIN s.driver d ON d.driver_id = b.driver_id GROUP BY 1",
        "SELECT b.years_working, COUNT(*) FROM s.school_bus b GROUP BY 1",
    );
}

#[test]
fn it_is_found_in_queries_within() {
    becomes(
        "parties of the oldest driver, and of others",
        "SELECT d.party FROM s.driver d WHERE d.age = (SELECT MAX(x.age) FROM s.driver x \
         JOIN s.school_bus y ON y.driver_id = x.driver_id) UNION SELECT e.party FROM s.driver e \
         JOIN s.school_bus f ON f.driver_id = e.driver_id",
        "SELECT d.party FROM s.driver d WHERE d.age = (SELECT MAX(x.age) FROM s.driver x ) \
         UNION SELECT e.party FROM s.driver e",
    );
}

/// A town with people and what they say of each other.
fn people() -> Snapshot {
    let mut snapshot = town();
    snapshot.relations.push(table("s", "person", &["person_id", "name", "sex", "mentor"]));
    snapshot.relations.push(table("s", "tutor", &["tutor_id", "name", "sex", "room"]));
    snapshot
}

fn pruned_of_people(sql: &str, question: &str) -> Option<String> {
    let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
    let pruned = prune(&parsed, &people(), question)?;
    Some(pruned.text().split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn a_column_that_is_at_hand_needs_no_join() {
    let sql =
        "SELECT b.name FROM s.person a JOIN s.tutor b ON a.mentor = b.tutor_id WHERE b.sex = 'F'";
    assert_eq!(
        pruned_of_people(sql, "names of female persons").as_deref(),
        Some("SELECT a.name FROM s.person a WHERE a.sex = 'F'")
    );
    for (question, sql) in [
        ("names of the tutors of persons", sql),
        ("names of persons by room", sql),
        // Both names are wanted.
        (
            "names of persons",
            "SELECT a.name, b.name FROM s.person a JOIN s.tutor b ON a.mentor = b.tutor_id",
        ),
        // Only the other has it.
        (
            "names of persons",
            "SELECT b.room FROM s.person a JOIN s.tutor b ON a.mentor = b.tutor_id",
        ),
    ] {
        assert_eq!(pruned_of_people(sql, question), None, "{sql}");
    }
}

#[test]
fn what_leads_on_to_something_stays() {
    stays(
        "names of drivers and schools",
        "SELECT d.name, c.school FROM s.driver d JOIN s.school_bus b ON b.driver_id = d.driver_id \
         JOIN s.school c ON c.school_id = b.school_id",
    );
}

#[test]
fn a_join_of_what_is_excepted_stays() {
    stays(
        "parties without one",
        "SELECT party FROM s.driver EXCEPT SELECT d.party FROM s.driver d \
         JOIN s.school_bus b ON d.driver_id = b.driver_id",
    );
}

proptest! {
    #[test]
    fn no_statement_makes_it_fail(sql in "SELECT ([abcxy][.][bc]|COUNT\\(\\*\\)) FROM a( (LEFT )?JOIN [bc]( AS [xy])? ON [abcxy][.][bc] = [abcxy][.][bc]){1,4}( WHERE [a-c]=1)?") {
        let candidate = CandidateSql::from_user(&sql).unwrap();
        if let Ok(parsed) = policy::check(candidate) {
            let mut snapshot = town();
            for name in ["a", "b", "c"] {
                snapshot.relations.push(table("s", name, &["b", "c"]));
            }
            if let Some(pruned) = prune(&parsed, &snapshot, "what?") {
                prop_assert!(pruned.is_understood());
                prop_assert!(pruned.text().len() < sql.len());
            }
        }
    }
}

/// A shop with shippings, and staff with managers.
fn shop() -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (relation, columns) in [
        ("medicine", &["medicine_id", "label", "price"][..]),
        ("prescription", &["rx_id", "medicine_id", "days"]),
        ("staff", &["emp_id", "nm", "mgr_id", "salary"]),
        ("repo", &["repo_id", "project_id", "name"]),
        ("project", &["project_id", "name", "ended_on"]),
    ] {
        snapshot.relations.push(table("s", relation, columns));
    }
    for relation in &mut snapshot.relations {
        let first = relation.columns.first().map(|column| column.name.clone());
        relation.primary_key = first.into_iter().collect();
    }
    let name = |name: &str| RelationName { schema: "s".into(), name: name.into() };
    for (from, column, to) in [
        ("prescription", "medicine_id", "medicine"),
        ("staff", "mgr_id", "staff"),
        ("repo", "project_id", "project"),
    ] {
        snapshot.foreign_keys.push(key(&name(from), column, &name(to)));
    }
    snapshot
}

#[track_caller]
fn stays_in_shop(question: &str, sql: &str) {
    let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
    let pruned = prune(&parsed, &shop(), question);
    assert!(pruned.is_none(), "{}", pruned.unwrap().text());
}

#[test]
fn the_manager_was_taken_for_the_employee() {
    for (question, sql) in [
        (
            "How much does Al earn as a boss?",
            "SELECT m.salary FROM s.staff e JOIN s.staff m ON m.emp_id = e.mgr_id WHERE e.nm = 'Al'",
        ),
        (
            "Who leads more than 3 people?",
            "SELECT m.nm, count(*) FROM s.staff e JOIN s.staff m ON m.emp_id = e.mgr_id GROUP BY m.emp_id, m.nm HAVING count(*) > 3",
        ),
    ] {
        stays_in_shop(question, sql);
    }
}

#[test]
fn joined_rows_were_no_longer_counted() {
    for (question, sql) in [
        (
            "How often was aspirin ordered by a doctor?",
            "SELECT count(*) FROM s.prescription p JOIN s.medicine m ON m.medicine_id = p.medicine_id WHERE m.label = 'aspirin'",
        ),
        (
            "Which are the most ordered medicines?",
            "SELECT m.label FROM s.prescription p JOIN s.medicine m ON m.medicine_id = p.medicine_id GROUP BY m.medicine_id, m.label ORDER BY count(*) DESC LIMIT 5",
        ),
    ] {
        stays_in_shop(question, sql);
    }
    let sql =
        "SELECT count(*) FROM s.medicine m JOIN s.prescription p ON p.medicine_id = m.medicine_id";
    let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
    for question in ["How many medicines are there?", "Count the medicines."] {
        let pruned = prune(&parsed, &shop(), question).unwrap();
        assert_eq!(pruned.text().trim_end(), "SELECT count(*) FROM s.medicine m", "{question}");
    }
}

#[test]
fn all_were_returned_where_those_with_a_row_were_wanted() {
    for (question, sql) in [
        (
            "Which medicines have been given out?",
            "SELECT DISTINCT m.label FROM s.medicine m JOIN s.prescription p ON p.medicine_id = m.medicine_id",
        ),
        (
            "Medicines nobody ever got",
            "SELECT label FROM s.medicine WHERE medicine_id NOT IN (SELECT m.medicine_id FROM s.medicine m JOIN s.prescription p ON p.medicine_id = m.medicine_id)",
        ),
        (
            "Medicines nobody ever got",
            "SELECT a.label FROM s.medicine a WHERE NOT EXISTS (SELECT 1 FROM s.medicine m JOIN s.prescription p ON p.medicine_id = m.medicine_id WHERE m.medicine_id = a.medicine_id)",
        ),
        (
            "Which repositories belong to projects that have ended?",
            "SELECT r.name FROM s.repo r JOIN s.project p ON p.project_id = r.project_id WHERE p.ended_on IS NOT NULL",
        ),
    ] {
        stays_in_shop(question, sql);
    }
}

#[test]
fn what_the_question_names_stays_though_others_say_its_word() {
    let mut snapshot = shop();
    snapshot.relations[0].comment = Some("All that a prescription can be about".to_owned());
    let sql =
        "SELECT m.label FROM s.medicine m JOIN s.prescription p ON p.medicine_id = m.medicine_id";
    let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
    assert!(prune(&parsed, &snapshot, "medicines with a prescription").is_none());
}
