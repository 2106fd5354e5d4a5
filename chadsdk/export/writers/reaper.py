"""A REAPER project beside the audio: a track per deck, an item per clip, a marker at each start.

A missing track keeps its item, which points at the name that its file would have: REAPER shows it offline and finds
the file when it comes. Equal projects give equal bytes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import PurePosixPath

from chadsdk.errors import FormatError
from chadsdk.export.project import Clip, Deck, Project
from chadsdk.export.writers.rpp import Block, block, number, parse, quoted, readable
from chadsdk.export.writers.writer import Desk, Writer

__all__ = ["WRITER"]

_SAME = 1e-9
_LOUDEST_DB = 150.0
_IDS = uuid.uuid5(uuid.NAMESPACE_OID, "chadsdk.export.writers.reaper")
_KINDS = {
    **dict.fromkeys(("flac",), "FLAC"),
    **dict.fromkeys(("mp3", "mp2"), "MP3"),
    **dict.fromkeys(("ogg", "oga"), "VORBIS"),
    **dict.fromkeys(("opus",), "OPUS"),
    **dict.fromkeys(("wv",), "WAVPACK"),
    # What REAPER has no reader of its own for is read by the system's or by FFmpeg's, which it files under video.
    **dict.fromkeys(("m4a", "mp4", "m4b", "alac", "aac", "adts", "wma", "asf"), "VIDEO"),
}


def _refuse(project: Project) -> None:
    for clip in project.clips:
        if clip.gain_db > _LOUDEST_DB:
            raise FormatError(f"REAPER has no gain of {clip.gain_db:g} dB, as {clip.position}. {clip.label!r} wants.")
        if all(quote in clip.file for quote in "\"'`"):
            raise FormatError(f"A REAPER project cannot name {clip.file!r}: it holds every kind of quotes.")


def _write(project: Project, desk: Desk) -> None:
    text = "\n".join(_project(project)) + "\n"
    WRITER.path(project, desk).write_text(text, encoding="utf-8", errors="replace", newline="\n")


def _project(project: Project) -> list[str]:
    lines = ["RIPPLE 0", f"SAMPLERATE {project.sample_rate_hz} 1 0"]
    if project.tempo_bpm is not None:
        lines.append(f"TEMPO {number(project.tempo_bpm)} 4 4")
    lines += [
        f"MARKER {index} {number(marker.at_s)} {quoted(readable(marker.title))} 0"
        for index, marker in enumerate(project.markers, start=1)
    ]
    tracks = [_track(project, index, deck) for index, deck in enumerate(project.decks)]
    # The version that says what the file may hold, and no date: that would be another file every time.
    return block('REAPER_PROJECT 0.1 "6.0" 0', chain(lines, *tracks))


def _track(project: Project, index: int, deck: Deck) -> list[str]:
    track_id = _id(project, "track", index)
    channels = max(clip.channels for clip in deck.clips)
    lines = [
        f"NAME {quoted(readable(deck.name))}",
        "BEAT 0",  # items lie at seconds, and stay there when the tempo is changed
        "VOLPAN 1 0 -1 -1 1",
        f"NCHAN {max(2, channels + channels % 2)}",
        f"TRACKID {track_id}",
    ]
    return block(f"TRACK {track_id}", chain(lines, *(_item(project, clip) for clip in deck.clips)))


def _item(project: Project, clip: Clip) -> list[str]:
    notes = _notes(clip)
    return block(
        "ITEM",
        [
            f"POSITION {number(clip.start_s)}",
            "SNAPOFFS 0",
            f"LENGTH {number(clip.length_s)}",
            "LOOP 0",
            "ALLTAKES 0",
            # The shape stands there twice, 0 for linear; the third word is the length of an automatic fade.
            f"FADEIN 0 {number(clip.fade_in_s)} 0 0 0 0 0",
            f"FADEOUT 0 {number(clip.fade_out_s)} 0 0 0 0 0",
            "MUTE 0 0",
            "SEL 0",
            f"IGUID {_id(project, 'item', clip.position)}",
            f"IID {clip.position}",
            *(block("NOTES", (f"|{note}" for note in notes)) if notes else ()),
            f"NAME {quoted(readable(clip.label))}",
            f"VOLPAN {number(_factor(clip))} 0 1 -1",
            f"SOFFS {number(clip.offset_s)}",
            "PLAYRATE 1 1 0 -1 0 0.0025",
            "CHANMODE 0",
            f"GUID {_id(project, 'take', clip.position)}",
            *block(f"SOURCE {_kind(clip)}", [f"FILE {quoted(clip.file)}"]),
        ],
    )


def _notes(clip: Clip) -> list[str]:
    notes = [] if clip.missing is None else [readable(f"Missing: {clip.missing}")]
    return notes if clip.note is None else [*notes, readable(clip.note)]


def _kind(clip: Clip) -> str:
    """Name the reader that REAPER is to use: it goes by this, not by the file's first bytes."""
    return _KINDS.get(PurePosixPath(clip.file).suffix.removeprefix(".").lower(), "WAVE")


