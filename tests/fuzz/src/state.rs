//! Everything a statement could have changed, as a superuser sees it.
//!
//! Owns one question to the server whose answer must stay the same.

use postgres::fallible_iterator::FallibleIterator;
use postgres::{Client, SimpleQueryMessage};

use crate::Failure;
use crate::playground::Playground;

/// The session that looks.
pub struct Witness {
    client: Client,
    query: String,
    before: Vec<(String, String)>,
}

/// Counts and sums that do not depend on one relation, without what the caller's session has of
/// its own.
const GENERAL: &[(&str, &str)] = &[
    (
        "relations",
        "SELECT count(*), sum(hashtextextended(concat(relname, relowner, relacl, relkind), 0)) FROM pg_class WHERE relpersistence <> 't'",
    ),
    (
        "functions",
        "SELECT count(*), sum(hashtextextended(concat(proname, proowner, prosrc, proacl), 0)) FROM pg_proc",
    ),
    (
        "types",
        "SELECT count(*), 0 FROM pg_type WHERE typnamespace::regnamespace::text !~ '^pg_temp'",
    ),
    ("roles", "SELECT count(*), sum(hashtextextended(a::text, 0)) FROM pg_authid a"),
    ("members", "SELECT count(*), sum(hashtextextended(m::text, 0)) FROM pg_auth_members m"),
    ("settings", "SELECT count(*), sum(hashtextextended(s::text, 0)) FROM pg_db_role_setting s"),
    ("files", "SELECT count(*), sum(hashtextextended(f, 0)) FROM pg_ls_dir('.') f"),
    (
        "configuration",
        "SELECT count(*), sum(hashtextextended(concat(name, setting), 0)) FROM pg_file_settings",
    ),
    (
        "large objects",
        "SELECT count(*), sum(hashtextextended(m::text, 0)) FROM pg_largeobject_metadata m",
    ),
    (
        "pages of large objects",
        "SELECT count(*), sum(hashtextextended(l::text, 0)) FROM pg_largeobject l",
    ),
    (
        "schemas",
        "SELECT count(*), sum(hashtextextended(n::text, 0)) FROM pg_namespace n WHERE nspname !~ 'temp_'",
    ),
    ("databases", "SELECT count(*), sum(hashtextextended(datname, 0)) FROM pg_database"),
    ("comments", "SELECT count(*), sum(hashtextextended(d::text, 0)) FROM pg_description d"),
    ("rules", "SELECT count(*), 0 FROM pg_rewrite"),
    ("policies", "SELECT count(*), sum(hashtextextended(p::text, 0)) FROM pg_policy p"),
    ("triggers", "SELECT count(*), 0 FROM pg_trigger"),
    (
        "advisory locks",
        "SELECT count(*), 0 FROM pg_locks WHERE locktype = 'advisory' AND objid <> 4711",
    ),
    ("prepared transactions", "SELECT count(*), 0 FROM pg_prepared_xacts"),
    ("replication slots", "SELECT count(*), 0 FROM pg_replication_slots"),
    ("extensions", "SELECT count(*), sum(hashtextextended(e::text, 0)) FROM pg_extension e"),
    ("statistics", "SELECT count(*), 0 FROM pg_statistic_ext"),
    ("server start", "SELECT 1, extract(epoch FROM pg_postmaster_start_time())"),
    (
        "files beside the data",
        "SELECT count(*), sum(hashtextextended(concat(f, s.size), 0)) FROM pg_ls_dir('..') f
         LEFT JOIN LATERAL pg_stat_file('../' || f) s ON f LIKE '%.ran'",
    ),
];

/// One `SELECT name, count, sum` for every table and sequence of users, but those whose reading
/// makes the planner call somebody's function: the witness would be the one who did it.
const RELATIONS: &str = "
SELECT format('SELECT %L, count(*), sum(hashtextextended(%s, 0)) FROM %s t', c.oid::regclass,
              CASE c.relkind WHEN 'S' THEN 'concat(t.last_value, t.is_called)' ELSE 't::text' END, c.oid::regclass)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND c.relpersistence <> 't'
  AND NOT EXISTS (SELECT FROM pg_index i
                  WHERE i.indrelid = c.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL))
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND c.relispartition)
ORDER BY 1";

impl Witness {
    /// Opens the session and takes the first look.
    ///
    /// # Errors
    /// Of the connection.
    pub fn connect(playground: &Playground) -> Result<Self, Failure> {
        let mut client = playground.superuser()?;
        // What the trojans of the playground tell the world.
        client.batch_execute("LISTEN exfil; SET enable_seqscan = on; SET jit = off")?;
        let mut parts: Vec<String> =
            client.query(RELATIONS, &[])?.iter().map(|row| row.get(0)).collect();
        let general = GENERAL
            .iter()
            .map(|(name, query)| format!("SELECT '{name}', q.a, q.b FROM ({query}) q(a, b)"));
        parts.extend(general);
        let sums = parts
            .iter()
            .map(|part| format!("SELECT n::text, a::text, b::text FROM ({part}) z(n, a, b)"));
        let query = sums.collect::<Vec<_>>().join("\nUNION ALL\n");
        let mut witness = Self { client, query, before: Vec::new() };
        witness.before = witness.look()?;
        Ok(witness)
    }

    /// What changed since the last look.
    ///
    /// # Errors
    /// Of the connection: the server is gone, or was.
    pub fn changes(&mut self) -> Result<Option<String>, Failure> {
        let after = self.look()?;
        let mut found: Vec<String> = after
            .iter()
            .filter(|line| !self.before.contains(line))
            .map(|(name, value)| format!("{name} is {value}"))
            .collect();
        if after.len() != self.before.len() {
            found.push("there are more or fewer things to look at".to_owned());
        }
        self.before = after;
        let told: Vec<String> = self
            .client
            .notifications()
            .iter()
            .map(|n| Ok(format!("notification {} {}", n.channel(), n.payload())))
            .collect()?;
        found.extend(told);
        Ok((!found.is_empty()).then(|| found.join("; ")))
    }

    fn look(&mut self) -> Result<Vec<(String, String)>, Failure> {
        let messages = self.client.simple_query(&self.query)?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let field = |row: &postgres::SimpleQueryRow, n| row.get(n).unwrap_or("").to_owned();
        Ok(rows
            .map(|row| (field(row, 0), format!("{} {}", field(row, 1), field(row, 2))))
            .collect())
    }
}
