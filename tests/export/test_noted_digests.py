"""What an export remembers of a cached file whose digest nobody knew: that of the very file it copied, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chadsdk import ChadMusicAPIClient, Playlist, Settings
from chadsdk.cache import Cache, CacheRecord, Verified
from chadsdk.cancel import CancelToken
from chadsdk.download import DownloadService
from chadsdk.export.filing import Copying, Filing
from chadsdk.export.plan import AUDIO_FOLDER, Cloud, PlannedEntry
from chadsdk.files import piece_buffer
from chadsdk.source import CloudSource
from harness.recording import sha256_of


@pytest.fixture
def downloads(client: ChadMusicAPIClient, settings: Settings) -> Iterator[DownloadService]:
    """A download service on the cache of this test."""
    with DownloadService(client, settings=settings) as service:
        yield service


@pytest.fixture
def source(playlist: Playlist, downloads: DownloadService) -> CloudSource:
    """A track in the cache, of which nobody knew the digest."""
    found = playlist.entries[0].track.source()
    assert found is not None
    bare = replace(found, size_bytes=None, revision=None, sha256=None, content_type=None)
    downloads.download(bare)
    return bare


def copied(
    playlist: Playlist, downloads: DownloadService, source: CloudSource, folder: Path, meanwhile: Callable[[], None]
) -> str:
    """The digest of the copy that an export makes; `meanwhile` happens in the middle of it."""
    (folder / AUDIO_FOLDER).mkdir(parents=True)
    planned = PlannedEntry(1, playlist.entries[0], Cloud(source, None), "01", "wav")
    copying = Copying(CancelToken(), lambda _: meanwhile(), piece_buffer())
    done = Filing(folder, downloads).copy_cached(planned, source, copying)
    return sha256_of(folder / done.file)


def test_the_digest_of_what_was_copied_is_remembered(
    playlist: Playlist, downloads: DownloadService, source: CloudSource, tmp_path: Path
) -> None:
    """The next export has something to compare its copy with."""
    before = downloads.cached(source)
    digest = copied(playlist, downloads, source, tmp_path / "out", lambda: None)
    after = downloads.cached(source)
    assert before is not None
    assert after is not None
    assert (before.sha256, after.sha256) == (None, digest)


def test_a_file_that_is_replaced_while_it_is_copied_gets_no_digest_of_the_old(
    playlist: Playlist,
    client: ChadMusicAPIClient,
    downloads: DownloadService,
    source: CloudSource,
    settings: Settings,
    tmp_path: Path,
) -> None:
    """A download gives the name to another version in the meantime; what was copied is the old one, whole."""
    cache = Cache(settings.cache_dir, client.key)
    before = downloads.cached(source)
    assert before is not None
    old = before.path.read_bytes()

    def replace_it() -> None:
        work = cache.claim(source)
        work.stream.write(old + b"\0\0")
        cache.publish(replace(source, title="New"), work, extension="wav", sha256=None, verified=Verified.SIGNATURE)

    digest = copied(playlist, downloads, source, tmp_path / "out", replace_it)
    record = CacheRecord.read(cache.layout.record(source.track_id))
    assert record is not None
    assert (record.title, record.sha256) == ("New", None)
    assert digest != sha256_of(before.path)
