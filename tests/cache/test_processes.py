"""Pruning beside other processes, and dying in the middle of it."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from chadsdk import CachePolicy, Phase
from chadsdk.cache import CacheLayout
from chadsdk.cache.pruning import prune
from harness.process import ServerHandle
from harness.recording import sha256_of
from harness.world import World
from tests.cache.children import child
from tests.cache.conftest import OpenExporter
from tests.cache.shelf import HOUR_S
from tests.export.rig import check_export, when

pytestmark = pytest.mark.slow


def _digests(world: World) -> list[str]:
    return [track.recording.sha256 for track in world.tracks if track.recording]


def _grow_old(cache: Path) -> None:
    """As if everything had been used an hour ago: by an export that takes so long."""
    for record in cache.glob("*/.records/*.json"):
        then = record.stat().st_mtime - HOUR_S
        os.utime(record, (then, then))


def test_what_an_export_loses_to_a_pruner_is_fetched_again(
    server: ServerHandle, open_exporter: OpenExporter, small_world: World, tmp_path: Path
) -> None:
    """Everything is downloaded and nothing copied yet when the cache is pruned to nothing: the export is whole."""
    exporter, client = open_exporter()

    def lose(_: object) -> None:
        _grow_old(tmp_path / "cache")
        assert len(prune(tmp_path / "cache", CachePolicy(max_bytes=0)).evictions) == 6

    result = exporter.export(client.playlist("plain"), tmp_path / "out", progress=when(Phase.EXPORT, lose))
    assert [entry["sha256"] for entry in check_export(result.folder)["entries"]] == _digests(small_world)
    assert len(server.audio_gets()) == 12


def test_three_exports_beside_a_process_that_prunes_without_end(
    server: ServerHandle, small_world: World, tmp_path: Path
) -> None:
    """Each cached file may vanish at any moment of any export: every export is complete, with the right bytes."""
    cache = tmp_path / "cache"
    config = {"url": server.url, "token": server.token, "cache": str(cache)}
    removed = 0
    with child("export", **config, to=str(tmp_path / "first")) as first:
        first.go()
        assert first.outcome() == {"exported": 6, "missing": 0}
    for number in range(3):
        with ExitStack() as stack:
            folders = [tmp_path / f"out-{number}-{each}" for each in range(3)]
            exports = [stack.enter_context(child("export", **config, to=str(folder))) for folder in folders]
            pruner = stack.enter_context(child("prune-without-end", cache=str(cache)))
            for each in exports:
                each.go()
            assert [each.outcome() for each in exports] == [{"exported": 6, "missing": 0}] * 3
            pruner.go()
            removed += pruner.outcome()["removed"]
        for folder in folders:
            assert [entry["sha256"] for entry in check_export(folder / "Plain")["entries"]] == _digests(small_world)
    assert removed > 0


@pytest.mark.parametrize("at", range(4))
def test_killed_while_pruning(
    server: ServerHandle, open_exporter: OpenExporter, small_world: World, tmp_path: Path, at: int
) -> None:
    """Killed (-9) before each removal of the first two tracks: at most one file has no record, no record no file.

    The next export is whole; a file whose record is lost is hashed instead of fetched again.
    """
    exporter, client = open_exporter()
    exporter.export(client.playlist("plain"), tmp_path / "first")
    cache = tmp_path / "cache"
    _grow_old(cache)
    with child("prune-and-die", cache=str(cache), at=at) as pruner:
        pruner.go()
        pruner.process.communicate()
        assert pruner.process.returncode == -signal.SIGKILL
    layout = CacheLayout.of(cache, client.key)
    files, records = ({path.stem for path in folder.glob("*.*")} for folder in (layout.folder, layout.records))
    files = {name for name in files if not name.startswith(".")}
    assert records <= files
    assert (len(files), len(files - records)) == (6 - at // 2, at % 2)
    assert all(sha256_of(path) in _digests(small_world) for path in layout.folder.glob("*.wav"))
    server.clear_ledger()
    result = exporter.export(client.playlist("plain"), tmp_path / "second")
    assert check_export(result.folder)["summary"]["exported"] == 6
    assert len(server.audio_gets()) == at // 2
    assert len(list(layout.records.iterdir())) == 6
