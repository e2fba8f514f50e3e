#!/usr/bin/env python3
"""From question to statement: text2sql and llama.cpp, the same prompts on the same files.

    cargo build --release -p text2sql-cli
    scripts/snapshot DATABASE ROLE SCHEMA,... >FOLDER/DATABASE.json     # for each database
    CMAKE_ARGS=-DGGML_NATIVE=ON pip install llama-cpp-python
    benches/compare_questions.py --snapshots FOLDER --questions benches/questions.jsonl MODEL.gguf

Runs alternate. The first question about a schema is listed apart: there the prefix is cold. Prints
medians of all rounds, their ratio, and where the texts differ. Run it on a quiet machine.
`--device cuda` measures both on a GPU; llama.cpp must be a build for it (llama_backends.py).
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CLI = HERE.parent / "target/release/text2sql-cli"


def ours(model: str, args: argparse.Namespace, out: pathlib.Path, *more: str) -> list[dict]:
    command = [args.cli, "questions", "--model", model, "--threads", args.threads,
               "--device", args.device, "--prefill-chunk", args.prefill_chunk,
               "--snapshots", args.snapshots, "--questions", args.questions, "--out", str(out), *more]
    command += ["--instructions", args.instructions] if args.instructions else []
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def theirs(model: str, args: argparse.Namespace, prompts: pathlib.Path, *more: str) -> list[dict]:
    command = [sys.executable, str(HERE / "llama_questions.py"), "--model", model,
               "--threads", args.threads, "--prompts", str(prompts), *more]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def few(folder: pathlib.Path, count: int) -> pathlib.Path:
    """The first prompts: without a cache each takes as long as the others."""
    lines = (folder / "ours").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "few").write_text("".join(lines[:count]), encoding="utf-8")
    return folder / "few"


def warm(answers: list[dict]) -> list[dict]:
    seen: set[str] = set()
    return [one for one in answers if one["db"] in seen or seen.add(one["db"])]


def line(name: str, answers: list[dict]) -> float:
    times = [one["ms"] for one in warm(answers)]
    median = statistics.median(times)
    tokens = statistics.median(one["generated_tokens"] for one in warm(answers))
    print(f"  {name:34} median {median / 1e3:6.2f} s, 90 % below "
          f"{statistics.quantiles(times, n=10)[-1] / 1e3:6.2f} s, {tokens:.0f} tokens", flush=True)
    return median


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--snapshots", required=True)
    parser.add_argument("--questions", default=str(HERE / "questions.jsonl"))
    parser.add_argument("--threads", default="2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--prefill-chunk", default="128")
    parser.add_argument("--instructions", help="vector code of ours at most, such as avx2; "
                        "llama.cpp's is what it was built with")
    parser.add_argument("--cli", default=str(CLI))
    parser.add_argument("--uncached", type=int, default=9,
                        help="questions asked without a cache: at least two more than databases")
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp())
    for model in args.models:
        print(pathlib.Path(model).name)
        medians: dict[str, list[float]] = {}
        texts: dict[str, list[dict]] = {}
        for number in range(args.rounds):
            runs = {"text2sql": lambda: ours(model, args, folder / "ours"),
                    "llama.cpp, prefix kept": lambda: theirs(model, args, folder / "ours"),
                    "text2sql, constrained": lambda: ours(
                        model, args, folder / "constrained", "--constrained")}
            if number == 0:
                runs["llama.cpp, no cache"] = lambda: theirs(
                    model, args, few(folder, args.uncached), "--without-cache")
            for name, run in runs.items():
                texts[name] = run()
                medians.setdefault(name, []).append(line(name, texts[name]))
        best = {name: statistics.median(values) for name, values in medians.items()}
        for name in list(best)[1:]:
            print(f"  {name}: {best[name] / best['text2sql']:.2f} times as long as text2sql")
        pairs = zip(texts["text2sql"], texts["llama.cpp, prefix kept"])
        differing = [(a, b) for a, b in pairs if same(a["sql"]) != same(b["sql"])]
        print(f"  texts: {len(texts['text2sql']) - len(differing)} of "
              f"{len(texts['text2sql'])} alike")
        for a, b in differing:
            print(f"    {a['question']}\n      {same(a['sql'])}\n      {same(b['sql'])}")


def same(text: str) -> str:
    """The statement without what comes at its end."""
    return " ".join(text.split("```")[0].rstrip().rstrip(";").split())


if __name__ == "__main__":
    main()
