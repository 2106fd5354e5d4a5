"""The length of the sound of an MP4: which track, which of its edits, and what the bytes can hold of it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest

from chadsdk.media import examine
from chadsdk.media.mp4_length import Span, sound_span
from chadsdk.media.window import Window
from tests.media.samples import checked_in

HUGE = 0x7FFF_FFFF
SILENT = -1


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box around other boxes or fields."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def clock(kind: bytes, hz: int, units: int, *, is_wide: bool = False) -> bytes:
    """A header of a film or track: units per second, and how many."""
    layout = (">B3x16xIQ", 1) if is_wide else (">B3x8xII", 0)
    return box(kind, struct.pack(layout[0], layout[1], hz, units))


def table(kind: bytes, row: str, rows: Sequence[tuple[int, ...]], *, version: int = 0) -> bytes:
    """A box of rows of numbers."""
    return box(kind, struct.pack(">B3xI", version, len(rows)), *(struct.pack(row, *numbers) for numbers in rows))


def track(
    *, seconds: float = 10.0, edits: Sequence[tuple[int, int]] = (), handler: bytes = b"soun", is_wide: bool = False
) -> bytes:
    """A track of 44.1 kHz in frames of 1,024; edits of milliseconds and where they begin in it."""
    runs = [(round(seconds * 44_100) // 1024, 1024), (1, round(seconds * 44_100) % 1024)] if seconds else []
    row = ">QqI" if is_wide else ">IiI"
    edts = box(b"edts", table(b"elst", row, [(*edit, 0x10000) for edit in edits], version=int(is_wide)))
    minf = box(b"minf", box(b"stbl", table(b"stts", ">II", runs)))
    # What it says of itself in `mdhd` is not asked for.
    mdia = box(b"mdia", clock(b"mdhd", 44_100, HUGE, is_wide=is_wide), box(b"hdlr", bytes(8), handler, bytes(12)), minf)
    return box(b"trak", edts if edits else b"", mdia)


def span(*tracks: bytes, movie_ms: int = HUGE, size_bytes: int = 100_000, is_wide: bool = False) -> Span:
    """What a file of that size with those tracks plays."""
    index = box(b"moov", clock(b"mvhd", 1000, movie_ms, is_wide=is_wide), *tracks)
    whole = index + box(b"mdat", bytes(size_bytes - len(index) - 8))
    return sound_span(Window(BytesIO(whole), len(whole), whole=True))


@pytest.mark.parametrize("is_wide", [False, True])
@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([], Span(0.0, 10.0)),
        ([(5000, 1024)], Span(0.0, 5.0)),
        ([(0, 22_050)], Span(0.0, 9.5)),
        ([(HUGE, 44_100)], Span(0.0, 9.0)),
        ([(2000, SILENT), (10_000, 0)], Span(2.0, 12.0)),
        ([(1500, SILENT), (500, SILENT), (4000, 0)], Span(2.0, 6.0)),
        ([(4000, 0), (3000, SILENT)], Span(0.0, 4.0)),
        ([(4000, 0), (1000, SILENT), (3000, 44_100)], Span(0.0, 8.0, has_gap=True)),
        ([(4000, 0), (3000, 44_100)], Span(0.0, 7.0)),
        ([(HUGE, SILENT), (4000, 0)], Span(0.0, 10.0)),
        ([(2000, SILENT)], Span(0.0, 10.0)),
    ],
)
def test_edits_say_what_is_played(edits: list[tuple[int, int]], expected: Span, is_wide: bool) -> None:
    """Pieces no longer than what is there; silence before and between, not behind, and none of weeks."""
    assert span(track(edits=edits, is_wide=is_wide), is_wide=is_wide) == expected


def test_the_first_track_of_sound_counts() -> None:
    """Neither a longer one behind it, nor a chapter track before it, nor the length of the film."""
    tracks = (track(seconds=3.0, handler=b"text"), track(seconds=5.0), track(seconds=9.0))
    assert span(*tracks, movie_ms=9000) == Span(0.0, 5.0)


def test_in_fragments_the_film_says_it() -> None:
    """A track without runs, with silence before it, which is part of the film."""
    edits = [(2000, SILENT), (0, 0)]
    assert span(track(seconds=0, edits=edits), movie_ms=9000) == Span(2.0, 9.0)
    assert span(track(seconds=0, edits=edits), movie_ms=0) == Span(2.0, None)


@pytest.mark.parametrize("seconds", [4000.0, 80_000.0])
def test_a_length_that_the_file_is_too_short_for_is_not_believed(seconds: float) -> None:
    """Less than 32 bytes a second is no music."""
    assert span(track(seconds=seconds)).whole_s is None
    assert span(track(seconds=0), movie_ms=round(seconds * 1000)).whole_s is None
    assert span(track(seconds=seconds), size_bytes=3_000_000).whole_s == pytest.approx(seconds)


def test_a_table_that_is_cut_off_is_read_as_far_as_it_goes() -> None:
    """Where the index says more rows than its box holds, and where the file ends in it."""
    whole = box(b"moov", clock(b"mvhd", 1000, 0), track(edits=[(2000, SILENT), (10_000, 0)]))
    for end in range(len(whole)):
        sound_span(Window(BytesIO(whole[:end]), end, whole=True))
    lying = whole.replace(b"stts\0\0\0\0\0\0\0\2", b"stts\0\0\0\0\xff\xff\xff\xff")
    assert lying != whole
    assert sound_span(Window(BytesIO(lying), len(lying), whole=True)).whole_s is None  # 300 bytes hold no 12 s


def test_headers_that_promise_weeks_leave_the_facts_as_they_are(tmp_path: Path) -> None:
    """The film, the track and the media each say 0x7fffffff; the samples are still those that are there."""
    file = checked_in("index-first.m4a", tmp_path)
    before, data = examine(file), bytearray(file.read_bytes())
    for kind, at in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        where = data.index(kind) + at
        data[where : where + 4] = HUGE.to_bytes(4, "big")
    file.write_bytes(data)
    assert examine(file) == before
