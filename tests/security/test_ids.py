"""Rows 38, 45 and 46: ids and stream paths of strangers, on the wire, on disk and in the manifest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import unquote

import pytest

from chadsdk import ChadMusicAPIClient, DownloadService, Fetched, MixExporter, Playlist, PlaylistEntry, Track
from chadsdk.errors import ChadError, NotFoundError, UnsafeNameError, UnsafeURLError
from chadsdk.files import collision_key, safe_id
from chadsdk.source import CloudSource
from harness.process import ServerHandle
from harness.recording import sha256_of
from tests.download.bare import BareServer, Talk, bare_server
from tests.download.rows import rig_on
from tests.download.support import final_files, quick
from tests.export.rig import check_export

REFUSED = [
    "", ".", "..", "a\0b", "a\r\nX-Evil: 1", "a\nb", "\x7f", "\x85", "\ud800", "a\udfff", "x" * 513,
]  # fmt: skip
# These are refused as a request, because a server that takes escapes away sees dot segments; as a file's name they
# are encoded.
CLIMBING = ["../x", "a/..", "a/../../x", "..\\x", "a\\..\\b", "./x", "..\\..\\windows\\win.ini"]
ODD = [
    "a/b", "a\\b", "/etc/passwd", "//host/share", "\\\\host\\share\\x", "\\\\?\\C:\\x", "C:\\x", "C:x", "c:/x",
    "%2e%2e", "%2E%2e%2fx", "%252e%252e", "%00", "%0d%0aX: 1", "a?b=c", "a#b", "a;b", "a b", " ", "x.", "x...", "x ",
    "a:b", "a:$DATA", "CON", "con", "con.wav", "NUL", "nul .txt", "COM1", "COM\u00b9", "com\u00b2.x", "LPT9", "CONIN$",
    "aux.", "-", "--help", "~", "~root", "$(id)", "`id`", "a|b", "*", "?", "<script>", "'", '"', ".hidden", "...",
    "\u202egpj", "\u200f", "🎧", "e\u0301", "\u00e9", "ABC", "abc", "x" * 300, "\u00e9" * 300, "\uff0e\uff0e\uff0fx",
]  # fmt: skip


@pytest.fixture(scope="module")
def wire() -> Iterator[BareServer]:
    """A server that has nothing and notes the first line of each request as it came."""

    def answer(talk: Talk, _head: str) -> None:
        talk.say(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    with bare_server(answer) as server:
        yield server


@pytest.fixture
def client(wire: BareServer, tmp_path: Path) -> Iterator[ChadMusicAPIClient]:
    """A client of it."""
    with ChadMusicAPIClient(f"{wire.url}/base", token="t", settings=quick(tmp_path / "cache")) as client:
        yield client


@pytest.mark.parametrize("track_id", [*REFUSED, *CLIMBING], ids=ascii)
def test_row_45_an_id_that_is_asked_of_nobody(wire: BareServer, client: ChadMusicAPIClient, track_id: str) -> None:
    """Neither as a track nor as a playlist; the message is one short printable line."""
    wire.requests.clear()
    for look_up in (client.track, client.playlist):
        with pytest.raises(UnsafeNameError) as caught:
            look_up(track_id)
        assert str(caught.value).isascii()
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 300
    assert wire.requests == []


@pytest.mark.parametrize("track_id", ODD, ids=ascii)
def test_row_45_an_odd_id_on_the_wire(wire: BareServer, client: ChadMusicAPIClient, track_id: str) -> None:
    """One request for one segment below the API's own path, which names the id and nothing else."""
    for kind, look_up in (("tracks", client.track), ("playlists", client.playlist)):
        wire.requests.clear()
        with pytest.raises(NotFoundError):
            look_up(track_id)
        (line,) = wire.requests
        method, target, version = line.split(" ")
        assert (method, version) == ("GET", "HTTP/1.1")
        assert target.startswith(f"/base/api/{kind}/")
        segment = target.removeprefix(f"/base/api/{kind}/")
        assert not set(segment) & set("/?#\\;:")
        assert segment not in {".", ".."}
        assert unquote(segment) == track_id


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/x", "//evil.example/x", "///evil.example/x", "@evil.example/x", ".evil.example/",
        ":80@evil.example/", "\\\\evil.example\\x", "/\\evil.example/x", "file:///etc/passwd", "/../x", "/a/%2e%2e/x",
        "/a/%2E./x", "/a%2f..%2fb", "/a%5c..%5cb", "/x HTTP/1.1\r\nX-Evil: 1", "/x%0d%0aX-Evil: 1", "/a\0", "/\ud800",
        "/a#b", "", "x",
    ],
    ids=ascii,
)  # fmt: skip
def test_row_38_a_stream_path_that_is_asked_of_nobody(
    wire: BareServer, client: ChadMusicAPIClient, path: str, tmp_path: Path
) -> None:
    """Nothing is sent; not to the server, and nowhere else."""
    wire.requests.clear()
    with DownloadService(client, settings=quick(tmp_path / "cache")) as service, pytest.raises(UnsafeURLError):
        service.download(CloudSource("", "t-1", path))
    assert wire.requests == []
    assert final_files(tmp_path / "cache") == []


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/tracks/1/audio.wav?sig=a/b&x=%2E%2E", "/tracks/1/audio.wav?sig=a/b&x=%2E%2E"),
        ("/a b/\u00e9", "/a%20b/%C3%A9"),
        ("/..a/b../...", "/..a/b../..."),
        ("/%252e%252e/x", "/%252e%252e/x"),
        ("/http://evil.example/x", "/http://evil.example/x"),
        ("/x HTTP/1.1", "/x%20HTTP/1.1"),
    ],
)
def test_row_38_an_odd_stream_path_on_the_wire(
    wire: BareServer, client: ChadMusicAPIClient, path: str, asked: str, tmp_path: Path
) -> None:
    """Below the server's own address, as it was given or escaped."""
    wire.requests.clear()
    with DownloadService(client, settings=quick(tmp_path / "cache")) as service, pytest.raises(NotFoundError):
        service.download(CloudSource("", "t-1", path))
    assert wire.requests == [f"GET /base{asked} HTTP/1.1"]


