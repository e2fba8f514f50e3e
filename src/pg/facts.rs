//! What the system catalogs say about one function, relation or type.
//!
//! Owns the syscache look-ups; decides nothing. Called by the rules of `exec`.

use std::ffi::{CStr, CString, c_char};

use pgrx::pg_sys::{self, Oid, SysCacheIdentifier as Cache};
use pgrx::{IntoDatum, PgList};

/// A function, as far as it can be judged from outside.
pub struct Function {
    pub name: String,
    pub namespace: Oid,
    pub owner: Oid,
    pub security_definer: bool,
    /// `pg_proc.provolatile`.
    pub volatility: u8,
    /// `pg_proc.prokind`.
    pub kind: u8,
    /// How many arguments it takes.
    pub arguments: i16,
}

/// An operator; what it does not have is invalid.
pub struct Operator {
    pub owner: Oid,
    pub function: Oid,
    pub commutator: Oid,
    pub negator: Oid,
}

/// A relation.
pub struct Relation {
    pub name: String,
    pub schema: String,
    pub namespace: Oid,
    pub owner: Oid,
    /// `pg_class.relkind`.
    pub kind: u8,
    pub row_security: bool,
    /// Whether it has, or had, partitions or children.
    pub has_children: bool,
}

/// What a range type is made of; what it does not have is invalid.
pub struct Range {
    pub subtype: Oid,
    /// Function that compares two values of the subtype, of the range's operator class.
    pub compare: Oid,
    /// Function that brings a range into its canonical form.
    pub canonical: Oid,
    /// Function that tells how far apart two values of the subtype are.
    pub difference: Oid,
}

/// A type.
pub struct Type {
    pub owner: Oid,
    pub namespace: Oid,
    /// `pg_type.typtype`.
    pub kind: u8,
    /// Element type of a true array, else invalid.
    pub element: Oid,
    /// Base type of a domain, else invalid.
    pub base: Oid,
}

