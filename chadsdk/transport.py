"""`Transport`: one request to one server, its credentials, its redirects, and its body into one open file.

It decides what an answer is, never whether to ask again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Self

import urllib3
from requests.utils import get_environ_proxies

from chadsdk.address import Origin, redirect_target
from chadsdk.auth import Credentials, OriginAuth
from chadsdk.cancel import CancelToken
from chadsdk.errors import (
    AuthError,
    ForbiddenError,
    NotFoundError,
    ProtocolError,
    RateLimitedError,
    ServerError,
    TrackError,
    UnsafeURLError,
)
from chadsdk.exchange import Incoming, Reply, Request
from chadsdk.line import Line
from chadsdk.retry import parse_retry_after
from chadsdk.session import Route, build_session, naming_network_errors, open_route
from chadsdk.settings import Settings

__all__ = ["Transport"]

_MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_TRY_LATER = {408, 425, 500, 502, 503, 504}
_SLOT_POLL_S = 0.05

_Answer = tuple[urllib3.HTTPResponse, Origin]  # and where it came from


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
        self._timeouts = (settings.connect_timeout_s, settings.read_timeout_s)
        self._allowed = frozenset(Origin.of(each) for each in settings.cdn_origins)
        self._settings = settings
        self._connections = connections
        self._open_for_this_process()
        # Read once: requests would read the whole environment for each request, which costs more than the request.
        self._proxies = {origin: get_environ_proxies(str(origin)) for origin in (self._home, *self._allowed)}

    def _open_for_this_process(self) -> None:
        self._process = os.getpid()
        self._session = build_session(self._settings, connections=self._connections)
        self._slots = threading.BoundedSemaphore(self._connections)
        # By origin; one is made anew when the credentials change. Threads may both make one: the last stays.
        self._routes: dict[Origin, tuple[Mapping[str, str], Route]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are idle; those in use close when they end."""
        self._routes.clear()  # their pools are closed with the session
        self._session.close()

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
        with self._slot(token), Line() as line, token.interrupting(line.cut):
            response, _ = self._authorized(request, token, line)
            try:
                yield Incoming(_checked(response, request), request.what, response, token)
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

    def _authorized(self, request: Request, token: CancelToken, line: Line) -> _Answer:
        sent = self._credentials.headers()
        answer = self._followed(request, sent, token, line)
        if self._refuses_us(answer):
            _discard(answer[0])
            line.let_go()  # before the refresh, whose connection would come on top
            if not self._credentials.refresh(sent, token):
                raise AuthError(f"The server {self._home} refuses the credentials (401).")
            sent = self._credentials.headers()
            answer = self._followed(request, sent, token, line)
        if not self._refuses_us(answer):
            self._credentials.accepted(sent)
            return answer
        _discard(answer[0])
        raise AuthError(f"The server {self._home} refuses the credentials (401).")

    def _refuses_us(self, answer: _Answer) -> bool:
        # A 401 of another origin says nothing of credentials that it was never shown.
        response, origin = answer
        return response.status == HTTPStatus.UNAUTHORIZED and origin == self._home

    def _followed(self, request: Request, credentials: Mapping[str, str], token: CancelToken, line: Line) -> _Answer:
        url, origin = request.url, Origin.of(request.url)
        if origin not in self._proxies:
            raise UnsafeURLError(f"The address of {request.what} is at {origin}, not at {self._home}.")
        for _ in range(_MAX_REDIRECTS + 1):
            response = self._send(request, url, self._route(origin, credentials), token)
            if response.status not in _REDIRECTS:
                return response, origin
            location = response.headers.get("Location")
            _discard(response)
            line.let_go()
            if not location or request.method == "POST":
                raise ProtocolError(f"The server redirects {request.what} to nowhere ({response.status}).")
            url = redirect_target(url, location, home=self._home, allowed=self._allowed)
            origin = Origin.of(url)
        raise ProtocolError(f"The server redirects {request.what} more than {_MAX_REDIRECTS} times.")

    def _route(self, origin: Origin, credentials: Mapping[str, str]) -> Route:
        known = self._routes.get(origin)
        if known is not None and known[0] == credentials:
            return known[1]
        route = open_route(
            self._session,
            origin,
            auth=OriginAuth(self._home, credentials),
            proxies=self._proxies[origin],
            timeouts_s=self._timeouts,
        )
        self._routes[origin] = (credentials, route)
        return route

    def _send(self, request: Request, url: str, route: Route, token: CancelToken) -> urllib3.HTTPResponse:
        try:
            with naming_network_errors(request.what, body=False):
                return route.send(request.method, url, headers=request.headers, body=request.body)
        except TrackError:
            # Before an error is believed: a line that a cancel cut looks broken.
            token.raise_if_cancelled()
            raise


def _discard(response: urllib3.HTTPResponse) -> None:
    """Close the connection of an answer that was not read to its end, and give its place in the pool back."""
    response.close()
    response.release_conn()


def _checked(response: urllib3.HTTPResponse, request: Request) -> Reply:
    """Give the reply of an acceptable answer, or raise what the status means."""
    status = response.status
    if status in {200, 206, 416}:
        return Reply(status, response.headers)
    raise _refusal(status, request.what, parse_retry_after(response.headers.get("Retry-After")))


def _refusal(status: int, what: str, retry_after_s: float | None) -> TrackError:
    match status:
        case 401:
            return ForbiddenError(f"The origin that the server redirects to refuses {what} (401).")
        case 403:
            return ForbiddenError(f"The server does not allow {what} to this user (403).")
        case 404 | 410:
            return NotFoundError(f"The server has no {what} ({status}).")
        case 429:
            return RateLimitedError(f"The server is asked too often (429) for {what}.", retry_after_s=retry_after_s)
        case _ if status in _TRY_LATER:
            return ServerError(f"The server fails ({status}) for {what}.", retry_after_s=retry_after_s)
        case _ if status >= 500:
            return ServerError(f"The server fails ({status}) for {what}.", retryable=False)
    # 1xx as a final answer is what requests makes of 103 Early Hints.
    return ProtocolError(f"An unexpected answer ({status}) for {what}.", retryable=status < 200)


def _refuse_encoding(reply: Reply, what: str) -> None:
    encoding = reply.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise ProtocolError(f"The server sends {what} compressed ({encoding[:20]!a}), which was not asked for.")
