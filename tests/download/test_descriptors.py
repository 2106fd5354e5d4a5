"""No batch leaves a descriptor behind: whoever opened it closes it, and the garbage collector has nothing to do."""

from __future__ import annotations

import functools
import gc
import socket
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import urllib3

from chadsdk.address import Origin
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService
from chadsdk.line import Line
from chadsdk.route import Routes
from chadsdk.settings import Settings
from chadsdk.source import CloudSource
from harness.process import ServerHandle, TlsFiles, running_server
from harness.world import World
from tests.download.bare import bare_server, deaf_port
from tests.download.support import PATIENCE_S, Running, WatchedToken, quick, source_of

BATCHES = 3
CONNECTIONS = 4


@contextmanager
def none_left() -> Iterator[None]:
    """Hold that the process has as many descriptors after the block as before, without the collector's help."""
    gc.collect()
    gc.disable()
    try:
        before = psutil.Process().num_fds()
        yield
        assert psutil.Process().num_fds() == before
    finally:
        gc.enable()


@contextmanager
def service_at(url: str, settings: Settings, *, token: str = "t") -> Iterator[DownloadService]:
    """A service that downloads from there."""
    with (
        ChadMusicAPIClient(url, token=token, settings=settings) as client,
        DownloadService(client, settings=settings) as service,
    ):
        yield service


@pytest.fixture(params=["http", "https"])
def server(request: pytest.FixtureRequest, plain: World, tls: TlsFiles) -> Iterator[ServerHandle]:
    """A server of eight tracks."""
    with running_server(plain, tls=tls if request.param == "https" else None) as handle:
        yield handle


def cancel_batches(
    service: DownloadService, batches: Iterable[Sequence[CloudSource]], wait: Callable[[WatchedToken], object]
) -> None:
    """Cancel batches one after the other, each at the moment that is waited for, and close the service after each."""
    for sources in batches:
        token = WatchedToken()
        with Running(functools.partial(service.download_all, sources, cancel=token)) as running:
            wait(token)
            running.cancelled_by(token)
        for source in sources:
            service.forget(source)
        service.close()


@pytest.mark.parametrize("gate", [{"before": "headers"}, {"after": 0.5}], ids=["headers", "body"])
@pytest.mark.parametrize("stalled", [8, 2], ids=["none idle", "two idle"])
def test_cancelled_at_a_stalled_server(
    server: ServerHandle, tls: TlsFiles, tmp_path: Path, gate: dict[str, Any], stalled: int
) -> None:
    """Waiting for headers or in mid-body, on every connection or with others idle in their pool."""
    for number in range(1, stalled + 1):
        server.set_faults(f"t-{number}", [{"gate": "here", **gate, "always": True}])
    sources = [source_of(track) for track in server.world.tracks]
    settings = quick(tmp_path, ca_bundle=tls.authority)
    with none_left(), service_at(server.url, settings, token=server.token) as service:
        cancel_batches(service, [sources] * BATCHES, lambda _: server.wait_at_gate("here", min(stalled, CONNECTIONS)))


def test_cancelled_while_one_file_is_split(server: ServerHandle, tls: TlsFiles, tmp_path: Path) -> None:
    """An owner and three helpers at one file, each with a stream and a connection of its own."""
    tracks = server.world.tracks[:BATCHES]  # another for each, because what came of one is kept
    for track in tracks:
        server.set_faults(track.id, [{"gate": "here", "after": 0.1, "always": True}])
    settings = quick(tmp_path, ca_bundle=tls.authority, min_part_bytes=32 * 1024)
    with none_left(), service_at(server.url, settings, token=server.token) as service:
        cancel_batches(
            service, [[source_of(track)] for track in tracks], lambda _: server.wait_at_gate("here", CONNECTIONS)
        )


def test_cancelled_while_connecting(plain: World, tmp_path: Path) -> None:
    """At a server that does not take the connection."""
    sources = [source_of(track) for track in plain.tracks]
    with none_left(), deaf_port() as port, service_at(f"http://127.0.0.1:{port}", quick(tmp_path)) as service:
        cancel_batches(service, [sources] * BATCHES, lambda token: token.interruptible.wait(PATIENCE_S))


def test_cancelled_in_the_handshake(plain: World, tmp_path: Path) -> None:
    """At a server that takes for ever to prove who it is."""
    sources = [source_of(track) for track in plain.tracks]
    with (
        none_left(),
        bare_server(lambda talk, _: talk.prove_for_ever(), deaf=True) as server,
        service_at(server.url.replace("http:", "https:"), quick(tmp_path)) as service,
    ):
        cancel_batches(service, [sources] * BATCHES, lambda _: server.wait_for_request(PATIENCE_S))


def test_reset_between_connecting_and_the_handshake(tmp_path: Path) -> None:
    """Python makes a TLS socket of the one that is connected, finds it reset, and forgets the new one."""
    steps = iter(["connecting", "connected"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        origin = Origin.of(f"https://127.0.0.1:{listener.getsockname()[1]}")

        def reset() -> None:
            if next(steps) == "connected":
                taken, _ = listener.accept()
                with taken:
                    taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        with (
            none_left(),
            # It is held for as long as the descriptors are counted, and holds what it came through.
            pytest.raises(urllib3.exceptions.ProtocolError) as _caught,
            closing(Routes(origin, quick(tmp_path), connections=1)) as routes,
            Line(reset),
        ):
            routes.to(origin, {}).send("GET", f"{origin}/", headers={}, body=None)
    assert next(steps, None) is None
