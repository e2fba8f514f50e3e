"""Tests of scripts/adapt-model, and of fetching a model that is another with an adapter, on made-up files.

Run: python3 -m unittest discover -s tests/scripts
"""

import argparse
import contextlib
import hashlib
import io
import pathlib
import struct
import tempfile
import unittest
from unittest import mock

from test_fetch_model import fetch_model
from test_tools import load

adapt_model = load("adapt-model")
F32, F16 = 0, 1


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def entry(kind, data):
    return struct.pack("<I", kind) + data


def gguf(entries, tensors):
    """A file of tensors `name: (dims, kind, data)`, aligned as the default says."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries))
    head += b"".join(text(key) + value for key, value in entries.items())
    body = b""
    for name, (dims, kind, data) in tensors.items():
        head += text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, len(body))
        body += data.ljust((len(data) + 31) // 32 * 32, b"\0")
    return head.ljust((len(head) + 31) // 32 * 32, b"\0") + body.rstrip(b"\0")


MODEL = {
    "general.architecture": entry(8, text("qwen2")),
    "general.name": entry(8, text("plain")),
    "tokenizer.ggml.tokens": entry(9, struct.pack("<IQ", 8, 2) + text("a") + text("b")),
    "tokenizer.ggml.scores": entry(9, struct.pack("<IQ2f", 6, 2, 0.5, 1.5)),
}
MATRICES = {"blk.0.attn_q.weight": ([3, 2], F32, b"m" * 23 + b"!"), "output_norm.weight": ([3], F32, b"n" * 12)}
ADAPTER = {
    "general.architecture": entry(8, text("qwen2")),
    "general.type": entry(8, text("adapter")),
    "general.name": entry(8, text("with more")),
    "adapter.type": entry(8, text("lora")),
    "adapter.lora.alpha": entry(6, struct.pack("<f", 16)),
}
PARTS = {
    "blk.0.attn_q.weight.lora_a": ([3, 1], F32, b"a" * 11 + b"!"),
    "blk.0.attn_q.weight.lora_b": ([1, 2], F16, b"bbb!"),
}


class AdaptModel(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.top = pathlib.Path(holder.name)
        self.out = self.top / "out.gguf"

    def put(self, name, entries, tensors):
        path = self.top / name
        path.write_bytes(gguf(entries, tensors))
        return path

    def adapt(self, model=None, adapter=None):
        model = model or self.put("model.gguf", MODEL, MATRICES)
        adapter = adapter or self.put("adapter.gguf", ADAPTER, PARTS)
        err = io.StringIO()
        with contextlib.redirect_stderr(err):
            code = adapt_model.main([str(model), str(adapter), str(self.out)])
        return code, err.getvalue()

    def test_the_file_has_all_of_both(self):
        self.assertEqual(self.adapt(), (0, ""))
        both = adapt_model.Header(self.out)
        self.assertEqual(both.word("general.name"), "with more")
        self.assertEqual(both.value("adapter.lora.alpha", adapt_model.F32, "<f"), 16)
        self.assertNotIn("general.type", both.entries)
        for key in ("general.architecture", "tokenizer.ggml.tokens", "tokenizer.ggml.scores"):
            self.assertEqual(both.entries[key], MODEL[key])
        data = self.out.read_bytes()[both.data:]
        for name, (dims, kind, expected) in {**MATRICES, **PARTS}.items():
            self.assertEqual(both.tensors[name][:2], (dims, kind))
            offset = both.tensors[name][2]
            self.assertEqual(offset % 32, 0)
            self.assertEqual(data[offset:offset + len(expected)], expected, name)

    def test_what_does_not_go_together_is_refused_and_nothing_is_written(self):
        odd = "blk.0.attn_k.weight.lora_a"
        cases = {
            "not a GGUF file": dict(adapter=self.put("a", {}, {})),
            "not an adapter": dict(adapter=self.put("b", MODEL, PARTS)),
            "different architectures": dict(adapter=self.put("c", {**ADAPTER, "general.architecture": entry(8, text("llama"))}, PARTS)),
            "adds to nothing": dict(adapter=self.put("d", ADAPTER, {odd: PARTS["blk.0.attn_q.weight.lora_a"]})),
            "another shape": dict(adapter=self.put("e", ADAPTER, {"blk.0.attn_q.weight.lora_a": ([2, 1], F32, b"a" * 8)})),
            "has an adapter already": dict(model=self.put("f", MODEL, {**MATRICES, **PARTS})),
            "aligned differently": dict(model=self.put("g", {**MODEL, "general.alignment": entry(4, struct.pack("<I", 64))}, MATRICES)),
        }
        (self.top / "a").write_bytes(b"GGML")
        for said, files in cases.items():
            code, err = self.adapt(**files)
            self.assertEqual(code, 1, said)
            self.assertIn(said, err)
        whole = (self.top / "model.gguf").read_bytes()
        for length in (3, 20, 60, 100):
            (self.top / "short").write_bytes(whole[:length])
            self.assertEqual(self.adapt(model=self.top / "short")[0], 1, length)
        self.assertFalse(self.out.exists())

    def test_a_model_of_the_manifest_may_be_another_with_an_adapter(self):
        self.assertEqual(self.adapt()[0], 0)
        expected = self.out.read_bytes()
        plain = (self.top / "model.gguf").read_bytes()

        def described(name, data):
            return (f'[[model]]\nname = "{name}"\nfile = "{name}.gguf"\nbytes = {len(data)}\n'
                    f'sha256 = "{hashlib.sha256(data).hexdigest()}"\n[[model.source]]\n')

        manifest = self.top / "models.toml"
        manifest.write_text(described("plain", plain) + 'kind = "hub"\nurl = "http://127.0.0.1:1/none"\n'
                            + described("more", expected) + 'kind = "adapted"\nbase = "plain"\nadapter = "adapter.gguf"\n')
        folder = self.top / "models"

        def fetch():
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = fetch_model.main(["more", "--dir", str(folder), "--manifest", str(manifest), "--no-pip"])
            return code, out.getvalue(), err.getvalue()

        code, _, err = fetch()
        self.assertEqual(code, 1)
        self.assertIn("plain could not be fetched", err)
        (folder / "plain.gguf").write_bytes(plain)
        code, out, err = fetch()
        self.assertEqual((code, out), (0, f"{folder / 'more.gguf'}\n"), err)
        self.assertEqual((folder / "more.gguf").read_bytes(), expected)
        # It was there before, so it stays.
        self.assertTrue((folder / "plain.gguf").exists())

    def test_a_base_that_was_fetched_stays_until_the_file_of_both_is_right(self):
        self.assertEqual(self.adapt()[0], 0)
        expected = self.out.read_bytes()
        plain = (self.top / "model.gguf").read_bytes()
        folder, kept = self.top / "models", self.top / "kept"
        folder.mkdir()
        model = {"name": "more", "sha256": hashlib.sha256(expected).hexdigest()}
        base = {"name": "plain", "file": "plain.gguf"}
        options = argparse.Namespace(models=[model, base], manifest=self.top / "models.toml")
        source = {"base": "plain", "adapter": "adapter.gguf"}

        def obtain(*_):
            (folder / "plain.gguf").write_bytes(plain)
            return folder / "plain.gguf"

        with mock.patch.object(fetch_model, "obtain", obtain):
            for model["sha256"], stays in (("0" * 64, True), (model["sha256"], False)):
                fetch_model.from_adapted(model, source, folder / "work", kept, options)
                self.assertEqual(kept.read_bytes(), expected)
                self.assertEqual((folder / "plain.gguf").exists(), stays)
                (folder / "plain.gguf").unlink(missing_ok=True)


if __name__ == "__main__":
    unittest.main()
