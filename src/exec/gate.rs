//! The server's own look at a statement before it runs.
//!
//! Owns the order of the checks: raw tree, rights, analysed tree (strict: what the model
//! wrote), rewritten tree (lenient: what owners of views and policies wrote), plan. Only here
//! a [`ReadOnlySql`] is made. Called by `run`, inside the sandbox.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use pgrx::pg_sys::Oid;

use super::arguments::{judge_arguments, judge_repeats};
use super::error::{ExecError, refused, refused_with};
use super::functions::{self, Author, Trust, Use};
use super::identity::Identity;
use super::limits::{Limits, Policy};
use super::relations::Judged;
use super::sandbox::Stage;
use super::types::{self, Seen};
use super::{hooks, operators, relations};
use crate::pg::facts;
use crate::pg::parse::{self, Analysed, NotOneSelect, Plan, PlanColumn, Rewritten, Source};
use crate::pg::query_walk::{Call, Item, Next};
use crate::pg::role;
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

/// A relation that a statement names, with the numbers of the columns it reads: 0 stands for the
/// whole row.
pub type RelationColumns = (Oid, Vec<i16>);

/// The checks without regard to rights: whether a text is a statement that could be let through, and
/// what it reads. Without a `planner` they end with the judged tree. What planning calls, it calls as
/// that role: whoever defines something may be too powerful for it. Foreign tables are not planned
/// for, which may ask their server who it is. Nothing can be run with what comes of it.
pub(super) fn rehearse(
    scope: &Scope,
    source: &Source,
    planner: Option<Identity>,
    trust: &Trust,
    stage: &Cell<Stage>,
) -> Result<Vec<RelationColumns>, ExecError> {
    let parsed = parse::parse(scope, source, MAX_NODES).map_err(not_one_select)?;
    let analysed = hooks::before_judgement(|| parsed.analyse());
    stage.set(Stage::Execution);
    let uses = check_analysed(&analysed, trust)?.uses;
    if let Some(planner) = planner {
        role::assume(scope, planner.user());
        let rewritten = rewrite(analysed)?;
        if !check_rewritten(&rewritten, trust)?.is_foreign {
            plan(rewritten, trust)?;
        }
    }
    Ok(uses)
}

fn rewrite(analysed: Analysed<'_>) -> Result<Rewritten<'_>, ExecError> {
    analysed
        .rewrite()
        .ok_or_else(|| refused("rewrite", "a rule turns the statement into another one"))
}

fn check_rewritten(rewritten: &Rewritten<'_>, trust: &Trust) -> Result<Found, ExecError> {
    let mut lenient = Check::new(trust);
    lenient.inside_views = true;
    let kept = rewritten.walk(MAX_REWRITTEN_NODES, &mut |item| lenient.item(item));
    lenient.finish(kept)
}

fn plan<'s>(rewritten: Rewritten<'s>, trust: &Trust) -> Result<Plan<'s>, ExecError> {
    let plan = rewritten.plan();
    plan.relations().into_iter().try_for_each(|oid| relations::judge_planned(oid, trust))?;
    Ok(plan)
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
    let analysed = hooks::before_judgement(|| parsed.analyse());
    // Before any refusal could tell something about a relation the caller may not read.
    stage.set(Stage::Permission);
    analysed.check_permissions();
    if let Some(role) = policy.readable_role {
        analysed.check_permissions_of(role);
    }
    // Folding calls functions; all of them were judged by then.
    stage.set(Stage::Execution);
    let strict = check_analysed(&analysed, trust)?;
    let rewritten = rewrite(analysed)?;
    // Before a plan: its estimates tell of tables that a view's owner may not read either.
    rewritten.check_permissions();
    check_rewritten(&rewritten, trust)?;
    let plan = plan(rewritten, trust)?;
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

fn check_analysed(analysed: &Analysed<'_>, trust: &Trust) -> Result<Found, ExecError> {
    let mut check = Check::new(trust);
    let kept = analysed.walk(MAX_NODES, &mut |item| check.item(item));
    check.finish(kept)
}

/// What a walk found.
#[derive(Default)]
struct Found {
    relations: Vec<String>,
    columns_used: Vec<String>,
    uses: Vec<RelationColumns>,
    /// With who wrote the part they stand in.
    types: Vec<(Oid, Author)>,
    /// Calls whose arguments count.
    calls: Vec<Call>,
    /// How far their functions may be used.
    bounded: HashMap<Oid, Use>,
    /// Whether a foreign table is among the relations.
    is_foreign: bool,
}

/// One walk: takes items, keeps the first refusal.
struct Check<'t> {
    trust: &'t Trust,
    /// Who wrote the parts that the walk is in, innermost last; outside of all of them it is the
    /// author of the statement, whom nobody vouches for.
    authors: Vec<Author>,
    inside_views: bool,
    /// Whether it walks the check of a domain. Domains met there wait for the walk outside of it:
    /// they may lead to each other in any number.
    inside_domain: bool,
    seen: HashMap<Author, Seen>,
    functions: HashMap<(Oid, Author), Next>,
    operators: HashSet<(Oid, Author)>,
    found: Found,
    refusal: Option<ExecError>,
}

