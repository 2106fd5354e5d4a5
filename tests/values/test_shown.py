"""Tests of what of an address may be shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chadsdk.address import shown

_SECRET = st.text(st.characters(codec="ascii", min_codepoint=33, exclude_characters="/\\@"), max_size=8).map(
    "canary{}canary".format
)
_HOSTS = st.sampled_from(["music.example", "music.example:8080", "[::1]", "music.example:bad", ""])
_PATHS = st.sampled_from(["", "/", "/tracks/1", "/a@b/c", "//x"])


@given(
    st.sampled_from(["https://", "http:/", "ftp://", "//", "", "HTTP://"]), _SECRET, _HOSTS, _PATHS, _SECRET, _SECRET
)
def test_what_is_shown_holds_no_secret(scheme: str, user: str, host: str, path: str, query: str, fragment: str) -> None:
    """Neither user name and password, however odd, nor query nor fragment of an address is ever shown."""
    for url in (
        f"{scheme}{user}:{query}@{host}{path}",
        f"{scheme}{user}@{host}{path}?{query}#{fragment}",
        f"{scheme}{host}{path}?{query}",
        f"{scheme}{host}{path}#{fragment}",
    ):
        assert "canary" not in shown(url)


def test_what_is_shown_is_enough() -> None:
    """What is shown says where: scheme, host, port and path."""
    assert shown("https://u:p@music.example:8080/a/b?c#d") == "https://music.example:8080/a/b"
    assert shown("/tracks/me@home.wav?sig=1") == "/tracks/me@home.wav"


@given(st.text(st.characters()))
def test_what_is_shown_is_short_and_printable(url: str) -> None:
    """A server cannot flood a message, nor send commands to a terminal through it."""
    assert len(shown(url)) <= 201
    assert shown(url).isprintable()
