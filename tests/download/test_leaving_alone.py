"""Asking again, and leaving alone: connections that died while they were idle, and servers that want a pause."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chadsdk.auth import NoCredentials
from chadsdk.cancel import CancelToken
from chadsdk.download import Fetched, Unavailable
from chadsdk.errors import NetworkError, RateLimitedError, Reason
from chadsdk.exchange import Request
from chadsdk.transport import Transport
from harness.recording import sha256_of
from harness.world import World
from tests.download.bare import Talk, bare_server
from tests.download.conftest import OpenRig
from tests.download.support import CANCEL_BOUND_S, PATIENCE_S, Rig, Running, WatchedToken, quick

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("fault", ["hang_up", {"reset": True}], ids=["closed", "reset"])
def test_an_idle_connection_that_died_costs_no_attempt(plain: World, open_rig: OpenRig, fault: object) -> None:
    """The request is sent again at once, with one attempt allowed."""
    rig = open_rig(plain, attempts=1)
    rig.service.download(rig.source(1))
    rig.server.set_faults("t-2", [fault])  # type: ignore[list-item]
    assert sha256_of(rig.service.download(rig.source(2))) == rig.sha256(2)
    assert len(rig.gets(2)) == 2


def test_all_idle_connections_may_be_dead(tmp_path: Path) -> None:
    """Four that idled until the server let go of them: the next four requests succeed at their first attempt."""
    together = threading.Barrier(4)
    served: set[int] = set()

    def answer(talk: Talk, _head: str) -> None:
        if len(served) < 4:
            together.wait(PATIENCE_S)
        elif talk.number in served:
            raise EOFError
        served.add(talk.number)
        talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def ask(name: str) -> bytes:
        return transport.fetch_bytes(Request(server.url, name), CancelToken(), limit_bytes=9)

    with (
        bare_server(answer) as server,
        Transport(server.url, NoCredentials(), quick(tmp_path), connections=4) as transport,
        ThreadPoolExecutor(4) as pool,
    ):
        assert list(pool.map(ask, "abcd")) == [b"ok"] * 4
        assert list(pool.map(ask, "efgh")) == [b"ok"] * 4
        assert len(server.requests) > 8


def test_a_new_connection_that_dies_is_a_failure(plain: World, open_rig: OpenRig) -> None:
    """It was never idle: the attempt is spent."""
    rig = open_rig(plain, attempts=1)
    rig.server.set_faults("t-1", ["hang_up"])
    with pytest.raises(NetworkError):
        rig.service.download(rig.source(1))
    assert len(rig.gets(1)) == 1


@pytest.mark.parametrize(("method", "requests"), [("GET", 3), ("HEAD", 3), ("POST", 2)])
def test_only_what_is_safe_is_sent_twice(tmp_path: Path, method: str, requests: int) -> None:
    """A POST may have been acted upon before the connection died."""

    def answer(talk: Talk, _head: str) -> None:
        if len(server.requests) == 2:
            raise EOFError
        talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with (
        bare_server(answer) as server,
        Transport(server.url, NoCredentials(), quick(tmp_path), connections=2) as transport,
    ):
        transport.fetch_bytes(Request(server.url, "a"), CancelToken(), limit_bytes=9)
        second = Request(server.url, "b", method=method)
        if method == "POST":
            with pytest.raises(NetworkError):
                transport.fetch_bytes(second, CancelToken(), limit_bytes=9)
        else:
            assert transport.fetch_bytes(second, CancelToken(), limit_bytes=9) == b""
        assert len(server.requests) == requests


def test_a_server_that_drops_every_second_request_does_not_keep_us(tmp_path: Path) -> None:
    """Sending again has an end: it fails once more connections died than there may be."""

    def answer(talk: Talk, _head: str) -> None:
        if len(server.requests) > 1:
            raise EOFError
        talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with (
        bare_server(answer) as server,
        Transport(server.url, NoCredentials(), quick(tmp_path), connections=3) as transport,
    ):
        transport.fetch_bytes(Request(server.url, "a"), CancelToken(), limit_bytes=9)
        with pytest.raises(NetworkError):
            transport.fetch_bytes(Request(server.url, "b"), CancelToken(), limit_bytes=9)
        assert 2 < len(server.requests) <= 1 + 4


@pytest.mark.parametrize("status", [429, 503])
def test_one_that_is_told_to_wait_makes_all_wait(rig: Rig, status: int) -> None:
    """While one download waits, another of the same service is not even asked for; then both are had."""
    rig.server.set_faults("t-1", [{"status": status, "retry_after": "1"}])
    first, second = WatchedToken(), WatchedToken()
    with Running(lambda: rig.service.download(rig.source(1), cancel=first)) as one:
        assert first.slept.wait(PATIENCE_S)
        with Running(lambda: rig.service.download(rig.source(2), cancel=second)) as other:
            assert second.slept.wait(PATIENCE_S)
            assert rig.gets(2) == []
            assert sha256_of(other.value()) == rig.sha256(2)
        assert sha256_of(one.value()) == rig.sha256(1)
    assert (len(rig.gets(1)), len(rig.gets(2))) == (2, 1)


def test_questions_of_size_wait_too(rig: Rig) -> None:
    """A HEAD is a request like any other; it waits, and gets its answer."""
    rig.server.set_faults("t-1", [{"status": 429, "retry_after": "1"}])
    first, second = WatchedToken(), WatchedToken()
    with Running(lambda: rig.service.download(rig.source(1), cancel=first)) as one:
        assert first.slept.wait(PATIENCE_S)
        with Running(lambda: rig.service.sizes([rig.source(2)], cancel=second)) as other:
            assert list(other.value().values()) == [400_000]
        one.value()
    statuses = [entry.status for entry in rig.server.ledger()]
    assert statuses == [429, *[200] * 2]
    assert len(rig.gets(1)) == 2


def test_more_patience_than_we_have_is_asked_of_all(rig: Rig) -> None:
    """One track is told to come back in an hour: the batch ends at once, and no other track is asked for in vain."""
    rig.server.set_faults("t-1", [{"status": 429, "retry_after": "3600", "always": True}])
    with pytest.raises(RateLimitedError):
        rig.service.download(rig.source(1))
    outcomes = rig.service.download_all(rig.sources)
    assert {outcome.reason for outcome in outcomes.values() if isinstance(outcome, Unavailable)} == {
        Reason.RATE_LIMITED
    }
    assert len(outcomes) == 8
    assert rig.service.sizes([rig.source(3)]) == {rig.source(3): None}
    assert len(rig.server.ledger()) == 1


@pytest.mark.parametrize(
    "fault", [{"status": 500, "retry_after": "3600"}, {"status": 404, "retry_after": "3600"}, {"status": 429}]
)
def test_what_speaks_of_one_track_stops_no_other(rig: Rig, fault: dict[str, object]) -> None:
    """Another status, or none of a time, is the one request's own matter."""
    rig.server.set_faults("t-1", [{**fault, "always": True}])
    outcomes = rig.service.download_all(rig.sources)
    assert sum(isinstance(outcome, Fetched) for outcome in outcomes.values()) == 7


