"""Holds what was seen against what was expected; every difference is a sentence."""

from __future__ import annotations

from collections.abc import Iterator

from harness.scenarios.scenario import Asking, Expected
from harness.scenarios.scene import Scene
from harness.scenarios.sight import Sight

__all__ = ["differences", "most_requests", "second_differences"]

MISSING_NOTE = "MISSING.txt"


def differences(scene: Scene, expected: Expected, seen: Sight, *, earlier: tuple[str, ...]) -> list[str]:
    """Where the run was not what was expected; `earlier` are the files of the exports that were there before."""
    return [
        *_of_the_outcome(scene, expected, seen),
        *_of_the_requests(scene, expected, seen),
        *_of_the_disk(scene, expected, seen, earlier),
    ]


def second_differences(expected: Expected, first: Sight, second: Sight) -> list[str]:
    """Where the run without the fault was not what was expected, beside what `unrepaired` says."""
    problems = []
    if second.error is not None:
        problems.append(f"I8 the second run came to {second.error}: {_said(second)}")
    if second.missing != dict(expected.again):
        problems.append(f"second run: missing are {second.missing}, expected {dict(expected.again)}")
    gets = sum(len(each) for each in second.asked.values())
    wanted = expected.second_gets
    if wanted is None:
        wanted = len(set(second.on_disk.cached) - set(first.on_disk.cached))
    if gets != wanted:
        problems.append(f"second run: {gets} GETs of audio, expected {wanted}: {second.asked}")
    if second.on_disk.partials or second.on_disk.temporaries:
        left = (*second.on_disk.partials, *second.on_disk.temporaries)
        problems.append(f"second run: these are left: {left}")
    return problems


def most_requests(scene: Scene, expected: Expected) -> int:
    """How many requests there may be."""
    return expected.api + expected.heads + sum(_most(asking) for asking in _asking(scene, expected).values())


def _of_the_outcome(scene: Scene, expected: Expected, seen: Sight) -> Iterator[str]:
    if seen.error != expected.error:
        yield f"the run came to {seen.error or 'an export'}, expected {expected.error or 'an export'}: {_said(seen)}"
    if seen.missing != dict(expected.missing):
        yield f"missing are {seen.missing}, expected {dict(expected.missing)}"
    wanted = expected.entries
    if wanted is None:
        wanted = len(scene.world.playlists[0].track_ids) + len(scene.world.local)
    if seen.outcome.manifest and len(seen.outcome.manifest.entries) != wanted:
        yield f"{len(seen.outcome.manifest.entries)} entries in the manifest, expected {wanted}"
    if seen.outcome.wall_s > expected.within_s:
        yield f"the run took {seen.outcome.wall_s:.1f} s, expected at most {expected.within_s:.0f}"


def _of_the_requests(scene: Scene, expected: Expected, seen: Sight) -> Iterator[str]:
    asking = _asking(scene, expected)
    for track_id in sorted({*asking, *seen.asked}):
        wanted, got = asking.get(track_id, ()), seen.asked.get(track_id, ())
        if isinstance(wanted, int) and len(got) > wanted:
            yield f"{track_id}: {len(got)} GETs, expected {wanted} at most: {got}"
        elif not isinstance(wanted, int) and got != wanted:
            yield f"{track_id}: GETs {got}, expected {wanted}"
    for what in ("api", "heads", "elsewhere"):
        if getattr(seen, what) != getattr(expected, what):
            yield f"requests, {what}: {getattr(seen, what)}, expected {getattr(expected, what)}"


def _of_the_disk(scene: Scene, expected: Expected, seen: Sight, earlier: tuple[str, ...]) -> Iterator[str]:
    on_disk = seen.on_disk
    wanted = expected.cached
    if wanted is None and expected.error is None:
        wanted = len(_exported_ids(seen))
    if wanted is not None and len(on_disk.cached) != wanted:
        yield f"{len(on_disk.cached)} tracks in the cache, expected {wanted}: {on_disk.cached}"
    if expected.partials is not None and on_disk.partials != expected.partials:
        yield f"partial downloads of {on_disk.partials} bytes, expected {expected.partials}"
    if on_disk.temporaries:
        yield f"temporary files are left: {on_disk.temporaries}"
    if expected.error is not None and on_disk.exports != earlier:
        yield f"a run that fails left {on_disk.exports}"
    if expected.error is None and seen.outcome.manifest:
        yield from _of_the_export(seen)


def _of_the_export(seen: Sight) -> Iterator[str]:
    manifest, files = seen.outcome.manifest, seen.on_disk.exports
    assert manifest is not None
    audio = {name.partition("/")[2] for name in files if "/Audio/" in name}
    wanted = {entry.file for entry in manifest.exported}
    if audio != wanted:
        yield f"audio in the export: {sorted(audio)}, expected {sorted(wanted)}"
    if any(name.endswith(f"/{MISSING_NOTE}") for name in files) != bool(manifest.missing):
        yield f"{MISSING_NOTE} is {'not ' * bool(manifest.missing)}there with {len(manifest.missing)} missing"


def _asking(scene: Scene, expected: Expected) -> dict[str, Asking]:
    wanted = dict.fromkeys(scene.world.playlists[0].track_ids)
    return {**dict.fromkeys(wanted, expected.others), **expected.asked}


def _exported_ids(seen: Sight) -> set[str]:
    manifest = seen.outcome.manifest
    exported = manifest.exported if manifest else ()
    return {entry.cloud_track_id for entry in exported if entry.cloud_track_id is not None}


def _most(asking: Asking) -> int:
    return asking if isinstance(asking, int) else len(asking)


def _said(seen: Sight) -> str:
    return str(seen.outcome.error or "no error")[:300]
