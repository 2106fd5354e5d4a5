"""The XML of a session, in the shape that Ardour 7 opens without a complaint. Pure; equal projects give equal bytes.

Nothing here is decoration: Ardour 7.3 was seen to refuse the session, to be silent or to crash without each part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from chadsdk.export.project import Clip, Deck, Project
from chadsdk.export.writers.ardour.places import (
    SUPERCLOCKS_PER_S,
    Place,
    factor_of,
    file_name,
    place_of,
    region_name,
    tags_of,
    words,
)

__all__ = ["DEFAULT_TEMPO_BPM", "session_xml"]

DEFAULT_TEMPO_BPM = 120.0
"""A session has a tempo, whether the mix has one or not."""

_VERSION = "7002"
_FIRST_ID = 1000
# Of a fade that is switched off: what Ardour gives a new region, should the user switch it on.
_IDLE_FADE_SAMPLES = 64


@dataclass(frozen=True, slots=True)
class _Audio:
    """A file, as sources: one per channel, by their ids."""

    sources: tuple[str, ...]

    @property
    def references(self) -> dict[str, str]:
        """What a region says of its sources."""
        numbered = list(enumerate(self.sources))
        return {
            "channels": str(len(numbered)),
            **{f"source-{number}": source for number, source in numbered},
            **{f"master-source-{number}": source for number, source in numbered},
        }


def session_xml(project: Project) -> bytes:
    """Give the session file of a project."""
    root = _Session(project, map(str, count(_FIRST_ID))).element()
    indent(root)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=False)  # no lone surrogates, see `words`
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text + b"\n"


@dataclass(frozen=True, slots=True)
class _Session:
    """A session under construction. Ids are unique over all kinds of elements."""

    project: Project
    ids: Iterator[str]

    def element(self) -> Element:
        session = Element("Session", version=_VERSION, name=self.project.file_stem)
        session.attrib |= {"sample-rate": str(self.project.sample_rate_hz), "session-range-is-free": "0"}
        SubElement(session, "ProgramVersion", {"created-with": "chadsdk", "modified-with": "chadsdk"})
        config = SubElement(session, "Config")
        for name, value in (("native-file-data-format", "FormatFloat"), ("native-file-header-format", "WAVE")):
            SubElement(config, "Option", name=name, value=value)
        SubElement(session, "Metadata")
        audio = self._add_audio(session)
        self._add_locations(session)
        SubElement(session, "Bundles")
        self._add_decks(session, audio)
        SubElement(session, "RouteGroups")
        self._add_click(session)
        self._add_tempo(session)
        session.attrib |= {"id-counter": next(self.ids), "name-counter": "1", "event-counter": "0", "vca-counter": "1"}
        return session

    def _add_audio(self, session: Element) -> Mapping[str, _Audio]:
        """Add each file once, also the missing ones: by the whole-file regions Ardour knows how long they are."""
        sources, regions = SubElement(session, "Sources"), SubElement(session, "Regions")
        clips: dict[str, list[Clip]] = {}
        for clip in self.project.clips:
            clips.setdefault(file_name(clip), []).append(clip)
        audio: dict[str, _Audio] = {}
        for name, users in clips.items():
            channels = range(users[0].channels)
            audio[name] = _Audio(tuple(next(self.ids) for _ in channels))
            for channel, own in zip(channels, audio[name].sources, strict=True):
                source = SubElement(sources, "Source", id=own, name=name, type="audio", channel=str(channel))
                source.attrib |= {"flags": "", "origin": "", "gain": "1"}
            length = max(self._place(clip).source for clip in users)
            region = SubElement(regions, "Region", id=next(self.ids), name=name, type="audio")
            region.attrib |= {"whole-file": "1", "external": "0", "start": "a0", "length": f"{self._clock(length)}@a0"}
            region.attrib |= audio[name].references
        return audio

    def _add_locations(self, session: Element) -> None:
        locations = SubElement(session, "Locations")
        places = [self._place(clip) for clip in self.project.clips]
        end = max((place.position + place.length for place in places), default=self.project.sample_rate_hz)
        self._add_location(locations, "session", 0, end, "IsSessionRange")
        for marker in self.project.markers:
            at = round(marker.at_s * self.project.sample_rate_hz)
            self._add_location(locations, words(marker.title), at, at, "IsMark")

    def _add_location(self, locations: Element, name: str, start: int, end: int, flags: str) -> None:
        moments = {"start": self._clock(start), "end": self._clock(end)}
        SubElement(locations, "Location", moments, id=next(self.ids), name=name, flags=flags, locked="0")

    def _add_decks(self, session: Element, audio: Mapping[str, _Audio]) -> None:
        routes, playlists = SubElement(session, "Routes"), SubElement(session, "Playlists")
        decks = self.project.decks
        names = [deck.name for deck in decks]
        master = self._add_route(routes, "Master", 0, "MasterOut,OrderSet")
        self._add_ports(master, "Master", "Input", [[f"{name}/audio_out {side}" for name in names] for side in (1, 2)])
        self._add_ports(master, "Master", "Output", [[f"system:playback_{side}"] for side in (1, 2)])
        self._add_sound(master, "Master")
        for order, deck in enumerate(decks, start=1):
            track, playlist = self._add_route(routes, deck.name, order, "AudioTrack,OrderSet"), next(self.ids)
            track.attrib |= {"audio-playlist": playlist, "mode": "Normal"}
            self._add_track(track, deck)
            self._add_playlist(playlists, playlist, track.attrib["id"], deck, audio)

    def _add_route(self, routes: Element, name: str, order: int, flags: str) -> Element:
        route = SubElement(routes, "Route", version=_VERSION, id=next(self.ids), name=name, active="1")
        route.attrib |= {"default-type": "audio", "strict-io": "1"}
        SubElement(route, "PresentationInfo", order=str(order), flags=flags, color="0")
        return route

    def _add_track(self, track: Element, deck: Deck) -> None:
        """Add what makes a route a track: two channels wide, whatever its clips are.

        A mono clip plays on both. Of a clip with more channels the first two play: a wider track was seen to pan the
        stereo clips on it from one side to the other.
        """
        self._add_ports(track, deck.name, "Input", [[], []])
        self._add_ports(track, deck.name, "Output", [[f"Master/audio_in {side}"] for side in (1, 2)])
        recorder = SubElement(track, "Processor", id=next(self.ids), name=f"recorder:{deck.name}", active="1")
        recorder.attrib |= {"type": "diskwriter", "record-safe": "0"}
        SubElement(track, "Processor", id=next(self.ids), name=f"player:{deck.name}", active="1", type="diskreader")
        self._add_sound(track, deck.name)

    def _add_ports(self, parent: Element, name: str, direction: str, joints: Iterable[Iterable[str]]) -> None:
        way = "in" if direction == "Input" else "out"
        ports = SubElement(parent, "IO", id=next(self.ids), name=name, direction=direction)
        ports.attrib |= {"default-type": "audio"}
        for number, others in enumerate(joints, start=1):
            port = SubElement(ports, "Port", type="audio", name=f"{name}/audio_{way} {number}")
            for other in others:
                SubElement(port, "Connection", other=other)

    def _add_sound(self, route: Element, name: str) -> None:
        self._add_amplifier(route)
        out = SubElement(route, "Processor", id=next(self.ids), name=name, active="1", type="main-outs", role="Main")
        out.attrib |= {"own-input": "1", "own-output": "0", "output": name}

    def _add_amplifier(self, parent: Element) -> None:
        amplifier = SubElement(parent, "Processor", id=next(self.ids), name="Amp", active="1", type="amp")
        SubElement(amplifier, "Controllable", id=next(self.ids), name="gaincontrol", flags="GainLike", value="1")

    def _add_playlist(self, playlists: Element, own: str, track: str, deck: Deck, audio: Mapping[str, _Audio]) -> None:
        playlist = SubElement(playlists, "Playlist", id=own, name=deck.name, type="audio", frozen="0")
        playlist.attrib |= {"orig-track-id": track, "combine-ops": "0"}
        for clip in deck.clips:
            self._add_region(playlist, clip, audio[file_name(clip)])

    def _add_region(self, playlist: Element, clip: Clip, audio: _Audio) -> None:
        place = self._place(clip)
        region = SubElement(playlist, "Region", id=next(self.ids), name=region_name(clip), type="audio")
        region.attrib |= {
            "whole-file": "0",
            "opaque": "1",
            "start": self._clock(place.start),
            "length": f"{self._clock(place.length)}@{self._clock(place.position)}",
            "scale-amplitude": repr(factor_of(clip)),
            "default-fade-in": "0",
            "default-fade-out": "0",
            "fade-in-active": str(int(place.fade_in > 0)),
            "fade-out-active": str(int(place.fade_out > 0)),
            **({"tags": tags} if (tags := tags_of(clip)) else {}),
            **audio.references,
        }
        self._add_fade(region, "FadeIn", place.fade_in, (0, 1))
        self._add_fade(region, "FadeOut", place.fade_out, (1, 0))

    def _add_fade(self, region: Element, kind: str, samples: int, levels: tuple[int, int]) -> None:
        """Add a straight line. Ardour joins points by lines, also where it calls that curved."""
        first, last = levels
        points = SubElement(SubElement(region, kind), "AutomationList", id=next(self.ids))
        points.attrib |= {"automation-id": kind.lower(), "interpolation-style": "Curved"}
        points.attrib |= {"time-domain": "AudioTime", "state": "Off"}
        end = self._clock(samples or _IDLE_FADE_SAMPLES)
        SubElement(points, "events").text = f"a0 {first}\n{end} {last}\n"

    def _add_click(self, session: Element) -> None:
        click = SubElement(session, "Click")
        self._add_ports(click, "Click", "Output", [[], []])
        self._add_amplifier(click)

    def _add_tempo(self, session: Element) -> None:
        tempo = repr(float(self.project.tempo_bpm or DEFAULT_TEMPO_BPM))
        first = {"sclock": "0", "quarters": "0:0", "bbt": "1|1|0"}
        tempo_map = SubElement(session, "TempoMap", {"superclocks-per-second": str(SUPERCLOCKS_PER_S)})
        point = SubElement(SubElement(tempo_map, "Tempos"), "Tempo", npm=tempo, enpm=tempo, type="Tempo::Constant")
        point.attrib |= {"note-type": "4", "active": "1", "locked-to-meter": "0", "continuing": "0", "omega": "0"}
        point.attrib |= first
        meter = SubElement(SubElement(tempo_map, "Meters"), "Meter", first)
        meter.attrib |= {"note-value": "4", "divisions-per-bar": "4"}
        SubElement(tempo_map, "MusicTimes")

    def _place(self, clip: Clip) -> Place:
        return place_of(clip, self.project.sample_rate_hz)

    def _clock(self, samples: int) -> str:
        return f"a{samples * (SUPERCLOCKS_PER_S // self.project.sample_rate_hz)}"
