"""Tests of what the server says: tracks, pages, tokens."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chadsdk.decode import decode, parse_json
from chadsdk.errors import DataError
from chadsdk.wire import BadTrack, ChadTrack, PlaylistPage, Tokens, read_page, read_tokens
from tests.values.samples import TRACK
from tests.values.support import any_json

_KEYS = tuple(TRACK)
_TEXTS = ("id", "title", "streamPath", "artist", "album", "contentType", "revision", "sha256")
_BAD_TEXTS: list[object] = [1, 1.5, True, [], {}, ["a"], {"a": 1}]
_BAD_NUMBERS: list[object] = [-1, "1", True, [], {}, math.nan, math.inf, -math.inf, 10**400]
_MALFORMED: list[tuple[str, object]] = [
    *((key, value) for key in _TEXTS for value in _BAD_TEXTS),
    *((key, "\ud800") for key in ("id", "streamPath", "contentType", "revision", "sha256")),
    *(("id", value) for value in ("", "a\0", "a\r\nb")),
    *(("sha256", value) for value in ("", "ab", "zz" * 32)),
    *(("durationSeconds", value) for value in (*_BAD_NUMBERS, 1e308)),
    *(("sizeBytes", value) for value in (*_BAD_NUMBERS, 3.0, 1e300, 2**63)),
    *((key, None) for key in ("id", "title", "streamPath")),
]


@pytest.mark.parametrize(("key", "value"), _MALFORMED, ids=lambda value: ascii(value)[:20])
def test_a_malformed_track_names_its_field(key: str, value: object) -> None:
    """Each field that is not what it must be gives one `DataError` that names it."""
    with pytest.raises(DataError) as caught:
        ChadTrack.from_dict({**TRACK, key: value})
    assert caught.value.place == key


@pytest.mark.parametrize("key", ["id", "title", "streamPath"])
def test_a_track_without_what_it_needs(key: str) -> None:
    """Id, title and stream path must be there."""
    with pytest.raises(DataError) as caught:
        ChadTrack.from_dict({k: v for k, v in TRACK.items() if k != key})
    assert (caught.value.place, caught.value.problem) == (key, "is required but missing")


@pytest.mark.parametrize("value", [None, [], [TRACK], "t-1", 1, True, b"{}", object()], ids=lambda v: repr(v)[:12])
def test_a_track_that_is_no_object(value: object) -> None:
    """What is no object at all is refused as a whole."""
    with pytest.raises(DataError) as caught:
        ChadTrack.from_dict(value)
    assert caught.value.place == ""


def test_the_least_of_a_track() -> None:
    """All but id, title and stream path may be absent or null, and unknown fields are ignored."""
    least = {"id": "t", "title": "", "streamPath": "/x"}
    nulls = dict.fromkeys(set(_KEYS) - set(least))
    assert ChadTrack.from_dict({**least, **nulls, "mood": 7}) == ChadTrack("t", "", "/x") == ChadTrack.from_dict(least)


def test_tracks_speak_camel_case() -> None:
    """What a track writes is what the server would have said, and reading it again gives the same track."""
    track = ChadTrack.from_dict(TRACK)
    assert json.loads(track.to_json()) == TRACK
    assert ChadTrack.from_json(track.to_json()) == track
    assert ChadTrack.from_json(bytearray(track.to_json().encode())) == track


def test_the_server_is_not_part_of_the_json() -> None:
    """A reply cannot say which server it came from: that is known to whoever asked."""
    assert ChadTrack.from_dict({**TRACK, "server": "evil"}).server == ""
    assert "server" not in ChadTrack("t", "a", "/x", server="s").to_dict()


def test_a_source_has_all_that_the_track_knows_of_its_bytes() -> None:
    """Nothing that a download can be checked by is lost on the way to the `CloudSource`."""
    track = ChadTrack.from_dict(TRACK)
    source = track.source()
    for each in fields(source):
        if each.name not in {"track_id", "server"}:
            assert getattr(source, each.name) == getattr(track, each.name)
    assert source.track_id == "t-1"


@given(any_json(*_KEYS))
def test_any_json_as_a_track(value: object) -> None:
    """Any JSON value is a track or a `DataError`."""
    try:
        track = ChadTrack.from_dict(value)
    except DataError:
        return
    assert ChadTrack.from_json(track.to_json()) == track


@given(any_json("id", "name", "tracks", "nextCursor", *_KEYS))
def test_any_json_as_a_page(value: object) -> None:
    """Any JSON value is a page or a `DataError`."""
    try:
        page = decode("x", read_page, value)
    except DataError:
        return
    assert isinstance(page, PlaylistPage)


@given(st.lists(any_json(*_KEYS) | st.just(TRACK)))
def test_every_item_of_a_page_is_kept(tracks: list[object]) -> None:
    """Whatever stands in the list of tracks, each item is kept at its place, good or bad."""
    page = decode("x", read_page, {"id": "p", "name": "n", "tracks": tracks})
    assert len(page.tracks) == len(tracks)
    for item, read in zip(tracks, page.tracks, strict=True):
        if item == TRACK:
            assert read == ChadTrack.from_dict(TRACK)


def test_one_bad_track_does_not_spoil_the_others() -> None:
    """A bad item becomes a `BadTrack` that says what is wrong and keeps its id and title; the others are whole."""
    bad = {**TRACK, "id": "t-2", "sizeBytes": "big"}
    page = decode("x", read_page, {"id": "p", "name": "n", "tracks": [TRACK, bad, None, TRACK], "nextCursor": "c"})
    good = ChadTrack.from_dict(TRACK)
    assert page.tracks == (
        good,
        BadTrack('sizeBytes: expected an integer, got "big"', "Night Drive", "t-2"),
        BadTrack("expected an object, got null", None, None),
        good,
    )
    assert page.next_cursor == "c"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"id": None}, "id"),
        ({"id": ""}, "id"),
        ({"name": 3}, "name"),
        ({"tracks": None}, "tracks"),
        ({"tracks": {"0": TRACK}}, "tracks"),
        ({"nextCursor": 7}, "nextCursor"),
    ],
)
def test_a_malformed_page(change: dict[str, object], place: str) -> None:
    """What is wrong with the page itself is one `DataError`."""
    with pytest.raises(DataError) as caught:
        decode("x", read_page, {"id": "p", "name": "n", "tracks": [], **change})
    assert caught.value.place == place


def test_tokens() -> None:
    """A refresh reply holds a token and perhaps the next refresh token; its `repr` shows neither."""
    tokens = decode("x", read_tokens, {"token": "canary-1", "refreshToken": "canary-2"})
    assert (tokens.token, tokens.refresh_token) == ("canary-1", "canary-2")
    assert "canary" not in repr(tokens)
    assert decode("x", read_tokens, {"token": "a", "refreshToken": None}).refresh_token is None


@pytest.mark.parametrize(
    "value",
    [
        "canary",
        ["canary"],
        None,
        {},
        {"token": None, "refreshToken": "canary"},
        {"token": ["canary"]},
        {"token": ""},
        {"token": "canary", "refreshToken": {"canary": 1}},
        {"accessToken": "canary"},
    ],
    ids=ascii,
)
def test_malformed_tokens_are_not_shown(value: object) -> None:
    """A refresh reply of another shape is one `DataError` that holds nothing of the reply."""
    with pytest.raises(DataError) as caught:
        decode("x", read_tokens, value)
    assert "canary" not in str(caught.value)


@given(any_json("token", "refreshToken"))
def test_any_json_as_tokens(value: object) -> None:
    """Any JSON value is tokens or a `DataError`."""
    with suppress(DataError):
        assert isinstance(decode("x", read_tokens, value), Tokens)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "9" * 5000], ids=ascii)
def test_a_number_that_is_none_does_not_spoil_the_page(number: str) -> None:
    """A track with NaN, an infinity or an endless number for its length is bad; the others of its page are whole."""
    good = json.dumps(TRACK)
    bad = json.dumps({**TRACK, "id": "t-2", "durationSeconds": "?"}).replace('"?"', number)
    text = f'{{"id": "p", "name": "n", "tracks": [{good}, {bad}, {good}], "mood": {number}}}'
    page = decode("x", read_page, parse_json(text, document="x", max_bytes=1_000_000))
    first, second, third = page.tracks
    assert first == third == ChadTrack.from_dict(TRACK)
    assert isinstance(second, BadTrack)
    assert second.problem.startswith("durationSeconds: expected a finite number, got ")
    assert second.track_id == "t-2"
