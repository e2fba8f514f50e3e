//! `text2sql-engine`: speaks frames over the socket on descriptor 0, runs one model.
//!
//! Started by the extension's worker and by nobody else; a person who starts it by hand gets an
//! error. Writes nothing to standard output.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use text2sql_engine::hardening::Computes;
use text2sql_engine::kernels::code::Code;
use text2sql_engine::{frame_loop, hardening, served::Served};

/// Exit code where descriptor 0 is not a socket or the process cannot be hardened at all.
const EXIT_START: u8 = 4;

fn main() -> ExitCode {
    match start() {
        Ok(stream) => frame_loop::run(stream, &mut Served::default()),
        Err(why) => {
            // Nothing is left to do where the error output is closed too.
            let _ = writeln!(std::io::stderr(), "text2sql-engine: {why}");
            ExitCode::from(EXIT_START)
        }
    }
}

fn start() -> Result<UnixStream, String> {
    let mut arguments = std::env::args_os().skip(1);
    let first = arguments.next();
    let computes = match first.as_ref().and_then(|argument| argument.to_str()) {
        Some("--check-hardening") => Some(Computes::OnProcessor),
        Some("--check-gpu-hardening") => Some(Computes::OnGpu),
        _ => None,
    };
    if let Some(computes) = computes {
        let folder = arguments.next().unwrap_or_else(|| "/nonexistent".into());
        return Err(format!("\n{}", hardening::report(Path::new(&folder), computes)));
    }
    hardening::close_inherited();
    // While this is the only thread, and before rights are given up: it may try in a child.
    Code::best();
    let stream = frame_loop::worker()?;
    hardening::harden().map_err(|why| format!("cannot give up rights: {why}"))?;
    Ok(stream)
}
