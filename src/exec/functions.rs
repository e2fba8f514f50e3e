//! Which functions may be called.
//!
//! Owns the positive list of built-ins and the rules for extensions and users' functions;
//! everything not allowed here is refused. Called by the gate and by the run-time guards.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::OnceLock;

use pgrx::pg_sys::{self, Oid};

use super::error::{ExecError, refused_with};
use super::limits::Policy;
use super::{listed, types};
use crate::pg::{facts, role};

/// Lines of `oid<TAB>signature<TAB>decision`; numbers of built-ins never change, and the name
/// is compared with the server's at every use, so that the list of 15 serves later versions.
const LIST: &str = include_str!("../../sql/functions/pg15.tsv");

/// How far a function may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Freely.
    Free,
    /// With a constant length of at most [`MAX_CONSTANT_LENGTH`], the second argument.
    ConstantLength,
    /// With a constant first argument without widths above [`MAX_CONSTANT_LENGTH`].
    ConstantFormat,
    /// With constants of at most [`MAX_SHORT_TEXT`] bytes as the arguments whose bits are set.
    ShortText(u8),
    /// As a series of at most [`MAX_SERIES_ROWS`] rows, if its ends are known.
    Series,
    /// In views and row policies only.
    Lenient,
    /// By an aggregate only, which passes arguments no statement can.
    Support,
}

impl Use {
    /// Whether it depends on the arguments of a call.
    pub fn is_bounded(self) -> bool {
        matches!(
            self,
            Self::ConstantLength | Self::ConstantFormat | Self::ShortText(_) | Self::Series
        )
    }
}

/// Longest result of `repeat`, `lpad` and `rpad`, widest field of `format`: with longer ones, one
/// statement can allocate gigabytes and feed built-ins that cannot be interrupted.
pub const MAX_CONSTANT_LENGTH: i64 = 1000;
/// Longest separator of an array's texts, and longest replacement, bytes: each stands in the result
/// as often as the other argument has parts.
pub const MAX_SHORT_TEXT: usize = 100;
/// What the counts of all `repeat`s that can repeat each other's results multiply to, at most.
pub const MAX_REPEATED: i64 = 1_000_000;
/// Rows of one `generate_series`.
pub const MAX_SERIES_ROWS: f64 = 1e7;

/// Extensions whose stable and immutable functions may be called. Not here, whatever they are
/// good for: those that run SQL text, reach the network or files, or hash for days.
pub const ALLOWED_EXTENSIONS: &[&str] = &[
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "earthdistance",
    "fuzzystrmatch",
    "hstore",
    "intarray",
    "isn",
    "ltree",
    "pg_trgm",
    "seg",
    "unaccent",
    "vector",
];

/// Functions of those extensions that change the session's state, whatever they are declared as.
const STATEFUL: &[(&str, &str)] = &[("isn", "isn_weak")];

/// Built-in functions that tell how far apart the ends of a range are: as that they may be called,
/// though in no statement.
const RANGE_DIFFERENCES: &[u32] = &[
    pg_sys::F_INT4RANGE_SUBDIFF,
    pg_sys::F_INT8RANGE_SUBDIFF,
    pg_sys::F_NUMRANGE_SUBDIFF,
    pg_sys::F_DATERANGE_SUBDIFF,
    pg_sys::F_TSRANGE_SUBDIFF,
    pg_sys::F_TSTZRANGE_SUBDIFF,
];

/// Built-in functions that look for a cast of their argument to json, and call it unseen.
const JSON_MAKERS: &[u32] = &[
    pg_sys::F_TO_JSON,
    pg_sys::F_TO_JSONB,
    pg_sys::F_ROW_TO_JSON_RECORD,
    pg_sys::F_ROW_TO_JSON_RECORD_BOOL,
    pg_sys::F_ARRAY_TO_JSON_ANYARRAY,
    pg_sys::F_ARRAY_TO_JSON_ANYARRAY_BOOL,
    pg_sys::F_JSON_BUILD_ARRAY_ANY,
    pg_sys::F_JSON_BUILD_OBJECT_ANY,
    pg_sys::F_JSONB_BUILD_ARRAY_ANY,
    pg_sys::F_JSONB_BUILD_OBJECT_ANY,
];

/// Who wrote the part of the statement a function is called in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Author {
    /// The model, or somebody nobody vouches for.
    Untrusted,
    /// A trusted owner of a view or policy.
    Trusted,
}

/// Whom a statement may rely on.
#[derive(Debug, Clone)]
pub struct Trust {
    user: Oid,
    owners: Vec<Oid>,
    servers: Vec<String>,
    /// Read when the first function of a user is met: most statements have none.
    listed: Rc<OnceCell<Vec<Oid>>>,
}

