"""A session read back: whether it is whole in itself, and holds the mix that it was made of. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, fromstring

from chadsdk.errors import FormatError
from chadsdk.export.project import Clip, Project
from chadsdk.export.writers.ardour.places import (
    SUPERCLOCKS_PER_S,
    factor_of,
    file_name,
    place_of,
    region_name,
    tags_of,
    words,
)
from chadsdk.export.writers.ardour.session import DEFAULT_TEMPO_BPM

__all__ = ["check_session"]

_SPEAKERS = frozenset({"system:playback_1", "system:playback_2"})


@dataclass(frozen=True, slots=True)
class _Region:
    """What a session says of a clip; lengths and moments in samples."""

    name: str
    tags: str
    file: str
    channels: int
    position: int
    length: int
    start: int
    gain: float
    fade_in: int
    fade_out: int


def check_session(data: bytes, project: Project) -> None:
    """Compare a session file with the project.

    Raises:
        FormatError: It is no session, is not whole in itself, or differs; the error names the first difference.
    """
    try:
        session = fromstring(data)  # noqa: S314 - we wrote it
        _check_references(session)
        _check_ports(session)
        _check_mix(session, project)
    except (ParseError, LookupError, ValueError, AttributeError) as exc:  # whatever is not there or no number
        raise FormatError(f"The Ardour session does not read back: {exc!r}.") from exc


def _check_references(session: Element) -> None:
    """Every id is there once and below the counter; whatever refers to an element refers to one of the right kind."""
    kinds: dict[str, str] = {}
    for element in session.iter():
        if (own := element.get("id")) is not None:
            if own in kinds or int(own) >= int(session.attrib["id-counter"]):
                raise FormatError(f"In the Ardour session the id {own} is not unique.")
            kinds[own] = element.tag
    for element in session.iter():
        for name, value in element.attrib.items():
            kind = _kind_of_reference(name)
            if kind is not None and kinds.get(value) != kind:
                raise FormatError(f"In the Ardour session {name} of a {element.tag} refers to no {kind}.")


def _kind_of_reference(attribute: str) -> str | None:
    if attribute.startswith(("source-", "master-source-")):
        return "Source"
    return {"audio-playlist": "Playlist", "orig-track-id": "Route"}.get(attribute)


def _check_ports(session: Element) -> None:
    """Every connection leads to a port that is there and leads back."""
    joints = {
        port.attrib["name"]: {joint.attrib["other"] for joint in port.iter("Connection")}
        for port in session.iter("Port")
    }
    for name, others in joints.items():
        for other in others - _SPEAKERS:
            if name not in joints.get(other, ()):
                raise FormatError(f"In the Ardour session {name!r} is connected to {other!r}, but not the other way.")


def _check_mix(session: Element, project: Project) -> None:
    rate_hz = project.sample_rate_hz
    _expect("the session", (session.attrib["name"], session.attrib["sample-rate"]), (project.file_stem, str(rate_hz)))
    _expect("the sources", list(_sources(session)), list(_wanted_sources(project)))
    playlists = {playlist.attrib["id"]: playlist for playlist in session.iterfind("Playlists/Playlist")}
    tracks = [route for route in session.iterfind("Routes/Route") if "audio-playlist" in route.attrib]
    _expect("the tracks", [track.attrib["name"] for track in tracks], [deck.name for deck in project.decks])
    _expect("the playlists", len(playlists), len(tracks))
    lengths = _whole_files(session, rate_hz)
    for track, deck in zip(tracks, project.decks, strict=True):
        regions = list(_regions(playlists[track.attrib["audio-playlist"]], session, rate_hz))
        _expect(f"the number of clips on {deck.name}", len(regions), len(deck.clips))
        for region, clip in zip(regions, deck.clips, strict=True):
            _expect(f"clip {clip.position}", region, _wanted(clip, rate_hz))
            if region.start + region.length > lengths[region.file]:
                raise FormatError(f"In the Ardour session clip {clip.position} reaches beyond the end of its file.")
    _check_locations(session, project)
    tempos = [float(tempo.attrib["npm"]) for tempo in session.iter("Tempo")]
    _expect("the tempo", tempos, [project.tempo_bpm or DEFAULT_TEMPO_BPM])


def _check_locations(session: Element, project: Project) -> None:
    rate_hz = project.sample_rate_hz
    found = [
        (place.attrib["flags"], place.attrib["name"], *(_samples(place.attrib[at], rate_hz) for at in ("start", "end")))
        for place in session.iterfind("Locations/Location")
    ]
    ends = (place.position + place.length for place in (place_of(clip, rate_hz) for clip in project.clips))
    moments = [(round(marker.at_s * rate_hz), words(marker.title)) for marker in project.markers]
    _expect(
        "the markers",
        found,
        [
            ("IsSessionRange", "session", 0, max(ends, default=rate_hz)),
            *(("IsMark", title, at, at) for at, title in moments),
        ],
    )


def _sources(session: Element) -> Iterator[tuple[str, int]]:
    for source in session.iterfind("Sources/Source"):
        yield source.attrib["name"], int(source.attrib["channel"])


def _wanted_sources(project: Project) -> Iterator[tuple[str, int]]:
    files = {file_name(clip): clip.channels for clip in reversed(project.clips)}
    for name in dict.fromkeys(map(file_name, project.clips)):
        yield from ((name, channel) for channel in range(files[name]))


def _whole_files(session: Element, rate_hz: int) -> Mapping[str, int]:
    """Give the length of each file in samples, as the session says."""
    return {
        region.attrib["name"]: _samples(region.attrib["length"].removesuffix("@a0"), rate_hz)
        for region in session.iterfind("Regions/Region")
        if region.attrib["whole-file"] == "1"
    }


def _regions(playlist: Element, session: Element, rate_hz: int) -> Iterator[_Region]:
    files = {source.attrib["id"]: source.attrib for source in session.iterfind("Sources/Source")}
    for region in playlist.iterfind("Region"):
        said = region.attrib
        length, _, position = said["length"].partition("@")
        sources = [files[said[f"source-{number}"]] for number in range(int(said["channels"]))]
        names = {source["name"] for source in sources}
        _expect("the channels of a clip", [int(source["channel"]) for source in sources], list(range(len(sources))))
        _expect("the number of files of a clip", len(names), 1)
        yield _Region(
            name=said["name"],
            tags=said.get("tags", ""),
            file=names.pop(),
            channels=len(sources),
            position=_samples(position, rate_hz),
            length=_samples(length, rate_hz),
            start=_samples(said["start"], rate_hz),
            gain=float(said["scale-amplitude"]),
            fade_in=_fade(region, "FadeIn", ("0", "1"), rate_hz) if said["fade-in-active"] == "1" else 0,
            fade_out=_fade(region, "FadeOut", ("1", "0"), rate_hz) if said["fade-out-active"] == "1" else 0,
        )


def _wanted(clip: Clip, rate_hz: int) -> _Region:
    place = place_of(clip, rate_hz)
    return _Region(
        name=region_name(clip),
        tags=tags_of(clip),
        file=file_name(clip),
        channels=clip.channels,
        position=place.position,
        length=place.length,
        start=place.start,
        gain=factor_of(clip),
        fade_in=place.fade_in,
        fade_out=place.fade_out,
    )


def _fade(region: Element, kind: str, levels: tuple[str, str], rate_hz: int) -> int:
    """Give the length of a straight line from one level to the other."""
    lines = region.findtext(f"{kind}/AutomationList/events", "").split("\n")
    (first, start), (end, last) = lines[0].split(" "), lines[1].split(" ")
    _expect(f"a {kind}", (first, start, last, lines[2:]), ("a0", *levels, [""]))
    return _samples(end, rate_hz)


def _samples(clock: str, rate_hz: int) -> int:
    """Give a moment of audio time, ``a`` and superclocks, in samples."""
    samples, rest = divmod(int(clock.removeprefix("a")), SUPERCLOCKS_PER_S // rate_hz)
    if rest or not clock.startswith("a"):
        raise FormatError(f"In the Ardour session the moment {clock!r} is no sample.")
    return samples


def _expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise FormatError(f"In the Ardour session {what} is {found!r:.200} and not {wanted!r:.200}.")
