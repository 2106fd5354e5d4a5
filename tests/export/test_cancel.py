"""A cancel, in every state an export can be in: back within a second, nothing half-made, what came is kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chadsdk import (
    CancelToken,
    ChadMusicAPIClient,
    Event,
    ExportCancelled,
    ExportJob,
    ExportResult,
    MixExporter,
    Phase,
    Playlist,
    Progress,
    Settings,
)
from chadsdk.settings import MIB
from harness.process import ServerHandle
from tests.export.rig import check_export, leftovers, local_playlist, own_wav, quick_settings, when

SOON_S = 1.0
HOLDER = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def cancel_at_once(job: ExportJob[ExportResult], to: Path) -> None:
    """Cancel it; it must be over within a second, cancelled, with nothing left behind."""
    job.cancel()
    with pytest.raises(ExportCancelled):
        job.result(timeout=SOON_S)
    assert job.done
    assert leftovers(to) == []


@contextmanager
def lock_held(lock: Path) -> Iterator[None]:
    """Another process holds that lock inside the block."""
    command = [sys.executable, "-c", HOLDER, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
        holder.communicate()


def test_before_anything_is_begun(exporter: MixExporter, playlist: Playlist, to: Path) -> None:
    """A token that is cancelled already stops an export before it looks at anything."""
    token = CancelToken()
    token.cancel()
    with pytest.raises(ExportCancelled):
        exporter.export(playlist, to, cancel=token)
    assert not to.exists()


def test_before_the_headers_come(server: ServerHandle, exporter: MixExporter, playlist: Playlist, to: Path) -> None:
    """Four wait for their headers, two are queued."""
    for entry in playlist:
        server.set_faults(str(entry.track.cloud_track_id), [{"gate": "head", "before": "headers"}])
    job = exporter.start(playlist, to)
    server.wait_at_gate("head", 4)
    cancel_at_once(job, to)
    assert len(server.audio_gets()) == 4


def test_in_mid_body(server: ServerHandle, exporter: MixExporter, playlist: Playlist, to: Path) -> None:
    """Four bodies stand still half-way, two tracks are queued."""
    for entry in playlist:
        server.set_faults(str(entry.track.cloud_track_id), [{"gate": "half", "after": 0.5}])
    job = exporter.start(playlist, to)
    server.wait_at_gate("half", 4)
    cancel_at_once(job, to)
    assert len(server.audio_gets()) == 4


def test_what_came_of_a_body_is_kept_and_resumed(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, settings: Settings, to: Path
) -> None:
    """No final name stands for half a file; the next export asks for the other half only."""
    server.set_faults("t-1", [{"gate": "half", "after": 0.5}])
    one = Playlist("One", entries=playlist.entries[:1])
    token = CancelToken()
    with pytest.raises(ExportCancelled):
        exporter.export(one, to, cancel=token, progress=when(Phase.DOWNLOAD, lambda _: token.cancel(), moved=True))
    assert list(settings.cache_dir.rglob("*.wav")) == []
    [partial] = settings.cache_dir.rglob("t-1.part")
    had = partial.stat().st_size
    assert 0 < had <= 32_768
    server.clear_ledger()
    check_export(exporter.export(one, to).folder)
    assert [entry.range for entry in server.audio_gets()] == [f"bytes={had}-"]


def test_in_a_back_off(
    server: ServerHandle, client: ChadMusicAPIClient, exporter: MixExporter, playlist: Playlist, to: Path
) -> None:
    """The server asked to come back in 30 s."""
    refusal = {"status": 503, "retry_after": "30", "gate": "busy", "before": "headers", "always": True}
    client.close()  # so that every connection is one of a download
    for entry in playlist:
        server.set_faults(str(entry.track.cloud_track_id), [refusal])
    job = exporter.start(playlist, to)
    server.wait_at_gate("busy", 4)
    server.open_gate("busy")
    server.wait_until_idle()  # the four have their answers and wait
    with pytest.raises(TimeoutError):
        job.result(timeout=0.2)
    cancel_at_once(job, to)
    assert {entry.status for entry in server.audio_gets()} == {503}


def test_while_another_process_holds_the_lock(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, settings: Settings, to: Path
) -> None:
    """The other five are had; the sixth is another's, and never asked of the server."""
    exporter.export(playlist, to)  # makes the lock files
    for cached in settings.cache_dir.rglob("*.wav"):
        cached.unlink()
    server.clear_ledger()
    shutil.rmtree(to)
    [lock] = settings.cache_dir.rglob("t-1.lock")
    with lock_held(lock):
        job = exporter.start(playlist, to)
        with pytest.raises(TimeoutError):  # it waits; all else is done meanwhile
            job.result(timeout=0.5)
        counts = job.progress()
        assert counts is not None
        assert (counts.phase, counts.tracks_done) == (Phase.DOWNLOAD, 5)
        cancel_at_once(job, to)
    assert "/tracks/1/audio.wav" not in {entry.path for entry in server.audio_gets()}


