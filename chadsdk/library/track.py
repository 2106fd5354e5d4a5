"""`Track` and `PlaylistEntry`: what the library holds, and the door through which server tracks enter it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol, runtime_checkable

from chadsdk.decode import (
    LARGEST_NUMBER,
    Misfit,
    clean_text,
    finite,
    identifier,
    non_negative,
    one_of,
    positive,
    sha256_hex,
    text,
    whole_number,
)
from chadsdk.errors import ConfigurationError, Reason
from chadsdk.model import Json, JsonModel
from chadsdk.source import CloudSource

__all__ = ["CloudListing", "PlaylistEntry", "Problem", "Track"]


@runtime_checkable
class CloudListing(Protocol):
    """What a server client says of a track, as far as the library cares; `ChadTrack` is one."""

    @property
    def title(self) -> str:
        """Its title; may be empty."""

    @property
    def artist(self) -> str | None:
        """Its artist."""

    @property
    def album(self) -> str | None:
        """Its album."""

    @property
    def duration_s(self) -> float | None:
        """Its length in seconds."""

    def source(self) -> CloudSource:
        """Give what the download side needs."""


def _path(value: object) -> Path:
    """Take the path of a file; lone surrogates stand for the bytes of names that are not UTF-8 (PEP 383)."""
    if type(value) is not str or not value or "\0" in value:
        raise Misfit("expected the path of a file")
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        raise Misfit("expected the path of a file, not half a character (a lone surrogate)") from None
    return Path(value)


def _refuse_unusable(name: str, value: float | None) -> None:
    if value is not None and not 0 <= value <= LARGEST_NUMBER:
        raise ConfigurationError(f"{name} must be 0 or more and finite, got {value!r}")


@dataclass(frozen=True, slots=True)
class Problem(JsonModel):
    """Why an entry cannot be had at all, known since it entered the playlist."""

    reason: Annotated[Reason, Json("reason", one_of(Reason), str)]
    detail: Annotated[str, Json("detail", clean_text)]


@dataclass(frozen=True, slots=True)
class Track(JsonModel):
    """One track of the user's library: a file on this computer, a track in the cloud, or both.

    A file that exists wins over the cloud.

    Attributes:
        title: Title; may be empty.
        artist: Artist.
        album: Album.
        duration_s: Length in seconds.
        file: Audio file on this computer.
        cloud_server: Key of the server that has it; empty for the server that the export is made with.
        cloud_track_id: That server's id of it.
        cloud_stream_path: Path of the audio on that server.
        size_bytes: Expected length of the cloud audio.
        revision: Expected revision of it.
        sha256: Expected SHA-256 of it, hex.
        content_type: Announced media type of it.
        problem: Why it cannot be had, where that is known already.
    """

    title: Annotated[str, Json("title", clean_text)]
    artist: Annotated[str | None, Json("artist", clean_text)] = None
    album: Annotated[str | None, Json("album", clean_text)] = None
    duration_s: Annotated[float | None, Json("durationSeconds", non_negative)] = None
    file: Annotated[Path | None, Json("file", _path, str)] = None
    cloud_server: Annotated[str, Json("cloudServer", text)] = ""
    cloud_track_id: Annotated[str | None, Json("cloudTrackId", identifier)] = None
    cloud_stream_path: Annotated[str | None, Json("cloudStreamPath", text)] = None
    size_bytes: Annotated[int | None, Json("sizeBytes", whole_number)] = None
    revision: Annotated[str | None, Json("revision", text)] = None
    sha256: Annotated[str | None, Json("sha256", sha256_hex)] = None
    content_type: Annotated[str | None, Json("contentType", text)] = None
    problem: Annotated[Problem | None, Json("problem", Problem.read, Problem.to_dict)] = None

    def __post_init__(self) -> None:
        if not isinstance(self.title, str):
            raise ConfigurationError(f"title must be a string, got {self.title!r}")
        if self.file is not None:
            object.__setattr__(self, "file", Path(self.file))
        _refuse_unusable("duration_s", self.duration_s)
        _refuse_unusable("size_bytes", self.size_bytes)

    @property
    def is_cloud(self) -> bool:
        """Whether a server has it."""
        return self.cloud_track_id is not None

    def source(self) -> CloudSource | None:
        """Give what the download side needs; None when no server is known to stream it."""
        if self.cloud_track_id is None or self.cloud_stream_path is None:
            return None
        return CloudSource(
            server=self.cloud_server,
            track_id=self.cloud_track_id,
            stream_path=self.cloud_stream_path,
            size_bytes=self.size_bytes,
            revision=self.revision,
            sha256=self.sha256,
            content_type=self.content_type,
            title=self.title,
        )

    @classmethod
    def from_listing(cls, listing: CloudListing) -> Track:
        """Make the library's track of what a server says."""
        source = listing.source()
        return cls(
            title=listing.title,
            artist=listing.artist,
            album=listing.album,
            duration_s=listing.duration_s,
            cloud_server=source.server,
            cloud_track_id=source.track_id,
            cloud_stream_path=source.stream_path,
            size_bytes=source.size_bytes,
            revision=source.revision,
            sha256=source.sha256,
            content_type=source.content_type,
        )


@dataclass(frozen=True, slots=True)
class PlaylistEntry(JsonModel):
    """One place in a playlist; the same track may stand in many.

    Attributes:
        track: The track; a server's track becomes a `Track` here.
        start_s: Where it starts on the mix's time line; None for after the entry before it.
        cue_in_s: Where in the file it starts to sound.
        cue_out_s: Where in the file it stops to sound.
        gain_db: Level change in decibels.
        fade_in_s: Length of its fade-in.
        fade_out_s: Length of its fade-out.
    """

    track: Annotated[Track, Json("track", Track.read, Track.to_dict)]
    start_s: Annotated[float | None, Json("startSeconds", non_negative)] = None
    cue_in_s: Annotated[float | None, Json("cueInSeconds", non_negative)] = None
    cue_out_s: Annotated[float | None, Json("cueOutSeconds", positive)] = None
    gain_db: Annotated[float | None, Json("gainDb", finite)] = None
    fade_in_s: Annotated[float | None, Json("fadeInSeconds", non_negative)] = None
    fade_out_s: Annotated[float | None, Json("fadeOutSeconds", non_negative)] = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "track", _track_of(self.track))
        for name in ("start_s", "cue_in_s", "cue_out_s", "fade_in_s", "fade_out_s"):
            _refuse_unusable(name, getattr(self, name))
        if self.gain_db is not None and not abs(self.gain_db) <= LARGEST_NUMBER:
            raise ConfigurationError(f"gain_db must be finite, got {self.gain_db!r}")
        if self.cue_out_s is not None and self.cue_out_s <= (self.cue_in_s or 0.0):
            raise ConfigurationError(f"cue_out_s must come after cue_in_s, got {self.cue_out_s!r}")

    @classmethod
    def of(cls, item: PlaylistEntry | Track | CloudListing) -> PlaylistEntry:
        """Make an entry of anything that a playlist takes; a server's track becomes a `Track` here.

        Raises:
            TypeError: Something else: a playlist holds nothing that an export cannot see.
        """
        return item if isinstance(item, PlaylistEntry) else cls(_track_of(item))


def _track_of(item: Track | CloudListing) -> Track:
    match item:
        case Track():
            return item
        case type():  # a class has the attributes of a listing, too
            pass
        case CloudListing():
            return Track.from_listing(item)
    raise TypeError(f"a playlist takes a Track, a server's track or a PlaylistEntry, not {type(item).__name__}")
