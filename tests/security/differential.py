"""Whether the guard gives exactly what the role's own SELECT gives.

Owns the comparison of rows. Keys of a row are not compared: the guard numbers names that appear
twice.
"""
import json

from wire import ServerError

ROLES = ["analyst_owner", "analyst_plain", "analyst_columns", "analyst_rows"]
DENIED = "42501"


# Caller and text2sql.readable_role: an allow-list that is tighter, wider, and across.
LISTED = [
    ("analyst_plain", "analyst_columns"), ("analyst_columns", "analyst_plain"),
    ("analyst_rows", "analyst_columns"), ("analyst_owner", "analyst_rows"),
]


def compare_listed(session, listed, entry, sql):
    """As `compare`, for a caller with an allow-list; `listed` is a session of the role on it.

    What that role may not read must be refused; which of its rows it may see is of no account.
    """
    listed.simple("BEGIN READ ONLY")
    _, barred = attempt(listed, "public.own", sql)
    listed.simple("COMMIT")
    if barred is None or barred.sqlstate != DENIED:
        return compare(session, entry, sql)
    session.simple("BEGIN READ ONLY")
    got, error = attempt(session, "text2sql.run", sql)
    session.simple("COMMIT")
    if error and error.sqlstate == DENIED and "permission denied" in error.message:
        return "barred", None
    return "barred", f"WAS NOT BARRED (guard {error or got[:2]})"


def compare(session, entry, sql):
    """How it went, and what differs or None. Both in one transaction: now() is the same."""
    session.simple("BEGIN READ ONLY")
    own, own_error = attempt(session, "public.own", sql)
    got, got_error = attempt(session, "text2sql.run", sql)
    session.simple("COMMIT")
    if own_error or got_error:
        states = [error.sqlstate if error else "none" for error in (own_error, got_error)]
        alike = states == [DENIED, DENIED] and "permission denied" in got_error.message
        return "denied", None if alike else f"ERRORS DIFFER (own {own_error}, guard {got_error})"
    if "varies" in entry:
        return "varies", None
    if sorted(map(values, own), key=str) != sorted(map(values, got), key=str):
        return "equal", f"ROWS DIFFER (own {own[:2]}…, guard {got[:2]}…)"
    return "equal", None


def attempt(session, function, sql):
    """Rows and no error, or no rows and an error."""
    session.simple("SAVEPOINT attempt")
    try:
        return [row[0] for row in session.call(f"SELECT {function}($1)", sql)], None
    except ServerError as error:
        session.simple("ROLLBACK TO SAVEPOINT attempt")
        return None, error


def values(row):
    """The values of a row, numbers as they are written."""
    pairs = json.loads(row, object_pairs_hook=tuple, parse_float=str, parse_int=str)
    return [value for _, value in pairs]
