"""Servers that tests of the harness share; each test takes tracks of its own, so that scripts do not mix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.build import make_world, plain_world
from harness.process import ServerHandle, running_server
from harness.world import World, WorldTrack

TRACK_BYTES = 100_000


@pytest.fixture(scope="session")
def mixed_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The default world, with three tracks of the user's own."""
    return make_world(folder=tmp_path_factory.mktemp("mixed"), local=3)


@pytest.fixture(scope="session")
def plain_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerHandle]:
    """A server of 100 tracks of 100,000 bytes."""
    with running_server(plain_world(tmp_path_factory.mktemp("plain"), [TRACK_BYTES] * 100)) as server:
        yield server


@pytest.fixture(scope="session")
def _fresh_tracks(plain_server: ServerHandle) -> Iterator[WorldTrack]:
    return iter(plain_server.world.tracks)


@pytest.fixture
def track(_fresh_tracks: Iterator[WorldTrack]) -> WorldTrack:
    """A track of the plain server that no other test asks for."""
    return next(_fresh_tracks)


@pytest.fixture
def content(track: WorldTrack) -> bytes:
    """The bytes of `track` as they lie on disk."""
    assert track.recording is not None
    return track.recording.file.read_bytes()


@pytest.fixture
def lone_server(tmp_path: Path) -> Iterator[ServerHandle]:
    """A server of three small tracks that a test has for itself."""
    with running_server(plain_world(tmp_path / "world", [2_000, 3_000, 4_000], page_size=2)) as server:
        yield server
