"""Tests of what may be requested and what of an address may be shown."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from chadsdk.address import Origin, home_url, join_path, redirect_target
from chadsdk.errors import ConfigurationError, UnsafeURLError
from chadsdk.settings import Settings

_HOME = "https://music.example"
_CDN = Origin("https", "cdn.example", 443)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://music.example", ("https", "music.example", 443)),
        ("HTTPS://Music.EXAMPLE:443/a?b#c", ("https", "music.example", 443)),
        ("http://music.example", ("http", "music.example", 80)),
        ("http://music.example:8080/", ("http", "music.example", 8080)),
        ("https://[::1]:8443/", ("https", "::1", 8443)),
        ("https://xn--bcher-kva.example", ("https", "xn--bcher-kva.example", 443)),
    ],
)
def test_the_origin_of_an_address(url: str, origin: tuple[str, str, int]) -> None:
    """Scheme, host and port, without regard to case and with the scheme's own port where none is given."""
    assert Origin.of(url) == origin


@pytest.mark.parametrize(
    "url", ["https://music.example", "http://music.example:8080", "https://[::1]", "http://[::1]:99"]
)
def test_an_origin_is_shown_as_an_address(url: str) -> None:
    """What is shown of an origin is an address of it."""
    assert str(Origin.of(f"{url}/path")) == url


@pytest.mark.parametrize(
    "url",
    [
        "", "music.example", "//music.example/", "/path", "ftp://music.example/", "file:///etc/passwd",
        "javascript:alert(1)", "data:,x",
        "https://", "https:///path", "https://:443/", "https://user@music.example/", "https://user:pw@music.example/",
        "https://@music.example/", "https://music.example:port/", "https://music.example:99999/",
        "https://music.example:0/", "https://music.example:00/",
        "https://[::1/",
        "https://music.example\\@evil.example/", "https:\\\\music.example", "https://music.example/a b",
        " https://music.example",
        "https://music.example/\n", "https://music\t.example/", "https://music.example/\0",
        "https://music.example/\ud800",
        "https://*.music.example/", "https://[v1.a]/", "https://[::1]x/",
        "https://music.example%/", "https://[::1]x:443/", "https://.music.example/",
        "https://bücher.example/", "https://music.example\uff0fevil.example/", "https://\uff4dusic.example/",
    ],
    ids=ascii,
)  # fmt: skip
def test_addresses_that_have_no_origin(url: str) -> None:
    """Another scheme, no host or a pattern, a user name, controls, or a host outside ASCII: none is asked."""
    with pytest.raises(UnsafeURLError):
        Origin.of(url)


@given(st.text(st.characters(), max_size=30), st.sampled_from(["", "https://", "http://", "https://music.example"]))
def test_any_text_as_an_address(text: str, start: str) -> None:
    """Any text has an origin or is refused."""
    try:
        origin = Origin.of(start + text)
    except UnsafeURLError:
        return
    assert origin.scheme in {"http", "https"}
    assert origin.host.isascii()


_LIKE_AN_ORIGIN = st.text(st.sampled_from("hHtTpP\u017fsS:/.*-[]%1aK\u212a@#?;&~^|\\"), max_size=16)


@given(
    st.sampled_from(["https://", "http://", "HTTPS://", "http\u017f://", ""]),
    st.lists(st.sampled_from(["cdn", ".", "*", "example", "[::1]", ":", "80", "/", "-"]), max_size=6).map("".join)
    | _LIKE_AN_ORIGIN,
)
def test_every_origin_that_settings_take_is_one_and_can_be_asked(scheme: str, rest: str) -> None:
    """What passes as a CDN is an origin, and requests takes its address: neither fails later, in mid-download."""
    try:
        [chosen] = Settings(cdn_origins=(scheme + rest,)).cdn_origins
    except ConfigurationError:
        return
    prepared = requests.Request("GET", str(Origin.of(chosen))).prepare()
    assert prepared.url is not None
    assert Origin.of(prepared.url) == Origin.of(chosen)


