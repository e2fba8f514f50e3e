//! Units, periods, different things and the best of each.

use proptest::prelude::*;

use crate::schema::fixture::{key, table};
use crate::schema::{Relation, RelationName, Snapshot};
use crate::sql::{CandidateSql, conform, mend, policy, unknown_last};

/// Depots send parcels, which are scanned.
fn depot() -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (relation, columns) in [
        ("depot", &["id", "name", "region"][..]),
        ("parcel", &["id", "depot_id", "weight", "fee", "insured", "sent", "tags", "kind", "doc"]),
        ("scan", &["id", "parcel_id", "seconds", "at"]),
    ] {
        let mut table = table("s", relation, columns);
        table.primary_key = vec!["id".into()];
        snapshot.relations.push(table);
    }
    for (column, type_name, comment) in [
        ("weight", "integer", "grams"),
        ("fee", "integer", "euro cents"),
        ("insured", "integer", "thousand euro; null = not insured"),
        ("sent", "date", ""),
        ("tags", "text[]", ""),
        ("kind", "text", ""),
        ("doc", "jsonb", ""),
    ] {
        for found in snapshot.relations.iter_mut().flat_map(|r: &mut Relation| &mut r.columns) {
            if found.name == column {
                found.type_name = type_name.into();
                found.comment = Some(comment.to_owned()).filter(|text| !text.is_empty());
            }
        }
    }
    let name = |name: &str| RelationName { schema: "s".into(), name: name.into() };
    for (from, column, to) in [("parcel", "depot_id", "depot"), ("scan", "parcel_id", "parcel")] {
        snapshot.foreign_keys.push(key(&name(from), column, &name(to)));
    }
    snapshot
}

