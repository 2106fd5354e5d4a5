"""Cancelling: quick in every state, and clean. Each wait has begun for certain before the cancel is made."""

from __future__ import annotations

import inspect
import socket
import threading

import pytest
from filelock import FileLock

from chadsdk import auth, transport
from chadsdk.cache.locks import Hold, holding
from chadsdk.cancel import CancelToken
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService, pool
from chadsdk.errors import ExportCancelled
from chadsdk.progress import Event, Progress
from harness.world import World
from tests.download.bare import Talk, bare_server, deaf_port
from tests.download.conftest import OpenRig
from tests.download.support import (
    CANCEL_BOUND_S,
    PATIENCE_S,
    Rig,
    Running,
    WatchedToken,
    chadsdk_threads,
    child,
    final_files,
    quick,
)


def assert_clean(rig: Rig, number: int = 1) -> None:
    """Nothing of a cancelled download is left but what it is resumed by."""
    rig.service.close()
    rig.client.close()
    assert chadsdk_threads() == []
    assert rig.open_sockets() == []
    rig.server.wait_until_idle()
    with holding(rig.layout.lock(f"t-{number}"), CancelToken(), wait_s=0) as hold:
        assert hold is Hold.OURS
    assert final_files(rig.cache) == rig.temporaries() == []


@pytest.mark.parametrize("gate", [{"before": "headers"}, {"after": 0.0}, {"after": 0.5}], ids=["head", "start", "body"])
def test_in_one_download(rig: Rig, gate: dict[str, object]) -> None:
    """`download` waiting for headers, for the first byte, and in mid-body."""
    rig.server.set_faults("t-1", [{"gate": "here", **gate}])
    token = CancelToken()
    with Running(lambda: rig.service.download(rig.source(1), cancel=token)) as running:
        rig.server.wait_at_gate("here")
        assert running.cancelled_by(token) < CANCEL_BOUND_S
    assert_clean(rig)


@pytest.mark.parametrize("gate", [{"before": "headers"}, {"after": 0.5}], ids=["head", "body"])
def test_in_a_batch(rig: Rig, gate: dict[str, object]) -> None:
    """`download_all` with four workers at a stalled server and four tracks in the queue."""
    for number in range(1, 9):
        rig.server.set_faults(f"t-{number}", [{"gate": "here", **gate, "always": True}])
    token = CancelToken()
    with Running(lambda: rig.service.download_all(rig.sources, cancel=token)) as running:
        rig.server.wait_at_gate("here", 4)
        assert running.cancelled_by(token) < CANCEL_BOUND_S
    assert_clean(rig)
    assert len(rig.server.audio_gets()) == 4


def test_while_asking_for_sizes(rig: Rig) -> None:
    """A HEAD that is not answered."""
    rig.server.set_faults("t-1", [{"gate": "here", "before": "headers"}], head=True)
    token = CancelToken()
    with Running(lambda: rig.service.sizes(rig.sources, cancel=token)) as running:
        rig.server.wait_at_gate("here")
        assert running.cancelled_by(token) < CANCEL_BOUND_S


@pytest.mark.parametrize("ask", ["track", "playlist"])
def test_while_looking_up(rig: Rig, ask: str) -> None:
    """An API request that is not answered."""
    item = {"track": ("/api/tracks/t-1", "t-1"), "playlist": ("/api/playlists/plain", "plain")}[ask]
    rig.server.set_faults(item[0], [{"gate": "here", "before": "headers"}])
    token = CancelToken()
    with Running(lambda: getattr(rig.client, ask)(item[1], cancel=token)) as running:
        rig.server.wait_at_gate("here")
        assert running.cancelled_by(token) < CANCEL_BOUND_S


def test_in_a_back_off(rig: Rig) -> None:
    """The server asked for half a minute's patience."""
    rig.server.set_faults("t-1", [{"status": 503, "retry_after": "30", "always": True}])
    token = WatchedToken()
    with Running(lambda: rig.service.download(rig.source(1), cancel=token)) as running:
        assert token.slept.wait(PATIENCE_S)
        assert running.cancelled_by(token) < CANCEL_BOUND_S
    assert_clean(rig)
    assert len(rig.gets()) == 1


