"""Rows 41 and 49: compressed bodies, and replies that are meant to fill the memory."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService
from chadsdk.errors import ChadError, DataError, ProtocolError
from chadsdk.source import CloudSource
from tests.download.bare import BareServer, Talk, bare_server
from tests.download.support import final_files, quick

MIB = 1024 * 1024
MOST_GROWTH_BYTES = 32 * MIB
SOURCE = CloudSource("", "t-1", "/tracks/1/audio.wav")
WAV = b"RIFF\x24\x00\x10\x00WAVEfmt " + bytes(1 << 20)


BOMB = gzip.compress(bytes(16 * MIB)) * 64  # a gigabyte of zeros: what stands one after the other unpacks as one
ENCODED = {
    "gzip": ("gzip", gzip.compress(WAV)),
    "gzip that is none": ("gzip", WAV),
    "deflate": ("deflate", zlib.compress(WAV)),
    "a bomb": ("gzip", BOMB),
    "x-gzip": ("x-gzip", BOMB),
    "a bomb in a bomb": ("gzip, gzip", gzip.compress(BOMB)),
    "99 encodings": (", ".join(["gzip"] * 99), BOMB),
    "5000 encodings": (", ".join(["br"] * 5000), BOMB),
    "brotli": ("br", BOMB),
    "zstd": ("zstd", BOMB),
    "unknown": ("rot13", WAV),
    "identity and more": ("identity, gzip", BOMB),
    "not a word": ("\x0b;=,", BOMB),
}


@contextmanager
def little_memory() -> Iterator[None]:
    """The block makes this process no more than 32 MiB larger."""
    before = psutil.Process().memory_info().rss
    yield
    assert psutil.Process().memory_info().rss - before < MOST_GROWTH_BYTES


@contextmanager
def server_of(head: str, body: bytes, *, repeat: int | None = 1) -> Iterator[BareServer]:
    """A server that says this to everything; without `repeat` it goes on with the body for ever."""

    def answer(talk: Talk, _head: str) -> None:
        talk.say(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode("latin-1"))
        if repeat is None:
            talk.trickle(body, pause_s=0)
        for _ in range(repeat or 0):
            talk.say(body)

    with bare_server(answer) as server:
        yield server


@pytest.mark.parametrize(("encoding", "body"), ENCODED.values(), ids=list(ENCODED))
@pytest.mark.parametrize("ask", ["audio", "track"])
def test_row_41_what_is_compressed_is_not_unpacked(tmp_path: Path, encoding: str, body: bytes, ask: str) -> None:
    """Audio or JSON in any encoding but identity: refused after one request, in little memory, with no file."""
    head = f"Content-Type: audio/wav\r\nContent-Length: {len(body)}\r\nContent-Encoding: {encoding}"
    settings = quick(tmp_path / "cache")
    with (
        server_of(head, body) as server,
        ChadMusicAPIClient(server.url, token="t", settings=settings) as client,
        DownloadService(client, settings=settings) as service,
        little_memory(),
        pytest.raises(ProtocolError) as caught,
    ):
        service.download(SOURCE) if ask == "audio" else client.track("t-1")
    assert len(server.requests) == 1
    assert len(str(caught.value)) < 200
    assert final_files(tmp_path / "cache") == []
    assert [path for path in (tmp_path / "cache").rglob("*") if path.suffix in {".tmp", ".part"}] == []


JSONS = {
    "endless blanks": ("", b" " * 65_536, None),
    "an endless list": ("", b"[" * 65_536, None),
    "an endless text": ("", b'{"id": "' + b"x" * 65_536, None),
    "an endless number": ("", b"1" * 65_536, None),
    "endless chunks": ("Transfer-Encoding: chunked", b"10000\r\n" + b" " * 65_536 + b"\r\n", None),
    "200 MB, announced": ("Content-Length: 200000000", b" " * 100_000, 2000),
}


@pytest.mark.parametrize(("head", "body", "repeat"), JSONS.values(), ids=list(JSONS))
def test_row_49_a_reply_that_is_too_long(tmp_path: Path, head: str, body: bytes, repeat: int | None) -> None:
    """No more of it is taken than the cap, once, and in little memory."""
    settings = quick(tmp_path / "cache", max_reply_bytes=4 * MIB)
    with (
        server_of(f"Content-Type: application/json\r\n{head}".rstrip(), body, repeat=repeat) as server,
        ChadMusicAPIClient(server.url, token="t", settings=settings) as client,
        little_memory(),
        pytest.raises(ProtocolError, match="larger than 4194304 bytes"),
    ):
        client.playlist("p")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [b"[" * 1_000_000, b'{"a":' * 500_000, b"1" * 4_000_000, b'"' + b"\\u0000" * 600_000 + b'"', b"[1e999999999]"],
    ids=["lists in lists", "objects in objects", "a number", "a text", "an infinity"],
)
def test_row_49_a_reply_that_is_hard_to_read(tmp_path: Path, body: bytes) -> None:
    """Within the cap, and meant to overflow who reads it: one error about the reply."""
    settings = quick(tmp_path / "cache", max_reply_bytes=4 * MIB)
    with (
        server_of(f"Content-Length: {len(body)}", body) as server,
        ChadMusicAPIClient(server.url, token="t", settings=settings) as client,
        pytest.raises(DataError) as caught,
    ):
        client.playlist("p")
    assert len(server.requests) == 1
    assert len(str(caught.value)) < 300


def test_row_49_an_error_document_without_end(tmp_path: Path) -> None:
    """What comes with a refusal is not read at all."""

    def answer(talk: Talk, _head: str) -> None:
        talk.say(b"HTTP/1.1 404 Not Found\r\n\r\n")
        talk.trickle(b"x" * 65_536, pause_s=0)

    with (
        bare_server(answer) as server,
        ChadMusicAPIClient(server.url, token="t", settings=quick(tmp_path / "cache")) as client,
        little_memory(),
        pytest.raises(ChadError),
    ):
        client.track("t-1")