@pytest.mark.parametrize(
    ("typed", "home"),
    [
        ("https://music.example", "https://music.example"),
        ("https://music.example/", "https://music.example"),
        ("http://localhost:8080/sub//", "http://localhost:8080/sub"),
    ],
)
def test_the_address_that_a_user_types(typed: str, home: str) -> None:
    """A server's address is kept, without slashes at its end."""
    assert home_url(typed) == home


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "music.example",
        "ftp://music.example",
        "https://",
        "https://music.example/?",
        "https://music.example?a=1",
        "https://music.example#",
        "https://user:canary@music.example",
        "user:canary@music.example",
        "https://user:can?ary@music.example",
        "https://u:can#ary@h",
        "https://music.example/?token=canary",
    ],
)
def test_an_address_that_cannot_be_a_server(typed: str) -> None:
    """What cannot be a server's address is the caller's mistake; the message holds no password and no token."""
    with pytest.raises(ConfigurationError) as caught:
        home_url(typed)
    assert "can" not in str(caught.value).replace("cannot", "")


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/tracks/1/audio.wav", "/tracks/1/audio.wav"),
        ("/", "/"),
        ("/api/stream/1?quality=high&x=a/b", "/api/stream/1?quality=high&x=a/b"),
        ("/a?", "/a"),
        ("/a b/ä.wav", "/a%20b/%C3%A4.wav"),
        ("/a%20b/%C3%A4.wav", "/a%20b/%C3%A4.wav"),
        ("/caf%E9.wav", "/caf%E9.wav"),
        ("/a?b=ä c", "/a?b=%C3%A4%20c"),
        ("/a//b", "/a//b"),
        ("/..a/b../c...", "/..a/b../c..."),
        ("/me@home:8/x;y=1", "/me@home:8/x;y=1"),
        ("/%2fevil.example/x", "/%2fevil.example/x"),
    ],
)
def test_a_stream_path_goes_below_the_servers_address(path: str, url: str) -> None:
    """An honest path is kept, escaped where it is not yet."""
    assert join_path(f"{_HOME}/base", path) == f"{_HOME}/base{url}"


