#!/usr/bin/env python3
"""Where the greedy texts of text2sql and llama.cpp part, and how nearly equal the two tokens are there.

    cargo build --release -p text2sql-cli
    scripts/snapshot DATABASE ROLE SCHEMA,... >FOLDER/DATABASE.json     # for each database
    CMAKE_ARGS=-DGGML_NATIVE=ON pip install llama-cpp-python
    benches/compare_texts.py --snapshots FOLDER MODEL.gguf

50 prompts: those of benches/questions.jsonl, and the first of demo/questions.jsonl that are not among
them. llama.cpp answers twice, with its fused attention and without, which says what rounding alone
does to a text. For each difference it prints by how much llama.cpp's logit of its own token is
above that of the other's, in nats; beside it, what the likeliest token is above the second of all
positions. Takes no times: it may run beside other work.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

import numpy

from compare_questions import CLI, HERE, same
from llama_questions import Llama

PROMPTS = 50


def asked(folder: pathlib.Path) -> pathlib.Path:
    lines = [json.loads(line) for line in (HERE / "questions.jsonl").open(encoding="utf-8")]
    known = {one["question"] for one in lines}
    for line in (HERE.parent / "demo/questions.jsonl").open(encoding="utf-8"):
        question = json.loads(line)["question"]
        if question not in known and len(lines) < PROMPTS:
            lines.append({"db": "clinic", "question": question})
    path = folder / "questions"
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    return path


class Watched(Llama):
    """One that tells the logits of each step."""

    def __init__(self, path: str, sequences: int, fused: bool) -> None:
        super().__init__(path, 2, 4096, sequences, {"flash_attn_type": int(fused)})

    def most_likely(self) -> int:
        row = self.lib.llama_get_logits_ith(self.context, -1)
        self.rows.append(numpy.array(numpy.ctypeslib.as_array(row, (self.size,))))
        return int(self.rows[-1].argmax())

    def watch(self, prompt: str, sequence: int) -> tuple[str, list]:
        self.rows: list = []
        return self.answer(prompt, sequence, 512, True)["sql"], self.rows


def parting(llama: Watched, mine: str, rows: list) -> tuple[int, float] | None:
    """Position of the first token of `mine` that is not the likeliest, and by how much."""
    for at, token in enumerate(llama.tokenize(mine)[: len(rows)]):
        best = int(rows[at].argmax())
        if token != best:
            return at, float(rows[at][best] - rows[at][token])
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--snapshots", required=True)
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp())
    questions = asked(folder)
    for model in args.models:
        print(pathlib.Path(model).name, flush=True)
        subprocess.run([str(CLI), "questions", "--model", model, "--threads", "2", "--snapshots",
                        args.snapshots, "--questions", str(questions), "--out", str(folder / "ours")],
                       check=True, stdout=subprocess.DEVNULL)
        mine = [json.loads(line) for line in (folder / "ours").open(encoding="utf-8")]
        schemas = list(dict.fromkeys(one["db"] for one in mine))
        llama = Watched(model, len(schemas), True)
        told = [llama.watch(one["prompt"], schemas.index(one["db"])) for one in mine]
        margins = []
        for row in (row for _, rows in told for row in rows):
            second, first = numpy.partition(row, -2)[-2:]
            margins.append(float(first - second))
        other = Watched(model, len(schemas), False)
        again = [other.watch(one["prompt"], schemas.index(one["db"]))[0] for one in mine]
        parted = 0
        print("  where they part: by how much llama.cpp's token is likelier to it, in nats")
        for one, (text, rows) in zip(mine, told):
            if same(one["sql"]) == same(text):
                continue
            parted += 1
            place = parting(llama, one["sql"], rows)
            where = "at its end" if place is None else f"{place[1]:.3f} at token {place[0] + 1}"
            print(f"    {where}: {one['question']}\n      {same(one['sql'])}\n      {same(text)}")
        itself = sum(same(a) != same(b) for (a, _), b in zip(told, again))
        below = [sum(margin < limit for margin in margins) for limit in (0.1, 0.25, 0.5)]
        print(f"  {len(mine) - parted} of {len(mine)} texts are the same")
        print(f"  {len(mine) - itself} of {len(mine)} are the same in llama.cpp with its fused "
              "attention and without")
        print(f"  of {len(margins)} tokens of llama.cpp the median is {statistics.median(margins):.1f} "
              f"above the second; {below[0]}, {below[1]} and {below[2]} less than 0.1, 0.25 and 0.5")


if __name__ == "__main__":
    main()
