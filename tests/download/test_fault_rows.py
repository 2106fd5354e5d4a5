"""Rows of the fault table that need more than a script: ports, kept-alive lines, resets, lossy lines, memory."""

from __future__ import annotations

import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService, Fetched, Unavailable
from chadsdk.errors import IntegrityError, NetworkError, Reason, TruncatedError
from harness.process import ServerHandle, running_server
from harness.recording import sha256_of
from harness.world import World
from tests.download.lossy import lossy_line
from tests.download.rows import HALF, TRACK_BYTES, WHOLE, asked_of, for_ever, leave_half, repair, rig_on
from tests.download.support import final_files, quick, source_of
from tests.download.test_resume import note, tie

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def server(plain: World) -> Iterator[ServerHandle]:
    """One server for this file."""
    with running_server(plain) as handle:
        yield handle


def test_row_1_a_closed_port_is_a_network_error_until_it_opens(plain: World, tmp_path: Path) -> None:
    """Refused: missing as `network`, nothing on disk; the same service has the track once the server is there."""
    with closing(socket.socket()) as unheard:
        unheard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
        settings = quick(tmp_path / "cache", attempts=3)
        with (
            ChadMusicAPIClient(f"http://127.0.0.1:{port}", token=plain.token, settings=settings) as client,
            DownloadService(client, settings=settings) as service,
        ):
            source = source_of(plain.tracks[0])
            with pytest.raises(NetworkError, match="No connection to the server"):
                service.download(source)
            left = [path for path in settings.cache_dir.rglob("*") if path.is_file()]
            assert {path.suffix for path in left} == {".lock"}
            unheard.close()
            with running_server(plain, port=port):
                assert sha256_of(service.download(source)) == source.sha256


@pytest.mark.parametrize("code", [socket.EAI_NONAME, socket.EAI_AGAIN], ids=["unknown", "no-resolver"])
def test_row_1_a_name_that_nobody_knows(
    server: ServerHandle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Looked up as often as there are attempts, then `network`, and the next track is tried all the same."""
    asked: list[object] = []

    def unknown(host: object, *_: object, flags: int = 0, **__: object) -> list[object]:
        asked.extend([] if flags & socket.AI_NUMERICHOST else [host])
        raise socket.gaierror(code, "nobody knows")

    settings = quick(tmp_path / "cache", attempts=3, max_concurrent_downloads=1)
    sources = [source_of(track) for track in server.world.tracks[:2]]
    with (
        ChadMusicAPIClient("http://music.invalid", token="t", settings=settings) as client,
        DownloadService(client, settings=settings) as service,
        monkeypatch.context() as patched,
    ):
        patched.setattr(socket, "getaddrinfo", unknown)
        outcomes = service.download_all(sources).values()
    assert [each.reason for each in outcomes if isinstance(each, Unavailable)] == [Reason.NETWORK] * 2
    assert asked == ["music.invalid"] * 6
    assert final_files(settings.cache_dir) == []


def test_row_2_a_line_that_the_server_closed_between_requests_costs_no_attempt(
    server: ServerHandle, tmp_path: Path
) -> None:
    """Kept alive by our side only: the next track goes over a new line, also with a single attempt."""
    with rig_on(server, tmp_path / "cache", attempts=1) as rig:
        server.set_faults("t-1", [{"cut_body": 1.0}])
        for number in (1, 2):
            assert sha256_of(rig.service.download(rig.source(number))) == rig.sha256(number)
        assert [len(rig.gets(number)) for number in (1, 2)] == [1, 1]


@pytest.mark.parametrize("attempts", [1, 3])
def test_row_4_a_reset_in_the_body(server: ServerHandle, tmp_path: Path, attempts: int) -> None:
    """What had arrived is kept, however much that is, and gone on from: one 206, or the whole if it was nothing."""
    with rig_on(server, tmp_path / "cache", attempts=attempts) as rig:
        server.set_faults("t-1", [{"reset": 0.5}])
        if attempts == 1:
            with pytest.raises(TruncatedError):
                rig.service.download(rig.source(1))
            have = sum(path.stat().st_size for path in rig.partials())
            assert (asked_of(rig), final_files(rig.cache), rig.temporaries()) == ((WHOLE,), [], [])
            repair(rig, rig.source(1), resumed_from=have or None, anew=True)
        else:
            assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
            (first, (start, status)) = asked_of(rig)
            assert first == WHOLE
            assert (start, status) == WHOLE or (0 < (start or 0) <= HALF and status == 206)


@pytest.mark.parametrize("fault", [{"no_length": True, "endless": True}, {"chunked": "endless_chunks"}], ids=str)
def test_row_12_an_endless_body_costs_neither_memory_nor_disk(
    server: ServerHandle, tmp_path: Path, fault: dict[str, object]
) -> None:
    """16 MiB are allowed: no more is taken, in small pieces, and nothing is left of it."""
    with rig_on(server, tmp_path / "cache", max_track_bytes=16 * MIB) as rig:
        server.set_faults("t-1", for_ever(**fault))
        source = rig.source(1, size_bytes=None, sha256=None, revision=None)
        tracemalloc.start()
        try:
            with pytest.raises(IntegrityError, match="more than the 16777216 bytes"):
                rig.service.download(source)
            assert tracemalloc.get_traced_memory()[1] < 8 * MIB
        finally:
            tracemalloc.stop()
        assert asked_of(rig) == (WHOLE, WHOLE)
        assert rig.temporaries() == rig.partials() == final_files(rig.cache) == []
        repair(rig, source, resumed_from=None, anew=True)


def test_row_18_a_lossy_line_corrupts_nothing(server: ServerHandle, tmp_path: Path) -> None:
    """A fifth of the blocks lost: each track is right or missing as stalled, and a good line completes the rest."""
    with rig_on(server, tmp_path / "cache", read_timeout_s=0.1) as rig:
        settings = rig.service.settings
        with (
            lossy_line(server.url, seed=18, loss=0.2) as url,
            ChadMusicAPIClient(url, token=server.token, settings=settings) as client,
            DownloadService(client, settings=settings) as service,
        ):
            outcomes = service.download_all(rig.sources)
            for number, outcome in enumerate(outcomes.values(), start=1):
                if isinstance(outcome, Unavailable):
                    assert outcome.reason is Reason.STALLED
                else:
                    assert sha256_of(outcome.path) == rig.sha256(number)
        assert len(server.audio_gets()) > len(rig.sources)  # something was lost
        assert all(isinstance(each, Fetched) for each in rig.service.download_all(rig.sources).values())


@pytest.mark.parametrize(("grown", "asked"), [(TRACK_BYTES, (TRACK_BYTES, 416)), (TRACK_BYTES + 7, WHOLE)])
def test_row_23_a_partial_that_is_whole_or_too_long(
    server: ServerHandle, tmp_path: Path, grown: int, asked: tuple[int | None, int]
) -> None:
    """All bytes there: 416 means verify and finish, without a body. More than all: from the start."""
    with rig_on(server, tmp_path / "cache") as rig:
        leave_half(rig, rig.source(1))
        (partial,) = rig.partials()
        recording = server.world.tracks[0].recording
        assert recording is not None
        content = (recording.file.read_bytes() + bytes(7))[:grown]
        partial.write_bytes(content)
        note(partial, lambda fields: {**fields, **tie(partial), "spans": [[0, grown]]})
        server.set_faults("t-1", [])
        assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
        assert asked_of(rig) == (asked,)
        assert rig.temporaries() == rig.partials() == []
