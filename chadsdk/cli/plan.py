"""``chadsdk plan``: what an export would do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from chadsdk.cli.options import cancelled_by_signals, connect, expand_home, open_playlist, server_options
from chadsdk.disk import human_bytes
from chadsdk.export import Cloud, ExportPlan, Local, Missing, MixExporter, PlannedEntry
from chadsdk.settings import Settings
from chadsdk.text import one_line

__all__ = ["plan"]


@click.command()
@click.argument("playlist")
@server_options
@click.option(
    "--to",
    "to",
    type=click.Path(path_type=Path),
    callback=expand_home,
    default=Path(),
    help="Where the export folder would be made.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def plan(playlist: str, server: str | None, token_file: Path | None, to: Path, as_json: bool) -> None:
    """Show what an export would do, without moving a byte.

    PLAYLIST is a playlist file (.json, .m3u8, .m3u) or the id of a playlist on the server.
    """
    settings = Settings()
    with cancelled_by_signals() as token:
        client = connect(server, token_file, settings=settings)
        loaded = open_playlist(playlist, client, token)
        with MixExporter(client, settings=settings) as exporter:
            planned = exporter.plan(loaded, to, cancel=token)
    if as_json:
        click.echo(json.dumps(_as_object(planned, settings)))
    else:
        _print(planned, settings)


def _print(planned: ExportPlan, settings: Settings) -> None:
    for each in planned.entries:
        click.echo(f"{_state(each):<9} {each.file}")
        if isinstance(each.need, Missing):
            click.echo(f"          {one_line(each.need.detail)}")
    known, unknown = _download_bytes(planned)
    counts = (
        f"{len(planned.entries)} entries: {len(planned.local)} local, {len(planned.cached)} cached, "
        f"{len(planned.to_download)} to download, {len(planned.missing)} missing"
    )
    guess = (
        f", and {unknown} of unknown size (taken as {human_bytes(settings.unknown_track_bytes)} each)"
        if unknown
        else ""
    )
    click.echo(f"\n{counts}.\n{human_bytes(known)} to download{guess}.\nThe export would be {planned.folder}")


def _as_object(planned: ExportPlan, settings: Settings) -> dict[str, Any]:
    known, unknown = _download_bytes(planned)
    return {
        "playlist": planned.playlist,
        "folder": str(planned.folder),
        "summary": {
            "entries": len(planned.entries),
            "local": len(planned.local),
            "cached": len(planned.cached),
            "to_download": len(planned.to_download),
            "missing": len(planned.missing),
            "download_bytes": known,
            "unknown_sizes": unknown,
            "unknown_track_bytes": settings.unknown_track_bytes,
        },
        "entries": [
            {
                "position": each.position,
                "title": each.entry.track.title,
                "artist": each.entry.track.artist,
                "need": _state(each).replace(" ", "_"),
                "file": each.file,
                "size_bytes": None if isinstance(each.need, Missing) else each.need.size_bytes,
                "reason": each.need.reason if isinstance(each.need, Missing) else None,
                "detail": each.need.detail if isinstance(each.need, Missing) else None,
            }
            for each in planned.entries
        ],
    }


def _state(each: PlannedEntry) -> str:
    match each.need:
        case Local():
            return "local"
        case Cloud(cached_bytes=None):
            return "download"
        case Cloud():
            return "cached"
        case Missing():
            return "missing"


def _download_bytes(planned: ExportPlan) -> tuple[int, int]:
    """Give the bytes that are known, and of how many tracks the size is not."""
    sizes = [source.size_bytes for source in planned.sources]
    return sum(size or 0 for size in sizes), sum(size is None for size in sizes)
