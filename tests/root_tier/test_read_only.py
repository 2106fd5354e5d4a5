"""Volumes and folders that may not be written: said early and by name; what needs no writing goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chadsdk import Phase
from chadsdk.errors import AccessDeniedError, StorageError
from harness.process import PROJECT, ServerHandle
from tests.download.support import Running
from tests.export.rig import check_export, own_wav, when
from tests.root_tier.conftest import TRACKS, OpenVolume
from tests.root_tier.mounts import LOG_LOST, CannotMountError, Image, remount, run_tool, shut_down
from tests.root_tier.rig import opened

ALL = [f"t-{number}.wav" for number in range(1, TRACKS + 1)]


def test_row_56_a_read_only_cache_with_every_track(server: ServerHandle, volume: OpenVolume, tmp_path: Path) -> None:
    """What is in it is exported, and nothing is asked of the server."""
    readable = volume("cache")
    with opened(server, cache=readable / "cache", exports=tmp_path / "exports") as studio:
        earlier = studio.export_earlier(TRACKS)
        remount(readable, "ro")
        assert check_export(studio.export().folder)["summary"]["exported"] == TRACKS
        assert server.ledger() == []
        assert studio.unrepaired(earlier=earlier) == []


@pytest.mark.parametrize("had", [0, 1, 3])
def test_row_56_a_read_only_cache_that_misses_tracks(
    server: ServerHandle, volume: OpenVolume, tmp_path: Path, had: int
) -> None:
    """Denied, with its path, before any audio is asked for; writable again, all is had."""
    readable = volume("cache")
    with opened(server, cache=readable / "cache", exports=tmp_path / "exports") as studio:
        earlier = studio.export_earlier(had) if had else {}
        remount(readable, "ro")
        with pytest.raises(AccessDeniedError, match="ead-only") as caught:
            studio.export()
        assert str(studio.cache) in str(caught.value)
        assert studio.asked_for() == []
        assert not studio.final.exists()
        remount(readable, "rw")
        check_export(studio.export().folder)
        assert studio.unrepaired(earlier=earlier) == []


def test_row_56_a_read_only_folder_of_exports(server: ServerHandle, volume: OpenVolume, tmp_path: Path) -> None:
    """Denied before anything is asked of the server."""
    readable = volume("exports")
    remount(readable, "ro")
    with opened(server, cache=tmp_path / "cache", exports=readable / "exports") as studio:
        with pytest.raises(AccessDeniedError, match="ead-only") as caught:
            studio.export()
        assert str(readable) in str(caught.value)
        assert server.ledger() == []
        remount(readable, "rw")
        check_export(studio.export().folder)
        assert studio.unrepaired() == []


def test_row_56_exports_become_read_only_meanwhile(server: ServerHandle, volume: OpenVolume, tmp_path: Path) -> None:
    """Between the downloads and the copies: denied; what was downloaded is kept, an earlier export is as it was."""
    readable = volume("exports")
    with opened(server, cache=tmp_path / "cache", exports=readable / "exports") as studio:
        earlier = studio.export_earlier()
        with pytest.raises(AccessDeniedError, match="ead-only"):
            studio.export(progress=when(Phase.EXPORT, lambda _: remount(readable, "ro")))
        assert not studio.final.exists()
        assert studio.kept() == ALL
        assert studio.broken(earlier=earlier) == []
        remount(readable, "rw")
        server.clear_ledger()
        check_export(studio.export().folder)
        assert studio.asked_for() == []
        assert studio.unrepaired(earlier=earlier) == []


def test_row_56_the_cache_becomes_read_only_meanwhile(server: ServerHandle, volume: OpenVolume, tmp_path: Path) -> None:
    """When all is downloaded the export needs to write there no more, and is made."""
    readable = volume("cache")
    with opened(server, cache=readable / "cache", exports=tmp_path / "exports") as studio:
        check_export(studio.export(progress=when(Phase.EXPORT, lambda _: remount(readable, "ro"))).folder)
        assert studio.unrepaired() == []


def test_row_56_the_disk_goes_away_meanwhile(server: ServerHandle, blank: Image, disks: Path, tmp_path: Path) -> None:
    """In mid-download every call fails (EIO): one clear error, nobody is asked again; the disk back, all is had."""
    disk = blank.copy_to(disks / "outage")
    with (
        disk.mounted(tmp_path / "disk") as folder,
        opened(server, cache=folder / "cache", exports=tmp_path / "exports", max_concurrent_downloads=2) as studio,
    ):
        for track_id in ("t-1", "t-2"):
            server.set_faults(track_id, [{"gate": "half", "after": 0.5}])
        with Running(studio.export) as running:
            server.wait_at_gate("half", 2)
            shut_down(folder, LOG_LOST)
            server.open_gate("half")
        server.shut_gate("half")
        assert isinstance(running.error, StorageError), repr(running.error)
        assert str(studio.cache) in str(running.error)
        assert studio.asked_for() == ["t-1", "t-2"]
        assert not studio.final.exists()
    with (
        disk.mounted(tmp_path / "disk") as folder,
        opened(server, cache=folder / "cache", exports=tmp_path / "exports") as studio,
    ):
        check_export(studio.export().folder)
        assert studio.unrepaired() == []


@contextmanager
def immutable(folder: Path) -> Iterator[None]:
    """Nobody may change what is in it, not even root."""
    run_tool("chattr", "+i", folder)
    try:
        yield
    finally:
        run_tool("chattr", "-i", folder)


@pytest.mark.parametrize("place", ["exports", "server", ".partial", ".records"])
def test_row_56_an_immutable_folder(
    server: ServerHandle, blank: Image, disks: Path, tmp_path: Path, place: str
) -> None:
    """Not permitted even for root (EPERM): denied, with the path; not a wrong byte, and repaired by itself."""
    disk = blank.copy_to(disks / "immutable").mounted(tmp_path / "disk")
    with disk as folder, opened(server, cache=folder / "cache", exports=folder / "exports") as studio:
        earlier = studio.export_earlier()
        (own,) = studio.cache.iterdir()
        where = {"exports": studio.exports, "server": own}.get(place, own / place)
        try:
            with immutable(where), pytest.raises(AccessDeniedError, match="not permitted") as caught:
                studio.export()
        except CannotMountError as exc:
            pytest.skip(str(exc))
        assert str(folder) in str(caught.value)
        asked = studio.asked_for()
        assert len(asked) == len(set(asked))
        assert not studio.final.exists()
        assert studio.broken(earlier=earlier) == []
        server.clear_ledger()
        check_export(studio.export().folder)
        assert studio.unrepaired(earlier=earlier) == []


def test_row_56_locks_that_may_not_be_made(server: ServerHandle, blank: Image, disks: Path, tmp_path: Path) -> None:
    """A lock saves work and no more: without one all is had."""
    disk = blank.copy_to(disks / "immutable").mounted(tmp_path / "disk")
    with disk as folder, opened(server, cache=folder / "cache", exports=folder / "exports") as studio:
        earlier = studio.export_earlier()
        (own,) = studio.cache.iterdir()
        with immutable(own / ".locks"):
            check_export(studio.export().folder)
        assert studio.unrepaired(earlier=earlier) == []


NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-m", "tests.export.child")


@pytest.fixture
def as_nobody(tmp_path: Path) -> Callable[..., list[str]]:
    """Export a file as a user without any right; what came of it."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and folder.name.startswith(("pytest-", tmp_path.name)):
            folder.chmod(0o755)
    own = own_wav(tmp_path / "own.wav")
    probe = subprocess.run([*NOBODY, "{}"], cwd=PROJECT, capture_output=True, text=True, check=False)
    if "KeyError: 'file'" not in probe.stderr:
        pytest.skip(f"no other user: {probe.stderr.strip().splitlines()[-1:]}")

    def export(**places: Path) -> list[str]:
        order = json.dumps({"file": str(own), "stop_at": "export"} | {key: str(path) for key, path in places.items()})
        done = subprocess.run([*NOBODY, order], cwd=PROJECT, input="go\n", capture_output=True, text=True, check=False)
        return done.stdout.split("\n")

    return export


def test_row_56_a_folder_of_exports_of_another_user(as_nobody: Callable[..., list[str]], tmp_path: Path) -> None:
    """Denied before anything begins; nothing is left there."""
    (tmp_path / "exports").mkdir(mode=0o755)
    assert as_nobody(cache=tmp_path / "cache", to=tmp_path / "exports") == ["AccessDeniedError", ""]
    assert list((tmp_path / "exports").iterdir()) == []


def test_row_56_an_export_of_another_user_is_not_replaced(as_nobody: Callable[..., list[str]], tmp_path: Path) -> None:
    """Also in a folder that everybody may write to, the name stays taken."""
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports").chmod(0o1777)
    (tmp_path / "exports/Plain").mkdir(mode=0o700)
    assert as_nobody(cache=tmp_path / "cache", to=tmp_path / "exports") == ["ExportExistsError", ""]
    assert [path.name for path in (tmp_path / "exports").iterdir()] == ["Plain"]
