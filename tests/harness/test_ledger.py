"""The ledger: every request, in the published shape, and nothing else."""

from __future__ import annotations

import threading
from dataclasses import asdict

from harness.process import ServerHandle
from tests.harness.raw import ask, connected


def test_an_entry_has_the_six_published_keys(lone_server: ServerHandle) -> None:
    """Method, path, status, range, kind and whether the token was good; not one key more."""
    ask(lone_server, "GET", "/tracks/1/audio.wav", {"Range": "bytes=5-"})
    expected = {
        "method": "GET",
        "path": "/tracks/1/audio.wav",
        "status": 206,
        "range": "bytes=5-",
        "kind": "audio",
        "authorized": True,
    }
    assert lone_server.control("GET", "/__ledger") == [expected]


def test_the_ledger_needs_no_token_and_no_special_client(lone_server: ServerHandle) -> None:
    """Anybody reads it as a JSON document."""
    reply = ask(lone_server, "GET", "/__ledger", {"Authorization": ""})
    assert (reply.status, reply.header("Content-Type"), reply.body) == (200, "application/json", b"[]")


def test_every_request_is_in_the_ledger_in_order(lone_server: ServerHandle) -> None:
    """Good and bad ones, of every kind; those for the harness itself are not."""
    ask(lone_server, "GET", "/api/playlists/plain?cursor=x")
    ask(lone_server, "HEAD", "/tracks/1/audio.wav", {"Authorization": ""})
    ask(lone_server, "GET", "/__ledger")
    ask(lone_server, "GET", "/__control/traffic")
    ask(lone_server, "GET", "/tracks/99/audio.wav")
    ask(lone_server, "PUT", "/nowhere")
    seen = [(entry.method, entry.path, entry.status, entry.kind, entry.authorized) for entry in lone_server.ledger()]
    assert seen == [
        ("GET", "/api/playlists/plain?cursor=x", 400, "api", True),
        ("HEAD", "/tracks/1/audio.wav", 401, "audio", False),
        ("GET", "/tracks/99/audio.wav", 404, "audio", True),
        ("PUT", "/nowhere", 404, "api", True),
    ]


def test_audio_gets_are_the_downloads(lone_server: ServerHandle) -> None:
    """`audio_gets` leaves out HEADs and the API."""
    for method, path in (("HEAD", "/tracks/1/audio.wav"), ("GET", "/api/tracks/t-1"), ("GET", "/tracks/2/audio.wav")):
        ask(lone_server, method, path)
    assert [entry.path for entry in lone_server.audio_gets()] == ["/tracks/2/audio.wav"]


def test_a_request_that_waits_is_in_the_ledger_already(lone_server: ServerHandle) -> None:
    """Before its status is sent an entry has none."""
    lone_server.set_faults("t-1", [{"gate": "g", "before": "headers"}])
    with connected(lone_server) as client:
        client.send("GET", "/tracks/1/audio.wav")
        lone_server.wait_at_gate("g")
        assert [entry.status for entry in lone_server.ledger()] == [None]
        lone_server.open_gate("g")
        assert client.receive().status == 200
    assert [entry.status for entry in lone_server.ledger()] == [200]


def test_requests_are_noted_with_their_headers(lone_server: ServerHandle) -> None:
    """A test can see which credentials and which encodings a client sent where."""
    ask(lone_server, "GET", "/tracks/1/audio.wav", {"Accept-Encoding": "identity", "X-Two": "b"})
    (noted,) = lone_server.requests()
    assert (noted.method, noted.target) == ("GET", "/tracks/1/audio.wav")
    assert noted.headers["authorization"] == f"Bearer {lone_server.token}"
    assert (noted.headers["accept-encoding"], noted.headers["x-two"]) == ("identity", "b")


def test_the_ledger_can_be_cleared(lone_server: ServerHandle) -> None:
    """Afterwards only what comes later is in it."""
    ask(lone_server, "GET", "/api/tracks/t-1")
    lone_server.clear_ledger()
    assert (lone_server.ledger(), lone_server.requests()) == ([], [])


def test_traffic_knows_how_many_came_at_once(lone_server: ServerHandle) -> None:
    """The peak of connections and streams is counted while they are under way, and can be forgotten."""
    lone_server.set_faults("t-1", [{"gate": "g", "after": 0.5, "times": 3}])
    with connected(lone_server) as one, connected(lone_server) as two, connected(lone_server) as three:
        for client in (one, two, three):
            client.send("GET", "/tracks/1/audio.wav")
        lone_server.wait_at_gate("g", 3)
        expected = {"connections": 3, "peak_connections": 3, "accepted": 3, "streams": 3, "peak_streams": 3}
        assert asdict(lone_server.traffic()) == expected
        lone_server.open_gate("g")
        assert {len(client.receive().body) for client in (one, two, three)} == {2_000}
    lone_server.wait_until_idle()
    lone_server.forget_peaks()
    assert lone_server.traffic().peak_connections == 0


def test_the_ledger_counts_every_one_of_many_threads(lone_server: ServerHandle) -> None:
    """Requests of 8 connections at once are all in it."""

    def ask_often() -> None:
        with connected(lone_server) as client:
            for _ in range(25):
                assert client.ask("GET", "/tracks/2/audio.wav").status == 200

    threads = [threading.Thread(target=ask_often) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lone_server.audio_gets()) == 200
