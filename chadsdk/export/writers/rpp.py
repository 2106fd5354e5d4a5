"""The syntax of REAPER's project files: blocks of lines, and words in three kinds of quotes.

Knows no project. REAPER publishes no grammar: what is here is what the parser of its makers, WDL, does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from chadsdk.text import one_line

__all__ = ["Block", "block", "number", "parse", "quoted", "readable"]

LONGEST_LINE_BYTES = 4095
"""Of a line without its indent; the parser drops what comes after, a closing quote too."""

_LONGEST_TEXT_BYTES = 1000
_QUOTES = ('"', "'", "`")
_WORD = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|`([^`]*)`|([^\s"'`]\S*))(?=\s|$)""")


def number(value: float) -> str:
    """Give a number without an exponent, to a billionth of a thousandth."""
    return f"{value:.12f}".rstrip("0").rstrip(".")


def readable(text: str) -> str:
    """Give text of strangers as what a line can hold: on one line, encodable, quotable, no longer than 1,000 bytes."""
    line = one_line(text)
    if all(quote in line for quote in _QUOTES):
        line = line.replace("`", "'")
    encoded = line.encode("utf-8", "replace")
    if len(encoded) <= _LONGEST_TEXT_BYTES:
        return encoded.decode()
    return encoded[: _LONGEST_TEXT_BYTES - 3].decode(errors="ignore") + "…"


def quoted(word: str) -> str:
    """Give a word in the first kind of quotes that it does not hold.

    Raises:
        ValueError: It holds all three.
    """
    quote = next((quote for quote in _QUOTES if quote not in word), None)
    if quote is None:
        raise ValueError(f"{word!r} holds every kind of quotes")
    return f"{quote}{word}{quote}"


def block(head: str, lines: Iterable[str]) -> list[str]:
    """Give the lines of a block."""
    return [f"<{head}", *(f"  {line}" for line in lines), ">"]


@dataclass(slots=True)
class Block:
    """A block that was read.

    Attributes:
        words: What stands in its first line.
        lines: The words of each line of its own; one that begins with a bar is one word.
        blocks: The blocks in it.
    """

    words: list[str]
    lines: list[list[str]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def all_lines(self, name: str) -> Iterator[list[str]]:
        """Give the values of every line of that name."""
        return (line[1:] for line in self.lines if line[0] == name)

    def all_blocks(self, name: str) -> Iterator[Block]:
        """Give every block of that name."""
        return (inner for inner in self.blocks if inner.words[0] == name)

    def line(self, name: str) -> list[str]:
        """Give the values of the one line of that name.

        Raises:
            ValueError: There is none, or more than one.
        """
        (values,) = self.all_lines(name)
        return values


def parse(text: str) -> Block:
    """Read a project file; stricter than REAPER.

    Raises:
        ValueError: It is not one block, a line is too long, or a quote is not closed.
    """
    outside = Block(["FILE"])
    path = [outside]
    for numbered, raw in enumerate(text.removesuffix("\n").split("\n"), start=1):
        line = raw.strip(" ")
        if not line or len(line.encode()) > LONGEST_LINE_BYTES:
            raise ValueError(f"line {numbered} is empty or too long")
        if line == ">":
            path.pop()
        elif line[0] == "<":
            path[-1].blocks.append(Block(_words(line[1:], numbered)))
            path.append(path[-1].blocks[-1])
        else:
            path[-1].lines.append([line] if line[0] == "|" else _words(line, numbered))
        if not path or (path == [outside] and len(outside.blocks) + len(outside.lines) != 1):
            raise ValueError(f"line {numbered} stands outside the project")
    if path != [outside] or not outside.blocks:
        raise ValueError("the project is not closed")
    return outside.blocks[0]


def _words(line: str, numbered: int) -> list[str]:
    words: list[str] = []
    at = 0
    while at < len(line):
        found = _WORD.match(line, at)
        if found is None:
            raise ValueError(f"line {numbered} is not made of words")
        words.append(next(group for group in found.groups() if group is not None))
        at = found.end()
    if not words:
        raise ValueError(f"line {numbered} is empty")
    return words