def is_harmless_everywhere(name: str) -> bool:
    """Whether a file's name is one plain segment, and no device, by the rules of POSIX and of Windows."""
    is_plain = re.fullmatch(r"[a-z0-9_][a-z0-9_-]*(~[0-9a-f]{32})?\.wav", name) is not None
    device = re.fullmatch(r"con|prn|aux|nul|(com|lpt)[0-9]", name.partition(".")[0]) is not None
    return is_plain and not device and PurePosixPath(name).name == PureWindowsPath(name).name == name


def test_row_45_every_id_has_a_file_of_its_own(shared: ServerHandle, tmp_path: Path) -> None:
    """All odd ids in one cache: each is had, under one harmless name in the server's folder, no two under the same."""
    with rig_on(shared, tmp_path / "cache", max_concurrent_downloads=8) as rig:
        sources = [rig.source(1, track_id=track_id) for track_id in (*ODD, *CLIMBING)]
        outcomes = rig.service.download_all(sources)
        paths = {source.track_id: fetched.path for source, fetched in outcomes.items() if isinstance(fetched, Fetched)}
        assert len(paths) == len(sources)
        for path in paths.values():
            assert path.parent == rig.layout.folder
            assert is_harmless_everywhere(path.name), path.name
            assert len(path.name.encode()) <= 128
        assert len({collision_key(path.name) for path in paths.values()}) == len(paths)
        everything = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")}
        assert everything == {"cache"}
        for source in sources:
            rig.service.forget(source)


