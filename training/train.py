#!/usr/bin/env python3
"""Trains an adapter for a model of the Qwen2 family on examples of make_examples.

One pass over the examples; a step is up to --together questions to one database. Every ten steps the
state is kept beside the adapter, and a run that was stopped goes on from there. The databases of --held
are left out of training and tell the loss on what was not seen.

Usage: train.py MODEL.gguf EXAMPLES.jsonl OUT.gguf [options]

Needs PyTorch, numpy, gguf and llama-cpp-python (whose tokenizer is the model's). On processors half of the time
goes into memory that is asked for and given back, unless jemalloc keeps it:
LD_PRELOAD=libjemalloc.so.2 MALLOC_CONF=oversize_threshold:0,dirty_decay_ms:-1,muzzy_decay_ms:-1,thp:always,narenas:1
"""

import argparse
import collections
import ctypes
import json
import math
import os
import pathlib
import random
import time

import torch
from llama_cpp import Llama

from model import Model

USER = "<|im_start|>user\n"
END = "\n```<|im_end|>"
# jemalloc's MALLCTL_ARENAS_ALL.
ALL_ARENAS = 4096


def tokenizer(path):
    """Text to tokens, as the model's file says."""
    model = Llama(str(path), vocab_only=True, verbose=False)
    return lambda text: model.tokenize(text.encode(), add_bos=False, special=True)


def batches(examples, encode, together, longest, rng):
    """`(prefix, [(question, answer)])` in tokens: questions whose prompts begin with the same schema."""
    by_prefix = collections.defaultdict(list)
    for example in examples:
        cut = example["prompt"].index(USER) + len(USER)
        pair = (example["prompt"][cut:], example["answer"] + END)
        by_prefix[example["prompt"][:cut]].append(pair)
    out = []
    for text, pairs in by_prefix.items():
        prefix = encode(text)
        if len(prefix) > longest:
            continue
        rng.shuffle(pairs)
        parts = math.ceil(len(pairs) / together)
        for part in range(parts):
            out.append((prefix, [(encode(question), encode(answer)) for question, answer in pairs[part::parts]]))
    rng.shuffle(out)
    return out


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def some_of_each(examples, count, rng):
    """Up to count examples of each database."""
    by_database = collections.defaultdict(list)
    for example in examples:
        by_database[example["db"]].append(example)
    return [one for all_ in by_database.values() for one in rng.sample(all_, min(count, len(all_)))]


def held_out(model, batches):
    """Loss and share of right tokens on databases that are not trained on."""
    with torch.no_grad():
        found = [model.loss(*batch) for batch in batches]
    count = sum(tokens for *_, tokens in found) or 1
    return [sum(float(one[which]) * one[2] for one in found) / count for which in (0, 1)]


def rate(step, steps):
    """Share of the learning rate: up for a twentieth, then down along a cosine."""
    warm = max(steps // 20, 1)
    return max(min((step + 1) / warm, 0.5 + 0.5 * math.cos(math.pi * max(step - warm, 0) / max(steps - warm, 1))), 0.02)


def give_back(most):
    """Has jemalloc return the memory it keeps, once the process holds more than `most` bytes.

    Steps differ in size, so what is free does not fit the next one, and grows.
    """
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    if pages * os.sysconf("SC_PAGE_SIZE") > most and (purge := getattr(ctypes.CDLL(None), "mallctl", None)):
        purge(f"arena.{ALL_ARENAS}.purge".encode(), None, None, None, ctypes.c_size_t(0))


def what_to_learn(options, rng):
    """The steps, those of databases that are not trained on, and these databases."""
    examples, earlier = read(options.examples), read(options.replay) if options.replay else []
    databases = sorted({example["db"] for example in examples + earlier})
    rng.shuffle(databases)
    held = set(databases[: int(options.held)] if options.held.isdigit() else options.held.split(","))
    if unknown := held.difference(databases):
        raise SystemExit(f"no examples of {', '.join(sorted(unknown))}")
    if options.of_each:
        examples = some_of_each(examples, options.of_each, rng)
    encode = tokenizer(options.model)
    cut = lambda kept: batches(kept, encode, options.together, options.longest, rng)  # noqa: E731
    of = lambda kept, is_held: cut([example for example in kept if (example["db"] in held) == is_held])  # noqa: E731
    steps, unseen = of(examples, False), of(examples, True)[:10]
    if earlier:
        steps += of(earlier, False)[: options.replay_steps]
        unseen += of(earlier, True)[:10]
        rng.shuffle(steps)
    return steps, unseen, held


def learn(model, options, steps, unseen, held):
    """Trains the model's adapter, and keeps it and where the run is."""
    optimizer = torch.optim.AdamW(model.adapters.parameters(), lr=options.learning_rate, betas=(0.9, 0.99),
                                  weight_decay=0.0)
    state, first = options.out.with_name(options.out.name + ".state"), 0
    if state.exists():
        kept = torch.load(state)
        first = kept["step"]
        model.adapters.load_state_dict(kept["adapters"])
        optimizer.load_state_dict(kept["optimizer"])
    print(f"{len(steps)} steps from {first}; not trained on: {' '.join(sorted(held))}", flush=True)
    begin = time.monotonic()
    for step, batch in enumerate(steps):
        if step < first:
            continue
        for group in optimizer.param_groups:
            group["lr"] = options.learning_rate * rate(step, len(steps))
        loss, right, _ = model.loss(*batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.adapters.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        give_back(options.memory * 1e9)
        if (step + 1) % 10 == 0 or step + 1 == len(steps):
            print(f"{step + 1} loss {loss.item():.4f} right {right:.3f} {time.monotonic() - begin:.0f} s", flush=True)
            new = state.with_name(state.name + ".new")
            torch.save({"step": step + 1, "adapters": model.adapters.state_dict(),
                        "optimizer": optimizer.state_dict()}, new)
            os.replace(new, state)
        if (step + 1) % 60 == 0 or step + 1 == len(steps):
            loss, right = held_out(model, unseen)
            print(f"  not trained on: loss {loss:.4f} right {right:.4f}", flush=True)
            model.save(options.out, options.name, options.licence)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("model", "examples", "out"):
        parser.add_argument(name, type=pathlib.Path)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--alpha", type=float, default=16)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--together", type=int, default=24, help="questions of a step")
    parser.add_argument("--held", default="10", help="databases that are not trained on: how many, or their names")
    parser.add_argument("--of-each", type=int, default=0, help="questions of each database; 0: all")
    parser.add_argument("--longest", type=int, default=1500, help="tokens of a schema; longer ones are left out")
    parser.add_argument("--memory", type=float, default=15, help="gigabytes to hold before free ones are given back")
    parser.add_argument("--begin", type=pathlib.Path, help="an adapter to train further")
    parser.add_argument("--replay", type=pathlib.Path, help="examples it was trained on before, not to be forgotten")
    parser.add_argument("--replay-steps", type=int, default=60, help="steps among the others that are such examples")
    parser.add_argument("--name", default="text2sql adapter", help="general.name of the adapted model")
    parser.add_argument("--licence", help="what the adapter is given on under, as SPDX has it")
    options = parser.parse_args()
    torch.manual_seed(0)
    steps, unseen, held = what_to_learn(options, random.Random(0))
    model = Model(options.model, options.rank, options.alpha)
    if options.begin:
        model.begin_with(options.begin)
    learn(model, options, steps, unseen, held)


if __name__ == "__main__":
    main()
