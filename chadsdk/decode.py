"""The one strict door for JSON from outside: server replies, playlist files, manifests.

A model describes itself as a table of `Field`; the door reads a parsed object by that table, or raises one
`DataError` that names the document and the place in it. Unknown fields pass (servers grow), null counts as
absent, nothing is coerced. Models without this door would accept a number for a title, or end in a `KeyError`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple, NoReturn, TypeVar

from chadsdk.errors import DataError

__all__ = [
    "Field",
    "Misfit",
    "clean_text",
    "decode",
    "finite",
    "identifier",
    "items",
    "non_negative",
    "one_of",
    "parse_json",
    "positive",
    "read_fields",
    "secret",
    "sha256_hex",
    "text",
    "whole_number",
]

T = TypeVar("T")
Check = Callable[[object], Any]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_LARGEST_WHOLE = 2**63 - 1
_SHOWN = 60


class Misfit(Exception):  # noqa: N818 - never leaves this door, see `decode`
    """A value that does not fit; `path` grows on the way out."""

    def __init__(self, problem: str, *path: str | int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path: list[str | int] = list(path)

    @property
    def place(self) -> str:
        """The path as a person reads it, such as ``tracks[3].sizeBytes``."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return "".join(steps).removeprefix(".")


class Field(NamedTuple):
    """One field of a JSON object: its key there, its name here, what it must be, and whether it must be."""

    key: str
    attr: str
    check: Check
    required: bool = False


def parse_json(data: bytes | str, *, document: str, max_bytes: int) -> object:
    """Parse a whole JSON text.

    Args:
        data: The text; bytes are UTF-8, with or without a byte order mark.
        document: What it is, for the error.
        max_bytes: Cap, compared before anything is parsed.

    Raises:
        DataError: Too long, not UTF-8, not JSON, NaN or Infinity, nested too deeply, an endless number.
    """
    if len(data) > max_bytes:
        raise DataError(document, "", f"larger than the limit of {max_bytes} bytes")
    try:
        decoded = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        return json.loads(decoded, parse_constant=_refuse_constant)
    except UnicodeDecodeError as exc:
        raise DataError(document, f"byte {exc.start}", "not UTF-8") from exc
    except json.JSONDecodeError as exc:
        raise DataError(document, f"line {exc.lineno} column {exc.colno}", f"not JSON: {exc.msg}") from exc
    except RecursionError as exc:
        raise DataError(document, "", "nested too deeply") from exc
    except ValueError as exc:
        raise DataError(document, "", f"not JSON: {exc}") from exc


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def decode(document: str, read: Callable[[object], T], value: object) -> T:
    """Apply `read` to a parsed value; what does not fit becomes one `DataError` with its place."""
    try:
        return read(value)
    except Misfit as misfit:
        raise DataError(document, misfit.place, misfit.problem) from None


def read_fields(value: object, fields: tuple[Field, ...]) -> dict[str, Any]:
    """Give the fields of a JSON object that are present, by their names here.

    Raises:
        Misfit: Not an object, a required field is absent or null, or a value does not fit.
    """
    if type(value) is not dict:
        raise _expected("an object", value)
    found: dict[str, Any] = {}
    for key, attr, check, required in fields:
        raw = value.get(key)
        if raw is None:
            if required:
                raise Misfit("must not be null" if key in value else "is required but missing", key)
            continue
        try:
            found[attr] = check(raw)
        except Misfit as misfit:
            misfit.path.insert(0, key)
            raise
    return found


def items(value: object, read: Callable[[object], T]) -> list[T]:
    """Read each item of a JSON array."""
    if type(value) is not list:
        raise _expected("an array", value)
    done: list[T] = []
    try:
        for item in value:
            done.append(read(item))  # noqa: PERF401 - the length tells the place of the error
    except Misfit as misfit:
        misfit.path.insert(0, len(done))
        raise
    return done


def text(value: object) -> str:
    """Take any string that can be written as UTF-8."""
    if type(value) is not str:
        raise _expected("a string", value)
    if not value.isascii() and _has_surrogate(value):
        raise Misfit("holds half a character (a lone surrogate)")
    return value


def clean_text(value: object) -> str:
    """Take a string meant for people; what no file can hold (lone surrogates) is replaced by U+FFFD."""
    if type(value) is not str:
        raise _expected("a string", value)
    if not value.isascii() and _has_surrogate(value):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def identifier(value: object) -> str:
    """Take a string that names something: not empty, no control characters."""
    name = text(value)
    if not name or _CONTROL.search(name):
        raise _expected("a non-empty string without control characters", value)
    return name


def secret(value: object) -> str:
    """Take a token; never shown in the error."""
    if type(value) is not str or not value:
        raise Misfit("expected a non-empty string")
    return value


def whole_number(value: object) -> int:
    """Take an integer from 0 to 2**63 - 1; true, 3.0 and "3" are not."""
    if type(value) is not int:
        raise _expected("an integer", value)
    if not 0 <= value <= _LARGEST_WHOLE:
        raise _expected("an integer of 0 or more", value)
    return value


def finite(value: object) -> float:
    """Take a number that is neither infinite nor NaN."""
    if type(value) is not float and type(value) is not int:
        raise _expected("a number", value)
    try:
        number = float(value)
    except OverflowError:
        raise _expected("a finite number", value) from None
    if not math.isfinite(number):
        raise _expected("a finite number", value)
    return number


def non_negative(value: object) -> float:
    """Take a finite number of 0 or more."""
    number = finite(value)
    if number < 0:
        raise _expected("a number of 0 or more", value)
    return number


def positive(value: object) -> float:
    """Take a finite number above 0."""
    number = finite(value)
    if number <= 0:
        raise _expected("a number above 0", value)
    return number


def one_of(kind: type[StrEnum]) -> Check:
    """Give the check that takes the values of a closed set of words."""
    words = {member.value: member for member in kind}

    def check(value: object) -> StrEnum:
        if type(value) is not str or value not in words:
            raise _expected(f"one of {', '.join(words)}", value)
        return words[value]

    return check


def sha256_hex(value: object) -> str:
    """Take a SHA-256 as 64 hex digits; lower-cased."""
    digits = text(value)
    if not _SHA256.fullmatch(digits):
        raise _expected("64 hex digits", value)
    return digits.lower()


def _has_surrogate(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False


def _expected(wanted: str, value: object) -> Misfit:
    return Misfit(f"expected {wanted}, got {_shown(value)}")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LARGEST_WHOLE:
        return "a huge number"
    if isinstance(value, str):
        value = value[: _SHOWN + 1]
    elif value is not None and not isinstance(value, int | float):
        return f"a Python {type(value).__name__}"  # not out of JSON, but handed to `from_dict`
    shown = json.dumps(value)
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
