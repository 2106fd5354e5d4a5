"""Tests of reading a ``Retry-After`` header."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chadsdk.retry import parse_retry_after

_NOW = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("7", 7.0),
        (" 120 ", 120.0),
        ("007", 7.0),
        ("9" * 16, 1e12),
        ("9" * 5000, 1e12),
        ("", None),
        (" ", None),
        ("-1", None),
        ("+5", None),
        ("1.5", None),
        ("1e3", None),
        ("0x10", None),
        ("soon", None),
        ("5 s", None),
        ("5, 6", None),
        ("٣", None),
        ("nan", None),
        ("inf", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sun, 06 Nov 1994 08:49:47 GMT", 10.0),
        ("Sun, 06 Nov 1994 08:49:07 GMT", 0.0),
        ("Sunday, 06-Nov-94 08:49:47 GMT", 10.0),
        ("Sun Nov  6 08:49:47 1994", 10.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 162_573_022.0),
        ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 99:49:37 GMT", None),
        ("Sun, 06 Nov 99999 08:49:37 GMT", None),
    ],
    ids=lambda value: repr(value)[:32],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    """Whole seconds and the three forms of a date are read (RFC 9110), what is past is now, all else is ignored."""
    assert parse_retry_after(value, now=_NOW) == seconds


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_dates_are_utc_everywhere(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    """A date means the same moment in every time zone, also in the form that names none."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for value in ("Sun, 06 Nov 1994 08:49:47 GMT", "Sunday, 06-Nov-94 08:49:47 GMT", "Sun Nov  6 08:49:47 1994"):
            assert parse_retry_after(value, now=_NOW) == 10.0
    finally:
        monkeypatch.undo()
        time.tzset()


def test_dates_are_compared_with_the_present() -> None:
    """Without a moment given, dates are seen from now."""
    assert parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT") == 0.0


@given(st.text() | st.text(st.sampled_from("0123456789 -+:.,GMTSunNov")))
def test_any_retry_after(value: str) -> None:
    """Any header at all gives a wait of 0 or more, or none."""
    seconds = parse_retry_after(value, now=_NOW)
    assert seconds is None or 0 <= seconds < math.inf
