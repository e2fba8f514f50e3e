"""Tests of how databases are put together to measure linking: tests/golds/lake.py.

Run: python3 -m unittest discover -s tests/scripts
"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golds"))

import lake  # noqa: E402


def relation(schema, name):
    return {"schema": schema, "name": name, "columns": [{"name": "schema", "type_name": "text"}]}


class Lake(unittest.TestCase):
    def setUp(self):
        key = {"from": {"schema": "public", "name": "flt"}, "to": {"schema": "ref", "name": "carrier"}}
        self.snapshots = {
            "own_port": {"relations": [relation("public", "ship")], "foreign_keys": []},
            "own_airport": {"relations": [relation("public", "flt"), relation("ref", "carrier")], "foreign_keys": [key]},
        }

    def test_every_schema_gets_a_name_of_its_own(self):
        whole = lake.lake(self.snapshots)
        self.assertEqual([(r["schema"], r["name"]) for r in whole["relations"]],
                         [("airport", "flt"), ("airport_ref", "carrier"), ("port", "ship")])
        self.assertEqual(whole["foreign_keys"], [{"from": {"schema": "airport", "name": "flt"},
                                                  "to": {"schema": "airport_ref", "name": "carrier"}}])
        self.assertEqual(whole["relations"][0]["columns"][0]["name"], "schema")

    def test_statements_keep_reading_what_they_read(self):
        entry = {"db": "own_airport", "question": "q",
                 "gold_sql": "SELECT ref.name FROM flt JOIN ref.carrier AS ref USING (id) JOIN public.flt AS f USING (id)"}
        self.assertEqual(lake.question(entry, self.snapshots), {
            "db": "lake", "schema": "airport", "question": "q",
            "gold_sql": "SELECT ref.name FROM flt JOIN airport_ref.carrier AS ref USING (id) JOIN airport.flt AS f USING (id)"})

    def test_what_is_found_less_often_is_told(self):
        report = "| tables among the first 15 | {} % | 1.0 % |\n| columns shown | 99.0 % | 1.0 % |\n"
        self.assertEqual(lake.shortfalls(report.format("99.9")), [])
        self.assertEqual(len(lake.shortfalls(report.format("50.0"))), 1)
        self.assertEqual(len(lake.shortfalls("")), 2)


if __name__ == "__main__":
    unittest.main()
