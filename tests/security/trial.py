"""Trying one statement: calling the guard, and looking what else happened.

Owns the steps around a call and the judgement of what came of it. A statement is tried in a
savepoint of a transaction that is committed, so that what a refusal leaves behind would last.
"""
import dataclasses

import state
from wire import Lost, ServerError

# Beginnings of our messages about a statement that was run, or at least planned.
RAN = ("the query failed with SQLSTATE", "the query took longer", "the statement needs more stack")


@dataclasses.dataclass
class Outcome:
    """What came of a call."""

    rows: list = None
    error: ServerError = None
    effects: list = dataclasses.field(default_factory=list)

    @property
    def kind(self):
        """`ran`, `refused`, `failed` while it ran, or `over time`."""
        if self.error is None:
            return "ran"
        told = self.error.message + self.error.detail
        if RAN[1] in told:
            return "over time"
        return "failed" if any(begin in told for begin in RAN) else "refused"

    def __str__(self):
        said = f"{len(self.rows)} rows" if self.error is None else str(self.error)
        return f"{self.kind}: {said[:200]}"


def call(session, function, argument):
    """Calls a function of text2sql; what changed in the session is an effect."""
    outcome = Outcome()
    session.simple("BEGIN")
    before = state.of_session(session)
    session.simple("SAVEPOINT corpus")
    try:
        rows = session.call(f"SELECT text2sql.{function}($1)", argument)
        outcome.rows = [row[0] for row in rows]
    except ServerError as error:
        outcome.error = error
        session.simple("ROLLBACK TO SAVEPOINT corpus")
    outcome.effects = [f"session: {e}" for e in state.differences(before, state.of_session(session))]
    session.simple("COMMIT")
    return outcome


def direct(session, sql):
    """Runs a statement without the guard, for the controls."""
    session.simple("BEGIN")
    before = state.of_session(session)
    try:
        session.simple(sql)
        effects = state.differences(before, state.of_session(session))
        session.simple("COMMIT")
        return effects
    except (Lost, ServerError):
        return ["ended"]


def verdict(entry, outcome):
    """What is wrong with the outcome, or None."""
    if outcome.effects:
        return "HAD AN EFFECT"
    if entry["expect"] == "refuse" and outcome.kind != "refused" and not unreadable(entry, outcome):
        return "WAS NOT REFUSED"
    if entry["expect"] == "run" and outcome.kind != "ran":
        return "WAS NOT RUN"
    return None


def unreadable(entry, outcome):
    """Whether a statement went above a limit of the server while it was read."""
    sqlstate = outcome.error.sqlstate if outcome.error else ""
    return entry.get("class") == "dos-parse" and sqlstate.startswith("54")
