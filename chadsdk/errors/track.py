"""Errors about one thing, and the reason codes that a manifest holds for them."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from chadsdk.errors.batch import ChadError

__all__ = [
    "ConversionError",
    "ForbiddenError",
    "IntegrityError",
    "LocalMissingError",
    "LocalUnreadableError",
    "NetworkError",
    "NoSourceError",
    "NotAudioError",
    "NotFoundError",
    "ProtocolError",
    "RateLimitedError",
    "Reason",
    "ServerError",
    "StalledError",
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
    NOT_CONVERTIBLE = "not_convertible"


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
    """The server asks to slow down (429), or has asked another request to.

    Attributes:
        asked: Whether the server was asked at all; False when it was left alone because it wanted to be.
    """

    reason = Reason.RATE_LIMITED
    transient = True

    def __init__(
        self, message: str, *, retryable: bool | None = None, retry_after_s: float | None = None, asked: bool = True
    ) -> None:
        super().__init__(message, retryable=retryable, retry_after_s=retry_after_s)
        self.asked = asked


class ServerError(TrackError):
    """The server failed (5xx) or refused for a time."""

    reason = Reason.SERVER
    transient = True


class NetworkError(TrackError):
    """No connection, or it broke. Not retryable where TLS does not verify."""

    reason = Reason.NETWORK
    transient = True


class StalledError(NetworkError):
    """Connected, but the server sent nothing, or too little, for too long."""

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


class ConversionError(TrackError):
    """A file is to have another sample rate, but breaks off or cannot be decoded."""

    reason = Reason.NOT_CONVERTIBLE
