"""Which bytes of a file are had: sorted ranges ``(start, stop)``, `stop` exclusive, that neither touch nor overlap."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Span", "gaps", "held_bytes", "joined"]

Span = tuple[int, int]


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Sort ranges and join those that touch or overlap; empty ones vanish."""
    found: list[Span] = []
    for start, stop in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        elif start < stop:
            found.append((start, stop))
    return tuple(found)


def gaps(spans: Iterable[Span], total_bytes: int) -> tuple[Span, ...]:
    """Give what lies between joined ranges, up to the end of the file."""
    found: list[Span] = []
    at = 0
    for start, stop in (*spans, (total_bytes, total_bytes)):
        if at < start:
            found.append((at, start))
        at = max(at, stop)
    return tuple(found)


def held_bytes(spans: Iterable[Span]) -> int:
    """Give how many bytes are in joined ranges."""
    return sum(stop - start for start, stop in spans)
