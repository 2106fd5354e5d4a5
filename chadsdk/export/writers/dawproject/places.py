"""What lies where in a ``project.xml``, compared with the mix that it was made of. Pure.

Times are turned back into seconds by the tempo in the file, so that a wrong tempo or unit shows as a wrong place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from xml.etree.ElementTree import Element

from chadsdk.errors import FormatError
from chadsdk.export.project import Clip, Deck, Project
from chadsdk.export.writers.dawproject.document import Reference, comment_of, name_of, tempo_of
from chadsdk.text import xml_line

__all__ = ["check_places"]

_SAME = 1e-6  # of seconds: less than a sample at 192 kHz; of a gain: nothing that is heard


@dataclass(frozen=True, slots=True)
class _Place:
    """A clip as it is read, or as it must be."""

    name: str
    comment: str | None
    start_s: float
    length_s: float
    offset_s: float
    fade_in_s: float
    fade_out_s: float
    whole_s: tuple[float, ...]  # the inner clip: where it begins, how long it is, where in its file it begins
    warps_s: tuple[float, ...]  # outside and inside of each warp
    file_length_s: float
    sample_rate_hz: float
    channels: float
    path: str
    is_external: bool
    gain: float  # a factor


def check_places(root: Element, project: Project, refer: Callable[[Clip], Reference]) -> None:
    """Compare tracks, clips, markers and tempo with the mix.

    Args:
        root: Of ``project.xml``.
        project: The mix.
        refer: Says where the file of a clip must lie.

    Raises:
        FormatError: They differ.
    """
    tempo_bpm = _float(_one(root, "Transport/Tempo"), "value")
    _expect("the tempo", tempo_bpm, tempo_of(project))
    s_per_beat = 60.0 / tempo_bpm
    tracks, lanes = _check_tracks(root, project.decks)
    for track, deck in zip(tracks, project.decks, strict=False):
        found = [_read(clip, s_per_beat) for clip in lanes[track.get("id")].findall("Clips/Clip")]
        _expect(f"the number of clips on {deck.name}", len(found), len(deck.clips))
        for place, clip in zip(found, deck.clips, strict=True):
            _compare(place, _wanted(clip, refer(clip)), clip.position)
    markers = [
        (marker.get("name", ""), _float(marker, "time") * s_per_beat)
        for marker in root.findall("Arrangement/Markers/Marker")
    ]
    _expect("the number of markers", len(markers), len(project.markers))
    for (name, at_s), wanted in zip(markers, project.markers, strict=True):
        _expect("the name of a marker", name, xml_line(wanted.title))
        _expect(f"the place of the marker {name!r}", at_s, wanted.at_s)


def _check_tracks(root: Element, decks: tuple[Deck, ...]) -> tuple[list[Element], Mapping[str | None, Element]]:
    """Give the tracks, the master last, and the lane of each, by its id."""
    tracks = root.findall("Structure/Track")
    channels = [_one(track, "Channel") for track in tracks]
    _expect(
        "the names of the tracks", [track.get("name") for track in tracks], [*(deck.name for deck in decks), "Master"]
    )
    _expect("the roles", [channel.get("role") for channel in channels], [*("regular" for _ in decks), "master"])
    master_id = channels[-1].get("id")
    _expect("where decks go", [channel.get("destination") for channel in channels], [*(master_id for _ in decks), None])
    timelines = root.findall("Arrangement/Lanes/*")
    _expect("the lanes", [lane.get("track") for lane in timelines], [track.get("id") for track in tracks])
    _expect("the number of clips on Master", len(timelines[-1].findall("Clips/Clip")), 0)
    return tracks, {lane.get("track"): lane for lane in timelines}


def _read(clip: Element, s_per_beat: float) -> _Place:
    whole = _one(clip, "Clips/Clip")
    content = whole if whole.find("Lanes") is None else _one(whole, "Lanes")
    audio = _one(content, "Warps/Audio")
    file = _one(audio, "File")
    _expect("the fades of an inner clip", [whole.get("fadeInTime"), whole.get("fadeOutTime")], ["0.0", "0.0"])
    return _Place(
        name=clip.get("name", ""),
        comment=clip.get("comment"),
        start_s=_float(clip, "time") * s_per_beat,
        length_s=_float(clip, "duration") * s_per_beat,
        offset_s=_float(clip, "playStart") * s_per_beat,
        fade_in_s=_float(clip, "fadeInTime") * s_per_beat,
        fade_out_s=_float(clip, "fadeOutTime") * s_per_beat,
        whole_s=tuple(_float(whole, name) * s_per_beat for name in ("time", "duration", "playStart")),
        warps_s=tuple(
            each
            for warp in content.findall("Warps/Warp")
            for each in (_float(warp, "time") * s_per_beat, _float(warp, "contentTime"))
        ),
        file_length_s=_float(audio, "duration"),
        sample_rate_hz=_float(audio, "sampleRate"),
        channels=_float(audio, "channels"),
        path=file.get("path", ""),
        is_external=file.get("external") == "true",
        gain=_gain(content),
    )


def _gain(content: Element) -> float:
    if content.find("Points") is None:
        return 1.0
    points = _one(content, "Points")
    _expect("the target of a curve", _one(points, "Target").attrib, {"expression": "gain"})
    return _float(_one(points, "RealPoint"), "value")


def _wanted(clip: Clip, reference: Reference) -> _Place:
    return _Place(
        name=name_of(clip),
        comment=comment_of(clip),
        start_s=clip.start_s,
        length_s=clip.length_s,
        offset_s=clip.offset_s,
        fade_in_s=clip.fade_in_s,
        fade_out_s=clip.fade_out_s,
        whole_s=(0.0, clip.source_s, 0.0),
        warps_s=(0.0, 0.0, clip.source_s, clip.source_s),
        file_length_s=clip.source_s,
        sample_rate_hz=clip.sample_rate_hz,
        channels=clip.channels,
        path=reference.path,
        is_external=reference.is_external,
        gain=math.pow(10.0, clip.gain_db / 20.0),
    )


def _compare(found: _Place, wanted: _Place, position: int) -> None:
    for each in fields(_Place):
        _expect(f"{each.name} of clip {position}", getattr(found, each.name), getattr(wanted, each.name))


def _expect(what: str, found: object, wanted: object) -> None:
    if not _is_same(found, wanted):
        raise FormatError(f"In project.xml {what} is {found!r} and not {wanted!r}.")


def _is_same(found: object, wanted: object) -> bool:
    if isinstance(found, tuple) and isinstance(wanted, tuple):
        return len(found) == len(wanted) and all(map(_is_same, found, wanted))
    if isinstance(found, float) and isinstance(wanted, float | int):
        return math.isclose(found, wanted, rel_tol=1e-12, abs_tol=_SAME)
    return found == wanted


def _one(element: Element, path: str) -> Element:
    found = element.findall(path)
    if len(found) != 1:
        raise FormatError(f"In project.xml a {element.tag} has {len(found)} of {path} and not one.")
    return found[0]


def _float(element: Element, name: str) -> float:
    text = element.get(name, "")
    try:
        return float(text)
    except ValueError as exc:
        raise FormatError(f"In project.xml {name} of a {element.tag} is {text!r} and no number.") from exc
