//! Documents of each kind, and hostile ones.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::schema::{ForeignKey, RelationName};
use crate::semantics::{Definition, Read};

/// One line for each definition and each thing that was left.
fn told(text: &str) -> String {
    let Imported { wanted, skipped, .. } = import(text).unwrap();
    let mut out = String::new();
    for w in &wanted {
        let place = w.place.as_ref().map_or(String::new(), |p| {
            format!("{}{}", p.schema.as_ref().map_or(String::new(), |s| format!("{s}.")), p.name)
        });
        let parts = [
            w.text.clone(),
            w.description.as_ref().map(|d| format!("// {d}")),
            (!w.synonyms.is_empty()).then(|| format!("also {}", w.synonyms.join(", "))),
            w.join
                .as_ref()
                .map(|(a, to, b)| format!("{} -> {} {}", a.join(","), to.name, b.join(","))),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        out += &format!("{} {place} {}: {}\n", w.kind.name(), w.name, parts.join("; "));
    }
    for s in &skipped {
        out += &format!("skipped {}: {}\n", s.object, s.problem);
    }
    out
}

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&told(text));
}

#[test]
fn a_semantic_model_of_snowflake() {
    check(
        r#"
name: shop
tables:
  - name: ORDERS_T
    description: one row an order
    base_table: {database: DB, schema: SHOP, table: ORDERS}
    dimensions:
      - {name: ORDER_STATE, expr: STATUS, description: where it stands, synonyms: [state], data_type: TEXT}
      - {name: BIG, expr: amount > 100}
    time_dimensions:
      - {name: PLACED, expr: PLACED, description: when}
    facts:
      - {name: NET, expr: amount - tax, default_aggregation: sum}
      - {name: ODD, expr: amount - tax, default_aggregation: hash_agg}
      - {name: CUSTOMER, expr: CUSTOMER_ID}
    metrics:
      - {name: REVENUE, expr: SUM(amount), synonyms: [turnover, takings]}
    filters:
      - {name: open orders, expr: STATUS = 'new'}
      - {name: broken}
  - name: CUSTOMERS
    base_table: {database: DB, schema: SHOP, table: CUSTOMERS}
    dimensions: [{name: ID, expr: ID, unique: true}]
relationships:
  - name: buys
    left_table: ORDERS_T
    right_table: CUSTOMERS
    relationship_columns: [{left_column: CUSTOMER, right_column: ID}]
  - {name: lost, left_table: ORDERS_T, right_table: GONE, relationship_columns: []}
metrics: [{name: per_head, expr: a / b}]
custom_instructions: |
  - The year begins in April.
verified_queries: [{name: q1, question: how many, sql: SELECT 1}]
"#,
        expect![[r#"
            description SHOP.ORDERS : // one row an order; also ORDERS_T
            description SHOP.ORDERS STATUS: // where it stands; also state, ORDER_STATE
            metric SHOP.ORDERS BIG: amount > 100
            description SHOP.ORDERS PLACED: // when
            metric SHOP.ORDERS NET: sum(amount - tax)
            description SHOP.ORDERS CUSTOMER_ID: also CUSTOMER
            metric SHOP.ORDERS REVENUE: SUM(amount); also turnover, takings
            filter SHOP.ORDERS open orders: STATUS = 'new'
            join SHOP.ORDERS buys: CUSTOMER_ID -> CUSTOMERS ID
            rule  custom instruction 1.1: The year begins in April.
            example  how many: SELECT 1
            skipped measure ORDERS.ODD: the aggregation hash_agg has no counterpart
            skipped filter ORDERS.broken: it has no name or no expression
            skipped relationship lost: it names a table that the model does not have
            skipped metric per_head: metrics of several tables have no counterpart
        "#]],
    );
}

#[test]
fn a_schema_of_dbt() {
    check(
        r#"
version: 2
models:
  - name: orders
    description: one row an order
    columns:
      - name: status
        description: where it stands
        meta: {synonyms: [state]}
        tests: [not_null, {accepted_values: {values: [a]}}]
      - name: customer_id
        data_tests:
          - relationships: {to: ref('customers'), field: id}
          - relationships: {to: x}
sources:
  - name: raw
    schema: landing
    tables: [{name: Clicks, identifier: clicks_v2, description: what was clicked}]
exposures: [{name: board}]
"#,
        expect![[r#"
            description orders : // one row an order
            description orders status: // where it stands; also state
            join orders customer_id: customer_id -> customers id
            description landing.clicks_v2 : // what was clicked
            skipped relationship of orders.customer_id: it does not say which column of which model
            skipped exposures board: it has no counterpart
        "#]],
    );
}

#[test]
fn semantic_models_and_metrics_of_metricflow() {
    check(
        r#"
semantic_models:
  - name: orders
    model: ref('fct_orders')
    description: orders
    entities:
      - {name: order, type: primary, expr: order_id}
      - {name: customer, type: foreign, expr: customer_id}
    dimensions:
      - {name: state, type: categorical, expr: status}
      - {name: placed_month, type: time, expr: "date_trunc('month', placed)"}
    measures:
      - {name: order_total, agg: sum, expr: amount}
      - {name: order_count, agg: count, expr: order_id}
      - {name: spread, agg: percentile}
  - name: customers
    model: ref('dim_customers')
    entities: [{name: customer, type: primary, expr: id}]
metrics:
  - name: revenue
    label: Revenue in euro
    type: simple
    type_params: {measure: order_total}
  - name: open_revenue
    type: simple
    type_params: {measure: {name: order_total}}
    filter: |
      {{ Dimension('order__state') }} = 'new'
  - {name: value, type: ratio, type_params: {numerator: order_total, denominator: {name: order_count}}}
  - {name: grown, type: cumulative, type_params: {measure: order_total}}
  - {name: lost, type: simple, type_params: {measure: nothing}}
  - name: odd
    type: simple
    type_params: {measure: order_total}
    filter: "{{ Metric('x') }} > 1"
"#,
        expect![[r#"
            description fct_orders : // orders
            description fct_orders status: also state
            metric fct_orders placed_month: date_trunc('month', placed)
            metric fct_orders order_total: sum(amount)
            metric fct_orders order_count: count(order_id)
            join fct_orders customer: customer_id -> dim_customers id
            metric fct_orders revenue: sum(amount); also Revenue in euro
            metric fct_orders open_revenue: sum(amount) FILTER (WHERE (status = 'new'))
            metric fct_orders value: (sum(amount))::numeric / nullif(count(order_id), 0)
            skipped measure fct_orders.spread: its aggregation has no counterpart
            skipped metric grown: metrics of type cumulative have no counterpart
            skipped metric lost: the document has no measure nothing
            skipped metric odd: its filter has the template Metric('x'), which is no dimension of its model
        "#]],
    );
}

fn definitions() -> Vec<Definition> {
    let name = |name: &str| RelationName { schema: "shop".into(), name: name.into() };
    let plain = Definition {
        kind: Kind::Metric,
        relation: Some(name("Order")),
        name: "net: \"revenue\" #1".into(),
        definition: Some("sum(amount) FILTER (WHERE status = 'a: b')".into()),
        description: Some("- yes\u{20ac}".into()),
        synonyms: vec!["no".into(), "1".into()],
        key: None,
        parameters: Default::default(),
        reads: vec![Read { relation: name("Order"), column: None, type_name: None }],
    };
    let key = ForeignKey {
        from: name("Order"),
        from_columns: vec!["Customer".into()],
        to: name("a.b"),
        to_columns: vec!["id".into()],
    };
    vec![
        plain.clone(),
        Definition { kind: Kind::Filter, ..plain.clone() },
        Definition {
            kind: Kind::Description,
            name: String::new(),
            definition: None,
            ..plain.clone()
        },
        Definition {
            kind: Kind::Description,
            name: "id".into(),
            definition: None,
            ..plain.clone()
        },
        Definition {
            kind: Kind::Join,
            name: String::new(),
            definition: None,
            description: None,
            synonyms: vec![],
            key: Some(key),
            ..plain.clone()
        },
        Definition {
            kind: Kind::Rule,
            relation: None,
            description: None,
            synonyms: vec![],
            ..plain.clone()
        },
        Definition {
            kind: Kind::Example,
            relation: None,
            description: None,
            synonyms: vec![],
            ..plain.clone()
        },
        Definition {
            kind: Kind::Template,
            relation: None,
            synonyms: vec!["orders of {city}: \"all\"?".into()],
            parameters: [("city".into(), "shop.\"Order\".city".into())].into(),
            ..plain
        },
    ]
}

#[test]
fn what_is_exported_can_be_imported() {
    for how in [Export::Yaml, Export::Json] {
        let text = export(&definitions(), how);
        let Imported { wanted, skipped, .. } = import(&text).unwrap();
        assert!(skipped.is_empty(), "{skipped:?}\n{text}");
        let place = |name: &RelationName| Place {
            schema: Some(name.schema.clone()),
            name: name.name.clone(),
        };
        let mut expected = definitions();
        expected.sort_by_key(|definition| definition.kind);
        assert_eq!(wanted.len(), expected.len());
        for (got, was) in wanted.iter().zip(&expected) {
            assert_eq!(got.kind, was.kind);
            assert_eq!(got.name, was.name);
            assert_eq!(got.place, was.relation.as_ref().map(place));
            assert_eq!(got.text, was.definition);
            assert_eq!(got.description, was.description);
            assert_eq!(got.synonyms, was.synonyms);
            assert_eq!(got.parameters, was.parameters);
            let join = was.key.as_ref();
            let join = join.map(|k| (k.from_columns.clone(), place(&k.to), k.to_columns.clone()));
            assert_eq!(got.join, join);
        }
    }
}

#[test]
fn what_is_said_of_a_thing_in_two_places_is_put_together() {
    check(
        r#"
models: [{name: orders, description: one row an order, columns: [{name: status, description: where it stands}]}]
semantic_models:
  - {name: o, model: ref('orders'), description: again, dimensions: [{name: state, expr: status, label: State}]}
"#,
        expect![[r#"
            description orders : // one row an order
            description orders status: // where it stands; also State, state
        "#]],
    );
}

#[test]
fn our_own_document_says_what_is_wrong_with_it() {
    check(
        r#"{"text2sql": 1, "metrics": [{"name": "x"}, {"name": "x", "relation": "a.b.c", "expression": "1"},
            {"name": "x", "relation": "a"}], "rules": [{"rule": "y"}], "other": []}"#,
        expect![[r#"
            skipped metrics[0]: it has no relation
            skipped metrics[1]: a.b.c is no relation's name
            skipped metrics[2]: it has no expression
            skipped rules[0]: it has no name
            skipped other: it is not known
        "#]],
    );
    check("text2sql: 7", expect!["skipped text2sql: only version 1 of the form is known\n"]);
}

#[test]
fn long_descriptions_are_cut_and_that_is_said() {
    let text = format!("models: [{{name: a, description: {}}}]", "x ".repeat(200));
    let imported = import(&text).unwrap();
    assert_eq!(imported.wanted[0].description.as_ref().unwrap().len(), MAX_DESCRIPTION - 1);
    assert_eq!(imported.skipped[0].object, "description a");
}

#[test]
fn hostile_documents_are_refused_quickly() {
    let billion_laughs =
        (0..30).fold("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(), |all, n| {
            let of = format!("*a{n}, ").repeat(10);
            format!("{all}a{}: &a{} [{of}]\n", n + 1, n + 1)
        });
    for text in [
        billion_laughs,
        "[".repeat(100_000),
        "- ".repeat(100_000),
        "{".repeat(100_000),
        "{\"a\":".repeat(100_000),
        "a: ".repeat(50_000),
        "&a [*a]".to_owned(),
        "a: &a\n  b: *a\n".to_owned(),
        "tables: &t [*t]".to_owned(),
        "x".repeat(MAX_BYTES + 1),
        "models: [\"\\x00\"".to_owned(),
        "--- a\n--- b\n".to_owned(),
        "<<: *missing".to_owned(),
        String::new(),
    ] {
        let head: String = text.chars().take(40).collect();
        assert!(import(&text).is_err(), "{head}");
    }
}

proptest! {
    #[test]
    fn no_document_makes_it_panic(
        text in "(tables|models|metrics|semantic_models|name|expr|filter|relationships|text2sql|rules|base_table|type_params|measure|&a |\\*a|: |- |\n|\n  |\n    |\\[|\\]|\\{|\\}|, |'|\"|\\{\\{|\\}\\}|ref\\(|\\(|\\)|1|x|!!binary |<<|\\||>|#|%|\\PC){0,40}"
    ) {
        let _ = import(&text);
    }

    #[test]
    fn any_tree_under_known_keys_is_read(
        key in "tables|models|sources|semantic_models|metrics|text2sql",
        fields in prop::collection::vec(("name|expr|columns|tables|measures|type_params|filter|entities|dimensions|base_table|tests|relation|rule", "x|1|\\[\\]|\\{\\}|null|\\[x\\]|\\{name: x\\}|\\[\\{name: x, expr: y\\}\\]"), 0..8),
    ) {
        let mut seen = std::collections::HashSet::new();
        let fields: Vec<String> =
            fields.iter().filter(|(k, _)| seen.insert(k.clone())).map(|(k, v)| format!("{k}: {v}")).collect();
        let text = format!("{key}: [{{{}}}]\n", fields.join(", "));
        prop_assert!(import(&text).is_ok(), "{}", text);
    }
}
