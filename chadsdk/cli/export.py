"""``chadsdk export``: a playlist into a folder that a DAW opens."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, Literal

import click

from chadsdk.cli.options import cancelled_by_signals, connect, open_playlist, server_options
from chadsdk.cli.show import showing_progress
from chadsdk.disk import human_bytes
from chadsdk.export import ExportResult, MixExporter
from chadsdk.export.writers import WRITERS
from chadsdk.settings import Settings

__all__ = ["export"]

_MISSING = 3


@click.command()
@click.argument("playlist")
@click.option("--to", "to", type=click.Path(path_type=Path), required=True, help="Folder to make the export folder in.")
@server_options
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(sorted(WRITERS)),
    help="Project file to write beside the M3U8 playlist; repeatable.",
)
@click.option(
    "--on-missing",
    type=click.Choice(["manifest", "fail"]),
    default="manifest",
    show_default=True,
    help="Export the rest and list what is missing, or fail.",
)
@click.option("--replace", is_flag=True, help="Swap an older export of the same name for the new one.")
@click.option("--jobs", type=click.IntRange(1, 64), default=4, show_default=True, help="Downloads at a time.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def export(
    playlist: str,
    to: Path,
    server: str | None,
    token_file: Path | None,
    formats: tuple[str, ...],
    on_missing: Literal["manifest", "fail"],
    replace: bool,
    jobs: int,
    as_json: bool,
) -> int:
    """Export a playlist: download what is in the cloud, copy every track into one folder.

    PLAYLIST is a playlist file (.json, .m3u8, .m3u) or the id of a playlist on the server. The export is
    TO/<name of the playlist>/, with Audio/, a playlist, manifest.json and, if tracks are missing, MISSING.txt.
    """
    settings = dataclasses.replace(Settings(), max_concurrent_downloads=jobs)
    with cancelled_by_signals() as token:
        client = connect(server, token_file, settings=settings)
        loaded = open_playlist(playlist, client, token)
        with MixExporter(client, settings=settings) as exporter, showing_progress() as listener:
            result = exporter.export(
                loaded, to, formats=formats, progress=listener, cancel=token, on_missing=on_missing, replace=replace
            )
    if as_json:
        click.echo(json.dumps(_as_object(result), ensure_ascii=False))
    else:
        _print(result)
    return _MISSING if result.missing else 0


def _print(result: ExportResult) -> None:
    total = len(result.manifest.entries)
    click.echo(
        f"Exported {len(result.exported)} of {total} entries to {result.folder} "
        f"({human_bytes(result.manifest.audio_bytes)}, {human_bytes(result.downloaded_bytes)} downloaded, "
        f"{result.cache_hits} from the cache, {result.wall_s:.1f} s)"
    )
    if result.missing:
        click.echo(f"Missing: {len(result.missing)}, listed with their reasons in {result.folder / 'MISSING.txt'}")


def _as_object(result: ExportResult) -> dict[str, Any]:
    return {
        "folder": str(result.folder),
        "manifest": str(result.manifest_path),
        "entries": len(result.manifest.entries),
        "exported": len(result.exported),
        "missing": len(result.missing),
        "downloaded_bytes": result.downloaded_bytes,
        "cache_hits": result.cache_hits,
        "wall_s": result.wall_s,
    }
