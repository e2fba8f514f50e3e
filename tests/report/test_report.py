"""The report of `text2sql-cli eval` as people see it: in a browser.

Run: TEXT2SQL_CLI=target/ci/text2sql-cli python3 -m unittest discover -s tests/report
The picture of the report is written to the file that TEXT2SQL_REPORT_PICTURE names, for people to look at.
"""

import http.server
import os
import pathlib
import struct
import tempfile
import threading
import unittest

import browser
import fixture

TOOL = os.environ.get("TEXT2SQL_CLI")
PROGRAM = browser.find()
WIDTH = 1100
# Windows of a desktop, a tablet and a telephone.
WIDTHS = (WIDTH, 768, 390)

FIGURES = """[...document.querySelectorAll('figure svg')].map(svg => {
  const {x, y, width, height} = svg.getBoundingClientRect();
  return {x, y: y + scrollY, width, height};
})"""
# Texts of charts that are not wholly in their chart, run into another text, or cross the end of a bar.
OFFENCES = """[...document.querySelectorAll('figure svg')].flatMap((svg, chart) => {
  const box = element => element.getBoundingClientRect(), whole = box(svg), told = [];
  const slack = 1 + 2 * whole.width / 920;
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > slack
                      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > slack;
  const within = (a, b) => a.left >= b.left - slack && a.right <= b.right + slack;
  const texts = [...svg.querySelectorAll('text')].filter(text => text.textContent.trim());
  texts.forEach((text, at) => {
    const tell = what => told.push(`chart ${chart + 1}: "${text.textContent.trim()}" ${what}`);
    if (!within(box(text), whole) || box(text).top < whole.top - slack || box(text).bottom > whole.bottom + slack)
      tell('leaves the chart');
    for (const other of texts.slice(at + 1))
      if (meet(box(text), box(other))) tell(`runs into "${other.textContent.trim()}"`);
    for (const bar of svg.querySelectorAll('rect'))
      if (meet(box(text), box(bar)) && !within(box(text), box(bar))) tell('crosses the end of a bar');
  });
  return told;
})"""
# Elements that are wider than the page, unless they are scrolled by themselves.
WIDER = """[...document.querySelectorAll('body *')].filter(element =>
  element.getBoundingClientRect().right > document.documentElement.clientWidth + 1
    && !element.closest('.scroll, figure')).map(element => element.outerHTML.slice(0, 200))"""


class Listener:
    """A server that only counts what it is asked for."""

    def __init__(self):
        asked = self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_error(404)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@unittest.skipUnless(TOOL and PROGRAM, "TEXT2SQL_CLI names no tool, or there is no Chromium")
class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="t2s-report-"))
        cls.folder = pathlib.Path(folder)
        cls.report = fixture.report(TOOL, cls.folder, fixture.answers())
        cls.browser = browser.Browser(PROGRAM)
        cls.addClassCleanup(cls.browser.close)

    def test_every_chart_is_drawn_in_the_colours_of_what_it_is_of(self):
        self.browser.show(self.report, WIDTH)
        # The legends say which colours: of the arms, and of the classes there are.
        legend = "[...document.querySelectorAll('ul.%s i')].map(i => i.getAttribute('style').split(':')[1])"
        arms, classes = (self.browser.evaluate(legend % name) for name in ("arms", "legend"))
        self.assertEqual([len(arms), len(classes)], [len(fixture.ARMS), len(fixture.CLASSES)])
        figures = self.browser.evaluate(FIGURES)
        # Right answers, classes, five properties of questions, times.
        self.assertEqual(len(figures), 8)
        for number, figure in enumerate(figures, 1):
            counts = self.browser.colours(self.browser.picture(figure))
            for colour in classes if number == 2 else arms:
                self.assertGreater(counts.get(colour, 0), 40, f"chart {number} has nothing in {colour}: {counts}")
            names = self.browser.colours(self.browser.picture({**figure, "width": 200}))
            ink = sum(count for colour, count in names.items() if max(bytes.fromhex(colour[1:])) < 128)
            self.assertGreater(ink, 40, f"chart {number} has no text at its left")

    def test_the_whole_page_is_one_picture(self):
        self.browser.show(self.report, WIDTH)
        height = self.browser.evaluate("document.documentElement.scrollHeight")
        picture = self.browser.picture()
        if path := os.environ.get("TEXT2SQL_REPORT_PICTURE"):
            pathlib.Path(path).write_bytes(picture)
        self.assertEqual(picture[:8], b"\x89PNG\r\n\x1a\n")
        self.assertEqual(struct.unpack(">II", picture[16:24]), (WIDTH, height))
        self.assertGreater(height, 3000)
        counts = self.browser.colours(picture)
        self.assertGreater(len(counts), 100)
        self.assertLess(max(counts.values()), 0.9 * sum(counts.values()), "most of the page is of one colour")

    def test_no_text_leaves_its_place(self):
        for width in WIDTHS:
            with self.subTest(width=width):
                self.browser.show(self.report, width)
                self.browser.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
                self.assertEqual(self.browser.evaluate("document.documentElement.scrollWidth"), width)
                self.assertEqual(self.browser.evaluate(WIDER), [])
                self.assertEqual(self.browser.evaluate(OFFENCES), [])

    def test_every_failure_unfolds_to_its_statements(self):
        self.browser.show(self.report, WIDTH)
        shown = "[...document.querySelectorAll('details pre')].filter(pre => pre.checkVisibility()).length"
        failures = sum(answer["class"] != "right" for answer in fixture.answers())
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('details').length"), failures)
        self.assertEqual(self.browser.evaluate(shown), 0)
        self.browser.evaluate("document.querySelector('summary').click()")
        # Known, written, error, difference.
        self.assertEqual(self.browser.evaluate(shown), 4)

    def test_a_page_asks_for_nothing_and_runs_nothing_whatever_it_is_made_of(self):
        listener = Listener()
        self.addCleanup(listener.close)
        other = self.folder / "hostile"
        other.mkdir()
        page = fixture.report(TOOL, other, [*fixture.answers(), fixture.hostile(listener.port)])
        self.assertIn(f"127.0.0.1:{listener.port}/image", page.read_text(encoding="utf-8"))
        self.assertEqual(self.browser.show(page, WIDTH), [page.as_uri()])
        self.assertEqual(listener.asked, [])
        self.assertEqual(self.browser.evaluate("[document.title, document.scripts.length]"), ["suite.jsonl", 0])

        # The same text as part of a page is noticed here.
        control = self.folder / "control.html"
        control.write_text(fixture.HOSTILE.replace("PORT", str(listener.port)), encoding="utf-8")
        self.assertGreater(len(self.browser.show(control, WIDTH)), 1)
        self.assertEqual(sorted(listener.asked), ["/frame", "/image", "/style"])
        self.assertEqual(self.browser.evaluate("document.title"), "ran")


if __name__ == "__main__":
    unittest.main()
