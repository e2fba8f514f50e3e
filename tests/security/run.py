#!/usr/bin/env python3
"""Runs the security corpus against a throw-away cluster that has the extension; see README.md.

Usage: run.py --psql PSQL --script FILE --files DIR [--only TEXT]
  PSQL  the program; PGHOST and PGPORT say where the cluster is
  FILE  the script of the scripted engine: text2sql.model_path of that cluster; written here
  DIR   a directory the server may write to, where nothing may appear
  TEXT  only statements whose id contains it

Ends with a line "N passed, N failed"; fails if there is a failure.
"""
import argparse
import collections
import hashlib
import os
import pathlib
import subprocess
import sys

import corpus
import differential
import state
import trial
from wire import Lost, ServerError, Session

ATTACKED, BENIGN = "secdb", "benign"
# Longer than any limit of the guard; who takes longer cannot be stopped.
PATIENCE = 30.0
# Classes tried once more when a foreign server is listed, because a layer is off then that refuses
# all foreign tables.
REPEATED = {"fdw-remote", "egress-extension", "plan-time", "privilege", "explain"}


class Tally:
    """Counts, and says what failed."""

    def __init__(self):
        self.passed, self.failed = 0, 0
        self.table = collections.Counter()

    def add(self, group, kind, problem=None, about=""):
        """One result."""
        self.table[group, kind] += 1
        if problem:
            self.failed += 1
            print(f"{problem}: {about}", flush=True)
        else:
            self.passed += 1

    def print(self):
        """What came of each class."""
        for (group, kind), count in sorted(self.table.items()):
            print(f"  {group:45} {kind:12} {count:5}")
        print(f"{self.passed} passed, {self.failed} failed")


class Trials:
    """Statements tried one after the other, in as few sessions as possible."""

    def __init__(self, tally, database, caller, files):
        self.tally = tally
        self.watcher = state.Watcher(database, caller, files)
        self.session = None

    def prepared(self, entry):
        """A session in the state the entry wants."""
        if entry.get("prep"):
            self.end()
        if self.session is None:
            self.session = self.watcher.caller_session(PATIENCE)
            for sql in entry.get("prep", []):
                self.session.simple(sql)
            self.watcher.changes()
        return self.session

    def end(self):
        """Ends the session."""
        if self.session:
            self.session.close()
            self.watcher.settle(self.session)
            self.session = None

    def attempt(self, entry, function, argument):
        """One call and what it changed, anywhere."""
        session = self.prepared(entry)
        try:
            outcome = trial.call(session, function, argument)
        except Lost as error:
            self.session = None
            self.watcher.kill(session)
            outcome = trial.Outcome(error=ServerError({"M": str(error)}))
            outcome.effects.append(f"session: lost ({error})")
        try:
            outcome.effects += self.watcher.changes()
        except Lost as error:
            outcome.effects.append(f"server: sessions of others were ended ({error})")
            self.watcher.reconnect()
        if outcome.effects or entry.get("prep"):
            self.end()
        return outcome

    def try_entry(self, entry, sql):
        """Both ways in; returns what `run` gave."""
        ran = self.attempt(entry, "run", sql)
        self.note(entry, "run", ran, sql)
        if len(sql) > corpus.MAX_ANSWER:
            return ran
        asked = self.attempt(entry, "ask", corpus.question(entry))
        if asked.kind == "ran" and "ask_runs" in entry:
            self.check_cut(entry)
            entry = {**entry, "expect": "harmless"}
        self.note(entry, "ask", asked, sql)
        return ran

    def check_cut(self, entry):
        """The statement left of an answer must be the one the corpus names."""
        session = self.prepared(entry)
        kept = session.call("SELECT text2sql.generate($1)", corpus.question(entry))[0][0]
        squeezed = ["".join(text.lower().split()) for text in (kept, entry["ask_runs"])]
        problem = "ANOTHER STATEMENT WAS KEPT" if squeezed[0] != squeezed[1] else None
        self.tally.add("cut", "kept", problem, f"{entry['id']}: {kept}")

    def note(self, entry, way, outcome, sql):
        """Counts an outcome."""
        problem = trial.verdict(entry, outcome)
        about = f"{entry['id']} by {way}: {sql[:200]!r} => {outcome} {outcome.effects or ''}"
        group = f"{entry.get('class', 'benign')} ({entry['expect']}), {way}"
        self.tally.add(group, outcome.kind, problem, about)


