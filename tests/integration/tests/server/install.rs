//! What installing, upgrading and restoring leave behind.

use std::path::PathBuf;
use std::process::Command;

use postgres::{Client, NoTls};
use serde_json::json;
use text2sql_integration::{SHOP, Server, offences, rule};
use text2sql_testkit::cluster::{Cluster, Config};

/// Version of library, installation script and workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What every upgrade script ends with.
const GRANTS: &str = include_str!("../../../../sql/grants.sql");

const GOOD: &str = "SELECT text2sql.ask('how many customers?')::text";

fn shop() -> Option<Server> {
    Server::start(&[rule("customers", "SELECT count(*) AS n FROM shop.customers")])
}

fn connect(server: &Server, user: &str, database: &str) -> Client {
    Client::connect(&server.cluster.conninfo(user, database), NoTls).unwrap()
}

/// Scripts of an extension that has been `version` before; removed when dropped.
struct Former {
    files: Vec<PathBuf>,
}

impl Former {
    /// No version is older than the first, so the former one is today's script and a function,
    /// which `upgrade` takes away again.
    fn new(version: &str, upgrade: &str) -> Self {
        let folder = Cluster::extension_directory().unwrap();
        let today =
            std::fs::read_to_string(folder.join(format!("text2sql--{VERSION}.sql"))).unwrap();
        let gone = "CREATE FUNCTION text2sql.gone() RETURNS int LANGUAGE sql AS 'SELECT 1';
                    COMMENT ON FUNCTION text2sql.gone() IS 'of a former version';
                    REVOKE ALL ON FUNCTION text2sql.gone() FROM PUBLIC;";
        let mut files = Vec::new();
        for (name, text) in [
            (version.to_owned(), format!("{today}\n{gone}")),
            (format!("{version}--{VERSION}"), format!("DROP FUNCTION text2sql.gone();\n{upgrade}")),
        ] {
            let file = folder.join(format!("text2sql--{name}.sql"));
            std::fs::write(&file, text).unwrap();
            files.push(file);
        }
        Self { files }
    }
}

