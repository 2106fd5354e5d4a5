"""Row 49 of the fault table: a playlist of 50,000 entries, from the server's pages to the papers of the export."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from chadsdk import ChadMusicAPIClient, MixExporter
from chadsdk.export import Manifest
from harness.process import running_server
from harness.world import World, WorldPlaylist
from tests.export.rig import quick_settings

ENTRIES = 50_000


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_row_49_fifty_thousand_entries_are_six_downloads(small_world: World, tmp_path: Path) -> None:
    """Three pages of 50,000 entries of six tracks: six GETs, six files, and each entry in the manifest in its place."""
    ids = tuple(track.id for track in small_world.tracks)
    wanted = tuple(ids[number % len(ids)] for number in range(ENTRIES))
    world = replace(small_world, playlists=(WorldPlaylist("long", "Long", wanted),), page_size=20_000)
    settings = quick_settings(tmp_path / "cache")
    with (
        running_server(world) as server,
        ChadMusicAPIClient(server.url, token=server.token, settings=settings) as client,
        MixExporter(client, settings=settings) as exporter,
    ):
        result = exporter.export(client.playlist("long"), tmp_path / "to")
        assert Counter(get.path for get in server.audio_gets()) == dict.fromkeys(
            (track.stream_path for track in world.tracks), 1
        )
        assert len(server.ledger()) == 3 + len(ids)
    entries = Manifest.load(result.folder).entries
    assert [entry.position for entry in entries] == list(range(1, ENTRIES + 1))
    assert {entry.status for entry in entries} == {"exported"}
    titles = {track.id: track.listing["title"] for track in world.tracks if isinstance(track.listing, dict)}
    assert [entry.title for entry in entries] == [titles[track_id] for track_id in wanted]
    assert {entry.file for entry in entries} == {f"Audio/{path.name}" for path in (result.folder / "Audio").iterdir()}
    assert len({entry.file for entry in entries}) == len(ids)
