"""The policy applied without being asked: after exports and batches, never to what is still needed."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from chadsdk import CachePolicy, ExportCancelled, Fetched, Phase
from chadsdk.cache import CacheLayout
from chadsdk.cancel import CancelToken
from chadsdk.download import DownloadService
from harness.process import ServerHandle
from harness.recording import sha256_of
from tests.cache.conftest import OpenExporter
from tests.cache.shelf import HOUR_S, Shelf
from tests.download.support import child, source_of
from tests.export.rig import SMALL_BYTES, check_export, leftovers, quick_settings, when


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """The cache of the exporters of this folder."""
    return tmp_path / "cache"


def _tracks(cache: Path) -> list[str]:
    return sorted(path.stem for path in cache.glob("*/*.wav"))


def _grow_old(cache: Path, track_id: str) -> None:
    [record] = cache.glob(f"*/.records/{track_id}.json")
    then = record.stat().st_mtime - HOUR_S
    os.utime(record, (then, then))


def test_by_default_everything_is_kept(open_exporter: OpenExporter, cache: Path, tmp_path: Path) -> None:
    """However old it is."""
    Shelf.made(cache, "other.example").put("old", used_s_ago=5_000 * HOUR_S)
    exporter, client = open_exporter()
    exporter.export(client.playlist("plain"), tmp_path / "out")
    assert len(_tracks(cache)) == 7


def test_an_export_is_a_use_and_a_plan_is_none(open_exporter: OpenExporter, cache: Path, tmp_path: Path) -> None:
    """Of tracks that were in the cache before, too; under every policy, so that a later one knows."""
    exporter, client = open_exporter()
    playlist = client.playlist("plain")
    exporter.export(playlist, tmp_path / "first")
    for number in range(1, 7):
        _grow_old(cache, f"t-{number}")

    def ledger() -> dict[str, int]:
        return {path.stem: path.stat().st_mtime_ns for path in cache.glob("*/.records/*.json")}

    before = ledger()
    exporter.plan(playlist, tmp_path / "second")
    assert ledger() == before
    exporter.export(playlist, tmp_path / "second")
    assert all(after > before[name] for name, after in ledger().items())


def test_after_an_export_the_least_recently_used_go(open_exporter: OpenExporter, cache: Path, tmp_path: Path) -> None:
    """Over all servers; the export itself fits and stays."""
    Shelf.made(cache, "other.example").put("old", used_s_ago=HOUR_S)
    exporter, client = open_exporter(cache_policy=CachePolicy(max_bytes=6 * SMALL_BYTES))
    exporter.export(client.playlist("plain"), tmp_path / "out")
    assert _tracks(cache) == [f"t-{number}" for number in range(1, 7)]


def test_an_export_that_is_larger_than_the_limit(
    server: ServerHandle, open_exporter: OpenExporter, cache: Path, tmp_path: Path
) -> None:
    """It is whole and each track was fetched once; only then the limit holds, for its own tracks too."""
    exporter, client = open_exporter(cache_policy=CachePolicy(max_bytes=2 * SMALL_BYTES))
    result = exporter.export(client.playlist("plain"), tmp_path / "out")
    assert check_export(result.folder)["summary"]["exported"] == 6
    assert len(server.audio_gets()) == 6
    assert len(_tracks(cache)) == 2


def test_a_file_that_is_fetched_again_in_mid_export_does_not_cost_the_others(
    server: ServerHandle, open_exporter: OpenExporter, cache: Path, tmp_path: Path
) -> None:
    """The policy waits for the end of the export."""
    exporter, client = open_exporter(cache_policy=CachePolicy(max_bytes=0))

    def lose(_: object) -> None:
        next(cache.glob("*/t-1.wav")).unlink()

    exporter.export(client.playlist("plain"), tmp_path / "out", progress=when(Phase.EXPORT, lose))
    assert len(server.audio_gets()) == 7
    assert _tracks(cache) == []


def test_after_export_removes_what_was_exported_and_nothing_else(
    open_exporter: OpenExporter, cache: Path, tmp_path: Path
) -> None:
    """Downloaded now or before; what another export left there stays."""
    Shelf.made(cache, "other.example").put("theirs", used_s_ago=HOUR_S)
    before, client = open_exporter()
    before.export(client.playlist("plain"), tmp_path / "first")
    next(cache.glob("*/t-1.wav")).unlink()
    exporter, client = open_exporter(cache_policy=CachePolicy(after_export=True))
    result = exporter.export(client.playlist("plain"), tmp_path / "second")
    assert check_export(result.folder)["summary"]["exported"] == 6
    assert _tracks(cache) == ["theirs"]


def test_after_export_leaves_what_another_process_holds(
    open_exporter: OpenExporter, cache: Path, tmp_path: Path
) -> None:
    """Its lock is busy, or it was used since."""
    exporter, client = open_exporter(cache_policy=CachePolicy(after_export=True))
    layout = CacheLayout.of(cache, client.key)

    def use(_: object) -> None:
        now = (layout.folder / "t-2.wav").stat().st_mtime + 5
        os.utime(layout.record("t-2"), (now, now))

    warm, _ = open_exporter()
    warm.export(client.playlist("plain"), tmp_path / "first")
    with child("hold", lock=str(layout.lock("t-1"))):
        exporter.export(client.playlist("plain"), tmp_path / "second", progress=when(Phase.EXPORT, use))
    assert _tracks(cache) == ["t-1", "t-2"]


def test_an_export_that_fails_or_is_cancelled_removes_nothing(
    open_exporter: OpenExporter, cache: Path, tmp_path: Path
) -> None:
    """What was downloaded is kept for the next time."""
    exporter, client = open_exporter(cache_policy=CachePolicy(max_bytes=0, max_age_s=0, after_export=True))
    token = CancelToken()
    cancel = when(Phase.EXPORT, lambda _: token.cancel())
    with pytest.raises(ExportCancelled):
        exporter.export(client.playlist("plain"), tmp_path / "out", progress=cancel, cancel=token)
    assert leftovers(tmp_path / "out") == []
    assert len(_tracks(cache)) == 6


def test_a_cache_that_cannot_be_thinned_out_is_a_warning(
    open_exporter: OpenExporter,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The export is made and whole all the same."""
    exporter, client = open_exporter(cache_policy=CachePolicy(after_export=True))
    unlink = os.unlink

    def refuse(path: Path, **options: object) -> None:
        if Path(path).suffix == ".wav":
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "unlink", refuse)
    with caplog.at_level(logging.WARNING, "chadsdk"):
        result = exporter.export(client.playlist("plain"), tmp_path / "out")
    assert check_export(result.folder)["summary"]["exported"] == 6
    assert [str(cache) in message for message in caplog.messages] == [True]


