"""How much an export takes of a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from chadsdk import ChadMusicAPIClient, MixExporter, Settings
from harness.process import ServerHandle
from tests.export.rig import check_export


@pytest.mark.parametrize("bound", [1, 2])
def test_look_up_and_downloads_together_stay_within_the_bound(
    server: ServerHandle, tmp_path: Path, to: Path, bound: int
) -> None:
    """From the playlist to the last byte the server never sees more connections than ``max_concurrent_downloads``."""
    settings = Settings(cache_dir=tmp_path / "cache", max_concurrent_downloads=bound)
    server.forget_peaks()
    with (
        ChadMusicAPIClient(server.url, token=server.token, settings=settings) as client,
        MixExporter(client, settings=settings) as exporter,
    ):
        check_export(exporter.export(client.playlist("plain"), to).folder)
    assert server.traffic().peak_connections <= bound
