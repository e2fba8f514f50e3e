//! PostgreSQL's dialect for the SQL parser, with an end to its work.
//!
//! The parser tries several readings of the same text, one within the other: each level of
//! nested calls read twice makes 2ⁿ readings of n levels (30 levels took hours with the
//! dialect as it comes). Here every operand it begins to read is counted, and a statement that
//! takes too many is given up. Must otherwise be PostgreSQL's dialect. Called by
//! [`super::policy`].

use std::any::TypeId;
use std::cell::Cell;

use sqlparser::ast::Expr;
use sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use sqlparser::parser::{Parser, ParserError};

const POSTGRES: PostgreSqlDialect = PostgreSqlDialect {};

/// PostgreSQL, for one statement.
#[derive(Debug)]
pub(super) struct Bounded {
    steps_left: Cell<u32>,
}

impl Bounded {
    /// A dialect that gives up when the parser begins to read its `steps`-th operand, counting
    /// every attempt.
    pub fn new(steps: u32) -> Self {
        Self { steps_left: Cell::new(steps) }
    }

    /// Whether the parser was stopped. It may hide that: it takes some errors for the failure
    /// of one reading, and its result then means nothing.
    pub fn is_spent(&self) -> bool {
        self.steps_left.get() == 0
    }

    fn step(&self) -> Result<(), ParserError> {
        self.steps_left.set(self.steps_left.get().saturating_sub(1));
        if self.is_spent() { Err(ParserError::RecursionLimitExceeded) } else { Ok(()) }
    }
}

/// What PostgreSQL's dialect answers.
macro_rules! as_postgres {
    ($($name:ident),* $(,)?) => {
        $(fn $name(&self) -> bool { POSTGRES.$name() })*
    };
}

impl Dialect for Bounded {
    /// The parser asks for PostgreSQL by this in places.
    fn dialect(&self) -> TypeId {
        POSTGRES.dialect()
    }

    fn parse_prefix(&self, _: &mut Parser) -> Option<Result<Expr, ParserError>> {
        self.step().err().map(Err)
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        POSTGRES.get_next_precedence(parser)
    }

    fn prec_value(&self, prec: Precedence) -> u8 {
        POSTGRES.prec_value(prec)
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        POSTGRES.identifier_quote_style(identifier)
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        POSTGRES.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        POSTGRES.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        POSTGRES.is_identifier_part(ch)
    }

    fn is_custom_operator_part(&self, ch: char) -> bool {
        POSTGRES.is_custom_operator_part(ch)
    }

    /// Not as PostgreSQL's: with expressions as argument names, every argument is read twice.
    /// What is lost is the understanding of `json_object('k': v)`, of PostgreSQL 16 on.
    fn supports_named_fn_args_with_expr_name(&self) -> bool {
        false
    }

    as_postgres!(
        allow_extract_custom,
        allow_extract_single_quotes,
        supports_array_typedef_with_brackets,
        supports_empty_projections,
        supports_factorial_operator,
        supports_filter_during_aggregation,
        supports_geometric_types,
        supports_group_by_expr,
        supports_interval_options,
        supports_named_fn_args_with_colon_operator,
        supports_nested_comments,
        supports_notnull_operator,
        supports_numeric_literal_underscores,
        supports_string_escape_constant,
        supports_unicode_string_literal,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(dialect: &dyn Dialect, sql: &str) -> String {
        format!(
            "{:?}",
            Parser::new(dialect).try_with_sql(sql).and_then(|mut p| p.parse_statements())
        )
    }

    #[test]
    fn it_reads_what_the_dialect_of_postgres_reads() {
        for sql in [
            "SELECT a COLLATE \"C\", b[1], c -> 'k' || d, e ^@ 'x', f = g AND NOT h",
            "SELECT extract(year FROM a), extract('month' FROM b), extract(foo FROM c)",
            "SELECT '{1}'::int[], ARRAY[1, 2]::bigint[][], U&'\\0061', E'\\n', 1_000, 4 !",
            "SELECT count(*) FILTER (WHERE a) FROM s.t GROUP BY ROLLUP (b), (c, d)",
            "SELECT FROM s.t WHERE a NOTNULL OR b::point <-> c::box < 3",
            "SELECT interval '1' day, a::interval day to second, INTERVAL '1 year' * 2",
            "SELECT f(a => 1, b := 2, VARIADIC c), g(DISTINCT d ORDER BY e)",
            "SELECT \"a\"\"b\", é, _x$1 /* a /* b */ */ FROM \"S\".\"T\" AS t (c, d)",
            "SELECT a @> b, c ?| d, e #>> '{f}', g ~* 'h', i OPERATOR(pg_catalog.+) j",
            "WITH RECURSIVE t(n) AS MATERIALIZED (VALUES (1) UNION ALL TABLE t) SELECT * FROM t",
            "SELECT DISTINCT ON (a) b FROM s.t TABLESAMPLE system (1) WHERE c BETWEEN 1 AND 2",
            "SELECT a AT TIME ZONE 'x' FROM s.t, LATERAL (SELECT 1) q FETCH FIRST 1 ROW WITH TIES",
            "SELECT",
            "SELECT (",
        ] {
            let ours = parse(&Bounded::new(u32::MAX), sql);
            assert_eq!(ours, parse(&POSTGRES, sql), "{sql}");
        }
    }

    #[test]
    fn it_stops() {
        let dialect = Bounded::new(10);
        let _ = parse(&dialect, "SELECT 1, 2, 3");
        assert!(!dialect.is_spent());
        let _ = parse(&dialect, "SELECT 1, 2, 3, 4, 5, 6, 7, 8");
        assert!(dialect.is_spent());
    }
}