def test_while_another_process_holds_the_track(rig: Rig) -> None:
    """The lock is another process's: the wait for it ends, and nothing was asked of the server."""
    with DownloadService(rig.client, settings=rig.service.settings) as preparing:
        preparing.download(rig.source(2))  # makes the folders
    rig.server.clear_ledger()
    token = WatchedToken()
    with (
        child("hold", lock=str(rig.layout.lock("t-1"))) as holder,
        Running(lambda: rig.service.download(rig.source(1), cancel=token)) as running,
    ):
        for _ in range(3):  # the lock asks the token again and again
            assert token.asked.acquire(timeout=PATIENCE_S)
        assert running.cancelled_by(token) < CANCEL_BOUND_S
        holder.go()
        assert holder.outcome() == "ours"
    assert rig.server.ledger() == []


def test_a_batch_while_another_process_holds_a_track(rig: Rig) -> None:
    """Everything else is had first; then the batch waits for the one track, and can still be cancelled."""
    rig.service.download(rig.source(2))
    token, rest = CancelToken(), threading.Event()

    def listener(event: Event) -> None:
        if isinstance(event, Progress) and event.tracks_done == 7:
            rest.set()

    with (
        child("hold", lock=str(rig.layout.lock("t-1"))),
        Running(lambda: rig.service.download_all(rig.sources, cancel=token, progress=listener)) as running,
    ):
        assert rest.wait(PATIENCE_S)
        assert running.cancelled_by(token) < CANCEL_BOUND_S
    rig.service.close()
    assert chadsdk_threads() == []
    assert rig.gets(1) == []


def test_while_all_connections_are_taken(plain: World, open_rig: OpenRig) -> None:
    """A thread that waits for the one connection of its service is not stuck behind another's stall."""
    rig = open_rig(plain, max_concurrent_downloads=1)
    rig.server.set_faults("t-1", [{"gate": "here", "after": 0.5}])
    first, second = CancelToken(), WatchedToken()
    with Running(lambda: rig.service.download(rig.source(1), cancel=first)) as holder:
        rig.server.wait_at_gate("here")
        with Running(lambda: rig.service.download(rig.source(2), cancel=second)) as waiter:
            for _ in range(4):
                assert second.asked.acquire(timeout=PATIENCE_S)
            assert waiter.cancelled_by(second) < CANCEL_BOUND_S
        assert holder.cancelled_by(first) < CANCEL_BOUND_S
    assert_clean(rig)


def test_while_connecting(rig: Rig) -> None:
    """A server that does not take the connection: the cancel does not wait for the time-out."""
    token = WatchedToken()
    settings = quick(rig.cache)
    with (
        deaf_port() as port,
        ChadMusicAPIClient(f"http://127.0.0.1:{port}", token="t", settings=settings) as client,
        DownloadService(client, settings=settings) as service,
        Running(lambda: service.download(rig.source(1), cancel=token)) as running,
    ):
        # The last that is asked of the token before the socket is opened is whether it can be interrupted.
        assert token.interruptible.wait(PATIENCE_S)
        assert running.cancelled_by(token) < CANCEL_BOUND_S


@pytest.mark.parametrize("https", [False, True], ids=["headers", "handshake"])
def test_while_a_server_trickles(rig: Rig, *, https: bool) -> None:
    """Bytes that come all the time, in the headers and in the TLS handshake, do not keep a cancel waiting."""

    def answer(talk: Talk, _head: str) -> None:
        if https:
            talk.prove_for_ever()
        talk.say(b"HTTP/1.1 200 OK\r\nX-Long: ")
        talk.trickle(b"x")

    token, settings = CancelToken(), quick(rig.cache)
    with bare_server(answer, deaf=https) as server:
        url = server.url.replace("http:", "https:") if https else server.url
        with (
            ChadMusicAPIClient(url, token="t", settings=settings) as client,
            DownloadService(client, settings=settings) as service,
            Running(lambda: service.download(rig.source(1), cancel=token)) as running,
        ):
            assert server.wait_for_request(PATIENCE_S)
            assert running.cancelled_by(token) < CANCEL_BOUND_S
    assert chadsdk_threads() == []


