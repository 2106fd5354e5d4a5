"""An exporter on the server of six small tracks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chadsdk import ChadMusicAPIClient, MixExporter, Playlist, Settings
from harness.process import ServerHandle
from tests.export.rig import quick_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Quick settings on a cache of this test alone."""
    return quick_settings(tmp_path / "cache")


@pytest.fixture
def client(server: ServerHandle, settings: Settings) -> Iterator[ChadMusicAPIClient]:
    """A client with good credentials."""
    with ChadMusicAPIClient(server.url, token=server.token, settings=settings) as client:
        yield client


@pytest.fixture
def exporter(client: ChadMusicAPIClient, settings: Settings) -> Iterator[MixExporter]:
    """An exporter on that client."""
    with MixExporter(client, settings=settings) as exporter:
        yield exporter


@pytest.fixture
def offline(settings: Settings) -> Iterator[MixExporter]:
    """An exporter without any server."""
    with MixExporter(settings=settings) as exporter:
        yield exporter


@pytest.fixture
def playlist(client: ChadMusicAPIClient) -> Playlist:
    """The server's playlist of its six tracks."""
    return client.playlist("plain")


@pytest.fixture
def to(tmp_path: Path) -> Path:
    """Where exports go; not made yet."""
    return tmp_path / "exports"
