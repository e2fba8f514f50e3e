#!/usr/bin/env python3
"""Counts how often `text2sql.clarify` asks back: of questions that are open, and of clear ones. No model is needed.

Usage: asks_back.py --psql PSQL DUMPS OPEN CLEAR...
  PSQL, DUMPS  as run.py's; the cluster has no model
  OPEN    lines of JSON with questions that can be read in several ways, `open` says what of them is open; may be empty
  CLEAR   such with questions that can not

Ends with 1 if fewer open ones are asked back than LEAST, or more clear ones than MOST.
"""
import argparse
import collections
import json
import pathlib
import sys

from run import SCHEMAS, Databases
from wire import ServerError

# Of the open ones, by what is open: what is found now. The rules know measures and periods only.
LEAST = {"measure": 6, "period": 12}
# Clear ones that are asked back all the same.
MOST = 0
ASKED_BACK = "TS001"
# What a question comes to that is not asked back.
NO_MODEL = "no model is configured"


def entries(files):
    """The questions of files, those of a database together."""
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return sorted((json.loads(line) for line in lines if line.strip()), key=lambda entry: entry["db"])


def is_asked_back(databases, entry):
    """Whether the server asks back; any other end than that there is no model ends the program."""
    session = databases.session_in(entry["db"])
    session.simple("SET text2sql.clarify = on")
    schemas = ", ".join(name for (name,) in session.call(SCHEMAS))
    session.simple(f"SET text2sql.schemas = '{schemas}'")
    try:
        session.call("SELECT * FROM text2sql.explain($1)", entry["question"])
    except ServerError as error:
        if error.sqlstate == ASKED_BACK or NO_MODEL in error.message:
            return error.sqlstate == ASKED_BACK
        sys.exit(f"error: {entry['id']}: {error}")
    sys.exit(f"error: {entry['id']} was answered, so there is a model")


def main():
    """All questions, database by database."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("dumps", type=pathlib.Path)
    parser.add_argument("open", type=pathlib.Path)
    parser.add_argument("clear", type=pathlib.Path, nargs="+")
    parser.add_argument("--psql", default="psql")
    arguments = parser.parse_args()
    databases = Databases(arguments.psql, arguments.dumps, None)
    everything = [(entry, entry["open"]) for entry in entries([arguments.open])]
    everything += [(entry, None) for entry in entries(arguments.clear)]
    everything.sort(key=lambda pair: pair[0]["db"])
    asked, back = collections.Counter(), collections.Counter()
    for entry, kind in everything:
        asked[kind] += 1
        if is_asked_back(databases, entry):
            back[kind] += 1
            if kind is None:
                print(json.dumps({"id": entry["id"], "asked back": entry["question"]}, ensure_ascii=False))
    of_kind = ", ".join(f"{kind} {back[kind]} of {asked[kind]}" for kind in sorted(filter(None, asked)))
    print(f"asked back: {of_kind}; of clear questions {back[None]} of {asked[None]}")
    missed = [kind for kind, least in LEAST.items() if kind in asked and back[kind] < least]
    return 1 if missed or back[None] > MOST else 0


if __name__ == "__main__":
    sys.exit(main())