fn string(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: callers pass NUL-terminated strings of the server.
    Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

fn name(data: &pg_sys::NameData) -> String {
    string(data.data.as_ptr()).unwrap_or_default()
}

/// Reads one syscache tuple as `T`.
fn lookup<T, R>(cache: Cache::Type, key: Oid, read: impl FnOnce(&T) -> R) -> Option<R> {
    // SAFETY: a cache with one Oid key, see the callers.
    let tuple = unsafe { pg_sys::SearchSysCache1(cache as i32, pg_sys::Datum::from(key)) };
    if tuple.is_null() {
        return None;
    }
    // SAFETY: a tuple of the catalog whose row type is T; `read` copies what it needs.
    let result = read(unsafe { &*pg_sys::heap_tuple_get_struct::<T>(tuple) });
    // SAFETY: pinned by the search above.
    unsafe { pg_sys::ReleaseSysCache(tuple) };
    Some(result)
}

/// Facts of a function.
pub fn function(oid: Oid) -> Option<Function> {
    lookup::<pg_sys::FormData_pg_proc, _>(Cache::PROCOID, oid, |f| Function {
        name: name(&f.proname),
        namespace: f.pronamespace,
        owner: f.proowner,
        security_definer: f.prosecdef,
        volatility: f.provolatile as u8,
        kind: f.prokind as u8,
        arguments: f.pronargs,
    })
}

/// Facts of an operator.
pub fn operator(oid: Oid) -> Option<Operator> {
    lookup::<pg_sys::FormData_pg_operator, _>(Cache::OPEROID, oid, |o| Operator {
        owner: o.oprowner,
        function: o.oprcode,
        commutator: o.oprcom,
        negator: o.oprnegate,
    })
}

/// Facts of a relation.
pub fn relation(oid: Oid) -> Option<Relation> {
    let mut found = lookup::<pg_sys::FormData_pg_class, _>(Cache::RELOID, oid, |c| Relation {
        name: name(&c.relname),
        schema: String::new(),
        namespace: c.relnamespace,
        owner: c.relowner,
        kind: c.relkind as u8,
        row_security: c.relrowsecurity,
        has_children: c.relhassubclass,
    })?;
    found.schema = schema_name(found.namespace).unwrap_or_default();
    Some(found)
}

// catalog/pg_inherits.h, which pgrx does not bind; the same in all versions since 9.0.
unsafe extern "C-unwind" {
    fn find_all_inheritors(
        parent: Oid,
        lock_mode: std::ffi::c_int,
        parents_of_each: *mut *mut pg_sys::List,
    ) -> *mut pg_sys::List;
}

/// Partitions and children of a relation at every level, and itself.
pub fn descendants(oid: Oid) -> Vec<Oid> {
    // SAFETY: a scan of pg_inherits without locks; gives a list of Oids. The boundary turns an
    // error of the server into one that unwinds.
    let list = unsafe {
        PgList::<Oid>::from_pg(pg_sys::ffi::pg_guard_ffi_boundary(|| {
            find_all_inheritors(oid, pg_sys::NoLock as i32, std::ptr::null_mut())
        }))
    };
    list.iter_oid().collect()
}

/// The built-in type whose input or output function `oid` is, or the pseudo-type that stands for
/// all types of a kind.
pub fn type_of_io_function(oid: Oid) -> Option<Oid> {
    let (mut arguments, mut count) = (std::ptr::null_mut::<Oid>(), 0);
    // SAFETY: an existing function; the array is new and has as many entries as the count says.
    let (result, first) = unsafe {
        let result = pg_sys::get_func_signature(oid, &raw mut arguments, &raw mut count);
        (result, (count > 0).then(|| *arguments))
    };
    match first {
        Some(argument) if result == pg_sys::CSTRINGOID && count == 1 => Some(argument),
        Some(argument) if argument == pg_sys::CSTRINGOID => Some(result),
        _ => None,
    }
}

/// Facts of a type.
pub fn type_(oid: Oid) -> Option<Type> {
    let mut found = lookup::<pg_sys::FormData_pg_type, _>(Cache::TYPEOID, oid, |t| Type {
        owner: t.typowner,
        namespace: t.typnamespace,
        kind: t.typtype as u8,
        element: pg_sys::InvalidOid,
        base: t.typbasetype,
    })?;
    // SAFETY: a syscache lookup.
    found.element = unsafe { pg_sys::get_element_type(oid) };
    Some(found)
}

/// A row of pg_range (catalog/pg_range.h, the same from PostgreSQL 14 to 18); pgrx has no such type.
#[repr(C)]
struct RangeRow {
    rngtypid: Oid,
    rngsubtype: Oid,
    _rngmultitypid: Oid,
    _rngcollation: Oid,
    rngsubopc: Oid,
    rngcanonical: Oid,
    rngsubdiff: Oid,
}

/// Number of a B-tree operator class's function that compares (access/nbtree.h).
const BTORDER_PROC: i16 = 1;

/// Facts of a range type. Not out of the type cache: that loads the languages of its functions.
pub fn range(oid: Oid) -> Option<Range> {
    let (class, range) = lookup::<RangeRow, _>(Cache::RANGETYPE, oid, |r| {
        let range = Range {
            subtype: r.rngsubtype,
            compare: pg_sys::InvalidOid,
            canonical: r.rngcanonical,
            difference: r.rngsubdiff,
        };
        (r.rngsubopc, range)
    })?;
    // SAFETY: syscache lookups; what is not there is an invalid Oid.
    let compare = unsafe {
        let (family, input) =
            (pg_sys::get_opclass_family(class), pg_sys::get_opclass_input_type(class));
        pg_sys::get_opfamily_proc(family, input, input, BTORDER_PROC)
    };
    Some(Range { compare, ..range })
}

/// Range type of a multirange type.
pub fn multirange_range(oid: Oid) -> Oid {
    // SAFETY: a syscache lookup.
    unsafe { pg_sys::get_multirange_range(oid) }
}

/// Types of the live attributes of a composite type.
pub fn attribute_types(oid: Oid) -> Vec<Oid> {
    // SAFETY: noError: an unknown type yields NULL.
    let descriptor = unsafe { pg_sys::lookup_rowtype_tupdesc_noerror(oid, -1, true) };
    if descriptor.is_null() {
        return Vec::new();
    }
    // SAFETY: pinned by the lookup.
    let attributes = unsafe { attributes(descriptor) };
    let types = attributes.iter().filter(|a| !a.attisdropped).map(|a| a.atttypid).collect();
    // SAFETY: ours since the lookup; descriptors of named types are reference-counted.
    unsafe {
        if (*descriptor).tdrefcount >= 0 {
            pg_sys::DecrTupleDescRefCount(descriptor);
        }
    }
    types
}

/// Attributes of a row type.
///
/// # Safety
/// `descriptor` must be valid, and outlive the slice.
pub(super) unsafe fn attributes<'a>(
    descriptor: pg_sys::TupleDesc,
) -> &'a [pg_sys::FormData_pg_attribute] {
    // SAFETY: the caller's promise.
    let descriptor = unsafe { &*descriptor };
    let count = usize::try_from(descriptor.natts).unwrap_or(0);
    // SAFETY: the descriptor ends in an array of that length.
    #[cfg(not(feature = "pg18"))]
    unsafe {
        descriptor.attrs.as_slice(count)
    }
    // SAFETY: since 18 the full attributes lie behind the compact ones (TupleDescAttrAddress).
    #[cfg(feature = "pg18")]
    unsafe {
        std::slice::from_raw_parts(descriptor.compact_attrs.as_ptr().add(count).cast(), count)
    }
}