@pytest.mark.parametrize(
    "path",
    [
        "", "x", "audio.wav", "https://evil.example/x", "HTTPS://evil.example", "//evil.example/x",
        "///evil.example", "@evil.example/",
        ".evil.example", ":80/x", "\\\\evil.example\\x", "/\\evil.example", "/a\\b", "file:///etc/passwd",
        "javascript:alert(1)", "?x=1",
        "/..", "/../x", "/a/../../x", "/a/..", "/./a", "/a/.", "/%2e%2e/x", "/%2E%2e/x", "/.%2e/x", "/a/%2e/b",
        "/a%2f..%2fb", "/..%5cx",
        "/%5c%5cevil", "/a#b", "/a?b#c", "/a\0", "/a%00", "/a\r\nX: y", "/a%0d%0aX:%20y", "/a?b=%0a", "/a\tb",
        "/a\x7f", "/%c2%85",
        "/\ud800", "/a?b=\udfff",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_stream_path_that_leads_elsewhere(path: str) -> None:
    """A path that names another place, climbs, or holds controls, escaped or not, is refused (fault 38)."""
    with pytest.raises(UnsafeURLError) as caught:
        join_path(_HOME, path)
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()


_PIECES = [
    "/",
    "\\",
    "..",
    ".",
    "%2e",
    "%2f",
    "%5c",
    "@",
    ":",
    "?",
    "#",
    "evil.example",
    "http:",
    "%",
    "%0a",
    "\n",
    "ä",
    " ",
    "\ud800",
]


@given(
    st.lists(st.sampled_from(_PIECES), max_size=8).map("".join)
    | st.text(st.characters(), max_size=12).map("/{}".format)
)
def test_no_stream_path_leaves_the_server(path: str) -> None:
    """Whatever the server says, what is requested lies below its own address, without dot segments, in ASCII."""
    try:
        url = join_path(f"{_HOME}/base", path)
    except UnsafeURLError:
        return
    assert Origin.of(url) == Origin.of(_HOME)
    assert url.startswith(f"{_HOME}/base/")
    assert url.isascii()
    assert not {".", ".."} & set(
        urlsplit(url).path.lower().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/").split("/")
    )


@pytest.mark.parametrize(
    ("current", "location", "target"),
    [
        (f"{_HOME}/a/b", "/c", f"{_HOME}/c"),
        (f"{_HOME}/a/b", "c?d=1", f"{_HOME}/a/c?d=1"),
        (f"{_HOME}/a/b", f"{_HOME.upper()}:443/c", f"{_HOME.upper()}:443/c".replace("HTTPS", "https")),
        (f"{_HOME}/a", "https://cdn.example/x?sig=1", "https://cdn.example/x?sig=1"),
        (f"{_HOME}/a", "//cdn.example/x", "https://cdn.example/x"),
        ("https://cdn.example/x", f"{_HOME}/a", f"{_HOME}/a"),
    ],
)
def test_redirects_that_are_followed(current: str, location: str, target: str) -> None:
    """A redirect to the server itself or to an origin that the user allows leads where it says."""
    assert redirect_target(current, location, home=Origin.of(_HOME), allowed={_CDN}) == target


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/", "https://music.example.evil.example/", "https://evil.example/music.example",
        "https://music.example:8443/",
        "http://music.example/", "http://music.example:443/", "http://cdn.example/x", "https://cdn.example:444/",
        "https://sub.cdn.example/",
        "file:///etc/passwd", "ftp://music.example/x", "javascript:alert(1)", "data:text/html,x",
        "gopher://music.example/",
        "https://user:canary@music.example/", "https://music.example@evil.example/",
        "https://music.example\\@evil.example/",
        "http://169.254.169.254/latest/meta-data", "https://169.254.169.254/", "https://[::1]/",
        "https://127.0.0.1/", "https://localhost/",
        "//evil.example/x", "https://[bad/", "https://music.example:bad/", "//[bad/",
        "//user:canary@music.example/", "\\\\evil.example",
        "/a\r\nX: y", "/\0", "https://evil.example/?token=canary",
    ],
    ids=ascii,
)  # fmt: skip
def test_redirects_that_are_not_followed(location: str) -> None:
    """Another origin, another scheme, a user name, or nonsense is refused (faults 36 and 37)."""
    with pytest.raises(UnsafeURLError) as caught:
        redirect_target(f"{_HOME}/a", location, home=Origin.of(_HOME), allowed={_CDN})
    assert "canary" not in str(caught.value)
    assert str(caught.value).isprintable()


@given(
    st.lists(st.sampled_from([*_PIECES, "https:", "//", "music.example", "cdn.example", "\t"]), max_size=8).map("".join)
)
def test_no_redirect_leads_to_a_stranger(location: str) -> None:
    """Whatever the server says, what is requested next is of its own origin or of an allowed one."""
    try:
        target = redirect_target(f"{_HOME}/a", location, home=Origin.of(_HOME), allowed={_CDN})
    except UnsafeURLError:
        return
    assert Origin.of(target) in {Origin.of(_HOME), _CDN}


def test_never_from_https_to_http() -> None:
    """Not even an allowed origin is followed from an encrypted connection to an open one; between open ones it is."""
    home, cdn = Origin("http", "music.example", 80), Origin("http", "cdn.example", 80)
    assert redirect_target("http://music.example/a", "http://cdn.example/x", home=home, allowed={cdn})
    with pytest.raises(UnsafeURLError, match="not encrypted"):
        redirect_target("https://cdn.example/a", "http://music.example/x", home=home, allowed={cdn})
