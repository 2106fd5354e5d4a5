"""`CacheRecord`: what was known of a track when it was stored. Advisory: losing it costs a download, never a file."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from chadsdk.decode import Field, Misfit, decode, parse_json, read_fields, sha256_hex, text, whole_number
from chadsdk.errors import DataError
from chadsdk.files import read_own, write_advisory
from chadsdk.media import EXTENSIONS

__all__ = ["CacheRecord", "Verified"]

_LARGEST_BYTES = 64 * 1024


class Verified(StrEnum):
    """How a file was checked before it got its final name; the value stands in the manifest."""

    DIGEST = "digest"
    LENGTH = "length"
    SIGNATURE = "signature"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class CacheRecord:
    """What is known of one cached file.

    Attributes:
        track_id: The server's id, as it spells it.
        title: For people.
        extension: Of the file that this is about.
        size_bytes: Length of that file.
        mtime_ns: Its modification time; with the length it ties the record to that very file.
        sha256: Digest of its bytes; None when nobody has reckoned it yet.
        verified: How it was checked.
        revision: Revision that the server named; None when it named none.
        stored_at: Seconds of the epoch.
    """

    track_id: str
    title: str
    extension: str
    size_bytes: int
    mtime_ns: int
    sha256: str | None
    verified: Verified
    revision: str | None
    stored_at: int

    def describes(self, status: os.stat_result) -> bool:
        """Whether it is about the file of that status, and not about one before or after it."""
        return self.size_bytes == status.st_size and self.mtime_ns == status.st_mtime_ns

    def write(self, path: Path) -> None:
        """Write it at `path`.

        Raises:
            OSError: The file system refuses.
        """
        fields = {field.key: getattr(self, field.attr) for field in _FIELDS}
        write_advisory(path, json.dumps(fields).encode(), mode=0o600)

    @classmethod
    def read(cls, path: Path) -> CacheRecord | None:
        """Read one; None when there is none or it is of no use."""
        try:
            data = read_own(path, most_bytes=_LARGEST_BYTES)
            return decode(path.name, _read, parse_json(data, document=path.name, max_bytes=_LARGEST_BYTES))
        except (OSError, DataError):
            return None


def _read(value: object) -> CacheRecord:
    return CacheRecord(
        **{"revision": None, "sha256": None, "stored_at": int(time.time()), **read_fields(value, _FIELDS)}
    )


def _verified(value: object) -> Verified:
    try:
        return Verified(text(value))
    except ValueError:
        raise Misfit("expected how the file was verified") from None


def _extension(value: object) -> str:
    extension = text(value)
    if extension not in EXTENSIONS:
        raise Misfit("expected the extension of an audio file")
    return extension


_FIELDS = (
    Field("track_id", "track_id", text, required=True),
    Field("title", "title", text, required=True),
    Field("extension", "extension", _extension, required=True),
    Field("size_bytes", "size_bytes", whole_number, required=True),
    Field("mtime_ns", "mtime_ns", whole_number, required=True),
    Field("sha256", "sha256", sha256_hex),
    Field("verified", "verified", _verified, required=True),
    Field("revision", "revision", text),
    Field("stored_at", "stored_at", whole_number),
)
