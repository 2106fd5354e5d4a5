"""Fault scripts at work: entries become `Fault` values, and each request takes the next one of its path.

`harness.server.behaviours` says what each named behaviour does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.server.gates import Gates
from harness.server.reply import Reply
from harness.server.wire import Request
from harness.world import FaultEntry, FaultScript

__all__ = ["Behaviour", "Fault", "FaultError", "Scripts", "Stage", "Step", "parse_fault"]

COUNTS = frozenset({"times", "always"})
FOR_EVER = LARGEST = 2**63
SHOWN = 80
SAMPLE = Reply(200).with_body(b"sample")
SAMPLE_REQUEST = Request("GET", "/", {}, b"", keep_alive=True)


class FaultError(ValueError):
    """A fault that names no known behaviour, or gives it values that it cannot use."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a behaviour may look at beside the reply that it changes.

    Attributes:
        request: What was asked.
        gates: Where replies can be made to wait.
        answer: What a well-behaved server says to this or a similar request, under another entity tag
            where one is given.
    """

    request: Request
    gates: Gates
    answer: Callable[[Request, str | None], Reply]


@dataclass(frozen=True, slots=True)
class Step:
    """One behaviour of a fault, with the value and the options that the script gives it."""

    name: str
    value: object
    options: Mapping[str, object]

    def number(self, value: object) -> float:
        """A number that was given.

        Raises:
            FaultError: It is none.
        """
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < LARGEST:
            raise FaultError(f"{self.name}: expected a number from 0 up, got {repr(value)[:SHOWN]}")
        return float(value)

    def whole(self, value: object, *, most: int = LARGEST) -> int:
        """A whole number that was given; `most` keeps the server from work that no fault needs.

        Raises:
            FaultError: It is none, or too large.
        """
        number = self.number(value)
        if not number.is_integer():
            raise FaultError(f"{self.name}: expected a whole number, got {repr(value)[:SHOWN]}")
        if number > most:
            raise FaultError(f"{self.name}: expected {most} at most, got {repr(value)[:SHOWN]}")
        return int(value)  # type: ignore[call-overload, no-any-return]  # `number` has looked

    def share(self, value: object, *, default: float) -> float:
        """A share from 0 to 1; `true` stands for the default."""
        share = default if value is True else self.number(value)
        if share > 1:
            raise FaultError(f"{self.name}: expected a share from 0 to 1, got {repr(value)[:SHOWN]}")
        return share

    def text(self, value: object, *, default: str | None = None) -> str:
        """A text; `true` stands for the default, where there is one."""
        if value is True and default is not None:
            return default
        if not isinstance(value, str):
            raise FaultError(f"{self.name}: expected a text, got {repr(value)[:SHOWN]}")
        return value


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A named way to misbehave.

    Attributes:
        name: As scripts write it.
        explanation: One sentence for people.
        options: What a script may say beside the behaviour's own value.
        apply: Gives the changed reply. It sends nothing itself: a behaviour that needs the bare socket
            sets `Reply.speak`.
    """

    name: str
    explanation: str
    options: frozenset[str]
    apply: Callable[[Reply, Step, Stage], Reply]


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of a script: the steps that turn a good reply into a bad one. Without steps it stays good."""

    steps: tuple[tuple[Behaviour, Step], ...] = ()
    times: int = 1

    def applied(self, reply: Reply, stage: Stage) -> Reply:
        """The reply after all steps, in the order written."""
        for behaviour, step in self.steps:
            reply = behaviour.apply(reply, step, stage)
        return reply


def parse_fault(entry: FaultEntry, known: Mapping[str, Behaviour]) -> Fault:
    """A script's entry as a fault.

    Raises:
        FaultError: It names none, or an unknown behaviour or option.
    """
    if entry == "ok":
        return Fault()
    given: Mapping[str, object] = {entry: True} if isinstance(entry, str) else entry
    behaviours = [known[name] for name in given if name in known]
    options = frozenset().union(COUNTS, *(behaviour.options for behaviour in behaviours))
    unknown = [name for name in given if name not in known and name not in options]
    if not given.keys() - COUNTS:
        raise FaultError(f'it says what to do nowhere; known are "ok", {", ".join(sorted(known))}')
    if unknown:
        raise FaultError(f"unknown fault {', '.join(unknown)[:SHOWN]}; known are ok, {', '.join(sorted(known))}")
    steps = tuple((behaviour, Step(behaviour.name, given[behaviour.name], given)) for behaviour in behaviours)
    return Fault(steps, _times(given))


def _times(given: Mapping[str, object]) -> int:
    always = given.get("always", False)
    if not isinstance(always, bool):
        raise FaultError(f"always: expected true or false, got {repr(always)[:SHOWN]}")
    if always:
        return FOR_EVER
    times = given.get("times", 1)
    if isinstance(times, bool) or not isinstance(times, int) or times < 1:
        raise FaultError(f"times: expected a whole number from 1 up, got {repr(times)[:SHOWN]}")
    return times


class Scripts:
    """The scripts of all paths, and how far each has come; safe to use from any thread."""

    def __init__(self, known: Mapping[str, Behaviour]) -> None:
        self._known = known
        self._lock = threading.Lock()  # guards the scripts
        self._scripts: dict[tuple[str, bool], list[tuple[Fault, int]]] = {}

    def write(self, path: str, script: FaultScript, *, head: bool = False) -> None:
        """Put a script in place of a path's old one, and start it.

        Args:
            path: Request path, escapes resolved.
            script: One entry per request.
            head: Whether it is for HEAD requests; otherwise it is for all others.

        Raises:
            FaultError: An entry cannot be understood.
        """
        faults = [self._tried(entry, f"{'head_faults' if head else 'faults'}[{n}]") for n, entry in enumerate(script)]
        with self._lock:
            self._scripts[path, head] = [(fault, fault.times) for fault in faults]

    def _tried(self, entry: FaultEntry, place: str) -> Fault:
        try:
            fault = parse_fault(entry, self._known)
            # Behaviours send nothing, so trying them on shows values that do not fit.
            fault.applied(SAMPLE, Stage(SAMPLE_REQUEST, Gates(), lambda _request, _etag: SAMPLE))
        except FaultError as exc:
            raise FaultError(f"{place}: {exc}") from exc
        return fault

    def take(self, path: str, *, head: bool) -> Fault:
        """The fault for the request that has just come; a good one when there is none or no more."""
        if not self._scripts:
            return Fault()
        with self._lock:
            script = self._scripts.get((path, head))
            if not script:
                return Fault()
            fault, left = script[0]
            if left > 1:
                script[0] = (fault, left - 1)
            else:
                del script[0]
            return fault
