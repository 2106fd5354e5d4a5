"""More than one process: shared work, sudden death, locks that lie, and leaving while work is under way."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.recording import sha256_of
from harness.world import World
from tests.download.bare import Talk, bare_server
from tests.download.conftest import OpenRig
from tests.download.support import PATIENCE_S, Rig, child, child_config, final_files

pytestmark = pytest.mark.slow


def test_three_processes_fetch_each_track_once(thirty: World, open_rig: OpenRig) -> None:
    """Three at once want the same thirty tracks in one cache: thirty GETs in all, and each has all thirty."""
    rig = open_rig(thirty)
    with ExitStack() as stack:
        children = [stack.enter_context(child("download", **child_config(rig, rig.sources))) for _ in range(3)]
        for each in children:
            each.go()
        outcomes = [each.outcome() for each in children]
    assert len(rig.server.audio_gets()) == 30
    paths = {path.stem: str(path) for path in final_files(rig.cache)}
    assert len(paths) == 30
    assert outcomes == [paths] * 3


def test_a_waiting_process_goes_on_when_the_other_dies(rig: Rig) -> None:
    """The one that holds the track is killed: the one that waits takes over, and the track comes."""
    rig.server.set_faults("t-1", [{"gate": "half", "after": 0.5}])
    config = child_config(rig, [rig.source(1), rig.source(2)])
    with child("download", **config) as first, child("download", **config) as second:
        first.go()
        rig.server.wait_at_gate("half")
        second.go()
        first.kill()
        assert set(second.outcome()) == {"t-1", "t-2"}
    rig.assert_whole()
    assert len(final_files(rig.cache)) == 2


@pytest.mark.parametrize("at", [0.0, 0.5, 1.0])
def test_a_killed_download_leaves_nothing_under_a_final_name(rig: Rig, at: float) -> None:
    """Killed (-9) before, in the middle of and after the last byte: no final name then; the next run completes."""
    for number in (3, 4, 5, 6):
        rig.server.set_faults(f"t-{number}", [{"gate": "here", "after": at, "no_length": at == 1.0}])
    config = child_config(rig, rig.sources)
    with child("download", **config) as process:
        process.go()
        rig.server.wait_at_gate("here", 4)
        process.kill()
    rig.assert_whole()
    assert {path.stem for path in final_files(rig.cache)} <= {"t-1", "t-2", "t-7", "t-8"}
    under_way = {path.name.partition(".")[0] for path in rig.temporaries()}
    assert {"t-3", "t-4", "t-5", "t-6"} <= under_way | {path.stem for path in rig.partials()}
    assert len(rig.temporaries()) == len(under_way)
    assert len(rig.service.download_all(rig.sources)) == 8
    rig.assert_whole()
    assert len(final_files(rig.cache)) == 8


@pytest.mark.parametrize("flock", ["no-op", "missing"])
def test_without_locks_two_writers_spoil_nothing(rig: Rig, flock: str) -> None:
    """Two processes on a file system whose locks lie or are not there, both in mid-body at once: one whole file."""
    rig.server.set_faults("t-1", [{"gate": "both", "after": 0.5, "times": 2}])
    config = child_config(rig, [rig.source(1)], flock=flock)
    with child("download", **config) as first, child("download", **config) as second:
        first.go()
        second.go()
        rig.server.wait_at_gate("both", 2)
        assert final_files(rig.cache) == []
        rig.server.open_gate("both")
        (path,) = {*first.outcome().values(), *second.outcome().values()}
    assert sha256_of(Path(path)) == rig.sha256()
    assert rig.temporaries() == rig.partials() == []


def test_without_locks_writers_resume_at_once(rig: Rig) -> None:
    """Two lockless processes find one partial: it goes to one of them, and both end with the right file."""
    rig.server.set_faults("t-1", [{"cut_body": 0.5}, {"status": 404}])
    config = child_config(rig, [rig.source(1)], flock="no-op")
    with child("download", **config) as process:
        process.go()
        assert process.outcome() == {"t-1": "not_found"}
    rig.server.set_faults("t-1", [{"cut_body": 0.9, "times": 4}])
    with child("download", **config) as first, child("download", **config) as second:
        first.go()
        second.go()
        assert set(first.outcome().values()) == set(second.outcome().values())
    rig.assert_whole()


@pytest.mark.parametrize("daemon", [True, False], ids=["daemon", "plain"])
def test_the_interpreter_can_always_exit(rig: Rig, *, daemon: bool) -> None:
    """The main thread ends while another downloads from a server that stalls: the process ends, with code 0."""
    for number in range(1, 9):
        rig.server.set_faults(f"t-{number}", [{"gate": "stall", "after": 0.5, "always": True}])
    with child("leave", daemon=daemon, **child_config(rig, rig.sources)) as process:
        rig.server.wait_at_gate("stall", 4)
        process.go()
        _, err = process.process.communicate(timeout=5)
        assert (process.process.returncode, err) == (0, "")
    assert len(rig.server.audio_gets()) == 4
    assert rig.temporaries() == [] or daemon


@pytest.mark.parametrize("daemon", [True, False], ids=["daemon", "plain"])
@pytest.mark.parametrize("call", ["leave", "leave-one"], ids=["batch", "one"])
@pytest.mark.parametrize("said", ["headers", "body"])
def test_a_server_that_trickles_keeps_no_interpreter(rig: Rig, said: str, call: str, *, daemon: bool) -> None:
    """The main thread ends while another downloads, from a batch or one track: the process ends all the same."""

    def answer(talk: Talk, _head: str) -> None:
        talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n" + (b"\r\n" if said == "body" else b"X-Long: "))
        talk.trickle(b"x")

    with bare_server(answer) as server:
        config = child_config(rig, rig.sources[:1], url=server.url)
        with child(call, daemon=daemon, **config) as process:
            assert server.wait_for_request(PATIENCE_S)
            process.go()
            _, err = process.process.communicate(timeout=5)
            assert (process.process.returncode, err) == (0, "")
