"""One clip as SVG: its block, its outline, its fades and, as far as there is room, its words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from chadsdk.export.picture.frame import Box, Frame
from chadsdk.export.picture.style import DECK_LOOKS
from chadsdk.export.picture.words import clock, fitted, number, xml_text
from chadsdk.export.project import Clip

__all__ = ["clip_svg"]

_ROUND_PX = 6.0
_PAD_PX = 8.0
_TITLE_PX, _BY_PX = 13.0, 11.5
_TITLED_PX, _NUMBERED_PX, _BLOCK_PX = 44.0, 20.0, 3.0
_TAGGED_PX = 96.0
_LONGEST_TIP_PX = 1200.0


def clip_svg(clip: Clip, frame: Frame, peaks: Sequence[float] | None) -> str:
    """Draw a clip.

    Args:
        clip: Which.
        frame: Where.
        peaks: Its outline, from 0 to 1; None draws it flat.
    """
    box = frame.box(clip)
    kind = "clip missing" if clip.missing is not None else f"clip d{clip.deck % DECK_LOOKS}"
    inner = [f"<title>{_tip(clip)}</title>", _block(box)]
    if box.header and box.width >= _NUMBERED_PX:
        inner.append(_head(box))
    if box.is_outlined:
        inner.append(_why(clip, box) if clip.missing is not None else _sound(clip, box, peaks))
    inner += [_ramps(clip, frame, box), _words(clip, box)]
    return f'<g class="{kind}" data-position="{clip.position}">{"".join(inner)}</g>'


def _tip(clip: Clip) -> str:
    """What is said of a clip when one points at it."""
    lines = [f"{clip.position}. {fitted(clip.label, _LONGEST_TIP_PX, _TITLE_PX)}"]
    lines.append(f"from {clock(clip.start_s)} to {clock(clip.end_s)}, {clock(clip.length_s)} long")
    if clip.offset_s:
        lines.append(f"begins {clock(clip.offset_s)} into its file")
    if clip.gain_db:
        lines.append(_gain(clip))
    if clip.missing is not None:
        lines.append(f"missing: {fitted(clip.missing, _LONGEST_TIP_PX, _TITLE_PX)}")
    if clip.note:
        lines.append(fitted(clip.note, _LONGEST_TIP_PX, _TITLE_PX))
    return "\n".join(xml_text(line) for line in lines)


def _gain(clip: Clip) -> str:
    return f"{clip.gain_db:+.1f} dB".replace("-", "\u2212")


def _block(box: Box) -> str:
    place = f'x="{number(box.x)}" y="{number(box.y)}" width="{number(box.width)}" height="{number(box.height)}"'
    if box.width < _BLOCK_PX:
        return f'<rect class="body" {place} style="stroke:none"/>'
    return f'<rect class="body" {place} rx="{number(_corner(box))}"/>'


def _corner(box: Box) -> float:
    return min(_ROUND_PX, box.width / 3, box.height / 3)


def _head(box: Box) -> str:
    corner = _corner(box) - 0.6
    width = box.width - 1.2
    path = (
        f"M{number(box.x + 0.6)} {number(box.y + box.header)}v{number(corner + 0.6 - box.header)}"
        f"q0-{number(corner)} {number(corner)}-{number(corner)}h{number(width - 2 * corner)}"
        f"q{number(corner)} 0 {number(corner)} {number(corner)}v{number(box.header - corner - 0.6)}z"
    )
    return f'<path class="head" d="{path}"/>'


def _sound(clip: Clip, box: Box, peaks: Sequence[float] | None) -> str:
    top, height = box.y + box.header + 4, box.height - box.header - 8
    middle = top + height / 2
    if not peaks:
        inset = f"M{number(box.x + _PAD_PX)} {number(middle)}h{number(box.width - 2 * _PAD_PX)}"
        return f'<path class="flat" d="{inset}"/>'
    loud = [round(max(0.5, level * height / 2), 1) for level in _levels(clip, peaks)]
    step = round(box.width / len(loud), 1)
    start = box.x + (box.width - step * (len(loud) - 1)) / 2
    # Along the upper edge and back along the lower one, each point from the one before.
    upper = "".join(f"l{number(step)} {number(a - b)}" for a, b in pairwise(loud))
    lower = "".join(f"l-{number(step)} {number(b - a)}" for a, b in pairwise(reversed(loud)))
    path = f"M{number(start)} {number(middle - loud[0])}{upper}v{number(2 * loud[-1])}{lower}z"
    return f'<path class="wave" d="{path}"/>'


def _levels(clip: Clip, peaks: Sequence[float]) -> list[float]:
    """The peaks as they sound in the mix: after gain and fades, cut off at full scale."""
    gain = 10 ** (min(clip.gain_db, 120.0) / 20)
    each_s = clip.length_s / len(peaks)
    levels = []
    for count, peak in enumerate(peaks):
        at_s = (count + 0.5) * each_s
        fade_in = min(1.0, at_s / clip.fade_in_s) if clip.fade_in_s else 1.0
        fade_out = min(1.0, (clip.length_s - at_s) / clip.fade_out_s) if clip.fade_out_s else 1.0
        levels.append(min(1.0, peak * gain) * fade_in * fade_out)
    return levels


def _ramps(clip: Clip, frame: Frame, box: Box) -> str:
    """Where a fade takes level away, and its line."""
    top, bottom = box.y + box.header + 0.6, box.y + box.height - 0.6
    drawn = ""
    for start, reach in ((box.x, clip.fade_in_s), (box.x + box.width, -clip.fade_out_s)):
        width = reach * frame.px_per_s
        if abs(width) >= _BLOCK_PX:
            line = f"M{number(start)} {number(bottom)}L{number(start + width)} {number(top)}"
            drawn += f'<path class="shade" d="{line}H{number(start)}z"/><path class="ramp" d="{line}"/>'
    return drawn


def _words(clip: Clip, box: Box) -> str:
    if not box.header or box.width < _NUMBERED_PX:
        return ""
    room = box.width - 2 * _PAD_PX
    if box.width < _TITLED_PX:
        middle = f'x="{number(box.x + box.width / 2)}" y="{number(box.y + 15)}"'
        fits = len(str(clip.position)) * _BY_PX * 0.6 <= box.width
        return f'<text class="by" text-anchor="middle" {middle}>{clip.position}</text>' if fits else ""
    title = fitted(f"{clip.position}. {clip.title}", room, _TITLE_PX)
    lines = f'<text class="title" x="{number(_PAD_PX)}" y="15">{xml_text(title)}</text>'
    if clip.artist and box.header > 30:
        artist = fitted(clip.artist, room, _BY_PX)
        lines += f'<text class="by" x="{number(_PAD_PX)}" y="30">{xml_text(artist)}</text>'
    drawn = _cut_off(box.x, box.y, box.width - 3, box.header, lines)
    if clip.gain_db and clip.missing is None and box.width >= _TAGGED_PX and box.height >= 90:
        place = f'x="{number(box.x + box.width - 6)}" y="{number(box.y + box.height - 6)}"'
        drawn += f'<text class="tag" text-anchor="end" {place}>{xml_text(_gain(clip))}</text>'
    return drawn


def _why(clip: Clip, box: Box) -> str:
    """The reason of a missing track, on two lines at most."""
    room = box.width - 2 * _PAD_PX
    if box.height < 90 or box.width < _TITLED_PX:
        return ""
    reason = fitted(clip.missing or "", room, _BY_PX)
    said = f'<text class="tag why" x="8" y="26">MISSING</text><text class="tag" x="8" y="42">{xml_text(reason)}</text>'
    return _cut_off(box.x, box.y + box.header, box.width - 1, box.height - box.header, said)


def _cut_off(x: float, y: float, width: float, height: float, inner: str) -> str:
    place = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
    return f"<svg {place}>{inner}</svg>"
