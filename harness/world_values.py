"""Values of a world file, each checked with the place where it stands."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import TypeVar

__all__ = ["WorldFileError", "counted", "items", "measured", "optional", "server_path", "typed", "with_known_keys"]

T = TypeVar("T")


class WorldFileError(ValueError):
    """A world file that cannot be used; the message names the place."""


def typed(value: object, where: str, kind: type[T] | tuple[type[T], ...]) -> T:
    """The value, if it is of that type; true and false are no numbers.

    Raises:
        WorldFileError: It is not. So do all functions here.
    """
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise WorldFileError(f"{where}: not what it must be: {json.dumps(value, default=str)[:80]}")
    return value


def optional(value: object, where: str, kind: type[T]) -> T | None:
    """The value, if it is of that type or null."""
    return None if value is None else typed(value, where, kind)


def counted(value: object, where: str) -> int:
    """A whole number from 0 up."""
    return int(_from_zero(typed(value, where, int), where))


def measured(value: object, where: str) -> float:
    """A number from 0 up."""
    return float(_from_zero(typed(value, where, (int, float)), where))


def server_path(value: object, where: str) -> str:
    """A path on the server."""
    path = typed(value, where, str)
    if not path.startswith("/"):
        raise WorldFileError(f"{where}: a path starts with /, not so {json.dumps(path)[:80]}")
    return path


def with_known_keys(value: object, where: str, known: Collection[str]) -> Mapping[str, object]:
    """An object without other keys than these: a misspelt one would be a fault that never shows."""
    document: Mapping[str, object] = typed(value, where, Mapping)
    for key in document:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(known)}"
            raise WorldFileError(f"{where}: unknown key {json.dumps(key)[:80]}; {hint}")
    return document


def items(document: Mapping[str, object], key: str, known: Collection[str]) -> list[tuple[Mapping[str, object], str]]:
    """The objects of a list, each with its place."""
    places = [(item, f"{key}[{number}]") for number, item in enumerate(typed(document.get(key, []), key, list))]
    return [(with_known_keys(item, where, known), where) for item, where in places]


def _from_zero(value: float, where: str) -> float:
    if not 0 <= value < 2**63 or not math.isfinite(value):
        raise WorldFileError(f"{where}: from 0 up to {2**63 - 1}, not {str(value)[:80]}")
    return value
