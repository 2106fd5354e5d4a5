"""Tests of which certificates a session trusts."""

from __future__ import annotations

from pathlib import Path

import pytest
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from chadsdk.errors import ConfigurationError
from chadsdk.session import build_session
from chadsdk.settings import Settings

_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)


def _verify(bundle: Path | None) -> object:
    return build_session(Settings(cache_dir=Path("/cache"), ca_bundle=bundle), connections=1).verify


@pytest.mark.parametrize("name", ["gone.pem", "a\0b"], ids=ascii)
def test_a_bundle_that_is_not_there(tmp_path: Path, name: str) -> None:
    """A bundle of the settings that does not exist is refused before anything is sent, with its path."""
    with pytest.raises(ConfigurationError, match="ca_bundle") as caught:
        _verify(tmp_path / name)
    assert ascii(str(tmp_path / name)).strip("'") in str(caught.value)


@pytest.mark.parametrize("variable", _VARIABLES)
def test_a_bundle_of_the_environment_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A bundle of the environment that does not exist is refused with its path and the variable's name."""
    monkeypatch.setenv(variable, str(tmp_path / "gone.pem"))
    with pytest.raises(ConfigurationError, match=variable) as caught:
        _verify(None)
    assert str(tmp_path / "gone.pem") in str(caught.value)


def test_the_settings_win_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundle of the settings is taken, then the environment's, a folder too; else requests' own."""
    bundle = tmp_path / "mine.pem"
    bundle.touch()
    assert _verify(None) == DEFAULT_CA_BUNDLE_PATH
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tmp_path))
    assert _verify(None) == str(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle")
    assert _verify(bundle) == str(bundle)
