"""What is in the cache, and emptying it, over all servers: for people, not for exports."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chadsdk.cache.layout import CacheLayout
from chadsdk.cache.locks import Hold, holding
from chadsdk.cache.record import CacheRecord
from chadsdk.cache.work import is_fresh
from chadsdk.cancel import CancelToken

__all__ = ["Cleared", "Listed", "clear", "list_tracks"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One cached track.

    Attributes:
        server: Name of its server's folder.
        path: Its file.
        size_bytes: Length of the file.
        track_id: The server's id; None when the record is lost.
        title: Its title; None when the record is lost.
        stored_at: When it was stored, in seconds of the epoch; None when the record is lost.
        used_at: When an export or a download last used it, in seconds of the epoch; None when the record is lost.
    """

    server: str
    path: Path
    size_bytes: int
    track_id: str | None
    title: str | None
    stored_at: int | None
    used_at: int | None


@dataclass(frozen=True, slots=True)
class Cleared:
    """What `clear` did.

    Attributes:
        tracks: Tracks removed; what else lay there under such a name, such as a link, goes and does not count.
        freed_bytes: Length of their audio.
        busy: Tracks left alone because a process is downloading them.
    """

    tracks: int
    freed_bytes: int
    busy: int


def list_tracks(root: Path) -> Iterator[Listed]:
    """Give every cached track, by server and name; one that vanishes meanwhile is passed over.

    Raises:
        OSError: The file system refuses.
    """
    for layout in CacheLayout.all(root):
        for path in layout.tracks():
            with suppress(FileNotFoundError):
                status = path.lstat()
                if stat.S_ISREG(status.st_mode):
                    yield _listed(layout, path, status)


def _listed(layout: CacheLayout, path: Path, status: os.stat_result) -> Listed:
    file = layout.records / f"{path.stem}.json"
    record = CacheRecord.read(file)
    if record is None or not record.describes(status):
        return Listed(layout.folder.name, path, status.st_size, None, None, None, None)
    used_at = None
    with suppress(FileNotFoundError):
        used_at = int(file.lstat().st_mtime)
    return Listed(layout.folder.name, path, status.st_size, record.track_id, record.title, record.stored_at, used_at)


def clear(root: Path, token: CancelToken | None = None) -> Cleared:
    """Remove every track, record and partial download, except what is being downloaded now.

    Lock files stay: a process may be waiting on one.

    Args:
        root: The cache of all servers.
        token: Stops it before the next track.

    Raises:
        ExportCancelled: Cancelled; what is removed by then stays removed.
        OSError: The file system refuses.
    """
    token = token or CancelToken()
    tracks, freed, busy = 0, 0, 0
    for layout in CacheLayout.all(root):
        for stem, paths in _by_stem(layout).items():
            token.raise_if_cancelled()
            with holding(layout.locks / f"{stem}.lock", token, wait_s=0) as hold:
                if hold is Hold.BUSY:
                    busy += 1
                    continue
                for path in paths:
                    with suppress(FileNotFoundError):
                        status = path.lstat()
                        path.unlink()
                        if path.parent == layout.folder and stat.S_ISREG(status.st_mode):
                            tracks += 1
                            freed += status.st_size
    return Cleared(tracks, freed, busy)


def _by_stem(layout: CacheLayout) -> dict[str, list[Path]]:
    """Give what may be removed, by track; records first, then partials, then audio."""
    inner = [path for folder in (layout.records, layout.partials) if folder.is_dir() for path in folder.iterdir()]
    found: dict[str, list[Path]] = {}
    for path in (*inner, *layout.tracks()):
        # A hidden name is a record that is being written at this moment, under nobody's lock, or was by the dead.
        if (path.is_file() or path.is_symlink()) and not (path.name.startswith(".") and is_fresh(path)):
            found.setdefault(path.name.split(".", 1)[0], []).append(path)
    return found
