"""REAPER projects as `rppxml` reads them: the parser of REAPER's makers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rppxml

__all__ = ["blocks", "items", "line"]


def line(block: Any, name: str) -> list[Any]:
    """Give the values of a line in a block of `rppxml`."""
    (values,) = [child[1:] for child in block.children if isinstance(child, list) and child[0] == name]
    return list(values)


def blocks(block: Any, name: str) -> list[Any]:
    """Give the blocks of a name in a block of `rppxml`."""
    return [child for child in block.children if not isinstance(child, list) and child.name == name]


def items(text: str) -> Iterator[tuple[str, Any]]:
    """Give each item with the name of its track, as `rppxml` reads it."""
    for track in blocks(rppxml.loads(text), "TRACK"):
        for item in blocks(track, "ITEM"):
            yield line(track, "NAME")[0], item
