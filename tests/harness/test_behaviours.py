"""Each behaviour shows on the wire; those of frames and parts in `test_framing`, of contents in `test_contents`.

A test named ``test_wire_<behaviour>…`` stands for the behaviour; the last test counts them.
"""

from __future__ import annotations

import json
import time

import pytest

from harness.process import HarnessError, ServerHandle
from harness.server.behaviours import BEHAVIOURS, LOGIN_PAGE
from harness.world import FaultEntry, WorldTrack
from tests.harness import test_contents, test_framing
from tests.harness.raw import End, RawReply, ask, connected


def get(server: ServerHandle, track: WorldTrack, **headers: str) -> RawReply:
    return ask(server, "GET", track.stream_path, {name.replace("_", "-"): value for name, value in headers.items()})


def faulty(server: ServerHandle, track: WorldTrack, fault: FaultEntry, **headers: str) -> RawReply:
    server.set_faults(track.id, [fault])
    return get(server, track, **headers)


def test_wire_status(plain_server: ServerHandle, track: WorldTrack) -> None:
    """The status, its Retry-After as it stands, an error document, and a connection that lives on."""
    plain_server.set_faults(track.id, [{"status": 503, "retry_after": "soon", "code": "busy", "message": "Later."}])
    with connected(plain_server) as client:
        reply = client.ask("GET", track.stream_path)
        assert (reply.status, reply.header("Retry-After")) == (503, "soon")
        assert json.loads(reply.body) == {"error": {"code": "busy", "message": "Later."}}
        assert client.ask("GET", track.stream_path).status == 200


def test_wire_status_without_a_body(plain_server: ServerHandle, track: WorldTrack) -> None:
    """204 has neither a length nor a body (RFC 9110, 15.3.5), and the connection lives on."""
    plain_server.set_faults(track.id, [{"status": 204}])
    with connected(plain_server) as client:
        reply = client.ask("GET", track.stream_path)
        assert (reply.status, reply.header("Content-Length"), reply.body) == (204, None, b"")
        assert client.ask("GET", track.stream_path).status == 200


def test_wire_redirect(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """The Location and the code that were asked for; followed, it leads to the bytes."""
    fault = {"redirect": f"/open{track.stream_path}", "code": 307}
    reply = faulty(plain_server, track, fault)
    assert reply.status == 307
    assert ask(plain_server, "GET", str(reply.header("Location")), {"Authorization": ""}).body == content


def test_wire_body(plain_server: ServerHandle) -> None:
    """Any text in place of an API reply, as often as asked, under its status and a type of choice."""
    plain_server.set_faults("/api/tracks/t-1", [{"body": '{"id": ', "repeat": 3, "content_type": "text/json"}])
    reply = ask(plain_server, "GET", "/api/tracks/t-1")
    assert (reply.status, reply.body, reply.header("Content-Type")) == (200, b'{"id": ' * 3, "text/json")


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "audio/mpeg"])
def test_wire_html(plain_server: ServerHandle, track: WorldTrack, content_type: str) -> None:
    """A login page under 200, whatever it calls itself."""
    reply = faulty(plain_server, track, {"html": content_type}, Range="bytes=5-")
    assert (reply.status, reply.body, reply.header("Content-Type")) == (200, LOGIN_PAGE, content_type)


def test_wire_empty(plain_server: ServerHandle, track: WorldTrack) -> None:
    """200, a length of 0, and the audio's own type."""
    reply = faulty(plain_server, track, "empty", Range="bytes=5-")
    assert (reply.status, reply.header("Content-Length"), reply.body) == (200, "0", b"")
    assert (reply.header("Content-Type"), reply.header("Content-Range")) == ("audio/wav", None)


