"""The whole picture: head, ruler, lanes with their clips, crossfades, key, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from chadsdk.export.picture.clips import clip_svg
from chadsdk.export.picture.frame import EDGE_PX, RULER_PX, Frame, wanted_outlines
from chadsdk.export.picture.style import STYLE
from chadsdk.export.picture.words import clock, counted, fitted, number, width_px, xml_text
from chadsdk.export.project import Clip, Project

__all__ = ["draw", "frame_of"]

_HEAD_PX = 124.0
_LINE_PX = 20.0
_MOST_LISTED = 8
_SHOWN_PX = 1050.0  # what is read without scrolling
_CROSSFADE_PX = 1.5
_DOT = " \u00b7 "
_HATCH = (
    '<defs><pattern id="hatch" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="paper" width="9" height="9"/><path class="line" d="M0 0V9"/></pattern></defs>'
)


def frame_of(project: Project) -> Frame:
    """Give the scale that a mix is drawn in."""
    return Frame.of(project, top=_HEAD_PX + RULER_PX)


def draw(project: Project, outlines: Mapping[int, Sequence[float]]) -> str:
    """Draw a mix as an SVG document: without scripts, fonts or anything from elsewhere.

    Args:
        project: The mix.
        outlines: Peaks from 0 to 1 by position; the others are drawn flat.
    """
    frame = frame_of(project)
    missing = [clip for clip in project.clips if clip.missing is not None]
    height = frame.bottom + EDGE_PX + (_LINE_PX * (min(len(missing), _MOST_LISTED + 1) + 1) if missing else 0)
    width_text, height_text = number(frame.width), number(height)
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width_text}" height="{height_text}"'
        f' viewBox="0 0 {width_text} {height_text}" role="img" aria-labelledby="name facts">'
    )
    parts = [
        root,
        f'<title id="name">{xml_text(fitted(project.name, _SHOWN_PX, 8))}</title>',
        f'<desc id="facts">{xml_text(_described(project, missing))}</desc>',
        f"<style>{STYLE}</style>",
        _HATCH,
        f'<rect class="page" width="{width_text}" height="{height_text}"/>',
        *_head(project, missing, outlines),
        *_ruler(frame),
        *_lanes(project, frame),
        *(clip_svg(clip, frame, outlines.get(clip.position)) for clip in project.clips),
        *_crossfades(project, frame),
        *_list(missing, frame.bottom + EDGE_PX + 4),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _facts(project: Project, missing: Sequence[Clip]) -> list[str]:
    facts = [counted(len(project.clips), "track"), clock(project.length_s)]
    if project.decks:
        facts.append(counted(len(project.decks), "deck"))
    if project.tempo_bpm:
        facts.append(f"{project.tempo_bpm:g} BPM")
    if missing:
        facts.append(f"{len(missing):,} missing")
    return facts


def _described(project: Project, missing: Sequence[Clip]) -> str:
    text = f"The time line of a mix: {', '.join(_facts(project, missing))}."
    reasons = [
        f"{clip.position}. {fitted(clip.label, 400, 8)}: {fitted(clip.missing or '', 600, 8)}"
        for clip in missing[:_MOST_LISTED]
    ]
    return f"{text} Missing: {'; '.join(reasons)}" if reasons else text


def _head(project: Project, missing: Sequence[Clip], outlines: Mapping[int, Sequence[float]]) -> Iterator[str]:
    yield _text("name", EDGE_PX, 44, fitted(project.name, _SHOWN_PX, 24))
    *facts, last = _facts(project, missing)
    if missing:
        yield (
            f'<text class="facts" x="{number(EDGE_PX)}" y="70">{xml_text(_DOT.join(facts))}{_DOT}'
            f'<tspan class="why">{xml_text(last)}</tspan></text>'
        )
    else:
        yield _text("facts", EDGE_PX, 70, _DOT.join([*facts, last]))
    x = EDGE_PX
    for swatch, words in _key(project, missing, outlines):
        yield f'<svg class="swatch" x="{number(x)}" y="86" width="26" height="18" overflow="visible">{swatch}</svg>'
        yield _text("key", x + 34, 100, words)
        x += 34 + width_px(words, 13) + 18


def _key(
    project: Project, missing: Sequence[Clip], outlines: Mapping[int, Sequence[float]]
) -> Iterator[tuple[str, str]]:
    block = '<rect class="body" x=".5" y=".5" width="25" height="17" rx="4"/>'
    if len(missing) < len(project.clips):
        wave = '<path class="wave" d="M3 9l3-4 3 2 3-5 3 4 3-3 5 6-5 5-3-3-3 4-3-4-3 2z"/>'
        yield f'<g class="d0">{block}{wave}</g>', "track"
    if missing:
        yield f'<g class="missing">{block}</g>', "missing, its place kept"
    if next(_overlaps(project), None):
        band = '<rect class="cross" x="3" width="20" height="18"/><path class="edges" d="M3 0V18M23 0V18"/>'
        yield band, "crossfade"
    if any(clip.fade_in_s or clip.fade_out_s for clip in project.clips):
        yield (
            f'<g class="d0">{block}</g><path class="shade" d="M1 17L17 1H1z"/><path class="ramp" d="M1 17L17 1"/>',
            "fade",
        )
    if any(wanted.clip.position not in outlines for wanted in wanted_outlines(project)):
        yield f'<g class="d0">{block}<path class="flat" d="M4 9H22"/></g>', "outline not read"


def _ruler(frame: Frame) -> Iterator[str]:
    for at_s in frame.ticks_s():
        x = frame.x(at_s)
        yield f'<path class="grid" d="M{number(x)} {number(frame.top - 8)}V{number(frame.bottom)}"/>'
        if x + 4 + width_px(clock(at_s), 12) < frame.width:
            yield _text("tick", x + 4, frame.top - 8, clock(at_s))


def _lanes(project: Project, frame: Frame) -> Iterator[str]:
    gap = frame.lane_px * 0.02
    by_number = sorted({clip.deck for clip in project.clips})
    for lane, deck in zip(by_number, project.decks, strict=True):
        y = frame.top + lane * frame.lane_px + gap
        size = f'width="{number(frame.time_px)}" height="{number(frame.lane_px - 2 * gap)}"'
        yield f'<rect class="lane" x="{number(frame.left)}" y="{number(y)}" {size} fill-opacity=".7" rx="4"/>'
        if frame.lane_px >= 14:
            yield _text("deck", EDGE_PX, y + frame.lane_px / 2 + 4, fitted(deck.name, 72, 13))


def _overlaps(project: Project) -> Iterator[tuple[Clip, Clip]]:
    """Clips that fade into each other: neighbours in time of which the later one ends later."""
    in_time = sorted(project.clips, key=lambda clip: (clip.start_s, clip.position))
    for before, after in pairwise(in_time):
        if after.start_s < before.end_s - 1e-6 and after.end_s > before.end_s + 1e-6:
            yield before, after


def _crossfades(project: Project, frame: Frame) -> Iterator[str]:
    for before, after in _overlaps(project):
        x, end = frame.x(after.start_s), frame.x(before.end_s)
        if end - x < _CROSSFADE_PX:
            continue
        boxes = frame.box(before), frame.box(after)
        top, bottom = min(box.y for box in boxes) - 3, max(box.y + box.height for box in boxes) + 3
        place = f'x="{number(x)}" y="{number(top)}" width="{number(end - x)}" height="{number(bottom - top)}"'
        edges = f"M{number(x)} {number(top)}V{number(bottom)}M{number(end)} {number(top)}V{number(bottom)}"
        yield f'<rect class="cross" {place}/><path class="edges" d="{edges}"/>'


def _list(missing: Sequence[Clip], top: float) -> Iterator[str]:
    if missing:
        yield _text("list why", EDGE_PX, top, f"Missing ({len(missing):,})")
    for number_, clip in enumerate(missing[:_MOST_LISTED], start=1):
        label = fitted(clip.label, 420, 13)
        said = fitted(f"{clip.position}. {label}: {clip.missing}", _SHOWN_PX, 13)
        yield _text("list", EDGE_PX, top + number_ * _LINE_PX, said)
    if len(missing) > _MOST_LISTED:
        more = f"and {len(missing) - _MOST_LISTED:,} more: see MISSING.txt"
        yield _text("list", EDGE_PX, top + (_MOST_LISTED + 1) * _LINE_PX, more)


def _text(kind: str, x: float, y: float, words: str) -> str:
    return f'<text class="{kind}" x="{number(x)}" y="{number(y)}">{xml_text(words)}</text>'
