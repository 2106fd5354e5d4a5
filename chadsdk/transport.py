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

import requests
from requests.utils import get_environ_proxies

from chadsdk.address import Origin, redirect_target
from chadsdk.auth import Credentials, OriginAuth
from chadsdk.cancel import CancelToken
from chadsdk.errors import (
    AuthError,
    NetworkError,
    ProtocolError,
    TrackError,
    UnsafeURLError,
)
from chadsdk.exchange import Incoming, Reply, Request
from chadsdk.gate import Gate
from chadsdk.line import Line
from chadsdk.pace import Pace
from chadsdk.refusal import refusal
from chadsdk.retry import parse_retry_after
from chadsdk.session import build_session, naming_network_errors
from chadsdk.settings import Settings
from chadsdk.watch import Limits, Watch, Watchdog

__all__ = ["Transport"]

_MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_SHUTS_THE_GATE = {429, 503}  # these speak of the client and of the service, not of the one thing asked for
_SAFE_TO_REPEAT = {"GET", "HEAD"}
_SLOT_POLL_S = 0.05


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
        self._watchdog = Watchdog(Limits.of(self._settings))
        self._pace = Pace(self._settings.max_bytes_per_s, connections=self._connections)
        self._gate = Gate(longest_s=self._settings.retry_after_total_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are idle; those in use close when they end."""
        self._session.close()
        if self._process == os.getpid():  # the watchdog of another process stayed there
            self._watchdog.close()

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
            response = self._authorized(request, token, line, watch)
            try:
                yield Incoming(self._checked(response, request), request.what, response, token, watch, self._pace)
            finally:
                response.close()

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

    def _checked(self, response: requests.Response, request: Request) -> Reply:
        """Give the reply of an acceptable answer, or raise what the status means."""
        status = response.status_code
        if status in {200, 206, 416}:
            return Reply(status, response.headers)
        retry_after_s = parse_retry_after(response.headers.get("Retry-After"))
        if retry_after_s is not None and status in _SHUTS_THE_GATE:
            self._gate.shut(retry_after_s)
        raise refusal(status, request.what, retry_after_s)

    def _authorized(self, request: Request, token: CancelToken, line: Line, watch: Watch) -> requests.Response:
        sent = self._credentials.headers()
        response = self._followed(request, sent, token, line, watch)
        if self._refuses_us(response):
            response.close()
            line.let_go()  # before the refresh, whose connection would come on top
            if not self._credentials.refresh(sent, token):
                raise AuthError(f"The server {self._home} refuses the credentials (401).")
            sent = self._credentials.headers()
            response = self._followed(request, sent, token, line, watch)
        if not self._refuses_us(response):
            self._credentials.accepted(sent)
            return response
        response.close()
        raise AuthError(f"The server {self._home} refuses the credentials (401).")

    def _refuses_us(self, response: requests.Response) -> bool:
        # A 401 of another origin says nothing of credentials that it was never shown.
        return response.status_code == HTTPStatus.UNAUTHORIZED and Origin.of(response.url) == self._home

    def _followed(
        self, request: Request, credentials: Mapping[str, str], token: CancelToken, line: Line, watch: Watch
    ) -> requests.Response:
        url = request.url
        if Origin.of(url) not in self._proxies:
            raise UnsafeURLError(f"The address of {request.what} is at {Origin.of(url)}, not at {self._home}.")
        for _ in range(_MAX_REDIRECTS + 1):
            response = self._answered(request, url, credentials, token, line, watch)
            if response.status_code not in _REDIRECTS:
                return response
            location = response.headers.get("Location")
            response.close()
            line.let_go()
            if not location or request.method == "POST":
                raise ProtocolError(f"The server redirects {request.what} to nowhere ({response.status_code}).")
            url = redirect_target(url, location, home=self._home, allowed=self._allowed)
        raise ProtocolError(f"The server redirects {request.what} more than {_MAX_REDIRECTS} times.")

    def _answered(
        self, request: Request, url: str, credentials: Mapping[str, str], token: CancelToken, line: Line, watch: Watch
    ) -> requests.Response:
        for _ in range(self._connections):
            try:
                return self._send(request, url, credentials, token, watch)
            except NetworkError as exc:
                # A server may close a connection that is idle just when it is used again: no failure, and each is gone.
                if type(exc) is not NetworkError or not line.is_reused or request.method not in _SAFE_TO_REPEAT:
                    raise
                line.let_go()
        return self._send(request, url, credentials, token, watch)

    def _send(
        self, request: Request, url: str, credentials: Mapping[str, str], token: CancelToken, watch: Watch
    ) -> requests.Response:
        self._gate.raise_if_shut(request.what)
        auth = OriginAuth(self._home, credentials)
        try:
            with naming_network_errors(request.what, body=False):
                prepared = self._session.prepare_request(
                    requests.Request(request.method, url, headers=dict(request.headers), data=request.body, auth=auth)
                )
                response = self._session.send(
                    prepared,
                    stream=True,
                    timeout=self._timeouts,
                    allow_redirects=False,
                    proxies=self._proxies[Origin.of(url)],
                )
        except TrackError:
            # Before an error is believed: a line that was cut looks broken.
            token.raise_if_cancelled()
            watch.raise_if_late(request.what)
            raise
        finally:
            watch.rest()
        try:
            watch.raise_if_late(request.what)  # http.client takes headers that break off for all of them
        except TrackError:
            response.close()
            raise
        return response


def _refuse_encoding(reply: Reply, what: str) -> None:
    encoding = reply.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise ProtocolError(f"The server sends {what} compressed ({encoding[:20]!a}), which was not asked for.")