def _factor(clip: Clip) -> float:
    return float(10 ** (clip.gain_db / 20))


def _id(project: Project, what: str, number_of_it: int) -> str:
    return f"{{{str(uuid.uuid5(_IDS, f'{project.file_stem}/{what}/{number_of_it}')).upper()}}}"


def _check(project: Project, desk: Desk) -> None:
    path = WRITER.path(project, desk)
    try:
        root = parse(path.read_text(encoding="utf-8"))
        markers = [(float(words[1]), words[2]) for words in root.all_lines("MARKER")]
        tracks = [(track.line("NAME")[0], list(_read_items(track))) for track in root.all_blocks("TRACK")]
    except ValueError as exc:
        raise FormatError(f"{path.name} does not read back: {exc}") from exc
    if len(markers) != len(project.markers) or not all(
        abs(at_s - marker.at_s) <= _SAME and title == readable(marker.title)
        for (at_s, title), marker in zip(markers, project.markers, strict=True)
    ):
        raise FormatError(f"The markers of {path.name} are not those of the mix.")
    meant = [(readable(deck.name), [_meant(clip) for clip in deck.clips]) for deck in project.decks]
    if _words(tracks) != _words(meant):
        raise FormatError(f"The tracks of {path.name} do not name the clips of the mix.")
    if not all(abs(read - one) <= _SAME for read, one in zip(_numbers(tracks), _numbers(meant), strict=True)):
        raise FormatError(f"The items of {path.name} do not lie as in the mix.")


_Item = tuple[list[float], list[str]]
"""What of an item is compared: numbers, then words."""
_Track = tuple[str, list[_Item]]


def _read_items(track: Block) -> Iterator[_Item]:
    for item in track.all_blocks("ITEM"):
        (source,) = item.all_blocks("SOURCE")
        notes = [word.removeprefix("|") for inner in item.all_blocks("NOTES") for (word,) in inner.lines]
        named = ("POSITION", "LENGTH", "SOFFS", "VOLPAN")
        fades = (item.line(name)[1] for name in ("FADEIN", "FADEOUT"))
        numbers = [float(word) for word in (*(item.line(name)[0] for name in named), *fades)]
        yield numbers, [*item.line("NAME"), source.words[1], *source.line("FILE"), *notes]


def _meant(clip: Clip) -> _Item:
    numbers = [clip.start_s, clip.length_s, clip.offset_s, _factor(clip), clip.fade_in_s, clip.fade_out_s]
    return numbers, [readable(clip.label), _kind(clip), clip.file, *_notes(clip)]


def _words(tracks: Sequence[_Track]) -> list[tuple[str, list[list[str]]]]:
    return [(name, [words for _, words in items]) for name, items in tracks]


def _numbers(tracks: Sequence[_Track]) -> list[float]:
    return [value for _, items in tracks for numbers, _ in items for value in numbers]


WRITER = Writer("{stem}.rpp", _write, _check, _refuse)
