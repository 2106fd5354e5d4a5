"""The cache may lose or spoil a file at any moment of an export: it is fetched again, once."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from chadsdk import Event, MixExporter, Phase, Playlist, Settings, TrackDone
from chadsdk.errors import AuthError
from harness.process import ServerHandle
from harness.recording import sha256_of
from harness.world import World
from tests.export.rig import Recorder, check_export, leftovers, when


def cached_file(settings: Settings, name: str = "t-1.wav") -> Path:
    """The file of a track in the cache."""
    [file] = settings.cache_dir.rglob(name)
    return file


def flip_a_byte(file: Path) -> None:
    """Rot: one bit differs, length and times do not."""
    status = file.stat()
    content = bytearray(file.read_bytes())
    content[20_000] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def put_a_link(file: Path) -> None:
    """Somebody puts a link to something else in its place."""
    moved = file.rename(file.with_suffix(".moved"))
    file.symlink_to(moved)


def truncate(file: Path) -> None:
    """The file is cut."""
    os.truncate(file, 30_000)


DAMAGES: tuple[Callable[[Path], object], ...] = (Path.unlink, flip_a_byte, truncate, put_a_link)


def damage_at_export(settings: Settings, damage: Callable[[Path], object]) -> Callable[..., object]:
    """A listener that does it when everything was downloaded and nothing is copied yet."""
    return when(Phase.EXPORT, lambda _: damage(cached_file(settings)))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_lost_before_its_copy_is_fetched_again_once(
    server: ServerHandle,
    exporter: MixExporter,
    playlist: Playlist,
    settings: Settings,
    to: Path,
    damage: Callable[[Path], object],
    small_world: World,
) -> None:
    """Purged, rotten, cut or replaced: the export holds the right bytes, for one more GET of that track."""
    result = exporter.export(playlist, to, progress=damage_at_export(settings, damage))
    entries = check_export(result.folder)["entries"]
    assert [entry["sha256"] for entry in entries] == [
        track.recording.sha256 for track in small_world.tracks if track.recording
    ]
    paths = [entry.path for entry in server.audio_gets()]
    assert sorted(paths) == sorted(["/tracks/1/audio.wav", *(f"/tracks/{number}/audio.wav" for number in range(1, 7))])


def test_a_file_that_rotted_since_the_last_export_is_fetched_again(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, settings: Settings, to: Path
) -> None:
    """A hit by length and time is not believed when the copy's digest says otherwise; the cache is healed."""
    good = check_export(exporter.export(playlist, to / "1").folder)["entries"][0]["sha256"]
    flip_a_byte(cached_file(settings))
    server.clear_ledger()
    again = check_export(exporter.export(playlist, to / "2").folder)["entries"][0]["sha256"]
    assert again == good == sha256_of(cached_file(settings))
    assert [entry.path for entry in server.audio_gets()] == ["/tracks/1/audio.wav"]


def test_a_cache_that_is_purged_whole_in_mid_export_is_filled_again(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, settings: Settings, to: Path
) -> None:
    """The operating system takes everything, folders included, and the export is complete all the same."""
    purge = when(Phase.EXPORT, lambda _: shutil.rmtree(settings.cache_dir))
    server.forget_peaks()
    result = exporter.export(playlist, to, progress=purge)
    assert check_export(result.folder)["summary"]["exported"] == 6
    assert server.traffic().peak_connections <= settings.max_concurrent_downloads
    assert len(server.audio_gets()) == 6 + 6


@pytest.mark.parametrize("damage", [Path.unlink, flip_a_byte])
def test_a_file_that_is_lost_while_the_server_is_gone_is_missing(
    server: ServerHandle,
    exporter: MixExporter,
    playlist: Playlist,
    settings: Settings,
    to: Path,
    damage: Callable[[Path], object],
) -> None:
    """The export succeeds with one missing track, whose reason is the network; the rotten file is not exported."""

    def damage_and_kill(_: object) -> None:
        server.kill()
        damage(cached_file(settings))

    result = exporter.export(playlist, to, progress=when(Phase.EXPORT, damage_and_kill))
    entries = check_export(result.folder)["entries"]
    assert [entry["reason"] for entry in entries] == ["network", *[None] * 5]


def test_a_server_that_never_sends_the_right_bytes_again_ends_in_a_missing_track(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, settings: Settings, to: Path
) -> None:
    """It is fetched again once, not for ever: two attempts by the rule for wrong digests, then it is missing."""
    server.set_faults("t-1", ["ok", {"wrong_bytes": True, "always": True}])
    result = exporter.export(playlist, to, progress=damage_at_export(settings, Path.unlink))
    entries = check_export(result.folder)["entries"]
    assert entries[0]["reason"] == "integrity"
    assert [entry.path for entry in server.audio_gets()].count("/tracks/1/audio.wav") == 3


def test_credentials_that_expire_before_the_second_fetch_stop_the_export(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, settings: Settings, to: Path
) -> None:
    """It would doom every further track, so it is the one clear error, and nothing is left."""

    def damage_and_expire(_: object) -> None:
        server.expire_token()
        cached_file(settings).unlink()

    with pytest.raises(AuthError):
        exporter.export(playlist, to, progress=when(Phase.EXPORT, damage_and_expire))
    assert leftovers(to) == []


def test_the_progress_stays_true_when_a_file_is_fetched_again(
    exporter: MixExporter, playlist: Playlist, settings: Settings, to: Path
) -> None:
    """The phase ends at its totals and its counts never ran backwards."""
    recorder = Recorder()
    damage = damage_at_export(settings, flip_a_byte)

    def listen(event: object) -> None:
        damage(event)
        recorder(event)  # type: ignore[arg-type]

    exporter.export(playlist, to, progress=listen)
    counts = recorder.counts(Phase.EXPORT)
    assert [each.bytes_done for each in counts] == sorted(each.bytes_done for each in counts)
    assert counts[-1].finished
    assert counts[-1].bytes_done == counts[-1].bytes_total == 6 * 65_536


def test_tracks_that_are_fetched_again_are_told_of_once(
    exporter: MixExporter, playlist: Playlist, settings: Settings, to: Path
) -> None:
    """Neither the copy that failed nor the second fetch is an event of its own, on any thread."""
    recorder = Recorder()
    purge = when(Phase.EXPORT, lambda _: shutil.rmtree(settings.cache_dir))

    def listen(event: Event) -> None:
        recorder(event)
        purge(event)

    result = exporter.export(playlist, to, progress=listen)
    done = [event for event in recorder.events if isinstance(event, TrackDone) and event.phase is Phase.EXPORT]
    assert sorted(event.title for event in done) == [entry.title for entry in result.exported]
    assert recorder.threads == {threading.current_thread()}


def test_a_rotten_file_that_the_server_has_no_more_is_missing(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, settings: Settings, to: Path
) -> None:
    """Its reason is the server's; the rotten file is gone from the cache and not exported, the others are."""

    def spoil(_: object) -> None:
        flip_a_byte(cached_file(settings))
        server.set_faults("t-1", [{"status": 404, "always": True}])

    result = exporter.export(playlist, to, progress=when(Phase.EXPORT, spoil))
    check_export(result.folder)
    assert [(entry.title, str(entry.reason)) for entry in result.missing] == [("Plain 00001", "not_found")]
    assert list(settings.cache_dir.rglob("t-1.wav")) == []
