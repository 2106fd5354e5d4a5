"""What a single value may be; each check gives the value or raises `Misfit`."""

from __future__ import annotations

import math
import re
from enum import StrEnum

from chadsdk.decode.door import Check
from chadsdk.decode.misfit import Misfit, expected

__all__ = [
    "LARGEST_NUMBER",
    "clean_text",
    "finite",
    "identifier",
    "non_negative",
    "one_of",
    "positive",
    "secret",
    "sha256_hex",
    "text",
    "whole_number",
]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_LARGEST_WHOLE = 2**63 - 1
LARGEST_NUMBER = 1e20
"""More seconds, decibels or beats than anybody means, and far from where sums and quotients become infinite."""


def text(value: object) -> str:
    """Take any string that can be written as UTF-8."""
    if type(value) is not str:
        raise expected("a string", value)
    if not value.isascii() and _has_surrogate(value):
        raise Misfit("holds half a character (a lone surrogate)")
    return value


def clean_text(value: object) -> str:
    """Take a string meant for people; what no file can hold (lone surrogates) is replaced by U+FFFD."""
    if type(value) is not str:
        raise expected("a string", value)
    if not value.isascii() and _has_surrogate(value):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def identifier(value: object) -> str:
    """Take a string that names something: not empty, no control characters."""
    name = text(value)
    if not name or _CONTROL.search(name):
        raise expected("a non-empty string without control characters", value)
    return name


def secret(value: object) -> str:
    """Take a token; never shown in the error."""
    if type(value) is not str or not value:
        raise Misfit("expected a non-empty string")
    return value


def whole_number(value: object) -> int:
    """Take an integer from 0 to 2**63 - 1; true, 3.0 and "3" are not."""
    if type(value) is not int:
        raise expected("an integer", value)
    if not 0 <= value <= _LARGEST_WHOLE:
        raise expected("an integer of 0 or more", value)
    return value


def finite(value: object) -> float:
    """Take a number that is neither infinite nor NaN, nor as good as infinite."""
    if type(value) is not float and type(value) is not int:
        raise expected("a number", value)
    try:
        number = float(value)
    except OverflowError:
        raise expected("a finite number", value) from None
    if not math.isfinite(number):
        raise expected("a finite number", value)
    if abs(number) > LARGEST_NUMBER:
        raise expected("a number that can be reckoned with", value)
    return number


def non_negative(value: object) -> float:
    """Take a finite number of 0 or more."""
    number = finite(value)
    if number < 0:
        raise expected("a number of 0 or more", value)
    return number


def positive(value: object) -> float:
    """Take a finite number above 0."""
    number = finite(value)
    if number <= 0:
        raise expected("a number above 0", value)
    return number


def one_of(kind: type[StrEnum]) -> Check:
    """Give the check that takes the values of a closed set of words."""
    words = {member.value: member for member in kind}

    def check(value: object) -> StrEnum:
        if type(value) is not str or value not in words:
            raise expected(f"one of {', '.join(words)}", value)
        return words[value]

    return check


def sha256_hex(value: object) -> str:
    """Take a SHA-256 as 64 hex digits; lower-cased."""
    digits = text(value)
    if not _SHA256.fullmatch(digits):
        raise expected("64 hex digits", value)
    return digits.lower()


def _has_surrogate(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False
