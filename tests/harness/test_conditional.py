"""Ranges and preconditions as tables: what RFC 9110 wants for which headers."""

from __future__ import annotations

import pytest

from harness.server.conditional import (
    NotModified,
    Part,
    PreconditionFailed,
    Selection,
    Unsatisfiable,
    Validators,
    Whole,
    select,
)

DATE = "Sat, 07 Nov 2026 08:00:00 GMT"
CURRENT = Validators('"v1"', DATE)


def selected(headers: dict[str, str], *, method: str = "GET", size_bytes: int = 100) -> Selection:
    return select(method, headers, size_bytes=size_bytes, current=CURRENT)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=0-", Part(0, 100)),
        ("bytes=0-0", Part(0, 1)),
        ("bytes=10-19", Part(10, 20)),
        ("bytes=99-99", Part(99, 100)),
        ("bytes=10-1000", Part(10, 100)),
        ("bytes=-1", Part(99, 100)),
        ("bytes=-1000", Part(0, 100)),
        ("BYTES=5-", Part(5, 100)),
        ("bytes=100-", Unsatisfiable()),
        ("bytes=100-200", Unsatisfiable()),
        ("bytes=-0", Unsatisfiable()),
        ("bytes=5-4", Whole()),
        ("bytes=", Whole()),
        ("bytes=-", Whole()),
        ("bytes=a-b", Whole()),
        ("bytes=1", Whole()),
        ("bytes=1-2,5-6", Whole()),
        ("bytes=1-2, -1", Whole()),
        ("bytes=+1-2", Whole()),
        ("bytes=\u0661-", Whole()),
        ("bytes=" + "9" * 5000 + "-", Whole()),
        ("items=0-5", Whole()),
        ("0-5", Whole()),
        ("", Whole()),
    ],
)
def test_one_range_is_served_and_anything_else_ignored(value: str, expected: Selection) -> None:
    """A single range gives its part, 416 outside the file; several, or nonsense, give the whole."""
    assert selected({"range": value}) == expected


def test_an_empty_file_has_no_part() -> None:
    """No range of nothing can be satisfied."""
    assert selected({"range": "bytes=0-"}, size_bytes=0) == Unsatisfiable()
    assert selected({"range": "bytes=-5"}, size_bytes=0) == Unsatisfiable()


def test_a_head_has_no_range() -> None:
    """Range is defined for GET alone."""
    assert selected({"range": "bytes=5-"}, method="HEAD") == Whole()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"v1"', Part(5, 100)),
        ('"v2"', Whole()),
        ('W/"v1"', Whole()),
        ("v1", Whole()),
        (DATE, Part(5, 100)),
        ("Sat, 07 Nov 2026 08:00:01 GMT", Whole()),
        ("", Whole()),
    ],
)
def test_if_range_compares_strongly(value: str, expected: Selection) -> None:
    """A part is served only for the very version that the client has."""
    assert selected({"range": "bytes=5-", "if-range": value}) == expected


def test_if_range_never_matches_a_weak_tag_of_ours() -> None:
    """A weak tag does not identify bytes, so that even itself does not match it."""
    weak = Validators('W/"v1"', None)
    headers = {"range": "bytes=5-", "if-range": 'W/"v1"'}
    assert select("GET", headers, size_bytes=100, current=weak) == Whole()


def test_if_range_alone_means_nothing() -> None:
    """Without a Range there is nothing to make conditional."""
    assert selected({"if-range": '"v1"'}) == Whole()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"if-none-match": '"v1"'}, NotModified()),
        ({"if-none-match": 'W/"v1"'}, NotModified()),
        ({"if-none-match": '"v0", "v1"'}, NotModified()),
        ({"if-none-match": "*"}, NotModified()),
        ({"if-none-match": '"v2"'}, Whole()),
        ({"if-match": '"v1"'}, Whole()),
        ({"if-match": "*"}, Whole()),
        ({"if-match": '"v2"'}, PreconditionFailed()),
        ({"if-match": 'W/"v1"'}, PreconditionFailed()),
        ({"if-match": '"v2"', "if-none-match": '"v1"'}, PreconditionFailed()),
        ({"if-none-match": '"v1"', "range": "bytes=5-"}, NotModified()),
        ({"if-match": '"v1"', "range": "bytes=5-"}, Part(5, 100)),
    ],
)
def test_preconditions_come_before_ranges(headers: dict[str, str], expected: Selection) -> None:
    """If-Match compares strongly, If-None-Match weakly, and both before Range counts."""
    assert selected(headers) == expected
