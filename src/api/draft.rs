//! What a snapshot makes of a question: the prompt, and which model it goes to.
//!
//! Called by [`super::question`].

use std::rc::Rc;

use text2sql_core::chat::ChatPrompt;
use text2sql_core::link::{self, Budget, FoundValue, Question};
use text2sql_core::prompt::{self, PromptInput};
use text2sql_core::protocol::{ColumnScope, Constraint, GenerateRequest};
use text2sql_core::route::{self, Route};
use text2sql_core::schema::Snapshot;
use text2sql_core::semantics;

use crate::embedding;
use crate::error::Error;
use crate::guc::{self, Constrained};
use crate::pg::server;

/// A question, as far as it is understood without the model.
pub struct Draft {
    /// What the caller may read.
    pub snapshot: Rc<Snapshot>,
    /// Stored values that the question names, from the index.
    pub found: Vec<FoundValue>,
    /// What the model will be sent first.
    pub prompt: ChatPrompt,
    /// How many relations of the snapshot it shows.
    pub shown: usize,
    /// Which model is wanted.
    pub route: Route,
    /// What answers must keep to.
    constraint: Option<Constraint>,
}

impl Draft {
    /// Chooses what of the snapshot to show, and writes the prompt. `columns` are names and types
    /// the result must have.
    ///
    /// # Errors
    /// Where there is no room for it.
    pub fn write(
        snapshot: Rc<Snapshot>,
        found: Vec<FoundValue>,
        question: &str,
        columns: Option<&[(String, String)]>,
    ) -> Result<Self, Error> {
        let budget = Budget { tokens: guc::prompt_tokens() };
        let asked = Question { text: question, found: &found };
        let near = || embedding::nearness(&snapshot, question);
        let selection = link::select_near(&snapshot, asked, budget, near);
        let today = server::today();
        let values = if guc::value_hints() {
            link::value_hits(&snapshot, &selection.relations, asked)
        } else {
            Vec::new()
        };
        let prompt = prompt::build(&PromptInput {
            snapshot: &snapshot,
            selection: &selection,
            question,
            today: Some(&today),
            values: &values,
            terms: &semantics::hints(&snapshot, &selection.relations, question),
            examples: &semantics::examples(
                &snapshot,
                &selection.relations,
                question,
                guc::examples() as usize,
            ),
            result_columns: columns,
            server_version: &server::version(),
        })?;
        let route = Route {
            routing: guc::routing(),
            model: guc::model(),
            level: route::level(&snapshot, question),
            attempt: 0,
            remote: guc::remote(),
        };
        let constraint = constraint(&snapshot);
        let shown = selection.relations.len();
        Ok(Self { snapshot, found, prompt, shown, route, constraint })
    }

    /// Whether a model would be sent the same.
    pub fn asks_the_same(&self, other: &Self) -> bool {
        self.prompt == other.prompt
            && self.route == other.route
            && self.constraint == other.constraint
    }

    /// The request to continue `prompt`, which is that of the draft or of a repair.
    pub fn request(
        &self,
        prompt: ChatPrompt,
        route: Route,
        max_new_tokens: u32,
    ) -> GenerateRequest {
        GenerateRequest {
            prompt,
            max_new_tokens,
            deadline_ms: guc::generation_timeout().into(),
            cache_scope: cache_scope(),
            // What the caller may read and nothing else, as in the prompt. The schemas on the search
            // path count as any others: a bare name gets its schema where there is one choice.
            constraint: self.constraint.clone().filter(Constraint::is_reasonable),
            sampling: None,
            route,
        }
    }

    /// The request of the draft's prompt for a question whose answers so far are not valid, if there is
    /// to be one.
    pub fn last_request(&self, route: Route) -> Option<GenerateRequest> {
        if guc::constrained() != Constrained::Invalid {
            return None;
        }
        let request = self.request(self.prompt.clone(), route, guc::max_new_tokens());
        let constraint = Some(constrained_to(ColumnScope::InScope, &self.snapshot))
            .filter(Constraint::is_reasonable)?;
        Some(GenerateRequest { constraint: Some(constraint), ..request })
    }
}

/// What answers over the snapshot must keep to.
fn constraint(snapshot: &Snapshot) -> Option<Constraint> {
    let columns = match guc::constrained() {
        Constrained::Off | Constrained::Invalid => return None,
        Constrained::Names => ColumnScope::Anywhere,
        Constrained::Scope => ColumnScope::InScope,
    };
    Some(constrained_to(columns, snapshot))
}

fn constrained_to(columns: ColumnScope, snapshot: &Snapshot) -> Constraint {
    Constraint { columns, ..Constraint::from(snapshot) }
}

/// Prefixes are shared within one role of one database only, unless a superuser wants it otherwise:
/// how fast an answer comes tells others what was asked.
fn cache_scope() -> String {
    let database = server::database().to_u32();
    if guc::share_prefixes() {
        return format!("{database}/all");
    }
    format!("{database}/{}", server::current_role().to_u32())
}
