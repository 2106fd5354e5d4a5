"""`Crew`: the workers of one batch that find no file to begin, and the files that others are at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chadsdk.cancel import CancelToken
from chadsdk.download.filling import Filling

__all__ = ["Crew"]

_POLL_S = 0.05


class Crew:
    """Who works on what in one batch. Thread-safe.

    Args:
        files: How many files the batch has.
    """

    def __init__(self, files: int) -> None:
        self._changed = threading.Condition()
        self._to_do = files  # guarded by _changed, as is what follows
        self._fillings: list[Filling] = []
        self._refused = False

    @contextmanager
    def sharing(self, filling: Filling) -> Iterator[None]:
        """Let others help with a file inside the block."""
        with self._changed:
            self._fillings.append(filling)
        try:
            yield
        finally:
            with self._changed:
                self._fillings.remove(filling)

    @contextmanager
    def one_file(self) -> Iterator[None]:
        """Count a file of the batch as done at the end of the block."""
        try:
            yield
        finally:
            with self._changed:
                self._to_do -= 1
                self._changed.notify_all()

    def assist(self, token: CancelToken, *, has_room: Callable[[], bool]) -> None:
        """Help with the file that has most left, again and again, until no file of the batch is left to do.

        Args:
            token: Ends it.
            has_room: Whether a connection is to spare.

        Raises:
            ExportCancelled: Cancelled.
            ChadError: Nothing can be had.
            OSError: A file cannot take what comes.
        """
        while True:
            token.raise_if_cancelled()
            filling = self._neediest() if has_room() else None  # a file that is not begun yet has the connection first
            if filling is not None and filling.help(token):
                continue
            with self._changed:
                # One refusal speaks for the server: asking again for each file would be in its way.
                self._refused = self._refused or (filling is not None and filling.refuses_ranges)
                if self._refused or not self._to_do:
                    return
                self._changed.wait(_POLL_S)

    def _neediest(self) -> Filling | None:
        with self._changed:
            if len(self._fillings) < self._to_do:
                return None
            found = [(filling.worth_helping, filling) for filling in self._fillings]
        worth, filling = max(found, key=lambda pair: pair[0], default=(0, None))
        return filling if worth else None
