"""Text and numbers as a picture holds them: any title, in a room of so many pixels, in well-formed XML."""

from __future__ import annotations

import unicodedata

from chadsdk.text import one_line, xml_line

__all__ = ["clock", "counted", "fitted", "number", "width_px", "xml_text"]

_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
_LONGEST = 2000  # of what is looked at: a title may be a book
# Of a letter's height, in the fonts that systems have; wide ones are as wide as high.
_NARROW, _USUAL, _CAPITAL, _WIDE = 0.38, 0.61, 0.76, 1.02
_NARROW_LETTERS = frozenset(" .,:;'|!()[]ijlIft")


def number(value: float) -> str:
    """Give a length in pixels, to a tenth, as short as it can be."""
    text = f"{value:.1f}"
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def xml_text(text: str) -> str:
    """Give `text` on one line as content of an element or of an attribute in double quotes; see `xml_line`."""
    return xml_line(text).translate(_MARKUP)


def fitted(text: str, room_px: float, size_px: float) -> str:
    """Give as much of `text` as fits into `room_px` in letters of `size_px`, with an ellipsis, not yet as XML.

    The width of letters is a guess, since only the viewer knows its fonts; whoever draws it cuts off what is over.
    """
    line = one_line(text[:_LONGEST])
    width, room = 0.0, room_px / size_px
    for at, letter in enumerate(line):
        width += _width(letter)
        if width > room:
            return _cut(line, at, room)
    return line


def width_px(text: str, size_px: float) -> float:
    """Guess how wide `text` is in letters of `size_px`."""
    return sum(map(_width, text)) * size_px


def _cut(line: str, at: int, room: float) -> str:
    width = sum(map(_width, line[:at]))
    while at and (width + _USUAL * 1.5 > room or unicodedata.combining(line[at]) or line[at - 1] == "\u200d"):
        at -= 1
        width -= _width(line[at])
    kept = line[:at].rstrip()
    return f"{kept}\u2026" if kept else ""


def _width(letter: str) -> float:
    if letter in _NARROW_LETTERS:
        return _NARROW
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return _WIDE
    return _CAPITAL if letter.isupper() or letter in "mwMW@%" else _USUAL


def clock(seconds: float) -> str:
    """Give a time as people read it: ``4:05``, ``1:04:05``; a fraction only below a minute."""
    if seconds < 60 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def counted(count: int, noun: str) -> str:
    """Give a number of things: ``1 track``, ``1,000 tracks``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
