//! `text2sql-engine-scripted`: takes the engine's place in tests; see `text2sql_testkit::scripted`.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use text2sql_engine::frame_loop;
use text2sql_testkit::scripted::Scripted;

fn main() -> ExitCode {
    let Ok(fd) = std::io::stdin().as_fd().try_clone_to_owned() else { return ExitCode::from(4) };
    let stream = UnixStream::from(fd);
    let Ok(raw) = stream.try_clone() else { return ExitCode::from(4) };
    frame_loop::run(stream, &mut Scripted::new(raw))
}