impl Trust {
    /// The owner of the database, the user in force and whom `policy` lists.
    pub fn new(user: Oid, policy: &Policy) -> Self {
        let mut owners = policy.trusted_owners.clone();
        owners.extend(role::database_owner());
        Self { user, owners, servers: policy.foreign_servers.clone(), listed: Rc::default() }
    }

    /// Whether foreign tables of `server` may be read.
    pub fn includes_server(&self, server: &str) -> bool {
        self.servers.iter().any(|listed| listed == server)
    }

    /// Whether `owner` is one of them, or a superuser.
    pub fn includes(&self, owner: Oid) -> bool {
        owner == self.user || self.vouches_for(owner)
    }

    /// As [`Self::includes`], but not because `owner` is who asks.
    pub fn vouches_for(&self, owner: Oid) -> bool {
        self.owners.contains(&owner) || role::is_superuser(owner)
    }

    /// Whether an administrator has listed the function.
    pub fn lists(&self, function: Oid) -> bool {
        self.listed.get_or_init(listed::load).contains(&function)
    }
}

struct Entry {
    name: &'static str,
    use_: Use,
}

fn list() -> &'static HashMap<u32, Entry> {
    static PARSED: OnceLock<HashMap<u32, Entry>> = OnceLock::new();
    PARSED.get_or_init(|| LIST.lines().filter_map(parse_line).collect())
}

fn parse_line(line: &'static str) -> Option<(u32, Entry)> {
    let mut fields = line.split('\t');
    let oid = fields.next()?.parse().ok()?;
    let signature = fields.next()?;
    let use_ = match fields.next()? {
        "allow" => Use::Free,
        "constant_length" => Use::ConstantLength,
        "constant_format" => Use::ConstantFormat,
        "series" => Use::Series,
        "lenient" => Use::Lenient,
        "support" => Use::Support,
        other => Use::ShortText(positions(other.strip_prefix("short_text:")?)?),
    };
    let name = signature.split('(').next()?.trim_matches('"');
    Some((oid, Entry { name, use_ }))
}

/// Digits as bits.
fn positions(digits: &str) -> Option<u8> {
    digits.chars().try_fold(0, |bits, digit| Some(bits | 1u8.checked_shl(digit.to_digit(8)?)?))
}

/// What the catalogs say of a function that is to be judged, looked up once for all rules.
struct Subject {
    oid: Oid,
    function: facts::Function,
    /// Of one that is not built in.
    extension: Option<String>,
}

impl Subject {
    fn of(oid: Oid) -> Option<Self> {
        let function = facts::function(oid)?;
        let is_built_in = oid.to_u32() < pg_sys::FirstNormalObjectId;
        let extension = if is_built_in { None } else { facts::extension_of_function(oid) };
        Some(Self { oid, function, extension })
    }

    fn found(oid: Oid) -> Result<Self, ExecError> {
        Self::of(oid).ok_or_else(|| denied(oid, "It does not exist."))
    }

    fn is_built_in(&self) -> bool {
        self.oid.to_u32() < pg_sys::FirstNormalObjectId
    }

    /// How far a built-in may be used, if it is on the list.
    fn listed_use(&self) -> Option<Use> {
        if self.oid.to_u32() >= pg_sys::FirstGenbkiObjectId
            || self.function.namespace.to_u32() != pg_sys::PG_CATALOG_NAMESPACE
        {
            return None;
        }
        let entry = list().get(&self.oid.to_u32());
        entry.filter(|entry| entry.name == self.function.name).map(|entry| entry.use_)
    }

    /// How far a function of an allowed extension may be used.
    fn use_in(&self, extension: &str) -> Use {
        match (extension, self.function.name.as_str(), self.function.arguments) {
            // They call the built-ins of these names, with the replacement in the same place.
            // Without flags, it stands in the result once.
            ("citext", "replace", _) | ("citext", "regexp_replace", 4..) => Use::ShortText(1 << 2),
            _ => Use::Free,
        }
    }

    /// Whether it changes the session's state.
    fn is_stateful(&self) -> bool {
        let name = self.function.name.as_str();
        self.extension.as_deref().is_some_and(|extension| STATEFUL.contains(&(extension, name)))
    }
}

/// Decides on a function in a statement.
pub fn judge(oid: Oid, author: Author, trust: &Trust) -> Result<Use, ExecError> {
    judge_subject(&Subject::found(oid)?, author, trust)
}

fn judge_subject(subject: &Subject, author: Author, trust: &Trust) -> Result<Use, ExecError> {
    let oid = subject.oid;
    if subject.function.security_definer {
        return Err(denied(oid, "It runs with the rights of its owner."));
    }
    if subject.is_built_in() {
        return match subject.listed_use() {
            Some(Use::Lenient) if author == Author::Untrusted => {
                Err(denied(oid, "It is allowed in views and row policies only."))
            }
            Some(Use::Support) => Err(denied(oid, "It supports an aggregate.")),
            Some(use_) => Ok(use_),
            None => Err(denied(oid, "It is not on the list of allowed functions.")),
        };
    }
    judge_added(subject, author, trust)
}

