"""Fault scripts: which request meets which fault, and which scripts make no sense."""

from __future__ import annotations

import pytest

from harness.process import HarnessError, ServerHandle
from harness.world import FaultEntry, WorldTrack
from tests.harness.raw import ask


def status(server: ServerHandle, track: WorldTrack, method: str = "GET", **headers: str) -> int:
    return ask(server, method, track.stream_path, headers).status


def test_a_script_goes_on_request_by_request(plain_server: ServerHandle, track: WorldTrack) -> None:
    """The n-th request takes the n-th entry; afterwards the server behaves."""
    plain_server.set_faults(track.id, [{"cut_body": 0.4}, {"status": 503, "retry_after": "2"}, "ok", {"status": 500}])
    statuses = [status(plain_server, track) for _ in range(6)]
    assert statuses == [200, 503, 200, 500, 200, 200]


def test_an_entry_can_count_several_times_or_for_ever(plain_server: ServerHandle, track: WorldTrack) -> None:
    """``times`` repeats an entry, ``always`` never lets it end."""
    plain_server.set_faults(track.id, [{"status": 500, "times": 2}, "ok", {"status": 410, "always": True}])
    assert [status(plain_server, track) for _ in range(6)] == [500, 500, 200, 410, 410, 410]


def test_a_new_script_replaces_the_old_one(plain_server: ServerHandle, track: WorldTrack) -> None:
    """An empty script heals at once."""
    plain_server.set_faults(track.id, [{"status": 500, "always": True}])
    assert status(plain_server, track) == 500
    plain_server.set_faults(track.id, [])
    assert status(plain_server, track) == 200


def test_a_head_has_a_script_of_its_own(plain_server: ServerHandle, track: WorldTrack) -> None:
    """HEADs do not use up the faults of GETs, and have their own."""
    plain_server.set_faults(track.id, [{"status": 500}])
    plain_server.set_faults(track.id, [{"status": 405}], head=True)
    heads = [status(plain_server, track, "HEAD") for _ in range(2)]
    assert (heads, status(plain_server, track)) == ([405, 200], 500)


def test_a_request_without_a_good_token_uses_nothing_up(plain_server: ServerHandle, track: WorldTrack) -> None:
    """A 401 comes before the script."""
    plain_server.set_faults(track.id, [{"status": 500}])
    assert status(plain_server, track, Authorization="Bearer wrong") == 401
    assert status(plain_server, track) == 500


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("explode", "unknown fault explode; known are ok, body"),
        ({"explode": True}, "unknown fault explode"),
        ({"status": 500, "retry": 1}, "unknown fault retry"),
        ({"status": "500"}, "status: expected a number"),
        ({"status": 99}, "status: expected one from 200"),
        ({"cut_body": 1.5}, "cut_body: expected a share"),
        ({"cut_body": -1}, "cut_body: expected a number"),
        ({"gate": True}, "gate: expected a text"),
        ({"gate": "g", "before": "body"}, "gate: before can only be"),
        ({"gate": "g", "before": {}}, "gate: before can only be"),
        ({"headers": "x"}, "headers: expected an object"),
        ({"status": 500, "times": 0}, "times: expected a whole number"),
        ({"status": 500, "always": "yes"}, "always: expected true or false, got 'yes'"),
        ({}, "it says what to do nowhere"),
        ({"times": 3}, "it says what to do nowhere"),
        ({"status": 503.7}, "status: expected a whole number"),
        ({"status": 1e400}, "status: expected a number"),
        ({"length": float("inf")}, "length: expected a number"),
        ({"length": 10**400}, "length: expected a number"),
        ({"cut_body": float("nan")}, "cut_body: expected a number"),
        ({"body": "x", "repeat": 1e15}, "body: expected 1000000 at most"),
        ({"bomb": 1e15}, "bomb: expected 65536 at most"),
        ({"many_headers": 1e15}, "many_headers: expected 100000 at most"),
        ({"many_headers": 100, "bytes": 1e15}, "many_headers: expected 16777216 at most"),
        ({"many_headers": 100_000, "bytes": 16_777_216}, "many_headers: together more than"),
        ({"informational": 103, "count": 1e15}, "informational: expected 1000000 at most"),
        (7, "expected a name or an object"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(plain_server: ServerHandle, fault: FaultEntry, sentence: str) -> None:
    """The sentence says which of the script, and why, before any request meets it."""
    with pytest.raises(HarnessError, match=rf"faults\[1\]: {sentence}"):
        plain_server.set_faults("t-1", ["ok", fault])


def test_a_script_for_nobody_is_refused(plain_server: ServerHandle) -> None:
    """An unknown track is named."""
    with pytest.raises(HarnessError, match="no track 't-999'"):
        plain_server.set_faults("t-999", ["ok"])
