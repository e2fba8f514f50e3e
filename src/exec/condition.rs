//! SQLSTATEs as text, and what they stand for: all that may be told of an error at run time.

use pgrx::PgSqlErrorCode;

/// The five characters of an error code: six bits each, the first in the lowest.
pub fn sqlstate(code: PgSqlErrorCode) -> String {
    let code = code as i32;
    (0..5)
        .map(|n| {
            let six = u8::try_from((code >> (6 * n)) & 0x3f).unwrap_or(0);
            char::from(six.wrapping_add(b'0'))
        })
        .collect()
}

/// What a SQLSTATE stands for, by code, else by class (appendix A of the manual).
pub(super) fn describe(sqlstate: &str) -> &'static str {
    match sqlstate {
        "22012" => "division by zero",
        "22003" => "numeric value out of range",
        "22P02" => "a text is not of the form its type needs",
        "22007" | "22008" => "a date or time is not valid",
        "2201B" => "a regular expression is not valid",
        "21000" => "a subquery used as an expression returned more than one row",
        "53200" => "out of memory",
        "53400" => "a limit on temporary files or the like was exceeded",
        "55P03" => "a table is locked",
        "40001" => "it could not be serialized with other transactions",
        "40P01" => "deadlock detected",
        _ => match sqlstate.get(..2).unwrap_or_default() {
            "22" => "data exception",
            "23" => "integrity constraint violation",
            "25" => "invalid transaction state",
            "40" => "the transaction was rolled back",
            "42" => "the statement is not valid for these objects",
            "53" => "insufficient resources",
            "54" => "a limit of the server was exceeded",
            "57" => "the server intervened",
            "58" => "system error",
            _ => "internal error",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_their_five_characters() {
        assert_eq!(sqlstate(PgSqlErrorCode::ERRCODE_DIVISION_BY_ZERO), "22012");
        assert_eq!(sqlstate(PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE), "55P03");
        assert_eq!(describe("22012"), "division by zero");
        assert_eq!(describe("22999"), "data exception");
    }
}
