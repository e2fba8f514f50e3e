"""Tests of the parts of scripts that decide something and need neither server nor network.

Run: python3 -m unittest discover -s tests/scripts
"""

import importlib.machinery
import importlib.util
import json
import pathlib
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"


def load(name):
    """A script as a module, without leaving a __pycache__ in scripts/."""
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(SCRIPTS / name))
    loader.set_data = lambda *args, **kwargs: None
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class Licences(unittest.TestCase):
    def test_expressions(self):
        permitted = load("check-licences").permitted
        allowed = {"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"}
        for good in ("MIT", "MIT OR GPL-3.0-only", "GPL-3.0-only OR MIT", "MIT/Apache-2.0", "Zlib / MIT",
                     "(MIT OR Apache-2.0) AND Unicode-3.0", "Apache-2.0 WITH LLVM-exception OR GPL-2.0-only",
                     "MIT OR Apache-2.0 OR LGPL-2.1-or-later"):
            self.assertTrue(permitted(good, allowed), good)
        for bad in ("GPL-3.0-only", "MIT AND GPL-3.0-only", "GPL-3.0-only AND MIT", "(MIT OR Apache-2.0) AND MPL-2.0",
                    "Apache-2.0 WITH other-exception", "none-declared"):
            self.assertFalse(permitted(bad, allowed), bad)


class FunctionList(unittest.TestCase):
    def setUp(self):
        self.tool = load("function-list")
        self.functions = [["7", "f(integer)", "f", "i", ""], ["8", "step(integer)", "f", "i", ""],
                          ["9", "total(integer)", "a", "i", "8"]]
        self.decided = {"f(integer)": ("f", "i", "allow"), "step(integer)": ("f", "i", "refuse"),
                        "total(integer)": ("a", "i", "allow")}
        self.listed = {7: ("f(integer)", "allow"), 8: ("step(integer)", "support"), 9: ("total(integer)", "allow")}

    def told(self):
        lines = self.tool.differences(self.functions, self.decided, self.listed)
        return [line.split()[0] for line in lines]

    def test_a_list_that_fits_the_server_is_told_nothing_of(self):
        self.assertEqual(self.told(), [])

    def test_what_is_new_removed_or_changed_is_told(self):
        self.functions.append(["10", "g()", "f", "i", ""])
        self.assertEqual(self.told(), ["new"])
        self.functions[-1:] = []
        self.functions[0][3] = "v"
        self.assertEqual(self.told(), ["changed"])
        self.functions[0][3] = "i"
        self.decided["gone()"] = ("f", "i", "refuse")
        self.assertEqual(self.told(), ["removed"])

    def test_the_list_must_be_what_the_decisions_give(self):
        self.decided["f(integer)"] = ("f", "i", "refuse")
        self.assertEqual(self.told(), ["list"])
        self.decided["f(integer)"] = ("f", "i", "allow")
        self.listed[11] = ("more()", "allow")
        self.assertEqual(self.told(), ["list"])

    def test_the_decisions_in_the_project_can_be_read(self):
        self.assertGreater(len(self.tool.read_decisions()), 3000)


class Questions(unittest.TestCase):
    def test_only_the_statements_own_order_counts(self):
        outer = load("check-questions").outer_order
        self.assertIsNone(outer("SELECT row_number() OVER (ORDER BY a) FROM t"))
        self.assertIsNone(outer("SELECT 'ORDER BY' FROM (SELECT 1 ORDER BY 1) AS x"))
        self.assertEqual(outer("SELECT a FROM t order by count(*) DESC"), 16)


class Answers(unittest.TestCase):
    def test_rows_become_a_table(self):
        table = load("show-answers").table
        rows = ['{"name":"Ada","n":3,"share":0.50,"ok":true}', '{"name":null,"n":12345678901234567890,"share":1,"ok":false}']
        self.assertEqual(list(table(rows)), [
            " name |          n           | share | ok",
            "------+----------------------+-------+----",
            " Ada  |                    3 |  0.50 | t",
            "      | 12345678901234567890 |     1 | f",
            "(2 rows)"])
        self.assertEqual(list(table([])), ["(0 rows)"])
        self.assertEqual(list(table(['{"a":{"b":[1]}}'])), ["     a", "------------", ' {"b": [1]}', "(1 row)"])


class Programs(unittest.TestCase):
    def test_test_programs_are_found_in_the_report(self):
        with tempfile.TemporaryDirectory() as folder:
            manifest = pathlib.Path(folder, "Cargo.toml")
            manifest.write_text('[package]\nname = "a"\n')
            def artifact(executable, test):
                return json.dumps({"reason": "compiler-artifact", "executable": executable, "profile": {"test": test},
                                   "manifest_path": str(manifest), "target": {"name": "t"}})
            report = pathlib.Path(folder, "report")
            lines = [artifact("/x", True), artifact("/program", False), artifact(None, True), '{"reason":"build-finished"}']
            report.write_text("\n".join(lines))
            found = load("run-tests").programs(report, ["a", "b"])
            self.assertEqual(found, {"a": [(pathlib.Path(folder), "/x", "t")], "b": []})


if __name__ == "__main__":
    unittest.main()
