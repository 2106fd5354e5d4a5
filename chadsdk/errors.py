"""Every error that chadsdk raises on purpose, and nothing else.

::

    ChadError                    stops a batch at once: it would doom every track
    ├── ConfigurationError       a value that the caller gave cannot be used (also a ValueError)
    ├── DataError                a playlist file, manifest or server reply is not what it must be
    ├── AuthError                the server refuses the credentials
    ├── StorageError             the file system refuses
    │   ├── DiskFullError        no room, found before or while writing
    │   └── AccessDeniedError    no permission, or a read-only volume
    ├── ExportExistsError        a folder of that name stands already
    ├── MissingTracksError       tracks are missing and ``on_missing="fail"`` was asked for
    └── TrackError               one thing on the server or one file could not be had
        ├── ForbiddenError       403
        ├── NotFoundError        404, 410
        ├── RateLimitedError     429, or a Retry-After above what we are willing to wait
        ├── ServerError          5xx and other refusals that may pass
        ├── NetworkError         no connection, a connection that broke, TLS that does not verify
        │   ├── StalledError     connected, but nothing came
        │   └── TruncatedError   the body ended early
        ├── IntegrityError       length or digest is not the expected one
        ├── NotAudioError        the bytes are not audio, whatever the headers said
        ├── ProtocolError        an answer that HTTP or the API does not allow
        ├── UnsafeURLError       an address that must not be requested
        ├── UnsafeNameError      an id that must not become a path
        ├── LocalMissingError    a file of the library is not there
        ├── LocalUnreadableError a file of the library cannot be read
        └── NoSourceError        the entry names neither a file nor a cloud track

    ExportCancelled              not a ChadError: the caller asked for it

The class decides what a batch does: a `TrackError` makes that track missing and the batch goes on, any
other `ChadError` stops it. No message holds a token, and no address is shown with its query.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import ClassVar

__all__ = [
    "AccessDeniedError",
    "AuthError",
    "ChadError",
    "ConfigurationError",
    "DataError",
    "DiskFullError",
    "ExportCancelled",
    "ExportExistsError",
    "ForbiddenError",
    "IntegrityError",
    "LocalMissingError",
    "LocalUnreadableError",
    "MissingTracksError",
    "NetworkError",
    "NoSourceError",
    "NotAudioError",
    "NotFoundError",
    "ProtocolError",
    "RateLimitedError",
    "Reason",
    "ServerError",
    "StalledError",
    "StorageError",
    "TrackError",
    "TruncatedError",
    "UnsafeNameError",
    "UnsafeURLError",
]


class Reason(StrEnum):
    """Why a track is missing; the value is the code that the manifest holds."""

    AUTH = "auth"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    SERVER = "server"
    NETWORK = "network"
    STALLED = "stalled"
    TRUNCATED = "truncated"
    INTEGRITY = "integrity"
    NOT_AUDIO = "not_audio"
    PROTOCOL = "protocol"
    UNSAFE_URL = "unsafe_url"
    UNSAFE_NAME = "unsafe_name"
    LOCAL_MISSING = "local_missing"
    LOCAL_UNREADABLE = "local_unreadable"
    NO_SOURCE = "no_source"


class ChadError(Exception):
    """The root: catch this to catch every failure of chadsdk. Can be pickled: workers send errors to each other."""

    def __reduce__(self) -> tuple[object, ...]:
        # Past __init__: what it was called with is not kept, what it made of that is.
        return _revived, (type(self), self.args), self.__dict__


def _revived(kind: type[ChadError], args: tuple[object, ...]) -> ChadError:
    return kind.__new__(kind, *args)


class ConfigurationError(ChadError, ValueError):
    """A setting or argument that cannot be used; the message names it."""


class DataError(ChadError):
    """Data from outside is not what it must be.

    Attributes:
        document: What was read, such as ``friday.json`` or ``the reply to GET /api/tracks/7``.
        place: Where in it, such as ``tracks[3].sizeBytes``; empty for the whole.
        problem: What is wrong there, such as ``expected an integer, got "big"``.
    """

    def __init__(self, document: str, place: str, problem: str) -> None:
        where = f"{place}: " if place else ""
        super().__init__(f"{document}: {where}{problem}")
        self.document = document
        self.place = place
        self.problem = problem


class AuthError(ChadError):
    """The server refuses the credentials, also after they were refreshed once."""


class StorageError(ChadError):
    """The file system refused; the operating system's own error is the cause.

    Attributes:
        path: The file or folder that was being worked on.
    """

    def __init__(self, message: str, *, path: Path) -> None:
        super().__init__(message)
        self.path = path


class DiskFullError(StorageError):
    """There is no room.

    Attributes:
        volume: Mount point of the volume.
        needed_bytes: What the work needs there, where that is known.
        free_bytes: What is free there.
    """

    def __init__(self, message: str, *, path: Path, volume: Path, needed_bytes: int | None, free_bytes: int) -> None:
        super().__init__(message, path=path)
        self.volume = volume
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes


class AccessDeniedError(StorageError):
    """No permission to read or write there, or the volume is read-only."""


class ExportExistsError(ChadError):
    """A folder of that name stands already, and it was not asked to be replaced.

    Attributes:
        folder: The folder in the way.
    """

    def __init__(self, message: str, *, folder: Path) -> None:
        super().__init__(message)
        self.folder = folder


class MissingTracksError(ChadError):
    """Tracks are missing and the caller wanted all or nothing.

    Attributes:
        missing: One line per missing entry, in the order of the playlist.
    """

    def __init__(self, missing: tuple[str, ...]) -> None:
        shown = "; ".join(missing[:3]) + ("; …" if len(missing) > 3 else "")
        noun = "track is" if len(missing) == 1 else "tracks are"
        super().__init__(f"{len(missing)} {noun} missing: {shown}")
        self.missing = missing


class TrackError(ChadError):
    """One track, or one thing asked of the server, could not be had.

    Attributes:
        reason: The code for the manifest.
        retryable: Whether the same request may succeed a moment later.
        retry_after_s: Seconds that the server asked to wait, if it did.
    """

    reason: ClassVar[Reason]
    transient: ClassVar[bool] = False

    def __init__(self, message: str, *, retryable: bool | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retryable = self.transient if retryable is None else retryable
        self.retry_after_s = retry_after_s


class ForbiddenError(TrackError):
    """The credentials are good, but not for this track (403)."""

    reason = Reason.FORBIDDEN


class NotFoundError(TrackError):
    """The server has no such track or playlist (404, 410)."""

    reason = Reason.NOT_FOUND


class RateLimitedError(TrackError):
    """The server asks to slow down (429)."""

    reason = Reason.RATE_LIMITED
    transient = True


class ServerError(TrackError):
    """The server failed (5xx) or refused for a time."""

    reason = Reason.SERVER
    transient = True


class NetworkError(TrackError):
    """No connection, or it broke. Not retryable where TLS does not verify."""

    reason = Reason.NETWORK
    transient = True


class StalledError(NetworkError):
    """Connected, but the server sent nothing for too long."""

    reason = Reason.STALLED


class TruncatedError(NetworkError):
    """The body ended before its announced or expected length."""

    reason = Reason.TRUNCATED


class IntegrityError(TrackError):
    """Length or digest differ from what was announced. Worth one more attempt, see `chadsdk.retry`."""

    reason = Reason.INTEGRITY
    transient = True


class NotAudioError(TrackError):
    """The bytes are not audio: a web page, an error report, an archive, nothing at all."""

    reason = Reason.NOT_AUDIO


class ProtocolError(TrackError):
    """An answer that HTTP or the API does not allow."""

    reason = Reason.PROTOCOL


class UnsafeURLError(TrackError):
    """An address, given by a server, that must not be requested."""

    reason = Reason.UNSAFE_URL


class UnsafeNameError(TrackError):
    """An id, given by a server, that must not become a path."""

    reason = Reason.UNSAFE_NAME


class LocalMissingError(TrackError):
    """A file of the library is not on this computer."""

    reason = Reason.LOCAL_MISSING


class LocalUnreadableError(TrackError):
    """A file of the library is there but cannot be read, or is no audio."""

    reason = Reason.LOCAL_UNREADABLE


class NoSourceError(TrackError):
    """An entry that names neither a file nor a cloud track of this server."""

    reason = Reason.NO_SOURCE


class ExportCancelled(Exception):  # noqa: N818 - it is the answer to a request, not an error
    """The caller cancelled. Nothing half-made has a final name; partial downloads are kept to be resumed."""
