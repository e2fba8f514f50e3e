//! The server's own look at a statement before it runs.
//!
//! Owns the order of the checks: raw tree, rights, analysed tree (strict: what the model
//! wrote), rewritten tree (lenient: what owners of views and policies wrote), plan. Only here
//! a [`ReadOnlySql`] is made. Called by `run`, inside the sandbox.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use pgrx::pg_sys::Oid;

use super::error::{ExecError, refused, refused_with};
use super::functions::{self, Author, MAX_CONSTANT_LENGTH, MAX_SERIES_ROWS, Trust, Use};
use super::limits::{Limits, Policy};
use super::relations;
use super::sandbox::Stage;
use super::types::{self, Seen};
use crate::pg::facts;
use crate::pg::parse::{self, Analysed, NotOneSelect, Plan, PlanColumn, Source};
use crate::pg::query_walk::{Call, Item, Known, Next};
use crate::pg::subxact::Scope;

/// Longest statement.
pub const MAX_TEXT: usize = 64 << 10;
/// Most nodes of a tree, raw or analysed: a generated statement has hundreds.
const MAX_NODES: u32 = 20_000;
/// Views may be larger than what a model writes.
const MAX_REWRITTEN_NODES: u32 = 200_000;

/// A plan that passed every check; the only thing that can be run.
pub struct ReadOnlySql<'s> {
    plan: Plan<'s>,
    /// Columns of the result.
    pub columns: Vec<PlanColumn>,
    /// `schema.name` of the relations the statement names.
    pub relations: Vec<String>,
    /// `schema.name.column` of the columns it reads.
    pub columns_used: Vec<String>,
}

impl<'s> ReadOnlySql<'s> {
    /// The plan.
    pub(super) fn plan(&self) -> &Plan<'s> {
        &self.plan
    }
}

/// Text for the parser.
pub(super) fn source(text: &str) -> Result<Source, ExecError> {
    if text.len() > MAX_TEXT {
        return Err(refused_with(
            "length",
            "the statement is too long",
            format!("It has {} bytes; {MAX_TEXT} are allowed.", text.len()),
        ));
    }
    Source::new(text)
        .ok_or_else(|| refused("encoding", "the statement does not fit the server's encoding"))
}

/// All checks, one after the other.
pub(super) fn check<'s>(
    scope: &'s Scope,
    source: &'s Source,
    limits: &Limits,
    policy: &Policy,
    trust: &Trust,
    stage: &Cell<Stage>,
) -> Result<ReadOnlySql<'s>, ExecError> {
    let parsed = parse::parse(scope, source, MAX_NODES).map_err(not_one_select)?;
    let analysed = parsed.analyse();
    // Before any refusal could tell something about a relation the caller may not read.
    stage.set(Stage::Permission);
    analysed.check_permissions();
    if let Some(role) = policy.readable_role {
        analysed.check_permissions_of(role);
    }
    // Folding calls functions; all of them were judged by then.
    stage.set(Stage::Execution);
    let strict = check_analysed(&analysed, trust)?;
    let rewritten = analysed
        .rewrite()
        .ok_or_else(|| refused("rewrite", "a rule turns the statement into another one"))?;
    let mut lenient = Check::new(trust, strict.author_of_views());
    lenient.inside_views = true;
    rewritten.walk(MAX_REWRITTEN_NODES, &mut |item| lenient.item(item));
    lenient.finish()?;
    let plan = rewritten.plan();
    for oid in plan.relations() {
        relations::judge_planned(oid, trust)?;
    }
    let cost = plan.cost();
    if limits.max_cost > 0.0 && (cost.is_nan() || cost > limits.max_cost) {
        return Err(ExecError::Cost { cost, limit: limits.max_cost });
    }
    let columns = plan.columns();
    if columns.len() > limits.max_columns as usize {
        return Err(refused_with(
            "columns",
            "the result has too many columns",
            format!("It has {}; {} are allowed.", columns.len(), limits.max_columns),
        ));
    }
    Ok(ReadOnlySql {
        plan,
        columns,
        relations: strict.relations,
        columns_used: strict.columns_used,
    })
}

