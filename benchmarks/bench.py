"""`Bench`: what a workload is given, and how contenders run against each other round by round."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.child import ContenderError
from benchmarks.contender import Contender
from benchmarks.goal import Goal
from benchmarks.job import Job, Wanted
from benchmarks.place import Places
from benchmarks.result import OURS, Row, Sample, Series
from benchmarks.servers import Origin
from benchmarks.servers.origin import Software
from benchmarks.sizes import Sizes
from harness.world import World

__all__ = ["Bench", "Entrant", "Outcome", "Race", "fresh_folder", "job_for"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a workload gives: rows for the table, and the samples behind them."""

    rows: tuple[Row, ...]
    series: tuple[Series, ...] = ()


@dataclass(frozen=True, slots=True)
class Bench:
    """What a workload runs with.

    Attributes:
        sizes: How much to move.
        rounds: Given on the command line; None for each workload's own.
        places: Where files go.
        contenders: Those that are there, by name.
        software: What serves, where the workload does not care.
        say: Takes a line of progress.
        skipped: Gets a sentence for whatever cannot run.
    """

    sizes: Sizes
    rounds: int | None
    places: Places
    contenders: Mapping[str, Contender]
    software: Software
    say: Callable[[str], None]
    skipped: list[str] = field(default_factory=list)

    def rounds_of(self, usual: int) -> int:
        """How many rounds to run."""
        return usual if self.rounds is None else self.rounds

    def entrants(
        self, names: Sequence[str], job_of: Callable[[Path], Job], *, once: Sequence[str] = ()
    ) -> list[Entrant]:
        """Those of these contenders that are there, all with the same job; some in the first round only."""
        there = [self.contenders[name] for name in names if name in self.contenders]
        return [Entrant(contender.name, contender, job_of, contender.name in once) for contender in there]

    def goal_in_ram(self, goal: Goal) -> Goal:
        """A goal that is about the engine alone: without a RAM disk, whatever misses it may be the disk's doing."""
        return goal if self.places.is_ram else replace(goal, noise=math.inf)

    def skip(self, why: str) -> None:
        """Note that something cannot run."""
        self.skipped.append(why)
        self.say(f"skipped: {why}")


@dataclass(frozen=True, slots=True)
class Entrant:
    """One side of a race.

    Attributes:
        name: As the table shows it.
        contender: Who runs.
        job_of: Gives the job, with the folder that its files go to.
        once: Whether it takes part in the first round only, because it is slow.
    """

    name: str
    contender: Contender
    job_of: Callable[[Path], Job]
    once: bool = False


@dataclass(frozen=True, slots=True)
class Race:
    """Several entrants that do the same, one after the other, round after round.

    Attributes:
        name: Of the series.
        title: For people.
        place: Folder below which the files go.
        rounds: How often.
    """

    name: str
    title: str
    place: Path
    rounds: int

    def run(self, bench: Bench, entrants: Sequence[Entrant]) -> Series:
        """Let them run. Each round begins with another one, so that nobody always runs first.

        A peer that fails leaves the race.

        Raises:
            ContenderError: chadsdk failed.
        """
        samples: dict[str, list[Sample]] = {entrant.name: [] for entrant in entrants}
        for number in range(self.rounds):
            turn = number % len(entrants)
            for entrant in [*entrants[turn:], *entrants[:turn]]:
                if entrant.name in samples and not (entrant.once and number):
                    self._run_once(bench, number, entrant, samples)
        job = entrants[0].job_of(self.place)
        found = {name: tuple(each) for name, each in samples.items()}
        return Series(self.name, self.title, len(job.wanted), job.size_bytes, found)

    def _run_once(self, bench: Bench, number: int, entrant: Entrant, samples: dict[str, list[Sample]]) -> None:
        try:
            with fresh_folder(self.place / "target") as folder:
                if self.place == bench.places.disk:
                    os.sync()  # or what others wrote before is paid for by who comes next
                job = entrant.job_of(folder)
                sample = entrant.contender.run(job)
                _check(entrant.name, job)
        except ContenderError as exc:
            if entrant.contender.name == OURS:
                raise
            del samples[entrant.name]
            bench.say(str(exc))  # only here: it may hold paths, and what is skipped is published
            bench.skip(f"{self.title}: {entrant.name} failed")
            return
        samples[entrant.name].append(sample)
        took = f"{sample.wall_s:.2f} s, CPU {sample.cpu_s:.2f} s"
        bench.say(f"{self.title}, round {number + 1} of {self.rounds}: {entrant.name} {took}")


@contextmanager
def fresh_folder(folder: Path) -> Iterator[Path]:
    """An empty folder, removed at the end with all it holds."""
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def job_for(origin: Origin, world: World, folder: Path, *, digests: bool = False) -> Job:
    """Everything that a server has, to be fetched into a folder."""
    wanted = tuple(
        Wanted(track.stream_path, track.recording.size_bytes, track.recording.sha256 if digests else None)
        for track in world.tracks
        if track.recording is not None
    )
    return Job(origin.url, origin.token, folder, wanted, ca_file=origin.ca_file)


def _check(name: str, job: Job) -> None:
    """See to it that all files are there, whole, so that nobody wins by leaving some out.

    Raises:
        ContenderError: They are not.
    """
    found = [
        file.stat().st_size
        for file in job.folder.rglob("*.wav")
        if not any(part.startswith(".") for part in file.relative_to(job.folder).parts)
    ]
    if sorted(found) != sorted(wanted.size_bytes for wanted in job.wanted):
        raise ContenderError(
            f"{name} gave {len(found)} files of {sum(found)} bytes instead of {len(job.wanted)} of {job.size_bytes}"
        )
