"""Whether the guard gives exactly what the role's own SELECT gives.

Owns the comparison of rows. Keys of a row are not compared: the guard numbers names that appear
twice.
"""
import json

from wire import ServerError

ROLES = ["analyst_owner", "analyst_plain", "analyst_columns", "analyst_rows"]
DENIED = "42501"


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
