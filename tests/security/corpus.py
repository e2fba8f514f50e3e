"""The statements: reading, checking and completing them.

Owns the format of the files (README.md describes it). Knows nothing of servers.
"""
import json
import pathlib

HERE = pathlib.Path(__file__).parent
FIELDS = {
    "id", "class", "sql", "sql_parts", "why", "expect", "needs_superuser", "prep", "min_pg",
    "ask_runs", "needs", "varies", "refused",
}
# An answer is cut long before; the scripted engine would have to send more than a frame holds.
MAX_ANSWER = 1 << 20
EXPECTATIONS = {"attacks": {"refuse", "harmless"}, "benign": {"run"}}


class Malformed(Exception):
    """A file does not keep to the format."""


def load(kind):
    """All entries of `attacks` or `benign`, file by file."""
    entries, known = [], set()
    for path in sorted((HERE / kind).glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").strip().split("\n"), 1):
            where = f"{path.name}:{number}"
            try:
                entry = json.loads(line)
            except ValueError as error:
                raise Malformed(f"{where}: {error}") from error
            check(entry, kind, where)
            if entry["id"] in known:
                raise Malformed(f"{where}: {entry['id']} is used twice")
            known.add(entry["id"])
            entries.append(entry)
    return entries


def check(entry, kind, where):
    """Whether an entry has what it must, and nothing unknown."""
    unknown = set(entry) - FIELDS
    if unknown:
        raise Malformed(f"{where}: unknown fields {sorted(unknown)}")
    if not entry.get("id") or ("sql" in entry) == ("sql_parts" in entry):
        raise Malformed(f"{where}: needs an id, and either sql or sql_parts")
    if kind == "attacks" and not (entry.get("class") and entry.get("why")):
        raise Malformed(f"{where}: an attack needs a class and a reason")
    if entry.setdefault("expect", "run") not in EXPECTATIONS[kind]:
        raise Malformed(f"{where}: unknown expectation {entry['expect']}")


def exceptions():
    """Statements that are not run, with the reason."""
    return {entry["id"]: entry["reason"] for entry in lines_of("exceptions.jsonl")}


def controls():
    """Statements that, run without the guard, change something the harness has to see."""
    return lines_of("controls.jsonl")


def foreign():
    """Statements on a foreign server that does no harm: for those only who were told so."""
    return lines_of("foreign.jsonl")


def lines_of(name):
    """The objects of a file."""
    return list(map(json.loads, (HERE / name).read_text(encoding="utf-8").splitlines()))


def statement(entry, places):
    """The statement, with the places of this run filled in."""
    if "sql_parts" in entry:
        sql = "".join(part * times for part, times in entry["sql_parts"])
    else:
        sql = entry["sql"]
    for name, value in places.items():
        sql = sql.replace(f"@{name}@", value)
    return sql


def question(entry):
    """What the engine is asked to get this statement."""
    return f"Please answer [{entry['id']}]"


def script(entries, places):
    """The script of the engine: each question has its statement for an answer."""
    rules = []
    for entry in entries:
        reply = statement(entry, places)
        if len(reply) <= MAX_ANSWER:
            rules.append({"contains": f"[{entry['id']}]", "reply": reply})
    return json.dumps({"rules": rules, "default_reply": "no such entry"})
