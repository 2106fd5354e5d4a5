"""Rows 32, 33, 43 and 44 of the fault table that no script can show: other origins, later programs, bare bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chadsdk.auth import NoCredentials
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService
from chadsdk.errors import ForbiddenError, IntegrityError, NotFoundError, RateLimitedError, TrackError
from harness.process import ServerHandle, running_server
from harness.recording import sha256_of
from harness.world import World
from tests.download.bare import BareServer, Talk, bare_server
from tests.download.rows import TRACK_BYTES, asked_of, for_ever, repair, rig_on
from tests.download.support import Rig, bare, final_files, quick, source_of

SIGNED = "/open/tracks/1/audio.wav"
AN_HOUR = ["3600", "9" * 40, "Fri, 31 Dec 9999 23:59:59 GMT"]


@pytest.fixture(scope="module")
def server(plain: World) -> Iterator[ServerHandle]:
    """One server for this file."""
    with running_server(plain) as handle:
        yield handle


@pytest.fixture(scope="module")
def storage(plain: World) -> Iterator[ServerHandle]:
    """Another origin, which serves signed links without credentials."""
    with running_server(replace(plain, token="another")) as handle:
        yield handle


@pytest.fixture
def signed(server: ServerHandle, storage: ServerHandle, tmp_path: Path) -> Iterator[Rig]:
    """A rig whose first track is behind a link to the other origin, which it may follow."""
    with rig_on(server, tmp_path / "cache", cdn_origins=(storage.url,)) as rig:
        server.set_faults("t-1", for_ever(redirect=storage.url + SIGNED))
        storage.set_faults(SIGNED, [])
        storage.clear_ledger()
        yield rig


@pytest.mark.parametrize("status", [410, 403, 401])
def test_row_32_an_expired_link_is_asked_for_anew(signed: Rig, storage: ServerHandle, status: int) -> None:
    """Refused at another origin: the server is asked for a new link, which is good, and sees no credentials."""
    storage.set_faults(SIGNED, [{"status": status}])
    assert sha256_of(signed.service.download(signed.source(1))) == signed.sha256()
    assert asked_of(signed) == ((None, 302),) * 2
    assert not any("authorization" in request.headers for request in storage.requests())
    repair(signed, signed.source(1), resumed_from=None, anew=False)


@pytest.mark.parametrize(("status", "error"), [(410, NotFoundError), (403, ForbiddenError), (401, ForbiddenError)])
def test_row_32_a_new_link_is_asked_for_once(
    signed: Rig, storage: ServerHandle, status: int, error: type[TrackError]
) -> None:
    """A second link that is refused is final: two requests, and nothing on disk."""
    storage.set_faults(SIGNED, for_ever(status=status))
    with pytest.raises(error):
        signed.service.download(signed.source(1))
    assert asked_of(signed) == ((None, 302),) * 2
    assert len(storage.requests()) == 2
    assert final_files(signed.cache) == signed.temporaries() == signed.partials() == []
    repair(signed, signed.source(1), resumed_from=None, anew=True)


def test_row_32_what_another_origin_does_not_have_is_asked_for_once(signed: Rig, storage: ServerHandle) -> None:
    """A 404 says nothing of links."""
    storage.set_faults(SIGNED, [{"status": 404}])
    with pytest.raises(NotFoundError):
        signed.service.download(signed.source(1))
    assert asked_of(signed) == ((None, 302),)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("said", AN_HOUR, ids=["seconds", "many-digits", "date"])
def test_row_33_more_patience_than_we_have_is_not_shortened(
    server: ServerHandle, tmp_path: Path, status: int, said: str
) -> None:
    """One request, `rate_limited` at once, nothing on disk; the next program has the track."""
    with rig_on(server, tmp_path / "cache") as rig:
        server.set_faults("t-1", for_ever(status=status, retry_after=said))
        with pytest.raises(RateLimitedError) as raised:
            rig.service.download(rig.source(1))
        assert type(raised.value) is RateLimitedError
        assert asked_of(rig) == ((None, status),)
        assert final_files(rig.cache) == rig.temporaries() == rig.partials() == []
    with rig_on(server, tmp_path / "cache") as rig:
        repair(rig, rig.source(1), resumed_from=None, anew=True)


def service_of(server: BareServer, cache: Path) -> DownloadService:
    """A service with one connection to a server of bare sockets."""
    settings = quick(cache, max_concurrent_downloads=1)
    return DownloadService(ChadMusicAPIClient(server.url, auth=NoCredentials(), settings=settings), settings=settings)


def answer_of(audio: bytes) -> bytes:
    """A whole reply."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: %d\r\n\r\n" % len(audio) + audio


def test_row_43_a_block_that_comes_twice_is_corrupt(plain: World, tmp_path: Path) -> None:
    """The length is right and the digest is not: once more from the start, then an integrity error and no file."""
    source = source_of(plain.tracks[0])
    audio = content_of(plain, 1)
    doubled = (audio[:100_000] + audio[50_000:])[:TRACK_BYTES]
    said = [doubled, doubled, doubled, audio]
    with (
        bare_server(lambda talk, _: talk.say(answer_of(said.pop(0)))) as server,
        service_of(server, tmp_path / "c") as service,
    ):
        with pytest.raises(IntegrityError):
            service.download(source)
        assert len(server.requests) == 2
        assert [path.suffix for path in (tmp_path / "c").rglob("*") if path.is_file()] == [".lock"]
        assert sha256_of(service.download(source)) == source.sha256  # by its second attempt
        assert len(server.requests) == 4


@pytest.mark.parametrize("size_bytes", [20_000, TRACK_BYTES], ids=["short", "long"])
@pytest.mark.parametrize("known", [True, False], ids=["size-known", "nothing-known"])
def test_row_44_an_answer_behind_the_body_is_nobodys(
    plain: World, thirty: World, tmp_path: Path, size_bytes: int, *, known: bool
) -> None:
    """Bytes that look like the next answer are thrown away with their line; the next track gets its own."""
    world = thirty if size_bytes == 20_000 else plain
    evil = answer_of(content_of(world, 3))

    def answer(talk: Talk, head: str) -> None:
        number = int(head.split("/")[2])
        talk.say(answer_of(content_of(world, number)) + (evil if number == 1 else b""))

    with bare_server(answer) as server, service_of(server, tmp_path / "c") as service:
        for number in (1, 2):
            source = source_of(world.track(f"t-{number}"))
            blind = replace(bare(source), size_bytes=source.size_bytes if known else None)
            assert sha256_of(service.download(blind)) == source.sha256
        assert len(server.requests) == 2


def content_of(world: World, number: int) -> bytes:
    recording = world.track(f"t-{number}").recording
    assert recording is not None
    return recording.file.read_bytes()
