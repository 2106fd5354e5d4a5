"""Answers of a server as they come out of http.client and urllib3, without a socket, and what is true of each."""

from __future__ import annotations

import http.client
import io
from contextlib import suppress

import urllib3

from chadsdk.address import Origin, redirect_target
from chadsdk.cache import Validator
from chadsdk.download.check import Expectation
from chadsdk.download.resume import RangeAsked, Step, judge, validator_of
from chadsdk.errors import IntegrityError, ProtocolError, UnsafeURLError
from chadsdk.exchange import Reply
from chadsdk.media import EXTENSIONS, planned_extension
from chadsdk.retry import parse_retry_after
from chadsdk.source import CloudSource

__all__ = ["check_answer", "read_answer"]

_SOURCE = CloudSource(server="", track_id="t-1", stream_path="/t-1", title="Night")
_ASKED = RangeAsked(400, 1000, Validator('"v1"', 1000))
_HOME = Origin("https", "music.example", 443)
_FOREVER_S = 1e12


class _Wire:
    """As much of a socket as http.client wants to see."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BufferedIOBase:
        """Give what it brings."""
        assert mode == "rb"
        return io.BytesIO(self._data)


def read_answer(data: bytes) -> Reply | None:
    """Give the status and headers that these bytes are to http.client; None where it refuses them."""
    response = http.client.HTTPResponse(_Wire(data), method="GET")  # type: ignore[arg-type]  # no more of it is used
    try:
        response.begin()
    except (http.client.HTTPException, ValueError):  # as `naming_network_errors` expects them
        return None
    with response:
        return Reply(response.status, urllib3.HTTPHeaderDict(response.msg.items()))


def check_answer(reply: Reply) -> None:
    """Assert what must be true of everything that is made of a reply's headers; only our own errors may come of it."""
    for asked in (None, _ASKED):
        with suppress(ProtocolError):
            assert judge(reply, asked) in Step
    validator = validator_of(reply)
    if validator is not None:
        assert not validator.etag.startswith("W/")
        assert 0 < validator.total_bytes < 10**18
    assert reply.content_length is None or 0 <= reply.content_length < 10**18
    expected = Expectation.of(_SOURCE, reply, total_bytes=reply.content_length, max_bytes=1_000_000)
    assert expected.sha256 is None or len(bytes.fromhex(expected.sha256)) == 32
    with suppress(IntegrityError, ProtocolError):
        expected.check_lengths()
    name, kind = (reply.headers.get(each) for each in ("Content-Disposition", "Content-Type"))
    assert planned_extension(stream_path=None, content_type=kind, content_disposition=name) in EXTENSIONS
    seconds = parse_retry_after(reply.headers.get("Retry-After"), now=0.0)
    assert seconds is None or 0 <= seconds <= _FOREVER_S
    with suppress(UnsafeURLError):
        location = reply.headers.get("Location", "")
        target = redirect_target("https://music.example/t-1", location, home=_HOME, allowed=())
        assert Origin.of(target) == _HOME
