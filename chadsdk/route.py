"""`Routes`: the way to each origin, as a session would go it.

A session prepares a request in about a third of a millisecond, most of it the same for every request to an origin.
So it prepares one, and a `Route` sends all others through the very pool that the session would use (ADR 14).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.utils import get_environ_proxies

from chadsdk.address import Origin
from chadsdk.auth import OriginAuth
from chadsdk.connection import LineAdapter
from chadsdk.errors import ConfigurationError
from chadsdk.session import build_session
from chadsdk.settings import Settings

__all__ = ["Route", "Routes"]


@dataclass(frozen=True, slots=True)
class Route:
    """The way to one origin, as a session would go it. Thread-safe; outlives a close of the routes it comes from.

    Attributes:
        origin: Where to.
        headers: What every request carries: the session's headers and the credentials.
    """

    origin: Origin
    headers: Mapping[str, str]
    _pool: urllib3.HTTPConnectionPool
    _new_pool: Callable[[], urllib3.HTTPConnectionPool]
    _through_proxy: bool
    _timeout: urllib3.Timeout

    def send(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None) -> urllib3.HTTPResponse:
        """Send a request and give its answer as soon as its headers are here; redirects are not followed.

        Raises:
            Exception: What `naming_network_errors` names.
        """
        pool = self._pool
        while True:
            try:
                return self._send_through(pool, method, url, headers, body)
            except urllib3.exceptions.ClosedPoolError:  # which is found out before anything is sent
                pool = self._new_pool()

    def _send_through(
        self, pool: urllib3.HTTPConnectionPool, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> urllib3.HTTPResponse:
        response = pool.urlopen(
            method,
            url if self._through_proxy else _target(url),
            body=body,
            headers={**self.headers, **headers},
            retries=False,
            redirect=False,
            assert_same_host=False,  # a proxy's pool has another host
            timeout=self._timeout,
            preload_content=False,
            decode_content=False,
        )
        assert isinstance(response, urllib3.HTTPResponse)  # noqa: S101 - the pool's declared type is its base
        return response


class Routes:
    """The routes of one server client. Thread-safe.

    Args:
        home: The origin that credentials belong to.
        settings: Time-outs, certificates, other origins that are allowed.
        connections: Most connections to one origin.
    """

    def __init__(self, home: Origin, settings: Settings, *, connections: int) -> None:
        self._home = home
        self._session = build_session(settings, connections=connections, home=home)
        self._timeout = urllib3.Timeout(connect=settings.connect_timeout_s, read=settings.read_timeout_s)
        # Read once: requests would read the whole environment for each request, which costs more than the request.
        allowed = [Origin.of(each) for each in settings.cdn_origins]
        self._proxies = {origin: _proxies_of(origin) for origin in (home, *allowed)}
        # One is made anew when the credentials change. Two threads may both make one: the last stays.
        self._known: dict[Origin, tuple[Mapping[str, str], Route]] = {}

    def __contains__(self, origin: Origin) -> bool:
        return origin in self._proxies

    def to(self, origin: Origin, credentials: Mapping[str, str]) -> Route:
        """Give the route to an allowed origin; the credentials go with it where they belong.

        Raises:
            ConfigurationError: The environment names a proxy for it that cannot be used.
        """
        known = self._known.get(origin)
        if known is not None and known[0] == credentials:
            return known[1]
        route = self._open(origin, OriginAuth(self._home, credentials))
        self._known[origin] = (credentials, route)
        return route

    def close(self) -> None:
        """Close idle connections, and those in use when they end; what is sent from now on opens new ones."""
        self._known.clear()  # their pools are closed with the session
        self._session.close()

    def _open(self, origin: Origin, auth: OriginAuth) -> Route:
        """Let the session prepare one request and take the route from it."""
        proxies = self._proxies[origin]
        prepared = self._session.prepare_request(requests.Request("GET", str(origin), auth=auth))
        adapter = self._session.get_adapter(str(origin))
        assert isinstance(adapter, LineAdapter)  # noqa: S101 - `build_session` mounts no other
        new_pool = functools.partial(_pool, adapter, prepared, self._session.verify, proxies)
        with _naming_bad_proxies(origin):
            through_proxy = adapter.request_url(prepared, proxies) == prepared.url
            pool = new_pool()
        return Route(origin, dict(prepared.headers), pool, new_pool, through_proxy, self._timeout)


def _proxies_of(origin: Origin) -> Mapping[str, str]:
    with _naming_bad_proxies(origin):
        return get_environ_proxies(str(origin))


@contextmanager
def _naming_bad_proxies(origin: Origin) -> Iterator[None]:
    """Turn what requests and urllib3 say of a proxy into one error that does not show it: it may hold a password."""
    try:
        yield
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as exc:
        why = "give an address such as http://proxy.example:3128"
        if isinstance(exc, requests.exceptions.InvalidSchema):  # the only one that requests gives here
            why = "SOCKS needs the package PySocks, which is not installed"
        raise ConfigurationError(f"The proxy that the environment names for {origin} cannot be used: {why}.") from None


def _pool(
    adapter: LineAdapter, prepared: requests.PreparedRequest, verify: Any, proxies: Mapping[str, str]
) -> urllib3.HTTPConnectionPool:
    """Give the pool that the session would use now."""
    pool = adapter.get_connection_with_tls_context(prepared, verify=verify, proxies=proxies)
    assert isinstance(pool, urllib3.HTTPConnectionPool)  # noqa: S101 - the declared type is its base
    return pool


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
