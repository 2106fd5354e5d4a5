"""The `requests.Session` that everything is sent with, and the names of network errors.

Facts this room is built on, each held by a test: urllib3's retries do not cover bodies; a session replays cookies.
"""

from __future__ import annotations

import errno
import http.client
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path

import requests
import urllib3
from requests.cookies import RequestsCookieJar
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from chadsdk.address import Origin
from chadsdk.connection import LineAdapter
from chadsdk.errors import ConfigurationError, NetworkError, ProtocolError, StalledError, TrackError, TruncatedError
from chadsdk.reach import Reach
from chadsdk.settings import Settings
from chadsdk.version import VERSION

__all__ = ["build_session", "naming_network_errors"]

_NO_DESCRIPTOR = {errno.EMFILE, errno.ENFILE}
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # as in requests
# What OpenSSL says when the two sides have no protocol, cipher or key in common: the next attempt would end likewise.
_NO_AGREEMENT = {
    "DH_KEY_TOO_SMALL",
    "HTTP_REQUEST",
    "NO_PROTOCOLS_AVAILABLE",
    "PACKET_LENGTH_TOO_LONG",
    "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED",
    "TLSV1_ALERT_INSUFFICIENT_SECURITY",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "UNKNOWN_PROTOCOL",
    "UNSUPPORTED_PROTOCOL",
    "WRONG_VERSION_NUMBER",  # also of a server that speaks no TLS at all
}
_USER_AGENT = f"chadsdk/{VERSION}"


def build_session(settings: Settings, *, connections: int, home: Origin | None = None) -> requests.Session:
    """Build a session for one server.

    Args:
        settings: Whose certificates to trust.
        connections: Most connections to one host; a further request waits for one.
        home: The server; what others are in reach depends on where it is (`Reach`). None allows any.

    Returns:
        A session without retries, cookies, netrc or redirects of its own. Proxies are the caller's to pass.

    Raises:
        ConfigurationError: The file of trusted certificates, of the settings or the environment, is not there.
    """
    session = requests.Session()
    origins = 1 + len(settings.cdn_origins)  # a pool for each
    reach = None if home is None else Reach(home.host, home.port)
    adapter = LineAdapter(
        pool_connections=origins, pool_maxsize=connections, max_retries=0, pool_block=True, reach=reach
    )
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.trust_env = False  # netrc would replace our credentials
    session.verify = _trusted(settings)
    session.headers.clear()
    session.headers.update({"User-Agent": _USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"})
    session.cookies = RequestsCookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    return session


def _trusted(settings: Settings) -> str:
    given = {"ca_bundle": settings.ca_bundle} | {name: os.environ.get(name) for name in _CA_VARIABLES}
    for origin, chosen in given.items():
        if chosen:
            if not _exists(Path(chosen)):
                raise ConfigurationError(f"{origin} is {str(chosen)!a}, and there are no certificates there.")
            return str(chosen)
    # Named, because routes take their pools past `Session.send`, which would: those of the system would count instead.
    return str(DEFAULT_CA_BUNDLE_PATH)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # not to be looked at
        return False


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
    if any(isinstance(cause, OSError) and cause.errno in _NO_DESCRIPTOR for cause in causes):
        return NetworkError(f"No connection to the server: too many open files on this computer; asked for {what}.")
    reasons = {cause.reason for cause in causes if isinstance(cause, ssl.SSLError)} & _NO_AGREEMENT
    if reasons:
        why = min(reasons).replace("_", " ").lower()
        message = f"The server and this computer cannot agree on a secure connection ({why}); asked for {what}."
        return NetworkError(message, retryable=False)
    if _has(causes, urllib3.exceptions.NameResolutionError, socket.gaierror):
        return NetworkError(f"The server's name cannot be found; asked for {what}.")
    if _has(causes, requests.ConnectTimeout, urllib3.exceptions.NewConnectionError, ConnectionRefusedError):
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
