"""`Book`: what became of each source of a batch, and what the caller is told of it."""

from __future__ import annotations

from collections.abc import Mapping

from chadsdk.download.outcome import FetchOutcome, Unavailable
from chadsdk.progress import Listener, Phase, Progress, Tally, TrackDone
from chadsdk.source import CloudSource

__all__ = ["Book"]


class Book:
    """Keeps outcomes and tells of them. `advance` is for any thread, the rest for the caller's.

    Args:
        planned: The sources, and how long each is.
        listener: Called on the caller's thread.

    Attributes:
        outcomes: What became of the sources that are settled.
    """

    def __init__(self, planned: Mapping[CloudSource, int], listener: Listener) -> None:
        self._tally = Tally(Phase.DOWNLOAD, planned)
        self._listener = listener
        self._told: Progress | None = None
        self.advance = self._tally.advance
        self.outcomes: dict[CloudSource, FetchOutcome] = {}

    def settle(self, source: CloudSource, outcome: FetchOutcome | None) -> None:
        """Note what a source came to; None is nothing yet."""
        if outcome is None:
            return
        self.outcomes[source] = outcome
        self._tally.settle(source)
        missing = outcome.detail if isinstance(outcome, Unavailable) else None
        self._listener(TrackDone(Phase.DOWNLOAD, source.title or source.track_id, missing))

    def tick(self) -> None:
        """Tell how far it is, if that changed."""
        now = self._tally.progress()
        if now != self._told:
            self._told = now
            self._listener(now)
