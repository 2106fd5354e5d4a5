"""A target with a fault that only whoever follows its branches gets to: what fuzzing must find."""

from __future__ import annotations

from tests.fuzz.target import Target

__all__ = ["TARGET"]


def _take(data: bytes) -> None:
    if data[:1] == b"D":  # noqa: SIM102 - byte by byte, so that each is a branch of its own
        if data[1:2] == b"A":  # noqa: SIM102
            if data[2:3] == b"W":
                raise KeyError(data)


TARGET = Target(take=_take, seeds=lambda: [b"nothing"], most_bytes=8)
