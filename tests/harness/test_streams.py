"""What stands on the wire when a well-behaved server streams a track."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from harness.build import GONE_ID, LOGIN_PAGE_ID
from harness.process import ServerHandle, running_server
from harness.world import World, WorldTrack
from tests.harness.raw import RawReply, ask


@pytest.fixture(scope="module")
def mixed_server(mixed_world: World) -> Iterator[ServerHandle]:
    """A server of the default world."""
    with running_server(mixed_world) as server:
        yield server


def etag(server: ServerHandle, track: WorldTrack) -> str:
    value = ask(server, "HEAD", track.stream_path).header("ETag")
    assert value is not None
    return value


def test_every_good_track_arrives_whole(mixed_server: ServerHandle) -> None:
    """Each file of the world is served byte for byte, with the type and the other headers that it has."""
    for track in mixed_server.world.tracks:
        if track.recording is None or track.faults:
            continue
        reply = ask(mixed_server, "GET", track.stream_path)
        assert (reply.status, reply.body) == (200, track.recording.file.read_bytes())
        assert reply.header("Content-Type") == track.content_type
        assert reply.header("Content-Disposition") == track.content_disposition
        assert reply.header("Last-Modified") == track.last_modified
        assert reply.header("Accept-Ranges") == "bytes"


def test_a_digest_is_the_one_of_the_bytes(mixed_server: ServerHandle) -> None:
    """``Repr-Digest`` is a sha-256 byte sequence of RFC 9530, also on a part: of the whole file."""
    track = next(track for track in mixed_server.world.tracks if track.repr_digest and not track.faults)
    assert track.recording is not None
    digest = base64.b64encode(bytes.fromhex(track.recording.sha256)).decode()
    for headers in ({}, {"Range": "bytes=5-9"}):
        reply = ask(mixed_server, "GET", track.stream_path, headers)
        assert reply.header("Repr-Digest") == f"sha-256=:{digest}:"


def test_the_gone_track_is_listed_and_not_there(mixed_server: ServerHandle) -> None:
    """The API still tells of it, the stream path answers 404 with an error document."""
    assert ask(mixed_server, "GET", f"/api/tracks/{GONE_ID}").status == 200
    reply = ask(mixed_server, "GET", mixed_server.world.track(GONE_ID).stream_path)
    assert (reply.status, b'"not_found"' in reply.body) == (404, True)


def test_the_login_page_is_always_there(mixed_server: ServerHandle) -> None:
    """That track answers 200 with HTML, however often it is asked."""
    path = mixed_server.world.track(LOGIN_PAGE_ID).stream_path
    for _ in range(3):
        reply = ask(mixed_server, "GET", path)
        assert (reply.status, reply.header("Content-Type")) == (200, "text/html; charset=utf-8")
        assert reply.body.startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("value", "start", "stop"),
    [("bytes=0-99", 0, 100), ("bytes=99990-", 99_990, 100_000), ("bytes=-7", 99_993, 100_000)],
)
def test_a_range_gives_that_part(
    plain_server: ServerHandle, track: WorldTrack, content: bytes, value: str, start: int, stop: int
) -> None:
    """206 with the bytes of the range and a Content-Range that names them."""
    reply = ask(plain_server, "GET", track.stream_path, {"Range": value})
    assert (reply.status, reply.body) == (206, content[start:stop])
    assert reply.header("Content-Range") == f"bytes {start}-{stop - 1}/100000"
    assert reply.header("Content-Length") == str(stop - start)


def test_a_range_outside_is_416(plain_server: ServerHandle, track: WorldTrack) -> None:
    """416 tells the length of the file, and the connection lives on."""
    reply = ask(plain_server, "GET", track.stream_path, {"Range": "bytes=100000-"})
    assert (reply.status, reply.header("Content-Range")) == (416, "bytes */100000")
    assert b'"range_not_satisfiable"' in reply.body


@pytest.mark.parametrize("value", ["bytes=9-1", "bytes=x", "bytes=0-1,5-6", "lines=1-2"])
def test_a_range_that_is_not_served_is_ignored(plain_server: ServerHandle, track: WorldTrack, value: str) -> None:
    """Malformed, multiple and unknown ranges give 200 with everything."""
    reply = ask(plain_server, "GET", track.stream_path, {"Range": value})
    assert (reply.status, len(reply.body), reply.header("Content-Range")) == (200, 100_000, None)


def test_if_range_resumes_the_same_version_only(plain_server: ServerHandle, track: WorldTrack) -> None:
    """The right ETag gives the rest, any other the whole new file."""

    def resumed(tag: str) -> RawReply:
        return ask(plain_server, "GET", track.stream_path, {"Range": "bytes=60000-", "If-Range": tag})

    tag = etag(plain_server, track)
    assert (resumed(tag).status, len(resumed(tag).body)) == (206, 40_000)
    for other in ('"other"', f"W/{tag}", tag.strip('"')):
        assert (resumed(other).status, len(resumed(other).body)) == (200, 100_000)


def test_an_etag_is_strong_and_its_own(plain_server: ServerHandle) -> None:
    """The tag is a quoted one, stable over requests, and another for other bytes."""
    first, second = plain_server.world.tracks[-2:]
    assert etag(plain_server, first) == etag(plain_server, first) != etag(plain_server, second)
    assert etag(plain_server, first).startswith('"')


def test_a_known_version_is_304(plain_server: ServerHandle, track: WorldTrack) -> None:
    """If-None-Match with the current tag gives 304 without a body; If-Match with another gives 412."""
    tag = etag(plain_server, track)
    reply = ask(plain_server, "GET", track.stream_path, {"If-None-Match": tag})
    assert (reply.status, reply.header("ETag"), reply.body) == (304, tag, b"")
    assert ask(plain_server, "GET", track.stream_path, {"If-Match": '"other"'}).status == 412


def test_a_head_tells_what_a_get_would(mixed_server: ServerHandle) -> None:
    """All headers but the date are the same, for every good track."""
    for track in mixed_server.world.tracks:
        if track.faults:
            continue
        told, given = (dict(ask(mixed_server, method, track.stream_path).headers) for method in ("HEAD", "GET"))
        assert {**told, "Date": ""} == {**given, "Date": ""}


def test_escapes_in_a_path_are_resolved(plain_server: ServerHandle, track: WorldTrack) -> None:
    """A path that is needlessly escaped leads to the same track, and a query does not change it."""
    assert ask(plain_server, "GET", track.stream_path.replace("audio", "%61udio") + "?x=1").status == 200


def test_an_open_link_needs_no_token(plain_server: ServerHandle, track: WorldTrack, content: bytes) -> None:
    """Behind ``/open`` the bytes are there for everybody, as behind a signed link."""
    reply = ask(plain_server, "GET", f"/open{track.stream_path}", {"Authorization": ""})
    assert (reply.status, reply.body) == (200, content)
    assert ask(plain_server, "GET", "/open/tracks/none.wav").status == 404
