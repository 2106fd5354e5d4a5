"""The way to an origin: proxies of the environment, credentials, and what a route survives."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
import requests.utils

from chadsdk.address import Origin
from chadsdk.route import Route, Routes
from harness.recording import sha256_of
from tests.download.bare import BareServer, Talk, bare_server
from tests.download.support import Rig, child, child_config, quick

HOME = "http://music.invalid"


def answer(talk: Talk, head: str) -> None:
    """Say back the request's Authorization, and which connection it came by."""
    said = [line for line in head.split("\r\n") if line.lower().startswith("authorization:")]
    data = f"{talk.number} {''.join(said)}".encode()
    talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(data), data))


@pytest.fixture
def server() -> Iterator[BareServer]:
    """A server that says what it was told."""
    with bare_server(answer) as found:
        yield found


def ask(route: Route, server: BareServer) -> str:
    """What the server says to a request on this route."""
    response = route.send("GET", f"{server.url}/a?b=c", headers={}, body=None)
    said: str = response.read().decode()
    response.release_conn()
    return said


def connections_to(server: BareServer) -> int:
    """How many this process has."""
    return sum(bool(end.raddr) and end.raddr.port == server.port for end in psutil.Process().net_connections("tcp"))


@pytest.fixture
def routes(server: BareServer, tmp_path: Path) -> Iterator[Routes]:
    """Routes whose home the server is."""
    made = Routes(Origin.of(server.url), quick(tmp_path), connections=1)
    yield made
    made.close()


def test_a_route_is_made_once(server: BareServer, routes: Routes) -> None:
    """The same credentials, the same route, the same connection; query and path go along."""
    home, credentials = Origin.of(server.url), {"Authorization": "Bearer a"}
    first = routes.to(home, credentials)
    assert routes.to(home, dict(credentials)) is first
    assert [ask(first, server), ask(first, server)] == ["1 Authorization: Bearer a"] * 2
    assert server.requests == ["GET /a?b=c HTTP/1.1"] * 2


def test_new_credentials_are_a_new_route(server: BareServer, routes: Routes) -> None:
    """On the connection that is there; the old ones are sent no more."""
    home = Origin.of(server.url)
    assert ask(routes.to(home, {"Authorization": "Bearer a"}), server) == "1 Authorization: Bearer a"
    assert ask(routes.to(home, {"Authorization": "Bearer b"}), server) == "1 Authorization: Bearer b"
    assert ask(routes.to(home, {}), server) == "1 "


def test_credentials_stay_at_home(server: BareServer, tmp_path: Path) -> None:
    """Another origin that is allowed sees none of them; one that nobody allowed has no route."""
    routes = Routes(Origin.of(HOME), quick(tmp_path, cdn_origins=(server.url,)), connections=1)
    origin = Origin.of(server.url)
    assert ask(routes.to(origin, {"Authorization": "Bearer a"}), server) == "1 "
    assert origin in routes
    assert Origin.of("http://evil.invalid") not in routes
    routes.close()


def test_after_a_close_a_new_connection_is_opened(server: BareServer, routes: Routes) -> None:
    """Closing ends the idle connection; the routes can still be used."""
    home = Origin.of(server.url)
    assert ask(routes.to(home, {}), server) == "1 "
    routes.close()
    assert ask(routes.to(home, {}), server) == "2 "


def test_a_route_outlives_a_close(server: BareServer, routes: Routes) -> None:
    """Who was given one just before another thread closes sends over a new connection, which the next close ends."""
    route = routes.to(Origin.of(server.url), {})
    for connection in "1 ", "2 ", "3 ":
        assert ask(route, server) == connection
        routes.close()


def test_a_close_ends_the_idle_connections_to_every_origin(tmp_path: Path) -> None:
    """Though somebody still has a route to each: to close what is idle is not left to the garbage collector."""
    with ExitStack() as stack:
        servers = [stack.enter_context(bare_server(answer)) for _ in range(6)]
        origins = tuple(each.url for each in servers)
        routes = Routes(Origin.of(HOME), quick(tmp_path, cdn_origins=origins), connections=1)
        held = [routes.to(Origin.of(each.url), {}) for each in servers]
        for _ in range(2):  # on one connection each, however many origins there are
            assert [ask(route, each) for route, each in zip(held, servers, strict=True)] == ["1 "] * 6
        routes.close()
        assert not any(map(connections_to, servers))


def test_a_close_lets_a_request_under_way_end(server: BareServer, routes: Routes) -> None:
    """Its answer comes whole; then its connection is closed too."""
    response = routes.to(Origin.of(server.url), {}).send("GET", f"{server.url}/a", headers={}, body=None)
    routes.close()
    assert connections_to(server) == 1
    assert response.read() == b"1 "
    assert connections_to(server) == 0


def test_a_proxy_of_the_environment_is_used(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process with HTTP_PROXY sends whole addresses there; what the proxy brings is checked like anything else."""
    recording = rig.server.world.track("t-1").recording
    assert recording is not None

    def proxy(talk: Talk, _head: str) -> None:
        data = recording.file.read_bytes()
        talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data)

    with bare_server(proxy) as server:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, server.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "")
        with child("download", **child_config(rig, [rig.source(1)], url=HOME)) as process:
            process.go()
            (path,) = process.outcome().values()
        assert sha256_of(Path(path)) == rig.sha256()
        assert server.requests == [f"GET {HOME}/tracks/1/audio.wav HTTP/1.1"]
    assert rig.server.ledger() == []


def test_the_environment_is_read_once(server: BareServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set later is not heard: reading it for each request would cost more than the request."""
    monkeypatch.setattr(os, "environ", {})
    routes = Routes(Origin.of(server.url), quick(tmp_path), connections=1)
    monkeypatch.setattr(os, "environ", {"http_proxy": "http://127.0.0.1:9"})
    assert requests.utils.get_environ_proxies(server.url) == {"http": "http://127.0.0.1:9"}
    assert ask(routes.to(Origin.of(server.url), {}), server) == "1 "
    routes.close()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_has_connections_of_its_own(rig: Rig) -> None:
    """Parent and child both go on with one service, and neither reads the other's answers."""
    rig.service.download(rig.source(1))
    pid = os.fork()
    if not pid:
        code = 1
        try:
            code = 0 if sha256_of(rig.service.download(rig.source(2))) == rig.sha256(2) else 2
        finally:
            os._exit(code)
    assert sha256_of(rig.service.download(rig.source(3))) == rig.sha256(3)
    assert os.waitpid(pid, 0)[1] == 0
    assert rig.server.traffic().accepted == 2
