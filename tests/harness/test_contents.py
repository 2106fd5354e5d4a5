"""The behaviours of contents show on the wire; `test_behaviours` counts them."""

from __future__ import annotations

import gzip

from harness.process import ServerHandle
from harness.world import WorldTrack
from tests.harness.raw import ask
from tests.harness.test_framing import faulty

MIB = 1024 * 1024


def test_wire_wrong_bytes(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """Exactly one bit differs; everything else, digest and length included, looks right."""
    reply = faulty(plain_server, track, {"wrong_bytes": 0.25})
    different = [at for at, (sent, true) in enumerate(zip(reply.body, content, strict=True)) if sent != true]
    assert different == [24_999]
    assert (reply.body[24_999] ^ content[24_999]).bit_count() == 1


def test_wire_wrong_bytes_of_a_range(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """The same bit is wrong in a part that holds it, and none in a part that does not."""
    plain_server.set_faults(track.id, [{"wrong_bytes": 0.25, "times": 2}])
    held = ask(plain_server, "GET", track.stream_path, {"Range": "bytes=24999-25000"}).body
    assert held == bytes([content[24_999] ^ 1, content[25_000]])
    assert ask(plain_server, "GET", track.stream_path, {"Range": "bytes=25000-"}).body == content[25_000:]


def test_wire_duplicate(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """4096 bytes stand there twice, what follows is shifted, and the length is the right one."""
    reply = faulty(plain_server, track, {"duplicate": 0.5})
    assert reply.body == content[:54_096] + content[50_000:95_904]
    assert reply.header("Content-Length") == "100000"


def test_wire_gzip(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """The whole, really compressed, with the length of that."""
    reply = faulty(plain_server, track, "gzip", Range="bytes=5-")
    assert (reply.status, reply.header("Content-Encoding")) == (200, "gzip")
    assert gzip.decompress(reply.body) == content


def test_wire_bomb(plain_server: ServerHandle, track: WorldTrack) -> None:
    """A small body that says gzip, and unpacks to as many MiB as asked."""
    reply = faulty(plain_server, track, {"bomb": 8})
    assert (reply.status, reply.header("Content-Encoding")) == (200, "gzip")
    assert len(reply.body) < 16_384
    assert gzip.decompress(reply.body) == bytes(8 * MIB)
