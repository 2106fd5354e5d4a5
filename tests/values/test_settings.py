"""Tests of `Settings` and `CloudSource`."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path
from typing import Any

import pytest

from chadsdk.errors import ConfigurationError
from chadsdk.settings import Settings, default_cache_dir
from chadsdk.source import CloudSource

_PLAIN = Settings(cache_dir=Path("/cache"))
_NUMBERS = [each.name for each in fields(Settings) if isinstance(getattr(_PLAIN, each.name), int | float)]
_MAY_BE_ZERO = {"headroom_bytes", "min_bytes_per_s", "retry_after_max_s", "retry_after_total_s"}


def _changed(name: str, value: Any) -> Settings:
    return replace(_PLAIN, **{name: value})


@pytest.mark.parametrize("name", _NUMBERS)
@pytest.mark.parametrize("value", [-1, math.nan, math.inf, -math.inf])
def test_numbers_that_make_no_sense_are_refused(name: str, value: float) -> None:
    """Each number is checked: a negative, infinite or undefined one is refused, with its name."""
    with pytest.raises(ConfigurationError, match=name):
        _changed(name, value)


@pytest.mark.parametrize("name", _NUMBERS)
def test_zero(name: str) -> None:
    """Zero is refused but for head-room, patience and the least speed, where it means none."""
    if name in _MAY_BE_ZERO:
        assert getattr(_changed(name, 0), name) == 0
    else:
        with pytest.raises(ConfigurationError, match=name):
            _changed(name, 0)


def test_the_cache_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``CHADSDK_CACHE_DIR`` is read when settings are made, not at import."""
    monkeypatch.setenv("CHADSDK_CACHE_DIR", str(tmp_path))
    assert Settings().cache_dir == tmp_path


def test_the_cache_folder_without_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, or when it is empty, the cache lies in the user's cache of MixBoard."""
    monkeypatch.setenv("CHADSDK_CACHE_DIR", "")
    assert default_cache_dir().parts[-2:] == ("MixBoard", "CloudTracks")


def test_a_home_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder in the home of nobody is a clear refusal."""
    monkeypatch.setenv("CHADSDK_CACHE_DIR", "~no-such-user-here/cache")
    with pytest.raises(ConfigurationError, match="CHADSDK_CACHE_DIR"):
        Settings()


def test_settings_are_frozen() -> None:
    """A setting cannot change under a running export."""
    with pytest.raises(FrozenInstanceError):
        _PLAIN.attempts = 1  # type: ignore[misc]


def test_sources_that_are_one_file_have_one_identity() -> None:
    """Server and id make the identity; expectations and titles do not."""
    first = CloudSource("s", "t-1", "/a", size_bytes=1, sha256="AB" * 32, title="x")
    assert first.identity == CloudSource("s", "t-1", "/b").identity != CloudSource("z", "t-1", "/a").identity


def test_digests_are_lower_case() -> None:
    """A digest compares equal however the server spells it."""
    assert CloudSource("s", "t", "/a", sha256="AB" * 32) == CloudSource("s", "t", "/a", sha256="ab" * 32)


_WHOLE = [name for name in _NUMBERS if isinstance(getattr(_PLAIN, name), int)]


@pytest.mark.parametrize("name", _NUMBERS)
@pytest.mark.parametrize("value", [True, "4", None, [4], 4j])
def test_what_is_no_number_is_refused(name: str, value: object) -> None:
    """A number is a number, not a text or a truth value that could be taken for one; the error names the field."""
    with pytest.raises(ConfigurationError, match=name):
        _changed(name, value)


@pytest.mark.parametrize("name", _WHOLE)
@pytest.mark.parametrize("value", [1.5, 4.0])
def test_counts_are_whole(name: str, value: float) -> None:
    """What counts something is a whole number."""
    with pytest.raises(ConfigurationError, match=name):
        _changed(name, value)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2M", math.inf, math.nan])
def test_a_cap_that_is_none_is_refused(value: object) -> None:
    """A cap on the speed is a whole number above 0, or None; the error names the field."""
    with pytest.raises(ConfigurationError, match="max_bytes_per_s"):
        _changed("max_bytes_per_s", value)


@pytest.mark.parametrize("value", [None, 1, 10**12])
def test_a_cap_may_be_left_out(value: int | None) -> None:
    """None is no cap."""
    assert _changed("max_bytes_per_s", value).max_bytes_per_s == value


def test_seconds_may_be_whole() -> None:
    """A length of time may be given as a whole number."""
    assert _changed("read_timeout_s", 3).read_timeout_s == 3


@pytest.mark.parametrize(
    "origin",
    [
        "cdn.example",
        "cdn.example:443",
        "//cdn.example",
        "https://",
        "https:cdn.example",
        "ftp://cdn.example",
        "https://cdn.example/audio",
        "https://cdn.example?x",
        "https://cdn.example#x",
        "https://cdn.example:port",
        "https://cdn.example:99999",
        "https://cdn.example:0",
        "https://[cdn.example",
        "https://*.cdn.example",
        "https://.cdn.example",
        "https://cdn%2eexample",
        "https://[::1]x",
        "https://[v1.a]",
        "http\u017f://cdn.example",
        "https://\u212a.example",
        "https://bücher.example",
        "https://cdn.exa mple",
        "https://cdn.example\n",
        "",
        None,
        7,
        b"https://cdn.example",
    ],
    ids=ascii,
)
def test_what_is_no_origin_is_refused(origin: object) -> None:
    """Each other origin is scheme, host and perhaps a port; the error names the place in the setting."""
    with pytest.raises(ConfigurationError, match=r"cdn_origins\[1\]"):
        _changed("cdn_origins", ("https://cdn.example", origin))


@pytest.mark.parametrize("origins", ["https://cdn.example", b"https://cdn.example", None, 7, {"https://a": 1}])
def test_origins_are_a_list(origins: object) -> None:
    """One address for the whole list is refused: each of its letters would count as an origin."""
    with pytest.raises(ConfigurationError, match="cdn_origins must be a tuple"):
        _changed("cdn_origins", origins)


def test_a_password_in_an_origin_is_not_shown() -> None:
    """An origin with a user name is refused, and the error does not hold it."""
    with pytest.raises(ConfigurationError, match="cdn_origins") as caught:
        _changed("cdn_origins", ("https://me:canary@cdn.example",))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("origin", ["https://cdn.example", "http://127.0.0.1:8080/", "https://[::1]:1", "HTTPS://Cdn"])
def test_origins_are_taken_as_they_are(origin: str) -> None:
    """What is an origin is kept, also out of a list, which cannot change the setting afterwards."""
    assert _changed("cdn_origins", [origin]).cdn_origins == (origin,)


def test_a_home_in_the_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A tilde means the same in the argument as in the environment variable."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("CHADSDK_CACHE_DIR", "~/cache")
    assert Settings().cache_dir == Settings(cache_dir=Path("~/cache")).cache_dir == tmp_path / "cache"


@pytest.mark.parametrize("folder", ["~no-such-user-here/cache", None, 5, b"/cache"])
def test_a_cache_folder_that_cannot_be(folder: object) -> None:
    """What is no path, or lies in the home of nobody, is refused with the name of the field."""
    with pytest.raises(ConfigurationError, match="cache_dir"):
        _changed("cache_dir", folder)
