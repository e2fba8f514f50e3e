//! The files that engines before this one left, and what of them a prompt begins with.
//!
//! Owns which file serves a prompt, and when reading it is worth the time. All are opened while
//! the model loads, for afterwards nothing can be, and read when a prompt of their scope comes: a
//! file of 43 MB takes less time than five tokens of prefill. Every byte is taken for hostile until
//! the sums agree. Writes and removes nothing: the worker is told which files are of no use.
//! Called by `model` and `scheduler`.

use std::fs::{File, OpenOptions};
use std::io::BufReader;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use text2sql_core::disk_cache::{MOST_FILES, is_name, is_of_scope};

use super::format::{Header, Identity, SUM, Unusable};
use crate::gguf::check_file;
use crate::kv_cache::{BLOCK, Block};
use crate::prefix_cache::{PrefixCache, common};

/// A file is read where it saves more than this part of its tokens: reading one takes the time of
/// 1/300 of its prefill (1.5B, two cores).
const WORTH: usize = 100;

/// One file, of which the header is known.
#[derive(Debug)]
struct Stored {
    name: String,
    file: File,
    header: Header,
    /// Sum of the header.
    sum: Sha256,
    /// Where the blocks begin.
    begin: u64,
}

/// A file that is of no use.
#[derive(Debug)]
pub struct Refused {
    /// Its name.
    pub name: String,
    /// Why.
    pub why: Unusable,
}

/// The files of a model.
#[derive(Debug)]
pub struct DiskCache {
    files: Vec<Stored>,
    identity: Identity,
    refused: Vec<Refused>,
}

impl DiskCache {
    /// One without files.
    pub fn empty(identity: Identity) -> Self {
        Self { files: Vec::new(), identity, refused: Vec::new() }
    }

    /// Opens the files in a folder, the latest ones; a folder that is not there has none.
    pub fn open(folder: &Path, identity: Identity) -> Self {
        let mut found = names(folder);
        found.sort_by(|a, b| b.cmp(a));
        found.truncate(MOST_FILES);
        let mut cache = Self::empty(identity);
        for (_, name, path) in found {
            // One that cannot be opened may be gone; that is not its fault.
            let Ok(file) = open(&path) else { continue };
            match begin(&name, &file, &identity) {
                Ok((header, sum, begin)) => {
                    cache.files.push(Stored { name, file, header, sum, begin });
                }
                // It was removed since, and so emptied; there may be another of its name.
                Err(_) if is_removed(&file) => {}
                Err(why) => cache.refused.push(Refused { name, why }),
            }
        }
        cache
    }

    /// What its files depend on besides their tokens.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Reads into `prefixes` what a prompt of this scope begins with, if it is here and not there.
    pub fn fetch(&mut self, scope: &str, prompt: &[u32], prefixes: &mut PrefixCache) {
        let alike = |stored: &Stored| common(&stored.header.tokens, prompt);
        let of_scope = self.files.iter().enumerate().filter(|(_, file)| file.header.scope == scope);
        let Some((index, stored)) = of_scope.max_by_key(|(_, file)| alike(file)) else { return };
        let tokens = stored.header.tokens.len();
        let saved = alike(stored).saturating_sub(prefixes.known(scope, prompt));
        if saved <= tokens / WORTH || !prefixes.has_room_for(tokens) {
            return;
        }
        match stored.read(&self.identity) {
            Ok(blocks) => prefixes.adopt(scope, &stored.header.tokens, blocks),
            Err(why) => {
                let Stored { name, file, .. } = self.files.swap_remove(index);
                // One that was removed since was emptied, too; there may be another of its name.
                if !is_removed(&file) {
                    self.refused.push(Refused { name, why });
                }
            }
        }
    }

    /// The files that were found to be of no use since this was asked last.
    pub fn refused(&mut self) -> Vec<Refused> {
        std::mem::take(&mut self.refused)
    }
}

impl Stored {
    fn read(&self, identity: &Identity) -> Result<Vec<Arc<Block>>, Unusable> {
        let shape = identity.shape;
        let mut sum = self.sum.clone();
        let mut at = self.begin;
        let mut blocks = Vec::new();
        let mut bytes = Vec::new();
        for tokens in self.header.tokens.chunks(BLOCK) {
            bytes.resize(tokens.len() * shape.position_bytes(), 0);
            self.file.read_exact_at(&mut bytes, at)?;
            at += bytes.len() as u64;
            sum.update(&bytes);
            let block = Block::read(shape, tokens.len(), &bytes).ok_or(Unusable::Damaged)?;
            blocks.push(Arc::new(block));
        }
        let mut found = [0; SUM];
        self.file.read_exact_at(&mut found, at)?;
        if found != <[u8; SUM]>::from(sum.finalize()) {
            return Err(Unusable::Damaged);
        }
        Ok(blocks)
    }
}

/// When each was used last, its name and its path.
fn names(folder: &Path) -> Vec<(SystemTime, String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let named = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok().filter(|name| is_name(name))?;
        let used = entry.metadata().and_then(|meta| meta.modified());
        Some((used.unwrap_or(SystemTime::UNIX_EPOCH), name, entry.path()))
    });
    named.collect()
}

/// What a file begins with, its sum so far, and where its blocks begin.
fn begin(name: &str, file: &File, identity: &Identity) -> Result<(Header, Sha256, u64), Unusable> {
    check_file(file).map_err(Unusable::Untrusted)?;
    let size = file.metadata()?.len();
    let (header, sum, begin) = Header::read(&mut BufReader::new(file), size, identity)?;
    if !is_of_scope(name, &header.scope) {
        return Err(Unusable::OtherScope);
    }
    Ok((header, sum, begin))
}

fn is_removed(file: &File) -> bool {
    file.metadata().is_ok_and(|meta| meta.nlink() == 0)
}

fn open(path: &Path) -> std::io::Result<File> {
    // O_NONBLOCK: opening a FIFO must not wait for a writer.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}
