//! What the words of a question change, and what they leave.

mod measured;

use super::conform;
use crate::schema::fixture::{key, table};
use crate::schema::{RelationName, Snapshot};
use crate::sql::{CandidateSql, policy};
use proptest::prelude::*;

/// Riders own horses, horses run races, of a stable each.
fn course() -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (relation, columns) in [
        ("horse", &["id", "name", "stable_id", "rider_id", "birth_date"][..]),
        ("race", &["id", "horse_id", "cup", "place"]),
        ("rider", &["id", "name", "age", "wins"]),
        ("stable", &["id", "title", "town"]),
    ] {
        let mut table = table("s", relation, columns);
        table.primary_key = vec!["id".into()];
        snapshot.relations.push(table);
    }
    let name = |name: &str| RelationName { schema: "s".into(), name: name.into() };
    for (from, column, to) in [
        ("horse", "stable_id", "stable"),
        ("horse", "rider_id", "rider"),
        ("race", "horse_id", "horse"),
    ] {
        snapshot.foreign_keys.push(key(&name(from), column, &name(to)));
    }
    snapshot
}

fn conformed(sql: &str, question: &str) -> Option<String> {
    let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
    let changed = conform(&parsed, &course(), question)?;
    Some(changed.text().split_whitespace().collect::<Vec<_>>().join(" "))
}

#[track_caller]
fn becomes(question: &str, sql: &str, wanted: &str) {
    assert_eq!(conformed(sql, question).as_deref(), Some(wanted));
}

#[track_caller]
fn stays(question: &str, sql: &str) {
    assert_eq!(conformed(sql, question), None, "{sql}");
}

#[test]
fn the_oldest_has_the_highest_age() {
    for order in ["r.age", "r.age ASC", "r.wins", "r.wins ASC"] {
        becomes(
            "Who is the oldest rider?",
            &format!("SELECT r.name FROM s.rider r ORDER BY {order} LIMIT 1"),
            "SELECT r.name FROM s.rider r ORDER BY r.age DESC LIMIT 1",
        );
    }
    becomes(
        "Name the youngest rider.",
        "SELECT name FROM s.rider ORDER BY age DESC LIMIT 1",
        "SELECT name FROM s.rider ORDER BY age ASC LIMIT 1",
    );
    becomes(
        "How old is the eldest rider?",
        "SELECT min(age) FROM s.rider",
        "SELECT max(age) FROM s.rider",
    );
}

#[test]
fn the_oldest_was_born_first() {
    becomes(
        "Which horse is the oldest?",
        "SELECT h.name FROM s.horse h ORDER BY h.birth_date DESC LIMIT 1",
        "SELECT h.name FROM s.horse h ORDER BY h.birth_date ASC LIMIT 1",
    );
    becomes(
        "Which horses are as young as the youngest?",
        "SELECT name FROM s.horse WHERE birth_date = (SELECT MIN(birth_date) FROM s.horse)",
        "SELECT name FROM s.horse WHERE birth_date = (SELECT max(birth_date) FROM s.horse)",
    );
}

#[test]
fn orders_of_other_things_stay() {
    for (question, sql) in [
        ("Who is the oldest rider?", "SELECT name FROM s.rider ORDER BY age DESC LIMIT 1"),
        ("The oldest and the youngest?", "SELECT name FROM s.rider ORDER BY age LIMIT 1"),
        ("Riders by age", "SELECT name FROM s.rider ORDER BY age LIMIT 1"),
        // Nothing of a stable tells its age.
        ("The oldest stable?", "SELECT title FROM s.stable ORDER BY town LIMIT 1"),
        // Two could be meant.
        (
            "The oldest pair?",
            "SELECT h.name FROM s.horse h JOIN s.rider r ON r.id = h.rider_id ORDER BY r.wins LIMIT 1",
        ),
        ("Wins of the oldest, lowest first?", "SELECT wins FROM s.rider ORDER BY wins LIMIT 1"),
        ("The oldest riders by wins", "SELECT name FROM s.rider ORDER BY wins"),
    ] {
        stays(question, sql);
    }
}

#[test]
fn the_oldest_race_was_that_of_the_oldest_horse() {
    let mut snapshot = course();
    let place = snapshot.relations[1].columns.iter_mut().find(|column| column.name == "place");
    place.unwrap().type_name = "date".into();
    let sql =
        "SELECT r.cup FROM s.race r JOIN s.horse h ON h.id = r.horse_id ORDER BY r.place LIMIT 1";
    let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
    assert!(conform(&parsed, &snapshot, "What is the oldest race of a horse?").is_none());
}

const CUPS: &str = "Which horses ran for the Gold Cup and the Spring Cup?";

