"""`MusicServer`: what the rest of the house sees of a server, whatever it speaks."""

from __future__ import annotations

from typing import Protocol

from chadsdk.auth import Credentials
from chadsdk.cancel import CancelToken
from chadsdk.library import CloudListing, Playlist
from chadsdk.source import CloudSource

__all__ = ["MusicServer"]


class MusicServer(Protocol):
    """A client of one server. Thread-safe."""

    @property
    def key(self) -> str:
        """Name of the server in sources and in the cache; the same for every client of it."""

    @property
    def base_url(self) -> str:
        """Its address; the credentials belong to this origin."""

    @property
    def credentials(self) -> Credentials:
        """What every request to it carries."""

    def track(self, track_id: str, /, *, cancel: CancelToken | None = None) -> CloudListing:
        """Look up one track.

        Raises:
            ChadError: It cannot be looked up; `NotFoundError` when there is none.
        """

    def playlist(self, playlist_id: str, /, *, cancel: CancelToken | None = None) -> Playlist:
        """Look up a whole playlist.

        Raises:
            ChadError: It cannot be looked up; `NotFoundError` when there is none.
        """

    def stream_url(self, source: CloudSource, /) -> str:
        """Give the address of a track's audio.

        Raises:
            UnsafeURLError: The source's path leads elsewhere.
        """

    def close(self) -> None:
        """Close idle connections; the client can still be used. Called before a download, whose bound they count to."""
