-- Definitions from documents of ours, of Snowflake and of dbt, and back.
\pset format unaligned
\pset tuples_only on
CREATE ROLE steward LOGIN IN ROLE text2sql_admin;
GRANT USAGE ON SCHEMA shop TO steward;
SET ROLE steward;
SELECT * FROM text2sql.import_semantics($$
name: shop
tables:
  - name: PURCHASES
    description: one row an order
    base_table: {database: DB, schema: PUBLIC, table: ORDERS}
    dimensions:
      - {name: STATE, expr: STATUS, description: where it stands}
      - {name: GONE, expr: GONE}
    facts:
      - {name: NET, expr: AMOUNT / 1.2, default_aggregation: sum, synonyms: [net turnover]}
    metrics:
      - {name: REVENUE, expr: SUM(AMOUNT)}
      - {name: ODD, expr: "ZEROIFNULL(SUM(AMOUNT))"}
    filters:
      - {name: open orders, expr: STATUS = 'new'}
  - name: CUSTOMERS
    base_table: {database: DB, schema: PUBLIC, table: CUSTOMERS}
relationships:
  - name: buys
    left_table: PURCHASES
    right_table: CUSTOMERS
    relationship_columns: [{left_column: CUSTOMER_ID, right_column: ID}]
custom_instructions: Amounts are in euro.
verified_queries: [{name: q1, question: how many, sql: SELECT 1}]
$$, schema => 'shop');
SELECT * FROM text2sql.import_semantics($$
models:
  - name: customers
    description: who buys
    columns: [{name: city, description: where they live, meta: {synonyms: [town]}}]
semantic_models:
  - name: orders
    model: ref('orders')
    measures: [{name: order_total, agg: sum, expr: amount}, {name: orders, agg: count, expr: id}]
    dimensions: [{name: state, expr: status}]
metrics:
  - {name: average order, type: ratio, type_params: {numerator: order_total, denominator: orders}}
  - {name: new revenue, type: simple, type_params: {measure: order_total}, filter: "{{ Dimension('order__state') }} = 'new'"}
$$);
SELECT text2sql.export_semantics();
SELECT text2sql.export_semantics('json') AS exported \gset
SELECT count(text2sql.drop_semantic(kind, relation, name)) AS dropped FROM text2sql.semantics();
SELECT count(*) FILTER (WHERE problem IS NULL) AS defined, count(problem) AS problems FROM text2sql.import_semantics(:'exported');
SELECT text2sql.export_semantics('JSON') = :'exported' AS same;
-- What cannot be read says why.
SELECT * FROM failure($$SELECT text2sql.import_semantics('a: [')$$);
SELECT * FROM failure($$SELECT text2sql.import_semantics('a: 1')$$);
SELECT * FROM failure($$SELECT text2sql.import_semantics('a: &a [*a, *a]')$$);
SELECT * FROM failure($$SELECT text2sql.import_semantics(repeat('[', 100000))$$);
SELECT * FROM failure($$SELECT text2sql.import_semantics(repeat('x', 2000000))$$);
SELECT * FROM failure($$SELECT text2sql.import_semantics(NULL)$$);
SELECT * FROM failure($$SELECT text2sql.export_semantics('xml')$$);
RESET ROLE;
-- Nobody gets in by a document what he could not define.
SET ROLE analyst;
SELECT * FROM text2sql.import_semantics('{"text2sql": 1, "rules": [{"name": "x", "rule": "y"}], "metrics": [{"name": "x", "relation": "shop.orders", "expression": "1"}]}');
SELECT text2sql.export_semantics();
RESET ROLE;
SELECT count(text2sql.drop_semantic(kind, relation, name)) AS dropped FROM text2sql.semantics();
DROP OWNED BY steward;
DROP ROLE steward;