def test_row_46_ids_that_differ_by_case_or_form_alone(shared: ServerHandle, tmp_path: Path) -> None:
    """Two tracks each: every one keeps its own audio, also where a file system ignores case and Unicode form."""
    twins = [("abc", 1), ("ABC", 2), ("\u00e9", 3), ("e\u0301", 4), ("stra\u00dfe", 5), ("STRASSE", 6)]
    with rig_on(shared, tmp_path / "cache") as rig:
        sources = {rig.source(number, track_id=track_id): number for track_id, number in twins}
        for _ in range(2):  # from the cache, too
            for source, number in sources.items():
                assert sha256_of(rig.service.download(source)) == rig.sha256(number)
        names = [safe_id(track_id) for track_id, _ in twins]
        assert len({collision_key(name) for name in names}) == len(twins)
        for source in sources:
            rig.service.forget(source)


def test_row_45_the_manifest_names_them_all(shared: ServerHandle, tmp_path: Path) -> None:
    """A playlist of hostile ids: every entry is there once, exported or missing with a reason, its id escaped."""
    settings = quick(tmp_path / "cache")
    wanted = [*ODD, *CLIMBING, "a\0b", "a\r\nb", "..", "x" * 513]
    with (
        ChadMusicAPIClient(shared.url, token=shared.token, settings=settings) as client,
        MixExporter(client, settings=settings) as exporter,
    ):
        listed = Track.from_listing(client.track("t-1"))
        entries = tuple(PlaylistEntry(replace(listed, cloud_track_id=track_id, revision=None)) for track_id in wanted)
        result = exporter.export(Playlist("Hostile", entries=entries), tmp_path / "exports")
    manifest = check_export(result.folder)
    assert [entry["cloud_track_id"] for entry in manifest["entries"]] == wanted
    missing = {entry["cloud_track_id"]: entry["reason"] for entry in manifest["entries"] if entry["reason"]}
    assert missing == dict.fromkeys(["a\0b", "a\r\nb", "..", "x" * 513], "unsafe_name")
    text = result.manifest_path.read_text(encoding="utf-8")
    assert json.loads(text)["summary"]["missing"] == 4
    assert not [c for c in text if not c.isprintable() and c not in "\n\u202e\u200f"]
    assert {path.name for path in tmp_path.iterdir()} == {"cache", "exports"}


@pytest.mark.parametrize("track_id", CLIMBING, ids=ascii)
def test_a_retry_asks_nobody_for_a_climbing_id(
    wire: BareServer, client: ChadMusicAPIClient, tmp_path: Path, track_id: str
) -> None:
    """An export of somebody else's whose missing entry has such an id: still missing, and nothing was asked."""
    wire.requests.clear()
    with MixExporter(settings=quick(tmp_path / "cache")) as offline:
        track = Track("A", cloud_track_id=track_id, cloud_stream_path="/x")
        folder = offline.export(Playlist("P", entries=(PlaylistEntry(track),)), tmp_path / "exports").folder
    with MixExporter(client, settings=quick(tmp_path / "cache")) as exporter:
        assert [entry.reason for entry in exporter.retry(folder).missing] == ["unsafe_name"]
    assert wire.requests == []


def test_a_page_cursor_of_a_stranger_stays_in_the_query(tmp_path: Path) -> None:
    """What a server says of the next page cannot turn the next request elsewhere."""
    cursor = "../../x?y#z\r\nX-Evil: 1&token=1"

    def answer(talk: Talk, _head: str) -> None:
        body = json.dumps({"id": "p", "name": "P", "tracks": [], "nextCursor": cursor}).encode()
        talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    with (
        bare_server(answer) as server,
        ChadMusicAPIClient(server.url, token="t", settings=quick(tmp_path / "cache")) as client,
        pytest.raises(ChadError),
    ):
        client.playlist("p")
    path, _, query = server.requests[1].split(" ")[1].partition("?")
    assert path == "/api/playlists/p"
    assert unquote(query) == f"cursor={cursor}"
    assert not set(query) & set("/#&\r\n ")
