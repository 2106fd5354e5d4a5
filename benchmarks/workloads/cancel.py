"""Cancel: from the call until the download has ended, at random moments of a download that is busy with everything.

Of its four connections one waits for headers that never come, one is told 503 and backs off again and again, and two
receive bodies slowly; further tracks wait for their turn.
"""

from __future__ import annotations

import random
from dataclasses import replace

from benchmarks.bench import Bench, Outcome, fresh_folder, job_for
from benchmarks.child import run_worker
from benchmarks.goal import Goal
from benchmarks.result import OURS, Row, Series
from benchmarks.servers import serving
from benchmarks.spread import Spread, percentile
from harness.build import plain_world
from harness.world import FaultScript

__all__ = ["cancel"]

SEED = 20
LATEST_S = 0.5
TRACKS = 8
TRACK_BYTES = 8 * 1024 * 1024
LIMIT_S = 0.2
SCRIPTS: tuple[FaultScript, ...] = (
    ({"gate": "never", "before": "headers", "always": True},),
    ({"status": 503, "always": True},),
    *(({"rate": 4e6, "always": True},),) * (TRACKS - 2),
)


def cancel(bench: Bench) -> Outcome:
    """Time until a cancelled download is over, at 200 random moments."""
    moments_s = _moments(bench.sizes.cancel_moments)
    with fresh_folder(bench.places.ram / "world") as folder:
        world = plain_world(folder, [TRACK_BYTES] * TRACKS)
        tracks = zip(world.tracks, SCRIPTS, strict=True)
        busy = replace(world, tracks=tuple(replace(track, faults=script) for track, script in tracks))
        with serving(busy, "harness") as origin, fresh_folder(bench.places.ram / "target") as target:
            sample = run_worker("benchmarks.ours.cancel", replace(job_for(origin, busy, target), moments_s=moments_s))
    took_s = list(sample.extra.values())
    p99, spread = percentile(took_s, 0.99), Spread.of(took_s)
    bench.say(
        f"cancel: median {spread.median * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, most {spread.most * 1000:.1f} ms"
    )
    row = Row(
        workload=f"cancel, {len(took_s)} random moments",
        measure="p99, ms",
        ours=Spread.of([p99 * 1000]),
        against="the limit",
        theirs=Spread.of([LIMIT_S * 1000]),
        ratio=Spread.of([p99 / LIMIT_S]),
        goal=Goal("at most", 1.0, text="≤ 200 ms"),
        note=f"cancel: median {spread.median * 1000:.1f} ms, longest {spread.most * 1000:.1f} ms",
        digits=1,
    )
    return Outcome((row,), (Series("cancel", row.workload, TRACKS, TRACKS * TRACK_BYTES, {OURS: (sample,)}),))


def _moments(count: int) -> tuple[float, ...]:
    rng = random.Random(SEED)
    return tuple(rng.uniform(0, LATEST_S) for _ in range(count))
