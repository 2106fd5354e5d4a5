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
_MAY_BE_ZERO = {"headroom_bytes", "retry_after_max_s", "retry_after_total_s"}


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
    """Zero is refused but for head-room and patience, where it means none."""
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
