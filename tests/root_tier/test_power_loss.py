"""The power goes before each step of a download and an export, on real journals: what has its name is whole.

After SQLite's way of testing: not some moments, but each, until one run ends without.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from chadsdk.export import Manifest
from harness.build import plain_world
from harness.process import ServerHandle, running_server
from harness.recording import sha256_of
from tests.export.rig import check_export
from tests.root_tier.mounts import LOG_FLUSHED, LOG_LOST, Image
from tests.root_tier.outage import WORK, Order, run
from tests.root_tier.rig import Studio, opened, sources_of

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.root_tier.outage"])

#: Steps of each work at least. Every file of an export is flushed, and the folders that hold them; every download is
#: flushed, recorded and named.
FEWEST = {"download": 10, "export": 25, "replace": 20, "retry": 12}
CHILD_S = 20.0
TRACKS = 4
#: How many tracks the export that stands there holds.
BEFORE = {"replace": 2, "retry": 2}


@dataclass(frozen=True, slots=True)
class Scene:
    """A disk as it is before the power goes.

    Attributes:
        image: The disk; copied for every outage.
        folder: Where its copies are mounted.
        earlier: Digest by path of an export that the work has nothing to do with.
    """

    image: Image
    folder: Path
    earlier: dict[Path, str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerHandle]:
    """A server of a few small tracks: no step depends on their length."""
    with running_server(plain_world(tmp_path_factory.mktemp("world"), [40_000] * TRACKS)) as handle:
        yield handle


def studio_on(server: ServerHandle, disk: Path) -> AbstractContextManager[Studio]:
    """An exporter with everything on that disk."""
    return opened(server, cache=disk / "cache", exports=disk / "exports")


def set_up(server: ServerHandle, disk: Path, work: str) -> dict[Path, str]:
    """Leave on the disk what the work begins with; digests of the export that is not its business."""
    with studio_on(server, disk) as studio:
        earlier = studio.export_earlier()
        if work == "replace":
            studio.exporter.export(studio.first(BEFORE[work], name="Plain"), studio.exports)
        elif work == "retry":
            for track_id in ("t-3", "t-4"):
                server.set_faults(track_id, [{"status": 404}])
            assert len(studio.export().exported) == BEFORE[work]
            for track_id in ("t-3", "t-4"):
                server.set_faults(track_id, [])
        if work in BEFORE:  # their downloads are those of an export
            studio.downloads.download_all(sources_of(studio.playlist))
    return earlier


@pytest.fixture(params=list(WORK))
def scene(request: pytest.FixtureRequest, blank: Image, disks: Path, server: ServerHandle, tmp_path: Path) -> Scene:
    """A disk of each kind, ready for each work."""
    folder = tmp_path / "disk"
    image = blank.copy_to(disks / "ready")
    with image.mounted(folder):
        return Scene(image, folder, set_up(server, folder, request.param))


def lose_power(order: Order) -> bool:
    """Have a process do the work until its power goes; whether it had said that it was done."""
    ours, theirs = FORKS.Pipe()
    process = FORKS.Process(target=run, args=(order, theirs))
    process.start()
    theirs.close()
    process.join(CHILD_S)
    if process.is_alive():
        process.kill()
    assert process.exitcode == -9, "it ended before its power went"
    process.close()
    with ours, suppress(EOFError):
        return bool(ours.recv() == "done")
    return False


@pytest.mark.timeout(180)
def test_row_60_power_lost_before_every_step(
    scene: Scene, server: ServerHandle, disks: Path, request: pytest.FixtureRequest
) -> None:
    """What has a final name is whole, what was said to be done is there, and a second run completes by itself."""
    work = request.node.callspec.params["scene"]
    outages, done = 0, False
    for step in count(1):
        # In turns; in both ways where all is new, and where nothing may be lost any more.
        first, second = (LOG_LOST, LOG_FLUSHED) if step % 2 == (scene.image.kind == "xfs") else (LOG_FLUSHED, LOG_LOST)
        for how in (first, second):
            disk = scene.image.copy_to(disks / "outage")
            with disk.mounted(scene.folder):
                done = lose_power(Order(server.url, server.token, scene.folder, work, step, how))
            with disk.mounted(scene.folder), studio_on(server, scene.folder) as studio:
                look(studio, scene, work, done=done)
                repair(studio, scene, work)
            outages += 1
            if work != "download" and not done:
                break
        if done:
            break
    print(f"power lost on {scene.image.kind}, {work}: {outages} times before {step} steps")
    assert step > FEWEST[work]


def look(studio: Studio, scene: Scene, work: str, *, done: bool) -> None:
    """Hold what must be true when the computer is on again."""
    assert studio.broken(earlier=scene.earlier) == []
    tracks = len(studio.playlist.entries)
    if done and work == "download":
        assert len(studio.kept()) == tracks
    elif done:
        assert check_export(studio.final)["summary"]["exported"] == tracks
        assert len(studio.kept()) == tracks
    elif work == "retry":  # the export stands all the time; what was moved in is whole, too
        right = {track.recording.sha256 for track in studio.server.world.tracks if track.recording}
        assert {sha256_of(path) for path in (studio.final / "Audio").iterdir()} <= right
        assert Manifest.load(studio.final).entries
    elif studio.final.exists():
        assert check_export(studio.final)["summary"]["exported"] in {tracks, BEFORE.get(work, tracks)}
    elif work == "replace":  # between two renames: the older one lies beside, and goes back by itself
        (aside,) = studio.exports.glob("*.old-*")
        assert check_export(aside)["summary"]["exported"] == BEFORE[work]


def repair(studio: Studio, scene: Scene, work: str) -> None:
    """Do the work once more, as a user would."""
    if work == "retry":
        studio.exporter.retry(studio.final)
    else:
        studio.export(replace=studio.final.exists() or work == "replace")
    assert check_export(studio.final)["summary"]["exported"] == len(studio.playlist.entries)
    assert studio.unrepaired(earlier=scene.earlier) == []
