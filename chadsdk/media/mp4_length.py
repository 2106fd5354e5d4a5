"""How long the sound of an MP4 file plays, and what silence stands before it (ISO/IEC 14496-12, 8.6.1.2 and 8.6.6).

What the index says of one track counts, not what it says of the whole film: that is as long as its longest track.
Nothing is believed that the file is too short for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from chadsdk.media.chunks import Chunk
from chadsdk.media.mp4 import boxes_below, sound_track
from chadsdk.media.window import Window

__all__ = ["Span", "sound_span"]

_LEAST_BYTES_PER_S: Final = 32  # digital silence in AAC and Apple Lossless takes more, without its index
_LONGEST_SILENCE_S: Final = 3600.0
_MOST_RUNS: Final = 1_000_000
_MOST_EDITS: Final = 4096


@dataclass(frozen=True, slots=True)
class Span:
    """What the first track of sound plays.

    Attributes:
        silence_s: Silence before the sound.
        whole_s: Both together; None where the index does not say it, or says more than the file can hold.
        has_gap: Whether there is silence in between, too.
    """

    silence_s: float = 0.0
    whole_s: float | None = None
    has_gap: bool = False


@dataclass(frozen=True, slots=True)
class _Edit:
    length_s: float  # 0 is "to the end"
    media_at: int  # -1 is silence

    @property
    def is_silent(self) -> bool:
        return self.media_at < 0


def sound_span(window: Window) -> Span:
    """Look up what the first track of sound of a whole MP4 file plays."""
    found = sound_track(window)
    if found is None:
        return Span()
    moov, track = found
    movie_hz, movie_units = _clock(window, moov, b"mvhd")
    media_hz, _ = _clock(window, track, b"mdia", b"mdhd")
    units = _media_units(window, track)
    edits = _edits(window, track, movie_hz)
    if _silence_s(edits) > _LONGEST_SILENCE_S:
        edits = []
    first = next((number for number, edit in enumerate(edits) if not edit.is_silent), len(edits))
    silence_s, gap_s = _silence_s(edits[:first]), _silence_s(edits[first:])
    most_s = window.size_bytes / _LEAST_BYTES_PER_S
    if units and media_hz:
        sound_s = _edited_s(edits, units, media_hz)
    else:  # fragments, whose runs are elsewhere
        sound_s = movie_units / movie_hz - silence_s - gap_s if movie_hz else 0.0
    whole_s = silence_s + sound_s + gap_s if 0 < sound_s <= most_s else None
    return Span(silence_s, whole_s, has_gap=gap_s > 0)


def _silence_s(edits: Sequence[_Edit]) -> float:
    return sum((edit.length_s for edit in edits if edit.is_silent), 0.0)


def _edited_s(edits: Sequence[_Edit], units: int, media_hz: int) -> float:
    """How long the pieces of the media are that the edits name; all of it without any."""
    there = [(edit.length_s, max(0, units - edit.media_at) / media_hz) for edit in edits if not edit.is_silent]
    return sum(min(length_s or rest_s, rest_s) for length_s, rest_s in there) if there else units / media_hz


def _clock(window: Window, box: Chunk, *kinds: bytes) -> tuple[int, int]:
    """Units per second and length in units, as a header says them; nothing where there is none."""
    for header in boxes_below(window, box, *kinds):
        at = header.body_at
        if window.number(at, ">1"):  # 64 bits
            return window.number(at + 20, ">4"), window.number(at + 24, ">8")
        return window.number(at + 12, ">4"), window.number(at + 16, ">4")
    return 0, 0


def _media_units(window: Window, track: Chunk) -> int:
    """The length of all that is coded: runs of so many samples of one length each."""
    for table in boxes_below(window, track, b"mdia", b"minf", b"stbl", b"stts"):
        count = window.number(table.body_at + 4, ">4")
        runs = _rows(window, table, min(count, _MOST_RUNS), struct.Struct(">II"))
        return sum(samples * units for samples, units in runs)
    return 0


def _edits(window: Window, track: Chunk, movie_hz: int) -> list[_Edit]:
    """What of the media is played, in order, without silence behind it."""
    for table in boxes_below(window, track, b"edts", b"elst"):
        count = min(window.number(table.body_at + 4, ">4"), _MOST_EDITS)
        row = struct.Struct(">Qq4x" if window.number(table.body_at, ">1") else ">Ii4x")
        edits = [_Edit(units / movie_hz, at) for units, at in _rows(window, table, count, row)] if movie_hz else []
        while edits and edits[-1].is_silent:
            edits.pop()
        return edits
    return []


def _rows(window: Window, table: Chunk, count: int, row: struct.Struct) -> Iterator[tuple[int, ...]]:
    """Rows of a table of numbers, as far as they are there."""
    at, end = table.body_at + 8, window.size_bytes if table.end is None else table.end
    data = window.at(at, min(count * row.size, max(0, end - at)))
    return row.iter_unpack(data[: len(data) // row.size * row.size])
