//! The real engine, with a tiny random model: what it answers is nonsense, how it gets there is not.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use text2sql_testkit::cluster::Config;
use text2sql_testkit::tiny_gguf::{Meta, TinyGguf};

/// A model file in a folder of its own, because the engine may read the whole folder.
pub struct Model {
    folder: PathBuf,
    /// Of the file.
    pub sha256: String,
}

impl Model {
    /// One that no other test uses.
    pub fn new(test: &str) -> Self {
        let folder = PathBuf::from(format!("/tmp/t2s-model-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        // A prompt is a token a byte to it.
        let mut gguf = TinyGguf::new(1);
        gguf.set("qwen2.context_length", Meta::U32(8192));
        let bytes = gguf.bytes();
        let sha256 = text2sql_core::hex::encode(Sha256::digest(&bytes));
        let model = Self { folder, sha256 };
        std::fs::write(model.path(), bytes).unwrap();
        for (path, mode) in [(&model.folder, 0o755), (&model.path(), 0o644)] {
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        }
        model
    }

    fn path(&self) -> PathBuf {
        self.folder.join("tiny.gguf")
    }

    /// The engine that is installed beside the library, with this model.
    pub fn config(&self) -> Config {
        Config::default()
            .set("text2sql.engine_path", "")
            .set("text2sql.model_path", &self.path().display().to_string())
            .set("text2sql.model_sha256", &self.sha256)
            .set("text2sql.context_length", "8192")
            .set("text2sql.threads", "2")
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
