"""Plays scenarios: the run with the fault, a look at everything, and the run without it that must repair all."""

from __future__ import annotations

import faulthandler
import io
import logging
import multiprocessing
import secrets
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from harness.audio import write_sized_wav
from harness.build import make_world, plain_world
from harness.handle import HarnessError
from harness.invariants import Aftermath, broken_invariants, digests_of, unrepaired
from harness.scenarios import find_scenario
from harness.scenarios.certificates import tls_files
from harness.scenarios.report import Report, broken_report, make_report
from harness.scenarios.scenario import TRACK_BYTES, Expected, Scenario
from harness.scenarios.scene import Outcome, Scene
from harness.scenarios.sight import Sight, sight_of
from harness.scenarios.verdict import differences, most_requests, second_differences
from harness.world import LocalTrack, World

__all__ = ["play", "play_all"]

HANG_S = 120.0
OWN_TITLE = "My Own"
OWN_BYTES = 20_000
SIGNATURE = "canary-signature"


def play_all(names: Sequence[str], *, jobs: int, tell: Callable[[Report], None]) -> list[Report]:
    """Play scenarios, so many at a time; `tell` gets each report in the order of names.

    With one job they are played in this process. With more, each process plays one at a time: what is left of threads
    and logs, and the environment, belong to that scenario alone.

    Raises:
        HarnessError: A process ended, or hung until it was ended; where it hung stands on standard error.
    """
    reports = []
    with ExitStack() as stack:
        played: Iterable[Report] = map(_play_named, names)
        if jobs > 1:
            context = multiprocessing.get_context("spawn")
            pool = stack.enter_context(ProcessPoolExecutor(min(jobs, len(names)), mp_context=context))
            played = pool.map(_play_watched, names)
        try:
            for report in played:
                reports.append(report)
                tell(report)
        except BrokenProcessPool as exc:
            known = ", ".join(names[len(reports) : len(reports) + jobs])
            raise HarnessError(f"a process that played one of {known} has ended") from exc
    return reports


def _play_watched(name: str) -> Report:
    faulthandler.dump_traceback_later(HANG_S, exit=True)  # a hang is the typical failure of what is played here
    try:
        return _play_named(name)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _play_named(name: str) -> Report:
    return play(find_scenario(name))


def play(scenario: Scenario) -> Report:
    """Play one scenario in this process; what goes wrong in its own hooks is a problem, too.

    Raises:
        ValueError: It has no expectations.
    """
    if scenario.expected is None:
        raise ValueError(f"the scenario {scenario.name} has no expectations")
    started = time.monotonic()
    try:
        return _played(scenario, scenario.expected, started)
    except Exception as exc:  # noqa: BLE001 - the others are to be played all the same
        return broken_report(scenario, traceback.format_exception(exc), time.monotonic() - started)


def _played(scenario: Scenario, expected: Expected, started: float) -> Report:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-scenario-")))
        log = stack.enter_context(_everything_logged())
        scene = Scene(scenario, _world(scenario, folder), folder, stack, tls_files(scenario.certificate, folder))
        if scenario.hooks.before is not None:
            scenario.hooks.before(scene)
        there_before = sight_of(scene, Outcome(None, None, None, 0.0)).on_disk.exports
        earlier = digests_of(scene.exports) if expected.error is not None else None
        outcome = scene.run(scenario.hooks)
        first = sight_of(scene, outcome)
        after = _aftermath(scene, first, log.getvalue())
        problems = differences(scene, expected, first, earlier=there_before)
        broken = broken_invariants(replace(after, earlier=earlier))
        problems += [problem for problem in broken if problem not in expected.broken] + _strangers_at_the_other(scene)
        problems += scenario.hooks.seen(scene) if scenario.hooks.seen else []
        second = _second_run(scene)
        after = replace(_aftermath(scene, second, log.getvalue()), most_requests=None)
        lost = [
            (second.outcome.titles or ())[position - 1] for position in second.missing if position in expected.again
        ]
        problems += [problem for problem in unrepaired(after, missing=lost) if problem not in problems]
        problems += second_differences(expected, first, second) + scene.problems
        return make_report(
            scenario,
            first,
            second,
            most=most_requests(scene, expected),
            problems=problems,
            wall_s=time.monotonic() - started,
        )


def _second_run(scene: Scene) -> Sight:
    healed = scene.scenario.hooks.healed
    if healed is not None:
        healed(scene)
    else:
        scene.heal()
    scene.forget_requests()
    return sight_of(scene, scene.run())


def _world(scenario: Scenario, folder: Path) -> World:
    if scenario.base == "mixed":
        world = make_world(tracks=scenario.tracks, folder=folder / "world", local=1)
    else:
        world = plain_world(folder / "world", [TRACK_BYTES] * scenario.tracks)
        own = write_sized_wav(folder / "world" / "own.wav", size_bytes=OWN_BYTES, frequency_hz=3000)
        world = replace(world, local=(LocalTrack(OWN_TITLE, "Me", own),))
    canary = secrets.token_hex(8)
    return scenario.staged(replace(world, token=f"canary-access-{canary}", refresh_token=f"canary-refresh-{canary}"))


def _aftermath(scene: Scene, seen: Sight, log: str) -> Aftermath:
    expected = scene.scenario.expected
    assert expected is not None
    return Aftermath(
        world=scene.world,
        cache=scene.settings.cache_dir,
        exports=scene.exports,
        titles=seen.outcome.titles if seen.outcome.manifest else None,
        root=scene.root,
        secrets=(scene.world.token, scene.world.refresh_token, SIGNATURE),
        texts={**scene.texts, "the log": log, "the arguments": " ".join([*sys.orig_argv, *sys.argv])},
        requests=seen.requests,
        most_requests=most_requests(scene, expected),
    )


def _strangers_at_the_other(scene: Scene) -> list[str]:
    """Credentials that went to the second origin; requests without any are counted elsewhere."""
    shown = {"authorization", "proxy-authorization", "cookie"}
    return [
        f"I7 credentials went elsewhere with {request.method} {request.target}"
        for request in (scene.other.requests() if scene.other else ())
        if shown & request.headers.keys() or scene.world.token in f"{request.target} {request.headers}"
    ]


@contextmanager
def _everything_logged() -> Iterator[io.StringIO]:
    """What any logger says at any level, the libraries' own included."""
    text = io.StringIO()
    handler, root = logging.StreamHandler(text), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield text
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
