"""Answers of a server as they come out of http.client and urllib3, made of bytes without a socket."""

from __future__ import annotations

import http.client
import io

import urllib3

from chadsdk.exchange import Reply

__all__ = ["read_answer"]


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
