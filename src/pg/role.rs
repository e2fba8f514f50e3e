//! Who somebody is and what he may: roles, ownership, the identity in force.
//!
//! Decides nothing. Called by `exec` and `catalog`.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;

use super::subxact::Scope;

/// Lets everything until the end of the sub-transaction run as `user`, who can neither change
/// role nor do what a security-restricted operation may not.
pub fn assume(_: &Scope, user: pg_sys::Oid) {
    let context = pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_RESTRICTED_OPERATION;
    // SAFETY: the sub-transaction keeps the former identity and puts it back.
    unsafe { pg_sys::SetUserIdAndSecContext(user, context as i32) };
}

/// Runs `work` as `user`, then as whoever ran before. For reading tables of our own, with a
/// statement of our own; an error inside must end a sub-transaction around this, which puts the
/// identity back.
pub fn read_as<R>(user: pg_sys::Oid, work: impl FnOnce() -> R) -> R {
    let (mut former, mut context) = (pg_sys::InvalidOid, 0);
    // SAFETY: plain reads and writes of the identity in force.
    unsafe {
        pg_sys::GetUserIdAndSecContext(&raw mut former, &raw mut context);
        pg_sys::SetUserIdAndSecContext(user, context);
    }
    let result = work();
    // SAFETY: what was in force above.
    unsafe { pg_sys::SetUserIdAndSecContext(former, context) };
    result
}

/// The role of that name.
pub fn by_name(name: &str) -> Option<pg_sys::Oid> {
    let name = CString::new(name).ok()?;
    // SAFETY: a NUL-terminated string; a missing role yields InvalidOid.
    let role = unsafe { pg_sys::get_role_oid(name.as_ptr(), true) };
    (role != pg_sys::InvalidOid).then_some(role)
}

/// Its name, if it is there.
pub fn name(role: pg_sys::Oid) -> Option<String> {
    // SAFETY: a syscache lookup; a NUL-terminated copy, or null for a missing role.
    unsafe {
        let name = pg_sys::GetUserNameFromId(role, true);
        (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
    }
}

/// Whether `role` is a superuser.
pub fn is_superuser(role: pg_sys::Oid) -> bool {
    // SAFETY: a syscache lookup.
    unsafe { pg_sys::superuser_arg(role) }
}

/// Whether `member` may become `role` with SET ROLE.
pub fn may_become(member: pg_sys::Oid, role: pg_sys::Oid) -> bool {
    // SAFETY: a syscache lookup.
    #[cfg(feature = "pg15")]
    unsafe {
        pg_sys::is_member_of_role(member, role)
    }
    // SAFETY: a syscache lookup.
    #[cfg(not(feature = "pg15"))]
    unsafe {
        pg_sys::member_can_set_role(member, role)
    }
}

/// Whether `member` has the privileges of `role`, or could take them with SET ROLE.
pub fn is_member(member: pg_sys::Oid, role: pg_sys::Oid) -> bool {
    // SAFETY: a syscache lookup.
    unsafe { pg_sys::is_member_of_role_nosuper(member, role) }
}

/// Attributes that row-level security and privileges do not hold back.
pub fn has_strong_attribute(role: pg_sys::Oid) -> bool {
    // SAFETY: syscache lookups of that role.
    let tuple = unsafe {
        pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::AUTHOID as i32,
            pg_sys::Datum::from(role),
        )
    };
    if tuple.is_null() {
        return true;
    }
    // SAFETY: a tuple of pg_authid, released after the read.
    unsafe {
        let form = pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_authid>(tuple);
        let strong = (*form).rolsuper || (*form).rolbypassrls || (*form).rolreplication;
        pg_sys::ReleaseSysCache(tuple);
        strong
    }
}

/// Owner of the current database.
pub fn database_owner() -> Option<pg_sys::Oid> {
    // SAFETY: a syscache lookup of the database of this session.
    let tuple = unsafe {
        pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::DATABASEOID as i32,
            pg_sys::Datum::from(pg_sys::MyDatabaseId),
        )
    };
    if tuple.is_null() {
        return None;
    }
    // SAFETY: a tuple of pg_database, released after the read.
    unsafe {
        let owner = (*pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_database>(tuple)).datdba;
        pg_sys::ReleaseSysCache(tuple);
        Some(owner)
    }
}
