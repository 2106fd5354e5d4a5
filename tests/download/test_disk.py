"""Disks that are full and folders that cannot be used: one clear error, nothing half-made, nothing lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chadsdk.cache.locks import Hold, holding
from chadsdk.cancel import CancelToken
from chadsdk.errors import AccessDeniedError, DiskFullError, StorageError
from harness.build import plain_world
from harness.recording import sha256_of
from harness.world import World
from tests.download.conftest import OpenRig
from tests.download.support import Rig, child, child_config, final_files, source_of

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
VOLUME_BYTES = 2 * 1024 * 1024


@pytest.fixture
def small_volume(tmp_path: Path) -> Iterator[Path]:
    """A volume of 2 MiB."""
    folder = tmp_path / "volume"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={VOLUME_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a tmpfs is not allowed here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="session")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Tracks of 200 KB, 4 MB and three of 100 KB."""
    return plain_world(tmp_path_factory.mktemp("sizes"), [200_000, 4_000_000, 100_000, 100_000, 100_000])


def test_a_volume_that_fills_up_stops_the_batch(sizes: World, small_volume: Path, open_rig: OpenRig) -> None:
    """One clear error that names the volume; the temporary file goes, what was cached stays, nobody tries again."""
    rig = open_rig(sizes, cache=small_volume / "cache", max_concurrent_downloads=1)
    kept = rig.service.download(rig.source(1))
    with pytest.raises(DiskFullError) as caught:
        rig.service.download_all(rig.sources)
    assert caught.value.volume == small_volume
    assert caught.value.free_bytes <= VOLUME_BYTES
    assert str(small_volume) in str(caught.value)
    assert [len(rig.gets(number)) for number in (2, 3, 4, 5)] == [1, 0, 0, 0]
    assert rig.temporaries() == rig.partials() == []
    assert sha256_of(kept) == rig.sha256(1)
    assert rig.service.download(rig.source(3)).exists()


def test_a_volume_that_fills_up_under_a_split_file(sizes: World, small_volume: Path, open_rig: OpenRig) -> None:
    """Whichever connection finds no room: the same error, and nothing is left that takes the room of others."""
    rig = open_rig(sizes, cache=small_volume / "cache", min_part_bytes=64 * 1024)
    rig.server.set_faults("t-2", [{"rate": 1_000_000}])  # helpers fill the volume
    with pytest.raises(DiskFullError) as caught:
        rig.service.download(rig.source(2, sha256=None, revision=None))
    assert caught.value.volume == small_volume
    assert len(rig.gets(2)) > 1
    assert rig.temporaries() == rig.partials() == []
    assert rig.service.download(rig.source(3)).exists()


def test_a_volume_without_inodes_is_full(sizes: World, tmp_path: Path, open_rig: OpenRig) -> None:
    """No room for the lock file or the temporary file is the same error, though bytes are free."""
    folder = tmp_path / "volume"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,nr_inodes=9", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a tmpfs is not allowed here")
    try:
        rig = open_rig(sizes, cache=folder / "cache")
        with pytest.raises(DiskFullError):
            rig.service.download_all(rig.sources)
        rig.assert_whole()
        shutil.rmtree(rig.cache)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("at", ["root", "server", "parent"])
def test_a_file_where_a_folder_must_be(rig: Rig, at: str) -> None:
    """The cache cannot be made: said once, with its path, before anything is asked of the server."""
    place = {"root": rig.cache, "server": rig.layout.folder, "parent": rig.layout.partials}[at]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("in the way")
    with pytest.raises(StorageError) as caught:
        rig.service.download_all(rig.sources)
    assert str(rig.cache) in str(caught.value)
    assert rig.server.ledger() == []
    assert place.read_text() == "in the way"
    place.unlink()


