//! Files in the data directory with what engines have computed of prompts, for engines to come.
//!
//! Owns the files: their folder, writing, age and removal. What is in them engines make and judge;
//! which are worth their space is `core::disk_cache`'s. An engine can write no file, so it hands
//! over bytes, a piece at a time while nobody asks, and they are written here: under another name
//! until all is on disk. They hold what roles see of their schemas, as numbers, and are readable by
//! the server's user alone. On a standby nothing is written or removed: what came with the copy of
//! the data directory is read. Called by the broker. No failure here matters: what cannot be read
//! or written is computed again.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Result, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use text2sql_core::disk_cache::{FOLDER, INCOMPLETE, Key, Register, Wish, Wishes};
use text2sql_core::protocol::{FilePart, FileRest};
use text2sql_core::warm_up::Beginning;

use super::fleet::Fleet;
use crate::guc;
use crate::ipc::mailbox;
use crate::pg::server;

/// Time between two files.
const PAUSE: Duration = Duration::from_secs(10);
/// Time without an attempt after a file could not be written: the disk may be full.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(600);

/// The files, and the one that is being written.
#[derive(Debug, Default)]
pub struct DiskCache {
    register: Register,
    wishes: Wishes,
    writing: Option<Writing>,
    resume_at: Option<Instant>,
}

/// A file that is not complete.
#[derive(Debug)]
struct Writing {
    id: u64,
    key: Key,
    file: File,
    bytes: u64,
}

impl DiskCache {
    /// Looks what is there.
    pub fn open() -> Self {
        let mut cache = Self::default();
        let may_write = !server::in_recovery();
        for folder in entries(&root()) {
            for path in entries(&folder) {
                let name = |path: &Path| path.file_name()?.to_str().map(str::to_owned);
                let (Some(model), Some(file)) = (name(&folder), name(&path)) else { continue };
                if let Some(key) = Key::found(&model, &file) {
                    let Ok(meta) = path.metadata() else { continue };
                    let used = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    cache.register.put(key, meta.len(), used);
                } else if may_write && path.extension().is_some_and(|end| end == INCOMPLETE) {
                    let _ = std::fs::remove_file(&path);
                }
            }
        }
        cache
    }

    /// Whether a file is to be made as soon as its time comes.
    pub fn is_waiting(&self) -> bool {
        self.writing.is_none() && !self.wishes.is_empty()
    }

    /// A model, by its name and its folder's, has answered a question with this beginning.
    pub fn note(&mut self, model: &str, folder: &str, beginning: &Beginning) {
        if guc::prefix_cache_disk_bytes() == 0 || server::in_recovery() {
            return;
        }
        let key = Key::of(folder, beginning);
        if self.register.contains(&key) {
            let now = SystemTime::now();
            if self.register.used(&key, now) {
                let _ = File::open(path(&key)).and_then(|file| file.set_modified(now));
            }
            return;
        }
        let wish = Wish { model: model.to_owned(), key, beginning: beginning.clone() };
        self.wishes.note(wish, &self.register);
    }

    /// Has the next file made. To be called while nobody asks.
    pub fn turn(&mut self, engines: &mut Fleet, now: Instant) {
        if server::in_recovery() {
            return;
        }
        let budget = guc::prefix_cache_disk_bytes();
        if budget == 0 {
            self.abandon();
            self.wishes.clear();
        }
        self.make_room(budget);
        if let Some(writing) = &self.writing {
            if !engines.keeps(writing.id) {
                self.abandon();
            }
            return;
        }
        if self.resume_at.is_some_and(|resume_at| now < resume_at) {
            return;
        }
        let next = self.wishes.next(|wish| engines.idle_engine(&wish.model).is_some());
        let Some(wish) = next else { return };
        let Some(engine) = engines.idle_engine(&wish.model) else { return };
        // The name may stand for another model since.
        if engine.disk_cache() != Some(wish.key.model()) {
            return;
        }
        self.resume_at = now.checked_add(PAUSE);
        let id = mailbox::new_request_id();
        match create(&wish.key) {
            Ok(file) => {
                self.writing = Some(Writing { id, key: wish.key, file, bytes: 0 });
                engine.keep(id, wish.beginning.request(), budget);
            }
            Err(error) => self.failed(&wish.key, &error),
        }
    }

