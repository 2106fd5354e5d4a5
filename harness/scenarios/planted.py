"""Rows 56, 64 and 66: links, pipes and folders that somebody planted where the cache or an export wants a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.recording import sha256_of
from harness.scenarios.scenario import SUBJECT, WHOLE, Asking, Expected, Hooks, Scenario
from harness.scenarios.staging import leave_half

if TYPE_CHECKING:
    from harness.scenarios.scene import Scene

__all__ = ["SCENARIOS"]

CACHED = "t-1.wav"
PRECIOUS = b"nobody may write to this\n"


def _victim(scene: Scene) -> Path:
    """A file of the user's that a plant leads to."""
    file = scene.aside / "precious"
    if not file.exists():
        file.write_bytes(PRECIOUS)
    return file


def _victim_untouched(scene: Scene) -> list[str]:
    problems = []
    if _victim(scene).read_bytes() != PRECIOUS:
        problems.append("the file that a plant led to was written to")
    left = sorted(path.name for path in scene.aside.iterdir() if path.name not in {"precious", "folder"})
    folder = scene.aside / "folder"
    left += sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return problems + [f"{name} was written where a plant led to" for name in left]


def _symlink(scene: Scene, place: Path) -> None:
    place.symlink_to(_victim(scene))


def _pipe(_scene: Scene, place: Path) -> None:
    os.mkfifo(place)


def _folder(_scene: Scene, place: Path) -> None:
    place.mkdir(mode=0o700)


def _link_to_folder(scene: Scene, place: Path) -> None:
    (scene.aside / "folder").mkdir()
    place.symlink_to(scene.aside / "folder")


def _unplanted(scene: Scene, place: Path) -> None:
    """Take away what stands in the way, as the user would who reads the message."""
    del scene
    if place.is_symlink() or not place.is_dir():
        place.unlink()
    else:
        place.rmdir()


Plant = Callable[["Scene", Path], None]


def _in_the_cache(scene: Scene) -> Path:
    return scene.cache / CACHED


def _lock(scene: Scene) -> Path:
    return scene.cache / ".locks" / "t-1.lock"


def _record(scene: Scene) -> Path:
    return scene.cache / ".records" / "t-1.json"


def _planted(
    name: str,
    explanation: str,
    plant: Plant,
    place: Callable[[Scene], Path],
    expected: Expected,
    *,
    row: int = 66,
    stays: bool = False,
) -> Scenario:
    """After an earlier run; `stays` where the second run needs the user to take it away."""

    def before(scene: Scene) -> None:
        scene.run()
        for path in (scene.cache / CACHED, scene.cache / ".records" / "t-1.json"):
            path.unlink()
        if place(scene).exists():
            place(scene).unlink()
        plant(scene, place(scene))
        scene.forget_requests()

    def healed(scene: Scene) -> None:
        _unplanted(scene, place(scene))

    hooks = Hooks(before=before, seen=_victim_untouched, healed=healed if stays else None)
    return Scenario(name, explanation, rows=(row,), hooks=hooks, expected=expected)


def _anew(asked: Asking = (WHOLE,)) -> Expected:
    return Expected(asked={SUBJECT: asked}, others=())


def _plant_partial(scene: Scene) -> None:
    """Where half of the track was put aside lies a link to another file, with the note that belonged to the half."""
    leave_half(scene)
    (partial,) = scene.cache.glob(".partial/*.part")
    partial.unlink()
    partial.symlink_to(_victim(scene))


def _link_elsewhere(scene: Scene) -> None:
    """After an earlier run: length, date and record fit, and only the second name tells that others can write to it."""
    scene.run()
    os.link(scene.cache / CACHED, scene.aside / "second name")
    scene.forget_requests()


def _elsewhere_untouched(scene: Scene) -> list[str]:
    recording = scene.world.track(SUBJECT).recording
    second = scene.aside / "second name"
    right = recording is not None and sha256_of(second) == recording.sha256
    problems = [] if right else ["the second name's file was written to"]
    return problems if second.stat().st_nlink == 1 else [*problems, "the cache still holds the second name's file"]


def _plant_export(scene: Scene) -> None:
    scene.exports.mkdir()
    _link_to_folder(scene, scene.export)


def _unplant_export(scene: Scene) -> None:
    if scene.export.is_symlink():
        scene.export.unlink()


SCENARIOS = (
    _planted(
        "link-in-the-cache",
        "A link lies under a track's name: replaced, not followed.",
        _symlink,
        _in_the_cache,
        _anew(),
    ),
    Scenario(
        "hard-link-in-the-cache",
        "The right audio with its record lies there, under a second name elsewhere too: replaced, the other stays.",
        rows=(66,),
        hooks=Hooks(before=_link_elsewhere, seen=_elsewhere_untouched),
        expected=_anew(),
    ),
    _planted("pipe-in-the-cache", "A pipe lies there: nobody waits for it.", _pipe, _in_the_cache, _anew()),
    _planted(
        "folder-in-the-cache",
        "A folder stands there: the export says so, and goes on once it is gone.",
        _folder,
        _in_the_cache,
        Expected(
            error="StorageError",
            asked={SUBJECT: (WHOLE,)},
            others=(),
            cached=3,
            broken=("I1 t-1.wav in the cache is no plain file",),
            second_gets=1,
        ),
        row=56,
        stays=True,
    ),
    _planted("link-for-a-record", "A link lies where the record was: replaced.", _symlink, _record, _anew()),
    _planted("pipe-for-a-record", "A pipe lies where the record was.", _pipe, _record, _anew()),
    _planted("link-for-a-lock", "A link lies where the lock was: not followed.", _symlink, _lock, _anew(), row=64),
    _planted("pipe-for-a-lock", "A pipe lies where the lock was: nobody waits for it.", _pipe, _lock, _anew(), row=64),
    _planted("folder-for-a-lock", "A folder stands where the lock was.", _folder, _lock, _anew(), row=64),
    Scenario(
        "link-for-a-partial",
        "A link lies where a partial download was put aside: not followed, and the whole is asked for.",
        rows=(66,),
        hooks=Hooks(before=_plant_partial, seen=_victim_untouched),
        expected=_anew(),
    ),
    Scenario(
        "link-for-an-export",
        "A link to another folder stands where the export is to be: refused at once, nothing is written behind it.",
        rows=(66,),
        hooks=Hooks(before=_plant_export, seen=_victim_untouched, healed=_unplant_export),
        expected=Expected(
            error="ExportExistsError", others=(), cached=0, broken=("I4 Plain has no manifest that can be read",)
        ),
    ),
)
