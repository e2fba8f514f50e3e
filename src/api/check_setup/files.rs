//! Who could change the model or the engine's program: owners and modes of files and folders.
//!
//! The engine itself refuses a model that others may write (`crates/engine/src/gguf/file.rs`).
//! Here the administrator learns it before a restart does, and of the folders on the way too:
//! who may write to one of them can put another file in place.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use text2sql_core::models::{ModelEntry, Source};

use super::{Finding, Severity};
use crate::guc;
use crate::pg::server;
use crate::worker;

/// The check of what is in the registry: no setting for a single path.
const REGISTRY: &str = "models";
const ENCODER: &str = "embedding_model_path";
const OPEN_TO_OTHERS: u32 = 0o077;
const WRITABLE_BY_OTHERS: u32 = 0o022;
const STICKY: u32 = 0o1000;

pub(super) fn findings() -> Vec<Finding> {
    let user = server::effective_user();
    let mut found = of_path("engine_path", &worker::engine_program(), Severity::Critical, user);
    found.extend(worker::encoder().iter().flat_map(|encoder| of_entry(encoder, user)));
    if guc::models().is_none() {
        if let Some(model) = guc::model_path() {
            let sum_is_set = guc::model_sha256().is_some();
            found.extend(of_model("model_path", Path::new(&model), sum_is_set, user));
        }
        return found;
    }
    match worker::registry() {
        Ok(models) => {
            if models.iter().any(|model| model.source.is_remote()) {
                let program = worker::remote_program();
                found.extend(of_path("remote_program", &program, Severity::Critical, user));
            }
            found.extend(models.iter().flat_map(|model| of_entry(model, user)));
        }
        Err(failure) => found.push(Finding {
            severity: Severity::Critical,
            check: REGISTRY.to_owned(),
            object: "text2sql.models".to_owned(),
            finding: failure.message,
            remedy: "ALTER SYSTEM SET text2sql.models = '[…]';".to_owned(),
        }),
    }
    found
}

fn of_entry(entry: &ModelEntry, user: u32) -> Vec<Finding> {
    let (url, key_file, ca_file) = match &entry.source {
        Source::File { path, sha256, .. } => {
            return of_model(REGISTRY, Path::new(path), sha256.is_some(), user);
        }
        Source::Encoder { folder } => return of_encoder(folder, user),
        Source::Endpoint { url, key_file, ca_file, .. } => (url, key_file, ca_file),
    };
    let mut found = Vec::new();
    for file in [key_file, ca_file].into_iter().flatten() {
        found.extend(of_path(REGISTRY, Path::new(file), Severity::Warning, user));
    }
    if let Some(key) = key_file.as_ref().map(Path::new)
        && fs::metadata(key).is_ok_and(|meta| meta.mode() & OPEN_TO_OTHERS != 0)
    {
        let text = "others than its owner may read or write the key; it is not used".to_owned();
        let fault = Fault { text, remedy: format!("chmod go= {}", quoted(key)) };
        found.push(fault.finding(Severity::Critical, REGISTRY, key));
    }
    found.push(Finding {
        severity: if url.starts_with("https://") { Severity::Info } else { Severity::Warning },
        check: REGISTRY.to_owned(),
        object: entry.name.clone(),
        finding: format!(
            "questions, with the schema and sample values the one who asks may read, can go to \
             {url}{}",
            if url.starts_with("https://") { "" } else { ", not encrypted" }
        ),
        remedy: "ALTER DATABASE … SET text2sql.remote = off;".to_owned(),
    });
    found
}

fn of_encoder(folder: &str, user: u32) -> Vec<Finding> {
    let weights = worker::encoder_weights(folder);
    let mut found = of_model(ENCODER, Path::new(&weights), false, user);
    for file in ["config.json", "tokenizer.json"] {
        found.extend(of_file(ENCODER, &Path::new(folder).join(file), user));
    }
    found
}

