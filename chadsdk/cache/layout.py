"""Where everything of one server's cache lies.

::

    <cache>/<server>/<track id>.<ext>              whole, verified audio; nothing else has such a name
    <cache>/<server>/.records/<track id>.json      what was known when it was stored; advisory
    <cache>/<server>/.locks/<track id>.lock        never deleted: a waiter may hold it open
    <cache>/<server>/.partial/<track id>.….part    part of a download, to be resumed
    <cache>/<server>/.partial/<track id>.….tmp     a download under way
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chadsdk.files import safe_id
from chadsdk.media import EXTENSIONS

__all__ = ["CacheLayout"]

_PLAIN_SERVER = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")


# One download asks for the same few paths again and again; taking a path apart costs as much as opening a file.
_path = functools.lru_cache(maxsize=1024)(Path)


@dataclass(frozen=True, slots=True)
class CacheLayout:
    """Names of one server's folder; makes nothing.

    Attributes:
        folder: The server's folder.
    """

    folder: Path

    @classmethod
    def of(cls, root: Path, server: str) -> CacheLayout:
        """Give the layout for the server of that key in the cache folder `root`."""
        plain = len(server) <= 80 and _PLAIN_SERVER.fullmatch(server)
        return cls(root / (server if plain else safe_id(server)))

    @property
    def records(self) -> Path:
        """Folder of the records."""
        return self.folder / ".records"

    @property
    def locks(self) -> Path:
        """Folder of the lock files."""
        return self.folder / ".locks"

    @property
    def partials(self) -> Path:
        """Folder of what is not whole yet; on the volume of the final names, so that a rename is atomic."""
        return self.folder / ".partial"

    @property
    def private_folders(self) -> tuple[Path, ...]:
        """All folders, outermost first."""
        return (self.folder.parent, self.folder, self.records, self.locks, self.partials)

    def audio(self, track_id: str, extension: str) -> Path:
        """Final name of a track."""
        return _path(f"{self.folder}{os.sep}{safe_id(track_id)}.{extension}")

    def record(self, track_id: str) -> Path:
        """Record of a track."""
        return _path(f"{self.folder}{os.sep}.records{os.sep}{safe_id(track_id)}.json")

    def lock(self, track_id: str) -> Path:
        """Lock of a track."""
        return _path(f"{self.folder}{os.sep}.locks{os.sep}{safe_id(track_id)}.lock")

    def tracks(self) -> list[Path]:
        """Give all that has a name like a track's, by name, be it a file or not; nothing when the folder is gone."""
        with suppress(FileNotFoundError):  # the operating system may take any folder
            return sorted(path for path in self.folder.iterdir() if path.suffix[1:] in EXTENSIONS)
        return []

    @classmethod
    def all(cls, root: Path) -> Iterator[CacheLayout]:
        """Give the layout of every server that has a folder in `root`; none that leads elsewhere by a link."""
        if root.is_dir():
            for folder in sorted(root.iterdir()):
                layout = cls(folder)
                linked = any(each.is_symlink() for each in layout.private_folders[1:])
                if not linked and layout.records.is_dir():
                    yield layout
