//! Who calls: `setup.sql` makes the roles, this says what may be expected of each.

/// A plain role that gives statements to the guard.
#[derive(Debug, Clone, Copy)]
pub struct Role {
    /// Its name.
    pub name: &'static str,
    /// Whether it may read what is marked, so that a mark is no leak.
    pub sees_marks: bool,
}

/// The caller that the scripts of `tests/security` know, who may write too.
pub const APPLICATION: Role = Role { name: "app_user", sees_marks: false };

/// All callers: that one, a plain reader, who may also read one foreign server, a reader of some
/// columns, one under row policies, and the owner of everything.
pub const ALL: &[Role] = &[
    APPLICATION,
    Role { name: "fuzz_reader", sees_marks: false },
    Role { name: "fuzz_columns", sees_marks: false },
    Role { name: "fuzz_rows", sees_marks: false },
    Role { name: "fuzz_owner", sees_marks: true },
];
