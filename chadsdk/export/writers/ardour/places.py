"""Where clips lie in a session, in samples, and what is written about them. Pure.

Everything is rounded to samples first: Ardour's own unit, the superclock, divides each of `RATES_HZ` evenly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from chadsdk.export.project import Clip
from chadsdk.text import xml_line

__all__ = [
    "RATES_HZ",
    "SUPERCLOCKS_PER_S",
    "Place",
    "factor_of",
    "file_name",
    "place_of",
    "region_name",
    "tags_of",
    "words",
]

RATES_HZ = (44_100, 48_000, 88_200, 96_000, 192_000)
"""Sample rates at which Ardour 7.3 was seen to play a session; at others it was silent or died."""
SUPERCLOCKS_PER_S = 282_240_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a clip lies. All are samples of the session.

    Attributes:
        position: Where it begins on the time line.
        length: How long it sounds; at least 1.
        start: Where in its file it begins.
        source: Length of its whole file; at least `start` + `length`.
        fade_in: Length of its fade-in; 0 for none.
        fade_out: Length of its fade-out; both together are no longer than the clip.
    """

    position: int
    length: int
    start: int
    source: int
    fade_in: int
    fade_out: int


def place_of(clip: Clip, rate_hz: int) -> Place:
    """Give where a clip lies at a sample rate.

    Ends are rounded, not lengths, so that clips end to end neither overlap nor leave a gap. Nothing reaches beyond
    the end of the file, where Ardour would cut it; fades that overlap would add up to more than the sound itself.
    """
    source = max(1, round(clip.source_s * rate_hz))
    start = min(round(clip.offset_s * rate_hz), source - 1)
    position = round(clip.start_s * rate_hz)
    length = max(1, min(round(clip.end_s * rate_hz) - position, source - start))
    fade_in = min(round(clip.fade_in_s * rate_hz), length)
    fade_out = min(round(clip.fade_out_s * rate_hz), length - fade_in)
    return Place(position, length, start, source, fade_in, fade_out)


def file_name(clip: Clip) -> str:
    """Give the name of a clip's file among the audio files of the session."""
    return PurePosixPath(clip.file).name


def factor_of(clip: Clip) -> float:
    """Give a clip's gain as a factor of amplitude."""
    return float(10 ** (clip.gain_db / 20))


def region_name(clip: Clip) -> str:
    """Give what the user reads on a clip. A region has no field for a comment, so its name says why it is missing."""
    name = words(clip.label) or file_name(clip)
    return name if clip.missing is None else f"{name} (missing: {words(clip.missing)})"


def tags_of(clip: Clip) -> str:
    """Give what else there is to say of a clip; empty for most."""
    missing = None if clip.missing is None else f"Missing: {clip.missing}"
    return words(" ".join(part for part in (missing, clip.note) if part))


def words(text: str) -> str:
    """Give text as one line that XML 1.0 can hold."""
    return xml_line(text, instead="")
