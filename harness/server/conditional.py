"""Which part of a file a request gets (RFC 9110, sections 13 and 14). Pure: no I/O, no state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["NotModified", "Part", "PreconditionFailed", "Selection", "Unsatisfiable", "Validators", "Whole", "select"]

# One range only. Several, or a malformed one, count as none: 14.2 lets a server ignore what it does not
# want to serve, and tells it to ignore what it cannot parse. 18 digits keep the numbers small.
SINGLE_RANGE = re.compile(r"bytes=[ \t]*(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))[ \t]*", re.IGNORECASE | re.ASCII)
ENTITY_TAG = re.compile(r'(?:W/)?"[^"]*"')


@dataclass(frozen=True, slots=True)
class Validators:
    """What identifies a version of a file; `etag` includes its quotes, `last_modified` may be unknown."""

    etag: str
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class Whole:
    """200: everything."""


@dataclass(frozen=True, slots=True)
class Part:
    """206: the bytes from `start` up to and without `stop`."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """416: a range, but none of it lies in the file."""


@dataclass(frozen=True, slots=True)
class NotModified:
    """304: the client has this version."""


@dataclass(frozen=True, slots=True)
class PreconditionFailed:
    """412: the client wanted another version."""


Selection = Whole | Part | Unsatisfiable | NotModified | PreconditionFailed


def select(method: str, headers: Mapping[str, str], *, size_bytes: int, current: Validators) -> Selection:
    """What a GET or HEAD with these headers (lower-case names) gets, in the order of RFC 9110, 13.2.2."""
    if_match, if_none_match = headers.get("if-match"), headers.get("if-none-match")
    if if_match is not None and not _names(if_match, current.etag, weakly=False):
        return PreconditionFailed()
    if if_none_match is not None and _names(if_none_match, current.etag, weakly=True):
        return NotModified()
    wanted = headers.get("range")
    # Range is defined for GET only (14.2).
    if wanted is None or method != "GET" or not _range_applies(headers.get("if-range"), current):
        return Whole()
    return _resolved(wanted, size_bytes)


def _range_applies(if_range: str | None, current: Validators) -> bool:
    """Strong comparison (13.1.5): a weak tag, or a date that is not exactly ours, means the whole file."""
    if if_range is None:
        return True
    if if_range.startswith('"'):
        return if_range == current.etag
    return current.last_modified is not None and if_range == current.last_modified


def _names(condition: str, etag: str, *, weakly: bool) -> bool:
    if condition.strip() == "*":
        return True
    tags = ENTITY_TAG.findall(condition)
    if weakly:
        return etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in tags}
    return not etag.startswith("W/") and etag in tags


def _resolved(wanted: str, size_bytes: int) -> Selection:
    match = SINGLE_RANGE.fullmatch(wanted.strip())
    if match is None:
        return Whole()
    first, last, suffix = match.groups()
    if suffix is not None:
        length = min(int(suffix), size_bytes)
        return Part(size_bytes - length, size_bytes) if length else Unsatisfiable()
    start, stop = int(first), int(last) + 1 if last else size_bytes
    if last and stop <= start:
        return Whole()  # last before first is malformed (14.1.1)
    return Part(start, min(stop, size_bytes)) if start < size_bytes else Unsatisfiable()
