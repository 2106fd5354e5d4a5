"""Rows of the fault table on a real server that nobody made for tests: nginx, where it is installed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chadsdk.cancel import CancelToken
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService, Fetched
from chadsdk.errors import AuthError, ForbiddenError, NotFoundError, RateLimitedError, TrackError, UnsafeURLError
from chadsdk.progress import Event, Progress
from chadsdk.source import CloudSource
from harness.recording import Recording, sha256_of
from harness.world import World
from tests.download.nginx import KNOWN, MEMBER, Nginx, link, running_nginx
from tests.download.support import PATIENCE_S, Running, bare, final_files, quick, source_of


@pytest.fixture(scope="module")
def nginx(plain: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """One nginx for this file."""
    with running_nginx(recording_of(plain).file.parent, tmp_path_factory.mktemp("nginx") / "run") as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh_ledger(nginx: Nginx) -> None:
    nginx.log.write_text("")


def recording_of(plain: World) -> Recording:
    recording = plain.tracks[0].recording
    assert recording is not None
    return recording


def source(plain: World, place: str) -> CloudSource:
    """The track below a location of nginx, of which nothing else is known."""
    return replace(bare(source_of(plain.tracks[0])), stream_path=f"/{place}/{recording_of(plain).file.name}")


@contextmanager
def service_on(nginx: Nginx, cache: Path, *, token: str = "unheard", **changes: Any) -> Iterator[DownloadService]:
    settings = quick(cache, read_timeout_s=2.0, **changes)
    with (
        ChadMusicAPIClient(nginx.url, token=token, settings=settings) as client,
        DownloadService(client, settings=settings) as service,
    ):
        yield service


def interrupted(service: DownloadService, wanted: CloudSource) -> int:
    """Cancel in the middle; the length of the partial, 0 without one."""
    token, arrived = CancelToken(), threading.Event()

    def listener(event: Event) -> None:
        if isinstance(event, Progress) and event.bytes_done:
            arrived.set()

    with Running(lambda: service.download_all([wanted], cancel=token, progress=listener)) as running:
        assert arrived.wait(PATIENCE_S)
        running.cancelled_by(token)
    assert final_files(service.settings.cache_dir) == []
    return sum(path.stat().st_size for path in service.settings.cache_dir.glob("*/.partial/*.part"))


def test_row_17_a_slow_honest_server_is_waited_for(nginx: Nginx, plain: World, tmp_path: Path) -> None:
    """Nginx's limit_rate: one request, and the track is right."""
    with service_on(nginx, tmp_path / "cache") as service:
        assert sha256_of(service.download(source(plain, "slow"))) == recording_of(plain).sha256
    assert nginx.asked(1) == [(None, 200)]


def test_row_3_nginx_serves_the_rest(nginx: Nginx, plain: World, tmp_path: Path) -> None:
    """Interrupted and gone on: one 206 from where it stopped."""
    with service_on(nginx, tmp_path / "cache") as service:
        have = interrupted(service, source(plain, "slow"))
        assert have > 0
        assert sha256_of(service.download(source(plain, "slow"))) == recording_of(plain).sha256
    assert nginx.asked(2) == [(None, 200), (f"bytes={have}-", 206)]


def test_row_19_nginx_without_ranges_gives_the_whole(nginx: Nginx, plain: World, tmp_path: Path) -> None:
    """max_ranges 0: the range is ignored, the partial is given up, the whole is taken once."""
    with service_on(nginx, tmp_path / "cache") as service:
        have = interrupted(service, source(plain, "norange"))
        assert sha256_of(service.download(source(plain, "norange"))) == recording_of(plain).sha256
        assert list(service.settings.cache_dir.glob("*/.partial/*")) == []
    wanted = f"bytes={have}-" if have else None
    assert nginx.asked(2) == [(None, 200), (wanted, 200)]


def test_row_26_nginx_does_not_compress_for_us(nginx: Nginx, plain: World, tmp_path: Path) -> None:
    """With gzip on for audio: identity is asked for, and had."""
    with service_on(nginx, tmp_path / "cache") as service:
        assert sha256_of(service.download(source(plain, "gzip"))) == recording_of(plain).sha256
    assert nginx.asked(1) == [(None, 200)]


def test_row_26_a_weak_tag_of_nginx_is_not_resumed_by(nginx: Nginx, plain: World, tmp_path: Path) -> None:
    """A filter weakens the tag and hides the length: nothing is kept, the next run has the whole."""
    with service_on(nginx, tmp_path / "cache") as service:
        assert interrupted(service, source(plain, "weak")) == 0
        assert sha256_of(service.download(source(plain, "weak"))) == recording_of(plain).sha256
    assert nginx.asked(2) == [(None, 200), (None, 200)]


