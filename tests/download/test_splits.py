"""One file over several connections: when, how many, what is asked, and what is left of it when it ends early."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from chadsdk.cache.spans import Span, gaps
from chadsdk.cancel import CancelToken
from chadsdk.errors import AuthError
from chadsdk.progress import Event, Progress
from harness.build import plain_world
from harness.handle import LedgerEntry
from harness.recording import sha256_of
from harness.world import World
from tests.download.conftest import OpenRig
from tests.download.support import (
    CANCEL_BOUND_S,
    PATIENCE_S,
    Rig,
    Running,
    WatchedToken,
    bare,
    child,
    child_config,
    final_files,
)

PART_BYTES = 64 * 1024
LARGE_BYTES = 2_000_000
MIDDLING_BYTES = 600_000
HELD: dict[str, Any] = {"gate": "held", "after": 0.1}


@pytest.fixture(scope="session")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A large track, a middling one, and two short ones."""
    return plain_world(tmp_path_factory.mktemp("uneven"), [LARGE_BYTES, MIDDLING_BYTES, 60_000, 60_000])


@pytest.fixture
def rig(uneven: World, open_rig: OpenRig) -> Rig:
    """A rig whose parts may be short, with credentials that can be renewed."""
    return open_rig(uneven, refresh=True, min_part_bytes=PART_BYTES)


def span_of(get: LedgerEntry, total_bytes: int = LARGE_BYTES) -> Span:
    """What a request asked for."""
    if get.range is None:
        return (0, total_bytes)
    first, _, last = get.range.removeprefix("bytes=").partition("-")
    return (int(first), int(last) + 1 if last else total_bytes)


def note_of(rig: Rig) -> dict[str, Any]:
    """What is written beside the partial of t-1."""
    found: dict[str, Any] = json.loads((rig.layout.partials / "t-1.validator").read_bytes())
    return found


@pytest.mark.parametrize("known", ["digest", "size", "nothing"])
def test_one_file_over_all_connections(rig: Rig, known: str) -> None:
    """Four at one file at once, by ranges under its validator, and the very bytes come together."""
    source = {"digest": rig.source(1), "size": rig.source(1, sha256=None), "nothing": bare(rig.source(1))}[known]
    rig.server.set_faults("t-1", [{**HELD, "times": 4}])
    with Running(lambda: rig.service.download(source)) as running:
        rig.server.wait_at_gate("held", 4)
        assert rig.server.traffic().peak_connections == 4
        rig.server.open_gate("held")
        assert sha256_of(running.value()) == rig.sha256()
    whole, *parts = rig.gets()
    assert (whole.range, whole.status) == (None, 200)
    assert len(parts) >= 3
    assert {part.status for part in parts} == {206}
    assert min(stop - start for start, stop in map(span_of, parts)) >= PART_BYTES
    asked = [request.headers for request in rig.server.requests() if "range" in request.headers]
    assert {headers["if-range"] for headers in asked} == {f'"{rig.sha256()[:32]}"'}
    assert rig.temporaries() == rig.partials() == []


def test_idle_connections_take_the_largest_that_is_left(uneven: World, open_rig: OpenRig) -> None:
    """What becomes free when the short ones are done goes to the large one, and not to the middling one."""
    rig = open_rig(uneven, min_part_bytes=PART_BYTES, max_concurrent_downloads=3)
    for number in (1, 2):
        rig.server.set_faults(f"t-{number}", [{**HELD, "always": True}])
    rig.server.set_faults("t-3", [{"gate": "short", "after": 0.5}])
    with Running(lambda: rig.service.download_all(rig.sources)) as running:
        rig.server.wait_at_gate("held", 2)
        rig.server.open_gate("short")
        rig.server.wait_at_gate("held", 3)
        asked = [len(rig.gets(number)) for number in (1, 2, 3, 4)]
        assert rig.server.traffic().peak_connections == 3  # once some are closed, the server may hear of it late
        rig.server.open_gate("held")
        assert len(running.value()) == 4
    assert asked == [2, 1, 1, 1]


def test_one_connection_splits_nothing(uneven: World, open_rig: OpenRig) -> None:
    """Where one connection is all, each track is one request."""
    rig = open_rig(uneven, max_concurrent_downloads=1, min_part_bytes=PART_BYTES)
    rig.service.download_all(rig.sources)
    assert [len(rig.gets(number)) for number in (1, 2, 3, 4)] == [1, 1, 1, 1]


def test_short_tracks_stay_whole(uneven: World, open_rig: OpenRig) -> None:
    """By default a part of 2 MB is not worth a connection."""
    rig = open_rig(uneven)
    rig.server.set_faults("t-1", [{"rate": 10_000_000}])
    rig.service.download(bare(rig.source(1)))
    assert len(rig.gets()) == 1


