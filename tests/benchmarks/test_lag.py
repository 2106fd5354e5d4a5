"""The delaying proxy: it delays each direction, and passes every byte whole and in order."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.servers.lag import RECEIVE_BYTES, lagging

DELAY_S = 0.1
BODY = random.Random(1).randbytes(64 * RECEIVE_BYTES + 17)
PATIENCE_S = 10.0


@contextmanager
def echo() -> Iterator[int]:
    """A server that sends back what it gets, until the client's end."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            with sock:
                while data := sock.recv(64 * 1024):
                    sock.sendall(data)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE_S)


@pytest.fixture
def client() -> Iterator[socket.socket]:
    """A connection to an echo behind a proxy."""
    with (
        echo() as port,
        lagging(port, delay_s=DELAY_S) as near,
        socket.create_connection(("127.0.0.1", near), timeout=PATIENCE_S) as sock,
    ):
        yield sock


def test_an_exchange_takes_the_delay_twice(client: socket.socket) -> None:
    """Once there, once back, on a connection that is open."""
    for _ in range(2):
        started = time.monotonic()
        client.sendall(b"x")
        assert client.recv(1) == b"x"
        assert time.monotonic() - started >= 2 * DELAY_S


def test_bytes_pass_whole_and_in_order(client: socket.socket) -> None:
    """Megabytes in both directions at once, and the end of each direction after its last byte."""
    assert echoed(client) == BODY


def test_the_delay_is_no_bandwidth(client: socket.socket) -> None:
    """Pieces are under way together: a body of 64 of them and more takes far less than 64 delays."""
    started = time.monotonic()
    echoed(client)
    assert time.monotonic() - started < len(BODY) // RECEIVE_BYTES * DELAY_S


def echoed(client: socket.socket) -> bytes:
    """Send the body while its echo comes back."""

    def send() -> None:
        client.sendall(BODY)
        client.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    got = bytearray()
    while data := client.recv(RECEIVE_BYTES):
        got += data
    sender.join(PATIENCE_S)
    return bytes(got)
