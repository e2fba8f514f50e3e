//! Which types a statement may handle.
//!
//! Owns the list of built-in types and the rules for the others: a type is code too, by its
//! input, output and comparison functions, its domain checks and its casts. Called by the gate.

use std::collections::{HashMap, HashSet};

use pgrx::pg_sys::{self, Oid};

use super::error::{ExecError, refused_with};
use super::functions::{ALLOWED_EXTENSIONS, Author};
use crate::pg::facts;

/// Built-in types without a back door. Not here: `reg*` (look-ups in the catalogs), `xml`,
/// `path` and `polygon` (comparisons that cannot be interrupted), and the server's own.
const PLAIN: &[Oid] = &[
    pg_sys::BOOLOID,
    pg_sys::BYTEAOID,
    pg_sys::CHAROID,
    pg_sys::NAMEOID,
    pg_sys::INT8OID,
    pg_sys::INT2OID,
    pg_sys::INT4OID,
    pg_sys::TEXTOID,
    pg_sys::JSONOID,
    pg_sys::JSONBOID,
    pg_sys::JSONPATHOID,
    pg_sys::POINTOID,
    pg_sys::LSEGOID,
    pg_sys::BOXOID,
    pg_sys::LINEOID,
    pg_sys::CIRCLEOID,
    pg_sys::FLOAT4OID,
    pg_sys::FLOAT8OID,
    pg_sys::UNKNOWNOID,
    // A function without a column list returns it.
    pg_sys::RECORDOID,
    pg_sys::MACADDROID,
    pg_sys::MACADDR8OID,
    pg_sys::INETOID,
    pg_sys::CIDROID,
    pg_sys::BPCHAROID,
    pg_sys::VARCHAROID,
    pg_sys::DATEOID,
    pg_sys::TIMEOID,
    pg_sys::TIMESTAMPOID,
    pg_sys::TIMESTAMPTZOID,
    pg_sys::INTERVALOID,
    pg_sys::TIMETZOID,
    pg_sys::BITOID,
    pg_sys::VARBITOID,
    pg_sys::NUMERICOID,
    pg_sys::UUIDOID,
    pg_sys::TSVECTOROID,
    pg_sys::TSQUERYOID,
    // money
    Oid::from_u32(790),
    // int4, num, ts, tstz, date and int8 ranges, then their multiranges
    Oid::from_u32(3904),
    Oid::from_u32(3906),
    Oid::from_u32(3908),
    Oid::from_u32(3910),
    Oid::from_u32(3912),
    Oid::from_u32(3926),
    Oid::from_u32(4451),
    Oid::from_u32(4532),
    Oid::from_u32(4533),
    Oid::from_u32(4534),
    Oid::from_u32(4535),
    Oid::from_u32(4536),
];

/// What input and output functions of whole kinds of types take or give; the types themselves
/// are judged where they stand in the statement.
const OF_ALL_KINDS: &[Oid] =
    &[pg_sys::ANYARRAYOID, pg_sys::ANYENUMOID, pg_sys::ANYRANGEOID, pg_sys::ANYMULTIRANGEOID];

/// Types only trusted authors may use: identifiers, which views over the catalogs need.
const LENIENT: &[Oid] = &[
    pg_sys::OIDOID,
    pg_sys::REGCLASSOID,
    pg_sys::REGTYPEOID,
    pg_sys::REGROLEOID,
    pg_sys::REGNAMESPACEOID,
    pg_sys::XIDOID,
    pg_sys::TIDOID,
];

/// Whether a built-in function does nothing but read or write values of a type anybody may use.
/// Folding a cast of a constant calls it by its number, as no statement could.
pub fn is_plain_io(function: Oid) -> bool {
    facts::type_of_io_function(function)
        .is_some_and(|type_| PLAIN.contains(&type_) || OF_ALL_KINDS.contains(&type_))
}

/// What [`judge`] found besides its verdict.
#[derive(Debug, Default)]
pub struct Seen {
    /// How many types deep each of them is.
    types: HashMap<(Oid, bool), u32>,
    /// Domains whose checks still have to be judged.
    pub domains: Vec<Oid>,
    /// Functions of range types that still have to be judged.
    pub functions: Vec<Oid>,
}

/// Deepest nesting of types in each other, as of domains over domains. The server sets no limit,
/// and who may make types could nest them deeper than the stack holds: a crash, not an error.
const MAX_NESTING: u32 = 32;

/// Decides on the type of an expression, and on all types it is made of.
pub fn judge(oid: Oid, constant: bool, author: Author, seen: &mut Seen) -> Result<(), ExecError> {
    nesting(oid, constant, author, 0, seen).map(drop)
}

/// Decides on a type that stands `depth` types deep in another one; returns how deep it is itself,
/// so that what was seen before does not hide how deep the whole is.
fn nesting(
    oid: Oid,
    constant: bool,
    author: Author,
    depth: u32,
    seen: &mut Seen,
) -> Result<u32, ExecError> {
    if let Some(&known) = seen.types.get(&(oid, constant)) {
        return Ok(known);
    }
    if depth > MAX_NESTING {
        return Err(too_deep(oid));
    }
    // A type may come back to itself by a detour.
    seen.types.insert((oid, constant), 0);
    let mut height = 0;
    for part in parts(oid, constant, author, seen)? {
        height = height.max(nesting(part, false, author, depth + 1, seen)? + 1);
    }
    if height > MAX_NESTING {
        return Err(too_deep(oid));
    }
    seen.types.insert((oid, constant), height);
    Ok(height)
}

