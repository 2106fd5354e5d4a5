"""Addresses: of servers, of streams, of redirects; what they may lead to, and what may be shown of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import unquote, urlsplit

import requests

from chadsdk.address import Origin, home_url, join_path, redirect_target, shown
from chadsdk.errors import ConfigurationError, UnsafeURLError
from chadsdk.settings import Settings
from tests.fuzz.target import Target, fields, stretched, text_of

__all__ = ["TARGET"]

_HOME = "https://music.example/base"
_ORIGIN = Origin.of(_HOME)
_CDN = Origin("https", "cdn.example", 443)


def _take(data: bytes) -> None:
    text = stretched(data)
    _check_shown(text)
    with suppress(UnsafeURLError):
        _check_asked_as_meant(text, Origin.of(text))
    with suppress(ConfigurationError):
        assert not home_url(text).endswith("/")
        Origin.of(text)
    with suppress(ConfigurationError):
        [each] = Settings(cdn_origins=(text,)).cdn_origins
        _check_asked_as_meant(each, Origin.of(each))
    with suppress(UnsafeURLError):
        _check_below_home(join_path(_HOME, text))
    current, location = (text_of(each) for each in fields(data[1:], 2))
    for start in ("https://music.example/a/b?c", f"http://music.example/{current}"):
        with suppress(UnsafeURLError):
            target = redirect_target(start, location, home=_ORIGIN, allowed=(_CDN,))
            assert Origin.of(target) in {_ORIGIN, _CDN}
            _check_asked_as_meant(target, Origin.of(target))


def _check_asked_as_meant(url: str, origin: Origin) -> None:
    """Assert that requests takes what we take, and would ask the origin that we mean."""
    for each in (str(origin), url):
        prepared = requests.Request("GET", each).prepare()
        assert prepared.url is not None
        # The zone of a link-local address loses its escape on the way to the resolver (RFC 6874).
        assert "%" in origin.host or Origin.of(prepared.url) == origin


def _check_below_home(url: str) -> None:
    assert Origin.of(url) == _ORIGIN
    path = urlsplit(url).path
    assert path.startswith("/base/")
    assert not {".", ".."} & set(unquote(path).replace("\\", "/").split("/"))
    assert url.isascii()


def _check_shown(url: str) -> None:
    line = shown(url)
    assert len(line) <= 201
    assert line.isprintable()
    assert not {"?", "#"} & set(line)


def _seeds() -> Iterator[bytes]:
    for text in (
        *("https://music.example", "HTTP://Music.EXAMPLE:80/a?b#c", "https://[::1]:8443/", "http://me:pw@x.example/"),
        *("/tracks/1/a%20b.wav?x=y", "/a/%2e%2e/b", "/a\\..\\b", "//evil.example/", "/\u00e9/%e9"),
        *(
            "a\xff//cdn.example/x".encode("latin-1").decode("latin-1"),
            "https://cdn.example:443/x",
            "https://[",
            "?q",
            "",
        ),
        *("https://xn--bcher-kva.example", "https://*.cdn.example", "http://[v1.a]/", "http://[::1%25lo]/", "http:/a"),
    ):
        yield b"\0" + text.encode()
    yield b"\0a/../b\xff../../c"
    yield b"\x0f/"
    yield b"\x0f%"


TARGET = Target(
    take=_take,
    seeds=_seeds,
    words=(
        *(b"https://", b"http://", b"music.example", b"cdn.example", b"//", b"@", b"%2e%2e", b"%2f", b"[::1]", b":443"),
        *(b"\\", b"\t", b"xn--", b"%00", b"..", b"?", b"#", b"\xff"),
    ),
    most_bytes=256,
)