def test_while_sizes_are_asked(server: ServerHandle, exporter: MixExporter, playlist: Playlist, to: Path) -> None:
    """The preflight's HEADs are as easy to stop."""
    entry = playlist.entries[0].track
    unsaid = type(entry)("T", cloud_track_id="t-1", cloud_stream_path=entry.cloud_stream_path)
    server.set_faults("t-1", [{"gate": "head", "before": "headers"}], head=True)
    job = exporter.start(Playlist("P", entries=(unsaid,)), to)  # type: ignore[arg-type]
    server.wait_at_gate("head")
    cancel_at_once(job, to)
    assert server.audio_gets() == []


@pytest.mark.parametrize("size_mib", [1024])
def test_while_a_large_file_is_copied(tmp_path: Path, to: Path, size_mib: int) -> None:
    """From the listener, at the first bytes of a large file: the copy stops in the middle of it."""
    own = own_wav(tmp_path / "big.wav")
    os.truncate(own, size_mib * MIB)  # with a hole, which is read like any other bytes
    token = CancelToken()
    cancelled_at: list[tuple[float, int]] = []
    seen: list[int] = []

    def cancel(counts: Progress) -> None:
        cancelled_at.append((time.monotonic(), counts.bytes_done))
        token.cancel()

    cancel_once = when(Phase.EXPORT, cancel, moved=True)

    def listen(event: Event) -> None:
        cancel_once(event)
        if isinstance(event, Progress):
            seen.append(event.bytes_done)

    with MixExporter(settings=quick_settings(tmp_path / "cache")) as exporter, pytest.raises(ExportCancelled):
        exporter.export(local_playlist(own), to, progress=listen, cancel=token)
    [(moment, bytes_done)] = cancelled_at
    assert time.monotonic() - moment < SOON_S
    assert seen[-1] == bytes_done < size_mib * MIB
    assert leftovers(to) == []


def test_at_the_very_end(offline: MixExporter, tmp_path: Path, to: Path) -> None:
    """After the last copy, before the folder has its name, a cancel still counts; the folder never appears."""
    token = CancelToken()

    def cancel(event: Event) -> None:
        if isinstance(event, Progress) and event.finished:
            token.cancel()

    with pytest.raises(ExportCancelled):
        offline.export(local_playlist(own_wav(tmp_path / "own.wav")), to, progress=cancel, cancel=token)
    assert leftovers(to) == []


def test_a_cancel_leaves_the_export_that_was_to_be_replaced(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, settings: Settings, to: Path
) -> None:
    """The older export is whole and alone afterwards."""
    older = exporter.export(playlist, to).folder
    for file in settings.cache_dir.rglob("t-1.wav"):
        file.unlink()
    server.set_faults("t-1", [{"gate": "half", "after": 0.5}])
    job = exporter.start(playlist, to, replace=True)
    server.wait_at_gate("half")
    job.cancel()
    with pytest.raises(ExportCancelled):
        job.result(timeout=SOON_S)
    check_export(older)
    assert leftovers(to) == ["Plain"]