def test_wire_cut_body(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """The whole length is announced, a share of it comes, then a clean end of the connection."""
    reply = faulty(plain_server, track, {"cut_body": 0.4})
    assert (reply.status, reply.header("Content-Length")) == (200, "100000")
    assert (reply.body, reply.end) == (content[:40_000], End.CLOSED)


def test_wire_cut_body_of_a_range(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """Of a part, the share is the part's."""
    reply = faulty(plain_server, track, {"cut_body": 0.5}, Range="bytes=20000-")
    assert (reply.status, reply.header("Content-Length")) == (206, "80000")
    assert reply.body == content[20_000:60_000]


def test_wire_reset(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """The share arrives, then the connection breaks instead of ending."""
    reply = faulty(plain_server, track, {"reset": 0.3})
    assert (reply.status, reply.body, reply.end) == (200, content[:30_000], End.RESET)


def test_wire_reset_of_a_slow_client(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """The reset waits until what was sent before has arrived, however slowly it is read."""
    plain_server.set_faults(track.id, [{"reset": 0.9}])
    with connected(plain_server, buffer_bytes=4_096) as client:
        client.send("GET", track.stream_path)
        with pytest.raises(HarnessError, match="still open"):
            plain_server.wait_until_idle(timeout_s=0.2)
        reply = client.receive()
    assert (reply.body, reply.end) == (content[:90_000], End.RESET)


def test_wire_reset_before_the_head(plain_server: ServerHandle, track: WorldTrack) -> None:
    """Not a byte comes, and the ledger has no status."""
    reply = faulty(plain_server, track, "reset")
    assert (reply.status, reply.end) == (0, End.RESET)
    assert plain_server.ledger()[-1].status is None


def test_wire_hang_up(plain_server: ServerHandle, track: WorldTrack) -> None:
    """The connection ends properly without a word, and the ledger has no status."""
    reply = faulty(plain_server, track, "hang_up")
    assert (reply.status, reply.end, reply.body) == (0, End.CLOSED, b"")
    assert plain_server.ledger()[-1].status is None


def test_wire_gate(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """The share before the gate arrives while the rest waits for it."""
    plain_server.set_faults(track.id, [{"gate": "half", "after": 0.5}])
    with connected(plain_server) as client:
        client.send("GET", track.stream_path)
        plain_server.wait_at_gate("half")
        early = b""
        while not early.endswith(content[:50_000]):
            early += client.sock.recv(1 << 16)
        plain_server.open_gate("half")
        late = b""
        while len(late) < 50_000:
            late += client.sock.recv(1 << 16)
    assert late == content[50_000:]


def test_wire_rate(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """The body takes the time that its pace says, and is whole."""
    started = time.monotonic()
    reply = faulty(plain_server, track, {"rate": 400_000})
    assert reply.body == content
    assert 0.15 < time.monotonic() - started < 2.0


def test_wire_rate_after_a_share(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """The share comes at once; of the rest the pace gives next to nothing."""
    plain_server.set_faults(track.id, [{"rate": 1, "slow_after": 0.5}])
    with connected(plain_server) as client:
        client.send("GET", track.stream_path)
        seen = b""
        while len(seen.partition(b"\r\n\r\n")[2]) < 50_000:
            seen += client.sock.recv(1 << 16)
    body = seen.partition(b"\r\n\r\n")[2]
    assert content.startswith(body)
    assert len(body) < 50_010


def test_wire_no_length(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """No length and no chunks: the body ends where the connection does."""
    reply = faulty(plain_server, track, "no_length")
    assert (reply.header("Content-Length"), reply.header("Transfer-Encoding")) == (None, None)
    assert (reply.body, reply.end, reply.header("Connection")) == (content, End.CLOSED, "close")


@pytest.mark.parametrize(("said", "seen"), [(99_000, 99_000), (101_000, 100_000)])
def test_wire_length(plain_server: ServerHandle, track: WorldTrack, content: bytes, said: int, seen: int) -> None:
    """A length that is not the body's: too short hides a tail, too long is never reached."""
    reply = faulty(plain_server, track, {"length": said})
    assert (reply.header("Content-Length"), reply.body) == (str(said), content[:seen])


def test_wire_etag(plain_server: ServerHandle, track: WorldTrack) -> None:
    """A new version: the new tag, and If-Range with the old one gets everything."""
    old = get(plain_server, track).header("ETag")
    reply = faulty(plain_server, track, {"etag": "v2"}, Range="bytes=5-", If_Range=str(old))
    assert (reply.status, reply.header("ETag"), len(reply.body)) == (200, '"v2"', 100_000)


def test_wire_etag_that_lies(plain_server: ServerHandle, track: WorldTrack) -> None:
    """With `lie` the part is served although the tag is another one, as by a server that ignores If-Range."""
    old = get(plain_server, track).header("ETag")
    reply = faulty(plain_server, track, {"etag": "v2", "lie": True}, Range="bytes=5-", If_Range=str(old))
    assert (reply.status, reply.header("ETag")) == (206, '"v2"')


@pytest.mark.parametrize(("said", "seen"), [(None, None), ('W/"v2"', 'W/"v2"')])
def test_wire_etag_that_is_weak_or_absent(
    plain_server: ServerHandle, track: WorldTrack, said: str | None, seen: str | None
) -> None:
    """A weak tag goes out as it is, null sends none."""
    assert faulty(plain_server, track, {"etag": said}).header("ETag") == seen


def test_wire_no_range(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """A range is answered with 200, everything, and no Accept-Ranges."""
    reply = faulty(plain_server, track, "no_range", Range="bytes=5-")
    assert (reply.status, reply.body, reply.header("Accept-Ranges")) == (200, content, None)


def test_wire_headers(plain_server: ServerHandle, track: WorldTrack) -> None:
    """Headers are replaced, added, with null left out, and sent twice where an array says so."""
    fault = {"headers": {"content-type": "audio/x-odd", "X-New": "ü", "Accept-Ranges": None, "X-Two": ["1", "2"]}}
    reply = faulty(plain_server, track, fault)
    assert (reply.header("Content-Type"), reply.header("X-New")) == ("audio/x-odd", "ü")
    assert reply.header("Accept-Ranges") is None
    assert [value for name, value in reply.headers if name == "X-Two"] == ["1", "2"]


def test_behaviours_of_one_entry_add_up(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """An object may name several; here an unsized body that is cut, with a strange type."""
    fault = {"no_length": True, "cut_body": 0.5, "headers": {"Content-Type": "text/plain"}}
    reply = faulty(plain_server, track, fault)
    assert (reply.header("Content-Length"), reply.header("Content-Type")) == (None, "text/plain")
    assert (reply.body, reply.end) == (content[:50_000], End.CLOSED)


def test_every_behaviour_is_seen_on_the_wire() -> None:
    """No behaviour is registered without a test above, and each explains itself in a sentence."""
    everything = (*globals(), *vars(test_framing), *vars(test_contents))
    tests = [name.removeprefix("test_wire_") for name in everything if name.startswith("test_wire_")]
    unseen = [name for name in BEHAVIOURS if not any(test == name or test.startswith(f"{name}_") for test in tests)]
    assert unseen == []
    assert all(behaviour.explanation.endswith(".") for behaviour in BEHAVIOURS.values())
