"""Cached files against what is known of their bytes: making a lost record again, and checking the whole cache."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from chadsdk.cache.layout import CacheLayout
from chadsdk.cache.locks import Hold, holding
from chadsdk.cache.record import CacheRecord, Verified
from chadsdk.cancel import CancelToken
from chadsdk.files import hash_file, open_regular
from chadsdk.source import CloudSource

__all__ = ["Checked", "Condition", "check_tracks", "note_digest", "record_of"]


def record_of(source: CloudSource, path: Path, status: os.stat_result, token: CancelToken) -> CacheRecord | None:
    """Give the record of a file whose record is lost; None unless it has the digest that the source knows.

    Raises:
        ExportCancelled: Cancelled.
        OSError: The file cannot be read.
    """
    if source.sha256 is None or source.size_bytes not in {None, status.st_size}:
        return None
    digest, read = _hash(path, token, size_bytes=status.st_size)
    if digest != source.sha256:
        return None
    # Each claim is true: the digest was compared just now, and the source says which revision has it.
    return CacheRecord(
        track_id=source.track_id,
        title=source.title,
        extension=path.suffix[1:],
        size_bytes=read.st_size,
        mtime_ns=read.st_mtime_ns,
        sha256=digest,
        verified=Verified.DIGEST,
        revision=source.revision,
        stored_at=int(read.st_mtime),
    )


class Condition(StrEnum):
    """What a cached file turned out to be."""

    INTACT = "intact"
    CHANGED = "changed"
    UNREADABLE = "unreadable"
    UNRECORDED = "unrecorded"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Checked:
    """One cached file.

    Attributes:
        server: Name of its server's folder.
        path: The file.
        title: For people; None when the record is lost.
        condition: What it turned out to be.
        detail: The same as a sentence; None when it is intact.
        removed: Whether it was removed.
    """

    server: str
    path: Path
    title: str | None
    condition: Condition
    detail: str | None = None
    removed: bool = False

    @property
    def is_bad(self) -> bool:
        """Whether it is not what was once verified, or cannot be told."""
        return self.condition in {Condition.CHANGED, Condition.UNREADABLE}


def check_tracks(root: Path, *, token: CancelToken | None = None, remove_bad: bool = False) -> Iterator[Checked]:
    """Hash every cached file and compare it with its record, by server and name.

    A file that vanishes meanwhile is passed over. What looks bad is looked at again under the track's lock, because it
    may just have been replaced.

    Args:
        root: The cache of all servers.
        token: Stops it, also in the middle of a file.
        remove_bad: Whether to remove what is bad, its record first.

    Raises:
        ExportCancelled: Cancelled.
        OSError: The file system refuses.
    """
    token = token or CancelToken()
    for layout in CacheLayout.all(root):
        for path in layout.tracks():
            if path.is_file() and not path.is_symlink():
                with suppress(FileNotFoundError):
                    yield _check(layout, path, token, remove_bad=remove_bad)


def _check(layout: CacheLayout, path: Path, token: CancelToken, *, remove_bad: bool) -> Checked:
    found = _look(layout, path, token)
    if not found.is_bad:
        return found
    stem = path.name.split(".", 1)[0]
    with holding(layout.locks / f"{stem}.lock", token, wait_s=0) as hold:
        if hold is Hold.BUSY:
            return replace(found, condition=Condition.BUSY, detail="Another process is downloading it.")
        found = _look(layout, path, token)
        if found.is_bad and remove_bad:
            (layout.records / f"{stem}.json").unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            return replace(found, removed=True)
    return found


def _look(layout: CacheLayout, path: Path, token: CancelToken) -> Checked:
    record = CacheRecord.read(layout.records / f"{path.name.split('.', 1)[0]}.json")
    about = record if record is not None and record.extension == path.suffix[1:] else None
    found = Checked(layout.folder.name, path, about.title if about else None, Condition.INTACT)
    try:
        if about is None:
            path.lstat()
            why = "Its record is lost, so that nothing says what it must be."
            return replace(found, condition=Condition.UNRECORDED, detail=why)
        digest, status = _hash(path, token, size_bytes=about.size_bytes)
    except FileNotFoundError:
        raise
    except OSError as exc:
        why = f"The file cannot be read: {exc.strerror or exc}."
        return replace(found, condition=Condition.UNREADABLE, detail=why)
    if digest is None:
        why = f"The file has {status.st_size} bytes, not {about.size_bytes}."
        return replace(found, condition=Condition.CHANGED, detail=why)
    if about.sha256 is None:
        if note_digest(layout, path, digest, status, token):
            return found
        why = "The file was written to after it was stored."
        return replace(found, condition=Condition.CHANGED, detail=why)
    if digest != about.sha256:
        why = "The file has other content than when it was stored."
        return replace(found, condition=Condition.CHANGED, detail=why)
    return found


def note_digest(layout: CacheLayout, path: Path, digest: str, status: os.stat_result, token: CancelToken) -> bool:
    """Put the digest of a file into its record, if the record has none and is about that very file.

    Nothing is written while another process is at the track.

    Args:
        layout: Of the file's server.
        path: The file.
        digest: SHA-256 of its bytes, in hex.
        status: Of the file that was hashed, which may have been replaced since.
        token: Of the caller.

    Returns:
        Whether the record is about the file that was hashed.

    Raises:
        OSError: The file system refuses.
    """
    stem = path.name.split(".", 1)[0]
    place = layout.records / f"{stem}.json"
    record = CacheRecord.read(place)
    if record is None or not record.describes(status):
        return False
    with holding(layout.locks / f"{stem}.lock", token, wait_s=0) as hold:
        if hold is Hold.OURS and record.sha256 is None and CacheRecord.read(place) == record:
            replace(record, sha256=digest).write(place)
    return True


def _hash(path: Path, token: CancelToken, *, size_bytes: int) -> tuple[str | None, os.stat_result]:
    """Give the digest of a file, and its status; no digest, and nothing is read, when it has another length."""
    with open_regular(path, follow_links=False) as stream:
        status = os.fstat(stream.fileno())
        return hash_file(stream, token=token) if status.st_size == size_bytes else None, status
