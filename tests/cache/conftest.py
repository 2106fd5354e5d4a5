"""A shelf without a server, and exporters on the server of six small tracks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from chadsdk import ChadMusicAPIClient, MixExporter
from harness.process import ServerHandle
from tests.cache.shelf import Shelf
from tests.export.rig import quick_settings

OpenExporter = Callable[..., tuple[MixExporter, ChadMusicAPIClient]]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """An empty one."""
    return Shelf.made(tmp_path / "cache")


@pytest.fixture
def open_exporter(server: ServerHandle, tmp_path: Path) -> Iterator[OpenExporter]:
    """Open an exporter and its client on the cache of this test; keyword arguments change its settings."""
    with ExitStack() as stack:

        def open_one(**changes: Any) -> tuple[MixExporter, ChadMusicAPIClient]:
            settings = quick_settings(tmp_path / "cache", **changes)
            client = stack.enter_context(ChadMusicAPIClient(server.url, token=server.token, settings=settings))
            return stack.enter_context(MixExporter(client, settings=settings)), client

        yield open_one
