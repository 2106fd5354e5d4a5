"""What the server's API says: tracks, pages, tokens; any text as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from chadsdk.decode import decode, parse_json
from chadsdk.errors import DataError
from chadsdk.wire import ChadTrack, read_page, read_tokens
from tests.fuzz.target import Target, edited
from tests.values.samples import TRACK

__all__ = ["TARGET"]

_PAGE = {"id": "p", "name": "Friday", "tracks": [TRACK, TRACK], "nextCursor": "c"}
_CANARY = "canary-7f3a"
_TOKENS = {"token": _CANARY, "refreshToken": _CANARY}


def _take(data: bytes) -> None:
    kind, rest = data[:1], data[1:]
    match kind[0] % 4 if kind else 0:
        case 0:
            _take_text(rest)
        case 1:
            _take_track(edited(TRACK, rest))
        case 2:
            _take_page(edited(_PAGE, rest))
        case _:
            _take_tokens(edited(_TOKENS, rest))


def _take_text(data: bytes) -> None:
    try:
        value = parse_json(data, document="x", max_bytes=1024)
    except DataError as exc:
        assert str(exc).isprintable()
        return
    assert len(data) <= 1024
    for read in (ChadTrack.read, read_page, read_tokens):
        try:
            decode("x", read, value)
        except DataError as exc:
            assert len(str(exc)) < 1024 + len(data)


def _take_track(value: object) -> None:
    try:
        track = ChadTrack.from_dict(value)
    except DataError:
        return
    assert ChadTrack.from_json(track.to_json()) == track
    track.source()


def _take_page(value: object) -> None:
    try:
        page = decode("x", read_page, value)
    except DataError:
        return
    assert isinstance(value, dict)
    assert len(page.tracks) == len(value["tracks"])


def _take_tokens(value: object) -> None:
    try:
        tokens = decode("x", read_tokens, value)
    except DataError as exc:
        assert _CANARY not in str(exc)
        return
    assert _CANARY not in repr(tokens)


def _seeds() -> Iterator[bytes]:
    for document in (TRACK, _PAGE, _TOKENS, None, [1.5, "\ud800", True]):
        yield b"\0" + json.dumps(document).encode()
    yield b"\0" + b"[" * 900
    yield b"\0" + b"9" * 900
    yield from (bytes([kind, place]) + word for kind in (1, 2, 3) for place in range(4) for word in (b"", b"\5", b"-1"))


TARGET = Target(
    take=_take,
    seeds=_seeds,
    words=(
        *(b"NaN", b"Infinity", b"\\ud800", b"1e999", b"null", b"[[", b"{}", b"\xef\xbb\xbf", b"\xff"),
        *tuple(f'"{key}":'.encode() for key in (*TRACK, *_PAGE, *_TOKENS)),
    ),
)
