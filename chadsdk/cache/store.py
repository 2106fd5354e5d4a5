"""`Cache`: one server's tracks on this computer."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from chadsdk.cache.holdings import Key
from chadsdk.cache.layout import CacheLayout
from chadsdk.cache.locks import Hold, holding
from chadsdk.cache.record import CacheRecord, Verified
from chadsdk.cache.rehash import note_digest, record_of
from chadsdk.cache.work import WorkFile, claim, forget_partial, orphans, remove_file
from chadsdk.cancel import CancelToken
from chadsdk.files import make_private_folder, make_private_root, safe_id, sync_folder
from chadsdk.media import EXTENSIONS
from chadsdk.source import CloudSource

__all__ = ["Cache", "CachedTrack"]


_EXTENSIONS = tuple(sorted(EXTENSIONS))


@dataclass(frozen=True, slots=True)
class CachedTrack:
    """A track that is in the cache at this moment.

    Attributes:
        path: Its file.
        size_bytes: Length of the file.
        verified: How it was checked before it got that name.
        sha256: Its digest then; None when the record is lost.
    """

    path: Path
    size_bytes: int
    verified: Verified
    sha256: str | None


class Cache:
    """The tracks of one server. Thread-safe and process-safe; holds nothing open between calls.

    Methods raise `OSError` when the file system refuses, and `UnsafeNameError` for an id that cannot be a name.
    """

    def __init__(self, root: Path, server: str) -> None:
        self.layout = CacheLayout.of(root, server)
        self._there: frozenset[str] | None = None  # stems of what lay here when it was prepared
        self._unflushed = False

    def key(self, source: CloudSource) -> Key:
        """Give what a track is called over all servers' caches."""
        return (self.layout.folder.name, safe_id(source.track_id))

    def prepare(self) -> None:
        """Make the folders, for this user alone, and remove what dead processes left.

        Raises:
            PermissionError: One of them belongs to another user, who could put anything in.
            OSError: The file system refuses, or a link stands in the place of a folder.
        """
        root, *folders = self.layout.private_folders
        make_private_root(root)
        for folder in folders:
            make_private_folder(folder)
        self._there = frozenset(name.partition(".")[0] for name in os.listdir(self.layout.folder))  # noqa: PTH208 - names
        for orphan in orphans(self.layout.partials):
            # Age alone is no proof (clocks jump): whoever still writes to it holds the track's lock.
            lock = self.layout.locks / f"{orphan.name.split('.', 1)[0]}.lock"
            with holding(lock, CancelToken(), wait_s=0) as hold:
                if hold is Hold.OURS:
                    remove_file(orphan)

    def locked(self, source: CloudSource, token: CancelToken, *, wait_s: float) -> AbstractContextManager[Hold]:
        """Hold a track's lock; see `holding`."""
        return holding(self.layout.lock(source.track_id), token, wait_s=wait_s)

    def find(self, source: CloudSource) -> CachedTrack | None:
        """Give the track if it is here and is what the source expects.

        Length must fit where it is known. Where a revision or digest is known, a record that is tied to the very
        file must confirm it: without one the file may be an older version.
        """
        return self._find(source, CacheRecord.read(self.layout.record(source.track_id)))

    def find_prepared(self, source: CloudSource) -> CachedTrack | None:
        """Do as `find`, for a batch that began with `prepare`: without a look for files that cannot be there."""
        record = CacheRecord.read(self.layout.record(source.track_id))
        if record is None and not self._may_be_there(source.track_id):
            return None
        return self._find(source, record)

    def _find(self, source: CloudSource, record: CacheRecord | None) -> CachedTrack | None:
        # The record's own file first: one look instead of one per extension.
        extensions = _EXTENSIONS if record is None else (record.extension, *_EXTENSIONS)
        for path, status in self._files(source.track_id, extensions):
            valid = record if record is not None and record.describes(status) else None
            if record is not None and valid is None:
                continue  # cut, grown or replaced since it was stored
            if status.st_nlink > 1:
                continue  # it has a name elsewhere, where others may write into it
            if _fits(source, status, valid):
                return CachedTrack(
                    path,
                    status.st_size,
                    valid.verified if valid else Verified.SIGNATURE,
                    valid.sha256 if valid else None,
                )
        return None

    def note_use(self, source: CloudSource) -> None:
        """Note that a track was used now, for who has to choose what goes first; never fails.

        One call of the system that changes no byte: nothing to tear, to flush or to grow (see ADR 10).
        """
        with contextlib.suppress(OSError):  # the record is lost, or the cache read-only
            os.utime(self.layout.record(source.track_id))

    def last_use_s(self, source: CloudSource) -> float | None:
        """Give when a track was last used, in seconds of the epoch; None when its record is lost."""
        try:
            return self.layout.record(source.track_id).lstat().st_mtime
        except OSError:
            return None

    def restore_record(self, source: CloudSource, token: CancelToken) -> None:
        """Make a lost record again when the source knows the digest and the file has it; else do nothing.

        Raises:
            ExportCancelled: Cancelled while the file was read.
        """
        record = self.layout.record(source.track_id)
        if source.sha256 is None or _has_digest(record):
            return
        with contextlib.suppress(OSError), self.locked(source, token, wait_s=0) as hold:
            # Whoever holds the lock is about to write one; without locks an older one could replace a newer.
            if hold is Hold.OURS and not _has_digest(record):
                for path, status in self._files(source.track_id):
                    made = record_of(source, path, status, token)
                    if made is not None:
                        made.write(record)

    def note_digest(self, path: Path, sha256: str, status: os.stat_result) -> None:
        """Remember the digest of a file that was stored without one and had that status; never fails."""
        with contextlib.suppress(OSError):
            note_digest(self.layout, path, sha256, status, CancelToken())

    def claim(self, source: CloudSource) -> WorkFile:
        """Give a file to download into, with what an earlier attempt left."""
        return claim(self.layout.partials, safe_id(source.track_id))

    def publish(
        self, source: CloudSource, work: WorkFile, *, extension: str, sha256: str | None, verified: Verified
    ) -> CachedTrack:
        """Give a whole, verified file its final name.

        Flushed before it is renamed: a rename alone leaves an empty file after a power cut. The name itself is flushed
        by `flush`; until then a power cut may cost the download, and nothing else.
        """
        stale = self._may_be_there(source.track_id) or self.layout.record(source.track_id).exists()
        os.fsync(work.stream.fileno())
        status = os.fstat(work.stream.fileno())
        final = self.layout.audio(source.track_id, extension)
        record = CacheRecord(
            track_id=source.track_id,
            title=source.title,
            extension=extension,
            size_bytes=status.st_size,
            mtime_ns=status.st_mtime_ns,
            sha256=sha256,
            verified=verified,
            revision=source.revision,
            stored_at=int(time.time()),
        )
        # Before the audio: tied to the new file, it says nothing of an old one that a crash leaves in place.
        record.write(self.layout.record(source.track_id))
        work.stream.close()
        os.replace(work.path, final)  # noqa: PTH105 - half the time of Path's
        self._unflushed = True
        if stale:
            self._tidy(source.track_id, keep=final)
        forget_partial(work)
        return CachedTrack(final, status.st_size, verified, sha256)

    def flush(self) -> None:
        """Flush the names of what was published: once for a batch, because each flush waits for the disk."""
        if self._unflushed:
            self._unflushed = False
            sync_folder(self.layout.folder)

    def forget(self, source: CloudSource) -> None:
        """Remove a track that turned out bad; its record first."""
        self.layout.record(source.track_id).unlink(missing_ok=True)
        for path, _ in self._files(source.track_id):
            path.unlink(missing_ok=True)

    def _may_be_there(self, track_id: str) -> bool:
        # Whoever stores a file writes its record first. So a file without one lost it, and lay here before.
        return self._there is None or safe_id(track_id) in self._there

    def _tidy(self, track_id: str, *, keep: Path) -> None:
        for extension in _EXTENSIONS:
            path = self.layout.audio(track_id, extension)
            if path != keep:  # an older revision in another format, or a link that somebody put there
                remove_file(path)

    def _files(self, track_id: str, extensions: Iterable[str] = _EXTENSIONS) -> Iterator[tuple[Path, os.stat_result]]:
        stem = f"{self.layout.folder}{os.sep}{safe_id(track_id)}."
        for extension in extensions:
            with contextlib.suppress(FileNotFoundError):
                status = os.lstat(stem + extension)
                # Not a link, FIFO or folder that somebody put there.
                if stat.S_ISREG(status.st_mode):
                    yield Path(stem + extension), status


def _has_digest(place: Path) -> bool:
    # Records are not flushed: a power cut may leave an empty one. And no digest is reckoned where none is expected.
    record = CacheRecord.read(place)
    return record is not None and record.sha256 is not None


def _fits(source: CloudSource, status: os.stat_result, record: CacheRecord | None) -> bool:
    if status.st_size == 0 or source.size_bytes not in {None, status.st_size}:
        return False
    if source.revision is not None and (record is None or record.revision != source.revision):
        return False
    return source.sha256 is None or (record is not None and record.sha256 == source.sha256)
