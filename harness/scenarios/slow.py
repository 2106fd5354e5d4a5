"""Rows 13 to 17: servers that drip, stall, say hello for ever, or are just slow."""

from __future__ import annotations

from collections.abc import Mapping

from harness.scenarios.scenario import REST, SUBJECT, WHOLE, Expected, Scenario
from harness.scenarios.staging import HALF, always, faulty

__all__ = ["SCENARIOS"]

FLOOR: Mapping[str, object] = {"min_bytes_per_s": 100_000, "min_rate_window_s": 0.3}
DEADLINE: Mapping[str, object] = {"header_timeout_s": 0.4}
NO_HEAD = (None, None)

SCENARIOS = (
    Scenario(
        "drip",
        "The body drips below the floor, each time: stalled, tried as often as allowed, and what came is kept.",
        faulty(always(rate=10_000)),
        rows=(13,),
        settings={**FLOOR, "attempts": 2},
        expected=Expected(missing={1: "stalled"}, asked={SUBJECT: 2}, partials=None),
    ),
    Scenario(
        "slow-after-a-half",
        "Half comes at once, the rest drips: stalled within the window, and then gone on from.",
        faulty(({"rate": 0.3, "slow_after": 0.5},)),
        rows=(13,),
        settings=FLOOR,
        expected=Expected(asked={SUBJECT: 2}),
    ),
    Scenario(
        "drip-head",
        "The head drips and never ends, once and for ever: a deadline by the clock.",
        faulty(({"drip_head": 0.02},), always(drip_head=0.02)),
        rows=(14,),
        settings={**DEADLINE, "attempts": 2},
        expected=Expected(missing={2: "stalled"}, asked={SUBJECT: (NO_HEAD, WHOLE), "t-2": (NO_HEAD,) * 2}),
    ),
    Scenario(
        "endless-100-continue",
        "100 Continue without an end: the same deadline.",
        faulty(({"informational": 100, "count": "endless"},)),
        rows=(14,),
        settings=DEADLINE,
        expected=Expected(asked={SUBJECT: (NO_HEAD, WHOLE)}),
    ),
    Scenario(
        "early-hints",
        "103 Early Hints before the answer, which HTTP libraries take for the answer itself: tried again.",
        faulty(({"informational": 103},), always(informational=103)),
        rows=(14,),
        expected=Expected(missing={2: "protocol"}, asked={SUBJECT: (WHOLE, WHOLE), "t-2": (WHOLE,) * 3}),
    ),
    Scenario(
        "stall-after-the-head",
        "Not a byte after the head.",
        faulty(({"gate": "never", "after": 0.0},)),
        rows=(15,),
        settings={"read_timeout_s": 0.3},
        expected=Expected(asked={SUBJECT: (WHOLE, WHOLE)}),
    ),
    Scenario(
        "stall-in-the-body",
        "Silence after half of the body: the rest is asked for on a new line.",
        faulty(({"gate": "never", "after": 0.5},)),
        rows=(15,),
        settings={"read_timeout_s": 0.3},
        expected=Expected(asked={SUBJECT: (WHOLE, REST)}),
    ),
    Scenario(
        "stall-in-the-last-attempt",
        "Silence after half of the body, and no attempt left: stalled, and the half is kept.",
        faulty(({"gate": "never", "after": 0.5},)),
        rows=(15,),
        settings={"read_timeout_s": 0.3, "attempts": 1},
        expected=Expected(missing={1: "stalled"}, asked={SUBJECT: (WHOLE,)}, partials=(HALF,)),
    ),
    Scenario(
        "slow-but-honest",
        "Slower than the time-outs would seem to allow, but steadily above the floor: it just takes its time.",
        faulty(({"rate": 100_000},)),
        rows=(17,),
        settings={"read_timeout_s": 0.5, "min_bytes_per_s": 20_000, "min_rate_window_s": 0.3},
        expected=Expected(),
    ),
)
