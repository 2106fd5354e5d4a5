"""What a running export tells its caller: frozen values, absolute counts, in the order they happen.

Listeners are called on the caller's own thread. Totals are fixed when a phase starts, counts never run
backwards and end exactly at the totals, whatever was retried, cached or missing on the way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Event", "Listener", "Phase", "Progress", "Tally", "TrackDone"]


class Phase(StrEnum):
    """The two things an export does, one after the other."""

    DOWNLOAD = "download"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a phase is.

    Attributes:
        phase: The phase.
        tracks_done: Tracks settled so far, the missing ones included.
        tracks_total: Distinct tracks of this phase.
        bytes_done: Bytes settled; what turns out missing or already cached is settled in one step.
        bytes_total: Planned bytes, guesses included.
    """

    phase: Phase
    tracks_done: int
    tracks_total: int
    bytes_done: int
    bytes_total: int

    @property
    def finished(self) -> bool:
        """Whether the phase is over."""
        return self.tracks_done == self.tracks_total


@dataclass(frozen=True, slots=True)
class TrackDone:
    """One track of a phase is settled.

    Attributes:
        phase: The phase.
        title: What a person calls the track.
        missing: Why it could not be had, as a sentence; None when it was had.
    """

    phase: Phase
    title: str
    missing: str | None = None


Event = Progress | TrackDone
Listener = Callable[[Event], object]


class Tally:
    """Adds up what many workers report about the items of one phase. Thread-safe.

    Each item has a planned size. Its credit only rises (a download that starts over is not counted again
    before it has passed its old mark), never above the plan, and is the whole plan once it is settled.
    """

    def __init__(self, phase: Phase, planned_bytes: Mapping[Any, int]) -> None:
        self._phase = phase
        self._planned: dict[Hashable, int] = dict(planned_bytes)
        self._total = sum(self._planned.values())
        self._lock = threading.Lock()
        self._credit: dict[Hashable, int] = {}  # guarded by _lock, as is what follows
        self._sum = 0
        self._settled: set[Hashable] = set()

    def advance(self, item: Hashable, bytes_done: int) -> None:
        """Note that `item` has `bytes_done` bytes by now, an absolute count."""
        with self._lock:
            self._raise_credit(item, min(bytes_done, self._planned[item]))

    def settle(self, item: Hashable) -> None:
        """Note that `item` is over, had or missing."""
        with self._lock:
            self._settled.add(item)
            self._raise_credit(item, self._planned[item])

    def progress(self) -> Progress:
        """Give the counts of this moment."""
        with self._lock:
            return Progress(self._phase, len(self._settled), len(self._planned), self._sum, self._total)

    def _raise_credit(self, item: Hashable, credit: int) -> None:
        gain = credit - self._credit.get(item, 0)
        if gain > 0:
            self._credit[item] = credit
            self._sum += gain
