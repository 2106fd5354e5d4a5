"""Rigs for the tests of this folder. Every rig is held against promise 2 when its test is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService
from harness.build import make_world, plain_world
from harness.process import running_server
from harness.world import World
from tests.download.support import Rig, chadsdk_threads, quick

TRACK_BYTES = 400_000

OpenRig = Callable[..., Rig]


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Eight tracks of 400,000 bytes, ``t-1`` to ``t-8``."""
    return plain_world(tmp_path_factory.mktemp("plain"), [TRACK_BYTES] * 8, page_size=3)


@pytest.fixture(scope="session")
def thirty(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Thirty tracks of 20,000 bytes, on pages of seven."""
    return plain_world(tmp_path_factory.mktemp("thirty"), [20_000] * 30, page_size=7)


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Real audio of every format, with one track that is gone and one behind a login page."""
    return make_world(folder=tmp_path_factory.mktemp("mixed"), tracks=16)


@pytest.fixture
def open_rig(tmp_path: Path) -> Iterator[OpenRig]:
    """Open a rig for a world; keyword arguments change its settings.

    At the end of the test no thread of the SDK may run and nothing but whole tracks may have a final name.
    """
    rigs: list[Rig] = []
    with ExitStack() as stack:

        def open_one(world: World, *, cache: Path | None = None, refresh: bool = False, **changes: Any) -> Rig:
            server = stack.enter_context(running_server(world))
            settings = quick(cache or tmp_path / "cache", **changes)
            refresh_token = server.refresh_token if refresh else None
            client = ChadMusicAPIClient(server.url, token=server.token, refresh_token=refresh_token, settings=settings)
            stack.enter_context(client)
            service = stack.enter_context(DownloadService(client, settings=settings))
            rigs.append(Rig(server, client, service))
            return rigs[-1]

        yield open_one
    assert chadsdk_threads() == []
    for rig in rigs:
        rig.assert_whole()


@pytest.fixture
def rig(open_rig: OpenRig, plain: World) -> Rig:
    """A rig for the plain world."""
    return open_rig(plain)
