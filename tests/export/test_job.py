"""`ExportJob`: an export in the background."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chadsdk import ExportCancelled, MixExporter, Phase, Playlist, Settings
from chadsdk.errors import ExportExistsError
from harness.process import PROJECT, ServerHandle
from tests.export.rig import check_export, leftovers

ABANDONED = """
import sys
from pathlib import Path
from chadsdk import ChadMusicAPIClient, MixExporter, Settings
url, token, cache, to = sys.argv[1:]
client = ChadMusicAPIClient(url, token=token)
job = MixExporter(client, settings=Settings(cache_dir=Path(cache))).start(client.playlist("plain"), to)
print("started", flush=True)
sys.stdin.readline()
"""


def test_a_job_gives_what_export_gives(exporter: MixExporter, playlist: Playlist, to: Path) -> None:
    """The same result, on a thread of its own; asked again it is the same value."""
    job = exporter.start(playlist, to)
    result = job.result(timeout=10)
    assert check_export(result.folder)["summary"]["exported"] == 6
    assert job.done
    assert job.result() is result
    counts = job.progress()
    assert counts is not None
    assert counts.phase is Phase.EXPORT
    assert counts.finished


def test_a_job_tells_its_progress_while_it_runs(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, to: Path
) -> None:
    """A wait with a time-out cancels nothing; the counts are those of the phase that runs."""
    server.set_faults("t-1", [{"gate": "half", "after": 0.5}])
    job = exporter.start(playlist, to)
    server.wait_at_gate("half")
    with pytest.raises(TimeoutError):
        job.result(timeout=0.5)
    assert not job.done
    counts = job.progress()
    assert counts is not None
    assert (counts.phase, counts.tracks_done, counts.tracks_total) == (Phase.DOWNLOAD, 5, 6)
    assert 0 < counts.bytes_done < counts.bytes_total
    server.open_gate("half")
    assert len(job.result(timeout=10).exported) == 6


def test_a_job_raises_what_export_raises(exporter: MixExporter, playlist: Playlist, to: Path) -> None:
    """From `result`, each time it is asked."""
    (to / "Plain").mkdir(parents=True)
    job = exporter.start(playlist, to)
    for _ in range(2):
        with pytest.raises(ExportExistsError):
            job.result(timeout=10)


def test_a_cancel_after_the_end_changes_nothing(exporter: MixExporter, playlist: Playlist, to: Path) -> None:
    """The export stands and its result is still given."""
    job = exporter.start(playlist, to)
    job.result(timeout=10)
    job.cancel()
    assert job.result().folder.is_dir()


def test_a_cancelled_job_leaves_no_thread(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, to: Path
) -> None:
    """Neither its own nor those that download."""
    server.set_faults("t-1", [{"gate": "half", "after": 0.5}])
    job = exporter.start(playlist, to)
    server.wait_at_gate("half")
    job.cancel()
    with pytest.raises(ExportCancelled):
        job.result(timeout=1)
    exporter.close()
    for thread in threading.enumerate():
        if thread.name.startswith("chadsdk"):
            thread.join(timeout=1)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("chadsdk")]


def test_a_program_that_ends_is_not_kept_by_a_job(
    server: ServerHandle, playlist: Playlist, settings: Settings, to: Path
) -> None:
    """Its main thread runs off the end while four bodies stand still: it exits by itself and leaves no half export."""
    for entry in playlist:
        server.set_faults(str(entry.track.cloud_track_id), [{"gate": "half", "after": 0.5}])
    command = [sys.executable, "-c", ABANDONED, server.url, server.token, str(settings.cache_dir), str(to)]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        server.wait_at_gate("half", 4)
        _, told = process.communicate("end\n", timeout=5)
    assert process.returncode == 0
    assert told == ""
    assert leftovers(to) == []
    assert list(settings.cache_dir.rglob("*.wav")) == []