@pytest.mark.parametrize("etag", [None, 'W/"weak"'], ids=["none", "weak"])
def test_what_cannot_be_told_apart_is_not_split(rig: Rig, etag: str | None) -> None:
    """Without a strong validator nobody can say that two parts are of one version."""
    rig.server.set_faults("t-2", [{"rate": 3_000_000, "etag": etag}])
    assert sha256_of(rig.service.download(rig.source(2))) == rig.sha256(2)
    assert len(rig.gets(2)) == 1


def test_a_server_without_ranges_is_asked_once(rig: Rig) -> None:
    """Its refusal costs one request, and the file comes by the first connection."""
    rig.server.set_faults("t-2", [{"rate": 2_000_000}, {"no_range": True, "always": True}])
    assert sha256_of(rig.service.download(rig.source(2))) == rig.sha256(2)
    assert [get.range is None for get in rig.gets(2)] == [True, False]


@pytest.mark.parametrize("framing", [{"headers": {"Connection": "close"}}, {"chunked": True}], ids=["close", "chunked"])
def test_a_part_that_became_shorter_is_no_surplus(rig: Rig, framing: dict[str, Any]) -> None:
    """Bodies that do not come by their counted length end where the next connection took over, and nothing restarts."""
    first = framing if "headers" in framing else {}
    rig.server.set_faults("t-1", [{**first, **HELD}, {**framing, **HELD, "times": 3}, {**framing, "always": True}])
    with Running(lambda: rig.service.download(rig.source(1))) as running:
        rig.server.wait_at_gate("held", 4)
        rig.server.open_gate("held")
        assert sha256_of(running.value()) == rig.sha256()
    assert [get.range for get in rig.gets()].count(None) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"part": True, "shift": 7},
        {"part": True, "total": 700_000},
        {"etag": "v2", "lie": True},
        {"multipart": True},
        {"headers": {"Content-Encoding": "gzip"}},
        {"cut_body": 0.5},
        {"reset": 0.5},
        {"hang_up": True},
        {"status": 404},
        {"status": 503},
        {"status": 503, "retry_after": "600"},
    ],
    ids=lambda fault: "-".join(map(str, fault)),
)
def test_a_failing_helper_spoils_nothing(rig: Rig, fault: dict[str, Any]) -> None:
    """Whatever comes instead of a part, the first connection brings the rest, and only the right bytes."""
    rig.server.set_faults("t-2", [{"rate": 2_000_000}, fault])
    assert sha256_of(rig.service.download(rig.source(2, sha256=None, revision=None))) == rig.sha256(2)
    whole, part, *_ = rig.gets(2)
    assert (whole.range, part.range is None) == (None, False)
    assert [get.range for get in rig.gets(2)].count(None) == 1


def test_wrong_bytes_of_a_part_are_one_restart(uneven: World, open_rig: OpenRig) -> None:
    """Only the digest tells: everything is fetched once more, and then it is right."""
    rig = open_rig(uneven, min_part_bytes=PART_BYTES, max_concurrent_downloads=2)
    rig.server.set_faults("t-2", [{"rate": 2_000_000}, {"wrong_bytes": 0.9}])
    assert sha256_of(rig.service.download(rig.source(2))) == rig.sha256(2)
    assert [get.range for get in rig.gets(2)].count(None) == 2


def test_a_helper_renews_the_credentials(rig: Rig) -> None:
    """A token that ends while a file is split is renewed once."""
    rig.server.set_faults("t-2", [{"rate": 2_000_000}, {"status": 401}])
    assert sha256_of(rig.service.download(rig.source(2))) == rig.sha256(2)
    assert rig.refreshes() == 1


def test_a_helper_without_credentials_dooms_the_batch(uneven: World, open_rig: OpenRig) -> None:
    """A refusal that is final is final for all, also when it was a helper that was refused."""
    rig = open_rig(uneven, min_part_bytes=PART_BYTES)
    rig.server.set_faults("t-1", [HELD, {"status": 401, "always": True}])
    with pytest.raises(AuthError):
        rig.service.download_all([rig.source(1)])
    assert final_files(rig.cache) == []


def test_a_cancel_keeps_all_parts(rig: Rig) -> None:
    """Four at one file are cut at once; what each brought is kept, and the next run asks for nothing else."""
    rig.server.set_faults("t-1", [{**HELD, "times": 4}])
    token = CancelToken()
    with Running(lambda: rig.service.download(rig.source(1), cancel=token)) as running:
        rig.server.wait_at_gate("held", 4)
        assert running.cancelled_by(token) < CANCEL_BOUND_S
    [partial] = rig.partials()
    had = [(start, stop) for start, stop in note_of(rig)["spans"]]
    assert len(had) >= 2
    assert partial.stat().st_size == LARGE_BYTES
    rig.server.clear_ledger()
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    lacking = gaps(had, LARGE_BYTES)
    for start, stop in map(span_of, rig.gets()):
        assert any(first <= start < stop <= last for first, last in lacking)
    assert rig.partials() == []


