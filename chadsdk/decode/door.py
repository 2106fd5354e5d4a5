"""From a JSON text to fields, or to one `DataError`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from chadsdk.decode.misfit import Misfit, expected
from chadsdk.errors import DataError

__all__ = ["Check", "Field", "decode", "items", "parse_json", "read_fields"]

T = TypeVar("T")
Check = Callable[[object], Any]

_MOST_DIGITS = 30  # more than any check takes; Python refuses to convert thousands


class Field(NamedTuple):
    """One field of a JSON object: its key there, its name here, what it must be, and whether it must be."""

    key: str
    attr: str
    check: Check
    required: bool = False


def parse_json(data: bytes | str, *, document: str, max_bytes: int) -> object:
    """Parse a whole JSON text.

    NaN, the infinities and endless numbers come out as floats: the checks refuse them, with the place, so that one
    field does not spoil the document.

    Args:
        data: The text; bytes are UTF-8, with or without a byte order mark.
        document: What it is, for the error.
        max_bytes: Cap, compared before anything is parsed.

    Raises:
        DataError: Too long, not UTF-8, not JSON, nested too deeply.
    """
    if len(data) > max_bytes:
        raise DataError(document, "", f"larger than the limit of {max_bytes} bytes")
    try:
        decoded = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        return json.loads(decoded, parse_constant=float, parse_int=_whole)
    except UnicodeDecodeError as exc:
        raise DataError(document, f"byte {exc.start}", "not UTF-8") from exc
    except json.JSONDecodeError as exc:
        raise DataError(document, f"line {exc.lineno} column {exc.colno}", f"not JSON: {exc.msg}") from exc
    except RecursionError as exc:
        raise DataError(document, "", "nested too deeply") from exc
    except ValueError as exc:
        raise DataError(document, "", f"not JSON: {exc}") from exc


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


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
        raise expected("an object", value)
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
        raise expected("an array", value)
    done: list[T] = []
    try:
        for item in value:
            done.append(read(item))  # noqa: PERF401 - the length tells the place of the error
    except Misfit as misfit:
        misfit.path.insert(0, len(done))
        raise
    return done
