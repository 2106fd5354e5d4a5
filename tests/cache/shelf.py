"""A cache as `Cache.publish` leaves it, filled by hand; when a track was last used is the choice of the test."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from chadsdk.cache import Cache, CacheRecord, Verified
from chadsdk.cache.holdings import Key, list_holdings
from chadsdk.source import CloudSource

__all__ = ["HOUR_S", "Shelf"]

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Shelf:
    """A cache of one server.

    Attributes:
        root: The cache of all servers.
        cache: That of the server.
    """

    root: Path
    cache: Cache

    @classmethod
    def made(cls, root: Path, server: str = "music.example") -> Shelf:
        """An empty one."""
        cache = Cache(root, server)
        cache.prepare()
        return cls(root, cache)

    def put(self, track_id: str, *, size_bytes: int = 1000, used_s_ago: float = HOUR_S, record: bool = True) -> Path:
        """A track; gives its file."""
        file = self.cache.layout.audio(track_id, "wav")
        content = track_id.encode().ljust(size_bytes, b"\0")
        file.write_bytes(content)
        then = int((time.time() - used_s_ago) * 1e9)
        os.utime(file, ns=(then, then))
        if record:
            digest = hashlib.sha256(content).hexdigest()
            made = CacheRecord(track_id, f"Title {track_id}", "wav", size_bytes, then, digest, Verified.DIGEST, "r1", 1)
            made.write(self.cache.layout.record(track_id))
            self.used(track_id, s_ago=used_s_ago)
        return file

    def used(self, track_id: str, *, s_ago: float) -> None:
        """Set when it was last used."""
        then = time.time() - s_ago
        os.utime(self.cache.layout.record(track_id), (then, then))

    def put_partial(self, track_id: str, *, s_ago: float, size_bytes: int = 500) -> list[Path]:
        """What a download that was put aside leaves; gives its files."""
        files = [self.cache.layout.partials / f"{track_id}.{'a' * 12}{suffix}" for suffix in (".part", ".validator")]
        then = time.time() - s_ago
        for file, size in zip(files, (size_bytes - 10, 10), strict=True):
            file.write_bytes(bytes(size))
            os.utime(file, (then, then))
        return files

    def source(self, track_id: str, **known: str | int | None) -> CloudSource:
        """How somebody asks for it."""
        return CloudSource("", track_id, f"/tracks/{track_id}", **known)  # type: ignore[arg-type]

    def key(self, track_id: str) -> Key:
        """What it is called over all servers."""
        return self.cache.key(self.source(track_id))

    def tracks(self) -> list[str]:
        """The ids of what has a final name."""
        return sorted(path.stem for path in self.cache.layout.folder.glob("*.wav"))

    def records(self) -> list[str]:
        """The ids of what has a record."""
        return sorted(path.stem for path in self.cache.layout.records.iterdir())

    def total_bytes(self) -> int:
        """What a policy counts."""
        return sum(each.size_bytes for each in list_holdings(self.root))
