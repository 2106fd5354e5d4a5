"""`Parts`: who fetches which bytes of one file. Decisions and counting, no I/O; every method is thread-safe."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from chadsdk.cache import Span, gaps, held_bytes, joined

__all__ = ["Part", "Parts"]

_PIECE_BYTES = 1024 * 1024  # the most that is promised to a reader at once, where others may take over the rest


@dataclass(slots=True, eq=False)
class Part:
    """A range of a file that one connection fetches. Only `Parts` writes to it.

    Attributes:
        start: Its first byte.
        at: First byte that is not here yet.
        promised: First byte that is nobody's to take over: those before it are here or are being read.
        stop: End, exclusive; falls when another connection takes over the rest.
        taken: Whether somebody is at it.
        offered: Where it is to be cut, while somebody asks the server for the second half.
    """

    start: int
    at: int
    stop: int
    promised: int = 0
    taken: bool = False
    offered: int | None = None

    @property
    def left(self) -> int:
        """Bytes still to come."""
        return self.stop - self.at


class Parts:
    """The ranges of one file.

    Args:
        total_bytes: Length of the file, or the most that it may have.
        held: Ranges that are here already.
        least_bytes: Shortest range that is worth a connection of its own; None when the file cannot be split.
    """

    def __init__(self, total_bytes: int, *, held: Iterable[Span] = (), least_bytes: int | None = None) -> None:
        held = joined(held)
        self.total_bytes = total_bytes
        self._least_bytes = least_bytes
        self._piece_bytes = total_bytes if least_bytes is None else min(_PIECE_BYTES, -(-least_bytes // 4))
        self._lock = threading.Lock()
        self._parts = [Part(start, start, stop) for start, stop in gaps(held, total_bytes)]  # guarded by _lock
        self._before = held

    def take(self) -> Part | None:
        """Give the first range that nobody is at; None when there is none."""
        with self._lock:
            for part in self._parts:
                if not part.taken and part.left:
                    part.taken = True
                    return part
            return None

    def give_back(self, part: Part) -> None:
        """Let somebody else have what is left of a range."""
        with self._lock:
            part.taken = False

    def room(self, part: Part, at: int) -> int:
        """Give how many bytes from `at` on may be read now; 0 at the end of the range, which may have come nearer.

        They stay the reader's: a range is never cut in the middle of a read.
        """
        with self._lock:
            room = min(max(0, part.stop - at), self._piece_bytes)
            part.promised = at + room
            return room

    def note(self, part: Part, at: int) -> int:
        """Note how far a range is, and give how many bytes of the file are here now."""
        with self._lock:
            part.at = at
            return self._held_bytes()

    @property
    def worth_splitting(self) -> int:
        """Bytes left of the longest range that another connection could take a half of; 0 when there is none."""
        with self._lock:
            longest = self._longest()
            return longest.left if longest else 0

    def offer(self) -> tuple[Part, int] | None:
        """Give the longest range under way and where its second half begins; None when none is long enough for two.

        It is offered to nobody else before `split` or `withdraw`.
        """
        with self._lock:
            longest = self._longest()
            if longest is None:
                return None
            longest.offered = longest.at + longest.left // 2
            return longest, longest.offered

    def split(self, part: Part, middle: int) -> Part | None:
        """Cut an offered range in two and give the second one, taken; None when the first has come too far by now."""
        with self._lock:
            part.offered = None
            if not max(part.at, part.promised) <= middle < part.stop:
                return None
            rest = Part(middle, middle, part.stop, taken=True)
            part.stop = middle
            self._parts.append(rest)
            return rest

    def withdraw(self, part: Part, middle: int) -> None:
        """Leave an offered range whole; nothing is done when it was split by then, and perhaps offered anew."""
        with self._lock:
            if part.offered == middle:
                part.offered = None

    def stop_splitting(self) -> None:
        """Offer nothing from now on."""
        with self._lock:
            self._least_bytes = None

    @property
    def spans(self) -> tuple[Span, ...]:
        """The bytes that are here."""
        with self._lock:
            return joined([*self._before, *((part.start, part.at) for part in self._parts)])

    @property
    def held_bytes(self) -> int:
        """How many bytes are here."""
        with self._lock:
            return self._held_bytes()

    @property
    def complete(self) -> bool:
        """Whether all bytes are here."""
        with self._lock:
            return not any(part.left for part in self._parts)

    def _held_bytes(self) -> int:
        return held_bytes(self._before) + sum(part.at - part.start for part in self._parts)

    def _longest(self) -> Part | None:
        least = self._least_bytes
        if least is None:
            return None
        long = [part for part in self._parts if part.taken and part.offered is None and part.left >= 2 * least]
        return max(long, key=lambda part: part.left, default=None)
