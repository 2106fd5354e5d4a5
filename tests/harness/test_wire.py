"""The server speaks HTTP/1.1 on its connections."""

from __future__ import annotations

import pytest

from harness.process import ServerHandle
from harness.world import WorldTrack
from tests.harness.raw import End, connected


def test_a_connection_serves_many_requests(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """Keep-alive: audio, API and errors follow each other on one connection."""
    with connected(plain_server) as client:
        for _ in range(3):
            assert client.ask("GET", track.stream_path).body == content
            assert client.ask("GET", f"/api/tracks/{track.id}").status == 200
            assert client.ask("GET", "/nowhere").status == 404
            assert client.ask("HEAD", track.stream_path).status == 200


def test_requests_sent_at_once_are_answered_in_order(plain_server: ServerHandle, track: WorldTrack) -> None:
    """Pipelined requests each get their own reply."""
    with connected(plain_server) as client:
        for first in (10, 20, 30):
            client.send("GET", track.stream_path, {"Range": f"bytes={first}-{first}"})
        ranges = [client.receive().header("Content-Range") for _ in range(3)]
    assert ranges == [f"bytes {first}-{first}/100000" for first in (10, 20, 30)]


def test_a_request_may_come_in_bits(plain_server: ServerHandle, track: WorldTrack) -> None:
    """A head that arrives byte by byte is one request."""
    head = f"HEAD {track.stream_path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {plain_server.token}\r\n\r\n"
    with connected(plain_server) as client:
        for byte in head.encode():
            client.sock.sendall(bytes([byte]))
        assert client.receive(head_only=True).status == 200


def test_a_head_reply_has_no_body(plain_server: ServerHandle, track: WorldTrack) -> None:
    """HEAD tells the length of the body and sends none of it; the next reply follows at once."""
    with connected(plain_server) as client:
        reply = client.ask("HEAD", track.stream_path)
        assert reply.header("Content-Length") == "100000"
        assert client.ask("GET", "/nowhere").status == 404


def test_a_client_that_wants_to_close_is_obeyed(plain_server: ServerHandle, track: WorldTrack) -> None:
    """``Connection: close`` ends the connection behind the whole body, and the reply says so."""
    with connected(plain_server) as client:
        reply = client.ask("GET", track.stream_path, {"Connection": "close"})
        assert (reply.end, reply.header("Connection")) == (End.LENGTH, "close")
        assert client.is_over()


def test_http_1_0_closes(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """A client of HTTP/1.0 gets one reply and the end of the connection."""
    authorization = f"Authorization: Bearer {plain_server.token}"
    with connected(plain_server) as client:
        client.sock.sendall(f"GET {track.stream_path} HTTP/1.0\r\n{authorization}\r\n\r\n".encode())
        assert client.receive().body == content
        assert client.is_over()


def test_a_client_may_ask_before_it_sends_a_body(lone_server: ServerHandle) -> None:
    """``Expect: 100-continue`` is answered with 100 before the body is read."""
    body = b'{"refreshToken": "wrong"}'
    head = f"POST /api/auth/refresh HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    with connected(lone_server) as client:
        client.sock.sendall(head.encode())
        assert client.sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sock.sendall(body)
        assert client.receive().status == 401


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /api/tracks/t-1\r\n\r\n", 400),
        (b"GET /api/tracks/t-1 HTTP/2.0\r\nHost: x\r\n\r\n", 400),
        (b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 70_000, 431),
    ],
)
def test_a_bad_request_is_refused_and_the_connection_closed(
    plain_server: ServerHandle, request_bytes: bytes, status: int
) -> None:
    """What is no request gets a status that says so, and nothing more is read."""
    with connected(plain_server) as client:
        client.sock.sendall(request_bytes)
        reply = client.receive()
        assert (reply.status, reply.header("Connection")) == (status, "close")
        assert b'"message"' in reply.body
        assert client.is_over()
