"""The ChadMusic client against a real server: look-ups, pages, and replies that are not what they must be."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.errors import ConfigurationError, DataError, NotFoundError, ProtocolError, Reason, UnsafeNameError
from harness.world import World
from tests.download.conftest import OpenRig
from tests.download.support import Rig

PLAIN = "/api/playlists/plain"


def page(tracks: object, cursor: object = None) -> str:
    return json.dumps({"id": "plain", "name": "Plain", "tracks": tracks, "nextCursor": cursor})


def test_a_track_is_looked_up(rig: Rig) -> None:
    """All that the listing says arrives, with the server's key so that a library can hold it."""
    track = rig.client.track("t-3")
    assert (track.id, track.server, track.size_bytes) == ("t-3", rig.client.key, 400_000)
    assert track.source() == rig.source(3, server=rig.client.key)


def test_the_headers_of_a_request_can_be_had(rig: Rig) -> None:
    """For who asks the server for something else: what a request carries now."""
    assert rig.client.auth_headers == {"Authorization": f"Bearer {rig.server.token}"}


def test_a_playlist_comes_over_its_pages_in_order(rig: Rig) -> None:
    """Eight tracks on pages of three: all of them, in the playlist's order, in three requests."""
    playlist = rig.client.playlist("plain")
    assert playlist.name == "Plain"
    assert [entry.track.cloud_track_id for entry in playlist.entries] == [f"t-{n}" for n in range(1, 9)]
    assert len(rig.server.ledger()) == 3


def test_a_bad_entry_is_missing_and_the_others_live(plain: World, open_rig: OpenRig) -> None:
    """Whatever an item of a page is, it keeps its place, says why it is bad, and spoils no other."""
    junk: list[object] = [{**plain.tracks[1].listing, "sizeBytes": "big"}, 17, {"id": "t-4"}]  # type: ignore[dict-item]
    tracks = [replace(track, listing=bad) for track, bad in zip(plain.tracks[1:4], junk, strict=True)]
    rig = open_rig(replace(plain, tracks=(plain.tracks[0], *tracks, *plain.tracks[4:])))
    entries = rig.client.playlist("plain").entries
    problems = [entry.track.problem for entry in entries]
    assert [problem is not None for problem in problems] == [False, True, True, True, False, False, False, False]
    assert {problem.reason for problem in problems if problem} == {Reason.PROTOCOL}
    assert problems[1] is not None
    assert "sizeBytes: expected" in problems[1].detail
    assert (entries[1].track.title, entries[1].track.cloud_track_id) == ("Plain 00002", "t-2")
    assert all(entry.track.source() is not None for entry in entries if entry.track.problem is None)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ('{"id": "plain", "name": "Plain"}', "tracks"),
        ('{"id": "plain", "name": 7, "tracks": []}', "name"),
        ('{"id": "plain", "name": "Plain", "tracks": {}}', "tracks"),
        ('{"id": "plain", "name": "Plain", "tracks": [], "nextCursor": 5}', "nextCursor"),
        ("[]", ""),
        ("null", ""),
        ('{"id": "plain", "name": NaN, "tracks": []}', "name"),
        ('{"id": "plain", ', "line 1 column 17"),
        ("[" * 100_000, ""),
        ("", "line 1 column 1"),
    ],
    ids=["no-tracks", "name", "tracks", "cursor", "list", "null", "nan", "cut", "deep", "empty"],
)
def test_a_malformed_page_names_the_place(rig: Rig, body: str, place: str) -> None:
    """A page that is wrong itself is one `DataError` that says what document and where in it."""
    rig.server.set_faults(PLAIN, [{"body": body}])
    with pytest.raises(DataError) as caught:
        rig.client.playlist("plain")
    assert caught.value.document == "the reply for playlist plain"
    assert caught.value.place == place


