"""Carrying out a policy on real files: what goes, what is left alone, and what a crash leaves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chadsdk import CachePolicy, CancelToken, ExportCancelled
from chadsdk.cache import pruning
from chadsdk.cache.eviction import Needs, Why
from chadsdk.cache.holdings import Kind
from chadsdk.cache.locks import Hold, holding
from chadsdk.cache.pruning import plan_pruning, prune
from tests.cache.shelf import HOUR_S, Shelf
from tests.download.support import child

NOTHING = CachePolicy(max_bytes=0)


def test_the_least_recently_used_go_until_it_fits(shelf: Shelf) -> None:
    """Audio and record; the rest is as it was."""
    for number in range(1, 6):
        shelf.put(f"t-{number}", used_s_ago=number * HOUR_S)
    shelf.used("t-5", s_ago=HOUR_S / 2)
    done = prune(shelf.root, CachePolicy(max_bytes=2_500))
    assert [each.holding.stem for each in done.evictions] == ["t-4", "t-3", "t-2"]
    assert shelf.tracks() == shelf.records() == ["t-1", "t-5"]
    assert (done.freed_bytes, done.left_bytes, done.in_use) == (3_000, 2_000, ())


def test_servers_share_one_limit(shelf: Shelf) -> None:
    """The least recently used goes, whosever it is."""
    other = Shelf.made(shelf.root, "other.example")
    shelf.put("t-1", used_s_ago=HOUR_S)
    other.put("t-1", used_s_ago=2 * HOUR_S)
    prune(shelf.root, CachePolicy(max_bytes=1_000))
    assert (shelf.tracks(), other.tracks()) == (["t-1"], [])


def test_the_ledger_of_use_is_not_the_time_of_access(shelf: Shelf) -> None:
    """Reading a file (a backup, a virus scanner) is no use; looking it up is none either; noting it is."""
    file = shelf.put("read", used_s_ago=3 * HOUR_S)
    shelf.put("used", used_s_ago=4 * HOUR_S)
    before = file.stat().st_mtime_ns
    file.read_bytes()
    os.utime(file, ns=(2**62, before))
    assert shelf.cache.find(shelf.source("read")) is not None
    shelf.cache.note_use(shelf.source("used"))
    prune(shelf.root, CachePolicy(max_bytes=1_000))
    assert shelf.tracks() == ["used"]


def test_noting_a_use_changes_no_byte_and_no_date_of_the_audio(shelf: Shelf) -> None:
    """The record stays tied to its file: what was a hit is one."""
    file = shelf.put("t-1", used_s_ago=HOUR_S)
    record = shelf.cache.layout.record("t-1")
    before = (file.stat().st_mtime_ns, file.read_bytes(), record.read_bytes())
    shelf.cache.note_use(shelf.source("t-1"))
    assert (file.stat().st_mtime_ns, file.read_bytes(), record.read_bytes()) == before
    assert shelf.cache.find(shelf.source("t-1", revision="r1")) is not None


def test_noting_a_use_without_a_record_makes_none(shelf: Shelf) -> None:
    """It neither fails nor makes an empty record."""
    shelf.put("t-1", record=False)
    shelf.cache.note_use(shelf.source("t-1"))
    assert shelf.records() == []


def test_a_track_without_a_record_is_as_old_as_its_file(shelf: Shelf) -> None:
    """So that it goes some day, too."""
    shelf.put("t-1", record=False, used_s_ago=3 * HOUR_S)
    shelf.put("t-2", used_s_ago=HOUR_S)
    prune(shelf.root, CachePolicy(max_age_s=2 * HOUR_S))
    assert shelf.tracks() == ["t-2"]


def test_what_another_process_is_at_is_left_alone_and_made_up_for(shelf: Shelf) -> None:
    """Its lock is not waited for; the next least recently used goes instead, so that the limit is kept."""
    for number in range(1, 5):
        shelf.put(f"t-{number}", used_s_ago=number * HOUR_S)
    with child("hold", lock=str(shelf.cache.layout.lock("t-4"))):
        done = prune(shelf.root, CachePolicy(max_bytes=2_000))
    assert shelf.tracks() == shelf.records() == ["t-1", "t-4"]
    assert [each.stem for each in done.in_use] == ["t-4"]
    assert done.left_bytes == 2_000


def _use(shelf: Shelf, file: Path) -> None:
    shelf.used(file.stem, s_ago=0)


def _replace(shelf: Shelf, file: Path) -> None:
    del shelf
    file.write_bytes(b"RIFF and another length")


@pytest.mark.parametrize("happens", [_use, _replace])
def test_what_is_used_or_replaced_between_plan_and_removal_stays(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, happens: Callable[[Shelf, Path], None]
) -> None:
    """Under the lock it is looked at again."""
    file = shelf.put("t-1", used_s_ago=HOUR_S)
    asked: list[Path] = []

    @contextmanager
    def late(path: Path, token: CancelToken, *, wait_s: float) -> Iterator[Hold]:
        asked.append(path)
        with holding(path, token, wait_s=wait_s) as hold:
            happens(shelf, file)
            yield hold

    monkeypatch.setattr(pruning, "holding", late)
    done = prune(shelf.root, NOTHING)
    assert len(asked) == 1
    assert (done.evictions, [each.stem for each in done.in_use]) == ((), ["t-1"])
    assert shelf.tracks() == shelf.records() == ["t-1"]


def test_a_track_used_within_the_last_minute_stays(shelf: Shelf) -> None:
    """So an export that lost a file and fetched it again has the time to open it."""
    shelf.put("t-1", used_s_ago=1)
    assert prune(shelf.root, CachePolicy(max_bytes=0, max_age_s=0)).evictions == ()
    assert shelf.tracks() == ["t-1"]


def test_stale_partials_go_and_young_ones_stay(shelf: Shelf) -> None:
    """Of tracks that nobody asked for again; both files of each."""
    old, young = (shelf.put_partial(name, s_ago=age) for name, age in (("old", 31 * 86_400.0), ("young", HOUR_S)))
    done = prune(shelf.root, CachePolicy(max_bytes=10**9))
    assert [(each.holding.kind, each.why, each.holding.size_bytes) for each in done.evictions] == [
        (Kind.PARTIAL, Why.TOO_OLD, 500)
    ]
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in young)


def test_a_partial_that_is_being_taken_up_stays(shelf: Shelf) -> None:
    """Whoever resumes it holds the lock."""
    files = shelf.put_partial("t-1", s_ago=31 * 86_400.0)
    with child("hold", lock=str(shelf.cache.layout.lock("t-1"))):
        prune(shelf.root, NOTHING)
    assert all(path.exists() for path in files)


def test_a_download_under_way_keeps_its_partials(shelf: Shelf) -> None:
    """The newest file of a track counts for all."""
    files = shelf.put_partial("t-1", s_ago=31 * 86_400.0)
    (shelf.cache.layout.partials / f"t-1.{'0' * 32}.tmp").write_bytes(b"RIFF")
    prune(shelf.root, NOTHING)
    assert all(path.exists() for path in files)


def test_a_dry_run_removes_nothing(shelf: Shelf) -> None:
    """The plan is a value; carrying it out comes to the same."""
    for number in range(1, 4):
        shelf.put(f"t-{number}", used_s_ago=number * HOUR_S)
    plan = plan_pruning(shelf.root, CachePolicy(max_bytes=1_000))
    assert len(shelf.tracks()) == 3
    assert prune(shelf.root, CachePolicy(max_bytes=1_000)).evictions == plan.evictions


def test_cancelled_it_stops_before_the_next(shelf: Shelf) -> None:
    """What is there has its record, or went whole."""
    shelf.put("t-1")
    token = CancelToken()
    token.cancel()
    with pytest.raises(ExportCancelled):
        prune(shelf.root, NOTHING, token=token)
    assert shelf.tracks() == shelf.records() == ["t-1"]


def test_what_is_not_ours_is_not_counted_and_stays(shelf: Shelf, tmp_path: Path) -> None:
    """Links, folders, other files, what a link leads to, and the locks."""
    shelf.put("t-1", used_s_ago=HOUR_S)
    victim = tmp_path / "victim.wav"
    victim.write_bytes(b"RIFF")
    folder = shelf.cache.layout.folder
    (folder / "t-2.wav").symlink_to(victim)
    (folder / "t-3.wav").mkdir()
    (folder / "notes.txt").write_text("mine")
    foreign = tmp_path / "foreign"
    (foreign / ".records").mkdir(parents=True)
    (foreign / "song.wav").write_bytes(b"RIFF")
    (shelf.root / "link").symlink_to(foreign)
    assert len(prune(shelf.root, NOTHING).evictions) == 1
    assert {path.name for path in folder.iterdir() if not path.name.startswith(".")} == {
        "t-2.wav",
        "t-3.wav",
        "notes.txt",
    }
    assert victim.exists()
    assert (foreign / "song.wav").exists()
    assert [path.name for path in shelf.cache.layout.locks.iterdir()] == ["t-1.lock"]


def test_where_the_cache_is_not_there_nothing_is_made(tmp_path: Path) -> None:
    """No error and no folder."""
    assert prune(tmp_path / "nowhere", NOTHING).evictions == ()
    assert not (tmp_path / "nowhere").exists()


def test_what_an_export_is_done_with_goes_at_once(shelf: Shelf) -> None:
    """But what another has used since stays."""
    for name in ("mine", "shared"):
        shelf.put(name, used_s_ago=1)
    done = {shelf.key(name): shelf.cache.last_use_s(shelf.source(name)) or 0.0 for name in ("mine", "shared")}
    shelf.used("shared", s_ago=0)
    prune(shelf.root, CachePolicy(after_export=True), needs=Needs(done=done))
    assert shelf.tracks() == ["shared"]


def test_the_record_goes_before_the_audio(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever dies in between leaves no record of a file that is not there."""
    shelf.put("t-1")
    order: list[str] = []
    unlink = os.unlink

    def noted(path: Path) -> None:
        order.append(path.suffix)
        unlink(path)

    monkeypatch.setattr(os, "unlink", noted)
    prune(shelf.root, NOTHING)
    assert order == [".json", ".wav"]


def test_the_lock_is_held_while_it_is_removed(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody publishes a new file in between."""
    shelf.put("t-1")
    held: list[str] = []
    unlink = os.unlink

    def look(path: Path) -> None:
        with holding(shelf.cache.layout.lock("t-1"), CancelToken(), wait_s=0) as hold:
            held.append(hold.name)
        unlink(path)

    monkeypatch.setattr(os, "unlink", look)
    prune(shelf.root, NOTHING)
    assert held == ["BUSY", "BUSY"]
