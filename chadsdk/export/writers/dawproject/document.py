"""``project.xml`` and ``metadata.xml`` of DAWproject 1.0, in the shape that Bitwig Studio writes. Pure.

All times are in beats. A clip is two: the outer one is what lies on the deck (position, length, where it begins in its
content, fades), the inner one is the whole file, laid over beats by two warps at its own speed. The schema allows
flatter shapes, from which an importer read no clip at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from chadsdk.export.project import Clip, Deck, Project
from chadsdk.text import xml_line
from chadsdk.version import VERSION

__all__ = [
    "Reference",
    "comment_of",
    "embedded",
    "holds",
    "linked",
    "metadata_xml",
    "name_of",
    "project_xml",
    "tempo_of",
]

_BEAT_A_SECOND_BPM = 60.0
_MISSING_COLOR = "#d0021b"
# What XML 1.0 cannot hold, not even as a reference (section 2.2).
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a clip's file lies.

    Attributes:
        path: With forward slashes; inside the container, or relative to the folder that the container lies in.
        is_external: Whether it lies outside the container.
    """

    path: str
    is_external: bool


def embedded(clip: Clip) -> Reference:
    """Refer to audio inside the container; a missing file lies outside, where somebody can put it."""
    if clip.missing is not None:
        return linked(clip)
    return Reference(f"audio/{PurePosixPath(clip.file).name}", is_external=False)


def linked(clip: Clip) -> Reference:
    """Refer to audio beside the container."""
    return Reference(clip.file, is_external=True)


def tempo_of(project: Project) -> float:
    """Give the tempo of the mix in beats a minute; without one a beat lasts a second."""
    return project.tempo_bpm or _BEAT_A_SECOND_BPM


def name_of(clip: Clip) -> str:
    """Give what a DAW writes on a clip."""
    return xml_line(f"{'MISSING: ' if clip.missing is not None else ''}{clip.label}")


def comment_of(clip: Clip) -> str | None:
    """Give why a clip is not as the playlist says, and its gain, which not every DAW reads; None when all is plain."""
    parts = [
        f"Missing: {clip.missing or 'nobody knows why.'}" if clip.missing is not None else None,
        clip.note,
        f"Gain: {clip.gain_db:+g} dB." if clip.gain_db else None,
    ]
    return xml_line(" ".join(part for part in parts if part)) or None


def holds(name: str) -> bool:
    """Whether an attribute gives a file's name back to its reader as it is: breaks of lines would become spaces."""
    return _NOT_XML.search(name) is None and not set(name) & {"\t", "\n", "\r"}


def metadata_xml(project: Project) -> bytes:
    """Give ``metadata.xml``: the name of the playlist, and how much of it is missing."""
    root = Element("MetaData")
    SubElement(root, "Title").text = xml_line(project.name)
    missing = sum(clip.missing is not None for clip in project.clips)
    if missing:
        text = f"{missing} of {len(project.clips)} tracks missing: the comment of each clip says why."
        SubElement(root, "Comment").text = text
    return _document(root)


def project_xml(project: Project, refer: Callable[[Clip], Reference]) -> bytes:
    """Give ``project.xml``.

    Args:
        project: The mix.
        refer: Says where the file of a clip lies.
    """
    root = Element("Project", version="1.0")
    SubElement(root, "Application", name="chadsdk", version=VERSION)
    sheet = _Sheet(tempo_of(project) / 60.0, refer)
    transport = SubElement(root, "Transport")
    sheet.add(transport, "Tempo", unit="bpm", value=_number(tempo_of(project)), name="Tempo")
    sheet.add(transport, "TimeSignature", denominator="4", numerator="4")
    structure = SubElement(root, "Structure")
    master = _Track("Master", sheet.next_id(), sheet.next_id())
    decks = [(deck, _Track(deck.name, sheet.next_id(), sheet.next_id())) for deck in project.decks]
    for _, track in decks:
        sheet.add_track(structure, track, "audio", role="regular", destination=master.channel_id)
    sheet.add_track(structure, master, "audio notes", role="master")
    arrangement = sheet.add(root, "Arrangement")
    lanes = sheet.add(arrangement, "Lanes", timeUnit="beats")
    for deck, track in decks:
        sheet.add_deck(lanes, deck, track)
    sheet.add(sheet.add(lanes, "Lanes", track=master.track_id), "Clips")
    sheet.add_markers(arrangement, project)
    SubElement(root, "Scenes")
    return _document(root)


