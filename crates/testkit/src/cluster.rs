//! A throw-away PostgreSQL cluster with the extension preloaded.
//!
//! Owns making, starting, stopping and removing it. The server is the one whose `pg_config` is
//! named by `TEXT2SQL_PG_CONFIG`, with the extension installed into it. PostgreSQL refuses to run
//! as root, so root's clusters run as the user `postgres`. Used by the integration tests.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A running cluster; removed when dropped.
#[derive(Debug)]
pub struct Cluster {
    bin: PathBuf,
    dir: PathBuf,
    port: u16,
}

/// What a cluster is started with.
#[derive(Debug, Default, Clone)]
pub struct Config {
    settings: Vec<(String, String)>,
}

impl Config {
    /// Adds a line of `postgresql.conf`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The lines added so far.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl Cluster {
    /// Whether a server to test against is named; tests without one are skipped, saying so.
    pub fn is_available() -> bool {
        std::env::var_os("TEXT2SQL_PG_CONFIG").is_some()
    }

    /// Makes and starts a cluster.
    ///
    /// # Errors
    /// Whatever `initdb` or `pg_ctl` say.
    pub fn start(config: &Config) -> io::Result<Self> {
        let cluster = Self::create()?;
        cluster.initdb()?;
        cluster.configure(config)?;
        cluster.start_server()?;
        Ok(cluster)
    }

    /// Makes and starts a hot standby of this cluster, streaming from it.
    ///
    /// # Errors
    /// Whatever `pg_basebackup` or `pg_ctl` say.
    pub fn standby(&self, config: &Config) -> io::Result<Self> {
        let standby = Self::create()?;
        let (host, port) = (self.dir.display().to_string(), self.port.to_string());
        run(standby.as_server_user("pg_basebackup").args([
            "-D",
            &standby.data().display().to_string(),
            "-h",
            &host,
            "-p",
            &port,
            "-U",
            "postgres",
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--wal-method=stream",
        ]))?;
        standby.configure(config)?;
        standby.start_server()?;
        Ok(standby)
    }

    fn create() -> io::Result<Self> {
        let bin = asked_of_pg_config("--bindir")?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t2s-{}-{number}", std::process::id());
        // Short, because the socket's path must stay under 107 bytes.
        let dir = PathBuf::from("/tmp").join(name);
        std::fs::create_dir(&dir)?;
        let cluster = Self { bin, dir, port: 5432 };
        cluster.give_to_server_user(&cluster.dir)?;
        Ok(cluster)
    }

    fn initdb(&self) -> io::Result<()> {
        let data = self.data().display().to_string();
        let arguments = ["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"];
        run(self.as_server_user("initdb").args(arguments).arg("--no-sync"))
    }

    fn configure(&self, config: &Config) -> io::Result<()> {
        let mut text = format!(
            "listen_addresses = ''\nunix_socket_directories = '{}'\nport = {}\nfsync = off\n\
             shared_buffers = '16MB'\nmax_wal_senders = 4\nlog_min_messages = info\n\
             shared_preload_libraries = 'text2sql'\n",
            self.dir.display(),
            self.port
        );
        for (name, value) in &config.settings {
            text.push_str(&format!("{name} = '{}'\n", value.replace('\'', "''")));
        }
        // Not postgresql.auto.conf: ALTER SYSTEM must be able to overrule it.
        let path = self.data().join("postgresql.conf");
        std::fs::write(&path, text)?;
        self.give_to_server_user(&path)
    }

    /// Starts the server and waits for it.
    ///
    /// # Errors
    /// Whatever `pg_ctl` says.
    pub fn start_server(&self) -> io::Result<()> {
        let (data, log) = (self.data().display().to_string(), self.log().display().to_string());
        run(self
            .as_server_user("pg_ctl")
            .args(["-D", &data, "-l", &log, "-w", "-t", "60", "start"]))
    }

    /// Stops the server in `mode` (`smart`, `fast`, `immediate`) and says how long it took.
    ///
    /// # Errors
    /// Whatever `pg_ctl` says.
    pub fn stop_server(&self, mode: &str) -> io::Result<Duration> {
        let begun = Instant::now();
        let data = self.data().display().to_string();
        run(self
            .as_server_user("pg_ctl")
            .args(["-D", &data, "-m", mode, "-w", "-t", "60", "stop"]))?;
        Ok(begun.elapsed())
    }

    /// The server's log so far.
    pub fn log_text(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// Directory of the cluster, readable by the server's user.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A connection string for `user` and `database`.
    pub fn conninfo(&self, user: &str, database: &str) -> String {
        let host = self.dir.display();
        format!("host={host} port={} user={user} dbname={database}", self.port)
    }

    /// `psql` with these arguments, connected as the superuser to database `postgres`.
    pub fn psql(&self) -> Command {
        let mut command = self.client("psql");
        command.args(["-X", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres"]);
        command
    }

    /// A client program of the server's installation, told where the server is.
    pub fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.env("PGHOST", &self.dir).env("PGPORT", self.port.to_string());
        command
    }

    /// Directory of the scripts of extensions.
    ///
    /// # Errors
    /// Whatever `pg_config` says.
    pub fn extension_directory() -> io::Result<PathBuf> {
        Ok(asked_of_pg_config("--sharedir")?.join("extension"))
    }

    /// Writes a file the server's user owns, and returns its path.
    ///
    /// # Errors
    /// The file system's.
    pub fn write_file(&self, name: &str, text: &[u8]) -> io::Result<PathBuf> {
        let path = self.dir.join(name);
        std::fs::write(&path, text)?;
        self.give_to_server_user(&path)?;
        Ok(path)
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// A program of the server, or another one named by its whole path, run as the server's user.
    pub fn as_server_user(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/");
        command
    }

    fn give_to_server_user(&self, path: &Path) -> io::Result<()> {
        if is_root() { run(Command::new("chown").arg("postgres").arg(path)) } else { Ok(()) }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.stop_server("immediate");
        if std::thread::panicking() {
            eprintln!("--- log of {}\n{}", self.dir.display(), self.log_text());
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn asked_of_pg_config(question: &str) -> io::Result<PathBuf> {
    let pg_config = std::env::var_os("TEXT2SQL_PG_CONFIG")
        .ok_or_else(|| io::Error::other("TEXT2SQL_PG_CONFIG names no pg_config"))?;
    let output = Command::new(pg_config).arg(question).output()?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout == b"0\n")
}

fn run(command: &mut Command) -> io::Result<()> {
    // Not `output()`: the server that pg_ctl starts would keep the pipe open for ever.
    let errors = tempfile(command)?;
    let status = command.stdout(std::process::Stdio::null()).status()?;
    if status.success() {
        let _ = std::fs::remove_file(&errors);
        return Ok(());
    }
    let said = std::fs::read_to_string(&errors).unwrap_or_default();
    let _ = std::fs::remove_file(&errors);
    Err(io::Error::other(format!("{command:?}: {status}: {said}")))
}

/// Sends a command's standard error to a new file.
fn tempfile(command: &mut Command) -> io::Result<PathBuf> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = PathBuf::from(format!("/tmp/t2s-{}-{number}.err", std::process::id()));
    command.stderr(std::fs::File::create(&path)?);
    Ok(path)
}

/// What a finished command wrote to its standard output.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