def test_a_malformed_second_page_spoils_the_playlist(rig: Rig) -> None:
    """Half a playlist is never taken for a whole one."""
    rig.server.set_faults(PLAIN, ["ok", {"body": "{}"}])
    with pytest.raises(DataError, match="playlist plain"):
        rig.client.playlist("plain")


def test_a_cursor_that_leads_back_ends(rig: Rig) -> None:
    """Pages that go round are an error after the first one that comes again."""
    itself = base64.urlsafe_b64encode(b"plain:0").decode()
    rig.server.set_faults(PLAIN, [{"body": page([], itself), "always": True}])
    with pytest.raises(DataError, match="never end"):
        rig.client.playlist("plain")
    assert len(rig.server.ledger()) == 2


def test_a_body_over_the_cap_is_refused(plain: World, open_rig: OpenRig) -> None:
    """Of an endless reply no more than the cap is taken."""
    rig = open_rig(plain, max_reply_bytes=100_000)
    rig.server.set_faults("/api/tracks/t-1", [{"body": "[" + " " * 999, "repeat": 100_000}])
    with pytest.raises(ProtocolError, match="larger than 100000 bytes"):
        rig.client.track("t-1")


def test_a_compressed_reply_is_refused(rig: Rig) -> None:
    """Encoding was not asked for, and decoding is where bombs go off."""
    rig.server.set_faults("/api/tracks/t-1", [{"headers": {"Content-Encoding": "gzip"}}])
    with pytest.raises(ProtocolError, match="compressed"):
        rig.client.track("t-1")


@pytest.mark.parametrize("ask", ["track", "playlist"])
def test_what_is_not_there_is_not_found(rig: Rig, ask: str) -> None:
    """404 has an error of its own, and is not asked for twice."""
    with pytest.raises(NotFoundError):
        getattr(rig.client, ask)("nothing")
    assert len(rig.server.ledger()) == 1


@pytest.mark.parametrize("track_id", ["..", ".", "", "a\nb", "x" * 600, "../playlists/plain?x=1"])
def test_an_id_that_is_no_name_is_not_asked_for(rig: Rig, track_id: str) -> None:
    """An id that could climb out of the API's path is refused before a request is made."""
    with pytest.raises(UnsafeNameError):
        rig.client.track(track_id)
    assert rig.server.ledger() == []


def test_an_id_cannot_choose_another_path(rig: Rig) -> None:
    """Slashes and question marks in an id stay inside its path segment."""
    with pytest.raises(NotFoundError):
        rig.client.track("1/playlists/plain?x=1")
    assert [entry.path for entry in rig.server.ledger()] == ["/api/tracks/1%2Fplaylists%2Fplain%3Fx%3D1"]


def test_an_api_request_is_tried_again(rig: Rig) -> None:
    """A server that fails for a moment, or hangs up, costs attempts and no error."""
    rig.server.set_faults("/api/tracks/t-1", [{"status": 503}, "hang_up", {"cut_body": 0.5}])
    assert rig.client.track("t-1").id == "t-1"
    assert len(rig.server.ledger()) == 4


@pytest.mark.parametrize(
    "arguments",
    [{"token": "a b"}, {"token": ""}, {"refresh_token": "r"}, {"token": "a\r\nX: y"}, {"token": "\u00fc"}],
)
def test_credentials_that_no_header_holds_are_refused(arguments: dict[str, str]) -> None:
    """A token that would break a header is refused at once, and not shown."""
    with pytest.raises(ConfigurationError) as caught:
        ChadMusicAPIClient("https://music.example", **arguments)  # type: ignore[arg-type]
    assert not arguments.get("token") or repr(arguments["token"])[1:-1] not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["music.example", "ftp://x", "file:///etc", "https://u:p@x", "https://x/?q", "https://x/#f", ""]
)
def test_an_address_that_is_no_server_is_refused(url: str) -> None:
    """Only http and https, without user names and queries."""
    with pytest.raises(ConfigurationError):
        ChadMusicAPIClient(url)