fn conformed(sql: &str, question: &str) -> Option<String> {
    let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
    Some(conform(&parsed, &depot(), question)?.text().to_owned())
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
fn results_are_in_the_unit_the_question_wants() {
    for (question, shown, wanted) in [
        ("Fees in euros", "fee", "fee / 100.0"),
        ("Total of the fees in euros", "sum(p.fee) AS total", "sum(p.fee) / 100.0 AS total"),
        ("Average fee in dollars", "round(avg(fee), 2)", "round(avg(fee) / 100.0, 2)"),
        ("Fee per head in euro", "fee / id", "fee / 100.0 / id"),
        ("What does it weigh in kilos?", "max(weight)", "max(weight) / 1000.0"),
        ("Insured value in euro", "p.insured", "p.insured * 1000"),
        ("Insured value in million euro", "insured", "insured / 1000.0"),
        ("Insured value in thousand euro", "insured / 1000.0", "insured"),
        ("How many euros more?", "max(fee) - min(fee)", "(max(fee) - min(fee)) / 100.0"),
        (
            "In euros, and running",
            "sum(fee) OVER (ORDER BY sent)",
            "sum(fee) OVER (ORDER BY sent) / 100.0",
        ),
    ] {
        let sql = |shown: &str| format!("SELECT kind, {shown} FROM s.parcel p");
        becomes(question, &sql(shown), &sql(wanted));
        stays(question, &sql(wanted));
    }
}

#[test]
fn what_converts_or_has_no_other_unit_stays() {
    for (question, shown) in [
        ("Fees in euros", "fee * 0.01"),
        ("Fees in euros", "count(*)"),
        ("Fees in cents", "fee"),
        ("Fees", "fee"),
        ("Weight in euros", "weight"),
        ("Fees in euros and in cents", "fee"),
        ("Fees in euros", "fee / insured"),
        ("Fees in euros", "fee / weight"),
        ("Fees in euros", "100.0 * fee / sum(fee) OVER ()"),
    ] {
        stays(question, &format!("SELECT {shown} FROM s.parcel"));
    }
    // What is ordered by has to be what is distinct.
    stays("Fees in euros", "SELECT DISTINCT fee FROM s.parcel ORDER BY fee");
}

#[test]
fn numbers_are_compared_in_the_unit_of_the_column() {
    becomes(
        "Parcels over 30 kg or of less than $2.50",
        "SELECT id FROM s.parcel WHERE weight > 30 OR fee < 2.5",
        "SELECT id FROM s.parcel WHERE weight > 30000 OR fee < 250",
    );
    stays("Parcels over 30 kg", "SELECT id FROM s.parcel WHERE weight > 30000");
    stays("Parcels over 30 kg", "SELECT id FROM s.parcel WHERE id > 30");
}

#[test]
fn bounds_are_those_of_the_period() {
    for (question, low, high) in [
        ("sent in the third quarter of 2026", "2026-07-01", "2026-10-01"),
        ("sent in Q4 2026", "2026-10-01", "2027-01-01"),
        ("sent in the first half of 2025", "2025-01-01", "2025-07-01"),
        ("each month from January to October 2026", "2026-01-01", "2026-11-01"),
        ("sent between March and May 2025", "2025-03-01", "2025-06-01"),
        ("sent in February 2024", "2024-02-01", "2024-03-01"),
    ] {
        let sql = |low: &str, high: &str| {
            format!("SELECT count(*) FROM s.parcel WHERE sent >= '{low}' AND sent < '{high}'")
        };
        becomes(question, &sql("2026-09-01", "2027-02-01"), &sql(low, high));
        stays(question, &sql(low, high));
    }
    becomes(
        "parcels of February 2024",
        "SELECT id FROM s.parcel WHERE sent BETWEEN '2024-01-01' AND '2024-02-28'",
        "SELECT id FROM s.parcel WHERE sent BETWEEN '2024-02-01' AND '2024-02-29'",
    );
    becomes(
        "How many parcels were sent in November 2026?",
        "SELECT count(*) FROM s.parcel p WHERE p.sent >= '2026-11-01' AND kind = 'A'",
        "SELECT count(*) FROM s.parcel p WHERE p.sent >= '2026-11-01' AND p.sent < '2026-12-01' AND kind = 'A'",
    );
}

#[test]
fn other_periods_stay() {
    let sql = "SELECT id FROM s.parcel WHERE sent >= '2026-01-01' AND sent < '2026-02-01'";
    for question in [
        "sent before March 2026",
        "sent since March 2026",
        "sent from March 2026 on",
        "sent by the end of March 2026",
        "sent in the first half of March 2026",
        "sent on 7 March 2026",
        "sent in March 2026 or March 2025",
        "sent in the third fiscal quarter of 2026",
        "sent in May 2026 and in the month before",
        "sent in May 2026 compared with the month before it",
        "sent in 2026",
        "sent lately",
    ] {
        stays(question, sql);
    }
    // Nobody knows which of both the period is of.
    let sql = "SELECT p.id FROM s.parcel p WHERE p.sent >= '2026-01-01' AND p.sent < '2026-02-01' \
               AND EXTRACT(YEAR FROM p.sent) = 2026";
    stays("sent in March 2026", sql);
}

#[test]
fn different_things_are_counted_by_their_key() {
    let sql = |count: &str| {
        format!(
            "SELECT d.region, {count} FROM s.scan c JOIN s.parcel p ON p.id = c.parcel_id \
             JOIN s.depot d ON d.id = p.depot_id GROUP BY d.region HAVING {count} >= 20"
        )
    };
    for count in ["count(*)", "count(DISTINCT p.kind)"] {
        becomes(
            "Regions with at least 20 different parcels scanned",
            &sql(count),
            &sql("COUNT(DISTINCT p.id)"),
        );
    }
    stays("Regions with at least 20 scans of different parcels", &sql("count(*)"));
    stays("Regions with at least 20 different parcel kinds", &sql("count(DISTINCT p.kind)"));
    stays("Regions with at least 20 different parcels", &sql("count(DISTINCT p.id)"));
    stays("How many different parcels?", "SELECT count(*) FROM s.parcel");
    stays(
        "Parcels with more than six different parcels",
        "SELECT p.id, count(*) FROM s.parcel p JOIN s.scan c ON c.parcel_id = p.id GROUP BY p.id",
    );
}

#[test]
fn the_best_of_each_is_ranked_within_each() {
    let from = "FROM s.parcel p JOIN s.depot d ON d.id = p.depot_id";
    for limit in ["", " LIMIT 1"] {
        becomes(
            "What is the heaviest parcel of each depot?",
            &format!("SELECT d.name, p.id {from} ORDER BY p.weight DESC{limit}"),
            &format!(
                "SELECT name, id FROM (SELECT d.name AS name, p.id AS id, rank() OVER (PARTITION BY \
                 d.id ORDER BY p.weight DESC NULLS LAST) AS place_in_each {from}) AS ranked WHERE \
                 place_in_each = 1"
            ),
        );
    }
    becomes(
        "In each region, which depot sent the most parcels?",
        &format!(
            "SELECT d.name, count(*) AS n {from} GROUP BY d.id, d.name, d.region ORDER BY n DESC"
        ),
        &format!(
            "SELECT region, name, n FROM (SELECT d.region AS region, d.name AS name, count(*) AS n, \
             rank() OVER (PARTITION BY d.region ORDER BY count(*) DESC NULLS LAST) AS place_in_each \
             {from} GROUP BY d.id, d.name, d.region) AS ranked WHERE place_in_each = 1"
        ),
    );
    becomes(
        "For every depot: its name, when its latest parcel was sent, and its kind",
        &format!("SELECT d.name, max(p.sent), p.kind {from} GROUP BY d.id, d.name, p.kind"),
        &format!(
            "SELECT name, max, kind FROM (SELECT d.name AS name, p.sent AS max, p.kind AS kind, rank() \
             OVER (PARTITION BY d.id ORDER BY p.sent DESC NULLS LAST) AS place_in_each {from}) AS \
             ranked WHERE place_in_each = 1"
        ),
    );
}

#[test]
fn what_is_listed_or_has_one_of_each_stays() {
    let from = "FROM s.parcel p JOIN s.depot d ON d.id = p.depot_id";
    for (question, rest) in [
        ("Parcels of each depot, heaviest first", "ORDER BY p.weight DESC"),
        ("Parcels of each depot ordered by the most recent", "ORDER BY p.sent DESC"),
        ("The five heaviest parcels", "ORDER BY p.weight DESC LIMIT 5"),
        ("The latest five parcels of each depot", "ORDER BY p.sent DESC LIMIT 5"),
        ("The heaviest parcel of each carrier", "ORDER BY p.weight DESC"),
        ("Parcels of each depot with at least one scan", "ORDER BY p.weight DESC"),
        ("The latest parcel of each depot", "ORDER BY d.name"),
    ] {
        stays(question, &format!("SELECT d.name, p.id {from} {rest}"));
    }
    stays(
        "The highest weight in each depot",
        &format!(
            "SELECT d.name, max(p.weight) {from} GROUP BY d.id, d.name ORDER BY max(p.weight) DESC"
        ),
    );
    for shown in
        ["d.name, max(p.weight)", "max(p.weight), d.name", "d.region, d.name, max(p.weight)"]
    {
        for groups in ["d.id, d.name, d.region", "p.depot_id, d.name, d.region"] {
            stays(
                "The highest weight in each depot",
                &format!("SELECT {shown} {from} GROUP BY {groups}"),
            );
        }
    }
    stays("The highest fee of each kind", "SELECT kind, max(fee) FROM s.parcel GROUP BY kind");
}

#[test]
fn what_is_not_known_is_not_the_highest() {
    let last = |sql: &str| {
        let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
        unknown_last(&parsed, &depot()).map(|sql| sql.text().to_owned())
    };
    let sql = |order: &str| format!("SELECT p.kind FROM s.parcel p{order}");
    let changed = last(&sql(" ORDER BY p.insured DESC LIMIT 1"));
    assert_eq!(changed, Some(sql(" ORDER BY p.insured DESC NULLS LAST LIMIT 1")));
    for order in [
        " ORDER BY p.insured LIMIT 1",
        " ORDER BY p.insured DESC",
        " ORDER BY p.id DESC LIMIT 1",
        " ORDER BY p.insured DESC NULLS FIRST LIMIT 1",
        " WHERE p.insured IS NOT NULL ORDER BY p.insured DESC LIMIT 1",
        " WHERE p.insured < 9 AND p.id > 3 ORDER BY p.insured DESC LIMIT 1",
    ] {
        assert_eq!(last(&sql(order)), None, "{order}");
    }
}

#[test]
fn arrays_and_fields_of_json_are_compared_as_what_they_hold() {
    let mended = |condition: &str| {
        let sql = format!("SELECT id FROM s.parcel p WHERE {condition}");
        let parsed = policy::check(CandidateSql::from_user(&sql).unwrap()).unwrap();
        let changed = mend(&parsed, &depot())?.text().to_owned();
        changed.strip_prefix("SELECT id FROM s.parcel p WHERE ").map(str::to_owned)
    };
    for (before, after) in [
        ("p.tags = 'glass'", "'glass' = ANY(p.tags)"),
        ("'glass' <> tags", "'glass' <> ALL(tags)"),
        ("tags ILIKE 'Glass'", "'Glass' ILIKE ANY(tags)"),
        ("tags NOT LIKE 'glass'", "'glass' <> ALL(tags)"),
        ("p.doc->>'age' < 18", "(p.doc->>'age')::numeric < 18"),
        ("(doc->'a'->>'age') BETWEEN 1 AND 2", "(doc->'a'->>'age')::numeric BETWEEN 1 AND 2"),
        (
            "(SELECT sum(q.doc->>'n') FROM s.parcel q) > 1",
            "(SELECT sum((q.doc->>'n')::numeric) FROM s.parcel q) > 1",
        ),
    ] {
        assert_eq!(mended(before).as_deref(), Some(after));
    }
    for stays in ["'glass' = ANY(tags)", "tags = '{glass}'", "tags LIKE 'gl%'", "doc->>'a' = 'b'"] {
        assert_eq!(mended(stays), None, "{stays}");
    }
}

proptest! {
    #[test]
    fn whatever_is_changed_is_a_statement_that_reads_the_same(
        shown in "(d[.]name|p[.]kind AS name|p[.]fee(, p[.]fee)?|round\\(avg\\(p[.]fee\\), 2\\) AS n|max\\(p[.]weight\\)|p[.]insured / 1000[.]0|count\\(\\*\\)|\"x,\"|[*])",
        more in "(, d[.]region|, p[.]fee - p[.]fee|, count\\(DISTINCT p[.]kind\\)|, 1)?",
        condition in "( WHERE (p[.]weight (>|=) 30|p[.]sent (>=|<|BETWEEN '2026-01-01' AND) '2026-02-01')( AND p[.]sent < '2026-03-01'| OR 'glass' = p[.]tags)?)?",
        groups in "( GROUP BY d[.]id, d[.]name(, d[.]region)?(, p[.]kind)?)?",
        order in "( ORDER BY (p[.]weight|count\\(\\*\\)|n|2|d[.]name)( DESC| ASC)?( LIMIT (1|5))?( OFFSET 1)?)?",
        question in "(the heaviest |most |latest |)(of each depot|in every region|of 12 different parcels|)(, in (euros|kilos|thousand euro)|over 30 kg|)( in (march|q3|the second half of) 2026)?",
    ) {
        let from = "s.depot d JOIN s.parcel p ON p.depot_id = d.id";
        let sql = format!("SELECT {shown}{more} FROM {from}{condition}{groups}{order}");
        let Ok(parsed) = policy::check(CandidateSql::from_user(&sql).unwrap()) else {
            return Ok(());
        };
        let changed = [
            conform(&parsed, &depot(), &question),
            mend(&parsed, &depot()),
            unknown_last(&parsed, &depot()),
        ];
        for changed in changed.into_iter().flatten() {
            prop_assert!(changed.is_understood(), "{}", changed.text());
            prop_assert_eq!(changed.relations(), parsed.relations());
        }
    }
}