impl Drop for Former {
    fn drop(&mut self) {
        for file in &self.files {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// A function a new version might bring.
const ADDED: &str = "CREATE FUNCTION text2sql.added() RETURNS int LANGUAGE sql AS 'SELECT 1';";

#[test]
fn nothing_is_everybodys_after_an_installation() {
    let Some(server) = shop() else { return };
    let mut admin = server.superuser();
    assert_eq!(offences(&mut admin), Vec::<String>::new());
    admin.batch_execute(ADDED).unwrap();
    assert_eq!(offences(&mut admin), ["function text2sql.added() gives everybody EXECUTE"]);
}

#[test]
fn an_extension_of_another_version_is_refused_until_it_is_updated() {
    let Some(server) = shop() else { return };
    let upgrade =
        format!("{ADDED} COMMENT ON FUNCTION text2sql.added() IS 'new in this version';\n{GRANTS}");
    let _former = Former::new("0.0.1", &upgrade);
    let mut admin = server.superuser();
    admin
        .batch_execute("DROP EXTENSION text2sql; CREATE EXTENSION text2sql VERSION '0.0.1'")
        .unwrap();

    let mut analyst = server.analyst();
    for call in
        ["ask('how many customers?')", "run('SELECT 1')", "status()", "validate('SELECT 1')"]
    {
        let error = analyst.query(&format!("SELECT text2sql.{call}"), &[]).unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code().code(), "55000", "{call}: {error}");
        let detail = format!("Library: {VERSION}; extension: 0.0.1.");
        assert_eq!(error.detail(), Some(detail.as_str()), "{call}");
        assert!(error.hint().unwrap().contains("ALTER EXTENSION text2sql UPDATE"), "{call}");
    }

    let remedy = remedy_of(&mut admin, "extension_version").unwrap();
    admin.batch_execute(&remedy).unwrap();
    assert_eq!(remedy_of(&mut admin, "extension_version"), None);
    let answer: String = analyst.query_one(GOOD, &[]).unwrap().get(0);
    assert_eq!(answer, r#"{"n":3}"#);
    assert_eq!(offences(&mut admin), Vec::<String>::new());
}

#[test]
fn an_upgrade_that_forgets_the_rights_is_found_and_mended() {
    let Some(server) = shop() else { return };
    let _former = Former::new("0.0.2", ADDED);
    let mut admin = server.superuser();
    admin
        .batch_execute(
            "DROP EXTENSION text2sql; CREATE EXTENSION text2sql VERSION '0.0.2';
             ALTER EXTENSION text2sql UPDATE",
        )
        .unwrap();
    assert_eq!(
        offences(&mut admin),
        [
            "function text2sql.added() gives everybody EXECUTE",
            "function text2sql.added() has no comment",
        ]
    );
    let remedy = remedy_of(&mut admin, "public_privilege").unwrap();
    admin.batch_execute(&remedy).unwrap();
    assert_eq!(offences(&mut admin), ["function text2sql.added() has no comment"]);
}

#[test]
fn a_dump_restores_into_a_working_extension() {
    let Some(server) = shop() else { return };
    let mut admin = server.superuser();
    admin
        .batch_execute(
            "GRANT EXECUTE ON FUNCTION text2sql.check_setup() TO analyst;
             REVOKE EXECUTE ON FUNCTION text2sql.prompt(text) FROM text2sql_user;
             SELECT text2sql.define_metric('head count', 'shop.customers', 'count(*)');
             SELECT text2sql.add_template('named', ARRAY['who is number {n}'],
               'SELECT c.name FROM shop.customers AS c WHERE c.id = :n', '{\"n\": \"integer\"}');
             CREATE ROLE restorer SUPERUSER LOGIN",
        )
        .unwrap();
    let dump = server.cluster.client("pg_dump").args(["-U", "postgres", "postgres"]).output();
    let dump = dump.unwrap();
    assert!(dump.status.success(), "{dump:?}");
    let text = String::from_utf8(dump.stdout).unwrap();
    assert!(text.contains("CREATE EXTENSION") && !text.contains("CREATE FUNCTION"), "{text}");
    let file = server.cluster.write_file("dump.sql", text.as_bytes()).unwrap();

    // The owner, and another superuser, who finds the schema made for the owner.
    for user in ["postgres", "restorer"] {
        let database = format!("restored_by_{user}");
        admin.batch_execute(&format!("CREATE DATABASE {database}")).unwrap();
        let mut psql = server.cluster.client("psql");
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", user, "-d", &database, "-f"]);
        let restored = psql.arg(&file).output().unwrap();
        assert!(restored.status.success(), "{user}: {restored:?}");

        let sql = format!("ALTER DATABASE {database} SET text2sql.schemas = 'shop'");
        admin.batch_execute(&sql).unwrap();
        let mut there = connect(&server, "postgres", &database);
        assert_eq!(offences(&mut there), Vec::<String>::new(), "{user}");
        let mut analyst = connect(&server, "analyst", &database);
        let answer: String = analyst.query_one(GOOD, &[]).unwrap().get(0);
        assert_eq!(answer, r#"{"n":3}"#, "{user}");
        let named = "SELECT reasons[1] FROM text2sql.link('the head count') LIMIT 1";
        let reason: String = analyst.query_one(named, &[]).unwrap().get(0);
        assert_eq!(reason, "the metric head count is defined on it", "{user}");
        let by_template = "SELECT template FROM text2sql.explain('who is number 1')";
        let template: Option<String> = analyst.query_one(by_template, &[]).unwrap().get(0);
        assert_eq!(template.as_deref(), Some("named"), "{user}");
        analyst.query("SELECT * FROM text2sql.check_setup()", &[]).unwrap();
        let error = analyst.query("SELECT text2sql.prompt('customers')", &[]).unwrap_err();
        assert_eq!(error.code().unwrap().code(), "42501", "{user}: {error}");
    }
}

#[test]
fn the_readmes_commands_set_up_a_server_that_has_never_heard_of_the_extension() {
    if !Cluster::is_available() {
        return;
    }
    let readme = include_str!("../../../../README.md");
    let (_, section) = readme.split_once("## On your own server").unwrap();
    let (_, block) = section.split_once("```sql\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let (before, after) = block.split_once("-- restart").unwrap();
    let statements = |part: &str| {
        let lines = part.lines().map(|line| line.split("--").next().unwrap().trim());
        lines.filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };

    let cluster = Cluster::start(&Config::default().set("shared_preload_libraries", "")).unwrap();
    let superuser = || Client::connect(&cluster.conninfo("postgres", "postgres"), NoTls).unwrap();
    let mut admin = superuser();
    admin.batch_execute("CREATE ROLE ann LOGIN").unwrap();
    for statement in statements(before) {
        admin.batch_execute(&statement).unwrap();
    }
    cluster.stop_server("fast").unwrap();
    cluster.start_server().unwrap();
    let mut admin = superuser();
    // What stands behind the restart on its line is said to people.
    let after: Vec<_> = statements(after).into_iter().filter(|line| line.ends_with(';')).collect();
    assert_eq!(after.len(), 3, "{after:?}");
    for statement in after {
        admin.batch_execute(&statement).unwrap();
    }
    let path: String = admin.query_one("SHOW text2sql.model_path", &[]).unwrap().get(0);
    assert!(path.ends_with("business-q4_k_m.gguf"), "{path}");
    let sql = "SELECT pg_has_role('ann', 'text2sql_user', 'member')";
    assert!(admin.query_one(sql, &[]).unwrap().get::<_, bool>(0));
}

#[test]
fn the_remedies_preload_the_library_and_keep_questions_out_of_statistics() {
    let config = Config::default().set("shared_preload_libraries", "pg_stat_statements");
    let Some(server) = Server::start_with(json!({ "rules": [] }), config, SHOP) else { return };
    let remedy = remedy_of(&mut server.superuser(), "preload").unwrap();
    server.superuser().batch_execute(&remedy).unwrap();
    server.cluster.stop_server("fast").unwrap();
    server.cluster.start_server().unwrap();

    let mut admin = server.superuser();
    let libraries: String = admin.query_one("SHOW shared_preload_libraries", &[]).unwrap().get(0);
    assert_eq!(libraries, "pg_stat_statements, text2sql");
    assert_eq!(remedy_of(&mut admin, "preload"), None);
    server.await_state("ready");

    let remedy = remedy_of(&mut admin, "logging").unwrap();
    admin.batch_execute(&remedy).unwrap();
    server.cluster.stop_server("fast").unwrap();
    server.cluster.start_server().unwrap();
    assert_eq!(remedy_of(&mut server.superuser(), "logging"), None);
}

#[test]
fn the_remedy_keeps_others_from_writing_the_engines_program() {
    let Some(server) = shop() else { return };
    let engine = server.cluster.write_file("engine", b"").unwrap();
    let mut admin = server.superuser();
    let sql = format!("ALTER SYSTEM SET text2sql.engine_path = '{}'", engine.display());
    admin.batch_execute(&sql).unwrap();
    server.cluster.stop_server("fast").unwrap();
    server.cluster.start_server().unwrap();

    let mut admin = server.superuser();
    let mut remedies = || {
        let sql = "SELECT remedy FROM text2sql.check_setup()
                    WHERE check_name = 'engine_path' AND object = $1";
        let found = admin.query(sql, &[&engine.display().to_string()]).unwrap();
        found.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>()
    };
    assert_eq!(remedies(), Vec::<String>::new());
    assert!(Command::new("chmod").arg("o+w").arg(&engine).status().unwrap().success());
    let found = remedies();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(Command::new("sh").args(["-c", &found[0]]).status().unwrap().success());
    assert_eq!(remedies(), Vec::<String>::new());
}

/// The remedy of the only finding of a check, or `None` where there is none.
fn remedy_of(client: &mut Client, check: &str) -> Option<String> {
    let sql = "SELECT remedy FROM text2sql.check_setup() WHERE check_name = $1";
    let rows = client.query(sql, &[&check]).unwrap();
    assert!(rows.len() <= 1, "{check}: {rows:?}");
    rows.first().map(|row| row.get(0))
}
