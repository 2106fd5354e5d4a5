"""The fault table, rows 2 to 26: each names error, requests, what is on disk, and that the next run repairs it.

A row's id starts with its number in the table of faults. Rows that a connection of its own or another server shows
stand in `test_fault_rows`, those of the watchdog in `test_watchdog_rows`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chadsdk.errors import IntegrityError, NetworkError, ProtocolError, StalledError, TruncatedError
from harness.process import ServerHandle, running_server
from harness.world import FaultEntry, World
from tests.download.rows import REST, WHOLE, Row, for_ever, play

MIB = 1024 * 1024
TERABYTE = 10**12


@pytest.fixture(scope="module")
def server(plain: World) -> Iterator[ServerHandle]:
    """One server for all rows: a row leaves nothing behind on it."""
    with running_server(plain) as handle:
        yield handle


BEFORE_THE_BODY = [
    Row("2 closed before a status", ("hang_up",), ((None, None), WHOLE)),
    Row("2 reset before a status", ("reset",), ((None, None), WHOLE)),
    Row("2 closed for ever", for_ever(hang_up=True), ((None, None),) * 3, NetworkError),
    Row("2 closed before a status, with a partial", ("hang_up",), ((200_000, None), REST), partial=True),
]
INTERIM = [
    Row("14 103 early hints", ({"informational": 103},), (WHOLE, WHOLE)),
    Row("14 103 early hints for ever", for_ever(informational=103), (WHOLE,) * 3, ProtocolError),
    Row("14 100 continue, unasked", ({"informational": 100, "count": 5},), (WHOLE,)),
    Row("42 5000 headers", for_ever(many_headers=5000), (WHOLE,), ProtocolError),
    Row("42 a header of a megabyte", for_ever(many_headers=1, bytes=MIB), (WHOLE,), ProtocolError),
    Row("42 garbage", for_ever(raw="\x00\x01\x02 what?\r\n\r\n"), ((None, None),), ProtocolError),
    Row("42 ICY", for_ever(raw="ICY 200 OK\r\n\r\n"), ((None, None),), ProtocolError),
    Row("42 a status that is no number", for_ever(raw="HTTP/1.1 abc OK\r\n\r\n"), ((None, None),), ProtocolError),
]
CUT = [
    Row("3 cut", ({"cut_body": 0.5},), (WHOLE, REST)),
    Row("3 cut, and no more attempts", ({"cut_body": 0.5},), (WHOLE,), TruncatedError, kept=(200_000,),
        settings={"attempts": 1}),
    Row("3 cut, nothing known", ({"cut_body": 0.5},), (WHOLE, REST), known="nothing"),
    Row("3 cut before its first byte", ({"cut_at": 0},), (WHOLE, WHOLE)),
    Row("5 always cut at one byte", for_ever(cut_at=200_000), (WHOLE, REST, REST), TruncatedError, kept=(200_000,)),
    Row("6 unsized and cut, size known", for_ever(no_length=True, cut_body=0.5), (WHOLE,) * 3, TruncatedError),
    Row("6 unsized and cut, nothing known", for_ever(no_length=True, cut_body=0.5), (WHOLE,) * 2, IntegrityError,
        known="nothing"),
]  # fmt: skip
LENGTHS = [
    Row("7 length too small", for_ever(length=399_998), (WHOLE,) * 2, IntegrityError),
    Row("7 length too large", for_ever(length=400_002), (WHOLE,) * 2, IntegrityError),
    Row("7 length too large, nothing known", ({"length": 400_002},), (WHOLE, (400_000, 416), WHOLE), known="nothing"),
    Row("7 length too small, nothing known", for_ever(length=300_000), (WHOLE,) * 2, IntegrityError, known="nothing"),
    Row("7 length too small, digest in the model", for_ever(length=200_000), (WHOLE,) * 2, IntegrityError),
    *(
        Row(f"8 length {said!r}, {known} known", ({"no_length": True, "headers": {"Content-Length": said}},), (WHOLE,),
            known=known)
        for said in ("-1", "abc", "400000, 400000", ["400000", "400000"])
        for known in ("all", "nothing")
    ),
    Row("9 a terabyte, size known", for_ever(length=TERABYTE), (WHOLE,) * 2, IntegrityError),
    Row("9 a terabyte, nothing known", for_ever(length=TERABYTE), (WHOLE,), ProtocolError, known="nothing"),
]  # fmt: skip
CHUNKS = [
    Row("11 chunks, proper", ({"chunked": True},), (WHOLE,), known="nothing"),
    Row("11 chunks cut", ({"chunked": True, "cut_body": 0.4},), (WHOLE, WHOLE), known="nothing"),
    Row("11 chunks cut for ever", for_ever(chunked=True, cut_body=0.4), (WHOLE,) * 3, TruncatedError),
    Row("11 no last chunk, nothing known", for_ever(chunked="unended"), (WHOLE,) * 3, TruncatedError, known="nothing"),
    Row("11 endless size line", for_ever(chunked="endless_size"), (WHOLE,), ProtocolError, known="nothing"),
    Row("11 bad size, nothing known", for_ever(chunked="bad_size"), (WHOLE,) * 3, TruncatedError, known="nothing"),
]  # fmt: skip
ENDLESS = [
    Row("12 endless, size known", for_ever(no_length=True, endless=True), (WHOLE,) * 2, IntegrityError),
    Row("12 endless, up to the cap", for_ever(no_length=True, endless=True), (WHOLE,) * 2, IntegrityError,
        known="nothing", settings={"max_track_bytes": MIB}),
    Row("12 surplus behind a length", ({"endless": True},), (WHOLE,)),
]  # fmt: skip
STALLS = [
    Row("15 stall after the headers", ({"gate": "row 15", "after": 0.0},), (WHOLE, WHOLE),
        settings={"read_timeout_s": 0.2}),
    Row("15 stall in the body", ({"gate": "row 15", "after": 0.5},), (WHOLE, REST), settings={"read_timeout_s": 0.2}),
    Row("15 stall, and no more attempts", ({"gate": "row 15", "after": 0.5},), (WHOLE,), StalledError,
        kept=(200_000,), settings={"read_timeout_s": 0.2, "attempts": 1}),
    Row("17 slow but honest", ({"rate": 800_000},), (WHOLE,), settings={"read_timeout_s": 0.5}),
]  # fmt: skip
WRONG_PARTS: dict[str, FaultEntry] = {
    "from byte 0": {"part": 0},
    "off by one": {"part": True, "shift": 1},
    "of another total": {"part": True, "total": 400_001},
    "without a Content-Range": {"headers": {"Content-Range": None}},
    "as multipart": {"multipart": True},
}
RANGES = [
    Row("19 range ignored", ("no_range",), ((200_000, 200),), partial=True),
    *(
        Row(f"20 206 {name}", (fault,), (REST, WHOLE), partial=True)
        for name, fault in WRONG_PARTS.items()
    ),
    Row("20 206 from byte 0 for ever", for_ever(part=0), (REST, (None, 206)), ProtocolError, partial=True),
    Row("20 multipart for ever", for_ever(multipart=True), (REST, (None, 206)), ProtocolError, partial=True),
    Row("21 wrong bytes in the rest", ({"wrong_bytes": 0.75},), (REST, WHOLE), partial=True),
    Row("21 wrong bytes for ever", for_ever(wrong_bytes=0.75), (REST, WHOLE), IntegrityError, partial=True),
    Row("22 206 unasked", for_ever(part=0, last=99), ((None, 206),), ProtocolError),
    Row("22 206 unasked, nothing known", for_ever(part=0, last=99), ((None, 206),), ProtocolError, known="nothing"),
    *(
        Row(f"23 416 on a piece, {name}", ({"status": 416, "headers": {"Content-Range": place}},),
            ((200_000, 416), WHOLE), partial=True)
        for name, place in {
            "nothing said": None,
            "of that length": "bytes */200000",
            "of another": "bytes */300000",
        }.items()
    ),
    Row("23 416 unasked", for_ever(status=416), ((None, 416),), ProtocolError),
]  # fmt: skip
VERSIONS = [
    Row("24 etag changed, If-Range honoured", for_ever(etag="v2"), ((200_000, 200),), partial=True),
    Row("24 etag changed between attempts", ({"cut_body": 0.5}, {"etag": "v2"}), (WHOLE, (200_000, 200))),
    Row("25 etag changed, If-Range ignored", for_ever(etag="v2", lie=True), (REST, WHOLE), partial=True),
    Row("25 etag weakened, If-Range ignored", for_ever(etag='W/"v1"', lie=True), (REST, WHOLE), partial=True,
        known="nothing"),
    Row("26 weak etag", ({"etag": 'W/"v1"', "cut_body": 0.5},), (WHOLE, WHOLE)),
    Row("26 weak etag, and no more attempts", ({"etag": 'W/"v1"', "cut_body": 0.5},), (WHOLE,), TruncatedError,
        settings={"attempts": 1}),
    Row("26 no etag", ({"etag": None, "cut_body": 0.5},), (WHOLE, WHOLE)),
    Row("26 a transcode's etag, new at each request", ({"etag": "a", "cut_body": 0.5}, {"etag": "b", "cut_body": 0.5}),
        (WHOLE, (200_000, 200), (200_000, 200)), known="nothing"),
    Row("26 compressed", for_ever(gzip=True), (WHOLE,), ProtocolError, known="nothing"),
    Row("26 compressed, with a partial", for_ever(gzip=True), ((200_000, 200),), ProtocolError, partial=True,
        kept=(200_000,)),
]  # fmt: skip

TABLE = [*BEFORE_THE_BODY, *INTERIM, *CUT, *LENGTHS, *CHUNKS, *ENDLESS, *STALLS, *RANGES, *VERSIONS]


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_row(row: Row, server: ServerHandle, tmp_path: Path) -> None:
    """Error, requests, partials and names are exactly those of the row, and the next run needs no cleaning."""
    play(row, server, tmp_path / "cache")
