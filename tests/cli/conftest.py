"""The command, and servers to call it on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.build import make_world, plain_world
from harness.process import ServerHandle, running_server
from harness.world import World
from tests.cli.command import Command

TRACK_BYTES = 64 * 1024


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Six tracks of 64 KiB."""
    return plain_world(tmp_path_factory.mktemp("plain"), [TRACK_BYTES] * 6)


@pytest.fixture
def server(plain: World) -> Iterator[ServerHandle]:
    """A server of them, of this test alone."""
    with running_server(plain) as handle:
        yield handle


@pytest.fixture(scope="session")
def mixed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerHandle]:
    """The harness's own world: every format, one track gone, one behind a login page. No test sets faults in it."""
    with running_server(make_world(folder=tmp_path_factory.mktemp("mixed"))) as handle:
        yield handle


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """The command in a folder and with a cache of this test alone, without any server."""
    return Command(tmp_path)
