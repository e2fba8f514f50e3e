#!/usr/bin/env python3
"""Makes training examples of questions with known statements: the prompt the product would ask the
model with, and the statement as it should answer.

The databases are on a server that has the extension; prompts come from text2sql.prompt(), so training
and serving see the same text. A statement that returns other rows in the answer's form is left out.

Usage: make_examples.py QUESTIONS.jsonl OUT.jsonl --role ROLE [--host HOST] [--port PORT] [--user USER]

QUESTIONS has id, db, question and gold_sql in each line; needs pg8000 and sqlglot.
HOST is a name, or the folder of a socket; without these options the variables PGHOST, PGPORT and PGUSER count.
"""

import argparse
import collections
import json
import os
import pathlib

import pg8000.native
import sqlglot

from answers import as_answer

LONGEST = "10s"
RELATIONS = """SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'text2sql')"""


def connect(options, database):
    """A session of the role, in a database of the server."""
    place = {"host": options.host, "port": options.port}
    if options.host.startswith("/"):
        place = {"unix_sock": f"{options.host}/.s.PGSQL.{options.port}"}
    session = pg8000.native.Connection(options.user, database=database, **place)
    for name, value in (("role", options.role), ("statement_timeout", LONGEST)):
        session.run("SELECT set_config(:name, :value, false)", name=name, value=value)
    return session


def rows(session, sql):
    # As literals: what looks like a parameter is none.
    return sorted(map(repr, session.execute_simple(sql).rows))


def examples(session, questions, say):
    homes = {name.lower(): schema for schema, name in session.run(RELATIONS)}
    for question in questions:
        gold = question["gold_sql"]
        try:
            answer = as_answer(gold, lambda name: homes[name.lower()])
            if rows(session, gold) != rows(session, answer):
                say(f"{question['id']}: other rows than the known statement's: {answer}")
                continue
        except (KeyError, sqlglot.errors.SqlglotError, pg8000.native.Error) as error:
            say(f"{question['id']}: {error}")
            continue
        [[prompt]] = session.run("SELECT text2sql.prompt(:question)", question=question["question"])
        yield {"id": question["id"], "db": question["db"], "prompt": prompt, "answer": answer}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--role", required=True, help="whose prompts they are; it may read everything")
    parser.add_argument("--host", default=os.environ.get("PGHOST", "/var/run/postgresql"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("PGPORT", "5432")))
    parser.add_argument("--user", default=os.environ.get("PGUSER", "postgres"))
    options = parser.parse_args()
    by_database = collections.defaultdict(list)
    for line in options.questions.read_text().splitlines():
        question = json.loads(line)
        by_database[question["db"]].append(question)
    count = 0
    with options.out.open("w") as out:
        for database, questions in by_database.items():
            session = connect(options, database)
            for example in examples(session, questions, print):
                out.write(json.dumps(example) + "\n")
                count += 1
            session.close()
    print(f"{count} examples of {sum(map(len, by_database.values()))} questions")


if __name__ == "__main__":
    main()