def controls(tally, files):
    """Changes made on purpose must be seen, or the rest shows nothing."""
    trials = Trials(tally, ATTACKED, "app_user", files)
    for entry in corpus.controls():
        session = trials.watcher.caller_session(PATIENCE)
        trials.watcher.changes()
        sql = corpus.statement(entry, {"BYSTANDER": str(trials.watcher.bystander.pid)})
        effects = trial.direct(session, sql) + trials.watcher.changes()
        session.close()
        if "bystander" in entry:
            trials.watcher.reconnect()
        trials.watcher.settle(session)
        missing = None if any(entry["seen"] in e for e in effects) else "CONTROL NOT SEEN"
        tally.add("controls", "seen" if not missing else "missed", missing, f"{sql} => {effects}")
    trials.watcher.close()


def attacks(tally, entries, places):
    """Every attack, by both ways in."""
    trials = Trials(tally, ATTACKED, "app_user", places["FILES"])
    left_out = corpus.exceptions()
    for entry in entries:
        if entry["id"] in left_out:
            continue
        trials.try_entry(entry, corpus.statement(entry, places))
    trials.end()
    trials.watcher.close()


def benign(tally, entries, places):
    """Every harmless statement, as four roles, and asked as one of them."""
    trials = Trials(tally, BENIGN, "analyst_plain", places["FILES"])
    sessions = {role: Session(role, BENIGN) for role in differential.ROLES}
    trials.watcher.callers |= {session.pid for session in sessions.values()}
    trials.watcher.changes()
    for entry in entries:
        sql = corpus.statement(entry, places)
        if "refused" in entry:
            # Decided against; the reason is in the corpus.
            trials.try_entry({**entry, "expect": "refuse"}, sql)
            continue
        trials.try_entry(entry, sql)
        for role, session in sessions.items():
            kind, problem = differential.compare(session, entry, sql)
            about = f"{entry['id']} as {role}: {sql[:200]!r}"
            tally.add(f"differential, {role}", kind, problem, about)
    trials.end()
    trials.watcher.close()


def allow_lists(tally, entries, places):
    """Harmless statements with text2sql.readable_role: what both may read, and nothing else."""
    for caller, role in differential.LISTED:
        set_for(caller, BENIGN, "text2sql.readable_role", role)
        session, listed = Session(caller, BENIGN), Session(role, BENIGN)
        set_for(caller, BENIGN, "text2sql.readable_role", None)
        for entry in entries:
            if "refused" in entry:
                continue
            sql = corpus.statement(entry, places)
            kind, problem = differential.compare_listed(session, listed, entry, sql)
            about = f"{entry['id']} as {caller}, list {role}: {sql[:200]!r}"
            tally.add(f"allow-list, {caller} and {role}", kind, problem, about)
        session.close()
        listed.close()


def foreign_servers(tally, hostile, places):
    """A server that text2sql.foreign_servers names can be read, and no other."""
    trials = Trials(tally, ATTACKED, "app_user", places["FILES"])
    entries = corpus.foreign()
    for entry in entries:
        outcome = trials.attempt(entry, "run", entry["sql"])
        trials.note({**entry, "class": "foreign, not listed", "expect": "refuse"}, "run", outcome, entry["sql"])
    trials.end()
    set_for("app_user", ATTACKED, "text2sql.foreign_servers", "partner")
    session = Session("app_user", ATTACKED)
    for entry in entries:
        kind, problem = differential.compare(session, entry, entry["sql"])
        tally.add("foreign, listed", kind, problem, f"{entry['id']}: {entry['sql']!r}")
    session.close()
    # The sessions with the other side end with this one.
    state.until(lambda: not trials.watcher.changes())
    left_out = corpus.exceptions()
    for entry in hostile:
        if entry["class"] in REPEATED and entry["id"] not in left_out:
            entry = {**entry, "class": f"{entry['class']}, a server listed"}
            trials.try_entry(entry, corpus.statement(entry, places))
    trials.end()
    trials.watcher.close()
    set_for("app_user", ATTACKED, "text2sql.foreign_servers", None)


