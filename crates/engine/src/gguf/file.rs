//! Opening a model file and reading it once.
//!
//! Owns who may have written the file, and that the bytes hashed are the bytes used: the file
//! is read, never mapped, so nobody can change it under the engine. Called by the loader.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use candle_core::quantized::GgmlDType;
use sha2::{Digest, Sha256};

use super::{Header, parse_header};
use crate::error::EngineError;

/// Read at a time; also the grain of progress reports.
const CHUNK: usize = 1 << 20;

/// Bytes of one tensor, checked and not yet converted.
#[derive(Debug)]
pub struct RawTensor {
    /// Element type.
    pub dtype: GgmlDType,
    /// Dimensions, outermost first.
    pub dims: Vec<usize>,
    /// The data.
    pub bytes: Vec<u8>,
}

/// A file read from beginning to end.
#[derive(Debug)]
pub struct LoadedFile {
    /// Its header.
    pub header: Header,
    /// Its tensors, by name.
    pub tensors: std::collections::BTreeMap<String, RawTensor>,
    /// Lower-case hex sha256 of all of it.
    pub sha256: String,
    /// Its size, bytes.
    pub size: u64,
}

/// Opens a file that only the owner of the server could have put there.
///
/// # Errors
/// [`EngineError::File`] where it is not there, not a regular file, a symbolic link, owned by
/// someone else than root or this user, or writable by others.
pub fn open_checked(path: &Path) -> Result<File, EngineError> {
    let fail = |why: String| EngineError::File(format!("{}: {why}", path.display()));
    let file = OpenOptions::new()
        .read(true)
        // O_NONBLOCK: opening a FIFO must not wait for a writer.
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .map_err(|error| match error.raw_os_error() {
            Some(libc::ELOOP) => fail("it is a symbolic link".into()),
            _ => fail(error.to_string()),
        })?;
    check_file(&file).map_err(|why| fail(why.into()))?;
    Ok(file)
}

/// Whether an open file is one the engine may trust to stay as it is.
///
/// # Errors
/// The rule it breaks, in words.
pub fn check_file(file: &File) -> Result<(), &'static str> {
    let meta = file.metadata().map_err(|_| "its attributes cannot be read")?;
    if !meta.file_type().is_file() {
        return Err("it is not a regular file");
    }
    if meta.uid() != 0 && meta.uid() != nix::unistd::geteuid().as_raw() {
        return Err("it belongs to another user");
    }
    if meta.mode() & 0o022 != 0 {
        return Err("others may write it");
    }
    Ok(())
}

struct Hashing<R> {
    input: R,
    hash: Sha256,
    read: u64,
    size: u64,
    percent: u8,
}

impl<R: Read> Hashing<R> {
    fn percent(&self) -> u8 {
        (self.read.min(self.size) * 100).checked_div(self.size).map_or(100, |percent| percent as u8)
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.input.read(out)?;
        self.hash.update(out.get(..count).unwrap_or_default());
        self.read += count as u64;
        Ok(count)
    }
}

/// Reads a file once: header, tensors, checksum.
///
/// The tensors' bytes are not looked at until the caller has compared the checksum.
///
/// # Errors
/// [`EngineError`] where the header is refused or reading fails.
pub fn read_all(file: File, progress: &mut dyn FnMut(u8)) -> Result<LoadedFile, EngineError> {
    let io = |error: std::io::Error| EngineError::File(error.to_string());
    let size = file.metadata().map_err(io)?.len();
    let mut input = Hashing {
        input: BufReader::with_capacity(CHUNK, file),
        hash: Sha256::new(),
        read: 0,
        size,
        percent: 0,
    };
    let header = parse_header(&mut input, size)?;

    let mut order: Vec<_> = header.tensors.iter().collect();
    order.sort_by_key(|(_, info)| info.offset);
    let mut tensors = std::collections::BTreeMap::new();
    for (name, info) in order {
        if info.offset < input.read {
            // Overlapping tensors are harmless in principle, but no writer makes them.
            return Err(super::GgufError::OutOfFile(name.clone()).into());
        }
        skip(&mut input, info.offset, progress)?;
        let mut bytes = Vec::new();
        // Inside the file, as the header's check says.
        bytes.try_reserve_exact(info.size as usize).map_err(|_| {
            EngineError::File(format!("no memory for a tensor of {} bytes", info.size))
        })?;
        while (bytes.len() as u64) < info.size {
            let want = (info.size - bytes.len() as u64).min(CHUNK as u64);
            let got = (&mut input).take(want).read_to_end(&mut bytes).map_err(io)?;
            if got == 0 {
                return Err(super::GgufError::Truncated { at: input.read }.into());
            }
            report(&mut input, progress);
        }
        tensors
            .insert(name.clone(), RawTensor { dtype: info.dtype, dims: info.dims.clone(), bytes });
    }
    let end = input.size;
    skip(&mut input, end, progress)?;
    let sha256 = text2sql_core::hex::encode(input.hash.finalize());
    Ok(LoadedFile { header, tensors, sha256, size })
}

fn skip<R: Read>(
    input: &mut Hashing<R>,
    to: u64,
    progress: &mut dyn FnMut(u8),
) -> Result<(), EngineError> {
    let mut sink = vec![0; CHUNK];
    while input.read < to {
        let want = (to - input.read).min(CHUNK as u64) as usize;
        let part = sink.get_mut(..want).unwrap_or_default();
        match input.read(part) {
            Ok(0) => return Err(super::GgufError::Truncated { at: input.read }.into()),
            Ok(_) => report(input, progress),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(EngineError::File(error.to_string())),
        }
    }
    Ok(())
}

fn report<R: Read>(input: &mut Hashing<R>, progress: &mut dyn FnMut(u8)) {
    let percent = input.percent();
    if percent > input.percent {
        input.percent = percent;
        progress(percent);
    }
}
