#!/usr/bin/env python3
"""Many sessions asking at the same time: answers a minute, waiting, refusals.

    eval "$(scripts/cluster env build/demo)"        # or any server with text2sql and a schema
    benches/clients.py --dbname clinic --role analyst --questions demo/questions.jsonl --clients 1 4 16

Each client is a psql session that asks one question after the other, from its own place in the list
on, for the given number of seconds, and waits a second after a refusal. Prints one line for each
number of clients. Tokens are those of text2sql.status(). With --beside, one more session asks the same
as another role, and gets a line of its own. Run it on a quiet machine.
"""

import argparse
import json
import statistics
import subprocess
import threading
import time

DONE = "done_7f3a"


class Session:
    """A psql that runs one statement after the other."""

    def __init__(self, dbname: str, role: str | None) -> None:
        self.psql = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", "-v", "VERBOSITY=sqlstate", "-d", dbname],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if role:
            self.run(f'SET ROLE "{role}"')

    def run(self, sql: str) -> list[str]:
        assert self.psql.stdin and self.psql.stdout
        self.psql.stdin.write(f"{sql};\n\\echo {DONE}\n")
        self.psql.stdin.flush()
        lines = []
        for line in self.psql.stdout:
            if line.strip() == DONE:
                return lines
            lines.append(line.rstrip("\n"))
        raise SystemExit("psql ended: " + "\n".join(lines))


def outcome(lines: list[str]) -> str:
    states = [line.split()[1] for line in lines if line.startswith("ERROR:")]
    return states[0] if states else "answered"


def client(session: Session, questions: list[str], first: int, until: float, seen: list) -> None:
    number = first
    while time.monotonic() < until:
        text = questions[number % len(questions)].replace("'", "''")
        begin = time.monotonic()
        what = outcome(session.run(f"SELECT text2sql.generate('{text}')"))
        seen.append((what, time.monotonic() - begin))
        number += 1
        if what == "53400":
            time.sleep(1)


def told(seen: list[tuple[str, float]], elapsed: float) -> str:
    """Of the questions that were not refused, how many and how long; and how all ended."""
    times = sorted(seconds for what, seconds in seen if what != "53400") or [0.0]
    kinds: dict[str, int] = {}
    for what, _ in seen:
        kinds[what] = kinds.get(what, 0) + 1
    return (f"{len(times) / elapsed * 60:6.1f} questions/min, median "
            f"{statistics.median(times):6.2f} s, slowest {times[-1]:6.2f} s, {kinds}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dbname", required=True)
    parser.add_argument("--role")
    parser.add_argument("--questions", required=True)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--beside", metavar="ROLE")
    args = parser.parse_args()
    with open(args.questions, encoding="utf-8") as lines:
        questions = [json.loads(line)["question"] for line in lines]
    watch = Session(args.dbname, args.role)
    watch.run(f"SELECT text2sql.generate('{questions[0]}')")
    counters = "SELECT generated_tokens, cached_tokens, prompt_tokens FROM text2sql.status()"
    for count in args.clients:
        sessions = [Session(args.dbname, args.role) for _ in range(count)]
        before = [int(n) for n in watch.run(counters)[0].split("|")]
        seen: list[tuple[str, float]] = []
        begin = time.monotonic()
        threads = [
            threading.Thread(target=client, args=(
                session, questions, 7 * index, begin + args.seconds, seen))
            for index, session in enumerate(sessions)
        ]
        others: list[tuple[str, float]] = []
        if args.beside:
            sessions.append(Session(args.dbname, args.beside))
            threads.append(threading.Thread(target=client, args=(
                sessions[-1], questions, 0, begin + args.seconds, others)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elapsed = time.monotonic() - begin
        after = [int(n) for n in watch.run(counters)[0].split("|")]
        print(f"{count:3} clients: {(after[0] - before[0]) / elapsed:6.1f} tokens/s generated, "
              f"{told(seen, elapsed)}", flush=True)
        if args.beside:
            print(f"    {args.beside} beside them: {told(others, elapsed)}", flush=True)
        for session in sessions:
            session.psql.terminate()


if __name__ == "__main__":
    main()