fn not_one_select(found: NotOneSelect) -> ExecError {
    match found {
        NotOneSelect::Empty => refused("one-statement", "there is no statement"),
        NotOneSelect::Many(n) => refused_with(
            "one-statement",
            "only one statement may be run",
            format!("The text has {n}."),
        ),
        NotOneSelect::OtherStatement => refused("select-only", "only SELECT may be run"),
        NotOneSelect::Contains(what) => {
            refused("select-only", format!("the statement contains {what}"))
        }
    }
}

/// What the strict walk leaves behind.
struct Strict<'t> {
    trust: &'t Trust,
    relation_oids: Vec<Oid>,
    relations: Vec<String>,
    columns_used: Vec<String>,
}

impl Strict<'_> {
    /// Trusted only if every view and every table with row policies has a trusted owner: in the
    /// rewritten tree nothing says who wrote which part.
    fn author_of_views(&self) -> Author {
        let trusted = self
            .relation_oids
            .iter()
            .all(|&oid| relations::author(oid, self.trust) == Author::Trusted);
        if trusted { Author::Trusted } else { Author::Untrusted }
    }
}

fn check_analysed<'t>(analysed: &Analysed<'_>, trust: &'t Trust) -> Result<Strict<'t>, ExecError> {
    let mut check = Check::new(trust, Author::Untrusted);
    let kept = analysed.walk(MAX_NODES, &mut |item| check.item(item));
    let found = check.finish()?;
    for call in &kept {
        judge_arguments(call)?;
    }
    let mut casts = Vec::new();
    let mut seen = HashSet::new();
    for oid in found.types {
        types::json_casts(oid, &mut casts, &mut seen);
    }
    for cast in casts {
        functions::judge(cast, Author::Untrusted, trust)?;
    }
    Ok(Strict {
        trust,
        relation_oids: found.relation_oids,
        relations: found.relations,
        columns_used: found.columns_used,
    })
}

/// What a walk found.
#[derive(Default)]
struct Found {
    relation_oids: Vec<Oid>,
    relations: Vec<String>,
    columns_used: Vec<String>,
    types: Vec<Oid>,
}

/// One walk: takes items, keeps the first refusal.
struct Check<'t> {
    trust: &'t Trust,
    author: Author,
    inside_views: bool,
    seen: Seen,
    functions: HashMap<Oid, Next>,
    found: Found,
    refusal: Option<ExecError>,
}

impl<'t> Check<'t> {
    fn new(trust: &'t Trust, author: Author) -> Self {
        Self {
            trust,
            author,
            inside_views: false,
            seen: Seen::default(),
            functions: HashMap::new(),
            found: Found::default(),
            refusal: None,
        }
    }

    fn item(&mut self, item: Item) -> Next {
        let judged = match item {
            Item::Function(oid) => self.function(oid),
            Item::Relation(use_) => self.relation(&use_).map(|()| Next::Continue),
            Item::SampleMethod(handler) => relations::judge_sample_method(handler),
            Item::Type { oid, constant } => self.type_(oid, constant),
            Item::Unsupported(what) => {
                Err(refused("unsupported", format!("the statement contains {what}")))
            }
            Item::TooLarge => Err(refused("size", "the statement has too many parts")),
        };
        judged.unwrap_or_else(|error| {
            self.refusal.get_or_insert(error);
            Next::Stop
        })
    }

    fn function(&mut self, oid: Oid) -> Result<Next, ExecError> {
        if let Some(&next) = self.functions.get(&oid) {
            return Ok(next);
        }
        let next = match functions::judge(oid, self.author, self.trust)? {
            Use::ConstantLength | Use::ConstantFormat | Use::Series if !self.inside_views => {
                Next::Keep
            }
            _ => Next::Continue,
        };
        self.functions.insert(oid, next);
        Ok(next)
    }

    fn type_(&mut self, oid: Oid, constant: bool) -> Result<Next, ExecError> {
        types::judge(oid, constant, self.author, &mut self.seen)?;
        if !self.found.types.contains(&oid) {
            self.found.types.push(oid);
        }
        // The checks of a domain are code; they may use domains themselves.
        while let Some(domain) = self.seen.domains.pop() {
            let mut inner = Check::new(self.trust, self.author);
            inner.seen = std::mem::take(&mut self.seen);
            parse::walk_domain_checks(domain, MAX_NODES, &mut |item| inner.item(item));
            self.seen = std::mem::take(&mut inner.seen);
            inner.finish()?;
        }
        Ok(Next::Continue)
    }