#[test]
fn what_has_many_has_both() {
    let branch = |cup: &str| {
        format!(
            "SELECT h.name FROM s.horse h JOIN s.race r ON r.horse_id = h.id WHERE r.cup = '{cup}'"
        )
    };
    let wanted = format!("{} INTERSECT {}", branch("Gold Cup"), branch("Spring Cup"));
    for condition in [
        "r.cup IN ('Gold Cup', 'Spring Cup')",
        "r.cup = 'Gold Cup' OR r.cup = 'Spring Cup'",
        "r.cup ILIKE 'Gold Cup' OR r.cup ILIKE 'Spring Cup'",
    ] {
        let sql = format!(
            "SELECT h.name FROM s.horse h JOIN s.race r ON r.horse_id = h.id WHERE {condition}"
        );
        becomes(CUPS, &sql, &wanted);
    }
}

#[test]
fn values_are_named_by_whole_words() {
    let sql = "SELECT h.name FROM s.horse h JOIN s.race r ON r.horse_id = h.id WHERE r.cup IN ('Gold', 'Spring')";
    let branch = |cup: &str| {
        format!(
            "SELECT h.name FROM s.horse h JOIN s.race r ON r.horse_id = h.id WHERE r.cup = '{cup}'"
        )
    };
    let wanted = format!("{} INTERSECT {}", branch("Gold"), branch("Spring"));
    becomes("Which horses ran for golds and for spring?", sql, &wanted);
    stays("Which horses ran for golden and for spring cups?", sql);
    stays("Which horses ran for gold and for offsprings?", sql);
}

#[test]
fn what_has_one_has_either() {
    for (question, sql) in [
        // A horse has one stable.
        (
            "Names of horses from Kent and Devon",
            "SELECT h.name FROM s.horse h JOIN s.stable t ON t.id = h.stable_id WHERE t.town IN ('Kent', 'Devon')",
        ),
        (
            "Races for the Gold Cup and the Spring Cup",
            "SELECT id FROM s.race WHERE cup IN ('Gold Cup', 'Spring Cup')",
        ),
        (
            "Which horses ran for the Gold Cup or the Spring Cup?",
            "SELECT h.name FROM s.horse h JOIN s.race r ON r.horse_id = h.id WHERE r.cup IN ('Gold Cup', 'Spring Cup')",
        ),
        (
            CUPS,
            "SELECT h.name, r.place FROM s.horse h JOIN s.race r ON r.horse_id = h.id WHERE r.cup IN ('Gold Cup', 'Spring Cup')",
        ),
        (
            CUPS,
            "SELECT count(*) FROM s.horse h JOIN s.race r ON r.horse_id = h.id WHERE r.cup IN ('Gold Cup', 'Spring Cup')",
        ),
        (
            CUPS,
            "SELECT h.name FROM s.horse h JOIN s.race r ON r.horse_id = h.id WHERE r.cup IN ('Gold Cup', 'Autumn Cup')",
        ),
    ] {
        stays(question, sql);
    }
}

const NEVER: &str = "Which horses have never run for the Gold Cup?";

#[test]
fn what_has_many_can_have_another() {
    for join in ["JOIN", "LEFT JOIN", "INNER JOIN"] {
        becomes(
            NEVER,
            &format!(
                "SELECT h.name FROM s.horse h {join} s.race r ON r.horse_id = h.id \
                 WHERE h.id > 7 AND r.cup <> 'Gold Cup' ORDER BY h.name"
            ),
            "SELECT h.name FROM s.horse h WHERE h.id > 7 AND NOT EXISTS \
             (SELECT 1 FROM s.race r WHERE r.horse_id = h.id AND r.cup = 'Gold Cup') ORDER BY h.name",
        );
    }
    becomes(
        "Riders who do not own a horse that ran for the Gold Cup",
        "SELECT d.name FROM s.rider d JOIN s.horse h ON h.rider_id = d.id \
         JOIN s.race r ON r.horse_id = h.id WHERE r.cup NOT ILIKE '%gold%'",
        "SELECT d.name FROM s.rider d WHERE NOT EXISTS (SELECT 1 FROM s.horse h \
         JOIN s.race r ON r.horse_id = h.id WHERE h.rider_id = d.id AND r.cup ILIKE '%gold%')",
    );
}

#[test]
fn not_this_and_that_denies_both_at_once() {
    becomes(
        "Horses that are not from Ascot in Kent",
        "SELECT h.name FROM s.horse h JOIN s.stable t ON t.id = h.stable_id \
         WHERE t.title != 'Ascot' AND t.town != 'Kent'",
        "SELECT h.name FROM s.horse h WHERE NOT EXISTS \
         (SELECT 1 FROM s.stable t WHERE t.id = h.stable_id AND t.title = 'Ascot' AND t.town = 'Kent') AND true",
    );
}