def test_a_pause_that_was_waited_for_is_not_asked_again(plain: World, open_rig: OpenRig) -> None:
    """Whoever waited for another and is then told to wait itself has used up that much of its patience."""
    rig = open_rig(plain, retry_after_max_s=2, retry_after_total_s=2)
    rig.server.set_faults("t-1", [{"status": 429, "retry_after": "1"}])
    rig.server.set_faults("t-2", [{"status": 503, "retry_after": "2", "always": True}])
    token = WatchedToken()
    with Running(lambda: rig.service.download(rig.source(1), cancel=token)) as one:
        assert token.slept.wait(PATIENCE_S)
        with pytest.raises(RateLimitedError, match="longer than we wait"):
            rig.service.download(rig.source(2))
        assert len(rig.gets(2)) == 1
        token.cancel()
        one.join()


def test_a_pause_is_cancelled_like_any_wait(rig: Rig) -> None:
    """A download that waits because of another's answer ends at once."""
    rig.server.set_faults("t-1", [{"status": 429, "retry_after": "30", "always": True}])
    first, second = WatchedToken(), WatchedToken()
    with Running(lambda: rig.service.download(rig.source(1), cancel=first)) as one:
        assert first.slept.wait(PATIENCE_S)
        with Running(lambda: rig.service.download(rig.source(2), cancel=second)) as other:
            assert second.slept.wait(PATIENCE_S)
            assert other.cancelled_by(second) < CANCEL_BOUND_S
        assert one.cancelled_by(first) < CANCEL_BOUND_S
    assert rig.gets(2) == []


def test_workers_that_race_to_a_gate(plain: World, open_rig: OpenRig) -> None:
    """Four are told to wait at the same moment: the others of the batch come after it, and all are had."""
    rig = open_rig(plain)
    for number in range(1, 5):
        fault = {"status": 503, "retry_after": "1", "gate": "busy", "before": "headers"}
        rig.server.set_faults(f"t-{number}", [fault])
    with Running(lambda: rig.service.download_all(rig.sources)) as running:
        rig.server.wait_at_gate("busy", 4)
        rig.server.open_gate("busy")
        assert all(isinstance(outcome, Fetched) for outcome in running.value().values())
    statuses = [entry.status for entry in rig.server.audio_gets()]
    assert statuses == [503] * 4 + [200] * 8
