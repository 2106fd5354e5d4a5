"""`Watchdog`: one thread that ends the requests whose server takes too long. Knows nothing of sockets.

A time-out of a socket starts anew with each byte, so a server that trickles is never late by it. A `Watch` is late by a
wall deadline, or by the speed of a body; then the watchdog calls its `cut` and the watch remembers why.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from chadsdk.errors import StalledError
from chadsdk.settings import Settings

__all__ = ["Floor", "Limits", "Watch", "Watchdog"]

_log = logging.getLogger(__name__)

_LOOK_S = 1.0  # the longest sleep: so soon the thread notices that it, or the program, is at its end
_PARTS = 4  # of a window: a body that turns slow is found out after five quarters of it at the latest


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a server may take; see `Settings` for the meaning."""

    header_timeout_s: float
    min_bytes_per_s: int
    min_rate_window_s: float

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Take them from the settings."""
        least = settings.min_bytes_per_s
        cap = settings.max_bytes_per_s
        if cap is not None and cap < 8 * settings.max_concurrent_downloads * least:
            # So low a cap closes the window of the connection (RFC 9293, 3.8.6): the server waits for us, and we for
            # it. What is left is the time-out of each read.
            least = 0
        return cls(settings.header_timeout_s, least, settings.min_rate_window_s)


class Floor:
    """The least speed of a body over a rolling window: arithmetic only.

    Its time is the time that was spent waiting for the server: a slow disk of ours, or a cap on our own speed, makes no
    server slow.
    """

    def __init__(self, limits: Limits) -> None:
        self._least_bytes_per_s = limits.min_bytes_per_s
        self._window_s = limits.min_rate_window_s
        self._part_s = limits.min_rate_window_s / _PARTS
        self._marks: deque[tuple[float, int]] = deque([(0.0, 0)])  # (seconds waited, bytes had), oldest first

    def look(self, *, waited_s: float, bytes_had: int) -> float | None:
        """Give the seconds of waiting until the next look; None when the body is too slow.

        Args:
            waited_s: Time spent waiting for the body, which may stand still but not run backwards.
            bytes_had: What came in that time.
        """
        if not self._least_bytes_per_s:
            return math.inf
        gap_s = waited_s - self._marks[-1][0]
        if gap_s > 2 * self._part_s:
            self._marks.clear()  # nobody looked: the whole process was stopped, and not the server
        elif gap_s < self._part_s:
            return self._part_s - gap_s
        self._marks.append((waited_s, bytes_had))
        if len(self._marks) <= _PARTS:
            return self._part_s
        began_s, began_bytes = self._marks.popleft()
        if bytes_had - began_bytes < self._least_bytes_per_s * (waited_s - began_s):
            return None
        return self._part_s


class Watch:
    """One request as the watchdog sees it. One thread makes the request; the watchdog's looks at it.

    Args:
        cut: Ends whatever waits on the request; neither blocks nor raises.
        limits: How long the server may take.
        watchdog: Who looks.
        clock: Seconds that never run backwards.
    """

    def __init__(
        self, cut: Callable[[], object], limits: Limits, watchdog: Watchdog, *, clock: Callable[[], float]
    ) -> None:
        self._cut = cut
        self._limits = limits
        self._watchdog = watchdog
        self._clock = clock
        self._floor = Floor(limits)  # the watchdog's thread's alone
        self._deadline = math.inf
        # Bytes had, seconds waited, since when it waits again. One value, so that no look sees half a change.
        self._body: tuple[int, float, float | None] = (0, 0.0, None)
        self._why: str | None = None

    def headers_begin(self) -> None:
        """Expect the headers of an answer from now on, within their time-out; again for each request."""
        self.expect(self._limits.header_timeout_s)

    def expect(self, seconds: float) -> None:
        """Expect `rest` within so many seconds."""
        self._deadline = self._clock() + seconds
        self._watchdog.look_by(self._deadline)

    def rest(self) -> None:
        """Expect nothing by the wall clock any more."""
        self._deadline = math.inf

    def read_begins(self) -> None:
        """Note that we wait for the body from now on."""
        had, waited_s, _ = self._body
        now = self._clock()
        self._body = (had, waited_s, now)
        if not had and self._limits.min_bytes_per_s:
            self._watchdog.look_by(now + self._limits.min_rate_window_s / _PARTS)

    def read_ended(self, count: int) -> None:
        """Note that we do not wait any more, and that `count` bytes came."""
        had, waited_s, since = self._body
        now = self._clock()
        self._body = (had + count, waited_s + (now - (now if since is None else since)), None)

    def raise_if_late(self, what: str) -> None:
        """Raise `StalledError` when the request was cut: to be asked before an error, or an end, is believed."""
        if self._why is not None:
            raise StalledError(f"{self._why}; asked for {what}.")

    def look(self, now: float, *, program_ends: bool = False) -> float:
        """Cut the request if it is late; the watchdog calls it.

        Returns:
            When to look again, by the clock.
        """
        if self._why is not None:
            return math.inf
        if program_ends:
            return self._end("The program ended before the server answered")
        if now >= self._deadline:
            return self._end("The server did not finish its answer in time")
        had, waited_s, since = self._body
        left_s = self._floor.look(waited_s=waited_s + (0.0 if since is None else now - since), bytes_had=had)
        if left_s is None:
            least, window_s = self._limits.min_bytes_per_s, self._limits.min_rate_window_s
            return self._end(f"The server sent less than {least} bytes per second for {window_s:g} s")
        return min(self._deadline, now + left_s)

    def _end(self, why: str) -> float:
        self._why = why  # before the cut, which wakes the thread that will ask
        self._cut()
        return math.inf


class Watchdog:
    """The thread that looks at the watches of one transport. Thread-safe; not to be used on both sides of a fork.

    The thread starts with the first watch and ends by itself, a second after the last at most. It is a daemon, and
    when the main thread has ended it cuts everything, so that no server keeps an interpreter alive.
    """

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._changed = threading.Condition()  # re-entrant: a signal handler may close; guards what follows
        self._watches: set[Watch] = set()
        self._thread: threading.Thread | None = None
        self._next_look = -math.inf

    @contextmanager
    def watching(self, cut: Callable[[], object]) -> Iterator[Watch]:
        """Look at one request inside the block; it is cut with `cut`."""
        watch = Watch(cut, self._limits, self, clock=self._clock)
        with self._changed:
            self._watches.add(watch)
            if self._thread is None:
                self._start()
        try:
            yield watch
        finally:
            with self._changed:
                self._watches.discard(watch)

    def look_by(self, moment: float) -> None:
        """See to it that the thread looks at that moment at the latest; a watch calls it after it has changed."""
        if moment < self._next_look:  # seldom: the thread sleeps for a second at most
            with self._changed:
                self._changed.notify()

    def close(self) -> None:
        """End the thread unless something is watched; it starts again when it is needed."""
        with self._changed:
            thread = None if self._watches else self._thread
            self._changed.notify()
        if thread is not None:
            thread.join(_LOOK_S)

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="chadsdk-watch", daemon=True)
        try:
            thread.start()
        except RuntimeError as exc:  # the system gives no more threads, or the program ends
            _log.warning("no thread to look at slow servers with: %s", exc)
            return
        self._thread = thread

    def _run(self) -> None:
        with self._changed:
            while self._watches:
                # A cut takes the line's lock under this one; nobody takes them the other way round.
                self._next_look = math.inf  # whoever changes a watch during the looks asks for another one
                now = self._clock()
                program_ends = not threading.main_thread().is_alive()
                looks = [watch.look(now, program_ends=program_ends) for watch in self._watches]
                self._next_look = min(now + _LOOK_S, *looks)
                self._changed.wait(max(0.0, self._next_look - self._clock()))
            self._thread = None
            self._next_look = -math.inf