def test_retry_applies_the_policy_too(open_exporter: OpenExporter, cache: Path, tmp_path: Path) -> None:
    """It is an export of what was missing."""
    exporter, client = open_exporter(cache_policy=CachePolicy(max_bytes=6 * SMALL_BYTES))
    folder = exporter.export(client.playlist("plain"), tmp_path / "out").folder
    Shelf.made(cache, "other.example").put("old", used_s_ago=HOUR_S)
    exporter.retry(folder)
    assert "old" not in _tracks(cache)


def test_a_batch_keeps_its_own_tracks(server: ServerHandle, open_exporter: OpenExporter, cache: Path) -> None:
    """Whatever the limit, its files are there for the caller; the least recently used of before go."""
    Shelf.made(cache, "other.example").put("old", used_s_ago=HOUR_S)
    _, client = open_exporter()
    settings = quick_settings(cache, cache_policy=CachePolicy(max_bytes=0, after_export=True))
    sources = [source_of(track) for track in server.world.tracks]
    with DownloadService(client, settings=settings) as service:
        outcomes = service.download_all(sources[:2])
        assert all(isinstance(each, Fetched) and each.path.exists() for each in outcomes.values())
        assert _tracks(cache) == ["t-1", "t-2"]
        for track_id in ("t-1", "t-2"):
            _grow_old(cache, track_id)
        assert sha256_of(service.download(sources[2])) == sources[2].sha256
    assert _tracks(cache) == ["t-3"]


def test_a_batch_spares_what_an_export_of_this_process_needs(
    server: ServerHandle, open_exporter: OpenExporter, cache: Path
) -> None:
    """Also when the export is slow and its tracks were last used an hour ago."""
    _, client = open_exporter()
    settings = quick_settings(cache, cache_policy=CachePolicy(max_bytes=0))
    one, two, three = [source_of(track) for track in server.world.tracks[:3]]
    with DownloadService(client, settings=settings) as service:
        with service.exporting([one], cancel=CancelToken()):
            service.download_all([one, two])
            for track_id in ("t-1", "t-2"):
                _grow_old(cache, track_id)
            service.download(three)
            assert _tracks(cache) == ["t-1", "t-3"]
        assert _tracks(cache) == ["t-3"]


def test_a_batch_leaves_the_cache_to_the_export_that_it_is_part_of(
    server: ServerHandle, open_exporter: OpenExporter, cache: Path
) -> None:
    """So that an export which fetches many lost tracks again does not look through the cache after each."""
    Shelf.made(cache, "other.example").put("old", used_s_ago=HOUR_S)
    _, client = open_exporter()
    settings = quick_settings(cache, cache_policy=CachePolicy(max_bytes=0))
    one, two = [source_of(track) for track in server.world.tracks[:2]]
    with DownloadService(client, settings=settings) as service, service.exporting([one, two], cancel=CancelToken()):
        service.download_all([one])
        assert _tracks(cache) == ["old", "t-1"]
    assert _tracks(cache) == []
