#!/usr/bin/env python3
"""Gives known good statements to the guard, and compares with the role's own SELECT; see README.md.

Usage: run.py --psql PSQL QUESTIONS DUMPS [--limit N] [--report FILE] [--threshold PERCENT]
  PSQL    the program; PGHOST and PGPORT say where a throw-away cluster with the extension is
  QUESTIONS  lines of JSON, or a folder with files of them
  DUMPS   the folder with DB.sql.gz or DB.sql for each database that a question names
  --limit only the first N statements
  --report  a file for what went wrong, one JSON object a line
  --snapshots  a folder for what the role may read of each database, as scripts/snapshot writes it

Ends with 1 if more than PERCENT (0.5) of the statements went wrong.
"""
import argparse
import collections
import gzip
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
SNAPSHOT = HERE.parents[1] / "scripts" / "snapshot"
sys.path.insert(0, str(HERE.parent / "security"))

from wire import Lost, ServerError, Session  # noqa: E402

ROLE = "asker"
# Guard and plain session read alike: what decides the plan, and so which of equal rows comes first.
PLANNING = {
    "max_parallel_workers_per_gather": "0", "work_mem": "16MB", "hash_mem_multiplier": "1",
    "jit": "off", "join_collapse_limit": "8", "from_collapse_limit": "8",
}
# All rows, and as much time as a gold may need.
LIMITS = {
    "text2sql.max_rows": "1000000", "text2sql.max_result_size": "1GB",
    "text2sql.statement_timeout": "60s",
}
# A statement counts as slow if the guard took this much longer than the plain session, in seconds.
SLOW = 0.5
RIGHTS = f"""
DO $$ DECLARE s name; BEGIN
  FOR s IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'text2sql') LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO {ROLE}', s);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO {ROLE}', s);
  END LOOP;
END $$;
CREATE EXTENSION text2sql;
GRANT text2sql_user TO {ROLE};
VACUUM (ANALYZE);
"""


SCHEMAS = """
SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'text2sql')
"""


class Databases:
    """Loads one database at a time."""

    def __init__(self, psql, dumps, snapshots):
        self.psql, self.dumps, self.snapshots = psql, dumps, snapshots
        self.name, self.session = None, None
        self.run("postgres", f"CREATE ROLE {ROLE} LOGIN;")
        for name, value in LIMITS.items():
            self.run("postgres", f"ALTER ROLE {ROLE} SET {name} = '{value}';")

    def run(self, database, sql):
        """Runs a script as superuser; a message of the server ends the program."""
        command = [self.psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database]
        done = subprocess.run(command, input=sql, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"error: {database}: {done.stderr.strip()}")

    def session_in(self, name):
        """A session of the role in that database, which the one before makes room for."""
        if name == self.name:
            return self.session
        if self.session:
            self.session.close()
            self.run("postgres", f'DROP DATABASE "{self.name}" WITH (FORCE);')
        self.run("postgres", f'CREATE DATABASE "{name}";')
        plain = self.dumps / f"{name}.sql"
        with open(plain, encoding="utf-8") if plain.exists() else gzip.open(f"{plain}.gz", "rt", encoding="utf-8") as dump:
            self.run(name, dump.read())
        # A dump empties the search path of the session that reads it.
        self.run(name, RIGHTS)
        self.name, self.session = name, Session(ROLE, name, timeout=90.0)
        if self.snapshots:
            self.keep_snapshot()
        for setting, value in PLANNING.items():
            self.session.simple(f"SET {setting} = '{value}'")
        return self.session

    def keep_snapshot(self):
        """Writes what the role may read of the database."""
        schemas = ",".join(name for (name,) in self.session.call(SCHEMAS))
        path = f"{pathlib.Path(self.psql).resolve().parent}:{os.environ['PATH']}"
        with open(self.snapshots / f"{self.name}.json", "w", encoding="utf-8") as file:
            subprocess.run([SNAPSHOT, self.name, ROLE, schemas], env={**os.environ, "PATH": path}, stdout=file, check=True)


def values(row):
    """The values of a row as they are written; the guard numbers names that appear twice."""
    pairs = json.loads(row, object_pairs_hook=tuple, parse_float=str, parse_int=str)
    return [value for _, value in pairs]