def set_for(role, database, name, value):
    """A setting of later sessions of a role; None takes it away."""
    session = Session("postgres", database)
    what = f"SET {name} = '{value}'" if value else f"RESET {name}"
    session.simple(f"ALTER ROLE {role} IN DATABASE {database} {what}")
    session.close()


def start_engine():
    """The engine starts with the first question, to which it has no answer."""
    session = Session("app_user", ATTACKED)
    try:
        session.call("SELECT text2sql.ask($1)", "anything")
    except ServerError:
        pass
    session.close()


def engine_survived(tally, before):
    """Whatever was in an answer, the engine must not have been started anew."""
    now = engine_starts()
    problem = None if now == before else "THE ENGINE DIED"
    tally.add("engine", "same", problem, f"{before} starts before, {now} after")


def engine_starts():
    """How often an engine was started."""
    session = Session("postgres", ATTACKED)
    starts = session.simple("SELECT engine_starts FROM text2sql.status()")[0][0]
    session.close()
    return starts


def set_up(psql, places):
    """Databases, roles and objects."""
    setup = corpus.HERE / "setup"
    variables = [f"--set={name.lower()}={value}" for name, value in places.items()]
    base = [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres", *variables]
    for database, files in (
        # First, because the other has foreign tables of this one, which ANALYZE looks at.
        (BENIGN, ["benign_schema.sql", "roles.sql"]),
        (ATTACKED, ["benign_schema.sql", "attacks_setup.sql", "hidden_code.sql", "partner.sql", "attacked.sql"]),
    ):
        drop = ["-c", f"DROP DATABASE IF EXISTS {database} WITH (FORCE)", "-c", f"CREATE DATABASE {database}"]
        subprocess.run([*base, "-d", "postgres", *drop], check=True)
        paths = [argument for name in files for argument in ("-f", str(setup / name))]
        subprocess.run([*base, "-d", database, *paths], check=True)


def write_script(path, text):
    """The engine's script, and its checksum beside it, which the server asks for."""
    path.write_text(text, encoding="utf-8")
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    pathlib.Path(f"{path}.sha256").write_text(f"{checksum}  {path.name}\n", encoding="utf-8")
    path.chmod(0o644)


def matching(entries, only):
    """Those whose id contains `only`."""
    return [entry for entry in entries if only in entry["id"]]


def main():
    """All of it."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--psql", default="psql")
    parser.add_argument("--script", type=pathlib.Path, required=True)
    parser.add_argument("--files", type=pathlib.Path, required=True)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    places = {
        "FILES": str(arguments.files.resolve()),
        "HOST": os.environ["PGHOST"],
        "PORT": os.environ.get("PGPORT", "5432"),
    }
    hostile, harmless = corpus.load("attacks"), corpus.load("benign")
    write_script(arguments.script, corpus.script(hostile + harmless, places))
    set_up(arguments.psql, places)
    tally = Tally()
    controls(tally, arguments.files)
    start_engine()
    before = engine_starts()
    attacks(tally, matching(hostile, arguments.only), places)
    benign(tally, matching(harmless, arguments.only), places)
    allow_lists(tally, matching(harmless, arguments.only), places)
    if not arguments.only or arguments.only == "foreign":
        foreign_servers(tally, hostile, places)
    engine_survived(tally, before)
    tally.print()
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
