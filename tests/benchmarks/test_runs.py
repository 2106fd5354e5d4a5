"""Whole runs, as small as they can be: real servers, real contenders, real processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.bench import Bench, Race, job_for
from benchmarks.child import ContenderError, run_command, run_worker
from benchmarks.contender import ALL
from benchmarks.goal import Goal
from benchmarks.job import Job, Wanted
from benchmarks.place import Places
from benchmarks.result import OURS, Sample
from benchmarks.servers import NGINX, Origin, nginx_version, serving
from benchmarks.sizes import SMOKE
from benchmarks.workloads import cancel, latency, transfer
from harness.build import plain_world
from harness.process import PROJECT
from harness.world import World

pytestmark = pytest.mark.slow

KIB = 1024
TINY = replace(SMOKE, rounds=2, small_files=6, small_bytes=4 * KIB, cancel_moments=3)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Tiny sizes, the harness as server, and no contenders but chadsdk and requests."""
    places = Places(tmp_path / "ram", tmp_path / "disk", is_ram=False)
    contenders = {name: ALL[name] for name in (OURS, "requests")}
    return Bench(TINY, None, places, contenders, "harness", say=lambda _line: None)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Three tracks."""
    return plain_world(tmp_path_factory.mktemp("world"), [KIB, 2 * KIB, 3 * KIB])


@pytest.fixture(scope="module")
def origin(world: World) -> Iterator[Origin]:
    """The harness with that world."""
    with serving(world, "harness") as running:
        yield running


def test_a_workload_gives_rows_with_ratios(bench: Bench, tmp_path: Path) -> None:
    """Ours and requests fetch the same files in turns; who is absent has a row that says so; nothing is left."""
    outcome = transfer.small(bench)
    by_peer = {row.against: row for row in outcome.rows}
    assert by_peer["requests"].ratio is not None
    assert by_peer["pooch"].ratio is None
    [series] = outcome.series
    assert (series.files, series.bytes) == (6, 6 * 4 * KIB)
    assert {name: len(samples) for name, samples in series.samples.items()} == {OURS: 2, "requests": 2}
    assert all(sample.wall_s > 0 and sample.cpu_s > 0 for samples in series.samples.values() for sample in samples)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_without_a_ram_disk_the_disk_may_be_as_slow_as_it_likes(bench: Bench) -> None:
    """What a flush takes is nothing that the engine could be failed for."""
    goal = Goal("at least", 1.0)
    assert not bench.goal_in_ram(goal).is_beyond_noise(0.01)
    with_ram = replace(bench, places=replace(bench.places, is_ram=True))
    assert with_ram.goal_in_ram(goal).is_beyond_noise(0.01)


def test_cancelling_gives_a_time_per_moment(bench: Bench) -> None:
    """Each attempt is cancelled in mid-download and has come back."""
    [row] = cancel.cancel(bench).rows
    assert row.workload == "cancel, 3 random moments"
    assert row.ours is not None
    assert 0 < row.ours.median < 10_000


def test_a_peer_that_leaves_files_out_leaves_the_race(bench: Bench, origin: Origin, world: World) -> None:
    """Nobody wins by doing less."""
    lazy = replace(ALL["requests"], run=lambda job: ALL["requests"].run(replace(job, wanted=job.wanted[:2])))
    own = replace(bench, contenders={OURS: ALL[OURS], "requests": lazy})
    race = Race("lazy", "lazy", bench.places.ram, rounds=1)
    series = race.run(own, own.entrants((OURS, "requests"), lambda to: job_for(origin, world, to)))
    assert set(series.samples) == {OURS}
    assert own.skipped == ["lazy: requests failed"]


def test_chadsdk_may_not_fail(bench: Bench, origin: Origin, world: World) -> None:
    """A benchmark of a broken build is no benchmark."""
    race = Race("broken", "broken", bench.places.ram, rounds=1)
    gone = (Wanted("/tracks/99/audio.wav", 1),)
    entrants = bench.entrants((OURS,), lambda to: replace(job_for(origin, world, to), wanted=gone))
    with pytest.raises(ContenderError, match="404"):
        race.run(bench, entrants)


def test_a_slow_contender_runs_in_the_first_round_only(bench: Bench, origin: Origin, world: World) -> None:
    """The others go on."""
    race = Race("slow", "slow", bench.places.ram, rounds=2)
    entrants = bench.entrants((OURS, "requests"), lambda to: job_for(origin, world, to), once=("requests",))
    series = race.run(bench, entrants)
    assert {name: len(samples) for name, samples in series.samples.items()} == {OURS: 2, "requests": 1}


@pytest.mark.parametrize("name", [name for name in ALL if name != OURS])
def test_every_peer_that_is_here_fetches_everything(name: str, origin: Origin, world: World, tmp_path: Path) -> None:
    """With the token that the harness wants."""
    contender = ALL[name]
    if contender.version() is None:
        pytest.skip(f"{name} is absent")
    job = job_for(origin, world, tmp_path)
    sample = contender.run(job)
    assert isinstance(sample, Sample)
    got = sorted(file.read_bytes() for file in tmp_path.rglob("*.wav"))
    assert got == sorted(track.recording.file.read_bytes() for track in world.tracks if track.recording)


def test_nginx_serves_a_world(world: World, tmp_path: Path) -> None:
    """To our own client, which wants a length and a type."""
    if nginx_version() is None:
        pytest.skip("nginx is absent")
    with serving(world, NGINX) as origin:
        run_worker("benchmarks.ours.download", job_for(origin, world, tmp_path))
    assert len(list(tmp_path.glob("*/*.wav"))) == 3


def test_the_ideal_of_latency_is_that_of_four_busy_connections(origin: Origin, world: World, tmp_path: Path) -> None:
    """A quarter of the files each, rounded up; an exchange is measured on an open connection."""
    assert latency.ideal_s(200, 0.03) == pytest.approx(1.5)
    assert latency.ideal_s(201, 0.03) == pytest.approx(1.53)
    assert len(latency.exchange_s(job_for(origin, world, tmp_path), 5)) == 5


def test_a_command_that_fails_is_no_sample() -> None:
    """Its standard error says why."""
    with pytest.raises(ContenderError, match="exit code 3: out of order"):
        run_command([sys.executable, "-c", "import sys; sys.stderr.write('out of order'); sys.exit(3)"])


def test_a_job_survives_the_way_into_another_process(tmp_path: Path) -> None:
    """Paths, files and moments included."""
    wanted = (Wanted("/tracks/1/audio.wav", 5, "00" * 32),)
    job = Job("http://x", "t", tmp_path, wanted, ca_file=tmp_path / "ca.pem", moments_s=(0.1, 0.2))
    job.save(tmp_path / "job.json")
    assert Job.load(tmp_path / "job.json") == job


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_the_command_runs_what_it_is_asked_for(tmp_path: Path) -> None:
    """Eight processes, 50 tracks, 50 GETs: the table is printed and kept."""
    done = run("shared", "--smoke", "--rounds", "1", "--results", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "| exactly 50 | met |" in done.stdout
    assert (tmp_path / "results.md").read_text(encoding="utf-8").strip() == done.stdout.strip()
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["form"] == "smoke"


def test_the_command_refuses_an_unknown_workload() -> None:
    """And says which there are."""
    done = run("bulky")
    assert done.returncode == 2
    assert "bulk, " in done.stderr