@pytest.fixture
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that every user can enter, unlike pytest's own."""
    # That user must be able to import the tests: a checkout below a private folder is closed to it.
    look = [*NOBODY, "test", "-r", __file__]
    allowed = os.geteuid() == 0 and shutil.which("setpriv") is not None
    if not allowed or subprocess.run(look, capture_output=True, check=False).returncode:
        pytest.skip("only root can become another user")
    folder = Path("/tmp") / f"chadsdk-{os.getpid()}"
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_folder_of_another_user_is_denied(sizes: World, public: Path, open_rig: OpenRig) -> None:
    """A cache that may not be made is `AccessDeniedError` for the whole batch."""
    rig = open_rig(sizes, cache=public / "cache")
    with child("download", NOBODY, **child_config(rig, rig.sources)) as process:
        process.go()
        outcome = process.outcome()
    assert outcome["error"] == AccessDeniedError.__name__
    assert str(rig.cache) in outcome["message"]
    assert rig.server.ledger() == []


def test_a_cache_that_cannot_be_written_still_gives_its_hits(sizes: World, public: Path, open_rig: OpenRig) -> None:
    """Read-only for this user: what is there is had, and only a miss is denied."""
    rig = open_rig(sizes, cache=public / "cache")
    rig.service.download(rig.source(1))
    for path in [rig.cache, *rig.cache.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    for wanted, error in (([1], None), ([1, 3], AccessDeniedError.__name__)):
        sources = [source_of(sizes.track(f"t-{number}")) for number in wanted]
        with child("download", NOBODY, **child_config(rig, sources)) as process:
            process.go()
            assert process.outcome().get("error") == error


@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_a_useless_lock_file_costs_nothing_but_the_lock(rig: Rig, kind: str) -> None:
    """A link is not followed, a FIFO does not block, a folder is no file: the track is had without the lock."""
    rig.service.download(rig.source(2))
    lock, victim = rig.layout.lock("t-1"), rig.cache / "victim"
    victim.write_bytes(b"untouched")
    match kind:
        case "link":
            lock.symlink_to(victim)
        case "fifo":
            os.mkfifo(lock)
        case _:
            lock.mkdir()
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    assert victim.read_bytes() == b"untouched"
    victim.unlink()


def test_a_lock_file_that_cannot_be_opened_dooms_no_track(sizes: World, public: Path, open_rig: OpenRig) -> None:
    """A lock saves work, no more: a file of no permissions in its place costs the lock, not the track."""
    rig = open_rig(sizes, cache=public / "cache")
    rig.service.download(rig.source(1)).unlink()
    rig.layout.lock("t-1").chmod(0)
    for path in [rig.cache, *rig.cache.rglob("*")]:
        os.chown(path, 65534, 65534)
    with child("hold", NOBODY, lock=str(rig.layout.lock("t-1"))) as process:
        process.go()
        assert process.outcome() == Hold.NO_LOCKS.value
    with child("download", NOBODY, **child_config(rig, [rig.source(1)])) as process:
        process.go()
        assert process.outcome() == {"t-1": str(rig.layout.audio("t-1", "wav"))}


def test_a_lock_file_of_two_names_is_not_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The other name may be somebody's file: it is neither opened nor locked, and the log says so."""
    victim, lock = tmp_path / "victim", tmp_path / "t-1.lock"
    victim.write_bytes(b"untouched")
    lock.hardlink_to(victim)
    with holding(lock, CancelToken(), wait_s=0) as hold:
        assert hold is Hold.NO_LOCKS
    assert f"no file locks at {lock}" in caplog.text
    assert "it has another name elsewhere" in caplog.text
    assert victim.read_bytes() == b"untouched"


def test_patience_with_another_process_ends(plain: World, open_rig: OpenRig) -> None:
    """A holder that does not let go: after `lock_timeout_s` the track is had without the lock, which is safe."""
    rig = open_rig(plain, lock_timeout_s=0.2)
    rig.service.download(rig.source(2))
    with holding(rig.layout.lock("t-1"), CancelToken(), wait_s=0):
        assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    assert len(final_files(rig.cache)) == 2