/// Decides on a type by itself; returns the types it is made of.
fn parts(oid: Oid, constant: bool, author: Author, seen: &mut Seen) -> Result<Vec<Oid>, ExecError> {
    if PLAIN.contains(&oid) || author == Author::Trusted && LENIENT.contains(&oid) {
        return Ok(Vec::new());
    }
    // The name of a text search configuration, resolved when the constant was read.
    if constant && (oid == pg_sys::REGCONFIGOID || oid == pg_sys::REGDICTIONARYOID) {
        return Ok(Vec::new());
    }
    let Some(type_) = facts::type_(oid) else {
        return Err(denied(oid));
    };
    if type_.element != pg_sys::InvalidOid {
        return Ok(vec![type_.element]);
    }
    match type_.kind {
        // enum
        b'e' => Ok(Vec::new()),
        b'd' => {
            seen.domains.push(oid);
            Ok(vec![type_.base])
        }
        b'c' => {
            if type_.namespace.to_u32() == pg_sys::PG_CATALOG_NAMESPACE {
                return Err(denied(oid));
            }
            Ok(facts::attribute_types(oid))
        }
        b'r' => range_parts(oid, seen),
        b'm' => Ok(vec![facts::multirange_range(oid)]),
        // An array without elements: int2vector[] and the like; or a pseudo-type.
        b'b' if oid.to_u32() >= pg_sys::FirstNormalObjectId => {
            match facts::extension_of_type(oid) {
                Some(name) if ALLOWED_EXTENSIONS.contains(&name.as_str()) => Ok(Vec::new()),
                _ => Err(denied(oid)),
            }
        }
        _ if oid == pg_sys::RECORDARRAYOID => Ok(Vec::new()),
        _ => Err(denied(oid)),
    }
}

/// What a range type is made of. The planner estimates with its functions, and calls them unseen.
fn range_parts(oid: Oid, seen: &mut Seen) -> Result<Vec<Oid>, ExecError> {
    let range = facts::range(oid).ok_or_else(|| denied(oid))?;
    seen.functions.extend(functions_of(&range));
    Ok(vec![range.subtype])
}

fn functions_of(range: &facts::Range) -> impl Iterator<Item = Oid> + use<> {
    // A built-in one compares values of the subtype; for others, somebody made an operator class.
    let compare = Some(range.compare).filter(|of| of.to_u32() >= pg_sys::FirstNormalObjectId);
    let functions = [range.canonical, range.difference].into_iter().chain(compare);
    functions.filter(|&of| of != pg_sys::InvalidOid)
}

/// Functions of all range types that a type is made of.
pub fn functions_of_ranges(oid: Oid) -> Vec<Oid> {
    let (mut found, mut seen, mut left) = (Vec::new(), HashSet::new(), vec![oid]);
    while let Some(oid) = left.pop() {
        if !seen.insert(oid) {
            continue;
        }
        let Some(type_) = facts::type_(oid) else { continue };
        match type_.kind {
            _ if type_.element != pg_sys::InvalidOid => left.push(type_.element),
            b'd' => left.push(type_.base),
            b'm' => left.push(facts::multirange_range(oid)),
            b'c' => left.extend(facts::attribute_types(oid)),
            b'r' => {
                if let Some(range) = facts::range(oid) {
                    found.extend(functions_of(&range));
                    left.push(range.subtype);
                }
            }
            _ => {}
        }
    }
    found
}

/// Functions that `row_to_json` would call for a value of type `oid`: users may define casts of
/// their types to json.
pub fn json_casts(oid: Oid, seen: &mut HashSet<Oid>) -> Vec<Oid> {
    let mut casts = Vec::new();
    let mut left = vec![oid];
    while let Some(oid) = left.pop() {
        let Some(type_) = facts::type_(oid) else { continue };
        let built_in = oid.to_u32() < pg_sys::FirstNormalObjectId;
        if built_in && plain(&type_) || !seen.insert(oid) {
            continue;
        }
        casts.extend(facts::json_cast(oid));
        if type_.element != pg_sys::InvalidOid {
            left.push(type_.element);
        } else if type_.kind == b'd' {
            left.push(type_.base);
        } else if type_.kind == b'c' {
            left.extend(facts::attribute_types(oid));
        }
    }
    casts
}

/// Whether values of a built-in type hold no value of a user's type.
fn plain(type_: &facts::Type) -> bool {
    type_.kind == b'b' && type_.element == pg_sys::InvalidOid
}

fn too_deep(oid: Oid) -> ExecError {
    refused_with(
        "type",
        format!("the type {} may not be used", facts::type_name(oid, -1)),
        format!("It is nested more than {MAX_NESTING} types deep."),
    )
}

fn denied(oid: Oid) -> ExecError {
    refused_with(
        "type",
        format!("the type {} may not be used", facts::type_name(oid, -1)),
        "Only plain data types, enums, domains and row types of them are allowed.",
    )
}
