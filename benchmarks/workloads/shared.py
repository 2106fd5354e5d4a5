"""Eight processes that want the same tracks at once: each track is asked for once."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from benchmarks.bench import Bench, Outcome, fresh_folder, job_for
from benchmarks.child import started_worker
from benchmarks.goal import Goal
from benchmarks.result import Row
from benchmarks.servers import Origin, serving
from benchmarks.spread import Spread
from harness.build import plain_world
from harness.world import World

__all__ = ["shared"]

PROCESSES = 8
ROUNDS = 3


def shared(bench: Bench) -> Outcome:
    """8 processes download the same 50 tracks into one cache."""
    sizes, rounds = bench.sizes, bench.rounds_of(min(ROUNDS, bench.sizes.rounds))
    gets = []
    with fresh_folder(bench.places.ram / "world") as folder:
        world = plain_world(folder, [sizes.shared_bytes] * sizes.shared_files)
        with serving(world, "harness") as origin:
            for number in range(rounds):
                with fresh_folder(bench.places.ram / "target") as cache:
                    wall_s = _run(origin, world, cache)
                gets.append(_audio_gets(origin))
                bench.say(f"shared, round {number + 1} of {rounds}: {gets[-1]} GETs, {wall_s:.2f} s")
    row = Row(
        workload=f"{PROCESSES} processes, same {sizes.shared_files} tracks",
        measure="GETs of audio",
        ours=Spread.of(gets),
        against="one per track",
        theirs=Spread.of([sizes.shared_files]),
        ratio=Spread.of([count / sizes.shared_files for count in gets]),
        goal=Goal("exactly", 1, noise=1.0, text=f"exactly {sizes.shared_files}"),
        digits=0,
    )
    return Outcome((row,))


def _run(origin: Origin, world: World, cache: Path) -> float:
    """Let all of them go at once; gives the wall time of the slowest, in seconds."""
    job = job_for(origin, world, cache)
    with ExitStack() as stack:
        workers = [stack.enter_context(started_worker("benchmarks.ours.download", job)) for _ in range(PROCESSES)]
        for worker in workers:
            worker.go()
        return max(worker.sample().wall_s for worker in workers)


def _audio_gets(origin: Origin) -> int:
    """GETs since the last look."""
    assert origin.handle is not None, "the harness keeps a ledger"
    count = len(origin.handle.audio_gets())
    origin.handle.clear_ledger()
    return count
