"""Redirects: where they may lead, and what goes along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService, Fetched, Unavailable
from chadsdk.errors import NetworkError, ProtocolError, Reason, UnsafeURLError
from harness.process import ServerHandle, TlsFiles, running_server
from harness.recording import sha256_of
from harness.world import World
from tests.download.conftest import OpenRig
from tests.download.support import Rig, quick

OPEN = "/open/tracks/1/audio.wav"


@pytest.fixture
def other(plain: World) -> Iterator[ServerHandle]:
    """Another server on another port, with other credentials, that also serves without any."""
    with running_server(replace(plain, token="other")) as server:
        yield server


def test_an_unknown_origin_is_asked_nothing(rig: Rig, other: ServerHandle) -> None:
    """A redirect to another origin that nobody allowed is unsafe, and not one request goes there."""
    rig.server.set_faults("t-1", [{"redirect": other.url + OPEN, "always": True}])
    with pytest.raises(UnsafeURLError):
        rig.service.download(rig.source(1))
    assert other.requests() == []
    assert len(rig.gets()) == 1


def test_an_allowed_origin_gets_the_request_without_credentials(
    plain: World, other: ServerHandle, open_rig: OpenRig
) -> None:
    """A CDN that the user named is followed to, and sees no Authorization."""
    rig = open_rig(plain, cdn_origins=(other.url,))
    rig.server.set_faults("t-1", [{"redirect": other.url + OPEN}])
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    (request,) = other.requests()
    assert not {"authorization", "cookie", "proxy-authorization"} & request.headers.keys()


def test_range_and_validator_go_along(plain: World, other: ServerHandle, open_rig: OpenRig) -> None:
    """A download that broke at the CDN is resumed at the CDN."""
    rig = open_rig(plain, cdn_origins=(other.url,))
    rig.server.set_faults("t-1", [{"redirect": other.url + OPEN, "always": True}])
    other.set_faults(OPEN, [{"cut_body": 0.5}])
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    first, second = other.requests()
    assert "range" not in first.headers
    assert second.headers["range"] == "bytes=200000-"
    assert second.headers["if-range"].startswith('"')


def test_credentials_come_back_with_the_way_home(plain: World, other: ServerHandle, open_rig: OpenRig) -> None:
    """From the server to the CDN and back: by origin, hop by hop."""
    rig = open_rig(plain, cdn_origins=(other.url,))
    rig.server.set_faults("t-1", [{"redirect": other.url + OPEN}])
    other.set_faults(OPEN, [{"redirect": f"{rig.server.url}/tracks/2/audio.wav"}])
    source = rig.source(1, sha256=rig.sha256(2), revision=None)
    with pytest.raises(AssertionError):  # the rig's own world says that t-1 is another recording
        assert sha256_of(rig.service.download(source)) == rig.sha256(1)
    assert [request.headers.get("authorization") for request in rig.server.requests()] == [
        f"Bearer {rig.server.token}"
    ] * 2
    assert "authorization" not in other.requests()[0].headers
    rig.service.forget(source)


def test_a_401_of_another_origin_is_that_tracks_affair(plain: World, other: ServerHandle, open_rig: OpenRig) -> None:
    """An origin that was shown no credentials cannot refuse them: no refresh, no end of the batch."""
    rig = open_rig(plain, refresh=True, cdn_origins=(other.url,))
    rig.server.set_faults("t-1", [{"redirect": f"{other.url}/tracks/1/audio.wav", "always": True}])
    outcomes = rig.service.download_all([rig.source(1), rig.source(2)])
    lost, had = outcomes[rig.source(1)], outcomes[rig.source(2)]
    assert isinstance(lost, Unavailable)
    assert lost.reason is Reason.FORBIDDEN
    assert isinstance(had, Fetched)
    assert rig.refreshes() == 0


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_at_home_is_followed(rig: Rig, code: int) -> None:
    """Every status that redirects, with a relative Location."""
    rig.server.set_faults("t-1", [{"redirect": OPEN, "code": code}])
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    assert len(rig.server.audio_gets()) == 2


def test_a_loop_ends(rig: Rig) -> None:
    """Five hops are followed, the sixth is not, and the whole is not tried again."""
    rig.server.set_faults("t-1", [{"redirect": "/tracks/1/audio.wav", "always": True}])
    with pytest.raises(ProtocolError, match="more than 5 times"):
        rig.service.download(rig.source(1))
    assert len(rig.gets()) == 6


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "//169.254.169.254/latest/meta-data",
        "http://[::1]:1/x",
        "http://127.0.0.1:notaport/",
        "http://[",
        "http://user:pass@127.0.0.1/x",
        "javascript:alert(1)",
        "http://127.0.0.1/\\evil",
    ],
)
def test_a_redirect_to_no_place_to_go_is_unsafe(rig: Rig, location: str) -> None:
    """Other schemes, other hosts, user names and nonsense: refused without a request."""
    rig.server.set_faults("t-1", [{"redirect": location, "always": True}])
    with pytest.raises(UnsafeURLError) as caught:
        rig.service.download(rig.source(1))
    assert "pass@" not in str(caught.value)
    assert len(rig.server.ledger()) == 1


def test_a_user_name_does_not_make_an_origin_home(rig: Rig) -> None:
    """The server's own address behind a user name is refused: what stands there is not ours to send."""
    home = urlsplit(rig.server.url).netloc
    rig.server.set_faults("t-1", [{"redirect": f"http://user@{home}{OPEN}"}])
    with pytest.raises(UnsafeURLError):
        rig.service.download(rig.source(1))


def test_no_way_from_https_to_http(plain: World, other: ServerHandle, tls: TlsFiles, tmp_path: Path) -> None:
    """Even to an origin that is allowed: what was encrypted stays so."""
    settings = quick(tmp_path / "cache", ca_bundle=tls.authority, cdn_origins=(other.url,))
    with (
        running_server(plain, tls=tls) as server,
        ChadMusicAPIClient(server.url, token=server.token, settings=settings) as client,
        DownloadService(client, settings=settings) as service,
    ):
        source = client.track("t-1")
        server.set_faults("t-1", [{"redirect": other.url + OPEN}])
        with pytest.raises(UnsafeURLError, match="not encrypted"):
            service.download(source)
        assert other.requests() == []
        service.download(source)


def test_a_certificate_that_nobody_vouches_for_is_final(plain: World, tls: TlsFiles, tmp_path: Path) -> None:
    """No second attempt, no attempt without verification: the server never sees a request."""
    settings = quick(tmp_path / "cache")
    with (
        running_server(plain, tls=tls) as server,
        ChadMusicAPIClient(server.url, token=server.token, settings=settings) as client,
    ):
        with pytest.raises(NetworkError, match="certificate"):
            client.track("t-1")
        assert server.ledger() == []


@pytest.mark.parametrize("fault", [{"redirect": OPEN}, {"status": 404}, {"status": 503}, {"status": 403}], ids=str)
def test_the_body_of_an_answer_that_is_none_is_not_waited_for(rig: Rig, fault: dict[str, object]) -> None:
    """What comes with a redirect or an error may never end: it is dropped with its connection."""
    rig.server.set_faults("t-1", [{**fault, "body": "x" * 1000, "repeat": 1000, "gate": "endless", "after": 0.5}])
    rig.service.download_all([rig.source(1)])
    rig.service.close()
    rig.server.wait_until_idle()
