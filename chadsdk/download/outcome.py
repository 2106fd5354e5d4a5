"""What asking for a cloud track comes to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chadsdk.cache import CachedTrack, Verified
from chadsdk.errors import Reason, TrackError

__all__ = ["FetchOutcome", "Fetched", "Unavailable"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """The track is in the cache.

    Attributes:
        path: Its file; the operating system may take it at any time.
        size_bytes: Its length.
        verified: How it was checked.
        sha256: Its digest when it was stored; None when that record is lost.
        from_cache: Whether it was there already.
    """

    path: Path
    size_bytes: int
    verified: Verified
    sha256: str | None
    from_cache: bool

    @classmethod
    def of(cls, cached: CachedTrack, *, from_cache: bool) -> Fetched:
        """Say it of a cached track."""
        return cls(cached.path, cached.size_bytes, cached.verified, cached.sha256, from_cache)


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The track cannot be had.

    Attributes:
        reason: The code.
        detail: The same as a sentence.
    """

    reason: Reason
    detail: str

    @classmethod
    def of(cls, error: TrackError) -> Unavailable:
        """Say it of an error."""
        return cls(error.reason, str(error))


FetchOutcome = Fetched | Unavailable
