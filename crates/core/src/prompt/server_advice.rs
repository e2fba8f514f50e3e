//! Which of the server's details and hints a model may read, that is to mend its statement.
//!
//! They can tell of columns and tables that the caller may not SELECT, as "Perhaps you meant to
//! reference the column" does, or that a column is there and cannot be referenced. So only known
//! sentences are told, and only if all they name stands in the statement; those in other languages
//! are not known. Called where a statement was rejected.

use crate::sql::ParsedSql;

/// Of PostgreSQL 15 to 18 (`parse_relation.c`, `parse_func.c`, `parse_oper.c`, `parse_coerce.c`),
/// with `%` for a name.
const SENTENCES: [&str; 10] = [
    "There is an entry for table %, but it cannot be referenced from this part of the query.",
    "There is a WITH item named %, but it cannot be referenced from this part of the query.",
    "Perhaps you meant to reference the table alias %.",
    "No function matches the given name and argument types. You might need to add explicit type casts.",
    "No operator matches the given name and argument types. You might need to add explicit type casts.",
    "No operator matches the given name and argument type. You might need to add an explicit type cast.",
    "Could not choose a best candidate function. You might need to add explicit type casts.",
    "Could not choose a best candidate operator. You might need to add explicit type casts.",
    "You will need to rewrite or cast the expression.",
    "Use WITH RECURSIVE, or re-order the WITH items to remove forward references.",
];

/// A detail or hint of the server, if the model may read it.
pub fn tellable<'t>(text: &'t str, sql: &ParsedSql) -> Option<&'t str> {
    let parts: Vec<&str> = text.split('"').collect();
    let names: Vec<&str> = parts.iter().skip(1).step_by(2).copied().collect();
    let sentence: Vec<&str> = parts.iter().step_by(2).copied().collect();
    let sentence = sentence.join("%");
    let written = sql.text().to_lowercase();
    // An odd number of quotes leaves the last name open.
    let is_whole = parts.len() % 2 == 1;
    let is_own = names.iter().all(|name| written.contains(&name.to_lowercase()));
    let is_known = SENTENCES.contains(&sentence.as_str());
    (is_whole && is_own && is_known).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{CandidateSql, policy};

    fn told(text: &str) -> bool {
        let sql = "SELECT c.name, x.total FROM shop.customers AS c, orders, (SELECT c.id) AS x";
        let sql = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
        tellable(text, &sql).is_some()
    }

    #[test]
    fn known_sentences_about_the_statements_own_names_are_told() {
        for text in [
            "There is an entry for table \"c\", but it cannot be referenced from this part of the query.",
            "Perhaps you meant to reference the table alias \"c\".",
            "No operator matches the given name and argument types. You might need to add explicit type casts.",
        ] {
            assert!(told(text), "{text}");
        }
    }

    #[test]
    fn what_could_be_hidden_is_not_told() {
        for text in [
            "Perhaps you meant to reference the column \"c.token\".",
            "Perhaps you meant to reference the column \"c.name\".",
            "Perhaps you meant to reference the table alias \"secrets\".",
            "To reference that column, you must use a table-qualified name.",
            "There is a column named \"total\" in table \"c\", but it cannot be referenced from this part of the query.",
            "There is a column named \"name\" in table \"orders\", but it cannot be referenced from this part of the query.",
            "There is a column named \"total\" in table \"orders, but it cannot be referenced from this part of the query.",
            "Vielleicht wurde beabsichtigt, auf den Tabellenalias »c« zu verweisen.",
            "You will need to rewrite or cast the secrets.",
            "",
        ] {
            assert!(!told(text), "{text}");
        }
    }
}
