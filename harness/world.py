"""A world: the tracks, playlists and credentials that a harness server serves, as frozen values.

`harness.build` makes worlds, `harness.world_file` keeps them as JSON. Nothing here reads or writes.

A fault script is a list with one entry per request for that path, in order of arrival: the n-th request
takes the n-th entry. After the last entry the server behaves. An entry is ``"ok"``, the bare name of a
behaviour (``"html"``), or an object of behaviours and their options, applied in the order written
(``{"status": 503, "retry_after": "2"}``). ``"times": 3`` in an entry makes it count three times,
``"always": true`` for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from harness.recording import Recording

__all__ = ["FaultEntry", "FaultScript", "LocalTrack", "World", "WorldPlaylist", "WorldTrack"]

FaultEntry = str | Mapping[str, object]
FaultScript = tuple[FaultEntry, ...]

DEFAULT_PAGE_SIZE = 5
DEFAULT_TRACKS = 16
DEFAULT_SEED = 7
MIN_TRACKS = 4


@dataclass(frozen=True, slots=True)
class WorldTrack:
    """A track on the server.

    Attributes:
        id: The id under which the API knows it.
        stream_path: Path of the audio on the server.
        listing: The ChadTrack exactly as the API sends it, camelCase; it may leave out, lie, or be no object.
        recording: The audio behind the stream path; None means that the stream path answers 404.
        content_type: What the stream path says of the bytes; None sends no such header.
        content_disposition: The header's whole value, where one is sent.
        last_modified: An HTTP date (RFC 9110, 5.6.7), where one is sent.
        repr_digest: Whether the stream path sends ``Repr-Digest`` (RFC 9530).
        faults: Script for the GETs of the stream path that carry good credentials.
        head_faults: The same for HEADs, which have a script of their own so that a client that asks for
            sizes first does not shift the faults of its downloads.
    """

    id: str
    stream_path: str
    listing: object
    recording: Recording | None
    content_type: str | None = "application/octet-stream"
    content_disposition: str | None = None
    last_modified: str | None = None
    repr_digest: bool = False
    faults: FaultScript = ()
    head_faults: FaultScript = ()


@dataclass(frozen=True, slots=True)
class WorldPlaylist:
    """A playlist on the server; `track_ids` may name a track more than once."""

    id: str
    name: str
    track_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LocalTrack:
    """A track of the user's own library, on this computer."""

    title: str
    artist: str | None
    recording: Recording


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a server serves and a user holds.

    Attributes:
        folder: Where the audio lies; the server changes nothing in it.
        tracks: What the server has.
        playlists: The server's playlists; the first is the one that the harness exports.
        local: Tracks of the user's own library, mixed into that playlist by an export.
        token: Access token that the server takes at first.
        refresh_token: What buys another one; each can be used once.
        page_size: Tracks on a page of a playlist.
        token_requests: After so many requests with the first access token it expires; None for never.
        path_faults: Fault scripts by request path, for what is no stream, such as ``/api/playlists/friday``.
    """

    folder: Path
    tracks: tuple[WorldTrack, ...]
    playlists: tuple[WorldPlaylist, ...]
    local: tuple[LocalTrack, ...] = ()
    token: str = field(default="access-0", repr=False)
    refresh_token: str = field(default="refresh-0", repr=False)
    page_size: int = DEFAULT_PAGE_SIZE
    token_requests: int | None = None
    path_faults: Mapping[str, FaultScript] = field(default_factory=dict)

    def track(self, track_id: str) -> WorldTrack:
        """The track of that id.

        Raises:
            KeyError: There is none.
        """
        for track in self.tracks:
            if track.id == track_id:
                return track
        raise KeyError(track_id)

    def mix(self) -> Iterator[LocalTrack | str]:
        """The first playlist with the local tracks spread through it; a cloud track is given by its id."""
        cloud = self.playlists[0].track_ids
        stride = max(1, len(cloud) // (len(self.local) + 1))
        groups = [cloud[start : start + stride] for start in range(0, len(cloud), stride)]
        for group, local in zip_longest(groups, self.local[: len(groups)], fillvalue=()):
            yield from group
            if isinstance(local, LocalTrack):
                yield local
        yield from self.local[len(groups) :]
