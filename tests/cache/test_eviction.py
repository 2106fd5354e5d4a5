"""What goes and why: a pure function of what the cache holds, the policy, the time and the needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chadsdk.cache.eviction import IN_USE_S, STALE_PARTIAL_S, EvictionPlan, Needs, Why, plan_evictions
from chadsdk.cache.holdings import Holding, Kind
from chadsdk.cache_policy import CachePolicy
from chadsdk.errors import ConfigurationError
from chadsdk.settings import Settings

NOW_S = 1_800_000_000.0
DAY_S = 86_400.0


def held(stem: str, *, s_ago: float, size_bytes: int = 100, kind: Kind = Kind.TRACK) -> Holding:
    return Holding("s", stem, kind, (Path(f"{stem}.wav"),), size_bytes, NOW_S - s_ago)


def partial(stem: str, *, s_ago: float) -> Holding:
    return held(stem, s_ago=s_ago, kind=Kind.PARTIAL)


def told(plan: EvictionPlan) -> list[tuple[str, Why]]:
    return [(each.holding.stem, each.why) for each in plan.evictions]


@dataclass(frozen=True)
class Case:
    """A cache, a policy, who needs what, and what goes."""

    name: str
    holdings: tuple[Holding, ...]
    policy: CachePolicy
    goes: list[tuple[str, Why]]
    needs: Needs | None = None


THREE = (held("new", s_ago=DAY_S), held("old", s_ago=3 * DAY_S), held("mid", s_ago=2 * DAY_S))
DONE = {("s", stem): NOW_S - DAY_S for stem in ("new", "old", "mid")}

CASES = [
    Case("keep", (*THREE, partial("p", s_ago=400 * DAY_S)), CachePolicy.keep(), []),
    Case("keep, though done", THREE, CachePolicy.keep(), [], Needs(done=DONE)),
    Case("enough room", THREE, CachePolicy(max_bytes=300), []),
    Case("one byte too much", THREE, CachePolicy(max_bytes=299), [("old", Why.TOO_MUCH)]),
    Case(
        "least recently used first", THREE, CachePolicy(max_bytes=100), [("old", Why.TOO_MUCH), ("mid", Why.TOO_MUCH)]
    ),
    Case("exactly the age", THREE, CachePolicy(max_age_s=3 * DAY_S), []),
    Case("too old", THREE, CachePolicy(max_age_s=2 * DAY_S), [("old", Why.TOO_OLD)]),
    Case(
        "age makes room already",
        THREE,
        CachePolicy(max_age_s=2 * DAY_S, max_bytes=200),
        [("old", Why.TOO_OLD)],
    ),
    Case(
        "age and room",
        THREE,
        CachePolicy(max_age_s=2 * DAY_S, max_bytes=100),
        [("old", Why.TOO_OLD), ("mid", Why.TOO_MUCH)],
    ),
    Case(
        "needed is passed over and counts",
        THREE,
        CachePolicy(max_bytes=100),
        [("mid", Why.TOO_MUCH), ("new", Why.TOO_MUCH)],
        Needs({("s", "old")}),
    ),
    Case("needed is not too old", THREE, CachePolicy(max_age_s=DAY_S), [("mid", Why.TOO_OLD)], Needs({("s", "old")})),
    Case("used within the last minute", (held("a", s_ago=IN_USE_S - 1),), CachePolicy(max_bytes=0, max_age_s=0), []),
    Case("used a minute ago", (held("a", s_ago=IN_USE_S + 1),), CachePolicy(max_bytes=0), [("a", Why.TOO_MUCH)]),
    Case("a clock a little off", (held("a", s_ago=1 - IN_USE_S),), CachePolicy(max_bytes=0), []),
    Case("from the future, by age", (held("a", s_ago=-400 * DAY_S),), CachePolicy(max_age_s=0), []),
    Case(
        "from the future, by size",
        (held("a", s_ago=-400 * DAY_S), held("b", s_ago=DAY_S)),
        CachePolicy(max_bytes=0),
        [("b", Why.TOO_MUCH), ("a", Why.TOO_MUCH)],
    ),
    Case(
        "done, just now",
        (held("a", s_ago=1),),
        CachePolicy(after_export=True),
        [("a", Why.EXPORTED)],
        Needs(done={("s", "a"): NOW_S - 1}),
    ),
    Case(
        "done, but used again since",
        (held("a", s_ago=1),),
        CachePolicy(after_export=True),
        [],
        Needs(done={("s", "a"): NOW_S - 2}),
    ),
    Case(
        "done, used again long ago",
        (held("a", s_ago=DAY_S),),
        CachePolicy(after_export=True),
        [],
        Needs(done={("s", "a"): NOW_S - 2 * DAY_S}),
    ),
    Case(
        "done, but needed by another",
        (held("a", s_ago=1),),
        CachePolicy(after_export=True),
        [],
        Needs({("s", "a")}, {("s", "a"): NOW_S}),
    ),
    Case("of no export", THREE, CachePolicy(after_export=True), []),
    Case(
        "done counts for size at once",
        (held("a", s_ago=1),),
        CachePolicy(max_bytes=0),
        [("a", Why.TOO_MUCH)],
        Needs(done={("s", "a"): NOW_S - 1}),
    ),
    Case(
        "an export's partial stays",
        (partial("a", s_ago=1),),
        CachePolicy(after_export=True),
        [],
        Needs(done={("s", "a"): NOW_S}),
    ),
    Case(
        "a stale partial",
        (partial("p", s_ago=STALE_PARTIAL_S + 1),),
        CachePolicy(max_bytes=10**9),
        [("p", Why.TOO_OLD)],
    ),
    Case("a young partial", (partial("p", s_ago=STALE_PARTIAL_S - 1),), CachePolicy(max_bytes=10**9), []),
    Case("a partial by age", (partial("p", s_ago=3 * DAY_S),), CachePolicy(max_age_s=2 * DAY_S), [("p", Why.TOO_OLD)]),
    Case(
        "a partial by size",
        (partial("p", s_ago=DAY_S), held("a", s_ago=2 * DAY_S)),
        CachePolicy(max_bytes=50),
        [("a", Why.TOO_MUCH), ("p", Why.TOO_MUCH)],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_goes(case: Case) -> None:
    """Each rule alone, and where two meet."""
    plan = plan_evictions(case.holdings, case.policy, now_s=NOW_S, needs=case.needs)
    assert told(plan) == case.goes
    assert plan.left_bytes == sum(each.size_bytes for each in case.holdings) - plan.freed_bytes


def test_what_is_in_the_way_is_named() -> None:
    """A limit that cannot be kept says what it would have taken."""
    plan = plan_evictions([held("a", s_ago=1), held("b", s_ago=DAY_S)], CachePolicy(max_bytes=50), now_s=NOW_S)
    assert told(plan) == [("b", Why.TOO_MUCH)]
    assert [each.stem for each in plan.in_use] == ["a"]
    assert plan.left_bytes == 100


HOLDINGS = st.lists(
    st.builds(
        held,
        st.text("abcdefgh", min_size=1, max_size=3),
        s_ago=st.floats(-2 * DAY_S, 5 * DAY_S),
        size_bytes=st.integers(0, 1000),
        kind=st.sampled_from(Kind),
    ),
    max_size=20,
    unique_by=lambda each: (each.key, each.kind),
)
POLICIES = st.builds(
    CachePolicy,
    max_bytes=st.none() | st.integers(0, 10_000),
    max_age_s=st.none() | st.floats(0, 4 * DAY_S),
    after_export=st.booleans(),
)


@given(HOLDINGS, POLICIES, st.data())
def test_no_more_than_must_go_and_never_what_is_needed(
    holdings: list[Holding], policy: CachePolicy, data: st.DataObject
) -> None:
    """Needed stays; each has its reason; by size it is the shortest run of what was used longest ago."""
    keys = sorted({each.key for each in holdings})
    picked = st.sets(st.sampled_from(keys)) if keys else st.just(set())
    needs = Needs(data.draw(picked), dict.fromkeys(data.draw(picked), NOW_S))
    plan = plan_evictions(holdings, policy, now_s=NOW_S, needs=needs)
    gone = [each.holding for each in plan.evictions]
    assert len(set(gone)) == len(gone)
    assert set(gone) <= set(holdings)
    assert [each.last_use_s for each in gone] == sorted(each.last_use_s for each in gone)
    assert not {each.key for each in gone} & set(needs.needed)
    if policy.keeps_all:
        assert gone == []
    by_size = [each.holding for each in plan.evictions if each.why is Why.TOO_MUCH]
    if policy.max_bytes is None:
        assert by_size == []
        return
    if by_size:  # without the last of them it was still too much
        assert plan.left_bytes + by_size[-1].size_bytes > policy.max_bytes
    stays = [each for each in holdings if each not in gone]
    if plan.left_bytes > policy.max_bytes:
        assert set(stays) == set(plan.in_use)
    elif by_size:  # nothing that could have gone was used longer ago than what went
        free = [each for each in stays if each not in plan.in_use and each.key not in needs.needed]
        used_now = [each for each in free if abs(NOW_S - each.last_use_s) <= IN_USE_S and each.key not in needs.done]
        assert all(each.last_use_s >= by_size[-1].last_use_s for each in free if each not in used_now)


@given(HOLDINGS, POLICIES)
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(holdings: list[Holding], policy: CachePolicy) -> None:
    """The order of the listing does not matter, and the same policy finds nothing more in what is left."""
    plan = plan_evictions(holdings, policy, now_s=NOW_S)
    assert plan_evictions(reversed(holdings), policy, now_s=NOW_S) == plan
    gone = {each.holding for each in plan.evictions}
    left = [each for each in holdings if each not in gone]
    assert plan_evictions(left, policy, now_s=NOW_S).evictions == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_bytes", -1),
        ("max_bytes", 1.5),
        ("max_bytes", True),
        ("max_bytes", "2G"),
        ("max_age_s", -0.1),
        ("max_age_s", float("nan")),
        ("max_age_s", float("inf")),
        ("max_age_s", False),
        ("after_export", 1),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(field: str, value: Any) -> None:
    """With the name of the field."""
    with pytest.raises(ConfigurationError, match=field):
        CachePolicy(**{field: value})


def test_settings_hold_a_policy_and_keep_by_default() -> None:
    """Anything else under that name is refused."""
    assert Settings(cache_dir=Path("c")).cache_policy == CachePolicy.keep()
    with pytest.raises(ConfigurationError, match="cache_policy"):
        Settings(cache_dir=Path("c"), cache_policy="keep")  # type: ignore[arg-type]
