"""`Job`: what a contender is to do, as it crosses into a process of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Job", "Wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file to be fetched.

    Attributes:
        path: Its path on the server.
        size_bytes: Its length.
        sha256: Its digest, where the contender is told.
    """

    path: str
    size_bytes: int
    sha256: str | None = None

    @property
    def name(self) -> str:
        """A file name of its own: the path without what separates folders."""
        return self.path.strip("/").replace("/", "-")


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work.

    Attributes:
        base_url: The server's origin.
        token: What goes into ``Authorization: Bearer``.
        folder: Where the files go; it exists and is empty, but for jobs that want a filled cache.
        wanted: The files.
        connections: At most so many at once.
        parts: Into how many a single file may be split, by contenders that can.
        ca_file: Certificate to trust; None for http.
        to: Where an export goes.
        moments_s: When to cancel, one moment per attempt, from the start of the attempt.
    """

    base_url: str
    token: str
    folder: Path
    wanted: tuple[Wanted, ...]
    connections: int = 4
    parts: int = 1
    ca_file: Path | None = None
    to: Path | None = None
    moments_s: tuple[float, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Length of all files together."""
        return sum(each.size_bytes for each in self.wanted)

    @property
    def authorization(self) -> dict[str, str]:
        """The header that goes with every request."""
        return {"Authorization": f"Bearer {self.token}"}

    def url(self, wanted: Wanted) -> str:
        """The address of a file."""
        return self.base_url + wanted.path

    def shares(self) -> Sequence[tuple[Wanted, Path]]:
        """Each file with its place in the folder."""
        return [(each, self.folder / each.name) for each in self.wanted]

    def save(self, file: Path) -> None:
        """Write it as JSON."""
        file.write_text(json.dumps(asdict(self), default=str), encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> Job:
        """Read what `save` wrote."""
        fields = json.loads(file.read_text(encoding="utf-8"))
        fields["wanted"] = tuple(Wanted(**each) for each in fields["wanted"])
        fields["moments_s"] = tuple(fields["moments_s"])
        for name in ("folder", "ca_file", "to"):
            fields[name] = None if fields[name] is None else Path(fields[name])
        return cls(**fields)
