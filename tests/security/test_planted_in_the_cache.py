"""Row 66: links, second names, FIFOs and folders in the cache. Nothing is followed, waited on or lost by them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from chadsdk.cache.listing import clear, list_tracks
from chadsdk.cache.pruning import prune
from chadsdk.cache.rehash import check_tracks
from chadsdk.cache_policy import CachePolicy
from chadsdk.errors import AccessDeniedError, StorageError
from harness.process import ServerHandle
from harness.recording import sha256_of
from tests.download.rows import leave_half, rig_on
from tests.download.support import Rig, bare
from tests.download.test_resume import note, tie
from tests.security.planting import KINDS, Victim

Place = Callable[[Rig], Path]

FILES: dict[str, Place] = {
    "track": lambda rig: rig.layout.audio("t-1", "wav"),
    "track in another format": lambda rig: rig.layout.audio("t-1", "mp3"),
    "partial": lambda rig: rig.layout.partials / "t-1.part",
    "note": lambda rig: rig.layout.partials / "t-1.validator",
    "temporary": lambda rig: rig.layout.partials / "t-1.0123456789.tmp",
    "record": lambda rig: rig.layout.record("t-1"),
    "lock": lambda rig: rig.layout.lock("t-1"),
}
FOLDERS: dict[str, Place] = {
    "server": lambda rig: rig.layout.folder,
    "records": lambda rig: rig.layout.records,
    "locks": lambda rig: rig.layout.locks,
    "partials": lambda rig: rig.layout.partials,
}
# A folder may hold anything, so it is not removed; where the track or its record has to go there is no way round it.
IN_THE_WAY = {("track", "folder"), ("record", "folder")}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", FILES)
def test_row_66_in_the_place_of_a_file(
    shared: ServerHandle, tmp_path: Path, victim: Victim, place: str, kind: str
) -> None:
    """The track is had whole and under a name of its own, or there is one clear error that names the very file."""
    with rig_on(shared, tmp_path / "cache") as rig:
        rig.service.download(rig.source(2))
        victim.plant(kind, FILES[place](rig))
        if (place, kind) in IN_THE_WAY:
            with pytest.raises(StorageError, match=f"Cannot .*: {re.escape(str(FILES[place](rig)))}[.]$"):
                victim.bounded(lambda: rig.service.download(rig.source(1)))
        else:
            path = victim.bounded(lambda: rig.service.download(bare(rig.source(1))))
            assert (sha256_of(path), path.lstat().st_nlink) == (rig.sha256(), 1)
            assert stat.S_ISREG(path.lstat().st_mode)
            others = [each for each in path.parent.glob("t-1.*") if each != path]
            assert others == ([FILES[place](rig)] if (place, kind) == ("track in another format", "folder") else [])
        for folder in rig.cache.rglob("*.tmp"):  # the one that was planted, if it was one
            assert folder.is_dir() or place == "temporary"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["partial", "note", "record", "lock"])
def test_row_66_while_a_download_is_resumed(
    shared: ServerHandle, tmp_path: Path, victim: Victim, place: str, kind: str
) -> None:
    """Half of the track is there, and one of its files was swapped: what comes is whole all the same."""
    with rig_on(shared, tmp_path / "cache") as rig:
        leave_half(rig, rig.source(1))
        shared.set_faults("t-1", [{"cut_at": 300_000}])  # so that it is put aside, too
        victim.plant(kind, FILES[place](rig))
        if (place, kind) == ("record", "folder"):
            with pytest.raises(StorageError):
                victim.bounded(lambda: rig.service.download(rig.source(1)))
        else:
            assert sha256_of(victim.bounded(lambda: rig.service.download(rig.source(1)))) == rig.sha256()


def test_row_66_a_note_that_vouches_for_a_file_elsewhere(shared: ServerHandle, tmp_path: Path, victim: Victim) -> None:
    """A second name of somebody's file as a partial, with a note that fits it to the nanosecond: not written into."""
    with rig_on(shared, tmp_path / "cache") as rig:
        leave_half(rig, rig.source(1))
        (partial,) = rig.partials()
        victim.plant("hard", partial)
        note(partial, lambda fields: fields | tie(partial) | {"spans": [[0, 9]]})
        shared.set_faults("t-1", [])
        assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()


def test_row_66_a_note_that_cannot_be_kept(shared: ServerHandle, tmp_path: Path, victim: Victim) -> None:
    """A folder in the place of the note while a download breaks off for good: one clear error, nothing half-made."""
    with rig_on(shared, tmp_path / "cache", attempts=1) as rig:
        rig.service.download(rig.source(2))
        victim.plant("folder", FILES["note"](rig))
        shared.set_faults("t-1", [{"cut_body": 0.5, "always": True}])
        with pytest.raises(StorageError, match=str(rig.cache)):
            rig.service.download(rig.source(1))
        assert rig.temporaries() == rig.partials() == []


