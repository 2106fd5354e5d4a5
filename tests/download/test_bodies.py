"""Bodies by every way into a file: by splice, by buffer, by chunks, to the end of the connection."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import io
import os
import re
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import trustme
import urllib3

from chadsdk import body
from chadsdk.auth import NoCredentials
from chadsdk.body import CountedBody
from chadsdk.cancel import CancelToken
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService
from chadsdk.errors import IntegrityError, TruncatedError
from chadsdk.exchange import Intake, Request
from chadsdk.transport import Transport
from harness.build import plain_world
from harness.process import TlsFiles, running_server
from harness.recording import sha256_of
from tests.download.bare import BareServer, Talk, bare_server
from tests.download.sandbox import refuse_splice
from tests.download.support import CANCEL_BOUND_S, PATIENCE_S, Rig, Running, quick, source_of

KIB = 1024
BODY = bytes(range(251)) * 12_600  # 3 MB in which no two pages are alike
SIZES = [0, 1, 8 * KIB, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 128 * KIB, 1024 * KIB, 1088 * KIB, 3_000_001]
#: What a body's frame is made of: its headers, and how the bytes are said.
FRAMES: dict[str, Callable[[bytes], bytes]] = {
    "counted": lambda data: b"Content-Length: %d\r\n\r\n" % len(data) + data,
    "chunked": lambda data: (
        b"Transfer-Encoding: chunked\r\n\r\n" + (b"%x\r\n%s\r\n" % (len(data), data) if data else b"") + b"0\r\n\r\n"
    ),
    "closed": lambda data: b"Connection: close\r\n\r\n" + data,
    "counted-closed": lambda data: b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(data) + data,
}


def answer(talk: Talk, head: str) -> None:
    """Say so many bytes in such a frame: ``/counted/1000``; ``/cut/1000`` breaks off after half of them."""
    _, frame, size = head.split(" ")[1].split("/")
    data = BODY[: int(size)]
    if frame == "cut":
        talk.say(b"HTTP/1.1 200 OK\r\n" + FRAMES["counted"](data)[: -len(data) // 2])
        raise EOFError
    talk.say(b"HTTP/1.1 200 OK\r\n" + FRAMES[frame](data))
    if frame.endswith("closed"):
        raise EOFError


@pytest.fixture
def server() -> Iterator[BareServer]:
    """A server of any body."""
    with bare_server(answer) as found:
        yield found


@pytest.fixture
def transport(server: BareServer, tmp_path: Path) -> Iterator[Transport]:
    """One connection to it."""
    with Transport(server.url, NoCredentials(), quick(tmp_path / "c"), connections=1) as made:
        yield made


@contextmanager
def target(path: Path, flags: int = 0) -> Iterator[BinaryIO]:
    """An unbuffered file."""
    with open(os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o600), "r+b", buffering=0) as stream:  # noqa: PTH123
        yield stream


def receive(
    transport: Transport, url: str, stream: BinaryIO, *, most: int = len(BODY), digest: Any = None, at: int = 0
) -> int:
    """Take a body, or so much of it, into a file."""
    stream.seek(at)
    with transport.opening(Request(url, "a body"), CancelToken()) as incoming:
        intake = Intake(stream, at, at + most, lambda place: at + most - place, lambda _: None, lambda _: None, digest)
        return incoming.receive(intake)


@pytest.mark.parametrize("way", ["kernel", "buffer"])
@pytest.mark.parametrize("frame", FRAMES)
def test_every_way_brings_the_same_bytes(
    server: BareServer, transport: Transport, tmp_path: Path, frame: str, way: str
) -> None:
    """Whatever the length and the frame, and whether anybody looks at the bytes."""
    for size in SIZES:
        digest = hashlib.sha256() if way == "buffer" else None
        with target(tmp_path / f"{size}") as stream:
            assert receive(transport, f"{server.url}/{frame}/{size}", stream, digest=digest, at=10) == size + 10
            stream.seek(0)
            assert stream.read() == (bytes(10) + BODY[:size] if size else b"")
        assert digest is None or digest.digest() == hashlib.sha256(BODY[:size]).digest()


@pytest.mark.parametrize("cap", [None, 10_000_000])
@pytest.mark.parametrize("buffer_bytes", [8 * KIB, 256 * KIB])
def test_nothing_stays_in_the_buffer_of_http_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, buffer_bytes: int, cap: int | None
) -> None:
    """However large Python makes it, and however few bytes a cap would have read at once."""
    monkeypatch.setattr(io, "DEFAULT_BUFFER_SIZE", buffer_bytes)
    settings = quick(tmp_path / "c", max_bytes_per_s=cap)
    with bare_server(answer) as server, Transport(server.url, NoCredentials(), settings, connections=1000) as transport:
        for number in range(3):
            with target(tmp_path / f"{number}") as stream:
                assert receive(transport, f"{server.url}/counted/300000", stream) == 300_000
            assert (tmp_path / f"{number}").read_bytes() == BODY[:300_000]


@pytest.mark.parametrize("way", ["kernel", "buffer"])
def test_a_connection_serves_again_after_a_whole_body_only(tmp_path: Path, way: str) -> None:
    """Read to its end it is kept; left early it is closed, for the next answer would be the rest of this one."""
    connections: list[int] = []

    def note(talk: Talk, head: str) -> None:
        connections.append(talk.number)
        answer(talk, head)

    settings = quick(tmp_path / "c")
    with bare_server(note) as server, Transport(server.url, NoCredentials(), settings, connections=1) as transport:
        for most in (1_000_000, 1_000_000, 500_000, 1_000_000):
            with target(tmp_path / "f") as stream:
                digest = hashlib.sha256() if way == "buffer" else None
                assert receive(transport, f"{server.url}/counted/1000000", stream, most=most, digest=digest) == most
    assert connections == [1, 1, 1, 2]
    assert (tmp_path / "f").read_bytes() == BODY[:1_000_000]


def test_the_kernel_moves_what_nobody_looks_at(
    server: BareServer, transport: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With today's urllib3 the fast way is taken; this goes red on an upgrade that shuts it."""
    moved: list[int] = []
    splice = os.splice

    def counting(*arguments: Any, **options: Any) -> int:
        moved.append(splice(*arguments, **options))
        return moved[-1]

    monkeypatch.setattr(os, "splice", counting)
    with target(tmp_path / "f") as stream:
        receive(transport, f"{server.url}/counted/3000000", stream)
        assert sum(moved) >= 2 * (3_000_000 - 64 * KIB)  # in and out
        moved.clear()
        receive(transport, f"{server.url}/counted/3000000", stream, digest=hashlib.sha256())
        assert moved == []
    assert (tmp_path / "f").read_bytes() == BODY[:3_000_000]


