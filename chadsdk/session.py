"""The `requests.Session` that everything is sent with, the line that can be cut, and the names of network errors.

Facts this room is built on, each held by a test: urllib3's retries do not cover bodies; ``allow_redirects=False``
still reads a redirect's body to find the next hop; a session replays cookies; before a reply's headers arrive only
shutting the socket down ends the wait.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Self

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from chadsdk.errors import NetworkError, ProtocolError, StalledError, TrackError, TruncatedError
from chadsdk.settings import Settings
from chadsdk.version import VERSION

__all__ = ["Line", "build_session", "naming_network_errors"]

_USER_AGENT = f"chadsdk/{VERSION}"

_current_line: ContextVar[Line | None] = ContextVar("chadsdk_line", default=None)


class Line:
    """The sockets that one request uses, so that another thread can cut them.

    A context manager: inside it, connections made or reused by this thread belong to the line.
    """

    def __init__(self) -> None:
        # Re-entrant: a signal handler may cut the line that its own thread is attaching to.
        self._lock = threading.RLock()
        self._sockets: list[socket.socket] = []  # guarded by _lock, as is what follows
        self._cut = False

    def __enter__(self) -> Self:
        self._outer = _current_line.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _current_line.reset(self._outer)
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for each in sockets:
            each.close()

    def attach(self, sock: socket.socket) -> None:
        """Take a duplicate of a connection's socket; shutting that down ends every wait on the connection.

        A duplicate, because http.client lets go of the socket as soon as it knows that the reply ends with it.
        """
        duplicate = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            self._sockets.append(duplicate)
            if self._cut:
                _shut(duplicate)

    def cut(self) -> None:
        """End whatever waits on this line, now and later. From any thread; never blocks, never raises."""
        with self._lock:
            self._cut = True
            for each in self._sockets:
                _shut(each)


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):  # not connected, or over already
        sock.shutdown(socket.SHUT_RDWR)


def _note(sock: socket.socket | None) -> None:
    line = _current_line.get()
    if line is not None and sock is not None:
        line.attach(sock)


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        # As in urllib3, whose own gives the socket away only after it was connected: also that wait can be cut.
        try:
            return _connect(self._dns_host, self.port, self.timeout, self.socket_options or ())
        except socket.gaierror as exc:
            raise NameResolutionError(self.host, self, exc) from exc
        except TimeoutError as exc:
            raise ConnectTimeoutError(self, "no connection in time") from exc
        except OSError as exc:
            raise NewConnectionError(self, str(exc)) from exc

    def request(self, *args: Any, **kwargs: Any) -> None:
        _note(self.sock)
        super().request(*args, **kwargs)


class _SecureConnection(_Connection, HTTPSConnection):
    """The same in TLS; its handshake waits on the socket that is noted already."""


def _connect(host: str, port: int, timeout_s: Any, options: Iterable[Any]) -> socket.socket:
    failure = OSError("the name has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            for option in options:
                sock.setsockopt(*option)
            sock.settimeout(timeout_s)
            _note(sock)
            sock.connect(address)
        except OSError as exc:
            failure = exc
            sock.close()
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    """Connections that a `Line` can cut."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager


class _Session(requests.Session):
    """A session that leaves redirects to the caller altogether."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Give none: following is our decision, and looking ahead would read the redirect's body, unbounded."""


def build_session(settings: Settings, *, connections: int) -> requests.Session:
    """Build a session for one server.

    Args:
        settings: Whose certificates to trust.
        connections: Most connections to one host; a further request waits for one.

    Returns:
        A session without retries, cookies, netrc or redirects of its own. Proxies are the caller's to pass.
    """
    session = _Session()
    adapter = _Adapter(pool_connections=4, pool_maxsize=connections, max_retries=0, pool_block=True)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.trust_env = False  # netrc would replace our credentials
    session.verify = _trusted(settings)
    session.headers.clear()
    session.headers.update({"User-Agent": _USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"})
    session.cookies = RequestsCookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    return session


def _trusted(settings: Settings) -> str | bool:
    chosen = settings.ca_bundle or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return str(chosen) if chosen else True


@contextmanager
def naming_network_errors(what: str, *, body: bool) -> Iterator[None]:
    """Turn whatever requests, urllib3, http.client, ssl or a socket raise in the block into a `TrackError`.

    By position rather than by class: a time-out in mid-body surfaces as a connection error.

    Args:
        what: What was asked for, for the message.
        body: Whether the headers had arrived already.

    Raises:
        TrackError: Without a cause attached: foreign messages hold whole addresses, queries included.
    """
    try:
        yield
    except (
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        http.client.HTTPException,
        OSError,
        UnicodeError,
        # http.client: "I/O operation on closed file" when the line is cut between two reads
        ValueError,
    ) as exc:
        raise _named(exc, what, body=body) from None


def _named(exc: Exception, what: str, *, body: bool) -> TrackError:
    causes = tuple(_chain(exc))
    if _has(causes, ssl.SSLCertVerificationError):
        why = next(str(c.verify_message) for c in causes if isinstance(c, ssl.SSLCertVerificationError))
        return NetworkError(f"The server's certificate is not valid ({why}); asked for {what}.", retryable=False)
    if _has(causes, NameResolutionError, socket.gaierror):
        return NetworkError(f"The server's name cannot be found; asked for {what}.")
    if _has(causes, requests.ConnectTimeout, NewConnectionError, ConnectionRefusedError):
        return NetworkError(f"No connection to the server; asked for {what}.")
    if _has(causes, requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError, TimeoutError):
        return StalledError(f"The server sent nothing for too long; asked for {what}.")
    if _has(causes, urllib3.exceptions.IncompleteRead, http.client.IncompleteRead) or (body and _broken(causes)):
        return TruncatedError(f"The connection ended in the middle of {what}.")
    if _broken(causes):
        return NetworkError(f"The connection broke before an answer came; asked for {what}.")
    return ProtocolError(f"The answer is not proper HTTP ({type(causes[-1]).__name__}); asked for {what}.")


def _broken(causes: tuple[BaseException, ...]) -> bool:
    if _has(causes, http.client.RemoteDisconnected):  # a BadStatusLine by inheritance, because there was none at all
        return True
    return _has(causes, ssl.SSLError, OSError) and not _has(
        causes, http.client.BadStatusLine, http.client.LineTooLong, requests.exceptions.InvalidHeader
    )


def _has(causes: tuple[BaseException, ...], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) and not _is_wrapper(cause) for cause in causes)


def _is_wrapper(exc: BaseException) -> bool:
    # RequestException is an OSError by inheritance only.
    return type(exc) in {requests.ConnectionError, requests.RequestException}


def _chain(exc: BaseException) -> Iterator[BaseException]:
    """Give an error and all it was made of; libraries keep the origin in `args`, `reason` or the context."""
    seen: set[int] = set()
    waiting: list[object] = [exc]
    while waiting:
        each = waiting.pop()
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__context__, each.__cause__, getattr(each, "reason", None), *each.args]
