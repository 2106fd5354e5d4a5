"""Tests of the counts that listeners are shown."""

from __future__ import annotations

import itertools
import random
import threading

from hypothesis import given
from hypothesis import strategies as st

from chadsdk.progress import Phase, Progress, Tally
from tests.values.support import PATIENCE_S

_ITEMS = st.integers(0, 3)
_PLANS = st.fixed_dictionaries({item: st.integers(0, 1000) for item in range(4)})
_STEPS = st.lists(st.tuples(_ITEMS, st.none() | st.integers(-5, 2000)))


def _assert_forward(counts: list[Progress]) -> None:
    for earlier, later in itertools.pairwise(counts):
        assert earlier.bytes_done <= later.bytes_done
        assert earlier.tracks_done <= later.tracks_done


@given(_PLANS, _STEPS)
def test_counts_never_run_backwards_or_over(plan: dict[int, int], steps: list[tuple[int, int | None]]) -> None:
    """Whatever workers report, restarts and surplus included, counts only rise and stay within the fixed totals."""
    tally = Tally(Phase.DOWNLOAD, plan)
    counts = [tally.progress()]
    for item, done in steps:
        if done is None:
            tally.settle(item)
        else:
            tally.advance(item, done)
        counts.append(tally.progress())
    _assert_forward(counts)
    assert all(each.bytes_done <= each.bytes_total == sum(plan.values()) for each in counts)
    assert all(each.tracks_done <= each.tracks_total == len(plan) for each in counts)


@given(_PLANS, _STEPS)
def test_counts_end_at_the_totals(plan: dict[int, int], steps: list[tuple[int, int | None]]) -> None:
    """When every item is settled, had or missing, the counts are exactly the totals."""
    tally = Tally(Phase.EXPORT, plan)
    for item, done in steps:
        tally.advance(item, done or 0)
    for item in plan:
        assert not tally.progress().finished
        tally.settle(item)
    assert tally.progress() == Progress(Phase.EXPORT, 4, 4, sum(plan.values()), sum(plan.values()))
    assert tally.progress().finished


def test_a_download_that_starts_over_is_not_counted_twice() -> None:
    """Credit is given again only once the old mark is passed."""
    tally = Tally(Phase.DOWNLOAD, {"a": 100})
    seen = []
    for done in (60, 0, 30, 70):
        tally.advance("a", done)
        seen.append(tally.progress().bytes_done)
    assert seen == [60, 60, 60, 70]


def test_nothing_to_do_is_finished() -> None:
    """A phase without items is finished from the start."""
    assert Tally(Phase.DOWNLOAD, {}).progress().finished


def test_many_threads() -> None:
    """With many workers and a reader at once, no count is lost and none is seen going back."""
    plan = dict.fromkeys(range(8), 5_000)
    tally = Tally(Phase.DOWNLOAD, plan)
    start, over = threading.Barrier(9), threading.Event()

    def work(item: int) -> None:
        chance = random.Random(item)
        start.wait(PATIENCE_S)
        for done in range(0, 5_000, 7):
            tally.advance(item, done - chance.randrange(50))
        tally.advance((item + 1) % 8, 2_000)
        tally.settle(item)

    def watch() -> None:
        while not over.is_set():
            counts.append(tally.progress())

    counts: list[Progress] = []
    threads = [threading.Thread(target=work, args=(item,)) for item in plan]
    for thread in threads:
        thread.start()
    watcher = threading.Thread(target=watch)
    watcher.start()
    start.wait(PATIENCE_S)
    for thread in threads:
        thread.join(PATIENCE_S)
    over.set()
    watcher.join(PATIENCE_S)
    _assert_forward([*counts, tally.progress()])
    assert (tally.progress().bytes_done, tally.progress().tracks_done) == (40_000, 8)
