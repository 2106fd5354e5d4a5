"""Gates let a test stop the world at a chosen byte, without a sleep."""

from __future__ import annotations

import pytest

from harness.process import HarnessError, ServerHandle
from harness.world import WorldTrack
from tests.harness.raw import connected


def test_a_gate_before_the_headers_holds_everything_back(plain_server: ServerHandle, track: WorldTrack) -> None:
    """Not a byte comes while the request waits; afterwards it is answered as usual."""
    plain_server.set_faults(track.id, [{"gate": "head", "before": "headers"}])
    with connected(plain_server) as client:
        client.send("GET", track.stream_path)
        plain_server.wait_at_gate("head")
        client.sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.sock.recv(1)
        client.sock.settimeout(5)
        plain_server.open_gate("head")
        assert len(client.receive().body) == 100_000


def test_a_gate_counts_who_waits(plain_server: ServerHandle, track: WorldTrack) -> None:
    """The count rises with each request, and falls when they go on."""
    plain_server.set_faults(track.id, [{"gate": "count", "after": 0.1, "times": 2}])
    with connected(plain_server) as one, connected(plain_server) as two:
        one.send("GET", track.stream_path)
        plain_server.wait_at_gate("count", 1)
        two.send("GET", track.stream_path)
        plain_server.wait_at_gate("count", 2)
        plain_server.open_gate("count")
        assert {len(client.receive().body) for client in (one, two)} == {100_000}
    assert plain_server.control("GET", "/__control/gate/count") == {"waiting": 0, "open": True}


def test_an_open_gate_stays_open_until_it_is_shut(plain_server: ServerHandle, track: WorldTrack) -> None:
    """Later requests pass; after shutting, they wait again."""
    plain_server.set_faults(track.id, [{"gate": "door", "always": True}])
    plain_server.open_gate("door")
    with connected(plain_server) as client:
        assert client.ask("GET", track.stream_path).status == 200
        plain_server.shut_gate("door")
        client.send("GET", track.stream_path)
        plain_server.wait_at_gate("door")


def test_a_client_that_leaves_does_not_wait_on(plain_server: ServerHandle, track: WorldTrack) -> None:
    """The server notices that nobody listens any more, and gives the place at the gate up."""
    plain_server.set_faults(track.id, [{"gate": "left", "after": 0.5}])
    with connected(plain_server) as client:
        client.send("GET", track.stream_path)
        plain_server.wait_at_gate("left")
    plain_server.wait_until_idle()
    assert plain_server.control("GET", "/__control/gate/left") == {"waiting": 0, "open": False}


def test_a_wait_for_nobody_ends_with_an_error(plain_server: ServerHandle) -> None:
    """If the requests do not come, the test is told so instead of hanging."""
    with pytest.raises(HarnessError, match="0 instead of 3 wait at the gate lonely"):
        plain_server.wait_at_gate("lonely", 3, timeout_s=0.05)


def test_a_gate_may_have_any_name(plain_server: ServerHandle, track: WorldTrack) -> None:
    """Slashes, blanks and accents in a name lead to the same gate on both sides."""
    plain_server.set_faults(track.id, [{"gate": "a/b é?"}])
    with connected(plain_server) as client:
        client.send("GET", track.stream_path)
        plain_server.wait_at_gate("a/b é?")
        plain_server.open_gate("a/b é?")
        assert client.receive().status == 200
