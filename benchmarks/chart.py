"""The chart for the README: bars per contender for bulk and small, as SVG that follows the reader's light or dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

from benchmarks.result import FILES_PER_S, MB_PER_S, OURS, Measure, Results, Series
from benchmarks.spread import Spread

__all__ = ["CHARTED", "draw"]

CHARTED = ("bulk", "small")
WIDTH = 760
LABEL_WIDTH = 150
VALUE_WIDTH = 110
BAR_HEIGHT = 16
BAR_STEP = 24
TITLE_HEIGHT = 34
PANEL_GAP = 18
MARGIN = 12
FOOT_HEIGHT = 22

#: No background: the page's own shows through. Both sets of colours have a contrast of 4.5 to 1 where they carry text.
STYLE = """
    text { font: 13px system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: #1f2328; }
    .title { font-size: 15px; font-weight: 600; }
    .foot { font-size: 12px; fill: #59636e; }
    .ours { font-weight: 600; }
    .bar { fill: #8c959f; }
    .bar.ours { fill: #0969da; }
    .axis { stroke: #8c959f; }
    .whisker { stroke: #1f2328; stroke-width: 1.5; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .foot { fill: #9198a1; }
      .bar { fill: #6e7681; }
      .bar.ours { fill: #4493f8; }
      .axis { stroke: #6e7681; }
      .whisker { stroke: #e6edf3; }
    }
"""


@dataclass(frozen=True, slots=True)
class _Panel:
    """Bars of one workload, the fastest first."""

    title: str
    bars: tuple[tuple[str, Spread], ...]
    show: Callable[[float], str]

    @property
    def height(self) -> int:
        return TITLE_HEIGHT + BAR_STEP * len(self.bars) + PANEL_GAP


def draw(results: Results) -> str:
    """The chart of a run; it has a panel for each of the workloads bulk and small that ran."""
    panels = list(_panels(results))
    height = sum(panel.height for panel in panels) + 2 * MARGIN + FOOT_HEIGHT
    says = ". ".join(f"{panel.title}: {', '.join(_spoken(panel))}" for panel in panels)
    space = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {space} role="img" aria-labelledby="title description">',
        '  <title id="title">chadsdk against its peers</title>',
        f'  <desc id="description">{escape(says)}</desc>',
        f"  <style>{STYLE}  </style>",
    ]
    top = MARGIN
    for panel in panels:
        lines += _drawn(panel, top)
        top += panel.height
    lines.append(f'  <text class="foot" x="{MARGIN}" y="{top + FOOT_HEIGHT - 8}">{escape(_foot(results))}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


def _panels(results: Results) -> Iterator[_Panel]:
    for series in results.series:
        if series.name == "bulk":
            title = f"Bulk: {series.files} files of {_size(series)}, MB/s"
            yield _Panel(title, _bars(series, MB_PER_S), "{:,.0f}".format)
        elif series.name == "small":
            title = f"Small: {series.files:,} files of {_size(series)}, files/s"
            yield _Panel(title, _bars(series, FILES_PER_S), "{:,.0f}".format)


def _bars(series: Series, measure: Measure) -> tuple[tuple[str, Spread], ...]:
    spreads = {
        name: Spread.of([measure.read(series, sample) for sample in samples])
        for name, samples in series.samples.items()
        if samples
    }
    return tuple(sorted(spreads.items(), key=lambda bar: -bar[1].median))


def _size(series: Series) -> str:
    size_bytes = series.bytes // series.files
    kib = 1024
    return f"{size_bytes // kib} KiB" if size_bytes < kib**2 else f"{size_bytes // kib**2} MiB"


def _drawn(panel: _Panel, top: int) -> Iterator[str]:
    longest = max(spread.most for _, spread in panel.bars)
    left = MARGIN + LABEL_WIDTH
    per_unit = (WIDTH - left - VALUE_WIDTH - MARGIN) / longest
    yield f'  <text class="title" x="{MARGIN}" y="{top + 20}">{escape(panel.title)}</text>'
    for number, (name, spread) in enumerate(panel.bars):
        y = top + TITLE_HEIGHT + number * BAR_STEP
        middle = y + BAR_HEIGHT / 2
        mark = " ours" if name == OURS else ""
        end = left + spread.most * per_unit
        yield f'  <text class="name{mark}" x="{left - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>'
        yield (
            f'  <rect class="bar{mark}" x="{left}" y="{y}" width="{spread.median * per_unit:.1f}"'
            f' height="{BAR_HEIGHT}" rx="2"/>'
        )
        if spread.least < spread.most:
            start = left + spread.least * per_unit
            yield f'  <path class="whisker" d="M{start:.1f} {middle}H{end:.1f}"/>'
        yield f'  <text class="value{mark}" x="{end + 8:.1f}" y="{y + 13}">{panel.show(spread.median)}</text>'
    bottom = top + TITLE_HEIGHT + len(panel.bars) * BAR_STEP - (BAR_STEP - BAR_HEIGHT) + 4
    yield f'  <path class="axis" d="M{left - 0.5} {top + TITLE_HEIGHT - 4}V{bottom}"/>'


def _spoken(panel: _Panel) -> Iterator[str]:
    return (f"{name} {panel.show(spread.median)}" for name, spread in panel.bars)


def _foot(results: Results) -> str:
    machine = results.machine
    charted = [series for series in results.series if series.name in CHARTED]
    rounds = max((len(samples) for series in charted for samples in series.samples.values()), default=0)
    return (
        f"Medians of {rounds} interleaved rounds, lines from least to most; 4 connections, server on the same"
        f" {machine.get('cores', '?')} cores. More is better."
    )