def test_an_unknown_response_is_left_to_urllib3() -> None:
    """Where urllib3 keeps no reply of http.client any more, there is nothing to take the socket of."""
    response = urllib3.HTTPResponse(io.BytesIO(BODY), preload_content=False)
    assert CountedBody.of(response, asked=100, got=10) is None


def test_a_file_that_cannot_be_spliced_into(server: BareServer, transport: Transport, tmp_path: Path) -> None:
    """The system says EINVAL, as it does of some file systems: the bytes come all the same."""
    with target(tmp_path / "f", os.O_APPEND) as stream:
        receive(transport, f"{server.url}/counted/3000000", stream)
    assert (tmp_path / "f").read_bytes() == BODY[:3_000_000]


def test_a_user_without_pipes_to_spare(
    server: BareServer, transport: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe that may not be made longer is used as it is."""
    monkeypatch.setattr(body, "_PIPE_BYTES", 1 << 31)  # more than the system has for anybody
    with target(tmp_path / "f") as stream:
        receive(transport, f"{server.url}/counted/3000000", stream)
    assert (tmp_path / "f").read_bytes() == BODY[:3_000_000]


@contextmanager
def no_descriptors_left() -> Iterator[None]:
    """Have the system refuse this process every further file, pipe and socket (EMFILE)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open(os.devnull, os.O_RDONLY)  # what the next would get
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_where_no_pipe_is_to_be_had_the_bytes_come_by_the_buffer(
    server: BareServer, transport: Transport, tmp_path: Path
) -> None:
    """A shortage of descriptors while a body is under way costs its speed and not the file."""
    url = f"{server.url}/counted/3000000"
    with target(tmp_path / "f") as stream, transport.opening(Request(url, "a body"), CancelToken()) as incoming:
        intake = Intake(stream, 0, len(BODY), lambda at: len(BODY) - at, lambda _: None, lambda _: None)
        with no_descriptors_left():
            with pytest.raises(OSError, match="Too many open files"):
                os.dup(0)
            assert incoming.receive(intake) == 3_000_000
    assert (tmp_path / "f").read_bytes() == BODY[:3_000_000]


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EACCES], ids=errno.errorcode.get)
def test_a_sandbox_without_splice(server: BareServer, transport: Transport, tmp_path: Path, code: int) -> None:
    """The kernel refuses the call, as seccomp filters of containers have it do: the bytes come by the buffer."""

    def refused() -> None:
        refuse_splice(code)
        out, into = os.pipe()
        try:
            with pytest.raises(OSError, match=re.escape(os.strerror(code))):
                os.splice(out, into, 1)
        finally:
            os.close(out)
            os.close(into)
        before = pipes()
        with target(tmp_path / "f") as stream:
            assert receive(transport, f"{server.url}/counted/3000000", stream, at=10) == 3_000_010
        assert pipes() == before

    with Running(refused) as running:  # on a thread of its own, which never gets out of the sandbox again
        running.value()
    assert (tmp_path / "f").read_bytes() == bytes(10) + BODY[:3_000_000]


def pipes() -> set[str]:
    """The pipes that this process has open."""
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(str(each.readlink()))
    return {name for name in found if name.startswith("pipe:")}


