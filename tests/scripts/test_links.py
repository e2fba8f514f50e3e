"""Every link in the documents to a file of the project, or to a heading, leads somewhere."""

import pathlib
import re
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LINK = re.compile(r"\]\(([^()\s]+)\)")


def without_code(text):
    text = re.sub(r"(?ms)^```.*?^```", "", text)
    return re.sub(r"`[^`\n]*`", "`", text)


def anchors(path):
    """The anchors of a document's headings, as GitHub makes them."""
    text = re.sub(r"(?ms)^```.*?^```", "", path.read_text(encoding="utf-8"))
    titles = re.findall(r"(?m)^#+ (.*)$", text)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(document):
    for target in LINK.findall(without_code(document.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        if not path.exists():
            yield f"{target}: there is no {name}"
        elif anchor and anchor not in anchors(path):
            yield f"{target}: {path.name} has no such heading"


def documents():
    made = {"build", "target", ".git"}
    return [path for path in ROOT.rglob("*.md") if not made & set(path.relative_to(ROOT).parts)]


class Links(unittest.TestCase):
    def test_each_leads_somewhere(self):
        self.assertIn(ROOT / "docs" / "evaluation.md", documents())
        for document in documents():
            with self.subTest(document=str(document.relative_to(ROOT))):
                self.assertEqual(list(broken(document)), [])

    def test_one_that_leads_nowhere_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            document = pathlib.Path(folder, "a.md")
            document.write_text("# One's `own` way\n[a](#ones-own-way) [b](a.md#two) [c](b.md) `[d](c.md)`"
                                " [e](https://example.org/)\n```\n# Two\n[f](d.md)\n```\n", encoding="utf-8")
            self.assertEqual(list(broken(document)),
                             ["a.md#two: a.md has no such heading", "b.md: there is no b.md"])


if __name__ == "__main__":
    unittest.main()
