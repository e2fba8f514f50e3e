#!/usr/bin/env python3
"""Measures how much of what known good statements read is found among the tables of many databases at once.

Usage: lake.py --tool TEXT2SQL_CLI SNAPSHOTS FOLDER...
  TEXT2SQL_CLI  the program
  SNAPSHOTS  the folder with DB.json for each database, as run.py --snapshots writes it
  FOLDER     one with the statements, DB.jsonl each

The databases are put together as one, a schema or more of it each, so that not everything can be shown to a
model. Ends with 1 if less is found than LEAST says.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

# A little below what is found, in percent: 95.4 and 97.6.
LEAST = {"tables among the first 15": 95.0, "columns shown": 97.0}


def schema_of(database, schema):
    """What a schema of a database is called in the whole."""
    name = database.removeprefix("own_")
    return name if schema == "public" else f"{name}_{schema}"


def renamed(value, database):
    """A part of a snapshot with the new names of schemas."""
    if isinstance(value, list):
        return [renamed(item, database) for item in value]
    if isinstance(value, dict):
        return {key: schema_of(database, item) if key == "schema" else renamed(item, database)
                for key, item in value.items()}
    return value


def lake(snapshots):
    """The snapshots of databases, by their names, as one."""
    whole = {"relations": [], "foreign_keys": []}
    for database, snapshot in snapshots.items():
        for part, found in whole.items():
            found += renamed(snapshot[part], database)
    whole["relations"].sort(key=lambda relation: (relation["schema"], relation["name"]))
    return whole


def question(entry, snapshots):
    """A question to the whole, its statement with the new names of schemas."""
    sql = entry["gold_sql"]
    for relation in snapshots[entry["db"]]["relations"]:
        schema, name = relation["schema"], relation["name"]
        sql = re.sub(rf"\b{re.escape(schema)}\.{re.escape(name)}\b", f"{schema_of(entry['db'], schema)}.{name}", sql)
    return {**entry, "db": "lake", "schema": schema_of(entry["db"], "public"), "gold_sql": sql}


def shortfalls(report):
    """What of the report of `recall` is less than it was."""
    told = []
    for what, least in LEAST.items():
        found = re.search(rf"^\| {re.escape(what)} \| ([0-9.]+) % \|", report, re.MULTILINE)
        if not found:
            told.append(f"{what}: not in the report")
        elif float(found[1]) < least:
            told.append(f"{what}: {found[1]} %, at least {least} % expected")
    return told


def main():
    """Puts together, measures, judges."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("snapshots", type=pathlib.Path)
    parser.add_argument("folders", type=pathlib.Path, nargs="+")
    parser.add_argument("--tool", required=True)
    arguments = parser.parse_args()
    files = sorted(arguments.snapshots.glob("*.json"))
    snapshots = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}
    lines = [line for folder in arguments.folders for file in sorted(folder.glob("*.jsonl"))
             for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    with tempfile.TemporaryDirectory() as folder:
        suite = pathlib.Path(folder, "questions.jsonl")
        suite.write_text("".join(json.dumps(question(json.loads(line), snapshots)) + "\n" for line in lines), encoding="utf-8")
        pathlib.Path(folder, "lake.json").write_text(json.dumps(lake(snapshots)), encoding="utf-8")
        done = subprocess.run([arguments.tool, "recall", suite, "--snapshots", folder],
                              check=True, stdout=subprocess.PIPE, text=True)
    print(f"{len(files)} databases as one: {done.stdout}")
    told = shortfalls(done.stdout)
    for line in told:
        print(f"less is found than was: {line}", file=sys.stderr)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
