"""Fail the first, second, third … call of one whole export, until a run has none left to fail; after each, all is well.

After SQLite's way of testing. After every run: it ended with an export, with one of the SDK's own errors, or killed;
never with a traceback, never not at all. The invariants hold (`harness.invariants`), an older export is there as it was
or was replaced whole, and a second run without faults has every track, with nobody cleaning up.

What N means: strace counts the calls of each thread by themselves, so the N-th call of *every* thread that comes so far
is failed, and a run may see several faults. One download at a time keeps that repeatable (but for the two threads that
copy); the shape ``four at once`` is for the races.

What is not shown: a ``close`` that fails is left out by strace, so the descriptor stays open where a kernel would have
closed it; those are counted and allowed for. A write that is cut short is really cut short, by a limit to the length of
files, and fails at the next write; that a file system claims to have written what it has not is beyond this.

By default the calls that are many (``openat``, ``close``, ``mkdir``) are sampled by a seed that is printed and that
``CHADSDK_SWEEP_SEED`` repeats, and ``four at once`` sees one error of each call and the kills; ``CHADSDK_SWEEP=full``
does every one. ``CHADSDK_SWEEP_TELL=1`` prints every run.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator

import pytest

from tests.sweeps.scenes import SHAPES, Stage, staged
from tests.sweeps.sweep import Figures, Sweep
from tests.sweeps.tracer import KILL, Fault, require_strace

MOST = 200
SAMPLE = 3
FULL = os.environ.get("CHADSDK_SWEEP") == "full"
SEED = int(os.environ.get("CHADSDK_SWEEP_SEED") or random.SystemRandom().getrandbits(32))
#: The calls that are sampled by default, and how many of the last ones are failed always: those give names.
SAMPLED = {"openat": 6, "close": 6, "mkdir": 0}
FAULTS = {
    "write": ("ENOSPC", "EIO", KILL),
    "splice": ("ENOSPC", "EIO", KILL),
    "fsync": ("EIO", "ENOSPC", KILL),
    "rename": ("EXDEV", "EIO", "ENOSPC", KILL),
    "openat": ("ENOSPC", "EIO", "EMFILE", KILL),
    "close": ("EIO", "ENOSPC", KILL),
    "mkdir": ("ENOSPC", "EIO", KILL),
}


#: What does not get better: a disk that stays full, a table of files that stays full.
FOR_GOOD = (("write", "ENOSPC"), ("fsync", "EIO"), ("rename", "EIO"), ("openat", "EMFILE"))
#: What the busiest thread does at least.
FEWEST = {"write": 3, "splice": 0, "fsync": 8, "rename": 1, "openat": 20, "close": 20, "mkdir": 5}
LIMITS_BYTES = (0, 1, 44, 300, 1000, 3000, 8000, 16_000)
STEP_BYTES, MOST_BYTES = 40_000, 400_000


@pytest.fixture(scope="module")
def total() -> Iterator[Figures]:
    """The figures of all sweeps, printed at their end."""
    started = time.monotonic()
    how = "every call" if FULL else f"sampled: {', '.join(SAMPLED)}"
    print(f"\n{how}; CHADSDK_SWEEP_SEED={SEED}")
    figures = Figures()
    yield figures
    print(f"\nall: {figures}; {time.monotonic() - started:.0f} s")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Server, nest and scenes; skipped where nothing can be traced."""
    require_strace()
    with staged(tmp_path_factory.mktemp("sweeps")) as made:
        yield made


def numbers(stage: Stage, shape: str, call: str) -> tuple[list[int], int]:
    """Which calls are failed for certain, and from which on it is tried until none is left."""
    if FULL or call not in SAMPLED:
        return [], 1
    most = stage.busiest(stage.scene(shape), call)
    chance = random.Random(f"{SEED} {shape} {call}")
    sure = range(max(1, most + 1 - SAMPLED[call]), most + 1)
    others = range(1, sure.start)
    return [*sorted(chance.sample(others, min(SAMPLE, len(others)))), *sure], most + 1


def cases() -> Iterator[tuple[str, str, str, bool]]:
    """Every shape, call, fault, and whether it stays; by default not every fault with four downloads at once."""
    for shape in SHAPES:
        for call, kinds in FAULTS.items():
            chosen = kinds if FULL or shape != "four at once" else (kinds[0], KILL)
            yield from ((shape, call, what, False) for what in chosen)
        if FULL or shape != "four at once":
            yield from ((shape, call, what, True) for call, what in FOR_GOOD)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("shape", "call", "what", "lasting"), list(cases()))
def test_row_58_every_call_failed(
    stage: Stage, total: Figures, shape: str, call: str, what: str, *, lasting: bool
) -> None:
    """Whichever call fails, once or from then on, or is the last: all is well, and the next run makes it good."""
    sweep = Sweep(stage, stage.scene(shape))
    name = f"{shape}, {call} {what}{' for good' if lasting else ''}"
    stays = lasting and call == "openat"
    sampled, then = numbers(stage, shape, call)
    for number in sampled:
        sweep.run(Fault(call, what, number, lasting).words, f"{name} at {number}", stays=stays)
    for number in range(then, MOST):
        if not sweep.run(Fault(call, what, number, lasting).words, f"{name} at {number}", stays=stays).faults:
            break
    swept = f"{len(sampled)} of them and the rest" if sampled else "each"
    conclude(sweep, total, f"{name}, N to {number}, {swept}")
    assert FEWEST[call] < number < MOST - 1


@pytest.mark.timeout(600)
@pytest.mark.parametrize("shape", SHAPES)
def test_row_57_every_length_of_a_file_refused(stage: Stage, total: Figures, shape: str) -> None:
    """Wherever a file cannot grow further, in mid-write too: all is well, and the next run makes it good."""
    sweep = Sweep(stage, stage.scene(shape))
    for limit_bytes in (*LIMITS_BYTES, *range(STEP_BYTES, MOST_BYTES, STEP_BYTES)):
        name = f"{shape}, no file beyond {limit_bytes} bytes"
        if not sweep.run(["-e", "trace=write,splice"], name, largest_file_bytes=limit_bytes).faults:
            break
    conclude(sweep, total, f"{shape}, write short, limits to {limit_bytes} bytes")
    assert sweep.figures.runs > len(LIMITS_BYTES)


def conclude(sweep: Sweep, total: Figures, line: str) -> None:
    """Print the line of a sweep, and hold what it found."""
    print(f"\n{line}: {sweep.figures}", end="")
    total.add(sweep.figures)
    assert sweep.wrong == [], "\n".join(sweep.wrong)
