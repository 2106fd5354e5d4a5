"""Row 49 of the fault table: playlists that are made to break their reader."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from chadsdk.download import Fetched
from chadsdk.errors import DataError, ProtocolError, Reason
from harness.process import ServerHandle, running_server
from harness.recording import sha256_of
from harness.world import World
from tests.download.rows import rig_on
from tests.download.support import Rig, final_files

PLAIN = "/api/playlists/plain"
MIB = 1024 * 1024
DEEP = "[" * 100_000 + "]" * 100_000

#: Fields of one item that spoil it, as they stand in the JSON, and what the item's problem names.
SPOILT = {
    '"id": null': "id",
    '"id": 7': "id",
    '"id": ""': "id",
    '"id": ["t-2"]': "id",
    '"title": {"en": "T"}': "title",
    '"streamPath": null': "streamPath",
    '"streamPath": 1': "streamPath",
    '"sizeBytes": NaN': "sizeBytes",
    '"sizeBytes": -Infinity': "sizeBytes",
    '"sizeBytes": 1e400': "sizeBytes",
    '"sizeBytes": -1': "sizeBytes",
    '"sizeBytes": 3.9': "sizeBytes",
    '"sizeBytes": true': "sizeBytes",
    '"sizeBytes": "400000"': "sizeBytes",
    f'"sizeBytes": {"9" * 5000}': "sizeBytes",
    '"durationSeconds": NaN': "durationSeconds",
    '"durationSeconds": -0.5': "durationSeconds",
    '"sha256": "short"': "sha256",
    '"contentType": [1, null]': "contentType",
}


@pytest.fixture(scope="module")
def server(plain: World) -> Iterator[ServerHandle]:
    """One server for this file."""
    with running_server(plain) as handle:
        yield handle


@pytest.fixture
def rig(server: ServerHandle, tmp_path: Path) -> Iterator[Rig]:
    """A rig on it; whatever a test has the playlist say is forgotten."""
    with rig_on(server, tmp_path / "cache", attempts=1) as rig:
        yield rig
        server.set_faults(PLAIN, [])


def item(number: int, spoilt: str = "") -> str:
    """A track of the page as JSON; of a field that stands there twice the last one counts."""
    fields = f'"id": "t-{number}", "title": "T {number}", "streamPath": "/tracks/{number}/audio.wav"'
    return f"{{{fields}{', ' if spoilt else ''}{spoilt}}}"


def page(*items: str) -> str:
    return f'{{"id": "plain", "name": "Plain", "tracks": [{", ".join(items)}]}}'


def test_row_49_a_spoilt_item_costs_no_other(rig: Rig) -> None:
    """Wrong types, numbers that are none, negative lengths: each is missing as `protocol`, named, in its place."""
    rig.server.set_faults(PLAIN, [{"body": page(item(1), *(item(2, spoilt) for spoilt in SPOILT), item(3))}])
    tracks = [entry.track for entry in rig.client.playlist("plain").entries]
    problems = [track.problem for track in tracks]
    assert (problems[0], problems[-1]) == (None, None)
    told = [(problem.reason, problem.detail) if problem else None for problem in problems[1:-1]]
    for spoilt, place, said in zip(SPOILT, SPOILT.values(), told, strict=True):
        assert said is not None, spoilt
        assert said[0] is Reason.PROTOCOL
        assert f" {place}: " in said[1], (spoilt, said[1])
        assert len(said[1]) < 200
    good = [source for track in (tracks[0], tracks[-1]) if (source := track.source())]
    assert [isinstance(each, Fetched) for each in rig.service.download_all(good).values()] == [True, True]


@pytest.mark.parametrize("junk", ["null", "17", '"t-2"', "[]", "true", "NaN", "{}"])
def test_row_49_an_item_that_is_no_object(rig: Rig, junk: str) -> None:
    """It keeps its place and spoils no other."""
    rig.server.set_faults(PLAIN, [{"body": page(item(1), junk, item(3))}])
    problems = [entry.track.problem for entry in rig.client.playlist("plain").entries]
    assert [problem and problem.reason for problem in problems] == [None, Reason.PROTOCOL, None]


def test_row_49_a_track_that_stands_a_thousand_times_is_fetched_once(rig: Rig) -> None:
    """All its places are kept, for one request."""
    rig.server.set_faults(PLAIN, [{"body": page(*[item(1)] * 1000)}])
    sources = [entry.track.source() for entry in rig.client.playlist("plain").entries]
    assert len(sources) == 1000
    outcomes = rig.service.download_all(source for source in sources if source)
    assert {sha256_of(each.path) for each in outcomes.values() if isinstance(each, Fetched)} == {rig.sha256()}
    assert len(rig.gets()) == 1


def test_row_49_no_entries(rig: Rig) -> None:
    """An empty playlist is one."""
    rig.server.set_faults(PLAIN, [{"body": page()}])
    assert rig.client.playlist("plain").entries == ()


def test_row_49_200_megabytes_are_not_read(rig: Rig) -> None:
    """No more than the cap of 16 MiB is taken, once, and the memory of a few times that."""
    rig.server.set_faults(PLAIN, [{"body": "[" + " " * 99_999, "repeat": 2000}])
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError, match=f"larger than {16 * MIB} bytes"):
            rig.client.playlist("plain")
        assert tracemalloc.get_traced_memory()[1] < 48 * MIB
    finally:
        tracemalloc.stop()
    assert len(rig.server.ledger()) == 1


@pytest.mark.parametrize(
    "body",
    [DEEP, page(item(1), f'{{"id": {DEEP}}}'), '{"id": ' * 100_000, page(item(1)) + DEEP],
    ids=["bare", "in-an-item", "objects", "behind"],
)
def test_row_49_a_bomb_of_brackets_is_one_error(rig: Rig, body: str) -> None:
    """Nested too deeply for any reader: a `DataError` of the whole reply after one request, and no crash."""
    rig.server.set_faults(PLAIN, [{"body": body}])
    with pytest.raises(DataError, match="the reply for playlist plain"):
        rig.client.playlist("plain")
    assert len(rig.server.ledger()) == 1
    assert final_files(rig.cache) == []


def test_row_49_half_characters_in_titles_do_no_harm(rig: Rig) -> None:
    """A title that no encoding can hold is one that can be written when it has been read."""
    rig.server.set_faults(PLAIN, [{"body": page(item(1, '"title": "half \\ud83d of one"'))}])
    [entry] = rig.client.playlist("plain").entries
    assert entry.track.problem is None
    assert json.loads(json.dumps(entry.track.title)).encode()
