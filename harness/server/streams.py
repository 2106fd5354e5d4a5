"""What a well-behaved server answers on a track's stream path."""

from __future__ import annotations

import base64
from typing import assert_never

from harness.recording import Recording
from harness.server.conditional import (
    NotModified,
    Part,
    PreconditionFailed,
    Unsatisfiable,
    Validators,
    Whole,
    select,
)
from harness.server.reply import FileSlice, Reply, error_reply
from harness.server.wire import Headers, Request
from harness.world import WorldTrack

__all__ = ["etag_of", "stream_reply"]


def etag_of(recording: Recording) -> str:
    """The strong entity tag of a recording, quotes included: it changes with its bytes and with nothing else."""
    return f'"{recording.sha256[:32]}"'


def stream_reply(track: WorldTrack, request: Request, *, etag: str | None = None) -> Reply:
    """The reply to a GET or HEAD of a track's bytes.

    Args:
        track: Whose bytes.
        request: Its conditional headers and its Range count.
        etag: Another entity tag than the true one, quotes included.
    """
    if track.recording is None:
        return error_reply(404, "not_found", f"There is no audio for track {track.id}.")
    size_bytes = track.recording.size_bytes
    current = Validators(etag or etag_of(track.recording), track.last_modified)
    headers = _headers(track, track.recording, current)
    match select(request.method, request.headers, size_bytes=size_bytes, current=current):
        case Whole():
            return Reply(200, headers).with_body(FileSlice(track.recording.file, 0, size_bytes))
        case Part(start, stop):
            place = ("Content-Range", f"bytes {start}-{stop - 1}/{size_bytes}")
            return Reply(206, (*headers, place)).with_body(FileSlice(track.recording.file, start, stop))
        case Unsatisfiable():
            place = ("Content-Range", f"bytes */{size_bytes}")
            return error_reply(416, "range_not_satisfiable", f"The track has {size_bytes} bytes.", place)
        case NotModified():
            return Reply(304, (("ETag", current.etag),))
        case PreconditionFailed():
            return error_reply(412, "precondition_failed", "The track has changed.")
        case other:
            assert_never(other)


def _headers(track: WorldTrack, recording: Recording, current: Validators) -> Headers:
    digest = base64.b64encode(bytes.fromhex(recording.sha256)).decode() if track.repr_digest else None
    said = (
        ("Content-Type", track.content_type),
        ("Accept-Ranges", "bytes"),
        ("ETag", current.etag),
        ("Last-Modified", current.last_modified),
        ("Content-Disposition", track.content_disposition),
        ("Repr-Digest", f"sha-256=:{digest}:" if digest else None),
    )
    return tuple((name, value) for name, value in said if value is not None)
