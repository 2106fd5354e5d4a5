"""`CloudSource`: what the download side knows of a cloud track, and all that it knows.

A library `Track` and a wire `ChadTrack` both give one. It holds no address and no token: the address is made
from `stream_path` when it is asked for, by the client of the server that `server` names.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CloudSource"]


@dataclass(frozen=True, slots=True)
class CloudSource:
    """One cloud track and what is known of its bytes before they are had.

    Attributes:
        server: Key of the server it belongs to; empty for "the server that is asked".
        track_id: The server's id of the track, as the server spells it.
        stream_path: Path on that server, such as ``/tracks/123/audio.wav`` or ``/api/stream/123``.
        size_bytes: Expected length; None when unknown.
        revision: Changes when the audio changes; compared for equality only; None when unknown.
        sha256: Expected SHA-256, 64 lower-case hex digits; None when unknown.
        content_type: Announced media type; only a hint.
        title: For messages to people.
    """

    server: str
    track_id: str
    stream_path: str
    size_bytes: int | None = None
    revision: str | None = None
    sha256: str | None = None
    content_type: str | None = None
    title: str = ""

    def __post_init__(self) -> None:
        if self.sha256 is not None:
            object.__setattr__(self, "sha256", self.sha256.lower())

    @property
    def identity(self) -> tuple[str, str]:
        """Server and id: two sources with one identity are one file in the cache."""
        return (self.server, self.track_id)

    def __str__(self) -> str:
        return f"track {self.track_id}"
