#!/usr/bin/env python3
"""Prefill and decode of text2sql and of llama.cpp on the same files, in alternating runs.

    cargo build --release -p text2sql-cli
    CMAKE_ARGS=-DGGML_NATIVE=ON pip install llama-cpp-python
    benches/compare.py --rounds 5 MODEL.gguf ...

Each run is a process of its own that loads the model and measures two rounds; its second counts.
Prints every run, then medians and the ratio of ours to llama.cpp's. Run it on a quiet machine.
`--device cuda` measures both on a GPU; llama.cpp must be a build for it (llama_backends.py).
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROUND = re.compile(r"^round\s+([\d.]+) prefill, ([\d.]+) decode", re.MULTILINE)


def run(command: list[str]) -> tuple[float, float]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rounds = ROUND.findall(done.stdout)
    if done.returncode != 0 or not rounds:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    prefill, decode = rounds[-1]
    return float(prefill), float(decode)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--threads", default="2")
    parser.add_argument("--prompt-tokens", default="512")
    parser.add_argument("--answer-tokens", default="64")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--prefill-chunk", default="128")
    parser.add_argument("--instructions", help="vector code of ours at most, such as avx2; "
                        "llama.cpp's is what it was built with")
    parser.add_argument("--cli", default=str(HERE.parent / "target/release/text2sql-cli"))
    args = parser.parse_args()
    lengths = ["--threads", args.threads, "--prompt-tokens", args.prompt_tokens]
    lengths += ["--answer-tokens", args.answer_tokens, "--rounds", "2"]
    programs = {
        "text2sql": [args.cli, "bench", "--device", args.device,
                     "--prefill-chunk", args.prefill_chunk,
                     *(["--instructions", args.instructions] if args.instructions else [])],
        "llama.cpp": [sys.executable, str(HERE / "llama_speed.py")],
    }
    for model in args.models:
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
        for number in range(args.rounds):
            for name, program in programs.items():
                speeds = run([*program, "--model", model, *lengths])
                found[name].append(speeds)
                print(f"{pathlib.Path(model).name} {number} {name:9} "
                      f"{speeds[0]:7.1f} prefill {speeds[1]:6.1f} decode", flush=True)
        for index, what in enumerate(("prefill", "decode")):
            ours, theirs = (
                statistics.median(speeds[index] for speeds in found[name]) for name in programs
            )
            print(f"{pathlib.Path(model).name} {what}: text2sql {ours:.1f}, "
                  f"llama.cpp {theirs:.1f} tokens/s, ratio {ours / theirs:.2f}", flush=True)


if __name__ == "__main__":
    main()