/// Function that casts `from` to json on explicit request, if a cast is defined.
pub fn json_cast(from: Oid) -> Option<Oid> {
    let mut function = pg_sys::InvalidOid;
    // SAFETY: syscache lookups; writes one Oid.
    let path = unsafe {
        pg_sys::find_coercion_pathway(
            pg_sys::JSONOID,
            from,
            pg_sys::CoercionContext::COERCION_EXPLICIT,
            &raw mut function,
        )
    };
    (path == pg_sys::CoercionPathType::COERCION_PATH_FUNC).then_some(function)
}

/// Name of a schema.
pub fn schema_name(oid: Oid) -> Option<String> {
    // SAFETY: a syscache lookup; a missing one yields NULL.
    string(unsafe { pg_sys::get_namespace_name(oid) })
}

/// Schemas of the search path in force, those of the server left out.
pub fn search_path() -> Vec<String> {
    // SAFETY: a new list of schemas.
    let schemas = unsafe { pgrx::PgList::<Oid>::from_pg(pg_sys::fetch_search_path(false)) };
    schemas.iter_oid().filter_map(schema_name).collect()
}

/// Name of the server of a foreign table.
pub fn foreign_server(table: Oid) -> String {
    // SAFETY: for a foreign table both look-ups succeed or raise an error of the server.
    let server = unsafe {
        let table = pg_sys::GetForeignTable(table);
        pg_sys::GetForeignServer((*table).serverid)
    };
    // SAFETY: just allocated, with a NUL-terminated name.
    string(unsafe { (*server).servername }).unwrap_or_default()
}

/// Schema of the relation that a name without one means under the search path in force.
pub fn schema_in_search_path(relation: &str) -> Option<String> {
    let name = CString::new(relation).ok()?;
    // SAFETY: a NUL-terminated string; look-ups that give InvalidOid for what is missing.
    let namespace = unsafe {
        let oid = pg_sys::RelnameGetRelid(name.as_ptr());
        if oid == pg_sys::InvalidOid {
            return None;
        }
        pg_sys::get_rel_namespace(oid)
    };
    schema_name(namespace)
}

/// Whether the schema holds temporary objects, of whatever session.
pub fn is_temporary_schema(oid: Oid) -> bool {
    // SAFETY: a syscache lookup.
    unsafe { pg_sys::isAnyTempNamespace(oid) }
}

/// Name of a column.
pub fn column_name(relation: Oid, number: i16) -> Option<String> {
    // SAFETY: missing_ok: a missing one yields NULL.
    string(unsafe { pg_sys::get_attname(relation, number, true) })
}

/// Function behind an operator.
pub fn operator_function(operator: Oid) -> Oid {
    // SAFETY: a syscache lookup; a missing one yields InvalidOid.
    unsafe { pg_sys::get_opcode(operator) }
}

/// Comparison function of a type's default btree order.
pub fn compare_function(of: Oid) -> Oid {
    // SAFETY: a type cache lookup; entries live as long as the session.
    unsafe {
        let entry = pg_sys::lookup_type_cache(of, pg_sys::TYPECACHE_CMP_PROC as i32);
        (*entry).cmp_proc
    }
}

