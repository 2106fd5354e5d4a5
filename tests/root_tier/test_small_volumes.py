"""Volumes in memory of a fixed size: what does not fit is refused early where that can be known, else cleanly."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from chadsdk import ExportResult, Phase
from chadsdk.disk import volume_of
from chadsdk.errors import DiskFullError
from chadsdk.settings import MIB
from harness.process import ServerHandle
from tests.download.support import PATIENCE_S, Running
from tests.export.rig import check_export, when
from tests.root_tier.conftest import TRACKS, OpenVolume
from tests.root_tier.mounts import remount, use
from tests.root_tier.rig import TRACK_BYTES, Studio, opened

ALL_BYTES = TRACKS * TRACK_BYTES
MOST_INODES = 80


def fill(folder: Path, *, leave_bytes: int = 0) -> Path:
    """Have somebody else write a file until the volume is full but for so many bytes."""
    rival = folder / "rival.bin"
    with rival.open("wb", buffering=0) as stream, suppress(OSError):
        stream.truncate(0)
        for _ in range(max(0, volume_of(folder).free_bytes - leave_bytes) // 4096 + (leave_bytes == 0)):
            stream.write(b"\1" * 4096)
    return rival


def held_at_half(studio: Studio, ids: list[str], then: Callable[[], object]) -> BaseException | None:
    """Start an export; do that when these tracks have come half; what the export raised."""
    for track_id in ids:
        studio.server.set_faults(track_id, [{"gate": "half", "after": 0.5}])
    with Running(studio.export) as running:
        studio.server.wait_at_gate("half", len(ids))
        then()
        studio.server.open_gate("half")
    studio.server.shut_gate("half")
    return running.error


def test_row_50_a_cache_that_fills_in_mid_download(server: ServerHandle, volume: OpenVolume, tmp_path: Path) -> None:
    """Disk full, once and by name; nobody tries again or begins another; what was there stays; later all goes well."""
    small = volume("small", size_bytes=4 * MIB)
    with opened(server, cache=small / "cache", exports=tmp_path / "exports", max_concurrent_downloads=2) as studio:
        earlier = studio.export_earlier()
        error = held_at_half(studio, ["t-2", "t-3"], lambda: fill(small))
        assert isinstance(error, DiskFullError)
        assert error.volume == small
        assert error.needed_bytes is None  # found by writing, not by reckoning
        assert studio.asked_for() == ["t-2", "t-3"]
        assert studio.temporaries() == studio.partials() == []
        assert studio.kept() == ["t-1.wav"]
        assert not studio.final.exists()
        assert studio.broken(earlier=earlier) == []
        (small / "rival.bin").unlink()
        check_export(studio.export().folder)
        assert studio.unrepaired(earlier=earlier) == []


def test_row_53_sizes_that_nobody_tells(server: ServerHandle, volume: OpenVolume, tmp_path: Path) -> None:
    """Guessed too low, the tracks pass the look ahead; the volume that they fill is the same clear error."""
    small = volume("small", size_bytes=TRACK_BYTES * 2)
    ids = [track.id for track in server.world.tracks]
    settings = {"unknown_track_bytes": 1000, "max_concurrent_downloads": 1}
    with opened(server, cache=small / "cache", exports=tmp_path / "exports", unknown=ids, **settings) as studio:
        playlist = studio.knowing_nothing()
        report = studio.exporter.preflight(studio.exporter.plan(playlist, studio.exports))
        assert (report.guessed, report.guess_bytes) == (TRACKS, 1000)
        report.check()
        with pytest.raises(DiskFullError) as caught:
            studio.exporter.export(playlist, studio.exports)
        assert caught.value.volume == small
        assert len(studio.asked_for()) == 2
        assert studio.kept() == ["t-1.wav"]
        assert studio.temporaries() == []
        assert studio.broken() == []
        remount(small, f"size={ALL_BYTES * 2}")
        check_export(studio.export().folder)
        assert studio.unrepaired() == []


def test_row_53_one_volume_needs_the_sum(server: ServerHandle, volume: OpenVolume) -> None:
    """Room for the downloads and room for the copies, but not for both: refused before a byte is asked for."""
    small = volume("small", size_bytes=ALL_BYTES + MIB)
    with opened(server, cache=small / "cache", exports=small / "exports") as studio:
        with pytest.raises(DiskFullError) as caught:
            studio.export()
        assert caught.value.needed_bytes == 2 * ALL_BYTES
        assert studio.asked_for() == []
        assert not studio.exports.exists()


def test_row_53_two_volumes_need_one_each(server: ServerHandle, volume: OpenVolume) -> None:
    """The same room twice is enough, with a cache and an export folder that are not there yet."""
    cache, exports = (volume(name, size_bytes=ALL_BYTES + MIB) for name in ("one", "other"))
    with opened(server, cache=cache / "a/b/cache", exports=exports / "a/b/exports") as studio:
        check_export(studio.export().folder)
        assert studio.unrepaired() == []


def test_row_53_what_is_cached_needs_no_room_again(server: ServerHandle, volume: OpenVolume, tmp_path: Path) -> None:
    """A cache volume with no room for one track more takes the export of what is in it."""
    small = volume("small", size_bytes=ALL_BYTES + MIB)
    with opened(server, cache=small / "cache", exports=tmp_path / "exports") as studio:
        studio.export_earlier(TRACKS)
        fill(small)
        check_export(studio.export().folder)
        assert studio.asked_for() == []


def test_row_53_two_exports_that_each_fit(server: ServerHandle, volume: OpenVolume, tmp_path: Path) -> None:
    """Both pass the look ahead on a volume with room for one: who comes too late is told so, and nothing is half."""
    small = volume("small", size_bytes=ALL_BYTES + ALL_BYTES // 2)
    with (
        opened(server, cache=tmp_path / "cache", exports=small / "one") as one,
        opened(server, cache=tmp_path / "cache", exports=small / "other") as other,
    ):
        server.set_faults("t-1", [{"gate": "both", "before": "headers", "always": True}])
        begun = threading.Barrier(3)

        def export(studio: Studio) -> ExportResult:
            return studio.export(progress=when(Phase.DOWNLOAD, lambda _: begun.wait(PATIENCE_S)))

        with Running(partial(export, one)) as first, Running(partial(export, other)) as second:
            begun.wait(PATIENCE_S)
            server.open_gate("both")
        server.shut_gate("both")
        errors = [run.error for run in (first, second) if run.error is not None]
        assert errors
        assert {(type(error), getattr(error, "needed_bytes", 0)) for error in errors} == {(DiskFullError, None)}
        for studio in (one, other):
            assert studio.broken() == []
        assert not list(small.glob("*/*.partial-*"))


def test_row_54_a_volume_that_fills_in_mid_copy(server: ServerHandle, volume: OpenVolume, tmp_path: Path) -> None:
    """The export that was to be replaced stays as it is, of the new one nothing; with room again it is replaced."""
    small = volume("small", size_bytes=ALL_BYTES * 2)
    with opened(server, cache=tmp_path / "cache", exports=small / "exports") as studio:
        earlier = {**studio.export_earlier()}
        studio.exporter.export(studio.first(2, name="Plain"), studio.exports)
        standing = {path: path.read_bytes() for path in studio.final.rglob("*") if path.is_file()}
        with pytest.raises(DiskFullError) as caught:
            studio.export(replace=True, progress=when(Phase.EXPORT, lambda _: fill(small, leave_bytes=TRACK_BYTES)))
        assert caught.value.volume == small
        assert {path: path.read_bytes() for path in studio.final.rglob("*") if path.is_file()} == standing
        assert sorted(path.name for path in studio.exports.iterdir()) == ["Earlier", "Plain"]
        assert studio.broken(earlier=earlier) == []
        (small / "rival.bin").unlink()
        check_export(studio.export(replace=True).folder)
        assert studio.unrepaired(earlier=earlier) == []


def test_row_55_one_file_system_under_two_mounts(server: ServerHandle, volume: OpenVolume, tmp_path: Path) -> None:
    """No rename or link leads from the one into the other, though the device is the same: the files are copied."""
    one = volume("one", size_bytes=4 * ALL_BYTES)
    (one / "exports").mkdir()
    with use(tmp_path / "bound", "--bind", one / "exports") as bound:
        (one / "probe").touch()
        with pytest.raises(OSError, match="cross-device") as caught:
            (one / "probe").rename(bound / "probe")
        assert caught.value.errno == errno.EXDEV
        with opened(server, cache=one / "cache", exports=bound) as studio:
            check_export(studio.export().folder)
            assert studio.unrepaired() == []


def test_row_52_inodes_run_out(server: ServerHandle, volume: OpenVolume) -> None:
    """One inode more each time, until all is there: else the disk is full, though bytes are free, and nothing half."""
    small = volume("small", size_bytes=8 * ALL_BYTES)
    full = 0
    with opened(server, cache=small / "cache", exports=small / "exports") as studio:
        for inodes in range(2, MOST_INODES):
            remount(small, f"nr_inodes={inodes}")
            server.clear_ledger()
            with Running(studio.export) as running:
                pass
            if running.error is None:
                break
            full += 1
            assert isinstance(running.error, DiskFullError)
            assert (running.error.volume, running.error.needed_bytes) == (small, None)
            assert running.error.free_bytes > 2 * ALL_BYTES
            assert studio.broken() == []
            assert not studio.final.exists()
            assert studio.temporaries() == []
        check_export(running.value().folder)
        assert studio.unrepaired() == []
    print(f"inodes: {full} exports without room for one file more")
    assert full > 20
