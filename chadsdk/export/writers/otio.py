"""An OpenTimelineIO time line beside the audio. Owns the library, which is an extra: ``chadsdk[otio]``.

OpenTimelineIO has no word for the gain and the fades of a clip on a track of its own (a transition joins two neighbours
on one track), so these stand in the metadata, under ``chadsdk``. Times are whole samples at the rate of the mix.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from chadsdk.errors import ConfigurationError, FormatError
from chadsdk.export.project import Clip, Deck, Marker, Project
from chadsdk.export.writers.writer import Desk, Writer
from chadsdk.text import one_line

if TYPE_CHECKING:
    import opentimelineio

__all__ = ["WRITER"]

_OURS = "chadsdk"
_MOST_SAMPLES = 2**53  # times are doubles there; beyond this not every sample has a number
_SHOWN_CHARACTERS = 60


def _needs() -> None:
    if find_spec("opentimelineio") is None:
        raise ConfigurationError("The format 'otio' needs OpenTimelineIO: pip install 'chadsdk[otio]'.")


def _refuse(project: Project) -> None:
    rate_hz = project.sample_rate_hz
    for clip in project.clips:
        latest_s = max(clip.end_s, clip.offset_s + clip.length_s)
        if latest_s * rate_hz > _MOST_SAMPLES or clip.source_s * clip.sample_rate_hz > _MOST_SAMPLES:
            far_s = max(latest_s, clip.source_s)
            raise FormatError(f"OpenTimelineIO cannot count the samples to {far_s:g} s, where {_named(clip)} reaches.")
    for deck in project.decks:
        end = 0
        for gap, clip, length in _places(deck, rate_hz):
            start = end + gap
            if start / rate_hz - clip.start_s > 1 / rate_hz:
                raise FormatError(
                    f"OpenTimelineIO counts whole samples: {_named(clip)} would begin too late, because clips "
                    "before it are shorter than one."
                )
            end = start + length


def _named(clip: Clip) -> str:
    label = _text(clip.label)
    return f"{clip.position}. {label if len(label) <= _SHOWN_CHARACTERS else label[:_SHOWN_CHARACTERS] + '…'!r}"


def _write(project: Project, desk: Desk) -> None:
    text = _timeline(project).to_json_string()
    WRITER.path(project, desk).write_text(text + "\n", encoding="utf-8", newline="\n")


def _timeline(project: Project) -> opentimelineio.schema.Timeline:
    from opentimelineio import schema

    timeline = schema.Timeline(_text(project.name))
    # Never by the `metadata` that constructors take: that leaves something behind in 0.18, by which a process can abort
    # when all is done and it ends (in `PyThreadState_Get`; seen with hypothesis beside it).
    timeline.metadata[_OURS] = _known(tempo_bpm=project.tempo_bpm)
    timeline.global_start_time = _time(0, project.sample_rate_hz)
    for deck in project.decks:
        timeline.tracks.append(_track(deck, project.sample_rate_hz))
    for marker in project.markers:
        timeline.tracks.markers.append(_marker(marker, project.sample_rate_hz))
    return timeline


def _track(deck: Deck, rate_hz: int) -> opentimelineio.schema.Track:
    from opentimelineio import schema

    track = schema.Track(_text(deck.name), kind=schema.TrackKind.Audio)
    for gap, clip, length in _places(deck, rate_hz):
        if gap:
            track.append(schema.Gap(source_range=_range(0, gap, rate_hz)))
        track.append(_clip(clip, length, rate_hz))
    return track


def _places(deck: Deck, rate_hz: int) -> Iterator[tuple[int, Clip, int]]:
    """Give each clip with the gap before it and its length, in samples: their sum is where it lies, without drift."""
    at = 0
    for clip in deck.clips:
        start = max(at, round(clip.start_s * rate_hz))
        length = max(1, round(clip.end_s * rate_hz) - start)
        yield start - at, clip, length
        at = start + length


def _clip(clip: Clip, length: int, rate_hz: int) -> opentimelineio.schema.Clip:
    from opentimelineio import schema

    source = _range(round(clip.offset_s * rate_hz), length, rate_hz)
    made = schema.Clip(_text(clip.label), media_reference=_media(clip), source_range=source)
    made.metadata[_OURS] = _known(
        position=clip.position,
        title=_text(clip.title),
        artist=None if clip.artist is None else _text(clip.artist),
        gain_db=clip.gain_db,
        fade_in_s=clip.fade_in_s,
        fade_out_s=clip.fade_out_s,
        channels=clip.channels,
        length_is_guess=clip.length_is_guess,
        note=None if clip.note is None else _text(clip.note),
    )
    return made


def _media(clip: Clip) -> opentimelineio.core.MediaReference:
    from opentimelineio import schema

    whole = _range(0, round(clip.source_s * clip.sample_rate_hz), clip.sample_rate_hz)
    if clip.missing is None:
        media = schema.ExternalReference(target_url=quote(clip.file), available_range=whole)
    else:
        media = schema.MissingReference(available_range=whole)
        media.metadata[_OURS] = {"reason": _text(clip.missing), "file": clip.file}
    media.name = clip.file
    return media


def _marker(marker: Marker, rate_hz: int) -> opentimelineio.schema.Marker:
    from opentimelineio import schema

    at = _range(round(marker.at_s * rate_hz), 0, rate_hz)
    return schema.Marker(_text(marker.title), marked_range=at)


def _known(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _text(text: str) -> str:
    return one_line(text).encode("utf-8", "replace").decode()


def _time(samples: int, rate_hz: int) -> opentimelineio.opentime.RationalTime:
    from opentimelineio import opentime

    return opentime.RationalTime(samples, rate_hz)


def _range(start: int, length: int, rate_hz: int) -> opentimelineio.opentime.TimeRange:
    from opentimelineio import opentime

    return opentime.TimeRange(_time(start, rate_hz), _time(length, rate_hz))


def _check(project: Project, desk: Desk) -> None:
    from opentimelineio import core
    from opentimelineio.exceptions import OTIOError

    path = WRITER.path(project, desk)
    try:
        # Not by the adapters: those run the plug-ins and hooks that the environment names.
        timeline = core.deserialize_json_from_string(path.read_text(encoding="utf-8"))
        decks = [(track.name, *_read_clips(track)) for track in timeline.tracks]
        markers = [(marker.name, marker.marked_range.start_time.to_seconds()) for marker in timeline.tracks.markers]
    except (OTIOError, AttributeError, LookupError, TypeError, ValueError) as exc:
        raise FormatError(f"{path.name} does not read back: {exc}") from exc
    meant = [(_text(deck.name), *map(_meant, deck.clips)) for deck in project.decks]
    if not _are_same(decks, meant, 1 / project.sample_rate_hz):
        raise FormatError(f"The clips of {path.name} are not those of the mix, or lie elsewhere.")
    if not _are_same(markers, [(_text(one.title), one.at_s) for one in project.markers], 1 / project.sample_rate_hz):
        raise FormatError(f"The markers of {path.name} are not those of the mix.")


def _are_same(one: object, other: object, within_s: float) -> bool:
    """Whether two values are the same, but for times that are not a sample apart."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(_are_same(*pair, within_s) for pair in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float | int):
        return abs(one - other) <= within_s
    return one == other


def _meant(clip: Clip) -> tuple[str | None, str, float, float, float]:
    file = clip.file if clip.missing is None else None
    return file, _text(clip.label), clip.start_s, clip.length_s, clip.offset_s


def _read_clips(track: opentimelineio.schema.Track) -> Iterator[tuple[str | None, str, float, float, float]]:
    """Give file (None for a missing one), name, start, length and offset of each clip, as the library sees them."""
    from opentimelineio import schema

    places = track.range_of_all_children()  # in no order
    for item in track:
        if not isinstance(item, schema.Clip):
            continue
        place = places[item]
        media = item.media_reference
        file = None if isinstance(media, schema.MissingReference) else unquote(urlsplit(media.target_url).path)
        times = (place.start_time, place.duration, item.source_range.start_time)
        start_s, length_s, offset_s = (time.to_seconds() for time in times)
        yield file, item.name, start_s, length_s, offset_s


WRITER = Writer("{stem}.otio", _write, _check, _refuse, needs=_needs)
