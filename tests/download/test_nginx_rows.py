"""Rows 17, 19 and 26 of the fault table on a real server: nginx, where it is installed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from chadsdk.cancel import CancelToken
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService
from chadsdk.progress import Event, Progress
from chadsdk.source import CloudSource
from harness.recording import Recording, sha256_of
from harness.world import World
from tests.download.nginx import Nginx, running_nginx
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
def service_on(nginx: Nginx, cache: Path) -> Iterator[DownloadService]:
    settings = quick(cache, read_timeout_s=2.0)
    with (
        ChadMusicAPIClient(nginx.url, token="unheard", settings=settings) as client,
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
