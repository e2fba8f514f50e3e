#!/usr/bin/env python3
"""Answers of llama.cpp to the prompts of `text2sql-cli questions --out FILE`, with times.

Greedy, to the end of the statement. By default each schema has a sequence of its own whose keys
and values are kept: of a prompt only what differs from the one before is computed, as llama.cpp's
server does with `cache_prompt` and a slot for each. `--without-cache` computes every prompt whole.
Needs llama-cpp-python (MIT), compiled for this machine:
`CMAKE_ARGS=-DGGML_NATIVE=ON pip install llama-cpp-python`.
Prints a line of JSON a question: db, ms, prompt_tokens, cached_tokens, generated_tokens, sql.
"""

import argparse
import ctypes
import json
import sys
import time

import llama_backends


class Llama:
    """One model, one context with a sequence for each schema."""

    def __init__(self, path: str, threads: int, context: int, sequences: int,
                 more: dict | None = None) -> None:
        from llama_cpp import llama_cpp

        self.lib = llama_cpp
        self.silent = self.lib.llama_log_callback(lambda *_: None)
        self.lib.llama_log_set(self.silent, None)
        llama_backends.load()
        self.lib.llama_backend_init()
        self.model = self.lib.llama_model_load_from_file(
            path.encode(), self.lib.llama_model_default_params())
        if not self.model:
            raise SystemExit(f"cannot load {path}")
        params = self.lib.llama_context_default_params()
        params.n_ctx = context * sequences
        params.n_batch = params.n_ubatch = 512
        params.n_seq_max = sequences
        params.n_threads = params.n_threads_batch = threads
        for name, value in (more or {}).items():
            setattr(params, name, value)
        self.context = self.lib.llama_init_from_model(self.model, params)
        if not self.context:
            raise SystemExit("cannot make a context")
        self.vocab = self.lib.llama_model_get_vocab(self.model)
        self.size = self.lib.llama_vocab_n_tokens(self.vocab)
        self.memory = self.lib.llama_get_memory(self.context)
        self.batch = self.lib.llama_batch_init(512, 0, 1)
        self.kept: dict[int, list[int]] = {}

    def tokenize(self, text: str) -> list[int]:
        data = text.encode()
        room = (self.lib.llama_token * (len(data) + 8))()
        count = self.lib.llama_tokenize(
            self.vocab, data, len(data), room, len(data) + 8, False, True)
        return list(room[:count])

    def piece(self, token: int) -> bytes:
        room = ctypes.create_string_buffer(256)
        count = self.lib.llama_token_to_piece(self.vocab, token, room, 256, 0, False)
        return room.raw[:count]

    def decode(self, tokens: list[int], start: int, sequence: int) -> None:
        for first in range(0, len(tokens), 512):
            part = tokens[first : first + 512]
            self.batch.n_tokens = len(part)
            for index, token in enumerate(part):
                self.batch.token[index] = token
                self.batch.pos[index] = start + first + index
                self.batch.n_seq_id[index] = 1
                self.batch.seq_id[index][0] = sequence
                self.batch.logits[index] = first + index + 1 == len(tokens)
            if self.lib.llama_decode(self.context, self.batch) != 0:
                raise SystemExit("llama_decode failed")

    def most_likely(self) -> int:
        import numpy

        row = self.lib.llama_get_logits_ith(self.context, -1)
        return int(numpy.ctypeslib.as_array(row, (self.size,)).argmax())

    def answer(self, prompt: str, sequence: int, most: int, cache: bool) -> dict:
        begin = time.perf_counter()
        tokens = self.tokenize(prompt)
        before = self.kept.get(sequence, []) if cache else []
        known = 0
        while known < min(len(before), len(tokens) - 1) and before[known] == tokens[known]:
            known += 1
        self.lib.llama_memory_seq_rm(self.memory, sequence, known, -1)
        self.decode(tokens[known:], known, sequence)
        said: list[int] = []
        text = b""
        while len(said) < most:
            token = self.most_likely()
            if self.lib.llama_vocab_is_eog(self.vocab, token):
                break
            said.append(token)
            text += self.piece(token)
            if ends(text.decode(errors="replace")):
                break
            self.decode([token], len(tokens) + len(said) - 1, sequence)
        self.kept[sequence] = tokens
        return {
            "ms": (time.perf_counter() - begin) * 1e3,
            "prompt_tokens": len(tokens),
            "cached_tokens": known,
            "generated_tokens": len(said),
            "sql": text.decode(errors="replace"),
        }


def ends(text: str) -> bool:
    """Whether a statement has ended: a fence, or a semicolon outside of quotes."""
    return "```" in text or ";" in "".join(text.split("'")[::2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--prompts", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--context", type=int, default=4096)
    parser.add_argument("--max-new-tokens", type=int, default=512)
    parser.add_argument("--without-cache", action="store_true")
    args = parser.parse_args()
    with open(args.prompts, encoding="utf-8") as lines:
        asked = [json.loads(line) for line in lines]
    schemas = list(dict.fromkeys(one["db"] for one in asked))
    llama = Llama(args.model, args.threads, args.context, len(schemas))
    for one in asked:
        sequence = schemas.index(one["db"])
        got = llama.answer(
            one["prompt"], sequence, args.max_new_tokens, not args.without_cache)
        json.dump({"db": one["db"], **got}, sys.stdout)
        print(flush=True)


if __name__ == "__main__":
    main()
