"""Each track once, never more connections than allowed, the largest first."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from chadsdk.download import Fetched
from chadsdk.progress import Event, Progress, TrackDone
from harness.build import plain_world
from harness.world import World
from tests.download.conftest import OpenRig
from tests.download.support import Rig, Running, bare


def test_a_source_that_is_given_often_is_fetched_once(rig: Rig) -> None:
    """Five times the same track, once with a server key and other expectations: one GET, an outcome for each."""
    wanted = [rig.source(1)] * 5 + [rig.source(1, server=rig.client.key), bare(rig.source(1)), rig.source(2)]
    outcomes = rig.service.download_all(wanted)
    assert set(outcomes) == set(wanted)
    assert all(isinstance(outcome, Fetched) for outcome in outcomes.values())
    assert (len(rig.gets(1)), len(rig.gets(2))) == (1, 1)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_batch_keeps_to_its_connections(thirty: World, open_rig: OpenRig, workers: int) -> None:
    """Thirty downloads: as many connections as allowed are used, and never one more, at no time and in no way."""
    rig = open_rig(thirty, max_concurrent_downloads=workers)
    for number in range(1, workers + 1):
        rig.server.set_faults(f"t-{number}", [{"gate": "all", "after": 0.5}])
    with Running(lambda: rig.service.download_all(rig.sources)) as running:
        rig.server.wait_at_gate("all", workers)
        rig.server.open_gate("all")
        assert len(running.value()) == 30
    traffic = rig.server.traffic()
    assert traffic.peak_streams == workers
    assert traffic.peak_connections == workers
    assert traffic.accepted == workers  # kept alive, not opened again and again


def test_threads_that_call_download_share_the_connections(thirty: World, open_rig: OpenRig) -> None:
    """Thirty threads with one service: no more than two connections, and all get their file."""
    rig = open_rig(thirty, max_concurrent_downloads=2)
    start = threading.Barrier(30)

    def fetch(number: int) -> Path:
        start.wait()
        return rig.service.download(rig.source(number))

    with ThreadPoolExecutor(30) as pool:
        assert len(set(pool.map(fetch, range(1, 31)))) == 30
    assert rig.server.traffic().peak_connections <= 2
    assert len(rig.server.audio_gets()) == 30


def test_threads_that_want_one_track_fetch_it_once(rig: Rig) -> None:
    """Eight threads, one track: one GET, one path."""
    start = threading.Barrier(8)

    def fetch(_: int) -> Path:
        start.wait()
        return rig.service.download(rig.source(1))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(fetch, range(8)))) == 1
    assert len(rig.gets()) == 1


def test_asking_for_sizes_keeps_to_the_connections(thirty: World, open_rig: OpenRig) -> None:
    """HEADs are made in parallel, within the same bound."""
    rig = open_rig(thirty, max_concurrent_downloads=2)
    rig.server.set_faults("t-1", [{"gate": "heads", "before": "headers"}], head=True)
    rig.server.set_faults("t-2", [{"gate": "heads", "before": "headers"}], head=True)
    with Running(lambda: rig.service.sizes(rig.sources)) as running:
        rig.server.wait_at_gate("heads", 2)
        rig.server.open_gate("heads")
        assert set(running.value().values()) == {20_000}
    assert rig.server.traffic().peak_connections == 2


def test_the_largest_comes_first(tmp_path: Path, open_rig: OpenRig) -> None:
    """By the sizes of the sources, or by those that the caller asked for."""
    sizes = [3_000, 9_000, 1_000, 7_000]
    rig = open_rig(plain_world(tmp_path / "world", sizes), max_concurrent_downloads=1)
    rig.service.download_all(rig.sources[:2])
    unknown = [bare(source) for source in rig.sources[2:]]
    rig.service.download_all(unknown, sizes=rig.service.sizes(unknown))
    asked = [entry.path.split("/")[2] for entry in rig.server.audio_gets()]
    assert asked == ["2", "1", "4", "3"]


def test_progress_is_told_on_the_callers_thread_and_never_runs_backwards(rig: Rig) -> None:
    """Retries, misses and hits: totals stand from the start, counts rise, and the end is exactly the total."""
    rig.service.download(rig.source(1))
    rig.server.set_faults("t-2", [{"status": 404}])
    rig.server.set_faults("t-3", [{"cut_body": 0.5, "no_range": True}, {"wrong_bytes": True}])
    events: list[tuple[int, Event]] = []
    rig.service.download_all(rig.sources, progress=lambda event: events.append((threading.get_ident(), event)))
    assert {thread for thread, _ in events} == {threading.get_ident()}
    counts = [event for _, event in events if isinstance(event, Progress)]
    assert {(count.tracks_total, count.bytes_total) for count in counts} == {(8, 3_200_000)}
    for name in ("tracks_done", "bytes_done"):
        values = [getattr(count, name) for count in counts]
        assert values == sorted(values)
    assert (counts[0].bytes_done, counts[-1].bytes_done, counts[-1].finished) == (0, 3_200_000, True)
    done = [event for _, event in events if isinstance(event, TrackDone)]
    assert len(done) == 8
    assert [event.title for event in done if event.missing] == ["Plain 00002"]


def test_a_listener_that_raises_ends_the_batch(rig: Rig) -> None:
    """The caller's own error comes back to the caller, and no worker is left."""
    events: list[Event] = []

    def listener(event: Event) -> None:
        events.append(event)
        if len(events) == 3:
            raise LookupError("mine")

    rig.server.set_faults("t-8", [{"gate": "stall", "after": 0.5}])
    with pytest.raises(LookupError, match="mine"):
        rig.service.download_all(rig.sources, progress=listener)


def test_nothing_to_do_is_done(rig: Rig) -> None:
    """No sources, no requests, an empty answer."""
    assert rig.service.download_all([]) == {}
    assert rig.service.sizes([]) == {}
    assert rig.server.ledger() == []


def test_unknown_sizes_are_a_guess_in_the_progress(plain: World, open_rig: OpenRig) -> None:
    """A track of unknown size counts as much as the settings say, and is settled in full."""
    rig = open_rig(plain, unknown_track_bytes=1_000_000)
    counts: list[Event] = []
    rig.service.download_all([bare(rig.source(1)), replace(rig.source(2))], progress=counts.append)
    last = [count for count in counts if isinstance(count, Progress)][-1]
    assert (last.bytes_done, last.bytes_total) == (1_400_000, 1_400_000)
