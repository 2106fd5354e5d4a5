"""A server that gives each connection 20 MB/s: only who keeps all connections busy gets 80.

The harness paces each reply, and sends up to `PACE_S` ahead. That much is added to the wall time, so that nobody
gets more than the limit by it.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.bench import Bench, Outcome, Race, fresh_folder, job_for
from benchmarks.goal import Goal
from benchmarks.result import OURS, Measure, Row, Series, hold_against
from benchmarks.servers import serving
from harness.build import plain_world
from harness.server.reply import PACE_S

__all__ = ["limited", "limited_one"]

BYTES_PER_S = 20e6
CONNECTIONS = 4
MB = 1e6
AGAINST = "the limit, 4 by 20"
RATE = Measure("MB/s", lambda series, sample: series.bytes / (sample.wall_s + PACE_S) / MB, digits=1)


def limited(bench: Bench) -> Outcome:
    """16 files of 16 MiB from a server that limits each connection to 20 MB/s."""
    return _run(bench, "limited", [bench.sizes.limited_bytes] * bench.sizes.limited_files, ("curl -Z",))


def limited_one(bench: Bench) -> Outcome:
    """One file of 512 MiB from such a server: it has to be split over the connections."""
    return _run(bench, "limited-one", [bench.sizes.limited_one_bytes], ("aria2c",))


def _run(bench: Bench, name: str, sizes_bytes: list[int], peers: tuple[str, ...]) -> Outcome:
    what = f"{len(sizes_bytes)} file{'s' * (len(sizes_bytes) > 1)} of {sizes_bytes[0] // 1024**2} MiB"
    race = Race(name, f"20 MB/s each, {what}", bench.places.ram, bench.rounds_of(bench.sizes.limited_rounds))
    with fresh_folder(bench.places.ram / "world") as folder:
        world = plain_world(folder, sizes_bytes)
        slow = replace(
            world,
            tracks=tuple(replace(track, faults=({"rate": BYTES_PER_S, "always": True},)) for track in world.tracks),
        )
        with serving(slow, "harness") as origin:
            entrants = bench.entrants(
                (OURS, *peers),
                lambda to: replace(job_for(origin, slow, to), parts=CONNECTIONS if len(sizes_bytes) == 1 else 1),
            )
            series = race.run(bench, entrants)
    return Outcome(tuple(_rows(series)), (series,))


def _rows(series: Series) -> list[Row]:
    limit = CONNECTIONS * BYTES_PER_S / MB
    rows = [hold_against(series, RATE, AGAINST, limit, Goal("at least", 0.95))]
    for name, samples in series.samples.items():
        if name != OURS and samples:
            shown = hold_against(series, RATE, AGAINST, limit, Goal("at least", 0.95), ours=name)
            rows.append(replace(shown, workload=f"{series.title}: {name}, for comparison", goal=None))
    return rows
