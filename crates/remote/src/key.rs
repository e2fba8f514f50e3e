//! The key that is sent along.
//!
//! Owns the file's rules and that the key is shown nowhere: the type has no way to print it.
//! Called by [`crate::endpoint`]; what it gives goes to the HTTP client alone.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use text2sql_core::protocol::Failure;
use ureq::http::HeaderValue;

use crate::failure::unusable;

/// Longest key file, bytes.
const MAX_FILE: u64 = 4 << 10;

/// A key, as the value of a header.
#[derive(Clone)]
pub struct Key(HeaderValue);

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Key(hidden)")
    }
}

impl Key {
    /// Reads the first line of a file that nobody but its owner may read or write.
    ///
    /// # Errors
    /// `NoModel`, with what is wrong with the file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let refused = |why: String| {
            unusable(
                "the key file of the model's server cannot be used",
                Some(why),
                "put the key into the first line of a file of the server's user, with mode 0600",
            )
        };
        let unreadable = |error: std::io::Error| refused(error.kind().to_string());
        let mut file = OpenOptions::new()
            .read(true)
            // O_NONBLOCK: opening a FIFO must not wait for a writer.
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path)
            .map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(refused("it is no regular file".into()));
        }
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(refused(format!("its mode is {mode:04o}: others may read or write it")));
        }
        if metadata.len() > MAX_FILE {
            return Err(refused(format!("it has more than {MAX_FILE} bytes")));
        }
        let mut bytes = Vec::new();
        (&mut file).take(MAX_FILE).read_to_end(&mut bytes).map_err(unreadable)?;
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
        if line.is_empty() {
            return Err(refused("its first line is empty".into()));
        }
        if !line.iter().all(u8::is_ascii_graphic) {
            return Err(refused("its first line holds more than visible ASCII characters".into()));
        }
        let mut value = HeaderValue::from_bytes(&[b"Bearer ", line].concat())
            .map_err(|_| refused("its first line cannot be sent".into()))?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// The value of the header `Authorization`.
    pub fn authorization(&self) -> HeaderValue {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn read(content: &[u8], mode: u32) -> Result<Key, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        Key::read(&path)
    }

    #[test]
    fn the_first_line_is_the_key() {
        for content in ["sk-1", "sk-1\n", "  sk-1 \r\nmore\n"] {
            let key = read(content.as_bytes(), 0o600).unwrap();
            assert_eq!(key.authorization().to_str().unwrap(), "Bearer sk-1");
        }
        assert!(read(b"sk-1", 0o400).is_ok());
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = read(b"sk-1", 0o600).unwrap();
        assert_eq!(format!("{key:?} {:?}", key.authorization()), "Key(hidden) Sensitive");
    }

    #[test]
    fn other_files_are_refused_and_not_repeated() {
        let long = "secret".repeat(1000);
        for (content, mode, why) in [
            ("secret", 0o644, "mode"),
            ("secret", 0o640, "mode"),
            ("secret", 0o620, "mode"),
            ("secret", 0o601, "mode"),
            ("", 0o600, "empty"),
            ("\nsecret", 0o600, "empty"),
            ("sec ret", 0o600, "visible"),
            ("secr\u{e9}t", 0o600, "visible"),
            (long.as_str(), 0o600, "bytes"),
        ] {
            let failure = read(content.as_bytes(), mode).unwrap_err();
            assert!(failure.detail.as_ref().unwrap().contains(why), "{failure:?}");
            assert!(!format!("{failure:?}").contains("secr"), "{failure:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(Key::read(folder.path()).unwrap_err().detail.unwrap().contains("regular"));
        assert!(
            Key::read(&folder.path().join("none"))
                .unwrap_err()
                .detail
                .unwrap()
                .contains("not found")
        );
    }
}
