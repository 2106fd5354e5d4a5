"""Bulk and small: how fast files come, from a server that is faster than any client."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bench import Bench, Entrant, Outcome, Race, fresh_folder, job_for
from benchmarks.goal import Goal
from benchmarks.result import CPU_PER_GB, FILES_PER_S, OURS, WALL, Measure, Row, Series, compare
from benchmarks.servers import Origin, serving
from benchmarks.servers.certificate import make_certificate
from benchmarks.servers.origin import Software
from harness.build import plain_world
from harness.process import TlsFiles
from harness.world import World

__all__ = ["bulk", "bulk_disk", "bulk_tls", "digest", "small", "small_disk"]

EVERYBODY = (
    OURS,
    "curl -Z",
    "aria2c",
    "wget2",
    "requests",
    "httpx",
    "aiohttp",
    "pycurl",
    "huggingface_hub",
    "pooch",
)
BULK_GOALS = {
    "curl -Z": Goal("at most", 0.9),
    "aria2c": Goal("at most", 0.9),
    "requests": Goal("at most", 1.0),
    "huggingface_hub": Goal("at most", 0.4),
}
SMALL_GOALS = {
    "requests": Goal("at least", 1.0),
    "pooch": Goal("at least", 3.0),
    "aiohttp": Goal("at least", 1.0, noise=math.inf, text="≥ 1 (stretch)"),
}
TLS_SMOKE = (OURS, "curl -Z", "requests")
TLS_NAMES = (*TLS_SMOKE, "aria2c", "aiohttp", "pycurl")
FEW = (OURS, "curl -Z", "aria2c", "requests")
WITHOUT_DIGEST = f"{OURS}, sha256 unknown"
FLUSHED = "ours is flushed to disk, theirs is not"


@contextmanager
def _served(
    bench: Bench, count: int, size_bytes: int, *, software: Software | None = None, tls: TlsFiles | None = None
) -> Iterator[tuple[World, Origin]]:
    with fresh_folder(bench.places.ram / "world") as folder:
        world = plain_world(folder, [size_bytes] * count)
        with serving(world, software or bench.software, tls=tls) as origin:
            yield world, origin


def _names(bench: Bench, goals: Mapping[str, Goal]) -> tuple[str, ...]:
    """Who runs: everybody, but in the smoke form only those whom a goal is about."""
    return tuple(name for name in EVERYBODY if name == OURS or name in goals or not bench.sizes.is_smoke)


def _rows(
    bench: Bench, series: Series, measure: Measure, names: Sequence[str], goals: Mapping[str, Goal]
) -> tuple[Row, ...]:
    """A row for each peer, those with a goal first."""
    others = [name for name in names if name != OURS and name not in goals]
    held = [compare(series, measure, name, bench.goal_in_ram(goal)) for name, goal in goals.items()]
    return (*held, *(compare(series, measure, name, None) for name in others))


def bulk(bench: Bench) -> Outcome:
    """64 files of 16 MiB over http, 4 connections."""
    sizes, names = bench.sizes, _names(bench, BULK_GOALS)
    race = Race("bulk", f"bulk, http, {bench.places.ram_name}", bench.places.ram, bench.rounds_of(sizes.rounds))
    with _served(bench, sizes.bulk_files, sizes.bulk_bytes) as (world, origin):
        entrants = bench.entrants(names, lambda to: job_for(origin, world, to), once=("pooch",))
        series = race.run(bench, entrants)
    return Outcome(_rows(bench, series, WALL, names, BULK_GOALS), (series,))


def bulk_disk(bench: Bench) -> Outcome:
    """The same onto disk: our flush is part of the figure."""
    sizes = bench.sizes
    race = Race("bulk-disk", "bulk, http, disk", bench.places.disk, bench.rounds_of(sizes.disk_rounds))
    with _served(bench, sizes.bulk_files, sizes.bulk_bytes) as (world, origin):
        series = race.run(bench, bench.entrants(FEW, lambda to: job_for(origin, world, to)))
    return Outcome(tuple(compare(series, WALL, name, None, note=FLUSHED) for name in FEW[1:]), (series,))


def bulk_tls(bench: Bench) -> Outcome:
    """Bulk over TLS: wall against curl, CPU per GB against requests."""
    sizes, names = bench.sizes, TLS_SMOKE if bench.sizes.is_smoke else TLS_NAMES
    race = Race("bulk-tls", f"bulk, TLS, {bench.places.ram_name}", bench.places.ram, bench.rounds_of(sizes.rounds))
    with TemporaryDirectory(prefix="bench-tls-") as certificates:
        tls = make_certificate(Path(certificates))
        with _served(bench, sizes.bulk_files, sizes.bulk_bytes, tls=tls) as (world, origin):
            series = race.run(bench, bench.entrants(names, lambda to: job_for(origin, world, to)))
    rows = [
        compare(series, WALL, "curl -Z", bench.goal_in_ram(Goal("at most", 1.1))),
        compare(series, CPU_PER_GB, "requests", Goal("at most", 1.2)),
        *(compare(series, WALL, name, None) for name in names if name not in {OURS, "curl -Z"}),
    ]
    return Outcome(tuple(rows), (series,))


def digest(bench: Bench) -> Outcome:
    """Bulk with the sha256 of every file known, against the same without."""
    sizes, ours = bench.sizes, bench.contenders[OURS]
    race = Race(
        "digest", f"bulk, sha256 known, {bench.places.ram_name}", bench.places.ram, bench.rounds_of(sizes.rounds)
    )
    with _served(bench, sizes.bulk_files, sizes.bulk_bytes) as (world, origin):
        known = Entrant(OURS, ours, lambda to: job_for(origin, world, to, digests=True))
        unknown = Entrant(WITHOUT_DIGEST, ours, lambda to: job_for(origin, world, to))
        series = race.run(bench, [known, unknown])
    return Outcome((compare(series, WALL, WITHOUT_DIGEST, Goal("at most", 1.3)),), (series,))


def small(bench: Bench) -> Outcome:
    """1,000 files of 64 KiB: what is done per file."""
    sizes, names = bench.sizes, _names(bench, SMALL_GOALS)
    race = Race("small", f"small, http, {bench.places.ram_name}", bench.places.ram, bench.rounds_of(sizes.rounds))
    with _served(bench, sizes.small_files, sizes.small_bytes) as (world, origin):
        series = race.run(bench, bench.entrants(names, lambda to: job_for(origin, world, to)))
    return Outcome(_rows(bench, series, FILES_PER_S, names, SMALL_GOALS), (series,))


def small_disk(bench: Bench) -> Outcome:
    """The same onto disk: 1,000 of our flushes are part of the figure."""
    sizes = bench.sizes
    race = Race("small-disk", "small, http, disk", bench.places.disk, bench.rounds_of(sizes.disk_rounds))
    with _served(bench, sizes.small_files, sizes.small_bytes) as (world, origin):
        series = race.run(bench, bench.entrants(FEW, lambda to: job_for(origin, world, to)))
    return Outcome(tuple(compare(series, FILES_PER_S, name, None, note=FLUSHED) for name in FEW[1:]), (series,))
