"""What the ChadMusic server says: `ChadTrack`, a page of a playlist, a new pair of tokens.

Wire values are transient. A `ChadTrack` becomes a library `Track` at the moment it is added to a playlist; this
room does not know the library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from chadsdk.decode import (
    Field,
    Misfit,
    clean_text,
    identifier,
    items,
    non_negative,
    read_fields,
    secret,
    sha256_hex,
    text,
    whole_number,
)
from chadsdk.model import Json, JsonModel
from chadsdk.source import CloudSource

__all__ = ["BadTrack", "ChadTrack", "PlaylistPage", "Tokens", "read_page", "read_tokens"]


@dataclass(frozen=True, slots=True)
class ChadTrack(JsonModel):
    """One track as the server describes it; camelCase in JSON.

    Attributes:
        id: The server's id.
        title: Title; may be empty.
        stream_path: Path of the audio on that server.
        artist: Artist.
        album: Album.
        duration_s: Length in seconds (``durationSeconds``).
        size_bytes: Length of the audio file.
        content_type: Media type.
        revision: Changes when the audio changes.
        sha256: Digest of the audio file, 64 hex digits.
        server: Key of the server that said it; not part of the JSON. Empty for "the one that is asked".
    """

    id: Annotated[str, Json("id", identifier)]
    title: Annotated[str, Json("title", clean_text)]
    stream_path: Annotated[str, Json("streamPath", text)]
    artist: Annotated[str | None, Json("artist", clean_text)] = None
    album: Annotated[str | None, Json("album", clean_text)] = None
    duration_s: Annotated[float | None, Json("durationSeconds", non_negative)] = None
    size_bytes: Annotated[int | None, Json("sizeBytes", whole_number)] = None
    content_type: Annotated[str | None, Json("contentType", text)] = None
    revision: Annotated[str | None, Json("revision", text)] = None
    sha256: Annotated[str | None, Json("sha256", sha256_hex)] = None
    server: str = ""

    def source(self) -> CloudSource:
        """Give what the download side needs."""
        return CloudSource(
            server=self.server,
            track_id=self.id,
            stream_path=self.stream_path,
            size_bytes=self.size_bytes,
            revision=self.revision,
            sha256=self.sha256,
            content_type=self.content_type,
            title=self.title,
        )


@dataclass(frozen=True, slots=True)
class BadTrack:
    """An item of a playlist page that is no `ChadTrack`, with what could be saved of it.

    Attributes:
        problem: What is wrong with it, with its place.
        title: Its title, if that much was readable.
        track_id: Its id, if that much was readable.
    """

    problem: str
    title: str | None
    track_id: str | None


@dataclass(frozen=True, slots=True)
class PlaylistPage:
    """One page of a playlist; `tracks` is in playlist order, one item per entry, good or bad."""

    id: str
    name: str
    tracks: tuple[ChadTrack | BadTrack, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Tokens:
    """The reply of ``POST /api/auth/refresh``."""

    token: str
    refresh_token: str | None


def read_page(value: object, *, check: Callable[[int], object] = lambda _: None) -> PlaylistPage:
    """Read a page; a bad track does not spoil the others.

    Args:
        value: The parsed reply.
        check: Called with the number of tracks before any is read, and again before each: what it raises ends it.

    Raises:
        Misfit: The page itself is not what it must be.
    """
    tracks = Field("tracks", "tracks", partial(_read_tracks, check=check), required=True)
    return PlaylistPage(**{"next_cursor": None, **read_fields(value, (*_PAGE, tracks))})


def read_tokens(value: object) -> Tokens:
    """Read a refresh reply.

    Raises:
        Misfit: It is not one; the error never shows a token.
    """
    if type(value) is not dict:  # what else it is may be the token itself
        raise Misfit("expected an object")
    return Tokens(**{"refresh_token": None, **read_fields(value, _TOKENS)})


def _read_tracks(value: object, *, check: Callable[[int], object]) -> tuple[ChadTrack | BadTrack, ...]:
    count = len(value) if isinstance(value, list) else 0
    check(count)  # also where there is none

    def read(item: object) -> ChadTrack | BadTrack:
        check(count)
        return _read_track(item)

    return tuple(items(value, read))


def _read_track(value: object) -> ChadTrack | BadTrack:
    try:
        return ChadTrack.read(value)
    except Misfit as misfit:
        where = f"{misfit.place}: " if misfit.place else ""
        return BadTrack(
            problem=f"{where}{misfit.problem}",
            title=_salvage(value, "title"),
            track_id=_salvage(value, "id"),
        )


def _salvage(value: object, key: str) -> str | None:
    try:
        return identifier(value.get(key)) if isinstance(value, dict) else None
    except Misfit:
        return None


_PAGE = (
    Field("id", "id", identifier, required=True),
    Field("name", "name", clean_text, required=True),
    Field("nextCursor", "next_cursor", text),
)
_TOKENS = (Field("token", "token", secret, required=True), Field("refreshToken", "refresh_token", secret))
