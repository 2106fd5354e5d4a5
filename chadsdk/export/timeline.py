"""The time line: a manifest's entries become clips on decks. Pure.

Overlapping clips on one track hide each other in DAWs, so an overlap is shared between two decks, with fades.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from chadsdk.errors import Reason
from chadsdk.export.manifest import Manifest, ManifestEntry, Status
from chadsdk.export.plan import folder_name
from chadsdk.export.project import Clip, Project
from chadsdk.text import title_of

__all__ = ["UNKNOWN_LENGTH_S", "make_project"]

UNKNOWN_LENGTH_S = 240.0
"""Length of a clip of which nobody says how long it is."""

_USUAL_RATE_HZ = 44_100
_USUAL_CHANNELS = 2
_SAME_S = 1e-6  # less than a sample at 192 kHz: rounding, and no overlap

_WHY = {
    Reason.AUTH: "The server refused the credentials.",
    Reason.FORBIDDEN: "The server does not allow it to this user.",
    Reason.NOT_FOUND: "The server does not have it.",
    Reason.RATE_LIMITED: "The server asked for more patience than there was.",
    Reason.SERVER: "The server failed.",
    Reason.NETWORK: "There was no connection to the server.",
    Reason.STALLED: "The server was too slow.",
    Reason.TRUNCATED: "The download broke off.",
    Reason.INTEGRITY: "What came is not what was expected.",
    Reason.NOT_AUDIO: "What is there is not audio.",
    Reason.PROTOCOL: "The server's answer is not allowed.",
    Reason.UNSAFE_URL: "Its address must not be asked.",
    Reason.UNSAFE_NAME: "Its id or name cannot be a file's.",
    Reason.LOCAL_MISSING: "The file in the library is not there.",
    Reason.LOCAL_UNREADABLE: "The file in the library cannot be read.",
    Reason.NO_SOURCE: "It names neither a file nor a track of the server.",
    Reason.NOT_CONVERTIBLE: "It could not be converted.",
}


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a clip lies, in seconds."""

    start_s: float
    length_s: float
    offset_s: float
    source_s: float
    length_is_guess: bool
    note: str | None

    @property
    def end_s(self) -> float:
        return self.start_s + self.length_s


def make_project(manifest: Manifest) -> Project:
    """Lay the entries of a manifest on a time line.

    An entry without an explicit start begins where the entry before it ends, earlier by the crossfade, but by no more
    than half of either. Fades that are not given are as long as the overlap with the clip before and after.
    """
    rate_hz = _most_frequent_rate(manifest.exported)
    spans = _lay_out(manifest.entries, manifest.crossfade_s)
    decks = _share_decks(spans)
    fades = _fades(spans)
    clips = tuple(
        _clip(entry, span, deck, fade, rate_hz)
        for entry, span, deck, fade in zip(manifest.entries, spans, decks, fades, strict=True)
    )
    return Project(manifest.playlist, folder_name(manifest.playlist), manifest.tempo_bpm, rate_hz, clips)


def _most_frequent_rate(entries: Iterable[ManifestEntry]) -> int:
    rates = Counter(entry.sample_rate_hz for entry in entries if entry.sample_rate_hz)
    return max(rates, key=lambda rate: (rates[rate], rate), default=_USUAL_RATE_HZ)


def _lay_out(entries: Sequence[ManifestEntry], crossfade_s: float) -> list[_Span]:
    spans: list[_Span] = []
    for entry in entries:
        span = _sounding(entry)
        if entry.start_s is not None:
            start_s = entry.start_s
        elif spans:
            overlap_s = min(crossfade_s, span.length_s / 2, spans[-1].length_s / 2)
            start_s = max(0.0, spans[-1].end_s - overlap_s)
        else:
            start_s = 0.0
        spans.append(replace(span, start_s=start_s))
    return spans


