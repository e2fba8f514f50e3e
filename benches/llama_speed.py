#!/usr/bin/env python3
"""Prefill and decode of llama.cpp, as `text2sql-cli bench` measures ours.

Same tokens, same number of them, same threads; the prompt is one call, every further token a call
of its own. Needs llama-cpp-python (MIT), compiled for this machine:
`CMAKE_ARGS=-DGGML_NATIVE=ON pip install llama-cpp-python`.
Prints one line a round: prefill and decode in tokens per second.
"""

import argparse
import time

import llama_backends


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prompt-tokens", type=int, default=512)
    parser.add_argument("--answer-tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()

    from llama_cpp import llama_cpp as lib

    silent = lib.llama_log_callback(lambda *_: None)
    lib.llama_log_set(silent, None)
    llama_backends.load()
    lib.llama_backend_init()
    model = lib.llama_model_load_from_file(args.model.encode(), lib.llama_model_default_params())
    if not model:
        raise SystemExit(f"cannot load {args.model}")
    params = lib.llama_context_default_params()
    params.n_ctx = args.prompt_tokens + args.answer_tokens + 8
    params.n_batch = params.n_ubatch = 512
    params.n_threads = params.n_threads_batch = args.threads
    context = lib.llama_init_from_model(model, params)
    if not context:
        raise SystemExit("cannot make a context")
    print(lib.llama_print_system_info().decode())

    prompt = [(i * 37 + 11) % 5000 for i in range(args.prompt_tokens)]
    answer = [(i * 53 + 7) % 5000 for i in range(args.answer_tokens)]

    def decode(tokens: list[int]) -> None:
        for start in range(0, len(tokens), 512):
            part = tokens[start : start + 512]
            array = (lib.llama_token * len(part))(*part)
            if lib.llama_decode(context, lib.llama_batch_get_one(array, len(part))) != 0:
                raise SystemExit("llama_decode failed")
        lib.llama_synchronize(context)

    for _ in range(args.rounds):
        lib.llama_memory_clear(lib.llama_get_memory(context), True)
        begin = time.perf_counter()
        decode(prompt)
        middle = time.perf_counter()
        for token in answer:
            decode([token])
        end = time.perf_counter()
        prefill, decoded = len(prompt) / (middle - begin), len(answer) / (end - middle)
        print(f"round {prefill:.1f} prefill, {decoded:.1f} decode", flush=True)


if __name__ == "__main__":
    main()