impl<'t> Check<'t> {
    fn new(trust: &'t Trust) -> Self {
        Self {
            trust,
            authors: Vec::new(),
            inside_views: false,
            inside_domain: false,
            seen: HashMap::new(),
            functions: HashMap::new(),
            operators: HashSet::new(),
            found: Found::default(),
            refusal: None,
        }
    }

    /// Who wrote the part that the walk is in.
    fn author(&self) -> Author {
        self.authors.last().copied().unwrap_or(Author::Untrusted)
    }

    fn item(&mut self, item: Item) -> Next {
        let judged = match item {
            Item::Begin(relation) => {
                // Before the rewriter has put something in, there is one author only.
                let author = match self.inside_views {
                    true => relations::author(relation, self.trust),
                    false => Author::Untrusted,
                };
                self.authors.push(author);
                Ok(Next::Continue)
            }
            Item::End => {
                self.authors.pop();
                Ok(Next::Continue)
            }
            Item::Function(oid) => self.function(oid),
            Item::Operator(oid) => self.operator(oid).map(|()| Next::Continue),
            Item::Relation(use_) => self.relation(&use_).map(|()| Next::Continue),
            Item::SampleMethod(handler) => relations::judge_sample_method(handler),
            Item::Type { oid, constant } => self.type_(oid, constant).map(|()| Next::Continue),
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
        let author = self.author();
        if let Some(&next) = self.functions.get(&(oid, author)) {
            return Ok(next);
        }
        let use_ = functions::judge(oid, author, self.trust)?;
        // Who is trusted answers for what his calls cost.
        let next = if use_.is_bounded() && author == Author::Untrusted {
            self.found.bounded.insert(oid, use_);
            Next::Keep
        } else {
            Next::Continue
        };
        self.functions.insert((oid, author), next);
        Ok(next)
    }

    fn operator(&mut self, oid: Oid) -> Result<(), ExecError> {
        let author = self.author();
        if self.operators.insert((oid, author)) {
            operators::judge(oid, author, self.trust)?;
        }
        Ok(())
    }

    fn type_(&mut self, oid: Oid, constant: bool) -> Result<(), ExecError> {
        let author = self.author();
        let seen = self.seen.entry(author).or_default();
        types::judge(oid, constant, author, seen)?;
        for function in std::mem::take(&mut seen.functions) {
            functions::judge_of_range(function, author, self.trust)?;
        }
        self.keep_type((oid, author));
        if self.inside_domain { Ok(()) } else { self.domain_checks(author) }
    }

    fn keep_type(&mut self, type_: (Oid, Author)) {
        if !self.found.types.contains(&type_) {
            self.found.types.push(type_);
        }
    }

    /// The checks of a domain are code; they may use domains themselves.
    fn domain_checks(&mut self, author: Author) -> Result<(), ExecError> {
        while let Some(domain) = self.seen.entry(author).or_default().domains.pop() {
            let mut inner = Check::new(self.trust);
            inner.authors.push(author);
            inner.inside_domain = true;
            inner.seen = std::mem::take(&mut self.seen);
            let is_vouched_for =
                facts::type_(domain).is_some_and(|type_| self.trust.vouches_for(type_.owner));
            let mut walk =
                || parse::walk_domain_checks(domain, MAX_NODES, &mut |item| inner.item(item));
            // Who is vouched for may have constant parts of any kind folded.
            let kept = if is_vouched_for { walk() } else { hooks::before_judgement(walk) };
            self.seen = std::mem::take(&mut inner.seen);
            if let Some(refusal) = inner.refusal {
                return Err(refusal);
            }
            self.found.calls.extend(kept);
            self.found.bounded.extend(inner.found.bounded);
            inner.found.types.into_iter().for_each(|type_| self.keep_type(type_));
        }
        Ok(())
    }

    fn relation(&mut self, use_: &crate::pg::query_walk::RelationUse) -> Result<(), ExecError> {
        let Judged { name, is_foreign } =
            relations::judge(use_, self.inside_views, self.author(), self.trust)?;
        self.found.is_foreign |= is_foreign;
        if self.inside_views {
            return Ok(());
        }
        self.found.uses.push((use_.oid, use_.columns.clone()));
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

    /// The verdict on the whole, when the walk is over and has `kept` these calls.
    fn finish(mut self, kept: Vec<Call>) -> Result<Found, ExecError> {
        if let Some(refusal) = self.refusal.take() {
            return Err(refusal);
        }
        self.found.calls.extend(kept);
        // In this order: the last fold arguments, which calls what is in them.
        self.judge_casts()?;
        judge_repeats(&self.found.calls)?;
        self.found.calls.iter().try_for_each(|call| self.judge_call(call))?;
        Ok(self.found)
    }

    fn judge_call(&self, call: &Call) -> Result<(), ExecError> {
        match self.found.bounded.get(&call.function) {
            Some(use_) => judge_arguments(call, *use_),
            None => Err(refused("guard", "a call was kept whose function nobody judged")),
        }
    }

    /// Casts to json, which functions that make JSON look up and call for themselves.
    fn judge_casts(&self) -> Result<(), ExecError> {
        let mut seen: HashMap<Author, HashSet<Oid>> = HashMap::new();
        for &(oid, author) in &self.found.types {
            for cast in types::json_casts(oid, seen.entry(author).or_default()) {
                functions::judge(cast, author, self.trust)?;
            }
        }
        Ok(())
    }
}