/// Whether a call of the function may be made only once its arguments are judged: what it costs, or
/// what it calls, depends on them. Whether it may be made at all is another question.
pub fn depends_on_arguments(oid: Oid) -> bool {
    let is_bounded = |subject: Subject| {
        let extension = subject.extension.as_deref();
        let in_extension = || extension.map(|extension| subject.use_in(extension));
        subject.listed_use().or_else(in_extension).is_some_and(Use::is_bounded)
    };
    JSON_MAKERS.contains(&oid.to_u32()) || Subject::of(oid).is_some_and(is_bounded)
}

/// Decides on a function that a range type brings along. The planner calls them by their numbers,
/// and no statement chooses with what: so one of an owner who is vouched for will do.
pub fn judge_of_range(oid: Oid, author: Author, trust: &Trust) -> Result<(), ExecError> {
    if RANGE_DIFFERENCES.contains(&oid.to_u32()) {
        return Ok(());
    }
    let subject = Subject::found(oid)?;
    let function = &subject.function;
    if !subject.is_built_in()
        && subject.extension.is_none()
        && function.volatility != b'v'
        && !function.security_definer
        && trust.vouches_for(function.owner)
    {
        return Ok(());
    }
    judge_subject(&subject, author, trust).map(drop)
}

/// Whether the function is the built-in `repeat`.
pub fn is_repeat(oid: Oid) -> bool {
    oid.to_u32() == pg_sys::F_REPEAT
}

/// Decides on a function that is about to run: what any statement, view, policy, aggregate or
/// function body in it may call.
pub fn judge_running(oid: Oid, trust: &Trust) -> Result<(), ExecError> {
    let subject = Subject::found(oid)?;
    if subject.is_built_in() {
        return match subject.listed_use() {
            Some(_) => Ok(()),
            None if types::is_plain_io(oid) => Ok(()),
            None => Err(denied(oid, "It is not on the list of allowed functions.")),
        };
    }
    if subject.function.security_definer {
        return Err(denied(oid, "It runs with the rights of its owner."));
    }
    judge_added(&subject, Author::Trusted, trust).map(drop)
}

/// Why `oid` could not be called even if it were listed, for whoever lists it.
pub fn listing_problem(oid: Oid, policy: &Policy) -> Option<String> {
    let subject = Subject::of(oid)?;
    if subject.is_built_in() {
        return Some("It is built in; text2sql has its own list of those.".to_owned());
    }
    if subject.is_stateful() {
        return Some(STATEFUL_REFUSAL.to_owned());
    }
    unfit_for_list(&subject.function, &Trust::new(pg_sys::InvalidOid, policy)).map(str::to_owned)
}

const STATEFUL_REFUSAL: &str = "It changes the session.";

/// What keeps a listed function from being called.
fn unfit_for_list(function: &facts::Function, trust: &Trust) -> Option<&'static str> {
    if function.security_definer {
        Some("It runs with the rights of its owner.")
    } else if function.kind == b'p' {
        Some("It is a procedure.")
    } else if function.volatility == b'v' {
        Some("It is volatile.")
    } else if !trust.vouches_for(function.owner) {
        Some("Its owner is not trusted.")
    } else {
        None
    }
}

fn judge_added(subject: &Subject, author: Author, trust: &Trust) -> Result<Use, ExecError> {
    let Subject { oid, function, extension } = subject;
    let oid = *oid;
    // Not even if it is on the list.
    if subject.is_stateful() {
        return Err(denied(oid, STATEFUL_REFUSAL));
    }
    let refusal = match extension.as_deref() {
        Some(name) if !ALLOWED_EXTENSIONS.contains(&name) => {
            format!("The extension {name} is not on the list.")
        }
        _ if function.volatility == b'v' => "It is volatile.".to_owned(),
        Some(name) if role::is_superuser(function.owner) => {
            return Ok(subject.use_in(name));
        }
        Some(_) => "Its owner is not a superuser.".to_owned(),
        // An aggregate is stored as immutable whatever its transition function does.
        None if author == Author::Trusted
            && function.kind == b'f'
            && trust.includes(function.owner) =>
        {
            return Ok(Use::Free);
        }
        None => "It is a user's function.".to_owned(),
    };
    if !trust.lists(oid) {
        return Err(denied(oid, refusal));
    }
    match unfit_for_list(function, trust) {
        Some(why) => Err(denied(oid, why)),
        None => Ok(Use::Free),
    }
}

fn denied(oid: Oid, why: impl Into<String>) -> ExecError {
    refused_with(
        "function",
        format!("the function {} may not be called", facts::function_signature(oid)),
        why,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_list_is_understood() {
        assert!(LIST.lines().all(|line| parse_line(line).is_some()));
        assert!(list().len() > 1500);
    }
}
