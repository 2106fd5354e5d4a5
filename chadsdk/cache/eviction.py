"""What would go from the cache, and why: decisions, no I/O.

1. What somebody needs stays: this process says so, or it was used within the last minute. That is longer than an
   export needs between fetching a track that it had lost and opening the file, so that none loses a track twice.
2. The tracks of an export that asked for it go, unless they were used again since.
3. What was not used for too long goes.
4. While it is still too much, the least recently used goes; what stays by rule 1 counts.

A use that lies more than a minute in the future (the clock was set back) is neither too old nor within the last minute:
only rule 4 gets at it, last of all.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chadsdk.cache.holdings import Holding, Key, Kind
from chadsdk.cache_policy import CachePolicy

__all__ = ["IN_USE_S", "STALE_PARTIAL_S", "Eviction", "EvictionPlan", "Needs", "Why", "plan_evictions"]

IN_USE_S = 60.0
STALE_PARTIAL_S = 30 * 86_400.0


class Why(StrEnum):
    """Why something goes."""

    EXPORTED = "exported"
    TOO_OLD = "too old"
    TOO_MUCH = "too much"


@dataclass(frozen=True, slots=True)
class Eviction:
    """One thing that goes."""

    holding: Holding
    why: Why


@dataclass(frozen=True, slots=True)
class EvictionPlan:
    """What goes and what stays.

    Attributes:
        evictions: What goes, in the order in which it goes.
        total_bytes: Of all that the cache held before.
        in_use: What the policy would have taken, had it not been in use.
    """

    evictions: tuple[Eviction, ...]
    total_bytes: int
    in_use: tuple[Holding, ...] = ()

    @property
    def freed_bytes(self) -> int:
        """What goes, in bytes."""
        return sum(each.holding.size_bytes for each in self.evictions)

    @property
    def left_bytes(self) -> int:
        """What stays, in bytes."""
        return self.total_bytes - self.freed_bytes


@dataclass(frozen=True, slots=True)
class Needs:
    """What is known in this process of who needs what.

    Attributes:
        needed: Tracks that must stay.
        done: Tracks that an export is done with, and when it last used each, in seconds of the epoch.
    """

    needed: Collection[Key] = frozenset()
    done: Mapping[Key, float] = field(default_factory=dict)


def plan_evictions(
    holdings: Iterable[Holding], policy: CachePolicy, *, now_s: float, needs: Needs | None = None
) -> EvictionPlan:
    """Say what goes under a policy; see the rules above.

    Args:
        holdings: All that the cache holds.
        policy: The limits.
        now_s: Seconds of the epoch.
        needs: What this process needs, and is done with.
    """
    needs = needs or Needs()
    oldest_first = sorted(holdings, key=lambda each: (each.last_use_s, each.server, each.stem, each.kind))
    left = total = sum(each.size_bytes for each in oldest_first)
    going: dict[int, Why] = {}
    in_use: list[Holding] = []
    for number, each in enumerate(oldest_first):
        why = _reason_of_its_own(each, policy, now_s, needs)
        if why is not None:
            going[number] = why
            left -= each.size_bytes
    for number, each in enumerate(oldest_first):
        if policy.max_bytes is None or left <= policy.max_bytes:
            break
        if number in going:
            continue
        if _is_needed(each, now_s, needs):
            in_use.append(each)
            continue
        going[number] = Why.TOO_MUCH
        left -= each.size_bytes
    return EvictionPlan(
        tuple(Eviction(oldest_first[number], why) for number, why in sorted(going.items())), total, tuple(in_use)
    )


def _reason_of_its_own(each: Holding, policy: CachePolicy, now_s: float, needs: Needs) -> Why | None:
    if _is_needed(each, now_s, needs) or policy.keeps_all:
        return None
    if policy.after_export and each.kind is Kind.TRACK and each.last_use_s <= needs.done.get(each.key, -math.inf):
        return Why.EXPORTED
    too_old_s = policy.max_age_s
    if each.kind is Kind.PARTIAL and too_old_s is None:
        too_old_s = STALE_PARTIAL_S
    return Why.TOO_OLD if too_old_s is not None and now_s - each.last_use_s > too_old_s else None


def _is_needed(each: Holding, now_s: float, needs: Needs) -> bool:
    if each.key in needs.needed:
        return True
    if each.last_use_s <= needs.done.get(each.key, -math.inf):
        return False  # the last use was ours, and we are done
    return abs(now_s - each.last_use_s) <= IN_USE_S