    fn relation(&mut self, use_: &crate::pg::query_walk::RelationUse) -> Result<(), ExecError> {
        let name = relations::judge(use_, self.inside_views, self.author, self.trust)?;
        if self.inside_views {
            // Views in views: their owners are only seen here.
            if self.author == Author::Trusted
                && relations::author(use_.oid, self.trust) == Author::Untrusted
            {
                self.author = Author::Untrusted;
                return Err(refused_with(
                    "owner",
                    "a view or row policy has an owner who is not trusted",
                    format!("It belongs to {name}."),
                ));
            }
            return Ok(());
        }
        self.found.relation_oids.push(use_.oid);
        for &number in &use_.columns {
            let column = match number {
                0 => "*".to_owned(),
                n => facts::column_name(use_.oid, n).unwrap_or_default(),
            };
            let column = format!("{name}.{column}");
            if !self.found.columns_used.contains(&column) {
                self.found.columns_used.push(column);
            }
        }
        if !self.found.relations.contains(&name) {
            self.found.relations.push(name);
        }
        Ok(())
    }

    fn finish(self) -> Result<Found, ExecError> {
        match self.refusal {
            Some(refusal) => Err(refusal),
            None => Ok(self.found),
        }
    }
}

/// Calls whose price depends on an argument.
fn judge_arguments(call: &Call) -> Result<(), ExecError> {
    let signature = || facts::function_signature(call.function);
    match functions::judge_builtin_use(call.function) {
        Some(Use::ConstantLength) => match call.argument(1) {
            Some(Known::Null) => Ok(()),
            Some(Known::Integer(n)) if n <= MAX_CONSTANT_LENGTH => Ok(()),
            _ => Err(refused_with(
                "length-argument",
                format!("{} needs a constant length", signature()),
                format!("At most {MAX_CONSTANT_LENGTH} is allowed."),
            )),
        },
        Some(Use::ConstantFormat) => match call.argument(0) {
            Some(Known::Null) => Ok(()),
            Some(Known::Text(format)) if !has_wide_field(&format) => Ok(()),
            _ => Err(refused_with(
                "format-argument",
                format!("{} needs a constant format", signature()),
                format!("Fields may be at most {MAX_CONSTANT_LENGTH} wide."),
            )),
        },
        Some(Use::Series) => match series_rows(call) {
            Some(rows) if rows > MAX_SERIES_ROWS => Err(refused_with(
                "series",
                format!("{} makes too many rows", signature()),
                format!("At most {MAX_SERIES_ROWS} are allowed."),
            )),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Whether a format has a width of four digits, or one that comes from an argument.
fn has_wide_field(format: &str) -> bool {
    format.split('%').skip(1).any(|field| {
        let width = field.bytes().take_while(|b| b.is_ascii_digit() || b"-$".contains(b));
        width.clone().filter(u8::is_ascii_digit).count() > 3
            || field.as_bytes().get(width.count()) == Some(&b'*')
    })
}

/// Rows of a series whose ends and step are known.
#[allow(clippy::cast_precision_loss, reason = "compared with ten million")]
fn series_rows(call: &Call) -> Option<f64> {
    let number = |n| {
        Some(match call.argument(n)? {
            Known::Null => 0.0,
            Known::Integer(i) => i as f64,
            Known::Instant(instant) => instant.map_or(f64::INFINITY, |micros| micros as f64),
            Known::Duration(micros) => micros as f64,
            Known::Number(number) => number,
            Known::Text(_) => return None,
        })
    };
    let (start, stop) = (number(0)?, number(1)?);
    let step = number(2).unwrap_or(1.0);
    if stop.is_infinite() && start.is_finite() {
        return Some(f64::INFINITY);
    }
    let rows = (stop - start) / step;
    (rows.is_finite()).then_some(rows)
}

#[cfg(test)]
mod tests {
    use super::has_wide_field;

    #[test]
    fn wide_fields_of_formats_are_found() {
        for format in ["%1000000000s", "%1$1000000s", "%*s", "%-*s", "a%sb%99999I"] {
            assert!(has_wide_field(format), "{format}");
        }
        for format in ["", "%s", "%1$s and %2$s", "%-20s|", "100%%", "2000000 %s"] {
            assert!(!has_wide_field(format), "{format}");
        }
    }
}
