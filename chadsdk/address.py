"""Addresses: what may be requested, and what of an address may be shown.

Everything a server says about where to go (stream paths, redirects) passes here before a byte is sent.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import quote, unquote, urljoin, urlsplit

from chadsdk.errors import ConfigurationError, UnsafeURLError

__all__ = ["Origin", "home_url", "join_path", "redirect_target", "shown"]

_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]")
# RFC 3986, without escapes and patterns. `urlsplit` passes over what stands behind a bracket; requests refuses that and
# most else, with errors of its own.
_AUTHORITY = re.compile(
    r"(?:\[[0-9a-f:.]+(?:%25[a-z0-9._~-]+)?\]|[a-z0-9_~-][a-z0-9._~-]*)(?::[0-9]*)?", re.IGNORECASE | re.ASCII
)
# Also where slashes are missing: that is how people type addresses.
_USER = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*:/+|//+|)[^/]*@")
# RFC 3986: what may stand unescaped in a path or query; "%" because servers send paths that are escaped already.
_PATH_SAFE = "/%:@!$&'()*+,;=-._~"
_QUERY_SAFE = _PATH_SAFE + "?"


class Origin(NamedTuple):
    """Scheme, host and port: the unit that credentials belong to (RFC 6454)."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """Give the origin of an absolute http(s) address.

        Raises:
            UnsafeURLError: Another scheme, no host or one that is neither a name in ASCII nor a number, port 0, a user
                name in it, or characters that no address has.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as exc:
            raise UnsafeURLError(f"The address {shown(url)} is malformed.") from exc
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or _UNPRINTABLE.search(url):
            raise UnsafeURLError(f"The address {shown(url)} is not one of http or https.")
        if "@" in parts.netloc:
            raise UnsafeURLError(f"The address {shown(url)} holds a user name.")
        if not parts.hostname.isascii():
            # requests would ask the ASCII form, which is another origin by this comparison.
            raise UnsafeURLError(f"The host of {shown(url)} must be in its ASCII form (xn--…).")
        if not _AUTHORITY.fullmatch(parts.netloc) or port == 0:  # which urllib3 may take for none
            raise UnsafeURLError(f"The host or port of {shown(url)} is none.")
        return cls(parts.scheme, parts.hostname, _DEFAULT_PORTS[parts.scheme] if port is None else port)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = self.port == _DEFAULT_PORTS[self.scheme]
        return f"{self.scheme}://{host}" if default else f"{self.scheme}://{host}:{self.port}"


def home_url(url: str) -> str:
    """Check the address of a server as a user types it and give it without a trailing slash.

    Raises:
        ConfigurationError: Not http(s), no host, a user name, a query or a fragment.
    """
    try:
        Origin.of(url)
    except UnsafeURLError as exc:
        raise ConfigurationError(f"The server must be an address such as https://music.example: {exc}") from None
    if "?" in url or "#" in url:
        raise ConfigurationError(f"The server's address must end with its path: {shown(url)}")
    return url.rstrip("/")


def join_path(home: str, path: str) -> str:
    """Put a path that a server gave below that server's address.

    Raises:
        UnsafeURLError: It names another host, climbs with dot segments, escaped or not, or holds controls.
    """
    plain, _, query = path.partition("?")
    segments = unquote(plain).replace("\\", "/").split("/")
    if (
        not plain.startswith("/")
        or plain.startswith("//")
        or "#" in path
        or _UNPRINTABLE.search(unquote(path).replace(" ", ""))
        or ".." in segments
        or "." in segments
    ):
        raise UnsafeURLError(f"The server gave a stream path that leads elsewhere: {shown(path)!a}.")
    escaped = quote(plain, safe=_PATH_SAFE)
    return f"{home}{escaped}?{quote(query, safe=_QUERY_SAFE)}" if query else home + escaped


def redirect_target(current: str, location: str, *, home: Origin, allowed: Collection[Origin]) -> str:
    """Give where a redirect leads, if that is a place to go.

    Args:
        current: The address that answered.
        location: Its ``Location``.
        home: The server's own origin.
        allowed: Other origins that the user allows.

    Raises:
        UnsafeURLError: Another scheme, from https to http, a user name, or an origin that nobody allowed.
    """
    try:
        target = urljoin(current, location)
    except ValueError as exc:
        raise UnsafeURLError("The server redirects to a malformed address.") from exc
    origin = Origin.of(target)
    if origin.scheme == "http" and urlsplit(current).scheme == "https":
        raise UnsafeURLError(f"The server redirects from https to {shown(target)}, which is not encrypted.")
    if origin != home and origin not in allowed:
        raise UnsafeURLError(f"The server redirects to {origin}, which is not one of its allowed origins.")
    return target


def shown(url: str) -> str:
    """Give an address as it may be shown: no query, no fragment, no user name, no controls, not too long."""
    # The user first: a "?" in a password that somebody typed by hand would leave half of it.
    plain = re.split(r"[?#]", _USER.sub(r"\1", url), maxsplit=1)[0]
    plain = "".join(c if c.isprintable() else "\ufffd" for c in plain[:201])
    return plain if len(plain) <= 200 else plain[:200] + "…"
