"""The behaviours of frames and parts show on the wire; `test_behaviours` counts them."""

from __future__ import annotations

import pytest

from harness.process import HarnessError, ServerHandle
from harness.world import FaultEntry, WorldTrack
from tests.harness.raw import End, RawReply, ask, connected

CHUNK = b"c350\r\n"  # 50,000, half a track


def faulty(server: ServerHandle, track: WorldTrack, fault: FaultEntry, **headers: str) -> RawReply:
    server.set_faults(track.id, [fault])
    return ask(server, "GET", track.stream_path, {name.replace("_", "-"): value for name, value in headers.items()})


def opening(server: ServerHandle, track: WorldTrack, fault: FaultEntry, size_bytes: int) -> bytes:
    """So many of the first bytes of a reply, after which the client leaves."""
    server.set_faults(track.id, [fault])
    with connected(server) as client:
        client.send("GET", track.stream_path)
        seen = b""
        while len(seen) < size_bytes:
            seen += client.sock.recv(size_bytes - len(seen))
    return seen


@pytest.mark.parametrize(("how", "end"), [(True, b"0\r\n\r\n"), ("unended", b""), ("bad_size", b"no number\r\n")])
def test_wire_chunked(
    plain_server: ServerHandle, track: WorldTrack, content: bytes, how: bool | str, end: bytes
) -> None:
    """Two chunks and no length; then the last chunk, or a bare end, or what is no size."""
    reply = faulty(plain_server, track, {"chunked": how})
    assert (reply.header("Transfer-Encoding"), reply.header("Content-Length")) == ("chunked", None)
    assert reply.body == CHUNK + content[:50_000] + b"\r\n" + CHUNK + content[50_000:] + b"\r\n" + end
    assert reply.end is End.CLOSED


@pytest.mark.parametrize(
    ("how", "tail"),
    [
        ("endless_size", b"0" * 900_000),
        ("endless_chunks", b"10000\r\n" + bytes(65_536) + b"\r\n10000\r\n"),
        ("endless_trailers", b"0\r\n" + b"X-Trailer: and another\r\n" * 35_000),
    ],
)
def test_wire_chunked_without_an_end(plain_server: ServerHandle, track: WorldTrack, how: str, tail: bytes) -> None:
    """A size line, chunks or trailers that go on as long as somebody reads; the server is free once nobody does."""
    seen = opening(plain_server, track, {"chunked": how}, 1_100_000)
    assert tail in seen
    plain_server.wait_until_idle()


def test_wire_chunked_beside_a_length(plain_server: ServerHandle, track: WorldTrack) -> None:
    """Both headers of one reply, as RFC 9112 (6.3) forbids."""
    reply = faulty(plain_server, track, {"chunked": True, "headers": {"Content-Length": "7"}})
    assert (reply.header("Transfer-Encoding"), reply.body) == ("chunked", b"c350\r\nR")


