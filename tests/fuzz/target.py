"""`Target`: one family of parsers, what is given to it first, and how bytes become what it reads."""

from __future__ import annotations

import atexit
import copy
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Target", "edited", "fields", "scratch", "stretched", "text_of"]

_SEPARATOR = b"\xff"  # in no UTF-8
_MOST_EDITS = 6
_STRETCHED_CHARACTERS = 48 * 1024  # the square of it is some ten seconds
_SCALARS: tuple[object, ...] = (
    *(None, True, False, 0, -1, 1, 2**63, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf")),
    *("", "a", "\ud800", "\0", "..", "/x", "C:\\x", "a" * 64, "\u202e", "e\u0301", "]]>", [], {}, [[]], "exported"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """One family of parsers.

    Attributes:
        take: Reads some bytes; raises when anything comes of them that must not.
        seeds: Gives what to begin with: real ones.
        words: What is worth putting anywhere.
        most_bytes: Longest input.
    """

    take: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[bytes, ...] = ()
    most_bytes: int = 2048


def scratch() -> Path:
    """Give a new folder, in memory where the system has such a place; it goes with the process."""
    memory = Path("/dev/shm")
    place = tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None)
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return Path(place)


def text_of(data: bytes) -> str:
    """Give any text there is; bytes that are no UTF-8 become lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def fields(data: bytes, count: int) -> list[bytes]:
    """Cut into `count` pieces at bytes that are in no UTF-8; those that lack are empty."""
    found = data.split(_SEPARATOR, count - 1)
    return found + [b""] * (count - len(found))


def stretched(data: bytes) -> str:
    """Give a text, in one of sixteen cases as a run of many of it: work must not grow with the square of a length."""
    text = text_of(data[1:])
    if not text or data[0] % 16 != 15:
        return text
    return f"a{text * (_STRETCHED_CHARACTERS // len(text))}b"


def edited(document: object, data: bytes) -> object:
    """Give a JSON document with a few places changed, as the bytes say where and by what."""
    value = copy.deepcopy(document)
    for edit in data.split(_SEPARATOR)[:_MOST_EDITS]:
        if edit:
            value = _with(value, iter(edit))
    return value


def _with(value: Any, path: Iterator[int]) -> object:
    """Put what is left of the edit at the place that its first bytes choose."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    step = next(path, 0) % (len(keys) + 1)
    if step == len(keys):
        return _new(bytes(path))
    value[keys[step]] = _with(value[keys[step]], path)
    return value


def _new(data: bytes) -> object:
    if len(data) <= 1:
        # A copy: a later edit of the same input may change it, and would change all inputs to come.
        return copy.deepcopy(_SCALARS[data[0] % len(_SCALARS)]) if data else None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return text_of(data)
