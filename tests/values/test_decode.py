"""Tests of the JSON door: parsing, the checks, and the places that errors name."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chadsdk.decode import (
    Field,
    clean_text,
    decode,
    finite,
    identifier,
    items,
    non_negative,
    one_of,
    parse_json,
    positive,
    read_fields,
    secret,
    sha256_hex,
    text,
    whole_number,
)
from chadsdk.errors import DataError, Reason

_LIMIT = 1_000_000
_DIGEST = "ab" * 32


def _parse(data: bytes | str) -> object:
    return parse_json(data, document="friday.json", max_bytes=_LIMIT)


@pytest.mark.parametrize(
    ("data", "place", "problem"),
    [
        (b"", "line 1 column 1", "not JSON"),
        (b"{", "line 1 column 2", "not JSON"),
        (b'{"a": 1,\n}', "line 2 column 1", "not JSON"),
        (b"{} {}", "line 1 column 4", "not JSON"),
        (b"{'a': 1}", "line 1 column 2", "not JSON"),
        (b'{"a": "\xff"}', "byte 7", "not UTF-8"),
        ("{}".encode("utf-16"), "byte 0", "not UTF-8"),
        (b"\xef\xbb\xbf\xef\xbb\xbf{}", "line 1 column 1", "not JSON"),
        (b"[" * 100_000, "", "nested too deeply"),
        (b'{"a":' * 100_000, "", "nested too deeply"),
        (b'"' + b"a" * _LIMIT + b'"', "", "larger than the limit"),
        (b" " * (_LIMIT + 1), "", "larger than the limit"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_not_json(data: bytes, place: str, problem: str) -> None:
    """Whatever is wrong with a text, one `DataError` names document, place and problem."""
    with pytest.raises(DataError) as caught:
        _parse(data)
    assert (caught.value.document, caught.value.place) == ("friday.json", place)
    assert problem in caught.value.problem


def test_text_that_starts_with_a_byte_order_mark() -> None:
    """A mark in front of the bytes, as Windows editors leave it, does no harm; in a string it is no JSON."""
    assert _parse(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
    with pytest.raises(DataError):
        _parse("\ufeff{}")


def test_a_body_of_exactly_the_limit() -> None:
    """The limit itself is allowed."""
    assert parse_json(b"[1, 2]", document="x", max_bytes=6) == [1, 2]
    with pytest.raises(DataError):
        parse_json(b"[1, 2]", document="x", max_bytes=5)


@given(st.binary(max_size=40) | st.text(max_size=40))
def test_any_bytes_and_any_text(data: bytes | str) -> None:
    """Any input at all is parsed or refused with a `DataError`."""
    with suppress(DataError):
        _parse(data)


_HUGE = 10**400
_CHECKS: list[tuple[Callable[[object], object], list[object], list[object]]] = [
    (text, ["", "a", "ä\0"], [None, 1, True, [], {}, b"a", "\ud800", "a\udfffb"]),
    (clean_text, ["", "a", "ä\0"], [None, 1, True, [], {}, b"a"]),
    (identifier, ["a", "ä b", "../x"], [None, "", "a\nb", "a\0", "\x85", "\ud800", 1, True, [], {}]),
    (secret, ["a"], [None, "", 1, True, ["a"], {}]),
    (whole_number, [0, 1, 2**63 - 1], [None, -1, 2**63, _HUGE, True, False, 3.0, "3", math.nan, [], {}]),
    (finite, [0, -1.5, 2**63], [None, math.nan, math.inf, -math.inf, _HUGE, -_HUGE, True, "1", [], {}]),
    (non_negative, [0, 1.5], [-1, -0.1, math.nan, math.inf, _HUGE, True, "1", None]),
    (positive, [1, 0.1], [0, 0.0, -1, math.nan, math.inf, _HUGE, True, "1", None]),
    (sha256_hex, [_DIGEST], [None, "", _DIGEST[1:], _DIGEST + "a", "g" * 64, _DIGEST + "\n", "０" * 64, 1]),  # noqa: RUF001
    (one_of(Reason), ["auth", "no_source"], [None, "", "AUTH", "nothing", 1, ["auth"], {}, "\ud800"]),
]


@pytest.mark.parametrize(
    ("check", "value"), [(check, value) for check, good, _ in _CHECKS for value in good], ids=lambda x: repr(x)[:20]
)
def test_what_fits_is_taken_as_it_is(check: Callable[[object], object], value: object) -> None:
    """What fits comes out equal."""
    assert decode("x", check, value) == value


@pytest.mark.parametrize(
    ("check", "value"), [(check, value) for check, _, bad in _CHECKS for value in bad], ids=lambda x: repr(x)[:20]
)
def test_what_does_not_fit_is_refused(check: Callable[[object], object], value: object) -> None:
    """Nothing is coerced: what does not fit is a short `DataError`."""
    with pytest.raises(DataError) as caught:
        decode("x", check, value)
    assert len(str(caught.value)) < 400


def test_text_for_people_is_made_writable() -> None:
    """Half a character in a title is replaced, a pair of halves is joined; neither costs the track."""
    assert clean_text("a\ud800b") == "a\ufffdb"
    assert clean_text("\ud83d\ude00") == "\U0001f600"


def test_digests_come_out_lower_case() -> None:
    """However a digest is spelled, it compares equal."""
    assert sha256_hex("AB" * 32) == _DIGEST


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000_000, ["x"] * 1000, {"a": "x" * 1000}, _HUGE, b"bytes", {1}, object()],
    ids=lambda v: repr(v)[:5],
)
@pytest.mark.parametrize("check", [sha256_hex, whole_number, one_of(Reason)])
def test_errors_stay_short(check: Callable[[object], object], value: object) -> None:
    """What was got is shown cut, or only by its kind, also what JSON cannot hold at all."""
    with pytest.raises(DataError) as caught:
        decode("x", check, value)
    assert len(str(caught.value)) < 400


def test_a_secret_is_never_shown() -> None:
    """The error of a token that does not fit does not hold it."""
    with pytest.raises(DataError) as caught:
        decode("x", lambda value: read_fields(value, (Field("token", "token", secret),)), {"token": ["canary"]})
    assert "canary" not in str(caught.value)


_INNER = (Field("sizeBytes", "size_bytes", whole_number, required=True), Field("title", "title", text))


def _outer(value: object) -> object:
    tracks = Field("tracks", "tracks", lambda got: items(got, lambda one: read_fields(one, _INNER)), required=True)
    return read_fields(value, (tracks,))


@pytest.mark.parametrize(
    ("value", "place", "problem"),
    [
        ([], "", "expected an object, got an array"),
        (None, "", "expected an object, got null"),
        ({}, "tracks", "is required but missing"),
        ({"tracks": None}, "tracks", "must not be null"),
        ({"tracks": {}}, "tracks", "expected an array, got an object"),
        ({"tracks": [3]}, "tracks[0]", "expected an object, got 3"),
        ({"tracks": [{"sizeBytes": 1}] * 3 + [{"sizeBytes": "big"}]}, "tracks[3].sizeBytes", 'got "big"'),
        ({"tracks": [{"sizeBytes": 1}, {}]}, "tracks[1].sizeBytes", "is required but missing"),
        ({"tracks": [{"sizeBytes": 1, "title": True}]}, "tracks[0].title", "expected a string, got true"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_errors_name_the_place(value: object, place: str, problem: str) -> None:
    """The place is the path from the top of the document, as a person would write it."""
    with pytest.raises(DataError) as caught:
        decode("the reply", _outer, value)
    assert caught.value.place == place
    assert problem in caught.value.problem


def test_unknown_and_null_fields() -> None:
    """Unknown fields pass, because servers grow, and null counts as absent."""
    value: object = {"tracks": [{"sizeBytes": 1, "title": None, "mood": {"deep": []}}]}
    assert decode("x", _outer, value) == {"tracks": [{"size_bytes": 1}]}


@pytest.mark.parametrize("check", [finite, non_negative, whole_number])
@pytest.mark.parametrize(
    ("number", "shown"),
    [("NaN", "NaN"), ("Infinity", "Infinity"), ("-Infinity", "-Infinity"), ("9" * 5000, "Infinity")],
    ids=["nan", "inf", "-inf", "endless"],
)
def test_a_number_that_is_none_has_a_place(check: Callable[[object], object], number: str, shown: str) -> None:
    """What is no number to JSON spoils only the field that it stands in, and the error names that field."""
    value = _parse(f'{{"a": [1, {number}], "b": {number}}}')
    with pytest.raises(DataError) as caught:
        decode("x", lambda got: read_fields(got, (Field("b", "b", check),)), value)
    assert caught.value.place == "b"
    assert caught.value.problem.endswith(f", got {shown}")
    assert decode("x", lambda got: read_fields(got, (Field("c", "c", check),)), value) == {}


@pytest.mark.parametrize("digits", [1, 19, 30, 31, 300, 4299])
def test_long_numbers_keep_their_worth(digits: int) -> None:
    """A whole number of any length is the number that it says, to the precision of a float where it is long."""
    number = "7" * digits
    assert _parse(number) == (int(number) if digits <= 30 else float(number))
