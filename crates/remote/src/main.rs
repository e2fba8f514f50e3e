//! `text2sql-remote`: speaks frames over the socket on descriptor 0, asks one endpoint.
//!
//! Started by the extension's worker in place of `text2sql-engine`, and by nobody else; a person
//! who starts it by hand gets an error. Writes nothing to standard output.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use text2sql_engine::{frame_loop, hardening};
use text2sql_remote::remote::{MAX_FILES, Remote};

/// Exit code where descriptor 0 is not a socket or the process cannot be hardened at all.
const EXIT_START: u8 = 4;

fn main() -> ExitCode {
    match start() {
        Ok(stream) => frame_loop::run(stream, &mut Remote::default()),
        Err(why) => {
            // Nothing is left to do where the error output is closed too.
            let _ = writeln!(std::io::stderr(), "text2sql-remote: {why}");
            ExitCode::from(EXIT_START)
        }
    }
}

fn start() -> Result<UnixStream, String> {
    hardening::close_inherited();
    let stream = frame_loop::worker()?;
    hardening::harden_with_files(MAX_FILES)
        .map_err(|why| format!("cannot give up rights: {why}"))?;
    Ok(stream)
}
