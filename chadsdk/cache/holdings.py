"""`Holding`: what the cache holds of a track, how large it is and when it was last used.

The last use of a track is the modification time of its record (see ADR 10): `Cache.note_use` sets it. Nothing
is parsed, so that a cache of 10,000 tracks is looked through in a fraction of a second.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from chadsdk.cache.layout import CacheLayout
from chadsdk.media import EXTENSIONS

__all__ = ["Holding", "Key", "Kind", "holding_now", "list_holdings"]

Key = tuple[str, str]


class Kind(StrEnum):
    """What of a track it is."""

    TRACK = "track"
    PARTIAL = "partial download"


@dataclass(frozen=True, slots=True)
class Holding:
    """A whole track, or what came of one that is not whole.

    Attributes:
        server: Name of its server's folder.
        stem: The track's id as a file name.
        kind: Which of the two.
        files: Its audio, as a rule one file; or the files of its partial downloads.
        size_bytes: Length of these.
        last_use_s: When it was last used or written, in seconds of the epoch.
    """

    server: str
    stem: str
    kind: Kind
    files: tuple[Path, ...]
    size_bytes: int
    last_use_s: float

    @property
    def key(self) -> Key:
        """The track that it is of."""
        return (self.server, self.stem)


def list_holdings(root: Path) -> Iterator[Holding]:
    """Give all that the cache holds of tracks, over all servers; files of others are passed over.

    Raises:
        OSError: The file system refuses.
    """
    for layout in CacheLayout.all(root):
        for kind, folder in ((Kind.TRACK, layout.folder), (Kind.PARTIAL, layout.partials)):
            for stem, files in _by_stem(folder, kind).items():
                found = _holding(layout, stem, kind, files)
                if found is not None:
                    yield found


def holding_now(root: Path, before: Holding) -> Holding | None:
    """Look at a holding again; None when it is gone. Equal to `before` if nobody used or changed it meanwhile."""
    return _holding(CacheLayout(root / before.server), before.stem, before.kind, before.files)


def _by_stem(folder: Path, kind: Kind) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                stem, _, rest = entry.name.partition(".")
                # In the folder of partials everything is ours, whatever its suffix; a hidden name is a note that is
                # being written at this moment.
                if stem and (rest in EXTENSIONS if kind is Kind.TRACK else rest):
                    found.setdefault(stem, []).append(folder / entry.name)
    except FileNotFoundError:  # the operating system may take any folder
        return {}
    return found


def _holding(layout: CacheLayout, stem: str, kind: Kind, files: Iterable[Path]) -> Holding | None:
    looked = [(path, status) for path in sorted(files) if (status := _status(path)) is not None]
    if not looked:
        return None
    newest = max(status.st_mtime for _, status in looked)
    if kind is Kind.TRACK:
        record = _status(layout.records / f"{stem}.json")
        newest = newest if record is None else record.st_mtime
    size = sum(status.st_size for _, status in looked)
    return Holding(layout.folder.name, stem, kind, tuple(path for path, _ in looked), size, newest)


def _status(path: Path) -> os.stat_result | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None  # a link or folder is nothing of ours
