"""Memory: what a large track takes more than a small one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.bench import Bench, Entrant, Outcome, Race, fresh_folder, job_for
from benchmarks.goal import Goal
from benchmarks.job import Job
from benchmarks.result import OURS, Row, Series
from benchmarks.servers import Origin, serving
from benchmarks.spread import Spread
from harness.build import plain_world
from harness.world import World

__all__ = ["memory"]

MIB = 1024 * 1024
GROWTH_MIB = 2.0


def memory(bench: Bench) -> Outcome:
    """Peak memory of a download of 16 MiB and one of 1 GiB."""
    sizes = bench.sizes
    lengths = (sizes.memory_small_bytes, sizes.memory_large_bytes)
    with fresh_folder(bench.places.ram / "world") as folder:
        world = plain_world(folder, lengths)
        with serving(world, bench.software) as origin:
            small, large = (_run(bench, origin, world, number) for number in range(2))
    growth = [(most - least) / MIB for least, most in zip(_peaks(small), _peaks(large), strict=True)]
    row = Row(
        workload=f"memory, {lengths[0] // MIB} to {lengths[1] // MIB} MiB",
        measure="peak RSS, MiB",
        ours=Spread.of([peak / MIB for peak in _peaks(large)]),
        against=f"the {lengths[0] // MIB} MiB track",
        theirs=Spread.of([peak / MIB for peak in _peaks(small)]),
        ratio=Spread.of(growth),
        goal=Goal("at most", GROWTH_MIB, text="grows by < 2 MiB"),
        note="in place of a ratio: the growth in MiB",
        digits=1,
    )
    return Outcome((row,), (small, large))


def _run(bench: Bench, origin: Origin, world: World, number: int) -> Series:
    def job_of(to: Path) -> Job:
        job = job_for(origin, world, to)
        return replace(job, wanted=(job.wanted[number],))

    size_mib = job_of(bench.places.ram).size_bytes // MIB
    race = Race(
        f"memory-{size_mib}", f"memory, {size_mib} MiB", bench.places.ram, bench.rounds_of(bench.sizes.limited_rounds)
    )
    return race.run(bench, [Entrant(OURS, bench.contenders[OURS], job_of)])


def _peaks(series: Series) -> list[int]:
    return [sample.peak_rss_bytes for sample in series.samples[OURS] if sample.peak_rss_bytes is not None]
