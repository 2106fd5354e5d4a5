"""The process in which one target is fuzzed: ``python -m tests.fuzz.child MODULE FOLDER [libFuzzer's options]``."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fuzz.target import Target

__all__ = ["main"]

_MOST_CPU_S = 5.0  # for one input, instrumented; honest ones take milliseconds
_MOST_MEMORY_MIB = 1024


class TooMuchWorkError(Exception):
    """An input keeps a parser busy for much longer than its length accounts for."""


def main(module: str, folder: Path, options: list[str]) -> None:
    """Fuzz a target; the process ends with it."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["chadsdk", "tinytag", module]):
        target: Target = importlib.import_module(module).TARGET
        _import_what_is_imported_late()
    arguments = [
        module,
        str(_corpus(target, folder)),
        *([f"-dict={_dictionary(target, folder)}"] if target.words else []),  # it takes no empty one
        f"-artifact_prefix={folder}{os.sep}finding-",
        f"-max_len={target.most_bytes}",
        f"-rss_limit_mb={_MOST_MEMORY_MIB}",
        "-print_final_stats=1",
        *options,
    ]
    atheris.Setup(arguments, _watched(target.take))
    atheris.Fuzz()


def _import_what_is_imported_late() -> None:
    # Inside functions of the SDK, which run when nothing is instrumented any more.
    importlib.import_module("tinytag.tinytag")


def _watched(take: Callable[[bytes], None]) -> Callable[[bytes], None]:
    def watched(data: bytes) -> None:
        began = time.thread_time()
        take(data)
        spent = time.thread_time() - began
        if spent > _MOST_CPU_S:
            raise TooMuchWorkError(f"{len(data)} bytes took {spent:.1f} s of the processor.")

    return watched


def _corpus(target: Target, folder: Path) -> Path:
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(target.seeds()):
        (corpus / f"{number:03d}").write_bytes(seed[: target.most_bytes])
    return corpus


def _dictionary(target: Target, folder: Path) -> Path:
    path = folder / "words"
    lines = ("".join(f"\\x{byte:02x}" for byte in word) for word in target.words)
    path.write_text("".join(f'"{line}"\n' for line in lines), encoding="ascii")
    return path


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
