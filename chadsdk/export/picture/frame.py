"""`Frame`: where on the picture a moment and a deck lie, and how much of a clip has room there. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chadsdk.export.project import Clip, Project

__all__ = ["Box", "Frame", "Wanted", "wanted_outlines"]

EDGE_PX = 24.0
GUTTER_PX = 76.0
"""Room for the names of decks."""
RULER_PX = 26.0

_CLIP_PX = 128.0  # what a usual clip gets: a title is read at that width
_LEAST_PX, _MOST_PX = 1100.0, 24_000.0  # of the time line; browsers draw what is wider slowly, or not at all
_LEAST_S = 1e-3  # the shortest mix that is drawn to scale: pixels per second stay a number
_LANES_PX = 40_000.0
_LANE_PX = ((4, 104.0), (8, 76.0), (24, 44.0), (1_000_000, 16.0))
_GAP_SHARE = 0.08
_TICK_PX = 84.0
_STEPS_S = (0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400)

_MOST_LOOKS = 1024  # over all clips: an outline must not cost more than the copy of its file
_FEWEST_LOOKS = 16
_MOST_OUTLINES = 128  # 128 MP3 of five minutes take five seconds
_OUTLINED_PX = 40.0
_BUCKET_PX = 2.0


@dataclass(frozen=True, slots=True)
class Box:
    """Where a clip is drawn, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def header(self) -> float:
        """How much of it at its top is for words: two lines, one, or none."""
        if self.height >= 90:
            return 36.0
        return 20.0 if self.height >= 38 else 0.0

    @property
    def is_outlined(self) -> bool:
        """Whether there is room for an outline."""
        return self.width >= _OUTLINED_PX and self.height >= 38

    @property
    def buckets(self) -> int:
        """How many peaks its outline has, `_BUCKET_PX` wide."""
        return int(self.width / _BUCKET_PX)


@dataclass(frozen=True, slots=True)
class Frame:
    """The scale of a picture.

    Attributes:
        px_per_s: Along the time line.
        time_px: How long the time line is.
        decks: How many lanes there are.
        lane_px: How high one is, with the gap to the next.
        top: Where the first lane begins.
    """

    px_per_s: float
    time_px: float
    decks: int
    lane_px: float
    top: float

    @classmethod
    def of(cls, project: Project, *, top: float = 0.0) -> Frame:
        """Choose the scale for a mix: wide enough for titles, and bounded for any number of clips."""
        decks = max((clip.deck for clip in project.clips), default=0) + 1
        lengths_s = sorted(clip.length_s for clip in project.clips) or [1.0]
        usual_s = max(_LEAST_S, lengths_s[len(lengths_s) // 2])
        length_s = max(_LEAST_S, project.length_s or 1.0)
        time_px = min(_MOST_PX, max(_LEAST_PX, _CLIP_PX * length_s / usual_s))
        lane_px = next(px for most, px in _LANE_PX if decks <= most or px == _LANE_PX[-1][1])
        return cls(time_px / length_s, time_px, decks, min(lane_px, _LANES_PX / decks), top)

    @property
    def left(self) -> float:
        """Where the time line begins."""
        return EDGE_PX + GUTTER_PX

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.left + self.time_px

    @property
    def width(self) -> float:
        """Of the whole picture."""
        return self.right + EDGE_PX

    @property
    def bottom(self) -> float:
        """Where the last lane ends."""
        return self.top + self.decks * self.lane_px

    def x(self, at_s: float) -> float:
        """Where a moment lies."""
        return self.left + at_s * self.px_per_s

    def box(self, clip: Clip) -> Box:
        """Where a clip lies; at least a pixel wide."""
        gap = self.lane_px * _GAP_SHARE / 2
        y = self.top + clip.deck * self.lane_px + gap
        return Box(self.x(clip.start_s), y, max(1.0, clip.length_s * self.px_per_s), self.lane_px - 2 * gap)

    def ticks_s(self) -> Iterator[float]:
        """Moments for the ruler, at a step that people count in."""
        apart_s = _TICK_PX / self.px_per_s
        step_s: float = next((step_s for step_s in _STEPS_S if step_s >= apart_s), apart_s)
        for count in range(int(self.time_px / self.px_per_s / step_s + 1e-9) + 1):
            yield count * step_s


@dataclass(frozen=True, slots=True)
class Wanted:
    """A clip whose outline has room in the picture, and the number of its peaks."""

    clip: Clip
    buckets: int


def wanted_outlines(project: Project) -> tuple[Wanted, ...]:
    """Say which outlines are worth reading, in playlist order: of the widest clips, and of a bounded number."""
    frame = Frame.of(project)
    there = [clip for clip in project.clips if clip.missing is None and frame.box(clip).is_outlined]
    widest = sorted(there, key=lambda clip: (-clip.length_s, clip.position))[:_MOST_OUTLINES]
    share = max(_FEWEST_LOOKS, _MOST_LOOKS // max(1, len(widest)))
    in_order = sorted(widest, key=lambda clip: clip.position)
    return tuple(Wanted(clip, min(share, frame.box(clip).buckets)) for clip in in_order)
