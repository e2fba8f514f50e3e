//! The file in the data directory from which an engine learns, after a restart of the server, which
//! schemas to read.
//!
//! Owns the file and when it is written; what is in it is `core::warm_up`'s. It holds what roles see
//! of their schemas, and is readable by the server's user alone, as the data itself is. Called by
//! the broker. No failure here matters: what cannot be read or written is done without.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Result, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use text2sql_core::warm_up::{MOST_SAVED, WarmUp};

use crate::guc;
use crate::pg::server;

/// Time between two writes.
const PAUSE: Duration = Duration::from_secs(10);

/// When the file was written.
#[derive(Debug, Default)]
pub struct Kept {
    written: Option<Instant>,
}

impl Kept {
    /// Reads the file, where it is kept.
    pub fn restore(warm_up: &mut WarmUp) {
        if !guc::warm_after_restart() {
            return;
        }
        let restored = read().and_then(|bytes| {
            warm_up.restore(&bytes).map_err(|damaged| std::io::Error::other(damaged.to_string()))
        });
        match restored {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => pgrx::log!("text2sql: \"{}\" is not used: {error}", path().display()),
        }
    }

    /// Writes the file if there is something new, not too often.
    pub fn save(&mut self, warm_up: &mut WarmUp, now: Instant) {
        let soon = self.written.is_some_and(|written| now.duration_since(written) < PAUSE);
        if !soon && guc::warm_after_restart() {
            self.save_now(warm_up);
            self.written = Some(now);
        }
    }

    /// Writes the file if there is something new.
    pub fn save_now(&mut self, warm_up: &mut WarmUp) {
        if guc::warm_after_restart()
            && let Some(bytes) = warm_up.to_save()
            && let Err(error) = write(&bytes)
        {
            pgrx::log!("text2sql: \"{}\" is not written: {error}", path().display());
        }
    }
}

fn path() -> PathBuf {
    server::data_directory().join("text2sql").join("schemas")
}

fn read() -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path())?.take(MOST_SAVED as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The old file stays until the new one is complete.
fn write(bytes: &[u8]) -> Result<()> {
    let path = path();
    let new = path.with_extension("new");
    if let Some(folder) = path.parent() {
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, &path)
}
