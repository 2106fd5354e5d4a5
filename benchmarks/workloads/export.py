"""Warm export: all tracks are in the cache, so an export is a copy and what makes it an export."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from benchmarks.bench import Bench, Entrant, Outcome, Race, fresh_folder, job_for
from benchmarks.child import run_command, run_worker
from benchmarks.contender import Contender
from benchmarks.goal import Goal
from benchmarks.job import Job
from benchmarks.result import OURS, WALL, Sample, Series, compare
from benchmarks.servers import Origin, serving
from harness.build import plain_world
from harness.world import World

__all__ = ["export", "export_disk"]

CP = "cp -r"


def export(bench: Bench) -> Outcome:
    """Warm export of 1,000 cached tracks of 1 MiB, against `cp -r` of the same files."""
    series = _run(bench, "export", bench.places.ram, bench.places.ram_name, bench.rounds_of(bench.sizes.export_rounds))
    return Outcome((compare(series, WALL, CP, Goal("at most", 1.3)),), (series,))


def export_disk(bench: Bench) -> Outcome:
    """The same on disk."""
    series = _run(bench, "export-disk", bench.places.disk, "disk", bench.rounds_of(bench.sizes.disk_rounds))
    return Outcome((compare(series, WALL, CP, Goal("at most", 1.3)),), (series,))


def _run(bench: Bench, name: str, place: Path, place_name: str, rounds: int) -> Series:
    sizes = bench.sizes
    title = f"warm export of {sizes.export_files:,}, {place_name}"
    with fresh_folder(place / "world") as folder, fresh_folder(place / "cache") as cache:
        world = plain_world(folder, [sizes.export_bytes] * sizes.export_files)
        with serving(world, bench.software) as origin:
            run_worker("benchmarks.ours.download", job_for(origin, world, cache))
            plain = _as_plain_folder(cache, place / "world" / "plain")
            return Race(name, title, place, rounds).run(bench, _entrants(origin, world, cache, plain))


def _entrants(origin: Origin, world: World, cache: Path, plain: Path) -> list[Entrant]:
    def export_it(job: Job) -> Sample:
        return run_worker("benchmarks.ours.export", replace(job, folder=cache, to=job.folder))

    def copy_it(job: Job) -> Sample:
        return run_command(["cp", "-r", plain, job.folder])

    contenders = (Contender(OURS, lambda: "", export_it), Contender(CP, lambda: "", copy_it))
    return [Entrant(each.name, each, lambda to: job_for(origin, world, to)) for each in contenders]


def _as_plain_folder(cache: Path, folder: Path) -> Path:
    """The cached files alone, as hard links, in a folder that `cp` can take whole."""
    folder.mkdir()
    for number, file in enumerate(sorted(cache.glob("*/*.wav"))):
        os.link(file, folder / f"{number}.wav")
    return folder