@dataclass(frozen=True, slots=True)
class _Track:
    name: str
    track_id: str
    channel_id: str


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What every element is written with: the length of a second, the files, the ids given so far."""

    beats_per_s: float
    refer: Callable[[Clip], Reference]
    _numbers: Iterator[int] = field(default_factory=count)

    def next_id(self) -> str:
        return f"id{next(self._numbers)}"

    def add(self, parent: Element, tag: str, **attributes: str) -> Element:
        """Add an element with an id of its own."""
        return SubElement(parent, tag, {**attributes, "id": self.next_id()})

    def beats(self, seconds: float) -> str:
        return _number(seconds * self.beats_per_s)

    def add_track(self, structure: Element, track: _Track, content: str, **routing: str) -> None:
        named = {"contentType": content, "loaded": "true", "id": track.track_id, "name": track.name}
        mixed = {"audioChannels": "2", **routing, "solo": "false", "id": track.channel_id}
        channel = SubElement(SubElement(structure, "Track", named), "Channel", mixed)
        self.add(channel, "Mute", value="false", name="Mute")
        self.add(channel, "Pan", max="1.0", min="0.0", unit="normalized", value="0.5", name="Pan")
        self.add(channel, "Volume", max="2.0", min="0.0", unit="linear", value="1.0", name="Volume")

    def add_deck(self, lanes: Element, deck: Deck, track: _Track) -> None:
        clips = self.add(self.add(lanes, "Lanes", track=track.track_id), "Clips")
        for clip in deck.clips:
            self._add_clip(clips, clip)

    def _add_clip(self, clips: Element, clip: Clip) -> None:
        outer = SubElement(
            clips,
            "Clip",
            time=self.beats(clip.start_s),
            duration=self.beats(clip.length_s),
            contentTimeUnit="beats",
            playStart=self.beats(clip.offset_s),
            fadeTimeUnit="beats",
            fadeInTime=self.beats(clip.fade_in_s),
            fadeOutTime=self.beats(clip.fade_out_s),
            name=name_of(clip),
        )
        comment = comment_of(clip)
        if comment is not None:
            outer.set("comment", comment)
        if clip.missing is not None:
            outer.set("color", _MISSING_COLOR)
        whole = SubElement(
            self.add(outer, "Clips"),
            "Clip",
            time="0.0",
            duration=self.beats(clip.source_s),
            contentTimeUnit="beats",
            playStart="0.0",
            fadeTimeUnit="beats",
            fadeInTime="0.0",
            fadeOutTime="0.0",
            name=name_of(clip),
        )
        self._add_audio(self.add(whole, "Lanes") if clip.gain_db else whole, clip)

    def _add_audio(self, parent: Element, clip: Clip) -> None:
        warps = self.add(parent, "Warps", contentTimeUnit="seconds", timeUnit="beats")
        audio = self.add(
            warps,
            "Audio",
            algorithm="stretch",
            channels=str(clip.channels),
            duration=_number(clip.source_s),
            sampleRate=str(clip.sample_rate_hz),
        )
        reference = self.refer(clip)
        file = SubElement(audio, "File", path=reference.path)
        if reference.is_external:
            file.set("external", "true")
        SubElement(warps, "Warp", time="0.0", contentTime="0.0")
        SubElement(warps, "Warp", time=self.beats(clip.source_s), contentTime=_number(clip.source_s))
        if clip.gain_db:
            # A clip has no gain of its own in DAWproject 1.0; what it has is a curve of its level.
            points = self.add(parent, "Points", unit="linear")
            SubElement(points, "Target", expression="gain")
            SubElement(
                points, "RealPoint", time="0.0", value=_number(10.0 ** (clip.gain_db / 20.0)), interpolation="hold"
            )

    def add_markers(self, arrangement: Element, project: Project) -> None:
        if not project.markers:
            return  # the schema wants one at least
        markers = self.add(arrangement, "Markers", timeUnit="beats")
        for marker in project.markers:
            SubElement(markers, "Marker", time=self.beats(marker.at_s), name=xml_line(marker.title))


def _number(value: float) -> str:
    return repr(float(value))


def _document(root: Element) -> bytes:
    indent(root)
    text: bytes = tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + text + b"\n"
