"""Rows 36 and 37: what goes along with a redirect, hop by hop, and where names may lead."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from chadsdk.auth import Headers
from chadsdk.cancel import CancelToken
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService
from chadsdk.errors import UnsafeURLError
from chadsdk.source import CloudSource
from harness.process import ServerHandle, running_server
from harness.recording import sha256_of
from harness.world import World
from tests.download.bare import Talk, bare_server
from tests.download.rows import rig_on
from tests.download.support import quick
from tests.security.doors import counting_door

OPEN = "/open/tracks/1/audio.wav"
# All that another origin needs to know of us.
ALLOWED_ELSEWHERE = {"host", "user-agent", "accept", "accept-encoding", "range", "if-range"}


@pytest.fixture(scope="module")
def cdn(plain: World) -> Iterator[ServerHandle]:
    """Another server, which gives audio to everybody."""
    with running_server(plain) as server:
        yield server


class EveryKind:
    """Credentials of every kind that a server client may have: bearer, a vendor's header, a cookie."""

    def __init__(self, token: str) -> None:
        self._token = token

    def headers(self) -> Headers:
        """See `Credentials`."""
        return {
            "Authorization": f"Bearer {self._token}",
            "X-Api-Key": "canary",
            "Cookie": "session=canary",
            "Proxy-Authorization": "Basic canary",
        }

    def accepted(self, headers: Headers) -> None:
        """See `Credentials`."""

    def refresh(self, rejected: Headers, token: CancelToken) -> bool:
        """See `Credentials`."""
        del rejected, token
        return False


def test_row_36_another_origin_hears_no_more_than_it_needs(
    shared: ServerHandle, cdn: ServerHandle, tmp_path: Path
) -> None:
    """Of all headers that the server gets, an allow-list goes to the origin it redirects to; no cookie comes back."""
    settings = quick(tmp_path / "cache", cdn_origins=(cdn.url,))
    shared.set_faults("t-1", [{"redirect": cdn.url + OPEN, "always": True}])
    shared.clear_ledger()
    cdn.clear_ledger()
    cdn.set_faults(OPEN, [{"cut_body": 0.5, "headers": {"Set-Cookie": "canary=1; Path=/"}}])
    with (
        ChadMusicAPIClient(shared.url, auth=EveryKind(shared.token), settings=settings) as client,
        DownloadService(client, settings=settings) as service,
    ):
        service.download(client.track("t-1"))
    at_home, elsewhere = shared.requests(), cdn.requests()
    assert all({"authorization", "x-api-key", "cookie"} <= request.headers.keys() for request in at_home)
    assert len(elsewhere) == 2
    assert {name for request in elsewhere for name in request.headers} == ALLOWED_ELSEWHERE
    assert "canary" not in str(elsewhere)
    assert not {"referer", "origin"} & {name for request in at_home for name in request.headers}


def resolving(table: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let these names lead to these addresses, as a name server may say at any time; gives the look-ups so far."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        if host not in table or options.get("flags"):  # flags: is it an address?
            return real(host, port, *args, **options)
        asked.append(host)
        return real(table[host], port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def answering(location: Callable[[], str]) -> Callable[[Talk, str], None]:
    """A server that redirects everything."""

    def answer(talk: Talk, _head: str) -> None:
        talk.say(f"HTTP/1.1 302 Found\r\nLocation: {location()}\r\nContent-Length: 0\r\n\r\n".encode())

    return answer


def test_row_37_a_name_that_leads_to_this_computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CDN's name that suddenly leads to loopback: refused before a connection, though the origin is allowed.

    The server is reached through a proxy here, so that it can be a public one for all that is known of it.
    """
    resolving({"cdn.test": "127.0.0.1", "music.test": "93.184.215.14"}, monkeypatch)
    with counting_door() as inner:
        allowed = f"http://cdn.test:{inner.port}"
        with bare_server(answering(lambda: f"{allowed}/x")) as proxy:
            monkeypatch.setenv("http_proxy", proxy.url)
            monkeypatch.setenv("no_proxy", "cdn.test")
            settings = quick(tmp_path / "cache", cdn_origins=(allowed,))
            with (
                ChadMusicAPIClient("http://music.test", token="t", settings=settings) as client,
                DownloadService(client, settings=settings) as service,
                pytest.raises(UnsafeURLError, match="leads to a loopback address"),
            ):
                service.download(CloudSource("", "t-1", "/tracks/1/audio.wav"))
            assert len(proxy.requests) == 1
        assert inner.visits == 0


def test_row_37_a_name_beside_a_server_that_is_there_itself(
    shared: ServerHandle, cdn: ServerHandle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server on loopback may redirect to an allowed name that leads there: so developers and home networks work.

    The name is looked up once: what was judged is what is connected to.
    """
    asked = resolving({"cdn.test": "127.0.0.1"}, monkeypatch)
    named = cdn.url.replace("127.0.0.1", "cdn.test")
    with rig_on(shared, tmp_path / "cache", cdn_origins=(named,)) as rig:
        shared.set_faults("t-1", [{"redirect": named + OPEN}])
        assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    assert asked == ["cdn.test"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_row_37_nobody_is_visited_that_was_not_allowed(shared: ServerHandle, tmp_path: Path, scheme: str) -> None:
    """Every spelling of this computer: not even a connection is made."""
    with counting_door() as inner, rig_on(shared, tmp_path / "cache") as rig:
        for host in ("127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "0", "[::1]", "[::ffff:127.0.0.1]"):
            shared.set_faults("t-1", [{"redirect": f"{scheme}://{host}:{inner.port}/x"}])
            with pytest.raises(UnsafeURLError):
                rig.service.download(rig.source(1))
        assert inner.visits == 0
