"""A world whose server fails about half of the time, in a way that a seed decides."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from chadsdk.source import CloudSource
from harness.build import plain_world
from harness.world import FaultEntry, World
from tests.download.support import bare, source_of

__all__ = ["flaky_world", "sources_of"]

SIZES_BYTES = (60_000, 90_000, 130_000, 200_000, 300_000, 450_000, 700_000, 1_000_000)
TRACKS = 24
FAULTS_PER_TRACK = 3000

MAKE: dict[Callable[[random.Random], FaultEntry], int] = {
    lambda _: "ok": 50,
    lambda chance: {"cut_body": chance.random()}: 14,
    lambda chance: {"reset": chance.random()}: 6,
    lambda _: "reset": 2,
    lambda _: "hang_up": 3,
    lambda _: {"status": 503}: 5,
    lambda chance: {"no_length": True, "cut_body": chance.random()}: 2,
    lambda chance: {"chunked": "unended", "cut_body": chance.random()}: 2,
    lambda chance: {"etag": f"v{chance.randrange(3)}", "lie": True, "cut_body": chance.random()}: 3,
    lambda chance: {"etag": f"v{chance.randrange(3)}", "cut_body": chance.random()}: 2,
    lambda _: "no_range": 2,
    lambda _: {"part": True, "shift": 1}: 2,
    lambda _: {"part": 0}: 1,
    lambda _: "multipart": 1,
    lambda _: {"status": 416}: 1,
    lambda _: {"length": 50_000}: 1,
    lambda _: {"informational": 103}: 1,
    lambda _: "html": 1,
    lambda _: "empty": 1,
}
#: Only where a digest is known can other bytes be told from the right ones.
MAKE_WRONG: dict[Callable[[random.Random], FaultEntry], int] = {
    lambda chance: {"wrong_bytes": chance.random()}: 10,
    lambda chance: {"wrong_bytes": chance.random(), "cut_body": chance.random()}: 5,
}


def sources_of(world: World) -> tuple[CloudSource, ...]:
    """The tracks as the model knows them: half with a digest, a third with a length, the rest with nothing."""
    return tuple(_known(source_of(track), number) for number, track in enumerate(world.tracks))


def flaky_world(folder: Path, seed: int) -> World:
    """Twenty-four tracks of 60 KB to 1 MB, each with thousands of faults to come."""
    chance = random.Random(seed)
    world = plain_world(folder, [SIZES_BYTES[number % len(SIZES_BYTES)] for number in range(TRACKS)])
    scripts = [_script(chance, digest_known=source.sha256 is not None) for source in sources_of(world)]
    tracks = (replace(track, faults=script) for track, script in zip(world.tracks, scripts, strict=True))
    return replace(world, tracks=tuple(tracks))


def _known(source: CloudSource, number: int) -> CloudSource:
    # By groups of all sizes, and in turn within a group: every size is known in several ways.
    match number // len(SIZES_BYTES) + number % 2:
        case 0 | 1:
            return source
        case 2:
            return replace(source, sha256=None, revision=None)
    return bare(source)


def _script(chance: random.Random, *, digest_known: bool) -> tuple[FaultEntry, ...]:
    made = MAKE | MAKE_WRONG if digest_known else MAKE
    chosen = chance.choices(list(made), list(made.values()), k=FAULTS_PER_TRACK)
    return tuple(make(chance) for make in chosen)
