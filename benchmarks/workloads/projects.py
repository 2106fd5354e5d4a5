"""Project files: what a mix of many entries costs in every format, without the audio."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.bench import Bench, Outcome, fresh_folder, job_for
from benchmarks.child import run_worker
from benchmarks.goal import Goal
from benchmarks.result import OURS, Row, Series
from benchmarks.servers import serving
from benchmarks.spread import Spread
from harness.build import plain_world

__all__ = ["projects"]

TRACK_BYTES = 16 * 1024
LIMIT_S = 5.0


def projects(bench: Bench) -> Outcome:
    """Project files of a mix of 1,000 entries, in all formats that copy no audio."""
    count, samples = bench.sizes.project_entries, []
    with fresh_folder(bench.places.ram / "world") as folder, fresh_folder(bench.places.ram / "cache") as cache:
        world = plain_world(folder, [TRACK_BYTES] * count)
        with serving(world, bench.software) as origin:
            job = job_for(origin, world, cache)
            run_worker("benchmarks.ours.download", job)
            for _ in range(bench.rounds_of(bench.sizes.rounds)):
                with fresh_folder(bench.places.ram / "target") as to:
                    samples.append(run_worker("benchmarks.ours.projects", replace(job, to=to)))
    took_s = [sample.extra["papers_s"] for sample in samples]
    formats = samples[0].extra["formats"]
    title = f"project files of {count:,} entries"
    bench.say(f"{title}: {Spread.of(took_s).median:.2f} s in {formats:.0f} formats")
    row = Row(
        workload=title,
        measure="wall, s",
        ours=Spread.of(took_s),
        against="the limit",
        theirs=Spread.of([LIMIT_S]),
        ratio=Spread.of([each / LIMIT_S for each in took_s]),
        goal=Goal("at most", 1.0, text="< 5 s"),
        note=f"{formats:.0f} formats, each written and read back",
        digits=2,
    )
    return Outcome((row,), (Series("projects", title, count, count * TRACK_BYTES, {OURS: tuple(samples)}),))