#[test]
fn denials_of_what_is_one_stay() {
    for (question, sql) in [
        (
            "Which horses are not from Kent?",
            "SELECT h.name FROM s.horse h JOIN s.stable t ON t.id = h.stable_id WHERE t.town <> 'Kent'",
        ),
        (
            "Which horses ran for another cup than the Gold Cup?",
            "SELECT h.name FROM s.horse h JOIN s.race r ON r.horse_id = h.id WHERE r.cup <> 'Gold Cup'",
        ),
        // What is joined is wanted too.
        (
            NEVER,
            "SELECT h.name, r.place FROM s.horse h JOIN s.race r ON r.horse_id = h.id WHERE r.cup <> 'Gold Cup'",
        ),
        (
            NEVER,
            "SELECT h.name FROM s.horse h JOIN s.race r ON r.horse_id = h.id WHERE r.cup <> 'Gold Cup' GROUP BY h.name",
        ),
        (NEVER, "SELECT id FROM s.race WHERE cup <> 'Gold Cup'"),
        // Denied of what is joined itself.
        (
            "Which horses have races that were not for the Gold Cup?",
            "SELECT DISTINCT h.name FROM s.horse h JOIN s.race r ON r.horse_id = h.id WHERE r.cup <> 'Gold Cup'",
        ),
        (
            "horses with a race they haven't won",
            "SELECT h.name FROM s.horse h JOIN s.race r ON r.horse_id = h.id WHERE r.place <> 1",
        ),
        // Neither is both.
        (
            "Which horses are not from Kent or Essex?",
            "SELECT h.name FROM s.horse h JOIN s.stable t ON t.id = h.stable_id WHERE t.town <> 'Kent' AND t.town <> 'Essex'",
        ),
    ] {
        stays(question, sql);
    }
}

#[test]
fn what_is_only_ordered_by_is_not_shown() {
    for (question, sql, wanted) in [
        (
            "List the names of riders, and sort them in ascending order of wins.",
            "SELECT r.name, r.wins FROM s.rider r ORDER BY r.wins ASC",
            "SELECT r.name FROM s.rider r ORDER BY r.wins ASC",
        ),
        (
            "Show the titles and towns of stables, sorted by the number of horses.",
            "SELECT COUNT(*) AS n, t.title, t.town FROM s.stable t JOIN s.horse h \
             ON h.stable_id = t.id GROUP BY t.title, t.town ORDER BY n DESC",
            "SELECT t.title, t.town FROM s.stable t JOIN s.horse h \
             ON h.stable_id = t.id GROUP BY t.title, t.town ORDER BY COUNT(*) DESC",
        ),
        (
            "What are the top three towns in terms of the average age? Give me the towns.",
            "SELECT t.town, AVG(r.age) oldest FROM s.stable t JOIN s.rider r ON r.id = t.id \
             GROUP BY t.town ORDER BY oldest DESC LIMIT 3",
            "SELECT t.town FROM s.stable t JOIN s.rider r ON r.id = t.id \
             GROUP BY t.town ORDER BY AVG(r.age) DESC LIMIT 3",
        ),
        (
            "riders ordered by age, then by wins",
            "SELECT age, name, wins FROM s.rider ORDER BY age, wins DESC",
            "SELECT name FROM s.rider ORDER BY age, wins DESC",
        ),
    ] {
        becomes(question, sql, wanted);
    }
    let two = "SELECT r.name, r.wins FROM s.rider r ORDER BY r.wins";
    for (question, sql) in [
        ("Show the names and wins of riders, sorted by wins.", two),
        ("Names of riders sorted by wins. Show the wins, too.", two),
        ("Sort the list of names and wins.", two),
        ("Sort the riders by wins and show the wins.", two),
        ("Show the order of the riders", two),
        ("Names of riders sorted by age", two),
        ("names sorted by wins", "SELECT r.name, r.wins FROM s.rider r ORDER BY r.name"),
        ("names sorted by wins", "SELECT r.wins FROM s.rider r ORDER BY r.wins"),
        ("names sorted by wins", "SELECT DISTINCT r.name, r.wins FROM s.rider r ORDER BY r.wins"),
        ("names sorted by wins", "SELECT * FROM s.rider r ORDER BY r.wins"),
        ("names sorted by wins", "SELECT r.name, r.wins FROM s.rider r"),
        ("names sorted by wins", "SELECT wins, name, age FROM s.rider ORDER BY wins, 3"),
        ("names sorted by wins", "SELECT wins, name FROM s.rider GROUP BY 1, 2 ORDER BY wins"),
        ("riders and ages, sorted by name", "SELECT name, age FROM s.rider ORDER BY name"),
        // Wanted by another word.
        (
            "How many horses does each rider have, sorted by the number of horses?",
            "SELECT r.age, COUNT(*) AS n FROM s.rider r JOIN s.horse h ON h.rider_id = r.id GROUP BY r.age ORDER BY n",
        ),
        (
            "How much did each rider win, sorted by total?",
            "SELECT r.name, SUM(r.wins) AS gain FROM s.rider r GROUP BY r.name ORDER BY gain",
        ),
        (
            "Riders with their gain, sorted by total",
            "SELECT r.name, SUM(r.wins) AS gain FROM s.rider r GROUP BY r.name ORDER BY gain",
        ),
        (
            "average wins grouped and sorted by age",
            "SELECT age, avg(wins) FROM s.rider GROUP BY age ORDER BY age",
        ),
    ] {
        stays(question, sql);
    }
}

