"""Hashing the cache: what is intact, what is not, and what is said when nothing can be said."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from chadsdk import CancelToken, ExportCancelled
from chadsdk.cache import CacheRecord, Verified, rehash
from chadsdk.cache.locks import Hold, holding
from chadsdk.cache.rehash import Condition, check_tracks
from tests.cache.shelf import Shelf
from tests.download.support import child

RIGHT = "The file has other content than when it was stored."


def _rot(file: Path) -> None:
    status = file.stat()
    with file.open("r+b") as stream:
        stream.seek(500)
        stream.write(b"rot")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    ("happens", "condition", "detail"),
    [
        (lambda _: None, Condition.INTACT, None),
        (Path.touch, Condition.INTACT, None),
        (_rot, Condition.CHANGED, RIGHT),
        (lambda file: os.truncate(file, 400), Condition.CHANGED, "The file has 400 bytes, not 1000."),
        (lambda file: os.truncate(file, 0), Condition.CHANGED, "The file has 0 bytes, not 1000."),
    ],
    ids=["nothing", "touched", "rotten", "cut", "emptied"],
)
def test_what_a_file_turns_out_to_be(
    shelf: Shelf, happens: Callable[[Path], object], condition: Condition, detail: str | None
) -> None:
    """By content: dates alone do not make it bad; nothing is removed unless it is asked for."""
    shelf.put("t-1")
    happens(shelf.put("t-2"))
    first, second = check_tracks(shelf.root)
    assert (first.condition, first.title) == (Condition.INTACT, "Title t-1")
    assert (second.condition, second.detail, second.removed) == (condition, detail, False)
    assert shelf.tracks() == shelf.records() == ["t-1", "t-2"]


def test_a_file_of_another_length_is_not_read(shelf: Shelf) -> None:
    """A terabyte of holes in place of a track: told apart by its length, at once."""
    os.truncate(shelf.put("t-1"), 1 << 40)
    token = CancelToken()
    bound = threading.Timer(20, token.cancel)
    bound.start()
    try:
        [found] = check_tracks(shelf.root, token=token)
    finally:
        bound.cancel()
    assert (found.condition, found.detail) == (Condition.CHANGED, f"The file has {1 << 40} bytes, not 1000.")


def test_a_file_without_a_record_is_not_bad(shelf: Shelf) -> None:
    """Nothing says what it must be, so nothing is claimed, and it is not removed."""
    shelf.put("t-1", record=False)
    [found] = check_tracks(shelf.root, remove_bad=True)
    assert (found.condition, found.is_bad, found.title) == (Condition.UNRECORDED, False, None)
    assert shelf.tracks() == ["t-1"]


def test_what_is_bad_is_removed_when_asked_for(shelf: Shelf) -> None:
    """With its record; the rest stays."""
    shelf.put("t-1")
    _rot(shelf.put("t-2"))
    assert [each.removed for each in check_tracks(shelf.root, remove_bad=True)] == [False, True]
    assert shelf.tracks() == shelf.records() == ["t-1"]


def test_what_another_process_is_at_is_not_judged(shelf: Shelf) -> None:
    """It may be replacing that very file."""
    _rot(shelf.put("t-1"))
    with child("hold", lock=str(shelf.cache.layout.lock("t-1"))):
        [found] = check_tracks(shelf.root, remove_bad=True)
    assert (found.condition, found.is_bad, found.removed) == (Condition.BUSY, False, False)
    assert shelf.tracks() == ["t-1"]


def test_it_is_cancelled_between_two_files(shelf: Shelf) -> None:
    """The next is not begun."""
    for track_id in ("t-1", "t-2"):
        shelf.put(track_id)
    token = CancelToken()
    checking = check_tracks(shelf.root, token=token)
    next(checking)
    token.cancel()
    with pytest.raises(ExportCancelled):
        next(checking)


def test_a_record_is_made_again_from_the_bytes_and_claims_nothing_untrue(shelf: Shelf) -> None:
    """It says what the source says, that the digest was compared, and when the file was written."""
    file = shelf.put("t-1")
    record = CacheRecord.read(shelf.cache.layout.record("t-1"))
    assert record is not None
    shelf.cache.layout.record("t-1").unlink()
    source = replace(shelf.source("t-1", revision="r7", sha256=record.sha256), title="New title")
    shelf.cache.restore_record(source, CancelToken())
    made = CacheRecord.read(shelf.cache.layout.record("t-1"))
    assert made == replace(
        record,
        title="New title",
        revision="r7",
        verified=Verified.DIGEST,
        stored_at=int(file.stat().st_mtime),
    )
    assert shelf.cache.find(source) is not None


@pytest.mark.parametrize("known", [{}, {"sha256": "0" * 64}, {"sha256": "*right*", "size_bytes": 999}])
def test_no_record_is_made_of_what_is_not_known_to_be_right(shelf: Shelf, known: dict[str, str | int]) -> None:
    """No digest, another digest, another length."""
    shelf.put("t-1")
    record = CacheRecord.read(shelf.cache.layout.record("t-1"))
    assert record is not None
    shelf.cache.layout.record("t-1").unlink()
    asked = {key: record.sha256 if value == "*right*" else value for key, value in known.items()}
    shelf.cache.restore_record(shelf.source("t-1", **asked), CancelToken())
    assert shelf.records() == []


def test_no_record_is_made_beside_a_download(shelf: Shelf) -> None:
    """Whoever holds the lock is about to write a newer one."""
    shelf.put("t-1")
    record = CacheRecord.read(shelf.cache.layout.record("t-1"))
    assert record is not None
    shelf.cache.layout.record("t-1").unlink()
    with holding(shelf.cache.layout.lock("t-1"), CancelToken(), wait_s=0):
        shelf.cache.restore_record(shelf.source("t-1", sha256=record.sha256), CancelToken())
    assert shelf.records() == []


def test_hashing_for_a_record_is_cancelled(shelf: Shelf) -> None:
    """A large file is not read to its end."""
    shelf.put("t-1")
    shelf.cache.layout.record("t-1").unlink()
    token = CancelToken()
    token.cancel()
    with pytest.raises(ExportCancelled):
        shelf.cache.restore_record(shelf.source("t-1", sha256="0" * 64), token)


OLD, NEW = b"old".ljust(1000, b"\0"), b"new".ljust(1200, b"\0")  # lengths differ, whatever the clock's grain


def store(shelf: Shelf, content: bytes, *, title: str = "Old") -> Path:
    """Store t-1 as a download leaves it of which nobody knew the digest; gives its file."""
    source = replace(shelf.source("t-1"), title=title)
    work = shelf.cache.claim(source)
    work.stream.write(content)
    return shelf.cache.publish(source, work, extension="wav", sha256=None, verified=Verified.SIGNATURE).path


def recorded(shelf: Shelf) -> tuple[str, str | None]:
    """The title and digest in the record of t-1."""
    record = CacheRecord.read(shelf.cache.layout.record("t-1"))
    assert record is not None
    return record.title, record.sha256


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_digest_that_nobody_knew_is_noted(shelf: Shelf) -> None:
    """What was hashed once need not be believed again: rot is found from then on."""
    file = store(shelf, OLD)
    assert [each.condition for each in check_tracks(shelf.root)] == [Condition.INTACT]
    assert recorded(shelf) == ("Old", sha256(OLD))
    _rot(file)
    assert [each.condition for each in check_tracks(shelf.root)] == [Condition.CHANGED]


class MeddlingToken(CancelToken):
    """Does something once, in the middle of whatever asks it first."""

    def __init__(self, meddle: Callable[[], object]) -> None:
        super().__init__()
        self._meddle = [meddle]

    @property
    def cancelled(self) -> bool:
        """See `CancelToken`."""
        if self._meddle:
            self._meddle.pop()()
        return super().cancelled


@pytest.mark.parametrize("remove_bad", [True, False])
def test_a_file_that_is_replaced_while_it_is_hashed_gets_no_digest_of_the_old(
    shelf: Shelf, *, remove_bad: bool
) -> None:
    """The digest is of the file that was open; the one that has its name by then is not judged by it, nor removed."""
    store(shelf, OLD)
    token = MeddlingToken(lambda: store(shelf, NEW, title="New"))
    [found] = check_tracks(shelf.root, token=token, remove_bad=remove_bad)
    assert (found.condition, found.removed) == (Condition.INTACT, False)
    assert recorded(shelf) in {("New", None), ("New", sha256(NEW))}
    assert shelf.cache.layout.audio("t-1", "wav").read_bytes() == NEW


def test_a_file_that_was_written_to_since_it_was_stored_gets_no_digest(shelf: Shelf) -> None:
    """Nobody knows what it was: its digest would make it right for ever."""
    file = store(shelf, OLD)
    with file.open("r+b") as stream:
        stream.write(b"rot")
    os.utime(file, ns=(1, 1))  # whatever the clock's grain
    assert [each.condition for each in check_tracks(shelf.root)] == [Condition.CHANGED]
    assert recorded(shelf) == ("Old", None)


def test_a_file_that_was_replaced_since_gets_no_digest_of_the_old(shelf: Shelf) -> None:
    """As by an export that has copied the old one in the meantime."""
    file = store(shelf, OLD)
    status = file.stat()
    store(shelf, NEW, title="New")
    shelf.cache.note_digest(file, sha256(OLD), status)
    assert recorded(shelf) == ("New", None)


def test_a_record_that_is_replaced_before_the_lock_is_had_stays(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read without the lock is read again with it."""
    file = store(shelf, OLD)
    status = file.stat()

    @contextmanager
    def late(path: Path, token: CancelToken, *, wait_s: float) -> Iterator[Hold]:
        store(shelf, NEW, title="New")
        with holding(path, token, wait_s=wait_s) as hold:
            yield hold

    monkeypatch.setattr(rehash, "holding", late)
    shelf.cache.note_digest(file, sha256(OLD), status)
    assert recorded(shelf) == ("New", None)


def test_no_digest_is_noted_beside_a_download(shelf: Shelf) -> None:
    """Whoever holds the lock may be about to write the record of the next file."""
    file = store(shelf, OLD)
    with child("hold", lock=str(shelf.cache.layout.lock("t-1"))):
        shelf.cache.note_digest(file, sha256(OLD), file.stat())
    assert recorded(shelf) == ("Old", None)
    shelf.cache.note_digest(file, sha256(OLD), file.stat())
    assert recorded(shelf) == ("Old", sha256(OLD))
