//! Which columns promise a secret by their name.
//!
//! Values of such columns are in no prompt and in no index, unless somebody allows the column by
//! name. `sql/catalog_snapshot.sql` has the same words. Called by the extension.

/// A regular expression of the server's, to be compared whatever the case.
pub const SECRET_NAME: &str = "(passw|pwd|secret|token|api_?key|credential|salt|hash|ssn|social_sec|iban|swift|card|cvv|cvc|(^|_)pin($|_)|licen[sc]e_?(no|num)|e_?mail|phone|birth|address|private)";

#[cfg(test)]
mod tests {
    #[test]
    fn the_snapshot_leaves_out_the_same() {
        let query = include_str!("../../../../sql/catalog_snapshot.sql");
        assert!(query.contains(&format!("!~* '{}'", super::SECRET_NAME)));
    }
}