#[test]
fn both_is_not_either() {
    let wins = |operator: &str| {
        format!(
            "SELECT r.age FROM s.rider r WHERE r.wins > 9 {operator} \
             SELECT r.age FROM s.rider r WHERE r.wins < 2"
        )
    };
    let question = "At which ages are there both riders with over 9 wins and riders with under 2?";
    becomes(question, &wins("UNION"), &wins("INTERSECT"));
    stays("ages of riders with over 9 wins and of riders with under 2", &wins("UNION"));
    stays("ages with both over 9 wins and under 2 or none", &wins("UNION"));
    stays(question, &wins("UNION ALL"));
    stays(
        "the names of both horses and riders",
        "SELECT h.name FROM s.horse h UNION SELECT r.name FROM s.rider r",
    );
}

#[test]
fn a_name_is_that_of_whom_the_question_says() {
    let sql = |item: &str| {
        format!(
            "SELECT {item}.name, count(*) FROM s.rider r JOIN s.horse h ON h.rider_id = r.id \
             WHERE r.age > 40 GROUP BY {item}.name ORDER BY {item}.name"
        )
    };
    for question in [
        "What are the names of the horses of riders over 40?",
        "Horse names where the rider is over 40",
        "The horse's name where its rider is over 40",
        "Names of all different horses whose rider is over 40",
    ] {
        becomes(question, &sql("r"), &sql("h"));
        stays(question, &sql("h"));
    }
    stays(
        "Horse names where the rider is over 40",
        "SELECT r.name, h.name FROM s.rider r JOIN s.horse h ON h.rider_id = r.id",
    );
    // It is ordered and found by the other already.
    for rest in ["ORDER BY h.name", "WHERE h.name LIKE 'B%'"] {
        stays(
            "List all riders by horse name",
            &format!("SELECT r.name FROM s.rider r JOIN s.horse h ON h.rider_id = r.id {rest}"),
        );
    }
    for groups in ["r.id", "r.name HAVING r.name <> 'Bo'"] {
        stays(
            "Horse names where the rider is over 40",
            &format!(
                "SELECT r.name FROM s.rider r JOIN s.horse h ON h.rider_id = r.id GROUP BY {groups}"
            ),
        );
    }
    for question in [
        "The names of horses and the names of riders",
        "The names of riders with a horse",
        "Who has horses?",
    ] {
        stays(question, &sql("r"));
    }
}

proptest! {
    #[test]
    fn no_statement_makes_it_fail(
        select in "(h[.]name|name|r[.]cup|count\\(1\\)|min\\(r?[.]?age\\))(, age| AS name, h[.]name| \"x,\")?",
        from in "s[.]horse h( (LEFT )?JOIN s[.]race r ON r[.]horse_id = h[.]id)?( JOIN s[.]stable t ON t[.]id = h[.]stable_id)?",
        condition in "( WHERE (h|r|t)[.](cup|town|id) (<>|=|NOT ILIKE|IN) ('a'|\\('a', 'b'\\)|7)( (AND|OR) (r[.])?cup (<>|=) 'b')?)?",
        order in "( ORDER BY (h[.])?(birth_date|name|age)( DESC)?( LIMIT 1)?)?",
        question in "(oldest|youngest|never|do not|) a and b(, sorted by (name|age|number))?",
    ) {
        let sql = format!("SELECT {select} FROM {from}{condition}{order}");
        if let Ok(parsed) = policy::check(CandidateSql::from_user(&sql).unwrap())
            && let Some(changed) = conform(&parsed, &course(), &question)
        {
            prop_assert!(changed.is_understood(), "{}", changed.text());
            prop_assert_eq!(changed.relations(), parsed.relations());
        }
    }
}
