//! Whether the embedding model, where one is configured, does what it is for.

use super::server::runs_this_extension;
use super::{Finding, Severity};
use crate::embedding::table;
use crate::guc;
use crate::ipc::mailbox::{self, EngineState};
use crate::worker;

pub(super) fn findings() -> Vec<Finding> {
    if guc::embedding::model_path().is_none() || !runs_this_extension() {
        return Vec::new();
    }
    let name = worker::encoder().map(|entry| entry.name);
    let report = mailbox::models().into_iter().find(|report| Some(&report.name) == name.as_ref());
    let failed = report.filter(|report| report.state == EngineState::Failed);
    let mut found = Vec::new();
    if let Some(report) = failed {
        found.push(Finding {
            severity: Severity::Warning,
            check: "embeddings".to_owned(),
            object: "text2sql.embedding_model_path".to_owned(),
            finding: format!(
                "the embedding model is not available, so relations are found by words alone: {}",
                report.reason.unwrap_or_default()
            ),
            remedy: "SELECT text2sql.reload();".to_owned(),
        });
    }
    if table::is_empty() == Ok(true) {
        found.push(Finding {
            severity: Severity::Info,
            check: "embeddings".to_owned(),
            object: "text2sql.embedding".to_owned(),
            finding: "no relation of this database has a vector, so the embedding model is of no \
                      use here"
                .to_owned(),
            remedy: "SELECT * FROM text2sql.refresh_embeddings();".to_owned(),
        });
    }
    found
}
