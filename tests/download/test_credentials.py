"""Credentials: with every request to the server, and with no other; renewed once for all."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from chadsdk.auth import BearerToken
from chadsdk.cancel import CancelToken
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService, Fetched
from chadsdk.errors import AuthError
from harness.process import ServerHandle, running_server
from harness.world import World
from tests.download.conftest import OpenRig
from tests.download.support import (
    CANCEL_BOUND_S,
    PATIENCE_S,
    REFRESH_PATH,
    Rig,
    Running,
    child,
    child_config,
    quick,
    source_of,
)


def senders(server: ServerHandle) -> list[str | None]:
    """The Authorization of each request."""
    return [request.headers.get("authorization") for request in server.requests()]


def test_every_request_carries_the_credentials(rig: Rig) -> None:
    """Look-ups, pages, HEADs, downloads and ranges: all of them."""
    rig.client.playlist("plain")
    rig.service.sizes([rig.source(1)])
    rig.server.set_faults("t-1", [{"cut_body": 0.5}])
    rig.service.download(rig.source(1))
    seen = senders(rig.server)
    assert len(seen) == 6
    assert set(seen) == {f"Bearer {rig.server.token}"}


def test_requests_ask_for_no_encoding_and_bring_no_cookies(rig: Rig) -> None:
    """``identity`` is asked for, a cookie that the server sets is not sent back."""
    rig.server.set_faults("t-1", [{"headers": {"Set-Cookie": "a=b; Path=/"}}])
    for number in (1, 2):
        rig.service.download(rig.source(number))
    requests = rig.server.requests()
    assert {request.headers["accept-encoding"] for request in requests} == {"identity"}
    assert not any("cookie" in request.headers for request in requests)


def test_netrc_never_replaces_the_credentials(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ``~/.netrc`` that names the server changes nothing: requests alone would have sent it."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\ndefault login d password d\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with child("download", **child_config(rig, [rig.source(1)])) as process:
        process.go()
        process.outcome()
    assert senders(rig.server) == [f"Bearer {rig.server.token}"]


def test_netrc_is_not_used_without_credentials_either(
    plain: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that was given no credentials sends none."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login d password d\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with running_server(plain) as server, ChadMusicAPIClient(server.url, settings=quick(tmp_path / "c")) as client:
        with pytest.raises(AuthError):
            client.track("t-1")
        assert senders(server) == [None]


def test_an_expired_token_is_renewed_once_for_all(thirty: World, open_rig: OpenRig) -> None:
    """A token that ends in the middle of 30 downloads: one refresh, every track is had, nobody is asked twice more."""
    rig = open_rig(replace(thirty, token_requests=12), refresh=True)
    outcomes = rig.service.download_all(rig.sources)
    assert all(isinstance(outcome, Fetched) for outcome in outcomes.values())
    assert rig.refreshes() == 1
    refused = [entry for entry in rig.server.audio_gets() if entry.status == 401]
    assert 1 <= len(refused) <= 4
    assert len(rig.server.audio_gets()) == 30 + len(refused)


def test_a_playlist_is_read_on_with_the_new_token(thirty: World, open_rig: OpenRig) -> None:
    """A token that ends between two pages."""
    rig = open_rig(replace(thirty, token_requests=2), refresh=True)
    assert len(rig.client.playlist("plain").entries) == 30
    assert rig.refreshes() == 1


def test_refreshing_needs_no_free_slot(plain: World, open_rig: OpenRig) -> None:
    """As many look-ups as the client has connections wait for new credentials, and get them all the same."""
    rig = open_rig(plain, refresh=True)
    rig.server.expire_token()
    start = threading.Barrier(12)

    def look_up(number: int) -> str:
        start.wait()
        return rig.client.track(f"t-{number % 8 + 1}").id

    with ThreadPoolExecutor(12) as pool:
        assert len(list(pool.map(look_up, range(12), timeout=10))) == 12
    assert rig.refreshes() == 1


def test_the_refresh_goes_without_the_old_token(plain: World, open_rig: OpenRig) -> None:
    """The token that was refused is not sent along with the refresh token."""
    rig = open_rig(plain, refresh=True)
    rig.server.expire_token()
    rig.client.track("t-1")
    refresh = next(request for request in rig.server.requests() if request.target == REFRESH_PATH)
    assert "authorization" not in refresh.headers


def test_tokens_rotate(plain: World, open_rig: OpenRig) -> None:
    """Each refresh token is good once: the second expiry is mended with the one that the first refresh gave."""
    rig = open_rig(plain, refresh=True)
    for _ in range(3):
        rig.server.expire_token()
        rig.client.track("t-1")
    assert rig.refreshes() == 3


def test_a_second_401_stops_the_batch(thirty: World, open_rig: OpenRig) -> None:
    """Refused after the refresh too: one clear error, the others are cut short, and no request is made any more."""
    rig = open_rig(thirty, refresh=True, max_concurrent_downloads=2)
    rig.server.set_faults("t-1", [{"gate": "stall", "after": 0.5, "always": True}])
    for number in range(2, 31):
        rig.server.set_faults(f"t-{number}", [{"status": 401, "always": True}])
    with pytest.raises(AuthError):
        rig.service.download_all(rig.sources)
    rig.service.close()
    rig.client.close()
    rig.server.wait_until_idle()
    assert rig.refreshes() == 1
    assert len(rig.gets(2)) == 2
    assert {get.path for get in rig.server.audio_gets()} <= {"/tracks/1/audio.wav", "/tracks/2/audio.wav"}


def test_without_a_refresh_token_the_first_401_stops_the_batch(rig: Rig) -> None:
    """Nothing to renew: at most one request per worker is made."""
    rig.server.expire_token()
    with pytest.raises(AuthError):
        rig.service.download_all(rig.sources)
    assert 1 <= len(rig.server.audio_gets()) <= 4


def test_a_refused_refresh_stops_all(plain: World, open_rig: OpenRig) -> None:
    """A refresh token that is no good is sent once, whoever asks and how often."""
    rig = open_rig(plain)
    with ChadMusicAPIClient(rig.server.url, token="stale", refresh_token="bad", settings=quick(rig.cache)) as client:
        for _ in range(3):
            with pytest.raises(AuthError):
                client.track("t-1")
    assert rig.refreshes() == 1


def test_a_refresh_that_failed_for_a_moment_is_tried_again_later(rig: Rig) -> None:
    """An outage stops the batch that met it, and not the client for ever."""
    calls: list[None] = []

    def hook() -> str:
        calls.append(None)
        if len(calls) == 1:
            raise ConnectionError("no network")
        return rig.server.token

    auth = BearerToken("stale", refresh=hook)
    with ChadMusicAPIClient(rig.server.url, auth=auth, settings=quick(rig.cache)) as client:
        with pytest.raises(AuthError):
            client.track("t-1")
        assert client.track("t-1").id == "t-1"


def test_a_cancel_does_not_wait_for_a_refresh_nor_lose_it(plain: World, open_rig: OpenRig) -> None:
    """Cancelled while new credentials are on their way: back at once; the pair that comes is used by the next call."""
    rig = open_rig(plain, refresh=True)
    rig.server.expire_token()
    rig.server.set_faults(REFRESH_PATH, [{"gate": "desk", "before": "headers"}])
    token = CancelToken()
    with Running(lambda: rig.service.download_all(rig.sources, cancel=token)) as running:
        rig.server.wait_at_gate("desk")
        assert running.cancelled_by(token) < CANCEL_BOUND_S
    rig.server.open_gate("desk")
    rig.service.download(rig.source(1))
    assert rig.refreshes() == 1


def test_a_hook_of_the_users_own_may_raise_anything(rig: Rig) -> None:
    """What it raises comes out as `AuthError` with that as its cause, and nobody waits for ever."""

    def hook() -> str:
        raise LookupError("no keyring")

    auth = BearerToken("stale", refresh=hook)
    settings = quick(rig.cache)
    with (
        ChadMusicAPIClient(rig.server.url, auth=auth, settings=settings) as client,
        DownloadService(client, settings=settings) as service,
        pytest.raises(AuthError) as caught,
    ):
        service.download_all([source_of(track) for track in rig.server.world.tracks])
    causes = [caught.value.__cause__, caught.value.__cause__ and caught.value.__cause__.__cause__]
    assert any(isinstance(cause, LookupError) for cause in causes)


@pytest.mark.parametrize("bound", [1, 3])
def test_a_refresh_stays_within_the_connection_bound(open_rig: OpenRig, plain: World, bound: int) -> None:
    """While new credentials are asked for, those who wait for them hold no connection."""
    rig = open_rig(plain, refresh=True, max_concurrent_downloads=bound)
    rig.server.expire_token()
    rig.server.set_faults(REFRESH_PATH, [{"gate": "refresh", "before": "headers"}])
    sources = [source_of(track) for track in plain.tracks]
    with ThreadPoolExecutor(1) as other:
        downloads = other.submit(rig.service.download_all, sources)
        rig.server.wait_at_gate("refresh")
        held = rig.open_sockets()
        rig.server.open_gate("refresh")
        downloads.result(PATIENCE_S)
    assert len(held) <= bound