/// A model whose sum is in a setting cannot be replaced unnoticed. One whose sum is in the file
/// beside it can, together with that file.
fn of_model(check: &str, model: &Path, sum_is_set: bool, user: u32) -> Vec<Finding> {
    let of_folders = if sum_is_set { Severity::Warning } else { Severity::Critical };
    let mut found = of_path(check, model, of_folders, user);
    if sum_is_set {
        return found;
    }
    let sum = PathBuf::from(worker::sha256_file(&model.display().to_string()));
    if sum.exists() {
        found.extend(of_file("model_sha256", &sum, user));
    } else {
        found.push(Finding {
            severity: Severity::Critical,
            check: "model_sha256".to_owned(),
            object: shown(&sum),
            finding: "no sha256 is pinned for the model, so it is not loaded; the remedy is for \
                      a file you trust"
                .to_owned(),
            remedy: format!("sha256sum {} > {}", quoted(model), quoted(&sum)),
        });
    }
    found
}

/// A file, and the folders on the way to it.
fn of_path(check: &str, path: &Path, of_folders: Severity, user: u32) -> Vec<Finding> {
    let mut found = of_file(check, path, user);
    let mut folders: BTreeSet<PathBuf> = path.ancestors().skip(1).map(Path::to_owned).collect();
    if let Ok(real) = fs::canonicalize(path) {
        folders.extend(real.ancestors().skip(1).map(Path::to_owned));
    }
    for folder in folders {
        let Ok(meta) = fs::metadata(&folder) else { continue };
        // In a sticky folder nobody can replace what belongs to another.
        let shared = meta.mode() & WRITABLE_BY_OTHERS != 0 && meta.mode() & STICKY == 0;
        found.extend(
            faults(&meta, shared, user, &folder)
                .into_iter()
                .map(|fault| fault.finding(of_folders, check, &folder)),
        );
    }
    found
}

fn of_file(check: &str, path: &Path, user: u32) -> Vec<Finding> {
    let faults = match fs::symlink_metadata(path) {
        Err(error) => vec![Fault {
            text: format!("it cannot be examined: {error}"),
            remedy: format!("namei -l {}", quoted(path)),
        }],
        Ok(meta) if meta.is_symlink() => vec![Fault {
            text: "it is a symbolic link, which can be turned elsewhere".to_owned(),
            remedy: match fs::canonicalize(path) {
                Ok(real) if check != REGISTRY => format!(
                    "ALTER SYSTEM SET text2sql.{check} = '{}';",
                    shown(&real).replace('\'', "''")
                ),
                _ => format!("namei -l {}", quoted(path)),
            },
        }],
        Ok(meta) => faults(&meta, meta.mode() & WRITABLE_BY_OTHERS != 0, user, path),
    };
    faults.into_iter().map(|fault| fault.finding(Severity::Critical, check, path)).collect()
}

/// What is wrong with one file or folder.
struct Fault {
    text: String,
    remedy: String,
}

impl Fault {
    fn finding(self, severity: Severity, check: &str, path: &Path) -> Finding {
        Finding {
            severity,
            check: check.to_owned(),
            object: shown(path),
            finding: self.text,
            remedy: self.remedy,
        }
    }
}

