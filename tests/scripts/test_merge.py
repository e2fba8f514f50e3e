"""Tests of training/merge.py. Skipped where numpy and gguf, which only training needs, are missing.

Run: python3 -m unittest discover -s tests/scripts
"""

import importlib.util
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

try:
    import numpy as np
    from gguf import GGUFWriter
except ImportError:
    np = None

MERGE = pathlib.Path(__file__).resolve().parents[2] / "training/merge.py"
INPUTS, OUTPUTS, RANK, ALPHA = 32, 6, 2, 4.0


def load():
    spec = importlib.util.spec_from_file_location("merge", MERGE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@unittest.skipIf(np is None, "numpy and gguf are not installed (training/requirements.txt)")
class Merge(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.random = np.random.default_rng(0)
        self.merge = load()

    def adapter(self, name, used, matrices=("blk.0.attn_q.weight",)):
        """A file whose matrices have rank `used`, and what it adds to the first of them."""
        path = self.folder / name
        writer = GGUFWriter(str(path), "qwen2")
        writer.add_type("adapter")
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", ALPHA)
        for matrix in matrices:
            down = self.random.normal(size=(RANK, INPUTS)).astype(np.float32)
            up = self.random.normal(size=(OUTPUTS, RANK)).astype(np.float32)
            up[:, used:] = 0
            writer.add_tensor(f"{matrix}.lora_a", down)
            writer.add_tensor(f"{matrix}.lora_b", up)
            added = up @ down * (ALPHA / RANK)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return str(path), added

    def run_with(self, first, second, share):
        out = str(self.folder / "out.gguf")
        words = ["merge.py", first, second, out, "--share", str(share), "--name", "both"]
        with mock.patch.object(sys, "argv", words), mock.patch("builtins.print"):
            self.merge.main()
        merged = self.merge.Adapter(out)
        down, up = merged.scaled("blk.0.attn_q.weight")
        self.assertEqual((down.shape, up.shape), ((RANK, INPUTS), (OUTPUTS, RANK)))
        return up @ down

    def test_an_average_that_fits_the_rank_is_exact_but_for_rounding(self):
        (first, one), (second, two) = self.adapter("a", 1), self.adapter("b", 1)
        for share in (0, 0.25, 1):
            error = np.abs(self.run_with(first, second, share) - ((1 - share) * one + share * two))
            self.assertLess(error.max(), 0.02 * np.abs(one).max(), share)

    def test_what_does_not_fit_is_cut_where_it_matters_least(self):
        (first, one), (second, two) = self.adapter("a", 2), self.adapter("b", 2)
        wanted = (one + two) / 2
        values = np.linalg.svd(wanted, compute_uv=False)
        error = np.linalg.norm(self.run_with(first, second, 0.5) - wanted)
        least = np.linalg.norm(values[RANK:])
        self.assertLess(abs(error - least), 0.05 * least)

    def test_adapters_of_other_matrices_are_refused(self):
        first = self.adapter("a", 1)[0]
        second = self.adapter("b", 1, ["blk.0.attn_q.weight", "blk.1.attn_q.weight"])[0]
        with self.assertRaises(SystemExit), mock.patch("sys.stderr"):
            self.run_with(first, second, 0.5)


if __name__ == "__main__":
    unittest.main()