def timed(session, sql, *parameters):
    """Rows or an error, and the seconds they took."""
    session.simple("SAVEPOINT gold")
    begun = time.monotonic()
    try:
        outcome = session.call(sql, *parameters)
    except ServerError as error:
        outcome = error
        session.simple("ROLLBACK TO SAVEPOINT gold")
    return outcome, time.monotonic() - begun


def judge(session, entry):
    """What came of a statement: a word, what is wrong in words, seconds of guard and of plain."""
    sql = entry["gold_sql"].strip().rstrip(";")
    session.simple("BEGIN READ ONLY")
    try:
        own, plain_s = timed(session, f"SELECT row_to_json(\"the row\") FROM (\n{sql}\n) AS \"the row\"")
        verdict, _ = timed(session, "SELECT accepted, rule, reason FROM text2sql.validate($1)", sql)
        got, guard_s = timed(session, "SELECT text2sql.run($1)", sql)
    finally:
        session.simple("COMMIT")
    if isinstance(own, ServerError):
        return "no gold", f"without the guard: {own}", guard_s, plain_s
    if isinstance(verdict, ServerError):
        return "refused", f"by validate, with an error: {verdict}", guard_s, plain_s
    accepted, rule, reason = verdict[0]
    if accepted != "t":
        return "refused", f"{rule}: {reason}", guard_s, plain_s
    if isinstance(got, ServerError):
        return "refused", f"by run alone: {got}", guard_s, plain_s
    own, got = [values(row[0]) for row in own], [values(row[0]) for row in got]
    if not entry.get("ordered"):
        own, got = sorted(own, key=str), sorted(got, key=str)
    if own != got:
        return "differing", f"{len(got)} rows {got[:3]}, plain {len(own)} rows {own[:3]}", guard_s, plain_s
    if guard_s > plain_s + SLOW:
        return "slow", f"{guard_s:.2f} s, plain {plain_s:.2f} s", guard_s, plain_s
    return "same", None, guard_s, plain_s


def tell(entry, word, what, report):
    """One statement that is not as it should be."""
    line = {"id": entry.get("id"), "db": entry["db"], "outcome": word, "what": what, "sql": entry["gold_sql"]}
    print(json.dumps(line, ensure_ascii=False), flush=True)
    if report:
        report.write(json.dumps(line, ensure_ascii=False) + "\n")


def main():
    """All statements, database by database."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("questions", type=pathlib.Path)
    parser.add_argument("dumps", type=pathlib.Path)
    parser.add_argument("--psql", default="psql")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--report", type=argparse.FileType("w", encoding="utf-8"))
    parser.add_argument("--snapshots", type=pathlib.Path)
    parser.add_argument("--threshold", type=float, default=0.5)
    arguments = parser.parse_args()
    of_folder = sorted(arguments.questions.glob("*.jsonl")) if arguments.questions.is_dir() else [arguments.questions]
    lines = [line for file in of_folder for line in file.read_text(encoding="utf-8").splitlines()]
    entries = [json.loads(line) for line in lines if line.strip()][: arguments.limit]
    if not entries:
        sys.exit(f"error: {arguments.questions} has no statement")
    entries.sort(key=lambda entry: entry["db"])
    databases = Databases(arguments.psql, arguments.dumps, arguments.snapshots)
    counts, added = collections.Counter(), []
    for entry in entries:
        try:
            word, what, guard_s, plain_s = judge(databases.session_in(entry["db"]), entry)
        except Lost as error:
            sys.exit(f"error: {entry.get('id')}: {error}: {entry['gold_sql']}")
        counts[word] += 1
        added.append(guard_s - plain_s)
        if word != "same":
            tell(entry, word, what, arguments.report)
    # What is slow, but right, is told and not counted.
    wrong = sum(counts[word] for word in ("refused", "differing", "no gold"))
    share = 100 * wrong / len(entries)
    print(f"{len(entries)} statements on {len({e['db'] for e in entries})} databases: "
          + ", ".join(f"{counts[word]} {word}" for word in ("same", "refused", "differing", "slow", "no gold")))
    print(f"added by the guard: {1000 * statistics.median(added):.1f} ms in the median, {1000 * max(added):.0f} ms at most")
    print(f"wrong: {share:.2f} %, allowed {arguments.threshold} %")
    return 1 if share > arguments.threshold else 0


if __name__ == "__main__":
    sys.exit(main())