def linked(plain: World, *, good_for_s: float = 60.0, **signing: str) -> CloudSource:
    """The track behind a redirect to a signed link at nginx's other port."""
    path = link(recording_of(plain).file.name, good_for_s=good_for_s, **signing)
    return replace(source(plain, "link"), stream_path=path)


def test_row_32_who_may_is_let_in_by_auth_request(nginx: Nginx, plain: World, tmp_path: Path) -> None:
    """Nginx asks another location about each request: the token is with it, and the track is had."""
    with service_on(nginx, tmp_path / "cache", token=MEMBER) as service:
        assert sha256_of(service.download(source(plain, "members"))) == recording_of(plain).sha256
    assert nginx.asked(1) == [(None, 200)]


@pytest.mark.parametrize(("token", "status", "error"), [("x", 401, AuthError), (KNOWN, 403, ForbiddenError)])
def test_row_32_who_may_not_is_told_by_auth_request(
    nginx: Nginx, plain: World, tmp_path: Path, token: str, status: int, error: type[Exception]
) -> None:
    """401 ends the whole run, 403 this track; one request, and nothing on disk."""
    with service_on(nginx, tmp_path / "cache", token=token) as service:
        with pytest.raises(error):
            service.download(source(plain, "members"))
        assert final_files(service.settings.cache_dir) == []
    assert nginx.asked(1) == [(None, status)]


def test_row_33_limit_req_without_a_wait_is_given_up(nginx: Nginx, plain: World, tmp_path: Path) -> None:
    """One request a minute is allowed, and nothing is said of when: `rate_limited` once the attempts are used up."""
    with service_on(nginx, tmp_path / "cache", attempts=3) as service:
        assert sha256_of(service.download(source(plain, "seldom"))) == recording_of(plain).sha256
        with pytest.raises(RateLimitedError):
            service.download(replace(source(plain, "seldom"), track_id="t-2"))
    assert nginx.asked(4) == [(None, 200), *[(None, 429)] * 3]


@pytest.mark.slow
def test_row_33_limit_req_with_a_wait_is_waited_for(nginx: Nginx, plain: World, tmp_path: Path) -> None:
    """Two requests a second are allowed and three come at once: who is told to wait does, and all are had."""
    wanted = [replace(source(plain, "often"), track_id=f"t-{number}") for number in range(1, 4)]
    with service_on(nginx, tmp_path / "cache") as service:
        outcomes = service.download_all(wanted)
    assert all(isinstance(outcome, Fetched) for outcome in outcomes.values()), outcomes
    statuses = [status for _, status in nginx.asked(4)]
    assert statuses.count(200) == 3
    assert set(statuses) == {200, 429}


def test_row_36_a_signed_link_at_another_port_sees_no_credentials(nginx: Nginx, plain: World, tmp_path: Path) -> None:
    """Interrupted and gone on behind the redirect: one 206 there, and no Authorization ever."""
    with service_on(nginx, tmp_path / "cache", cdn_origins=(nginx.storage,)) as service:
        have = interrupted(service, linked(plain))
        assert have > 0
        assert sha256_of(service.download(linked(plain))) == recording_of(plain).sha256
    assert nginx.asked(4) == [(None, 302), (None, 200), (f"bytes={have}-", 302), (f"bytes={have}-", 206)]
    assert nginx.shown(4) == [(False, "Bearer unheard"), (True, "-")] * 2


def test_row_36_a_port_that_nobody_allowed_is_not_asked(nginx: Nginx, plain: World, tmp_path: Path) -> None:
    """The same host on another port is another origin: unsafe, one request at home and none there."""
    with service_on(nginx, tmp_path / "cache") as service, pytest.raises(UnsafeURLError):
        service.download(linked(plain))
    assert nginx.asked(1) == [(None, 302)]


@pytest.mark.parametrize(
    ("made", "status", "error"),
    [({"good_for_s": -60.0}, 410, NotFoundError), ({"secret": "not that"}, 403, ForbiddenError)],
    ids=["expired", "forged"],
)
def test_row_32_a_link_that_secure_link_refuses(
    nginx: Nginx, plain: World, tmp_path: Path, made: dict[str, Any], status: int, error: type[TrackError]
) -> None:
    """Expired or forged: a new link is asked for once, and when that is refused too nothing is left on disk."""
    with service_on(nginx, tmp_path / "cache", cdn_origins=(nginx.storage,)) as service:
        with pytest.raises(error):
            service.download(linked(plain, **made))
        assert [
            path for path in service.settings.cache_dir.rglob("*") if path.suffix in {".wav", ".part", ".tmp"}
        ] == []
    assert nginx.asked(4) == [(None, 302), (None, status)] * 2
