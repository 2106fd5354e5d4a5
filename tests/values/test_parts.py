"""Tests of who fetches which bytes of a file, and of the ranges that are had."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chadsdk.cache.spans import Span, gaps, held_bytes, joined
from chadsdk.download.parts import Part, Parts

_SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)
_MOVES = st.lists(st.tuples(st.sampled_from(["take", "read", "write", "split", "back"]), st.integers(0, 400)))


@pytest.mark.parametrize(
    ("spans", "wanted"),
    [
        ([], ()),
        ([(3, 3), (5, 4)], ()),
        ([(5, 9), (0, 2)], ((0, 2), (5, 9))),
        ([(0, 2), (2, 4)], ((0, 4),)),
        ([(0, 9), (2, 4)], ((0, 9),)),
        ([(0, 3), (2, 4), (4, 5), (7, 8)], ((0, 5), (7, 8))),
    ],
)
def test_ranges_are_joined(spans: list[Span], wanted: tuple[Span, ...]) -> None:
    """Sorted, the empty ones gone, those that touch or overlap in one."""
    assert joined(spans) == wanted


@given(_SPANS, st.integers(0, 60))
def test_ranges_and_gaps_are_the_whole_file(spans: list[Span], total_bytes: int) -> None:
    """Each byte is in exactly one of what is had and what lacks, and the sums agree."""
    had = joined((start, min(stop, total_bytes)) for start, stop in spans)
    lacking = gaps(had, total_bytes)
    everything = sorted(byte for start, stop in (*had, *lacking) for byte in range(start, stop))
    assert everything == list(range(total_bytes))
    assert held_bytes(had) + held_bytes(lacking) == total_bytes


class Play:
    """Readers and helpers at one file, one move at a time. It knows by itself who wrote which bytes."""

    def __init__(self, total_bytes: int, held: tuple[Span, ...], least_bytes: int) -> None:
        self.parts = Parts(total_bytes, held=held, least_bytes=least_bytes)
        self.least_bytes = least_bytes
        self.written = {byte for start, stop in held for byte in range(start, stop)}
        self.taken: list[Part] = []
        self.read: dict[int, int] = {}  # by id of a part: bytes that are read and not written yet
        self.offered: tuple[Part, int] | None = None

    def move(self, kind: str, number: int) -> None:
        """Make a move, if it can be made."""
        mine = self.taken[number % len(self.taken)] if self.taken else None
        if kind == "take":
            part = self.parts.take()
            self.taken += [part] if part else []
        elif kind == "split":
            self._split()
        elif mine is not None and kind == "read":
            self.read[id(mine)] = min(number, self.parts.room(mine, mine.at))
        elif mine is not None and kind == "write":
            self._write(mine)
        elif mine is not None:
            self.taken.remove(mine)
            self.read.pop(id(mine), None)
            self.parts.give_back(mine)

    def _write(self, part: Part) -> None:
        fresh = set(range(part.at, part.at + self.read.pop(id(part), 0)))
        assert not fresh & self.written, "two connections fetch the same bytes"
        self.written |= fresh
        assert self.parts.note(part, part.at + len(fresh)) == len(self.written)

    def _split(self) -> None:
        """Offer, or come back from the server with a yes: other moves lie between."""
        if self.offered is None:
            self.offered = self.parts.offer()
            return
        (part, middle), self.offered = self.offered, None
        stop = part.stop
        rest = self.parts.split(part, middle)
        if rest is not None:
            assert (rest.start, rest.stop, part.stop) == (middle, stop, middle)
            assert rest.left >= self.least_bytes
            self.taken.append(rest)


@given(st.integers(0, 300), _SPANS, st.integers(1, 40), _MOVES)
def test_every_byte_is_fetched_once(
    total_bytes: int, spans: list[Span], least_bytes: int, moves: list[tuple[str, int]]
) -> None:
    """However readers, helpers and failures follow each other: no byte twice, none lost, and all are had in the end."""
    held = joined((start, min(stop, total_bytes)) for start, stop in spans)
    play = Play(total_bytes, held, least_bytes)
    for kind, number in moves:
        play.move(kind, number)
        had = play.parts.spans
        assert {byte for start, stop in had for byte in range(start, stop)} == play.written
        assert play.parts.held_bytes == len(play.written)
    for part in list(play.taken):
        play.parts.give_back(part)
    while (rest := play.parts.take()) is not None:
        play.parts.note(rest, rest.stop)
    assert play.parts.complete
    assert play.parts.spans == (((0, total_bytes),) if total_bytes else ())


def test_the_longest_is_offered_once() -> None:
    """Each range is offered to one at a time, the longest first; what is withdrawn can be offered again."""
    parts = Parts(1000, held=[(300, 400)], least_bytes=100)
    assert parts.offer() is None  # nobody is at any of it
    first, second = parts.take(), parts.take()
    assert first is not None
    assert second is not None
    assert parts.take() is None
    assert [parts.offer(), parts.offer(), parts.offer()] == [(second, 700), (first, 150), None]
    assert parts.worth_splitting == 0
    parts.withdraw(second, 699)  # what another was offered
    assert parts.worth_splitting == 0
    parts.withdraw(second, 700)
    assert parts.worth_splitting == 600


@pytest.mark.parametrize(("total_bytes", "offered"), [(199, None), (200, 100), (201, 100)])
def test_short_ranges_stay_whole(total_bytes: int, offered: int | None) -> None:
    """A range is long enough when both halves are as long as the least."""
    parts = Parts(total_bytes, least_bytes=100)
    part = parts.take()
    assert parts.offer() == (None if offered is None else (part, offered))


def test_nothing_is_split_any_more() -> None:
    """Not after a stop, and never where nobody says how short a part may be."""
    parts, whole = Parts(1000, least_bytes=10), Parts(1000)
    for each in (parts, whole):
        each.take()
    parts.stop_splitting()
    assert parts.offer() is whole.offer() is None
    assert parts.worth_splitting == whole.worth_splitting == 0


def test_a_range_that_ran_on_is_not_cut() -> None:
    """While the server was asked for the second half, the first came so far: the answer comes too late."""
    parts = Parts(1000, least_bytes=100)
    part = parts.take()
    assert part is not None
    assert parts.offer() == (part, 500)
    parts.note(part, 490)
    assert parts.room(part, 490) == 25  # a read is under way that goes beyond the middle
    assert parts.split(part, 500) is None
    assert (part.stop, part.offered) == (1000, None)


def test_reads_are_short_beside_others_only() -> None:
    """A quarter of the least part, 1 MiB at most; a file that cannot be split is read as it comes."""
    for least_bytes, most in ((8 << 20, 1 << 20), (400, 100), (1, 1), (None, 1 << 30)):
        parts = Parts(1 << 30, least_bytes=least_bytes)
        part = parts.take()
        assert part is not None
        assert parts.room(part, 0) == most


def test_parts_do_not_overlap_however_often_they_are_cut() -> None:
    """Cut as often as it goes, the ranges lie side by side and none is shorter than the least."""
    parts = Parts(10_000, least_bytes=100)
    found = [parts.take()]
    while (offer := parts.offer()) is not None:
        found.append(parts.split(*offer))
    places = sorted((part.start, part.stop) for part in found if part)
    assert places[0][0] == 0
    assert places[-1][1] == 10_000
    assert all(left[1] == right[0] for left, right in itertools.pairwise(places))
    assert min(stop - start for start, stop in places) >= 100
