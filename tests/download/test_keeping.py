"""Looking after the cache: what the dead left, listing, and emptying it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from chadsdk.cache import Cache, CacheLayout
from chadsdk.cache.listing import clear, list_tracks
from chadsdk.cache.work import ORPHAN_AGE_S
from tests.download.support import Rig, Running, child, final_files


def leave_orphan(rig: Rig, track_id: str, *, age_s: float) -> Path:
    """What a killed process leaves."""
    path = rig.layout.partials / f"{track_id}.{'0' * 32}.tmp"
    path.write_bytes(b"RIFF")
    then = time.time() - age_s
    os.utime(path, (then, then))
    return path


def test_what_the_dead_left_is_swept_when_it_is_old_and_nobodys(rig: Rig) -> None:
    """Old and unlocked goes; young stays, because its writer may live; old but locked stays, because it does."""
    rig.service.download(rig.source(1))
    old = leave_orphan(rig, "t-3", age_s=ORPHAN_AGE_S + 60)
    young = leave_orphan(rig, "t-4", age_s=ORPHAN_AGE_S - 60)
    held = leave_orphan(rig, "t-5", age_s=ORPHAN_AGE_S + 60)
    with child("hold", lock=str(rig.layout.lock("t-5"))):
        Cache(rig.cache, rig.client.key).prepare()
        assert rig.temporaries() == sorted([young, held])
    assert not old.exists()


def test_the_cache_is_listed(rig: Rig) -> None:
    """Every track with what is known of it; without its record still its file; nothing that is no track."""
    rig.service.download_all([rig.source(1), rig.source(2)])
    rig.layout.record("t-2").unlink()
    (rig.cache / "notes.txt").write_text("mine")
    (rig.cache / "folder").mkdir()
    first, second = list_tracks(rig.cache)
    assert (first.track_id, first.title, first.size_bytes) == ("t-1", "Plain 00001", 400_000)
    assert (first.server, first.path) == (rig.client.key, rig.layout.audio("t-1", "wav"))
    assert (second.track_id, second.title, second.size_bytes) == (None, None, 400_000)


@pytest.mark.parametrize("server", ["::1_http_8000", "xn--mnchen-3ya.example", "A Server", "x" * 100, "a_b"])
def test_a_server_of_any_name_is_listed_and_cleared(tmp_path: Path, server: str) -> None:
    """Keys that are no plain folder names (IPv6, punycode, long) have a folder that is found again."""
    cache = Cache(tmp_path, server)
    cache.prepare()
    cache.layout.audio("t-1", "wav").write_bytes(b"RIFF")
    assert [listed.path for listed in list_tracks(tmp_path)] == [cache.layout.audio("t-1", "wav")]
    assert clear(tmp_path).tracks == 1
    assert list(CacheLayout.all(tmp_path)) == [cache.layout]


def test_clearing_removes_all_but_locks(rig: Rig) -> None:
    """Audio, records and partials of every track; lock files stay, because somebody may wait on one."""
    rig.service.download_all([rig.source(1), rig.source(2)])
    leave_orphan(rig, "t-3", age_s=0)
    done = clear(rig.cache)
    assert (done.tracks, done.busy) == (2, 0)
    assert done.freed_bytes >= 800_000
    assert final_files(rig.cache) == []
    assert list(rig.layout.records.iterdir()) == list(rig.layout.partials.iterdir()) == []
    assert {"t-1.lock", "t-2.lock"} <= {path.name for path in rig.layout.locks.iterdir()}
    assert len(rig.service.download_all([rig.source(1)])) == 1


def test_clearing_leaves_what_is_being_downloaded(rig: Rig) -> None:
    """A track that another process is at is busy: its temporary file stays, and its download ends well."""
    rig.service.download(rig.source(2))
    rig.server.set_faults("t-1", [{"gate": "half", "after": 0.5}])
    with Running(lambda: rig.service.download(rig.source(1))) as running:
        rig.server.wait_at_gate("half")
        done = clear(rig.cache)
        assert (done.tracks, done.busy) == (1, 1)
        assert len(rig.temporaries()) == 1
        rig.server.open_gate("half")
        running.value()
    assert [path.stem for path in final_files(rig.cache)] == ["t-1"]


def test_clearing_leaves_a_record_that_is_being_written(rig: Rig) -> None:
    """A record under its temporary name has no lock of its own: a young one is somebody's, an old one is nobody's."""
    rig.service.download(rig.source(2))
    young, old = (rig.layout.records / f".{digit * 32}.tmp" for digit in "01")
    for path in (young, old):
        path.write_text("{}")
    os.utime(old, (0, 0))
    clear(rig.cache)
    assert list(rig.layout.records.iterdir()) == [young]


def test_clearing_touches_nothing_of_others(rig: Rig, tmp_path: Path) -> None:
    """What is no cache folder, and what a link leads to, is not ours."""
    rig.service.download(rig.source(1))
    foreign = tmp_path / "foreign"
    (foreign / ".records").mkdir(parents=True)
    (foreign / "song.wav").write_bytes(b"RIFF")
    (rig.cache / "link").symlink_to(foreign)
    (rig.layout.folder / "readme.txt").write_text("mine")
    clear(rig.cache)
    assert (foreign / "song.wav").exists()
    assert (rig.layout.folder / "readme.txt").exists()
    (rig.layout.folder / "readme.txt").unlink()
