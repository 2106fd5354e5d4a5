"""`Transport`: one request to one server, its credentials, its redirects, and its body into one open file.

It decides what an answer is, never whether to ask again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Self

import urllib3

from chadsdk.address import Origin, redirect_target
from chadsdk.auth import Credentials
from chadsdk.cancel import CancelToken
from chadsdk.errors import AuthError, NetworkError, ProtocolError, TrackError, UnsafeURLError
from chadsdk.exchange import Incoming, Reply, Request
from chadsdk.gate import Gate
from chadsdk.line import Line
from chadsdk.pace import Pace
from chadsdk.refusal import refusal
from chadsdk.retry import parse_retry_after
from chadsdk.route import Route, Routes
from chadsdk.session import naming_network_errors
from chadsdk.settings import Settings
from chadsdk.watch import Limits, Watch, Watchdog

__all__ = ["Transport"]

_MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_SHUTS_THE_GATE = {429, 503}  # these speak of the client and of the service, not of the one thing asked for
_SAFE_TO_REPEAT = {"GET", "HEAD"}
_SLOT_POLL_S = 0.05

_Answer = tuple[urllib3.HTTPResponse, Origin]  # and where it came from


@dataclass(frozen=True, slots=True)
class _Call:
    """What one call of `Transport.opening` is ended by."""

    token: CancelToken
    line: Line
    watch: Watch


class Transport:
    """Requests to one server. Thread-safe; close it, or use it as a context manager.

    Args:
        home: The server's address; credentials go to its origin only.
        credentials: What to prove.
        settings: Time-outs, certificates, allowed origins.
        connections: Most connections at a time.
    """

    def __init__(self, home: str, credentials: Credentials, settings: Settings, *, connections: int) -> None:
        self._home = Origin.of(home)
        self._credentials = credentials
        self._allowed = frozenset(Origin.of(each) for each in settings.cdn_origins)
        self._settings = settings
        self._connections = connections
        self._open_for_this_process()

    def _open_for_this_process(self) -> None:
        self._process = os.getpid()
        self._routes = Routes(self._home, self._settings, connections=self._connections)
        self._slots = threading.BoundedSemaphore(self._connections)
        self._watchdog = Watchdog(Limits.of(self._settings))
        self._pace = Pace(self._settings.max_bytes_per_s, connections=self._connections)
        self._gate = Gate(longest_s=self._settings.retry_after_total_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are idle; those in use close when they end."""
        self._routes.close()
        if self._process == os.getpid():  # the watchdog of another process stayed there
            self._watchdog.close()

    def has_room(self) -> bool:
        """Whether a connection is to spare at this moment."""
        spare = self._slots.acquire(blocking=False)
        if spare:
            self._slots.release()
        return spare

    @contextmanager
    def opening(self, request: Request, token: CancelToken) -> Iterator[Incoming]:
        """Send a request and give its answer: 200, 206 or 416.

        A body that is not read to its end is thrown away with its connection, never drained.

        Raises:
            ExportCancelled: Cancelled, also while waiting for the answer.
            AuthError: 401, and again after one refresh.
            TrackError: Any other status, or no answer.
        """
        token.raise_if_cancelled()
        if self._process != os.getpid():
            # After a fork parent and child would read each other's answers from the connections that they share.
            self._open_for_this_process()
        with (
            self._slot(token),
            Line() as line,
            token.interrupting(line.cut),
            self._watchdog.watching(line.cut) as watch,
        ):
            line.waiting = watch.headers_begin
            response, origin = self._authorized(request, _Call(token, line, watch))
            try:
                reply = self._checked(response, request, elsewhere=origin != self._home)
                yield Incoming(reply, request.what, response, token, watch, self._pace)
            finally:
                _discard(response)

    def head(self, request: Request, token: CancelToken) -> Reply:
        """Give the headers that a GET would have.

        Raises:
            ChadError: See `opening`.
        """
        with self.opening(replace(request, method="HEAD"), token) as incoming:
            for _ in incoming.pieces():
                pass  # there is none, and finding that out frees the connection for the next request
            return incoming.reply

    def fetch_bytes(self, request: Request, token: CancelToken, *, limit_bytes: int) -> bytes:
        """Give a small body whole.

        Raises:
            ProtocolError: Longer than `limit_bytes`, or compressed.
            ChadError: See `opening`.
        """
        with self.opening(request, token) as incoming:
            _refuse_encoding(incoming.reply, request.what)
            body = bytearray()
            for piece in incoming.pieces():
                body += piece
                if len(body) > limit_bytes:
                    raise ProtocolError(f"The answer for {request.what} is larger than {limit_bytes} bytes.")
            return bytes(body)

    @contextmanager
    def _slot(self, token: CancelToken) -> Iterator[None]:
        # Before the pool's own bound, because a wait in there cannot be cancelled.
        slots = self._slots
        while not slots.acquire(timeout=_SLOT_POLL_S):
            token.raise_if_cancelled()
        try:
            yield
        finally:
            slots.release()

    def _checked(self, response: urllib3.HTTPResponse, request: Request, *, elsewhere: bool) -> Reply:
        """Give the reply of an acceptable answer, or raise what the status means."""
        status = response.status
        if status in {200, 206, 416}:
            return Reply(status, response.headers)
        retry_after_s = parse_retry_after(response.headers.get("Retry-After"))
        if retry_after_s is not None and status in _SHUTS_THE_GATE:
            self._gate.shut(retry_after_s)
        raise refusal(status, request.what, retry_after_s, elsewhere=elsewhere)

    def _authorized(self, request: Request, call: _Call) -> _Answer:
        sent = self._credentials.headers()
        answer = self._followed(request, sent, call)
        if self._refuses_us(answer):
            _discard(answer[0])
            call.line.let_go()  # before the refresh, whose connection would come on top
            if not self._credentials.refresh(sent, call.token):
                raise AuthError(f"The server {self._home} refuses the credentials (401).")
            sent = self._credentials.headers()
            answer = self._followed(request, sent, call)
        if not self._refuses_us(answer):
            self._credentials.accepted(sent)
            return answer
        _discard(answer[0])
        raise AuthError(f"The server {self._home} refuses the credentials (401).")

    def _refuses_us(self, answer: _Answer) -> bool:
        # A 401 of another origin says nothing of credentials that it was never shown.
        response, origin = answer
        return response.status == HTTPStatus.UNAUTHORIZED and origin == self._home

    def _followed(self, request: Request, credentials: Mapping[str, str], call: _Call) -> _Answer:
        url, origin = request.url, Origin.of(request.url)
        if origin not in self._routes:
            raise UnsafeURLError(f"The address of {request.what} is at {origin}, not at {self._home}.")
        for _ in range(_MAX_REDIRECTS + 1):
            response = self._answered(request, url, self._routes.to(origin, credentials), call)
            if response.status not in _REDIRECTS:
                return response, origin
            location = response.headers.get("Location")
            _discard(response)
            call.line.let_go()
            if not location or request.method == "POST":
                raise ProtocolError(f"The server redirects {request.what} to nowhere ({response.status}).")
            url = redirect_target(url, location, home=self._home, allowed=self._allowed)
            origin = Origin.of(url)
        raise ProtocolError(f"The server redirects {request.what} more than {_MAX_REDIRECTS} times.")

    def _answered(self, request: Request, url: str, route: Route, call: _Call) -> urllib3.HTTPResponse:
        for _ in range(self._connections):
            try:
                return self._send(request, url, route, call)
            except NetworkError as exc:
                # A server may close a connection that is idle just when it is used again: no failure, and each is gone.
                if type(exc) is not NetworkError or not call.line.is_reused or request.method not in _SAFE_TO_REPEAT:
                    raise
                call.line.let_go()
        return self._send(request, url, route, call)

    def _send(self, request: Request, url: str, route: Route, call: _Call) -> urllib3.HTTPResponse:
        self._gate.raise_if_shut(request.what)
        try:
            with naming_network_errors(request.what, body=False):
                response = route.send(request.method, url, headers=request.headers, body=request.body)
        except TrackError:
            # Before an error is believed: a line that was cut looks broken.
            call.token.raise_if_cancelled()
            call.watch.raise_if_late(request.what)
            raise
        finally:
            call.watch.rest()
        try:
            call.watch.raise_if_late(request.what)  # http.client takes headers that break off for all of them
        except TrackError:
            _discard(response)
            raise
        return response


def _discard(response: urllib3.HTTPResponse) -> None:
    """Close the connection of an answer that was not read to its end, and give its place in the pool back."""
    with suppress(OSError):
        response.close()
    response.release_conn()


def _refuse_encoding(reply: Reply, what: str) -> None:
    encoding = reply.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise ProtocolError(f"The server sends {what} compressed ({encoding[:20]!a}), which was not asked for.")
