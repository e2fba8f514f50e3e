"""The files of tests/security, and how its harness judges; no server is needed."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "security"))

import corpus  # noqa: E402
import state  # noqa: E402
import trial  # noqa: E402
from wire import ServerError  # noqa: E402


def failure(message, sqlstate="42501"):
    """An outcome with this error."""
    return trial.Outcome(error=ServerError({"C": sqlstate, "M": message}))


class Files(unittest.TestCase):
    def test_every_class_has_statements_beyond_the_first_ones(self):
        entries = corpus.load("attacks")
        classes = {entry["class"] for entry in entries}
        own = {entry["class"] for entry in entries if entry["id"].startswith("own-")}
        self.assertEqual(classes, own)

    def test_exceptions_are_about_statements_that_exist(self):
        known = {entry["id"] for entry in corpus.load("attacks")}
        self.assertLessEqual(set(corpus.exceptions()), known)

    def test_a_question_names_one_statement_only(self):
        entries = corpus.load("attacks") + corpus.load("benign")
        self.assertEqual(len({corpus.question(entry) for entry in entries}), len(entries))

    def test_malformed_entries_are_found(self):
        good = {"id": "a", "class": "c", "sql": "SELECT 1", "why": "w", "expect": "refuse"}
        corpus.check(dict(good), "attacks", "here")
        for change in (
            {"expect": "perhaps"}, {"sql_parts": []}, {"why": ""}, {"note": "?"}, {"id": ""},
        ):
            with self.assertRaises(corpus.Malformed):
                corpus.check({**good, **change}, "attacks", "here")

    def test_long_statements_and_places_are_filled_in(self):
        entry = {"sql_parts": [["SELECT ", 1], ["+1", 3], [" @FILES@", 1]]}
        self.assertEqual(corpus.statement(entry, {"FILES": "/x"}), "SELECT +1+1+1 /x")


class Judgement(unittest.TestCase):
    def test_what_ran_was_not_refused(self):
        attack = {"expect": "refuse"}
        for outcome in (
            trial.Outcome(rows=["{}"]),
            failure("the query failed with SQLSTATE 22012: division by zero", "22012"),
            failure("the query took longer than 250 ms", "57014"),
            failure("the statement needs more stack than the server allows", "54001"),
        ):
            self.assertEqual(trial.verdict(attack, outcome), "WAS NOT REFUSED")
        self.assertIsNone(trial.verdict(attack, failure("the statement is refused: no")))

    def test_an_effect_counts_whatever_else_happened(self):
        outcome = failure("the statement is refused: no")
        outcome.effects.append("sequences: 1 -> 2")
        for expect in ("refuse", "harmless", "run"):
            self.assertEqual(trial.verdict({"expect": expect}, outcome), "HAD AN EFFECT")

    def test_a_benign_statement_must_run(self):
        self.assertIsNone(trial.verdict({"expect": "run"}, trial.Outcome(rows=[])))
        self.assertEqual(trial.verdict({"expect": "run"}, failure("no")), "WAS NOT RUN")

    def test_differences_are_told_by_where_they_are(self):
        before = {"settings": {"a": "1", "b": "2"}, "locks": None}
        after = {"settings": {"a": "1", "b": "3"}, "locks": None}
        self.assertEqual(state.differences(before, after), ['settings: b: "2" -> "3"'])
        self.assertEqual(state.differences(before, before), [])


if __name__ == "__main__":
    unittest.main()
