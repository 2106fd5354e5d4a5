"""The whole line, as processes: nothing twice, nothing lost, nothing left, nothing told."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from harness.build import make_world, plain_world
from harness.process import ServerHandle, running_server
from tests.cli.command import Command
from tests.export.rig import check_export, leftovers

pytestmark = pytest.mark.slow

CANARY = "c4nary-T0ken-7f3a"
TRACKS = 30


@pytest.fixture
def thirty(tmp_path: Path) -> Iterator[ServerHandle]:
    """A server of 30 tracks."""
    with running_server(plain_world(tmp_path / "thirty", [64 * 1024] * TRACKS)) as handle:
        yield handle


def test_the_second_export_downloads_nothing(command: Command, mixed_server: ServerHandle) -> None:
    """Not one GET for a track that is cached; what could not be had is asked for again."""
    run = command.on(mixed_server)
    assert run("export", "sunday", "--to", "one").returncode == 0
    before = len(mixed_server.audio_gets())
    assert run("export", "sunday", "--to", "two").returncode == 0
    assert len(mixed_server.audio_gets()) == before
    check_export(command.folder / "two" / "Sunday Morning")


def test_three_processes_at_once_download_each_track_once(command: Command, thirty: ServerHandle) -> None:
    """Three folders, one cache: 30 GETs of audio, three whole exports."""
    thirty.set_faults("t-1", [{"gate": "all", "before": "headers"}])
    with ExitStack() as stack:
        processes = [
            stack.enter_context(command.on(thirty).started("export", "plain", "--to", f"out{number}"))
            for number in range(3)
        ]
        thirty.wait_at_gate("all")
        thirty.open_gate("all")
        for process in processes:
            process.communicate(timeout=40)
    assert [process.returncode for process in processes] == [0, 0, 0]
    for number in range(3):
        assert check_export(command.folder / f"out{number}" / "Plain")["summary"]["exported"] == TRACKS
    paths = [entry.path for entry in thirty.audio_gets()]
    assert len(paths) == len(set(paths)) == TRACKS


def test_a_killed_export_is_completed_by_the_next_one(command: Command, thirty: ServerHandle) -> None:
    """Kill -9 in mid-download: no partial file had a final name, and the second run leaves nothing of the first."""
    thirty.set_faults("t-9", [{"gate": "half", "after": 0.5}])
    with command.on(thirty).started("export", "plain", "--to", "out") as process:
        thirty.wait_at_gate("half")
        process.send_signal(signal.SIGKILL)
        process.communicate()
    whole = {path.stat().st_size for path in command.cache_dir.rglob("*.wav")}
    assert whole <= {64 * 1024}
    assert len(leftovers(command.folder / "out")) == 1
    assert command.on(thirty)("export", "plain", "--to", "out").returncode == 0
    assert leftovers(command.folder / "out") == ["Plain"]
    assert check_export(command.folder / "out" / "Plain")["summary"]["exported"] == TRACKS


def test_the_token_is_told_to_nobody(command: Command, tmp_path: Path) -> None:
    """Not on either stream, in no file that an export, a failure or the cache leaves; also not when it is refused."""
    world = replace(make_world(folder=tmp_path / "world"), token=CANARY)
    with running_server(world) as server:
        run = command.on(server)
        outputs = [
            run("export", "friday", "--to", "out", "--json"),
            run("export", "friday", "--to", "out"),
            run("plan", "friday", "--json"),
            run("export", "nonesuch", "--to", "out"),
            run("cache", "ls", "--json"),
        ]
        server.expire_token()
        outputs.append(run("export", "friday", "--to", "out2"))
    assert [done.returncode for done in outputs] == [3, 1, 0, 1, 0, 1]
    for done in outputs:
        assert CANARY not in done.stdout + done.stderr
    for folder in (command.folder / "out", command.cache_dir):
        for path in folder.rglob("*"):
            assert CANARY not in path.name
            assert path.is_dir() or CANARY.encode() not in path.read_bytes()