/// A type as text.
pub fn type_name(oid: Oid, modifier: i32) -> String {
    // SAFETY: never NULL; a missing type yields a placeholder.
    string(unsafe { pg_sys::format_type_with_typemod(oid, modifier) }).unwrap_or_default()
}

/// An operator with its argument types, for messages.
pub fn operator_signature(oid: Oid) -> String {
    // SAFETY: never NULL; a missing operator yields its number.
    string(unsafe { pg_sys::format_operator(oid) }).unwrap_or_default()
}

/// A function with its argument types, for messages.
pub fn function_signature(oid: Oid) -> String {
    // SAFETY: never NULL; a missing function yields its number.
    string(unsafe { pg_sys::format_procedure(oid) }).unwrap_or_default()
}

/// The function of that signature, as `regprocedure` writes it under the search path in force.
pub fn function_of_signature(signature: &str) -> Option<Oid> {
    let text = signature.into_datum()?;
    // SAFETY: takes a text; gives NULL for a function that does not exist.
    let found =
        unsafe { pgrx::direct_function_call_as_datum(pg_sys::to_regprocedure, &[Some(text)]) };
    found.map(|datum| Oid::from(datum.value() as u32))
}

/// Owner of a table of this extension, if it is there and a superuser's.
pub fn own_table_owner(schema: &CStr, table: &CStr) -> Option<Oid> {
    // SAFETY: NUL-terminated strings; look-ups that give InvalidOid for what is missing.
    let oid = unsafe {
        let namespace = pg_sys::get_namespace_oid(schema.as_ptr(), true);
        pg_sys::get_relname_relid(table.as_ptr(), namespace)
    };
    relation(oid).map(|table| table.owner).filter(|owner| super::role::is_superuser(*owner))
}

/// Name of the extension a function belongs to.
pub fn extension_of_function(oid: Oid) -> Option<String> {
    extension_of(pg_sys::ProcedureRelationId, oid)
}

/// Name of the extension an operator belongs to.
pub fn extension_of_operator(oid: Oid) -> Option<String> {
    extension_of(pg_sys::OperatorRelationId, oid)
}

/// Name of the extension a type belongs to.
pub fn extension_of_type(oid: Oid) -> Option<String> {
    extension_of(pg_sys::TypeRelationId, oid)
}

/// Whether the type is `citext`, whose values are stored as those of `text` are.
pub fn is_citext(oid: Oid) -> bool {
    type_(oid).is_some_and(|of| of.element == pg_sys::InvalidOid)
        && extension_of_type(oid).as_deref() == Some("citext")
}

fn extension_of(class: Oid, object: Oid) -> Option<String> {
    // SAFETY: a scan of pg_depend.
    let extension = unsafe { pg_sys::getExtensionOfObject(class, object) };
    if extension == pg_sys::InvalidOid {
        return None;
    }
    // SAFETY: a missing one yields NULL.
    string(unsafe { pg_sys::get_extension_name(extension) })
}

/// `text`, given as UTF-8, in the encoding of this database; `None` if it cannot be.
pub fn to_server_encoding(text: &str) -> Option<CString> {
    let text = CString::new(text).ok()?;
    let length = i32::try_from(text.as_bytes().len()).ok()?;
    // SAFETY: `length` bytes, of which UTF-8 is known; returns the same pointer or a new string.
    let converted =
        unsafe { pg_sys::pg_any_to_server(text.as_ptr(), length, pg_sys::pg_enc::PG_UTF8 as i32) };
    if converted.cast_const() == text.as_ptr() {
        return Some(text);
    }
    // SAFETY: a new NUL-terminated string.
    Some(unsafe { CStr::from_ptr(converted) }.to_owned())
}

/// `length` bytes in the encoding of this database as UTF-8.
pub(super) fn from_server_encoding(bytes: &[u8]) -> String {
    let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
    let start: *const c_char = bytes.as_ptr().cast();
    // SAFETY: `length` bytes; returns the same pointer or a new NUL-terminated string.
    let converted =
        unsafe { pg_sys::pg_server_to_any(start, length, pg_sys::pg_enc::PG_UTF8 as i32) };
    if converted.cast_const() == start {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    string(converted).unwrap_or_default()
}