def test_while_a_body_trickles(plain: World, open_rig: OpenRig) -> None:
    """A body above no floor, in mid-trickle."""
    rig = open_rig(plain, min_bytes_per_s=0)
    rig.server.set_faults("t-1", [{"rate": 1000, "gate": "begun", "after": 0.001}])
    token = CancelToken()
    with Running(lambda: rig.service.download(rig.source(1), cancel=token)) as running:
        rig.server.wait_at_gate("begun")
        rig.server.open_gate("begun")
        assert running.cancelled_by(token) < CANCEL_BOUND_S
    assert_clean(rig)


def test_while_a_name_is_looked_up(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that does not answer is left alone with its question."""
    asked, end = threading.Event(), threading.Event()

    def never(*arguments: object, flags: int = 0, **options: object) -> list[object]:
        del arguments, options
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        asked.set()
        end.wait(PATIENCE_S)
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    token, settings = CancelToken(), quick(rig.cache)
    with (
        ChadMusicAPIClient("http://music.invalid", token="t", settings=settings) as client,
        DownloadService(client, settings=settings) as service,
        monkeypatch.context() as patched,
    ):
        patched.setattr(socket, "getaddrinfo", never)
        with Running(lambda: service.download(rig.source(1), cancel=token)) as running:
            assert asked.wait(PATIENCE_S)
            assert running.cancelled_by(token) < CANCEL_BOUND_S
        end.set()
    for thread in threading.enumerate():
        if thread.name == "chadsdk-lookup":
            thread.join(PATIENCE_S)


def test_while_waiting_for_its_turn(plain: World, open_rig: OpenRig) -> None:
    """Capped at a byte per second, the turn for the second piece is minutes away."""
    rig = open_rig(plain, max_bytes_per_s=1)
    token = WatchedToken()
    with Running(lambda: rig.service.download(rig.source(1), cancel=token)) as running:
        assert token.slept.wait(PATIENCE_S)
        assert running.cancelled_by(token) < CANCEL_BOUND_S
    assert_clean(rig)


def test_no_wait_is_looked_at_seldom() -> None:
    """Where a wait looks at the token instead of being woken by it, it looks ten times a second or more."""
    assert max(pool._TICK_S, transport._SLOT_POLL_S, auth._POLL_S) <= 0.1  # noqa: SLF001
    poll_s = inspect.signature(FileLock.acquire).parameters["poll_interval"].default or 0.05
    assert poll_s <= 0.1


def test_before_it_begins(rig: Rig) -> None:
    """A token that is cancelled already: nothing is asked of anybody."""
    token = CancelToken()
    token.cancel()
    for call in (
        lambda: rig.service.download(rig.source(1), cancel=token),
        lambda: rig.service.download_all(rig.sources, cancel=token),
        lambda: rig.service.sizes(rig.sources, cancel=token),
        lambda: rig.client.track("t-1", cancel=token),
    ):
        with pytest.raises(ExportCancelled):
            call()
    assert rig.server.ledger() == []


def test_one_cancel_leaves_the_service_to_others(rig: Rig) -> None:
    """Two batches on one service: cancelling one does not touch the other."""
    rig.server.set_faults("t-1", [{"gate": "mine", "after": 0.5}])
    rig.server.set_faults("t-2", [{"gate": "other", "after": 0.5}])
    token = CancelToken()
    with (
        Running(lambda: rig.service.download_all([rig.source(1)], cancel=token)) as mine,
        Running(lambda: rig.service.download_all([rig.source(2)])) as other,
    ):
        rig.server.wait_at_gate("mine")
        rig.server.wait_at_gate("other")
        mine.cancelled_by(token)
        rig.server.open_gate("other")
        assert len(other.value()) == 1
    assert len(rig.gets(2)) == 1


def test_a_cancelled_batch_can_be_had_again(rig: Rig) -> None:
    """The same service, the same sources, a fresh token: everything comes, and what was had is not had again."""
    rig.server.set_faults("t-8", [{"gate": "here", "after": 0.5}])
    token, seven = CancelToken(), threading.Event()

    def listener(event: Event) -> None:
        if isinstance(event, Progress) and event.tracks_done == 7:
            seven.set()

    with Running(lambda: rig.service.download_all(rig.sources, cancel=token, progress=listener)) as running:
        assert seven.wait(PATIENCE_S)
        rig.server.wait_at_gate("here")
        running.cancelled_by(token)
    assert len(rig.service.download_all(rig.sources)) == 8
    assert [len(rig.gets(number)) for number in range(1, 9)] == [1] * 7 + [2]
