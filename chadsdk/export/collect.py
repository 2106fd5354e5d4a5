"""Phase two: every file of a plan into the staged folder, a few at a time; what the cache lost, fetched again."""

from __future__ import annotations

import os
import threading
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from chadsdk.cancel import CancelToken
from chadsdk.download import DownloadService, Fetched, FetchOutcome, Unavailable, run_all
from chadsdk.errors import TrackError
from chadsdk.export.filing import LOST, Collected, Copying, Filing
from chadsdk.export.plan import Cloud, ExportPlan, Local, Missing, PlannedEntry
from chadsdk.files import piece_buffer
from chadsdk.progress import Listener, Phase, Progress, Tally, TrackDone
from chadsdk.source import CloudSource

__all__ = ["WORKERS", "Collected", "Collector"]

# Hashing and copying hold no interpreter lock, what lies between does: more threads than processors only quarrel for it
# (600 files of 1 MiB on two processors: 1.10 s with two threads, 1.29 s with three, 1.32 s with four).
WORKERS = max(2, min(4, os.cpu_count() or 2))
_REFETCHES = 3


class _Account:
    """What became of each file so far, and what the listener was told of it. All but `advance` on one thread."""

    def __init__(self, sizes: Mapping[Hashable, int], listener: Listener) -> None:
        self.done: dict[Hashable, Collected | Unavailable] = {}
        self._tally = Tally(Phase.EXPORT, sizes)
        self._listener = listener
        self._told: Progress | None = None

    def advance(self, key: Hashable, bytes_done: int) -> None:
        self._tally.advance(key, bytes_done)

    def settle(self, planned: PlannedEntry, result: Collected | Unavailable | None) -> None:
        if result is None:  # lost by the cache: not over yet
            return
        key = _identity(planned)
        self.done[key] = result
        self._tally.settle(key)
        missing = result.detail if isinstance(result, Unavailable) else None
        self._listener(TrackDone(Phase.EXPORT, planned.entry.track.title, missing))

    def tick(self) -> None:
        now = self._tally.progress()
        if now != self._told:
            self._told = now
            self._listener(now)


class _Room(threading.local):
    """Each worker's own buffer."""

    def __init__(self) -> None:
        self.buffer = piece_buffer()


@dataclass(frozen=True, slots=True)
class Collector:
    """What collecting needs besides the plan.

    Attributes:
        folder: The staged folder.
        downloads: Fetches again what the cache has lost; None when there is no server.
        token: Heard between any two pieces of a copy.
        convert_to: Sample rate that files of another one are converted to, in Hz; None copies all as they are.
        room: Where the pieces go.
    """

    folder: Path
    downloads: DownloadService | None
    token: CancelToken
    convert_to: int | None = None
    room: _Room = field(default_factory=_Room)

    def collect(
        self, plan: ExportPlan, outcomes: Mapping[CloudSource, FetchOutcome], listener: Listener
    ) -> dict[Hashable, Collected | Unavailable]:
        """Copy each file once and give what became of it, by identity, in playlist order.

        A few files are copied at a time. What the cache has lost, or what has rotted there, is fetched again when
        all else is copied; where somebody empties the cache all the time, a few times over.

        Raises:
            ExportCancelled: Cancelled.
            StorageError: The export cannot be written.
            ChadError: Nothing more can be had.
        """
        known: dict[Hashable, Unavailable] = {}
        firsts: dict[Hashable, PlannedEntry] = {}
        for planned in plan.entries:
            match planned.need:
                case Missing():
                    continue
                case Cloud(source=source) as need if isinstance(outcome := outcomes.get(source), Unavailable):
                    known[need.identity] = outcome
                case need:
                    firsts.setdefault(need.identity, planned)
        account = _Account({key: _size(planned, outcomes) for key, planned in firsts.items()}, listener)
        account.tick()
        for planned in plan.missing:  # told of here, because neither phase comes to them
            if isinstance(planned.need, Missing):
                listener(TrackDone(Phase.EXPORT, planned.entry.track.title, planned.need.detail))
        self._copy_all(firsts.values(), account)
        for left in reversed(range(_REFETCHES)):
            lost = [planned for key, planned in firsts.items() if key not in account.done]
            self._copy_all(self._fetched_again(lost, account), account, last=not left)
        return known | {key: account.done[key] for key in firsts}

    def _copy_all(self, files: Iterable[PlannedEntry], account: _Account, *, last: bool = False) -> None:
        run_all(
            list(files),
            lambda planned, batch: self._collect_one(planned, account, batch, last=last),
            workers=WORKERS,
            token=self.token,
            settled=account.settle,
            tick=account.tick,
        )

    def _fetched_again(self, lost: Sequence[PlannedEntry], account: _Account) -> list[PlannedEntry]:
        """Fetch what the cache has lost; give those that it has now."""
        sources = {_identity(each): each.need.source for each in lost if isinstance(each.need, Cloud)}
        if not sources or self.downloads is None:
            return []
        for source in sources.values():
            self.downloads.forget(source)
        outcomes = self.downloads.download_all(sources.values(), cancel=self.token)
        there = []
        for planned in lost:
            outcome = outcomes[sources[_identity(planned)]]
            if isinstance(outcome, Unavailable):
                account.settle(planned, outcome)
                account.tick()
            else:
                there.append(planned)
        return there

    def _collect_one(
        self, planned: PlannedEntry, account: _Account, token: CancelToken, *, last: bool
    ) -> Collected | Unavailable | None:
        """Copy one file, on a worker's thread; None for a cached one that is to be fetched again."""
        key = _identity(planned)
        filing = Filing(self.folder, self.downloads, self.convert_to)
        copying = Copying(token, partial(account.advance, key), self.room.buffer)
        try:
            token.raise_if_cancelled()
            match planned.need:
                case Local() as local:
                    return filing.copy_local(planned, local, copying)
                case Cloud(source=source):
                    return filing.copy_cached(planned, source, copying)
                case Missing() as missing:
                    return Unavailable(missing.reason, missing.detail)
        except LOST as exc:
            again = isinstance(planned.need, Cloud) and self.downloads is not None and not last
            return None if again else Unavailable.of(exc)
        except TrackError as exc:
            return Unavailable.of(exc)


def _identity(planned: PlannedEntry) -> Hashable:
    return None if isinstance(planned.need, Missing) else planned.need.identity


def _size(planned: PlannedEntry, outcomes: Mapping[CloudSource, FetchOutcome]) -> int:
    match planned.need:
        case Local(size_bytes=size):
            return size
        case Cloud(source=source) as need:
            outcome = outcomes.get(source)
            return outcome.size_bytes if isinstance(outcome, Fetched) else need.cached_bytes or 0
        case Missing():
            return 0