def test_a_file_that_takes_no_more_is_no_fault_of_the_network(server: BareServer, transport: Transport) -> None:
    """What the system says of the file comes out as it is, in mid-splice, and the pipe is gone."""
    before = pipes()
    with open(os.memfd_create("sealed", os.MFD_ALLOW_SEALING), "r+b", buffering=0) as stream:  # noqa: PTH123
        stream.truncate(1_000_000)
        fcntl.fcntl(stream, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
        with pytest.raises(PermissionError):
            receive(transport, f"{server.url}/counted/3000000", stream)
        stream.seek(0)
        assert stream.read(900_000) == BODY[:900_000]
    assert pipes() == before


@pytest.mark.parametrize("digest", [None, hashlib.sha256()], ids=["kernel", "buffer"])
def test_what_came_before_a_cut_is_in_the_file(
    server: BareServer, transport: Transport, tmp_path: Path, digest: Any
) -> None:
    """A connection that ends too early is an error, after its last byte was written."""
    with target(tmp_path / "f") as stream, pytest.raises(TruncatedError):
        receive(transport, f"{server.url}/cut/1000000", stream, digest=digest)
    came = (tmp_path / "f").read_bytes()
    assert 0 < len(came) <= 500_000  # how much the system had passed on by then is its own affair
    assert came == BODY[: len(came)]


@pytest.mark.parametrize("frame", ["chunked", "closed"])
def test_a_surplus_is_not_written(server: BareServer, transport: Transport, tmp_path: Path, frame: str) -> None:
    """One byte more than the end that was said is corrupt."""
    with target(tmp_path / "f") as stream, pytest.raises(IntegrityError):
        receive(transport, f"{server.url}/{frame}/100001", stream, most=100_000)
    assert (tmp_path / "f").stat().st_size == 100_000


@pytest.mark.parametrize("known", [True, False], ids=["buffer", "kernel"])
def test_a_cancel_ends_the_wait_for_bytes(rig: Rig, *, known: bool) -> None:
    """In mid-body, by either way."""
    rig.server.set_faults("t-1", [{"gate": "here", "after": 0.5}])
    source = rig.source(1) if known else rig.source(1, sha256=None, revision=None)
    token = CancelToken()
    with Running(lambda: rig.service.download(source, cancel=token)) as running:
        rig.server.wait_at_gate("here")
        assert running.cancelled_by(token) < CANCEL_BOUND_S
    assert rig.temporaries() == []


class ArmedToken(CancelToken):
    """A token that tells when it was asked for the first time after it was armed."""

    def __init__(self) -> None:
        super().__init__()
        self.armed = False
        self.asked = threading.Event()

    @property
    def cancelled(self) -> bool:
        """See `CancelToken`."""
        found = super().cancelled
        if self.armed:
            self.asked.set()
        return found


def test_what_came_before_a_cancel_is_in_the_file(tmp_path: Path) -> None:
    """A read that was under way for a while gives what it has to the file, and not to nobody."""
    said = threading.Event()

    def stop_short(talk: Talk, _head: str) -> None:
        talk.say(b"HTTP/1.1 200 OK\r\n" + FRAMES["counted"](BODY[:900_000])[:-400_000])
        said.set()
        talk.listen()

    token, settings = ArmedToken(), quick(tmp_path / "c")

    def arm(_head: bytes) -> None:
        token.armed = True

    def fetch(transport: Transport, url: str) -> None:
        with target(tmp_path / "f") as stream, transport.opening(Request(url, "a body"), token) as incoming:
            room = 900_000
            incoming.receive(Intake(stream, 0, room, lambda at: room - at, lambda _: None, arm, hashlib.sha256()))

    with (
        bare_server(stop_short) as server,
        Transport(server.url, NoCredentials(), settings, connections=1) as transport,
        Running(lambda: fetch(transport, server.url)) as running,
    ):
        assert token.asked.wait(PATIENCE_S)  # before the second read, which takes all that follows
        assert said.wait(PATIENCE_S)
        running.cancelled_by(token)
    came = (tmp_path / "f").read_bytes()
    assert 0 < len(came) <= 500_000  # how much the system had passed on by then is its own affair
    assert came == BODY[: len(came)]


@pytest.mark.parametrize("known", [True, False], ids=["digest", "size"])
def test_over_tls(tmp_path: Path, *, known: bool) -> None:
    """The kernel has no plain bytes there: by buffer, in parts too, and one connection serves them all."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    tls = TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "ca.pem")
    certificate.cert_chain_pems[0].write_to_path(tls.certificate)
    certificate.private_key_pem.write_to_path(tls.key)
    authority.cert_pem.write_to_path(tls.authority)
    world = plain_world(tmp_path / "world", [2_000_000, 70_000, 60_000])
    settings = quick(tmp_path / "c", ca_bundle=tls.authority, max_concurrent_downloads=1)
    with (
        running_server(world, tls=tls) as server,
        ChadMusicAPIClient(server.url, token=server.token, settings=settings) as client,
        DownloadService(client, settings=settings) as service,
    ):
        for track in world.tracks:
            source = source_of(track)
            if not known:
                source = Rig(server, client, service).source(int(track.id[2:]), sha256=None, revision=None)
            assert track.recording is not None
            assert sha256_of(service.download(source)) == track.recording.sha256
        assert server.traffic().accepted == 1
