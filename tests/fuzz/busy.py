"""A target that does not come back for one of its seeds: what fuzzing must end and report."""

from __future__ import annotations

from tests.fuzz.target import Target

__all__ = ["TARGET"]

_COUNTED = 10**12  # half a day


def _take(data: bytes) -> None:
    if data == b"wait":
        sum(range(_COUNTED))


TARGET = Target(take=_take, seeds=lambda: [b"wait"], most_bytes=8)
