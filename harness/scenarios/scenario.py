"""A scenario as a value: how a small world is made to misbehave, and everything that must come of it.

Nothing here knows the SDK: errors and reasons are named as they are shown, so that listing scenarios imports no more
than this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from harness.world import World

if TYPE_CHECKING:
    from chadsdk import Event
    from harness.scenarios.scene import Scene

__all__ = ["REST", "SUBJECT", "TRACK_BYTES", "WHOLE", "Asked", "Expected", "Hooks", "Scenario", "as_it_is"]

SUBJECT = "t-1"
TRACK_BYTES = 100_000

#: A GET of a track's audio: the byte it asked from (None for the whole), and the status that it got.
Asked = tuple[int | None, int | None]
#: All GETs of one track in order; or, where chance decides, the most that there may be.
Asking = tuple[Asked, ...] | int

WHOLE: Asked = (None, 200)
REST: Asked = (TRACK_BYTES // 2, 206)


def as_it_is(world: World) -> World:
    """The world, unchanged."""
    return world


@dataclass(frozen=True, slots=True)
class Expected:
    """The whole outcome. What is left at its default is what a run without any fault comes to.

    Attributes:
        error: Class of what the run raises; None where it finishes.
        missing: Reason by position of every entry that is missing.
        asked: GETs by track id.
        others: GETs of each track that `asked` leaves out.
        api: Requests that ask for no audio.
        heads: HEADs of audio.
        elsewhere: Requests at the second origin.
        entries: Length of the playlist as it is exported; None for the world's own.
        cached: Whole tracks in the cache; None for those that are exported, or for any number where the run fails.
        partials: Lengths of the partial downloads that are kept; None where chance decides.
        again: Reason by position of what a second run cannot have either.
        second_gets: GETs of audio in the second run; None for one per track that is then had for the first time.
        broken: Breaches that the scenario itself brought about beforehand, as the invariants say them.
        within_s: Longest that the run may take, in seconds; generous.
    """

    error: str | None = None
    missing: Mapping[int, str] = field(default_factory=dict)
    asked: Mapping[str, Asking] = field(default_factory=dict)
    others: Asking = (WHOLE,)
    api: int = 1
    heads: int = 0
    elsewhere: int = 0
    entries: int | None = None
    cached: int | None = None
    partials: tuple[int, ...] | None = ()
    again: Mapping[int, str] = field(default_factory=dict)
    second_gets: int | None = None
    broken: tuple[str, ...] = ()
    within_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a scenario does itself, where a script of the server is not enough; each gets the `Scene`.

    Attributes:
        before: First of all: an earlier run, something planted, a script that needs the server's address.
        ready: With the playlist in hand, just before the export.
        beside: On a thread of its own, beside look-up and export.
        heard: At each event of the export, on its own thread.
        healed: Before the second run, in place of emptying every script.
        seen: Problems that only this scenario can see, after the first run.
        environment: What the environment holds during the runs.
    """

    before: Callable[[Scene], None] | None = None
    ready: Callable[[Scene], None] | None = None
    beside: Callable[[Scene], None] | None = None
    heard: Callable[[Scene, Event], None] | None = None
    healed: Callable[[Scene], None] | None = None
    seen: Callable[[Scene], list[str]] | None = None
    environment: Callable[[Scene], Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario.

    Attributes:
        name: As the command line takes it.
        explanation: One sentence for people.
        staged: Gives the scenario's world from the one that it begins with.
        refreshes: Whether the client gets a refresh token.
        rows: Numbers of the fault matrix that it shows.
        expected: What must come of it with the small world; None where it is only for exports of any world.
        base: Which world it begins with: the small one of alike tracks, or the mixed one.
        tracks: Tracks of that world.
        settings: Changes of the SDK's settings, by field.
        hooks: What it does itself.
        other: Whether there is a second origin, and whether the user allows it.
        certificate: What the server proves itself with; None for plain http.
        on_missing: As `MixExporter.export` takes it.
        formats: Project files to write beside the M3U8 playlist.
    """

    name: str
    explanation: str
    staged: Callable[[World], World] = as_it_is
    refreshes: bool = False
    rows: tuple[int, ...] = ()
    expected: Expected | None = None
    base: Literal["plain", "mixed"] = "plain"
    tracks: int = 3
    settings: Mapping[str, object] = field(default_factory=dict)
    hooks: Hooks = Hooks()
    other: Literal["foreign", "allowed"] | None = None
    certificate: Literal["good", "expired", "wrong-host", "unknown-authority"] | None = None
    on_missing: Literal["manifest", "fail"] = "manifest"
    formats: tuple[str, ...] = ()
