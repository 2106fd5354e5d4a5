"""What a person sees while an export runs: bars on a terminal, a few lines otherwise. Always on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from chadsdk.disk import human_bytes
from chadsdk.export import ExportResult
from chadsdk.export.manifest import MISSING_NAME
from chadsdk.progress import Event, Listener, Phase, Progress, TrackDone
from chadsdk.text import one_line

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

__all__ = ["result_object", "result_text", "showing_progress"]

_TITLES = {Phase.DOWNLOAD: "Downloading", Phase.EXPORT: "Copying"}


@contextmanager
def showing_progress() -> Iterator[Listener]:
    """Give a listener that shows what it is told."""
    if sys.stderr is None or not sys.stderr.isatty():  # None: closed by `2>&-`
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TextColumn("{task.fields[tracks]:>12}"),
        DownloadColumn(binary_units=True),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True)) as bars:
        yield _BarsListener(bars)


class _Lines:
    """Says when a phase starts, and which tracks cannot be had."""

    def __init__(self) -> None:
        self._phase: Phase | None = None

    def __call__(self, event: Event) -> None:
        match event:
            case Progress(phase=phase, tracks_total=tracks, bytes_total=size) if phase is not self._phase:
                self._phase = phase
                if tracks:
                    noun = "track" if tracks == 1 else "tracks"
                    click.echo(f"{_TITLES[phase]} {tracks} {noun}, {human_bytes(size)}", err=True)
            case TrackDone(title=title, missing=str(why)):
                click.echo(one_line(f"Missing: {title}: {why}"), err=True)


class _BarsListener:
    """One bar per phase; what cannot be had is said above them."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[Phase, TaskID] = {}

    def __call__(self, event: Event) -> None:
        from rich.markup import escape

        match event:
            case Progress(phase=phase) if phase not in self._tasks and event.tracks_total:
                self._tasks[phase] = self._bars.add_task(
                    _TITLES[phase], total=event.bytes_total or None, completed=event.bytes_done, tracks=_tracks(event)
                )
            case Progress(phase=phase) if phase in self._tasks:
                total = event.bytes_total or (1 if event.finished else None)
                done = total if event.finished else event.bytes_done
                self._bars.update(self._tasks[phase], total=total, completed=done, tracks=_tracks(event))
            case TrackDone(title=title, missing=str(why)):
                line = escape(one_line(f"{title}: {why}"))
                self._bars.console.print(f"[yellow]Missing:[/] {line}", highlight=False)


def _tracks(event: Progress) -> str:
    return f"{event.tracks_done}/{event.tracks_total} tracks"


def result_text(result: ExportResult) -> str:
    """Give the summary of a finished export for people."""
    summary = (
        f"Exported {len(result.exported)} of {len(result.manifest.entries)} entries to {result.folder} "
        f"({human_bytes(result.manifest.audio_bytes)}, {human_bytes(result.downloaded_bytes)} downloaded, "
        f"{result.cache_hits} from the cache, {result.wall_s:.1f} s)"
    )
    lines = [summary]
    if result.manifest.converted:
        lines.append(f"Converted to {result.manifest.convert_to} Hz: {len(result.manifest.converted)}")
    lines += [
        one_line(f"{entry.position}. {entry.title}: {entry.not_converted}") for entry in result.manifest.not_converted
    ]
    if result.missing:
        lines.append(f"Missing: {len(result.missing)}, listed with their reasons in {result.folder / MISSING_NAME}")
    lines += [one_line(sentence) for sentence in result.stale]
    if result.kept is not None:
        lines.append(f"The older export holds files of other programs and is kept as {result.kept}")
    return "\n".join(lines)


def result_object(result: ExportResult) -> dict[str, object]:
    """Give the summary of a finished export for programs; with what was converted, where that was asked for."""
    found: dict[str, object] = {
        "folder": str(result.folder),
        "manifest": str(result.manifest_path),
        "entries": len(result.manifest.entries),
        "exported": len(result.exported),
        "missing": len(result.missing),
        "downloaded_bytes": result.downloaded_bytes,
        "cache_hits": result.cache_hits,
        "wall_s": result.wall_s,
    }
    if result.manifest.convert_to is not None:
        found |= {"converted": len(result.manifest.converted), "not_converted": len(result.manifest.not_converted)}
    if result.stale:
        found["stale"] = list(result.stale)
    return found