@pytest.mark.parametrize("kind", ["link to a folder", "dangling", "fifo"])
@pytest.mark.parametrize("place", FOLDERS)
def test_row_66_in_the_place_of_a_folder(
    shared: ServerHandle, tmp_path: Path, victim: Victim, place: str, kind: str
) -> None:
    """The cache does not reach beyond itself: one clear error that names it, before anything is asked of the server."""
    with rig_on(shared, tmp_path / "cache") as rig:
        victim.plant(kind, FOLDERS[place](rig))
        with pytest.raises(StorageError, match=rf"Cannot .*{re.escape(str(FOLDERS[place](rig)))}[.:]"):
            victim.bounded(lambda: rig.service.download(rig.source(1)))
        assert shared.ledger() == []
        FOLDERS[place](rig).unlink()


@pytest.mark.parametrize("place", FOLDERS)
def test_row_66_nothing_is_cleared_elsewhere(shared: ServerHandle, tmp_path: Path, victim: Victim, place: str) -> None:
    """A folder of the cache that leads elsewhere by a link: listing, checking, pruning and clearing pass it by."""
    with rig_on(shared, tmp_path / "cache") as rig:
        rig.service.download(rig.source(1))
        folder = FOLDERS[place](rig)
        folder.rename(victim.file.parent / "moved")
        folder.symlink_to(victim.file.parent / "moved")
        old = victim.file.parent / "moved" / "t-9.part"
        old.touch()
        os.utime(old, (0, 0))
        before = sorted((victim.file.parent / "moved").rglob("*"))
        assert [*list_tracks(rig.cache), *check_tracks(rig.cache, remove_bad=True)] == []
        prune(rig.cache, CachePolicy(max_bytes=0, max_age_s=0.0))
        clear(rig.cache)
        assert sorted((victim.file.parent / "moved").rglob("*")) == before
        folder.unlink()


@pytest.mark.parametrize("kind", ["fifo", "link", "dangling", "hard"])
def test_row_66_keeping_house_among_strange_things(
    shared: ServerHandle, tmp_path: Path, victim: Victim, kind: str
) -> None:
    """Listing, checking and clearing a cache where every file of a track is something else."""
    with rig_on(shared, tmp_path / "cache") as rig:
        rig.service.download(rig.source(2))
        for place in FILES.values():
            victim.plant(kind, place(rig))
        victim.bounded(lambda: list(list_tracks(rig.cache)))
        victim.bounded(lambda: list(check_tracks(rig.cache)))
        victim.bounded(lambda: clear(rig.cache))
        assert not FILES["track"](rig).exists() or kind == "fifo"


def test_an_old_temporary_folder_stops_nobody(shared: ServerHandle, tmp_path: Path, victim: Victim) -> None:
    """What looks like the file of a dead process and is a folder stays, and the cache works."""
    with rig_on(shared, tmp_path / "cache") as rig:
        rig.service.download(rig.source(2))
        victim.plant("folder", FILES["temporary"](rig))
        os.utime(FILES["temporary"](rig), (0, 0))
        assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
        assert FILES["temporary"](rig).is_dir()


def test_the_cache_may_be_a_link_of_the_users_own(shared: ServerHandle, tmp_path: Path) -> None:
    """People move large folders to other volumes."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cache").symlink_to(tmp_path / "elsewhere")
    with rig_on(shared, tmp_path / "cache") as rig:
        assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser gives files away")
@pytest.mark.parametrize("place", ["cache", "link to the cache", *FOLDERS])
def test_row_66_a_folder_of_another_user_is_refused(shared: ServerHandle, tmp_path: Path, place: str) -> None:
    """Whoever owns a folder can put anything into it at any time: one clear error, nothing asked, nothing written."""
    with rig_on(shared, tmp_path / "cache") as rig:
        folder = rig.cache if place == "cache" else FOLDERS[place](rig) if place in FOLDERS else tmp_path / "real"
        folder.mkdir(parents=True)
        if place == "link to the cache":
            rig.cache.symlink_to(folder)
            os.lchown(rig.cache, 65534, 65534)
        else:
            os.chown(folder, 65534, 65534)
        with pytest.raises(AccessDeniedError, match="belongs to another user"):
            rig.service.download(rig.source(1))
        assert shared.ledger() == []
        assert [path for path in rig.cache.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("umask", [0, 0o027, 0o077])
def test_only_the_user_can_look_in_whatever_the_umask(shared: ServerHandle, tmp_path: Path, umask: int) -> None:
    """Folders 0700, those on the way there that are made for it too, and files 0600; records, notes and locks too."""
    before = os.umask(umask)
    try:
        with rig_on(shared, tmp_path / "new" / "deep" / "cache") as rig:
            rig.service.download(rig.source(1))
            leave_half(rig, rig.source(1, revision="other"))
    finally:
        os.umask(before)
    found = sorted((tmp_path / "new").rglob("*"))
    assert {".part", ".validator", ".json", ".lock", ".wav"} <= {path.suffix for path in found}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new", *found) if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_file()} == {0o600}


def test_an_older_wider_cache_is_shut(shared: ServerHandle, tmp_path: Path) -> None:
    """The SDK's own folders are shut to others at the next use; the one that the user chose keeps its permissions."""
    with rig_on(shared, tmp_path / "cache") as rig:
        rig.service.download(rig.source(1))
        for folder in rig.layout.private_folders:
            folder.chmod(0o777)
        rig.service.download(rig.source(2))
        assert [stat.S_IMODE(folder.stat().st_mode) for folder in rig.layout.private_folders] == [0o777] + [0o700] * 4
