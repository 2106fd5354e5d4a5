"""`Misfit`: a value that is not what it must be, on its way to the door."""

from __future__ import annotations

import json

__all__ = ["Misfit", "expected"]

_LARGEST_WHOLE = 2**63 - 1
_SHOWN = 60


class Misfit(Exception):  # noqa: N818 - never leaves this door, see `decode`
    """A value that does not fit; `path` grows on the way out."""

    def __init__(self, problem: str, *path: str | int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path: list[str | int] = list(path)

    @property
    def place(self) -> str:
        """The path as a person reads it, such as ``tracks[3].sizeBytes``."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return "".join(steps).removeprefix(".")


def expected(wanted: str, value: object) -> Misfit:
    """Say what was wanted and what came, cut short."""
    return Misfit(f"expected {wanted}, got {_shown(value)}")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LARGEST_WHOLE:
        return "a huge number"
    if isinstance(value, str):
        value = value[: _SHOWN + 1]
    elif value is not None and not isinstance(value, int | float):
        return f"a Python {type(value).__name__}"  # not out of JSON, but handed to `from_dict`
    shown = json.dumps(value)
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