    /// Writes a piece of the file that was asked for with this id.
    pub fn write(&mut self, id: u64, part: &FilePart) {
        let Some(writing) = self.writing.as_mut().filter(|writing| writing.id == id) else {
            return;
        };
        if part.rest == FileRest::Lost {
            return self.abandon();
        }
        writing.bytes = writing.bytes.saturating_add(part.bytes.len() as u64);
        let (bytes, budget) = (writing.bytes, guc::prefix_cache_disk_bytes());
        // An engine was told the budget; one that reads hostile weights may not keep to it.
        if bytes > budget {
            return self.abandon();
        }
        let written = writing.add(part);
        self.make_room(budget.saturating_sub(bytes));
        match (written, part.rest) {
            (Err(error), _) => {
                if let Some(writing) = self.writing.take() {
                    let _ = std::fs::remove_file(incomplete(&writing.key));
                    self.failed(&writing.key, &error);
                }
            }
            (Ok(()), FileRest::Nothing) => {
                if let Some(Writing { key, bytes, .. }) = self.writing.take() {
                    pgrx::debug1!("text2sql: \"{}\" is written: {bytes} bytes", key.name());
                    self.register.put(key, bytes, SystemTime::now());
                }
            }
            (Ok(()), FileRest::More | FileRest::Lost) => {}
        }
    }

    /// An engine found a file to be of no use: it goes, and is made anew when it is wanted.
    pub fn refuse(&mut self, model: &str, name: &str, why: &str) {
        let Some(key) = Key::found(model, name) else { return };
        if self.register.remove(&key) {
            pgrx::log!("text2sql: \"{}\" is not used: {why}", path(&key).display());
            if !server::in_recovery() {
                remove(&key);
            }
        }
    }

    /// Removes what is too much.
    fn make_room(&mut self, budget: u64) {
        self.register.surplus(budget, SystemTime::now()).iter().for_each(remove);
    }

    /// The file will not be completed.
    fn abandon(&mut self) {
        if let Some(writing) = self.writing.take() {
            let _ = std::fs::remove_file(incomplete(&writing.key));
        }
    }

    fn failed(&mut self, key: &Key, error: &std::io::Error) {
        pgrx::log!("text2sql: \"{}\" is not written: {error}", path(key).display());
        self.resume_at = Instant::now().checked_add(PAUSE_AFTER_FAILURE);
    }
}

impl Writing {
    /// Adds a piece; after the last one the file has its name. Each piece is brought to the disk at
    /// once: all at the end would hold up whoever asks then.
    fn add(&mut self, part: &FilePart) -> Result<()> {
        self.file.write_all(&part.bytes)?;
        self.file.sync_data()?;
        if part.rest == FileRest::Nothing {
            self.file.sync_all()?;
            std::fs::rename(incomplete(&self.key), path(&self.key))?;
        }
        Ok(())
    }
}

/// Path of a model's folder.
pub fn folder(model: &str) -> PathBuf {
    root().join(model)
}

fn root() -> PathBuf {
    server::data_directory().join(FOLDER)
}

fn path(key: &Key) -> PathBuf {
    folder(key.model()).join(key.name())
}

fn incomplete(key: &Key) -> PathBuf {
    path(key).with_extension(INCOMPLETE)
}

fn create(key: &Key) -> Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder(key.model()))?;
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(incomplete(key))
}

fn remove(key: &Key) {
    let _ = discard(&path(key));
    // Where it was the last one; fails else.
    let _ = std::fs::remove_dir(folder(key.model()));
}

/// Removes a file and gives its space back. Engines have it open until they end, so removing alone
/// would leave them what nobody counts any more; one that has no name left they look at no further.
fn discard(path: &Path) -> Result<()> {
    // Nothing else than a file of ours may be emptied, nor may a FIFO make the worker wait.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let opened = OpenOptions::new().write(true).custom_flags(flags).open(path);
    std::fs::remove_file(path)?;
    let file = opened?;
    // Under another name it is somebody's copy.
    if file.metadata()?.nlink() == 0 { file.set_len(0) } else { Ok(()) }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code: a failed expectation is the outcome")]
mod tests {
    use super::*;

    /// A file with ten bytes under a name that no other test has.
    fn file(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("t2s-{}-{name}", std::process::id()));
        std::fs::write(&path, [7; 10]).unwrap();
        path
    }

    #[test]
    fn a_removed_file_gives_its_space_back_while_an_engine_has_it_open() {
        let path = file("open");
        let open = File::open(&path).unwrap();
        discard(&path).unwrap();
        assert!(!path.exists());
        assert_eq!(open.metadata().unwrap().len(), 0);
    }

    #[test]
    fn what_is_also_somebody_elses_is_not_emptied() {
        let (path, copy, elsewhere) = (file("linked"), file("copy"), file("elsewhere"));
        std::fs::remove_file(&copy).unwrap();
        std::fs::hard_link(&path, &copy).unwrap();
        discard(&path).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        let _ = discard(&path);
        assert!(!path.is_symlink());
        for kept in [copy, elsewhere] {
            assert_eq!(std::fs::read(&kept).unwrap(), [7; 10]);
            std::fs::remove_file(kept).unwrap();
        }
    }
}
