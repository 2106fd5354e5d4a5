"""Results made by hand, for what renders and judges them."""

from __future__ import annotations

from benchmarks.result import Results, Row, Sample, Series

__all__ = ["results", "series"]


def series(name: str = "bulk", **walls_s: tuple[float, ...]) -> Series:
    """Ten files of 1 MB, and how long each contender took; underscores in names stand for spaces."""
    samples = {
        who.replace("_", " "): tuple(Sample(wall_s, wall_s / 2) for wall_s in walls) for who, walls in walls_s.items()
    }
    return Series(name, f"{name} of ten", 10, 10_000_000, samples)


def results(*rows: Row, of: tuple[Series, ...] = ()) -> Results:
    """A smoke run with these rows."""
    return Results("smoke", {"cores": "2", "CPU": "Abacus"}, {"chadsdk": "1.2.3"}, ("wget2 is absent",), of, rows)
