//! The command-line tools, and the folders they work in.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use text2sql_integration::Server;

/// The tools, built beside this test.
pub fn tools() -> Command {
    let test = std::env::current_exe().unwrap();
    Command::new(test.parent().unwrap().parent().unwrap().join("text2sql-cli"))
}

/// A folder that goes with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    /// Makes it.
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("t2s-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `eval` of a suite in the folder, with its results beside it.
pub fn eval(server: &Server, folder: &Folder, suite: &str) -> Command {
    let mut command = tools();
    command.arg("eval").arg(folder.file(suite));
    command.args(["--server", &server.cluster.conninfo("postgres", "postgres")]);
    command.args(["--role", "analyst"]).arg("--results").arg(folder.file("results.jsonl"));
    command
}

/// What a program wrote.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
