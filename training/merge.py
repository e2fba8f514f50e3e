"""Puts two adapters for one model together: between them, in the rank of the first.

Usage: merge.py FIRST.gguf SECOND.gguf OUT.gguf --share 0.5 --name NAME [--licence LICENCE]

What the two add to each matrix is averaged, `(1 - share) * first + share * second`, and the average, of the
sum of their ranks, is cut down to the first one's by its singular values (Eckart and Young 1936). Averages of
weights that were trained from the same beginning are good at what each of them is good at (Wortsman et al.
2022, "Robust fine-tuning of zero-shot models"); how much of each is to be measured.

Needs numpy and gguf.
"""

import argparse

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, dequantize, quants


class Adapter:
    """The two thin matrices of each matrix of a file, `down` `[rank][inputs]` and `up` `[outputs][rank]`."""

    def __init__(self, path):
        reader = GGUFReader(path)
        self.architecture = reader.fields["general.architecture"].contents()
        self.alpha = reader.fields["adapter.lora.alpha"].contents()
        halves = {t.name: np.array(dequantize(t.data, t.tensor_type), dtype=np.float64) for t in reader.tensors}
        self.names = [name.removesuffix(".lora_a") for name in halves if name.endswith(".lora_a")]
        self.of = {name: (halves[f"{name}.lora_a"], halves[f"{name}.lora_b"]) for name in self.names}

    def scaled(self, name):
        """`down` with the adapter's scale in it, and `up`: their product is what is added."""
        down, up = self.of[name]
        return down * (self.alpha / len(down)), up


def between(first, second, share, rank):
    """The average of two products `up @ down`, as a product of that rank, and the part of it that is kept.

    The part is that of the sum of squares, 0 to 1.
    """
    down = np.concatenate([first[0], second[0]])
    up = np.concatenate([(1 - share) * first[1], share * second[1]], axis=1)
    # The average is (q r) (o s)ᵀ with q and o orthogonal, so r sᵀ, small and square, has its singular values.
    q, r = np.linalg.qr(up)
    o, s = np.linalg.qr(down.T)
    left, values, right = np.linalg.svd(r @ s.T)
    kept = np.square(values[:rank]).sum() / max(np.square(values).sum(), np.finfo(float).tiny)
    root = np.sqrt(values[:rank])
    return root[:, None] * (right[:rank] @ o.T), q @ left[:, :rank] * root, kept


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for path in ("first", "second", "out"):
        parser.add_argument(path)
    parser.add_argument("--share", type=float, required=True, help="of the second, 0 to 1")
    parser.add_argument("--name", required=True)
    parser.add_argument("--licence")
    options = parser.parse_args()
    if not 0 <= options.share <= 1:
        parser.error("--share is 0 to 1")
    first, second = Adapter(options.first), Adapter(options.second)
    if first.architecture != second.architecture or set(first.names) != set(second.names):
        parser.error("the two are not for the same matrices of the same architecture")
    writer = GGUFWriter(options.out, first.architecture)
    writer.add_type("adapter")
    writer.add_name(options.name)
    if options.licence:
        writer.add_license(options.licence)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", first.alpha)
    of_bytes, least = GGMLQuantizationType.Q8_0, 1.0
    for name in first.names:
        rank = len(first.of[name][0])
        down, up, kept = between(first.scaled(name), second.scaled(name), options.share, rank)
        least = min(least, kept)
        unscaled = (down / (first.alpha / rank)).astype(np.float32)
        writer.add_tensor(f"{name}.lora_a", quants.quantize(unscaled, of_bytes), raw_dtype=of_bytes)
        writer.add_tensor(f"{name}.lora_b", up.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(f"{options.out}: {len(first.names)} matrices; rank {rank} keeps at least {least:.4f} of each")


if __name__ == "__main__":
    main()
