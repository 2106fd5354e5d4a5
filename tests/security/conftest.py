"""Servers that the tests of a module share, and what the folders for downloads and exports have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.process import ServerHandle, running_server
from harness.world import World
from tests.download.conftest import plain
from tests.export.conftest import client, exporter, offline, playlist, settings, to
from tests.security.planting import Victim

__all__ = ["client", "exporter", "offline", "plain", "playlist", "settings", "shared", "to", "victim"]


@pytest.fixture(scope="module")
def shared(plain: World) -> Iterator[ServerHandle]:
    """One server of eight tracks for a whole module; see `tests.download.rows.rig_on`."""
    with running_server(plain) as handle:
        yield handle


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Victim]:
    """Files of the user's own, looked at again when the test is over."""
    found = Victim(tmp_path / "own")
    yield found
    found.assert_untouched()
