"""Answers of a run that never was, with all that a report has to show, and the report that the tool makes of
them: no question is asked, since all answers are there."""

import json
import pathlib
import subprocess

CLASSES = ("right", "other_order", "columns", "rows", "empty", "filter", "join", "aggregate", "unknown_name", "error",
           "timeout", "refused", "gold_error")
# Wide letters, and more of them than there is room for.
LONG = "WHATEVER WAS MEASURED WITH MOST OF THE SETTINGS ON"
ARMS = ("off", "default", "names", LONG)
QUESTIONS = 65
# What a page would do if text of a suite, a model or a server were more than text. PORT is the test's.
HOSTILE = ("</pre></summary></details></text></svg><script>document.title = 'ran'</script>"
           "<img src=http://127.0.0.1:PORT/image onerror=\"document.title = 'ran'\">"
           "<link rel=stylesheet href=http://127.0.0.1:PORT/style><iframe src=http://127.0.0.1:PORT/frame></iframe>")
STATEMENT = """SELECT c.name, count(*) FILTER (WHERE v.visited_at >= date_trunc('year', now())) AS visits
  FROM clinic.visits AS v
  JOIN clinic.customers_with_all_their_addresses_and_telephone_numbers AS c USING (customer_id)
 WHERE c.city = 'São Paulo' AND c.note <> '{unbroken}'
 GROUP BY c.name ORDER BY visits DESC LIMIT 10"""


def answer(arm, at):
    """An answer of the arm of that number to a question, another class in each arm."""
    # Two of three are right, the others one class after the other.
    is_right = (at + arm) % 3 > 0
    class_ = "right" if is_right else CLASSES[1 + (at // 3 + arm) % (len(CLASSES) - 1)]
    differences = [{"part": "filters", "missing": ["c.city = 'São Paulo'"], "extra": ["c.city = 'Sao Paulo'"]},
                   {"part": "limit", "missing": [], "extra": ["10"]}]
    return {
        "arm": ARMS[arm], "id": f"question-{at:03}", "class": class_, "exact": is_right and at % 2 == 0,
        "db": ("clinic", "warehouse", "a_database_with_a_name_that_is_very_long_indeed")[at % 3],
        "question": f"Which {at} customers of São Paulo came most often this year, 東京 left aside?",
        "gold": STATEMENT.format(unbroken="x" * 20), "difficulty": ("easy", "medium", "hard")[at % 3],
        "tables": 1 + at % 5, "aggregation": ("none", "aggregate", "grouped")[at // 2 % 3],
        "nesting": ("flat", "nested")[at // 7 % 2], "differences": [] if is_right else differences,
        "sql": STATEMENT.format(unbroken="y" * 300), "message": None if is_right else "42703: there is no column " + "z" * 200,
        "model": f"model-{arm}", "ms": 300.0 * (1 + arm) + 40.0 * at, "attempts": 1 + at % 3,
        "prompt_tokens": 1500, "cached_tokens": 900, "generated_tokens": 40 + at, "signals": None,
    }


def answers():
    """Those of all arms to all questions."""
    return [answer(arm, at) for arm in range(len(ARMS)) for at in range(QUESTIONS)]


def hostile(port):
    """An answer of which every text means harm."""
    text = HOSTILE.replace("PORT", str(port))
    written = {name: text for name in ("id", "db", "question", "gold", "difficulty", "aggregation", "nesting", "sql",
                                       "message", "model")}
    difference = {"part": "filters", "missing": [text], "extra": [text]}
    # The name of an arm ends at a colon.
    arm = text.split("<img")[0]
    return {**answer(0, 0), **written, "arm": arm, "class": "filter", "differences": [difference]}


def report(tool, folder, all_answers):
    """The HTML file of the report that the tool makes of the answers."""
    folder = pathlib.Path(folder)
    arms = list(dict.fromkeys(answer["arm"] for answer in all_answers))
    (folder / "results.jsonl").write_text("".join(json.dumps(answer) + "\n" for answer in all_answers), encoding="utf-8")
    (folder / "suite.jsonl").write_text("", encoding="utf-8")
    command = [tool, "eval", folder / "suite.jsonl", "--server", "host=/nowhere", "--role", "nobody",
               "--results", folder / "results.jsonl", "--report", folder / "report.md"]
    for arm in arms:
        command += ["--arm", arm]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "report.html"