@pytest.mark.parametrize("change", ["size_bytes", "mtime_ns", "spans"])
def test_a_note_that_does_not_fit_is_thrown_away(rig: Rig, change: str) -> None:
    """A partial is as long as the whole, so only a note that speaks of this very file is believed."""
    rig.server.set_faults("t-1", [{**HELD, "times": 4}])
    token = CancelToken()
    with Running(lambda: rig.service.download(rig.source(1), cancel=token)) as running:
        rig.server.wait_at_gate("held", 4)
        running.cancelled_by(token)
    note = note_of(rig)
    note[change] = [[0, LARGE_BYTES + 1]] if change == "spans" else note[change] + 1
    (rig.layout.partials / "t-1.validator").write_text(json.dumps(note))
    rig.server.clear_ledger()
    assert sha256_of(rig.service.download(rig.source(1, sha256=None, revision=None))) == rig.sha256()
    assert rig.gets()[0].range is None


def test_a_kill_leaves_nothing_that_is_believed(rig: Rig) -> None:
    """Killed (-9) with four at one file: no final name, and the next run has it from the start."""
    rig.server.set_faults("t-1", [{**HELD, "times": 4}])
    config = child_config(rig, [rig.source(1)], settings={"min_part_bytes": PART_BYTES})
    with child("download", **config) as process:
        process.go()
        rig.server.wait_at_gate("held", 4)
        process.kill()
    assert final_files(rig.cache) == rig.partials() == []
    rig.server.clear_ledger()
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    assert rig.gets()[0].range is None


def test_another_version_forgets_every_part(uneven: World, open_rig: OpenRig) -> None:
    """The first connection is cut and finds a new version: what a helper has of the old one is in no file."""
    rig = open_rig(uneven, min_part_bytes=PART_BYTES, max_concurrent_downloads=2)
    old = {"gate": "old", "after": 0.95, "wrong_bytes": 0.9}  # one byte tells the versions apart
    new = {"etag": "v2", "always": True}
    rig.server.set_faults("t-1", [{"gate": "own", "after": 0.1, "cut_body": 0.3}, old, new])
    with Running(lambda: rig.service.download(bare(rig.source(1)))) as running:
        rig.server.wait_at_gate("own")
        rig.server.wait_at_gate("old")
        rig.server.open_gate("own")
        assert sha256_of(running.value()) == rig.sha256()
    assert [(get.range is None, get.status) for get in rig.gets()[:3]] == [(True, 200), (False, 206), (False, 200)]


def test_a_stalled_helper_is_cut(uneven: World, open_rig: OpenRig) -> None:
    """The watchdog ends it, and what it had to bring is brought by another."""
    hasty = {"min_bytes_per_s": 10_000, "min_rate_window_s": 0.4}
    rig = open_rig(uneven, min_part_bytes=PART_BYTES, attempts=1, **hasty)
    rig.server.set_faults("t-2", [{"rate": 2_000_000}, {"gate": "never", "after": 0.1, "times": 3}])
    assert sha256_of(rig.service.download(rig.source(2))) == rig.sha256(2)


def test_counts_of_a_split_file_only_rise(rig: Rig) -> None:
    """Four connections report to one count, which is the whole in the end, a restart on the way or not."""
    counts: list[Event] = []
    rig.server.set_faults("t-1", [{"rate": 4_000_000}, {"rate": 4_000_000, "wrong_bytes": 0.9, "times": 2}])
    rig.service.download_all([rig.source(1)], progress=counts.append)
    seen = [event.bytes_done for event in counts if isinstance(event, Progress)]
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, LARGE_BYTES)
    assert len(rig.gets()) > 2


def test_parts_share_the_cap(uneven: World, open_rig: OpenRig) -> None:
    """600 KB at 600 KB/s, over however many connections."""
    rig = open_rig(uneven, min_part_bytes=PART_BYTES, max_bytes_per_s=600_000)
    started = time.monotonic()
    assert sha256_of(rig.service.download(rig.source(2))) == rig.sha256(2)
    assert 0.6 < time.monotonic() - started < PATIENCE_S
    assert len(rig.gets(2)) > 1


def test_a_batch_beside_another_keeps_the_bound(rig: Rig) -> None:
    """Helpers of one batch and workers of another have four connections together."""
    rig.server.set_faults("t-1", [{**HELD, "times": 4}])
    token = WatchedToken()
    with Running(lambda: rig.service.download(rig.source(1))) as first:
        rig.server.wait_at_gate("held", 4)
        with Running(lambda: rig.service.download_all([rig.source(3), rig.source(4)], cancel=token)) as second:
            for _ in range(4):  # a batch that waits for a connection asks its token again and again
                assert token.asked.acquire(timeout=PATIENCE_S)
            assert rig.server.traffic().peak_connections == 4
            rig.server.open_gate("held")
            assert len(second.value()) == 2
        assert sha256_of(first.value()) == rig.sha256()
