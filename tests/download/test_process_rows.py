"""Rows 57, 63, 64, 65 and 74 of the fault table: limits of a process, locks and their holders, servers that restart."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chadsdk.auth import NoCredentials
from chadsdk.cache.locks import Hold, holding
from chadsdk.cancel import CancelToken
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService
from chadsdk.errors import DiskFullError, NetworkError
from chadsdk.exchange import Request
from chadsdk.transport import Transport
from harness.process import ServerHandle, running_server
from harness.recording import sha256_of
from harness.world import World
from tests.download.rows import REST, WHOLE, asked_of, rig_on
from tests.download.support import Rig, Running, child, child_config, final_files, quick, source_of

TRACKS = 8


@pytest.fixture(scope="module")
def server(plain: World) -> Iterator[ServerHandle]:
    """One server for this file."""
    with running_server(plain) as handle:
        yield handle


@pytest.fixture
def rig(server: ServerHandle, tmp_path: Path) -> Iterator[Rig]:
    """A rig on it."""
    with rig_on(server, tmp_path / "cache", lock_timeout_s=0.3) as rig:
        yield rig


@pytest.mark.slow
def test_row_57_a_limit_on_file_sizes_is_a_full_disk(rig: Rig) -> None:
    """EFBIG in mid-body: `DiskFullError` stops the batch, nothing half-made stays; without the limit all are had."""
    with child("download", **child_config(rig, rig.sources)) as process:
        resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))
        process.go()
        outcome = process.outcome()
    assert outcome["error"] == DiskFullError.__name__
    assert len(rig.server.audio_gets()) <= 4  # one for each connection, and none again
    assert final_files(rig.cache) == rig.temporaries() == rig.partials() == []
    assert len(rig.service.download_all(rig.sources)) == len(final_files(rig.cache)) == TRACKS


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_row_57_too_few_descriptors_are_one_clear_end(rig: Rig) -> None:
    """From no descriptor to spare upwards: a batch ends with what it had or an error of ours, until one has it all."""
    ends: list[set[str]] = []
    for spare in range(60):
        for path in final_files(rig.cache):
            path.unlink()
        with child("download", **child_config(rig, rig.sources)) as process:
            pid = process.process.pid
            taken = {int(each.name) for each in Path(f"/proc/{pid}/fd").iterdir()}
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (max(taken) + 1 + spare, 1024))
            process.go()
            outcome = process.outcome()
        rig.assert_whole()
        assert rig.temporaries() == []
        assert "error" in outcome or len(outcome) == TRACKS
        reasons = {value for value in outcome.values() if not value.endswith(".wav")}
        ends.append(reasons)
        if not reasons:
            break
    assert len(ends) > 3
    assert ends[-1] == set()
    assert len(rig.service.download_all(rig.sources)) == len(final_files(rig.cache)) == TRACKS


def test_row_57_no_descriptor_for_a_connection_is_no_fault_of_the_server(server: ServerHandle, tmp_path: Path) -> None:
    """The sentence says so; it may pass, so it is tried again like any failure of the network."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = {int(each.name) for each in Path("/proc/self/fd").iterdir()}
    request = Request(f"{server.url}/api/tracks/t-1", "track t-1")
    with Transport(server.url, NoCredentials(), quick(tmp_path), connections=1) as transport:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(set(range(soft)) - taken), hard))
        try:
            with pytest.raises(NetworkError, match="too many open files on this computer") as caught:
                transport.fetch_bytes(request, CancelToken(), limit_bytes=9)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert caught.value.retryable


def test_row_63_a_wait_for_another_process_is_noted(rig: Rig, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Again and again while it lasts, and not at all where the lock is free."""
    caplog.set_level(logging.INFO, logger="chadsdk.cache.locks")
    lock = tmp_path / "t.lock"
    with holding(lock, CancelToken(), wait_s=1, note_s=0.0) as ours:
        assert (ours, caplog.records) == (Hold.OURS, [])
        with holding(lock, CancelToken(), wait_s=0.3, note_s=0.1) as other:
            assert other is Hold.BUSY
    assert len(caplog.records) in {1, 2, 3}
    assert f"another process is at {lock}" in caplog.text


@pytest.mark.slow
def test_row_63_a_holder_that_was_stopped_keeps_nobody(rig: Rig) -> None:
    """SIGSTOP in mid-body: after `lock_timeout_s` another has the track; woken up, the holder ends well too."""
    rig.server.set_faults("t-1", [{"gate": "row 63", "after": 0.5}])
    with child("download", **child_config(rig, [rig.source(1)])) as holder:
        holder.go()
        rig.server.wait_at_gate("row 63")
        holder.process.send_signal(signal.SIGSTOP)
        path = rig.service.download(rig.source(1))
        assert asked_of(rig) == (WHOLE, WHOLE)
        holder.process.send_signal(signal.SIGCONT)
        rig.server.open_gate("row 63")
        assert holder.outcome() == {"t-1": str(path)}
    assert sha256_of(path) == rig.sha256()
    assert rig.temporaries() == rig.partials() == []


@pytest.mark.slow
def test_row_64_a_lock_file_that_is_deleted_while_it_is_held(rig: Rig) -> None:
    """Two hold "the" lock then, which is harmless: both end well, with one whole file."""
    rig.server.set_faults("t-1", [{"gate": "row 64", "after": 0.5}])
    with child("download", **child_config(rig, [rig.source(1)])) as holder:
        holder.go()
        rig.server.wait_at_gate("row 64")
        rig.layout.lock("t-1").unlink()
        path = rig.service.download(rig.source(1))
        rig.server.open_gate("row 64")
        assert holder.outcome() == {"t-1": str(path)}
    assert asked_of(rig) == (WHOLE, WHOLE)
    assert sha256_of(path) == rig.sha256()
    assert rig.temporaries() == rig.partials() == []


def test_row_65_where_there_are_no_locks_none_is_left_behind(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """ENOSYS: said in the log, the track is had, and nothing lies there that a later process would take for a lock."""

    def missing(_fd: object, _operation: int) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", missing)
        assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    assert "no file locks at" in caplog.text
    assert {path.name for path in rig.layout.locks.iterdir()} <= {"t-1.lock"}
    with holding(rig.layout.lock("t-1"), CancelToken(), wait_s=0) as hold:
        assert hold is Hold.OURS
    assert asked_of(rig) == (WHOLE,)


def test_row_74_a_server_that_restarts_in_mid_run(plain: World, tmp_path: Path) -> None:
    """Killed (-9) in mid-body and there again on its port: what had come is gone on from, by the same entity tag."""
    settings = quick(tmp_path / "cache", attempts=200, backoff_base_s=0.05, backoff_cap_s=0.05)
    source = source_of(plain.tracks[0])
    with running_server(plain) as first:
        first.set_faults("t-1", [{"gate": "row 74", "after": 0.5}])
        with (
            ChadMusicAPIClient(first.url, token=first.token, settings=settings) as client,
            DownloadService(client, settings=settings) as service,
            Running(lambda: service.download(source)) as running,
        ):
            first.wait_at_gate("row 74")
            first.kill()
            with running_server(plain, port=urlsplit(first.url).port or 0) as second:
                assert sha256_of(running.value()) == source.sha256
                [request] = second.audio_gets()
    assert (int(request.range[6:-1]) if request.range else None, request.status) == REST