fn faults(meta: &Metadata, shared: bool, user: u32, path: &Path) -> Vec<Fault> {
    let mut found = Vec::new();
    if meta.uid() != 0 && meta.uid() != user {
        found.push(Fault {
            text: "it belongs neither to root nor to the server's user, so its owner can \
                   exchange what the server uses"
                .to_owned(),
            remedy: format!("chown root {}", quoted(path)),
        });
    }
    if shared {
        found.push(Fault {
            text: "others than its owner may write to it, and so exchange what the server uses"
                .to_owned(),
            remedy: format!("chmod go-w {}", quoted(path)),
        });
    }
    found
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// For a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", shown(path).replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::*;

    /// A folder with a model in it, under the folder for temporary files.
    fn model(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("text2sql {name} {}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("it's a model.gguf");
        fs::write(&path, "weights").expect("a file");
        set_mode(&path, 0o644);
        set_mode(&folder, 0o755);
        path
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("own file");
    }

    /// Findings on the model and its own folder; folders above are the machine's.
    fn own(path: &Path, sum_is_set: bool) -> Vec<Finding> {
        let user = fs::metadata(path).expect("a file").uid();
        let folder = shown(path.parent().expect("in a folder"));
        let mut all = of_model("model_path", path, sum_is_set, user);
        all.retain(|finding| finding.object.starts_with(&folder));
        all
    }

    fn mend(finding: &Finding) {
        let status = Command::new("sh").args(["-c", &finding.remedy]).status().expect("a shell");
        assert!(status.success(), "{finding:?}");
    }

    #[test]
    fn each_fault_is_found_and_gone_after_its_remedy() {
        let path = model("faults");
        let folder = path.parent().expect("in a folder");
        assert_eq!(own(&path, true), []);

        set_mode(&path, 0o664);
        set_mode(folder, 0o777);
        let found = own(&path, true);
        let severities: Vec<_> = found.iter().map(|f| f.severity).collect();
        assert_eq!(severities, [Severity::Critical, Severity::Warning], "{found:?}");
        found.iter().for_each(mend);
        assert_eq!(own(&path, true), []);

        let found = own(&path, false);
        assert_eq!(found.len(), 1, "{found:?}");
        mend(&found[0]);
        assert_eq!(own(&path, false), []);
        set_mode(folder, 0o777);
        assert_eq!(own(&path, false)[0].severity, Severity::Critical);
        fs::remove_dir_all(folder).expect("own folder");
    }

    #[test]
    fn a_sticky_folder_and_a_pinned_model_elsewhere_are_no_findings() {
        let path = model("sticky");
        let folder = path.parent().expect("in a folder");
        set_mode(folder, 0o1777);
        assert_eq!(own(&path, true), []);
        fs::remove_dir_all(folder).expect("own folder");
    }

    #[test]
    fn links_strangers_and_missing_files_are_found() {
        let path = model("links");
        let folder = path.parent().expect("in a folder");
        let link = folder.join("link");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        let found = own(&link, true);
        assert!(found[0].finding.contains("symbolic link"), "{found:?}");
        assert!(found[0].remedy.contains("it''s a model.gguf';"), "{found:?}");

        let owner = fs::metadata(&path).expect("a file").uid();
        let meta = fs::metadata(&path).expect("a file");
        // Root's files are everybody's to trust, so as root there is no stranger.
        assert_eq!(faults(&meta, false, owner + 1, &path).is_empty(), owner == 0);
        let missing = of_file("model_path", &folder.join("none"), owner);
        assert!(missing[0].finding.contains("cannot be examined"), "{missing:?}");
        fs::remove_dir_all(folder).expect("own folder");
    }

    #[test]
    fn an_endpoint_is_told_and_an_open_key_mended() {
        let key = model("endpoint");
        let folder = key.parent().expect("in a folder");
        let user = fs::metadata(&key).expect("a file").uid();
        let of = |url: &str| {
            let source = Source::Endpoint {
                url: url.to_owned(),
                model: "m".to_owned(),
                key_file: Some(shown(&key)),
                ca_file: None,
                parallel: 1,
                connect_ms: 1,
                attempts: 1,
            };
            let mut all = of_entry(&ModelEntry { name: "far".to_owned(), tier: 1, source }, user);
            let folder = shown(folder);
            all.retain(|finding| finding.object.starts_with(&folder) || finding.object == "far");
            all
        };
        let found = of("https://llm.example/v1");
        let told: Vec<_> = found.iter().map(|f| (f.severity, f.object.as_str())).collect();
        let key_name = shown(&key);
        assert_eq!(told, [(Severity::Critical, key_name.as_str()), (Severity::Info, "far")]);
        mend(&found[0]);
        let found = of("http://llm.example/v1");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(found[0].finding.contains("not encrypted"), "{found:?}");
        fs::remove_dir_all(folder).expect("own folder");
    }
}
