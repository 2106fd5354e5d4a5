"""How scenarios make a world misbehave: small functions that give one world from another."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from harness.scenarios.scenario import SUBJECT, TRACK_BYTES
from harness.world import FaultEntry, FaultScript, World, WorldTrack

if TYPE_CHECKING:
    from harness.scenarios.scene import Scene

__all__ = [
    "HALF",
    "always",
    "at_paths",
    "faulty",
    "leave_half",
    "listed",
    "lying_page",
    "staged",
    "tellings",
    "unknowing",
]

HALF = TRACK_BYTES // 2
UNKNOWN = ("sizeBytes", "sha256", "revision", "contentType")

Staging = Callable[[World], World]


def always(**fault: object) -> FaultScript:
    """A script of one fault that never ends."""
    return ({**fault, "always": True},)


def staged(*stagings: Staging) -> Staging:
    """One after the other."""
    return lambda world: reduce(lambda made, staging: staging(made), stagings, world)


def faulty(*scripts: FaultScript) -> Staging:
    """The first script for the first track, and so on."""

    def stage(world: World) -> World:
        sick = [replace(track, faults=script) for track, script in zip(world.tracks, scripts, strict=False)]
        return replace(world, tracks=(*sick, *world.tracks[len(sick) :]))

    return stage


def at_paths(**scripts: FaultScript) -> Staging:
    """Scripts for what is no track's path: ``playlist`` is the playlist, ``login`` a page at ``/login``."""
    places = {"playlist": "/api/playlists/plain", "login": "/login"}
    return lambda world: replace(
        world, path_faults={**world.path_faults, **{places[name]: script for name, script in scripts.items()}}
    )


def tellings(change: Callable[[WorldTrack], Mapping[str, object]]) -> Staging:
    """Every listing with what `change` gives for it; None leaves a field out."""

    def told(track: WorldTrack) -> WorldTrack:
        said = {**_listing(track), **change(track)}
        return replace(track, listing={key: value for key, value in said.items() if value is not None})

    return lambda world: replace(world, tracks=tuple(told(track) for track in world.tracks))


def unknowing(*names: str) -> Staging:
    """Listings that say nothing of the bytes: neither length nor digest, or only not these fields."""
    return tellings(lambda _track: dict.fromkeys(names or UNKNOWN))


def listed(*listings: object) -> Staging:
    """The first for the first track, and so on: fields of its listing to change, or what stands in its place."""

    def stage(world: World) -> World:
        changed = [
            replace(track, listing={**_listing(track), **said} if isinstance(said, Mapping) else said)
            for track, said in zip(world.tracks, listings, strict=False)
        ]
        return replace(world, tracks=(*changed, *world.tracks[len(changed) :]))

    return stage


def lying_page(*listings: object, only: bool = False) -> Staging:
    """Until it is healed, the playlist's page says this of the first track, and so on, as `listed` takes it.

    With `only`, the page holds no others.
    """

    def stage(world: World) -> World:
        tracks = [track.listing for track in listed(*listings)(world).tracks]
        playlist = world.playlists[0]
        page = {"id": playlist.id, "name": playlist.name, "tracks": tracks[: len(listings)] if only else tracks}
        return at_paths(playlist=always(body=json.dumps(page)))(world)

    return stage


def leave_half(scene: Scene) -> None:
    """Have an earlier run end with half of the first track put aside, and the others in the cache."""
    script: tuple[FaultEntry, ...] = scene.world.track(SUBJECT).faults
    scene.server.set_faults(SUBJECT, [{"cut_at": HALF}, {"status": 404}])
    scene.run()
    scene.server.set_faults(SUBJECT, script)
    scene.forget_requests()


def _listing(track: WorldTrack) -> Mapping[str, object]:
    return track.listing if isinstance(track.listing, Mapping) else {}
