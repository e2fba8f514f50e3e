//! A small shop, for the tests of this crate.

use super::{Attribute, ForeignKey, Relation, RelationKind, RelationName, Snapshot};

fn name(name: &str) -> RelationName {
    RelationName { schema: "shop".into(), name: name.into() }
}

fn column(name: &str, type_name: &str) -> Attribute {
    Attribute {
        name: name.into(),
        type_name: type_name.into(),
        not_null: false,
        domain: None,
        comment: None,
        synonyms: vec![],
        enum_labels: vec![],
        common_values: vec![],
    }
}

/// A table of bigint columns, for tests that need many.
pub(crate) fn table(schema: &str, table: &str, columns: &[&str]) -> Relation {
    Relation {
        name: RelationName { schema: schema.into(), name: table.into() },
        kind: RelationKind::Table,
        comment: None,
        synonyms: vec![],
        filtered: false,
        estimated_rows: None,
        columns: columns.iter().map(|c| column(c, "bigint")).collect(),
        primary_key: vec!["id".into()],
    }
}

/// Single-column keys as `(from, column, to)`; the referenced column is `id`.
pub(crate) fn key(from: &RelationName, from_column: &str, to: &RelationName) -> ForeignKey {
    ForeignKey {
        from: from.clone(),
        from_columns: vec![from_column.into()],
        to: to.clone(),
        to_columns: vec!["id".into()],
    }
}

/// `customers`, `order_items`, `orders` and the view `v_revenue`, in this order.
pub(crate) fn shop() -> Snapshot {
    let customers = Relation {
        name: name("customers"),
        kind: RelationKind::Table,
        comment: Some("People who have bought something".into()),
        synonyms: vec![],
        filtered: false,
        estimated_rows: Some(4200.0),
        columns: vec![
            column("id", "bigint"),
            Attribute {
                common_values: vec!["Ann O'Hara".into(), "Bo".into(), "Cy".into(), "Di".into()],
                ..column("name", "text")
            },
            Attribute {
                comment: Some("Where the parcels go".into()),
                common_values: vec!["Berlin".into(), "Paris".into()],
                ..column("city", "character varying(80)")
            },
            column("created_at", "timestamp with time zone"),
        ],
        primary_key: vec!["id".into()],
    };
    let orders = Relation {
        name: name("orders"),
        kind: RelationKind::PartitionedTable,
        comment: None,
        synonyms: vec![],
        filtered: false,
        estimated_rows: Some(2.5e6),
        columns: vec![
            column("id", "bigint"),
            column("customer_id", "bigint"),
            Attribute {
                enum_labels: vec!["new".into(), "paid".into(), "sent".into()],
                ..column("status", "shop.order_status")
            },
            Attribute { common_values: vec!["9.99".into()], ..column("total", "numeric(12,2)") },
        ],
        primary_key: vec!["id".into()],
    };
    let order_items = Relation {
        name: name("order_items"),
        kind: RelationKind::Table,
        comment: None,
        synonyms: vec![],
        filtered: false,
        estimated_rows: Some(-1.0),
        columns: vec![
            column("order_id", "bigint"),
            column("line", "integer"),
            column("Unit Price", "numeric"),
        ],
        primary_key: vec!["order_id".into(), "line".into()],
    };
    let revenue = Relation {
        name: name("v_revenue"),
        kind: RelationKind::View,
        comment: None,
        synonyms: vec![],
        filtered: false,
        estimated_rows: None,
        columns: vec![column("month", "date"), column("revenue", "numeric")],
        primary_key: vec![],
    };
    let foreign_keys = vec![
        key(&order_items.name, "order_id", &orders.name),
        key(&orders.name, "customer_id", &customers.name),
    ];
    let relations = vec![customers, order_items, orders, revenue];
    Snapshot { relations, foreign_keys, ..Snapshot::default() }
}
