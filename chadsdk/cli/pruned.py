"""What ``chadsdk cache prune`` removed or would remove, for people and for programs."""

from __future__ import annotations

from datetime import datetime

from chadsdk.cache.eviction import Eviction, EvictionPlan
from chadsdk.cache.holdings import Holding, Kind
from chadsdk.cache.pruning import Pruned
from chadsdk.disk import human_bytes

__all__ = ["eviction_line", "pruning_object", "pruning_text", "shown_time"]


def shown_time(seconds: float) -> str:
    """Give a time of the epoch for people, by the clock of this computer; nothing for one that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return ""


def eviction_line(each: Eviction) -> str:
    """Give one line for people, in the columns of ``cache ls``."""
    holding = each.holding
    used = shown_time(holding.last_use_s)
    name = holding.files[0].name if holding.kind is Kind.TRACK else f"{holding.stem} ({holding.kind})"
    return f"{human_bytes(holding.size_bytes):>10}  {used:<16}  {each.why:<8}  {holding.server}/{name}"


def pruning_text(pruned: EvictionPlan | Pruned) -> str:
    """Give the summary for people."""
    did, are = ("Removed", "are") if isinstance(pruned, Pruned) else ("Would remove", "would be")
    gone = [each.holding for each in pruned.evictions]
    in_use = f"; {_counted(pruned.in_use)} left alone, because in use" if pruned.in_use else ""
    freed, left = human_bytes(pruned.freed_bytes), human_bytes(pruned.left_bytes)
    return f"{did} {_counted(gone)}, {freed}; {left} {are} left{in_use}."


def _counted(holdings: list[Holding] | tuple[Holding, ...]) -> str:
    tracks = sum(each.kind is Kind.TRACK for each in holdings)
    partials = len(holdings) - tracks
    counted = f"{tracks} {'track' if tracks == 1 else 'tracks'}"
    return counted + (f" and {partials} partial {'download' if partials == 1 else 'downloads'}" if partials else "")


def pruning_object(pruned: EvictionPlan | Pruned) -> dict[str, object]:
    """Give the same for programs."""
    return {
        "dry_run": isinstance(pruned, EvictionPlan),
        "removed": [_eviction_object(each) for each in pruned.evictions],
        "removed_bytes": pruned.freed_bytes,
        "left_bytes": pruned.left_bytes,
        "in_use": len(pruned.in_use),
    }


def _eviction_object(each: Eviction) -> dict[str, object]:
    holding = each.holding
    return {
        "server": holding.server,
        "paths": [str(path) for path in holding.files],
        "kind": holding.kind.name.lower(),
        "size_bytes": holding.size_bytes,
        "used_at": int(holding.last_use_s),
        "why": each.why,
    }
