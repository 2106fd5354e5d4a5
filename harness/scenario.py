"""Named scenarios: a world made to misbehave in one way, and how the client is to meet it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from harness.world import FaultScript, World

__all__ = ["SCENARIOS", "Scenario", "find_scenario"]

REQUESTS_OF_A_SHORT_TOKEN = 6

HEALING_SCRIPTS: tuple[FaultScript, ...] = (
    ({"status": 503, "retry_after": "0"},),
    ({"cut_body": 0.4},),
    ({"reset": 0.6}, {"cut_body": 0.9}),
    ("hang_up",),
    (),
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario.

    Attributes:
        name: As ``--scenario`` takes it.
        explanation: One sentence for people.
        staged: Gives the world of the scenario, from the default one.
        refreshes: Whether the client gets a refresh token.
    """

    name: str
    explanation: str
    staged: Callable[[World], World]
    refreshes: bool = False


def find_scenario(name: str) -> Scenario:
    """The scenario of that name.

    Raises:
        ValueError: There is none; the message lists them.
    """
    if name not in SCENARIOS:
        raise ValueError(f"there is no scenario {name!r}; there are: {', '.join(SCENARIOS)}")
    return SCENARIOS[name]


def _as_it_is(world: World) -> World:
    return world


def _healthy(world: World) -> World:
    spare = world.tracks[0].recording
    return replace(
        world,
        tracks=tuple(replace(track, recording=track.recording or spare, faults=()) for track in world.tracks),
    )


def _flaky(world: World) -> World:
    tracks = tuple(
        track if track.faults else replace(track, faults=HEALING_SCRIPTS[number % len(HEALING_SCRIPTS)])
        for number, track in enumerate(world.tracks)
    )
    return replace(world, tracks=tracks)


def _expired_token(world: World) -> World:
    return replace(world, token_requests=REQUESTS_OF_A_SHORT_TOKEN)


def _all_gone(world: World) -> World:
    return replace(world, tracks=tuple(replace(track, recording=None, faults=()) for track in world.tracks))


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        scenario.name: scenario
        for scenario in (
            Scenario("default", "A server that works; one track is gone, one is a login page.", _as_it_is),
            Scenario("healthy", "Every track is there, though one path says mp3 of what is none.", _healthy),
            Scenario("flaky", "503s, cut bodies and resets that heal when asked again.", _flaky),
            Scenario("expired-token", "The token expires in mid-run and is refreshed.", _expired_token, refreshes=True),
            Scenario("all-gone", "The server has lost the audio of every track.", _all_gone),
        )
    }
)