def _sounding(entry: ManifestEntry) -> _Span:
    """Which part of its file an entry plays."""
    cue_in_s, cue_out_s = entry.cue_in_s or 0.0, entry.cue_out_s
    is_guess = not entry.duration_s
    source_s = entry.duration_s or cue_out_s or cue_in_s + UNKNOWN_LENGTH_S
    notes = [f"Nobody knows how long it is: {source_s:g} s are assumed."] if is_guess else []
    end_s = source_s if cue_out_s is None else min(cue_out_s, source_s)
    # A converted copy may be a part of a sample shorter than its original.
    slack_s = 1 / entry.sample_rate_hz if entry.sample_rate_hz else _SAME_S
    if cue_out_s is not None and cue_out_s > source_s + slack_s:
        notes.append(f"Its cue-out at {cue_out_s:g} s lies beyond its end at {source_s:g} s, where it stops.")
    if cue_in_s >= end_s:
        beyond = f"its end at {source_s:g} s" if cue_in_s >= source_s else f"its cue-out at {end_s:g} s"
        notes.append(f"Its cue-in at {cue_in_s:g} s lies beyond {beyond}: it plays whole.")
        cue_in_s, end_s = 0.0, source_s
    return _Span(0.0, end_s - cue_in_s, cue_in_s, source_s, is_guess, " ".join(notes) or None)


def _share_decks(spans: Sequence[_Span]) -> list[int]:
    """Give each clip the first deck that is free when it starts."""
    decks = [0] * len(spans)
    busy: list[tuple[float, int]] = []
    free: list[int] = []
    made = 0
    for number in sorted(range(len(spans)), key=lambda number: (spans[number].start_s, number)):
        while busy and busy[0][0] <= spans[number].start_s + _SAME_S:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if free:
            decks[number] = heapq.heappop(free)
        else:
            decks[number], made = made, made + 1
        heapq.heappush(busy, (spans[number].end_s, decks[number]))
    return decks


def _fades(spans: Sequence[_Span]) -> list[tuple[float, float]]:
    """Give fade-in and fade-out of each clip: as long as what it shares with the one before, and the one after it.

    One that lies inside another, such as a jingle, is no crossfade, and is passed over.
    """
    fades = [(0.0, 0.0)] * len(spans)
    in_time = sorted(range(len(spans)), key=lambda number: (spans[number].start_s, number))
    before = next(iter(in_time), 0)  # of what has begun, the one that ends last
    for after in in_time[1:]:
        if spans[after].end_s <= spans[before].end_s + _SAME_S:
            continue
        overlap_s = spans[before].end_s - spans[after].start_s
        if overlap_s > _SAME_S and spans[after].start_s > spans[before].start_s + _SAME_S:
            fades[before] = (fades[before][0], overlap_s)
            fades[after] = (overlap_s, fades[after][1])
        before = after
    return fades


def _clip(entry: ManifestEntry, span: _Span, deck: int, fades: tuple[float, float], rate_hz: int) -> Clip:
    fade_in_s = min(span.length_s, fades[0] if entry.fade_in_s is None else entry.fade_in_s)
    fade_out_s = min(span.length_s - fade_in_s, fades[1] if entry.fade_out_s is None else entry.fade_out_s)
    return Clip(
        position=entry.position,
        title=title_of(entry.title),
        artist=entry.artist,
        file=entry.file,
        deck=deck,
        start_s=span.start_s,
        length_s=span.length_s,
        offset_s=span.offset_s,
        source_s=span.source_s,
        gain_db=entry.gain_db or 0.0,
        fade_in_s=fade_in_s,
        fade_out_s=fade_out_s,
        sample_rate_hz=entry.sample_rate_hz or rate_hz,
        channels=entry.channels or _USUAL_CHANNELS,
        missing=_why_missing(entry) if entry.status is Status.MISSING else None,
        length_is_guess=span.length_is_guess,
        note=" ".join(filter(None, (span.note, entry.not_converted))) or None,
        not_converted=entry.not_converted,
    )


def _why_missing(entry: ManifestEntry) -> str:
    """Why, in words that hold no address and no path: a project is given to others, and the manifest says more."""
    return _WHY[entry.reason] if entry.reason is not None else "It could not be had."
