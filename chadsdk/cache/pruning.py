"""Carrying out what was planned: under each track's lock, taken without waiting, the record before the audio.

A process that dies in between leaves a file without a record, never a record of a file that is not there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from chadsdk.cache.eviction import Eviction, EvictionPlan, Needs, plan_evictions
from chadsdk.cache.holdings import Holding, Key, Kind, holding_now, list_holdings
from chadsdk.cache.layout import CacheLayout
from chadsdk.cache.locks import Hold, holding
from chadsdk.cache_policy import CachePolicy
from chadsdk.cancel import CancelToken

__all__ = ["Pruned", "plan_pruning", "prune"]


@dataclass(frozen=True, slots=True)
class Pruned:
    """What pruning came to; reads like the plan.

    Attributes:
        evictions: What went, in that order.
        left_bytes: What the cache held afterwards.
        in_use: What should have gone, but is in use, or another process is at it.
    """

    evictions: tuple[Eviction, ...]
    left_bytes: int
    in_use: tuple[Holding, ...]

    @property
    def freed_bytes(self) -> int:
        """What went, in bytes."""
        return sum(each.holding.size_bytes for each in self.evictions)


def plan_pruning(root: Path, policy: CachePolicy, *, needs: Needs | None = None) -> EvictionPlan:
    """Say what would go now.

    Raises:
        OSError: The cache cannot be read.
    """
    return plan_evictions(list_holdings(root), policy, now_s=time.time(), needs=needs)


def prune(
    root: Path,
    policy: CachePolicy,
    *,
    needs: Needs | None = None,
    token: CancelToken | None = None,
) -> Pruned:
    """Plan, and remove what is planned. What must be left alone is made up for by what comes next.

    Args:
        root: The cache of all servers.
        policy: What to remove.
        needs: What this process needs, and is done with.
        token: Stops it before the next removal.

    Raises:
        ExportCancelled: Cancelled; what is removed by then stays removed.
        OSError: The file system refuses.
    """
    needs, token = needs or Needs(), token or CancelToken()
    removed: list[Eviction] = []
    passed_by: dict[Key, Holding] = {}
    while True:
        plan = plan_pruning(root, policy, needs=needs)
        before = len(passed_by)
        for each in plan.evictions:
            token.raise_if_cancelled()
            match _evict(root, each.holding, token):
                case _Fate.LEFT:
                    passed_by[each.holding.key] = each.holding
                case _Fate.REMOVED:
                    removed.append(each)
        if len(passed_by) == before:
            in_use = passed_by | {each.key: each for each in plan.in_use}
            return Pruned(tuple(removed), plan.left_bytes, tuple(in_use.values()))
        needs = replace(needs, needed={*needs.needed, *passed_by})


class _Fate(Enum):
    REMOVED = "removed"
    GONE = "somebody else removed it"
    LEFT = "somebody is at it, or it is not as it was"


def _evict(root: Path, planned: Holding, token: CancelToken) -> _Fate:
    layout = CacheLayout(root / planned.server)
    with holding(layout.locks / f"{planned.stem}.lock", token, wait_s=0) as hold:
        # A partial may be written to at this moment, where locks do not tell.
        if hold is Hold.BUSY or (hold is Hold.NO_LOCKS and planned.kind is Kind.PARTIAL):
            return _Fate.LEFT
        now = holding_now(root, planned)
        if now is not None and now != planned:
            return _Fate.LEFT
        if planned.kind is Kind.TRACK:
            (layout.records / f"{planned.stem}.json").unlink(missing_ok=True)
        for path in planned.files:
            path.unlink(missing_ok=True)
    return _Fate.GONE if now is None else _Fate.REMOVED
