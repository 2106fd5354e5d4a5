"""Servers that are slow without being silent, and bodies that do not come to an end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService
from chadsdk.errors import IntegrityError, StalledError
from chadsdk.settings import Settings
from chadsdk.source import CloudSource
from harness.build import plain_world
from harness.recording import sha256_of
from harness.world import World
from tests.download.bare import BareServer, Talk, bare_server
from tests.download.conftest import OpenRig
from tests.download.support import PATIENCE_S, Rig, bare, final_files, quick

pytestmark = pytest.mark.slow

HASTY = {"header_timeout_s": 0.3, "min_bytes_per_s": 100_000, "min_rate_window_s": 0.4}
HEAD = b'HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nETag: "v1"\r\n'
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@contextmanager
def service_of(server: BareServer, cache: Path, **changes: Any) -> Iterator[DownloadService]:
    """A service that asks a bare server."""
    settings: Settings = quick(cache, **{"attempts": 1, **changes})
    with (
        ChadMusicAPIClient(server.url, token="t", settings=settings) as client,
        DownloadService(client, settings=settings) as service,
    ):
        yield service


def drip_headers(talk: Talk, _head: str) -> None:
    """A header line that never ends."""
    talk.say(b"HTTP/1.1 200 OK\r\nX-Long: ")
    talk.trickle(b"x")


def drip_lines(talk: Talk, _head: str) -> None:
    """Interim answers without end."""
    talk.trickle(b"HTTP/1.1 100 Continue\r\n\r\n")


@pytest.mark.parametrize("answer", [drip_headers, drip_lines], ids=["headers", "endless-100"])
def test_headers_that_trickle_are_a_stall(rig: Rig, tmp_path: Path, answer: Callable[[Talk, str], None]) -> None:
    """Bytes that come all the time do not put the deadline of the headers off, and the attempts are counted."""
    with bare_server(answer) as server, service_of(server, tmp_path / "c", attempts=3, header_timeout_s=0.2) as service:
        started = time.monotonic()
        with pytest.raises(StalledError, match="did not finish its answer in time"):
            service.download(rig.source(1))
        assert time.monotonic() - started < PATIENCE_S
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", ["404 Not Found", "302 Found", "401 Unauthorized"])
def test_headers_that_break_off_are_not_believed(rig: Rig, tmp_path: Path, status: str) -> None:
    """What a server began to say before it was cut is no answer: it may have meant another place, or more."""

    def answer(talk: Talk, _head: str) -> None:
        talk.say(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nLocation: /a".encode())
        talk.trickle(b"x")

    with bare_server(answer) as server, service_of(server, tmp_path / "c", header_timeout_s=0.2) as service:
        with pytest.raises(StalledError):
            service.download(rig.source(1))
        assert len(server.requests) == 1


def test_a_trickling_redirect_is_a_stall(rig: Rig, tmp_path: Path) -> None:
    """Each hop has its own deadline, and the second is held to it like the first."""

    def answer(talk: Talk, head: str) -> None:
        if "/slow" in head:
            drip_headers(talk, head)
        talk.say(b"HTTP/1.1 302 Found\r\nLocation: /slow\r\nContent-Length: 0\r\n\r\n")

    with bare_server(answer) as server, service_of(server, tmp_path / "c", header_timeout_s=0.2) as service:
        with pytest.raises(StalledError):
            service.download(rig.source(1))
        assert len(server.requests) == 2


def test_a_proof_of_identity_that_trickles_is_a_stall(rig: Rig, tmp_path: Path) -> None:
    """A TLS handshake that goes on and on is held to the deadline too."""
    settings = quick(tmp_path / "c", attempts=1, header_timeout_s=0.3)
    with (
        bare_server(lambda talk, _: talk.prove_for_ever(), deaf=True) as server,
        ChadMusicAPIClient(f"https://127.0.0.1:{server.port}", token="t", settings=settings) as client,
        DownloadService(client, settings=settings) as service,
        pytest.raises(StalledError),
    ):
        service.download(rig.source(1))


def test_a_body_that_trickles_is_a_stall(plain: World, open_rig: OpenRig) -> None:
    """Below the least speed over the window it ends as stalled, not as cut; what came is kept and gone on from."""
    rig = open_rig(plain, attempts=1, **HASTY)
    rig.server.set_faults("t-1", [{"rate": 4000}])
    with pytest.raises(StalledError, match="less than 100000 bytes per second"):
        rig.service.download(rig.source(1))
    [partial] = rig.partials()
    had = partial.stat().st_size
    assert 0 < had < 200_000
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    assert [get.range for get in rig.gets()] == [None, f"bytes={had}-"]


def test_a_stall_heals_within_one_download(plain: World, open_rig: OpenRig) -> None:
    """The next attempt goes on where the slow one was cut."""
    rig = open_rig(plain, **HASTY)
    rig.server.set_faults("t-1", [{"rate": 4000, "times": 2}])
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    starts = [int((get.range or "bytes=0-")[6:-1]) for get in rig.gets()]
    assert starts == sorted(set(starts))
    assert len(starts) == 3


def test_a_server_that_always_trickles_is_given_up(plain: World, open_rig: OpenRig) -> None:
    """Slow attempts bring bytes each time, and end with the attempts all the same."""
    rig = open_rig(plain, attempts=3, **HASTY)
    rig.server.set_faults("t-1", [{"rate": 40_000, "always": True}])
    with pytest.raises(StalledError):
        rig.service.download(rig.source(1))
    assert len(rig.gets()) == 3
    assert final_files(rig.cache) == []


def test_a_slow_server_above_the_floor_is_waited_for(plain: World, open_rig: OpenRig) -> None:
    """400 KB at 250 KB/s take four windows, and nobody minds."""
    rig = open_rig(plain, attempts=1, **HASTY)
    rig.server.set_faults("t-1", [{"rate": 250_000}])
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()


def test_a_listing_that_trickles_is_a_stall(plain: World, open_rig: OpenRig) -> None:
    """The floor holds for what the server says of tracks as well."""
    rig = open_rig(plain, attempts=1, **HASTY)
    rig.server.set_faults("/api/playlists/plain", [{"rate": 500}])
    with pytest.raises(StalledError):
        rig.client.playlist("plain")


def test_our_own_cap_makes_no_server_slow(tmp_path: Path, open_rig: OpenRig) -> None:
    """Capped far below the least speed, a download takes longer than the window and succeeds in one request."""
    rig = open_rig(
        plain_world(tmp_path / "world", [60_000]),
        attempts=1,
        max_bytes_per_s=40_000,
        **HASTY | {"min_rate_window_s": 1.0},
    )
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    assert len(rig.gets()) == 1


def test_the_cap_is_over_all_connections(plain: World, open_rig: OpenRig) -> None:
    """3.2 MB at 2 MB/s take 1.6 s on four connections, less the burst at the start; and not for ever."""
    rig = open_rig(plain, max_bytes_per_s=2_000_000)
    started = time.monotonic()
    assert len(rig.service.download_all(rig.sources)) == 8
    assert 1.2 < time.monotonic() - started < PATIENCE_S
    assert len(rig.server.audio_gets()) == 8


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def audio_of(rig: Rig) -> bytes:
    recording = rig.server.world.track("t-1").recording
    assert recording is not None
    return recording.file.read_bytes()


def test_endless_trailers_do_not_matter(rig: Rig, tmp_path: Path) -> None:
    """A body that is all here is a success, though its trailers never end; its connection is not used again."""
    audio = audio_of(rig)

    def answer(talk: Talk, _head: str) -> None:
        talk.say(CHUNKED + chunk(audio) + b"0\r\n")
        talk.trickle(b"X-Trailer: and another\r\n")

    numbers: list[int] = []

    def counted(talk: Talk, head: str) -> None:
        numbers.append(talk.number)
        answer(talk, head)

    with bare_server(counted) as server, service_of(server, tmp_path / "c") as service:
        for number in (1, 2):
            source = CloudSource("", f"x-{number}", "/a", size_bytes=len(audio), sha256=rig.sha256())
            assert sha256_of(service.download(source)) == rig.sha256()
    assert numbers == [1, 2]


@pytest.mark.parametrize("ending", [b"", b"5"], ids=["silence", "half-a-size"])
def test_a_body_that_does_not_say_that_it_is_over(rig: Rig, tmp_path: Path, ending: bytes) -> None:
    """All that is expected is here: what the server may still mean to say is waited for a moment only."""
    audio = audio_of(rig)

    def answer(talk: Talk, _head: str) -> None:
        talk.say(CHUNKED + chunk(audio) + ending)
        talk.listen()

    with bare_server(answer) as server, service_of(server, tmp_path / "c") as service:
        started = time.monotonic()
        assert sha256_of(service.download(rig.source(1))) == rig.sha256()
        assert time.monotonic() - started < 10


def test_surplus_is_not_taken(rig: Rig, tmp_path: Path) -> None:
    """One byte more than expected makes the track corrupt, and no more than that byte is read of an endless body."""
    audio, left = audio_of(rig), threading.Event()

    def answer(talk: Talk, _head: str) -> None:
        talk.say(CHUNKED + chunk(audio))
        try:
            talk.trickle(chunk(bytes(1 << 16)), pause_s=0)
        finally:
            left.set()

    with bare_server(answer) as server, service_of(server, tmp_path / "c") as service:
        with pytest.raises(IntegrityError, match=f"more than the {len(audio)} bytes"):
            service.download(rig.source(1))
        assert left.wait(PATIENCE_S)
    assert [path for path in (tmp_path / "c").rglob("*") if path.suffix in {".part", ".tmp", ".wav"}] == []


def test_an_endless_body_of_unknown_length_stops_at_the_cap(rig: Rig, tmp_path: Path) -> None:
    """At `max_track_bytes` it is corrupt, and nothing of it is kept."""
    audio = audio_of(rig)

    def answer(talk: Talk, _head: str) -> None:
        talk.say(CHUNKED + chunk(audio))
        talk.trickle(chunk(bytes(1 << 16)), pause_s=0)

    with (
        bare_server(answer) as server,
        service_of(server, tmp_path / "c", max_track_bytes=1_000_000) as service,
        pytest.raises(IntegrityError, match="more than the 1000000 bytes"),
    ):
        service.download(bare(rig.source(1)))
    assert [path for path in (tmp_path / "c").rglob("*") if path.suffix in {".part", ".tmp", ".wav"}] == []
