"""What heals by itself, and how often a server is asked at most."""

from __future__ import annotations

from pathlib import Path

import pytest

from chadsdk.download import Fetched, Unavailable
from chadsdk.errors import NetworkError, RateLimitedError, Reason, ServerError, StalledError, TruncatedError
from harness.build import plain_world
from harness.recording import sha256_of
from harness.world import FaultEntry, World
from tests.download.conftest import OpenRig
from tests.download.support import Rig, bare, final_files


@pytest.mark.parametrize(
    "faults",
    [
        [{"status": 503, "times": 2}],
        [{"status": 500}, {"status": 502}, {"status": 504}, {"status": 408}],
        [{"status": 429, "retry_after": "0"}],
        [{"status": 503, "retry_after": "soon"}],
        [{"status": 503, "retry_after": "-5"}],
        [{"status": 503, "retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}],
        [{"cut_body": 0.3}, {"cut_body": 0.7}],
        [{"cut_body": 0.0}],
        [{"reset": True}, {"reset": 0.5}],
        ["hang_up", "hang_up"],
    ],
    ids=["503", "5xx", "429", "soon", "negative", "past", "cut", "cut-at-once", "reset", "hang-up"],
)
def test_what_passes_is_healed(rig: Rig, faults: list[FaultEntry]) -> None:
    """The track is had, right, after as many requests as there were faults, and one."""
    rig.server.set_faults("t-1", faults)
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    expected = 3 if faults == [{"status": 503, "times": 2}] else len(faults) + 1
    assert len(rig.gets()) == expected
    assert rig.temporaries() == rig.partials() == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 503}, ServerError),
        ({"status": 429}, RateLimitedError),
        ({"hang_up": True}, NetworkError),
        ({"reset": True}, NetworkError),
        ({"cut_body": 0.1}, TruncatedError),
    ],
    ids=["503", "429", "hang-up", "reset", "cut"],
)
def test_attempts_are_bounded(plain: World, open_rig: OpenRig, fault: dict[str, object], error: type) -> None:
    """What never passes is asked for as often as the settings say, and no more."""
    rig = open_rig(plain, attempts=3)
    rig.server.set_faults("t-1", [{"no_range": True, **fault, "always": True}])
    with pytest.raises(error):
        rig.service.download(rig.source(1))
    assert len(rig.gets()) == 3
    assert final_files(rig.cache) == []


def test_progress_starts_the_count_again(tmp_path: Path, open_rig: OpenRig) -> None:
    """With two attempts and a line that breaks four times, each time further on, the track is had."""
    rig = open_rig(plain_world(tmp_path / "world", [2_000_000]), attempts=2)
    rig.server.set_faults("t-1", [{"cut_body": 0.3, "times": 4}])
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    starts = [int((get.range or "bytes=0-")[6:-1]) for get in rig.gets()]
    assert starts == sorted(set(starts))
    assert len(starts) == 5


def test_a_server_that_gives_a_byte_at_a_time_does_not_go_on_for_ever(plain: World, open_rig: OpenRig) -> None:
    """Crumbs are no progress: bodies that break after 2 KB each end with the attempts."""
    rig = open_rig(plain, attempts=3)
    rig.server.set_faults("t-1", [{"cut_body": 0.005, "always": True}])
    with pytest.raises(TruncatedError):
        rig.service.download(rig.source(1))
    assert len(rig.gets()) == 3


def test_patience_asked_for_beyond_ours_fails_at_once(rig: Rig) -> None:
    """A Retry-After above the limit is not slept through, and not shortened either."""
    rig.server.set_faults("t-1", [{"status": 503, "retry_after": "3600", "always": True}])
    outcome = rig.service.download_all([rig.source(1)])[rig.source(1)]
    assert isinstance(outcome, Unavailable)
    assert outcome.reason is Reason.RATE_LIMITED
    assert len(rig.gets()) == 1


def test_silence_is_a_stall(plain: World, open_rig: OpenRig) -> None:
    """A body that stops coming fails after the read time-out as stalled, and what came is kept for the next time."""
    rig = open_rig(plain, read_timeout_s=0.2, attempts=1)
    rig.server.set_faults("t-1", [{"gate": "silence", "after": 0.5, "times": 1}])
    with pytest.raises(StalledError):
        rig.service.download(rig.source(1))
    assert [path.stat().st_size for path in rig.partials()] == [200_000]
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    assert [get.range for get in rig.gets()] == [None, "bytes=200000-"]


def test_no_answer_is_a_stall(plain: World, open_rig: OpenRig) -> None:
    """Headers that never come are a stall too."""
    rig = open_rig(plain, read_timeout_s=0.2, attempts=1)
    rig.server.set_faults("t-1", [{"gate": "silence", "before": "headers"}])
    with pytest.raises(StalledError):
        rig.service.download(rig.source(1))


def test_a_server_that_is_gone_is_a_network_error(rig: Rig) -> None:
    """Refused connections: every track is missing, none stops the batch."""
    rig.server.kill()
    outcomes = rig.service.download_all(rig.sources)
    reasons = {outcome.reason for outcome in outcomes.values() if isinstance(outcome, Unavailable)}
    assert (len(outcomes), reasons) == (8, {Reason.NETWORK})


def test_one_lost_track_does_not_stop_the_others(rig: Rig) -> None:
    """Outcomes are per source, in whatever way each failed."""
    rig.server.set_faults("t-2", [{"status": 404, "always": True}])
    rig.server.set_faults("t-3", [{"html": "audio/wav", "always": True}])
    rig.server.set_faults("t-4", [{"wrong_bytes": True, "always": True}])
    outcomes = rig.service.download_all(rig.sources)
    assert list(outcomes) == rig.sources
    missing = {
        source.track_id: outcome.reason for source, outcome in outcomes.items() if isinstance(outcome, Unavailable)
    }
    assert missing == {"t-2": Reason.NOT_FOUND, "t-3": Reason.NOT_AUDIO, "t-4": Reason.INTEGRITY}
    assert sum(isinstance(outcome, Fetched) for outcome in outcomes.values()) == 5


def test_sizes_are_asked_by_head(rig: Rig) -> None:
    """One HEAD per source, no body; where the server does not say, or fails, it is None."""
    rig.server.set_faults("t-2", [{"no_length": True}], head=True)
    rig.server.set_faults("t-3", [{"status": 500}], head=True)
    wanted = [bare(rig.source(number)) for number in (1, 2, 3, 1)]
    found = rig.service.sizes(wanted)
    assert [found[source] for source in wanted] == [400_000, None, None, 400_000]
    assert [(entry.method, entry.kind) for entry in rig.server.ledger()] == [("HEAD", "audio")] * 3
