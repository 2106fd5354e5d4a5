"""Scenarios for `harness export`: worlds of any size; with the small one they have expectations like all others."""

from __future__ import annotations

from dataclasses import replace

from harness.scenarios.scenario import WHOLE, Expected, Scenario
from harness.world import FaultScript, World

__all__ = ["SCENARIOS"]

REQUESTS_OF_A_SHORT_TOKEN = 6

HEALING_SCRIPTS: tuple[FaultScript, ...] = (
    ({"status": 503, "retry_after": "0"},),
    ({"cut_body": 0.4},),
    ({"reset": 0.6}, {"cut_body": 0.9}),
    ("hang_up",),
    (),
)


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


SCENARIOS = (
    Scenario(
        "default",
        "A server that works; one track is gone, one is a login page.",
        rows=(27, 32),
        base="mixed",
        tracks=8,
        expected=Expected(
            missing={3: "not_found", 6: "not_audio"},
            again={3: "not_found"},
            second_gets=2,
            others=1,
            heads=3,
            api=2,
        ),
    ),
    Scenario(
        "healthy",
        "Every track is there, though one path says mp3 of what is none.",
        _healthy,
        expected=Expected(),
    ),
    Scenario(
        "flaky",
        "503s, cut bodies and resets that heal when asked again.",
        _flaky,
        rows=(3, 4, 34),
        tracks=5,
        expected=Expected(
            asked={"t-1": ((None, 503), WHOLE), "t-2": (WHOLE, (40_000, 206)), "t-3": 4, "t-4": ((None, None), WHOLE)},
        ),
    ),
    Scenario(
        "expired-token",
        "The token expires in mid-run and is refreshed.",
        _expired_token,
        refreshes=True,
        rows=(32,),
        tracks=8,
        expected=Expected(others=2, api=2),
    ),
    Scenario(
        "all-gone",
        "The server has lost the audio of every track.",
        _all_gone,
        rows=(32,),
        expected=Expected(
            missing={1: "not_found", 2: "not_found", 3: "not_found"},
            others=((None, 404),),
            again={1: "not_found", 2: "not_found", 3: "not_found"},
            second_gets=3,
        ),
    ),
)
