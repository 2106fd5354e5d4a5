"""Rows 45 to 48 and 71: ids, names, extensions and titles that want to be more than names."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.scenarios.scenario import Expected, Hooks, Scenario
from harness.scenarios.staging import always, faulty, lying_page
from harness.world import World

if TYPE_CHECKING:
    from harness.scenarios.scene import Scene

__all__ = ["SCENARIOS"]

#: Ids that become harmless names.
ODD_IDS = (
    "a/b",
    "..\\x",
    "../../../../evil",
    "i" * 300,
    "%2e%2e",
    "CON",
    "a:b",
    "x.",
    "\N{PARTY POPPER}",
    "gnp.\N{RIGHT-TO-LEFT OVERRIDE}wav",
)
#: Ids that are refused, and why.
BAD_IDS = {
    "..": "unsafe_name",
    ".": "unsafe_name",
    "nul\x00": "protocol",
    "cr\r\nlf": "protocol",
    "half \ud800": "protocol",
    "": "protocol",
}
ALIKE_IDS = ("Track-A", "track-a", unicodedata.normalize("NFC", "\u00e9"), unicodedata.normalize("NFD", "\u00e9"))
EXTENSIONS = ("exe", "..%2Fx", "wav.lnk", "", "x" * 100)
DISPOSITIONS = (
    'attachment; filename="../../evil.sh"',
    'attachment; filename="C:\\\\evil.exe"',
    "attachment; filename*=UTF-8''..%2F..%2Fevil.sh",
    "attachment; filename=\"a.exe\"; filename*=utf-8''%00.wav",
)
TITLES = (
    "line\nbreak\ttab\x07bell",
    "]]><script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "x" * 10_000,
    "\N{RIGHT-TO-LEFT OVERRIDE}vaw.exe",
    "half \ud83d of a letter",
    "../../evil",
    "CON",
    "\"quoted\" 'twice' `thrice`",
)


def _at_paths(world: World) -> World:
    """Stream paths with these extensions, on the server and in the listing."""
    tracks = []
    for number, track in enumerate(world.tracks):
        ending = f".{EXTENSIONS[number]}" if EXTENSIONS[number] else ""
        path = f"/tracks/{number + 1}/audio{ending}"
        said = track.listing if isinstance(track.listing, dict) else {}
        tracks.append(replace(track, stream_path=path, listing={**said, "streamPath": path}))
    return replace(world, tracks=tuple(tracks))


def _names_are_wav(scene: Scene) -> list[str]:
    """Whatever the server calls it: the first bytes are those of a WAV."""
    names = [path.name for folder in (scene.cache, scene.export / "Audio") for path in folder.glob("[!.]*")]
    return [f"a file is called {name!r}" for name in names if not name.endswith(".wav") or "evil" in name]


def _targets_are_plain(scene: Scene) -> list[str]:
    return [f"a request went to {each.path!r}" for each in scene.requests() if ".." in each.path]


def _titled(title: str) -> dict[str, object]:
    return {"title": title, "artist": title}


SCENARIOS = (
    Scenario(
        "odd-ids",
        "Ids that climb, are devices, long, or turn the text: each becomes a harmless name of its own.",
        lying_page(*({"id": track_id} for track_id in ODD_IDS)),
        rows=(45,),
        tracks=len(ODD_IDS),
        hooks=Hooks(seen=_targets_are_plain),
        expected=Expected(cached=len(ODD_IDS), second_gets=len(ODD_IDS)),
    ),
    Scenario(
        "bad-ids",
        "Ids that are dots, half a letter, nothing, or hold NUL and line breaks: missing with a reason.",
        lying_page(*({"id": track_id} for track_id in BAD_IDS)),
        rows=(45,),
        tracks=len(BAD_IDS) + 1,
        hooks=Hooks(seen=_targets_are_plain),
        expected=Expected(
            missing=dict(enumerate(BAD_IDS.values(), start=1)),
            asked={f"t-{number}": () for number in range(1, len(BAD_IDS) + 1)},
        ),
    ),
    Scenario(
        "ids-and-titles-alike",
        "Ids that differ in case or Unicode form alone, and one title for all: no file stands for another.",
        lying_page(*({"id": track_id, "title": "Same", "artist": "Same"} for track_id in ALIKE_IDS)),
        rows=(46,),
        tracks=len(ALIKE_IDS),
        expected=Expected(cached=len(ALIKE_IDS), second_gets=len(ALIKE_IDS)),
    ),
    Scenario(
        "extensions-of-the-server",
        "Stream paths that end in exe, lnk, nothing or a hundred letters: the first bytes say what a file is called.",
        _at_paths,
        rows=(47,),
        tracks=len(EXTENSIONS),
        hooks=Hooks(seen=_names_are_wav),
        expected=Expected(),
    ),
    Scenario(
        "content-disposition",
        "File names in headers that climb or name drives, in both spellings: no path is made of them.",
        faulty(*(always(headers={"Content-Disposition": said}) for said in DISPOSITIONS)),
        rows=(48,),
        tracks=len(DISPOSITIONS),
        hooks=Hooks(seen=_names_are_wav),
        expected=Expected(),
    ),
    Scenario(
        "titles-that-bite",
        "Titles with controls, markup, formulas, 10,000 letters, half a letter: every file is well-formed.",
        lying_page(*(_titled(title) for title in TITLES)),
        rows=(71,),
        tracks=len(TITLES),
        formats=("dawproject", "reaper", "audacity"),
        expected=Expected(),
    ),
)