def test_wire_endless(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """The body, then zeros as long as somebody reads."""
    seen = opening(plain_server, track, {"no_length": True, "endless": True}, 1_000_000)
    assert seen.partition(b"\r\n\r\n")[2][:500_000] == content + bytes(400_000)
    plain_server.wait_until_idle()


@pytest.mark.parametrize(("asked", "seen"), [(None, (0, 60_000)), ("bytes=20000-", (20_000, 60_000))])
def test_wire_cut_at(
    plain_server: ServerHandle, track: WorldTrack, content: bytes, asked: str | None, seen: tuple[int, int]
) -> None:
    """The file ends at the same byte, whatever range was asked; the length says otherwise."""
    reply = faulty(plain_server, track, {"cut_at": 60_000}, **({"Range": asked} if asked else {}))
    assert (reply.body, reply.end) == (content[slice(*seen)], End.CLOSED)
    assert reply.header("Content-Length") == str(100_000 - seen[0])


def test_wire_surplus(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """Behind the body, on the same connection, stands a reply to nothing."""
    surplus = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nevil!"
    plain_server.set_faults(track.id, [{"surplus": surplus}])
    with connected(plain_server) as client:
        assert client.ask("GET", track.stream_path).body == content
        assert client.receive().body == b"evil!"


def test_wire_informational(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """So many interim replies, then the real one, all on one connection."""
    plain_server.set_faults(track.id, [{"informational": 103, "count": 2}])
    with connected(plain_server) as client:
        client.send("GET", track.stream_path)
        seen = b""
        while not seen.endswith(content):
            seen += client.sock.recv(1 << 16)
    assert [line for line in seen.split(b"\r\n") if line.startswith(b"HTTP/")] == [
        b"HTTP/1.1 103 Early Hints",
        b"HTTP/1.1 103 Early Hints",
        b"HTTP/1.1 200 OK",
    ]


def test_wire_informational_without_an_end(plain_server: ServerHandle, track: WorldTrack) -> None:
    """100 Continue as long as somebody reads."""
    seen = opening(plain_server, track, {"informational": 100, "count": "endless"}, 100_000)
    assert seen.count(b"HTTP/1.1 100 Continue\r\n") > 1_000
    plain_server.wait_until_idle()


def test_wire_drip_head(plain_server: ServerHandle, track: WorldTrack) -> None:
    """A status line, and a header that grows."""
    assert opening(plain_server, track, {"drip_head": 0.001}, 40) == b"HTTP/1.1 200 OK\r\nX-Drip: " + b"x" * 15
    plain_server.wait_until_idle()


def test_wire_many_headers(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """As many as asked, as long as asked, beside the usual ones."""
    reply = faulty(plain_server, track, {"many_headers": 150, "bytes": 500})
    assert [value for name, value in reply.headers if name.startswith("X-")] == ["x" * 500] * 150
    assert reply.body == content


def test_wire_raw(plain_server: ServerHandle, track: WorldTrack) -> None:
    """The very text, and an end."""
    assert opening(plain_server, track, {"raw": "ICY 200 OK\r\n\r\n"}, 14) == b"ICY 200 OK\r\n\r\n"


@pytest.mark.parametrize(
    ("fault", "asked", "place", "seen"),
    [
        ({"part": 0, "last": 99}, None, "bytes 0-99/100000", (0, 100)),
        ({"part": 0}, "bytes=500-", "bytes 0-99999/100000", (0, 100_000)),
        ({"part": True, "shift": 1}, "bytes=500-", "bytes 501-99999/100000", (501, 100_000)),
        ({"part": True, "total": 7}, "bytes=500-", "bytes 500-99999/7", (500, 100_000)),
    ],
    ids=["unasked", "from the start", "off by one", "another total"],
)
def test_wire_part(
    plain_server: ServerHandle,
    track: WorldTrack,
    content: bytes,
    fault: dict[str, object],
    asked: str | None,
    place: str,
    seen: tuple[int, int],
) -> None:
    """A 206 of other bytes than were asked for, labelled as what it is, but for the total."""
    reply = faulty(plain_server, track, fault, **({"Range": asked} if asked else {}))
    assert (reply.status, reply.header("Content-Range")) == (206, place)
    assert reply.body == content[slice(*seen)]


def test_wire_multipart(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """One part, wrapped as if it were several."""
    reply = faulty(plain_server, track, "multipart", Range="bytes=500-")
    assert (reply.status, reply.header("Content-Range")) == (206, None)
    assert reply.header("Content-Type") == "multipart/byteranges; boundary=harness-part"
    head, _, body = reply.body.partition(b"\r\n\r\n")
    assert b"Content-Range: bytes 500-99999/100000" in head
    assert body == content[500:] + b"\r\n--harness-part--\r\n"


@pytest.mark.parametrize("value", [False, "half", 1])
def test_chunks_that_end_in_an_unknown_way_are_refused(plain_server: ServerHandle, value: object) -> None:
    """The sentence names the ways."""
    with pytest.raises(HarnessError, match="chunked: expected true or unended"):
        plain_server.set_faults("t-1", [{"chunked": value}])
