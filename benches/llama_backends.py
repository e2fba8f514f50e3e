"""llama.cpp as other programs ship it, with its backends as libraries of their own.

Without the variables below, llama-cpp-python's own build is used and there is nothing to do. With
LLAMA_CPP_LIB_PATH (llama-cpp-python's own variable) it calls a libllama.so elsewhere, and GGML_BACKENDS
names the folder of that build's backends, CUDA's among them. The npm package
@node-llama-cpp/linux-x64-cuda has such a build; docs/performance/engine-gpu.md says how it was used.
"""

import ctypes
import glob
import os


def load() -> None:
    folder = os.environ.get("GGML_BACKENDS")
    if not folder:
        return
    [library] = glob.glob(f"{folder}/libggml.*")
    ggml = ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)
    ggml.ggml_backend_load_all_from_path.argtypes = [ctypes.c_char_p]
    ggml.ggml_backend_load_all_from_path(folder.encode())
