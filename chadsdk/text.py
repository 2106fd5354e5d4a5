"""Text of strangers (servers, playlists, file names) made fit for a line that people read."""

from __future__ import annotations

import re

__all__ = ["one_line", "shortened", "title_of", "xml_line"]

_LONGEST = 240  # characters of a path, or of what else is quoted in a sentence

_NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")  # XML 1.0, 2.2; the controls are no part of a line
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Embeddings, overrides and isolates of the reading direction (UAX 9) reach beyond the text that they stand in: without
# them it is read in the order of its characters.
_DIRECTION = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def one_line(text: str) -> str:
    """Give `text` as a line that neither breaks nor commands a terminal nor turns the reading direction of the rest.

    Controls and line breaks become spaces; marks that turn the reading direction go.
    """
    return " ".join(_BREAKS.sub(" ", _DIRECTION.sub("", text)).split())


def shortened(text: str) -> str:
    """Give `text`, without its middle where it is very long: of a path, both ends tell most."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 2 :]}"


def title_of(title: str) -> str:
    """Give `title` as it is, or ``Untitled`` for one that is empty or shows nothing in a line."""
    return title if one_line(title) else "Untitled"


def xml_line(text: str, *, instead: str = "\ufffd") -> str:
    """Give `text` as `one_line` does, with `instead` for whatever else XML 1.0 cannot hold; markup is not escaped."""
    return one_line(_NOT_XML.sub(instead, text))
