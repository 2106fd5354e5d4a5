"""``chadsdk export``: a playlist into a folder that a DAW opens."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Literal

import click

from chadsdk.cli.codes import MISSING
from chadsdk.cli.options import (
    cancelled_by_signals,
    connect,
    expand_home,
    open_playlist,
    server_options,
    transfer_options,
)
from chadsdk.cli.show import result_object, result_text, showing_progress
from chadsdk.export import MixExporter
from chadsdk.export.writers import writer_names
from chadsdk.media import RATES_HZ
from chadsdk.settings import Settings

__all__ = ["export"]


@click.command()
@click.argument("playlist")
@click.option(
    "--to",
    "to",
    type=click.Path(path_type=Path),
    callback=expand_home,
    required=True,
    help="Folder to make the export folder in.",
)
@server_options
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(writer_names()),
    help="Project file to write; repeatable. The M3U8 playlist and the overview are always written.",
)
@click.option(
    "--convert-to",
    "convert_to",
    metavar="HZ",
    type=click.IntRange(RATES_HZ[0], RATES_HZ[-1]),
    help="Write every track at this sample rate, such as 44100: one of another rate as a converted copy of the same "
    "bit depth (MP3, Vorbis and Opus as WAV of 24 bits). AAC and M4A become WAV at any rate where an ffmpeg is on the "
    "PATH. Originals and cache stay as they are; what cannot be converted is copied as it is and listed.",
)
@click.option(
    "--on-missing",
    type=click.Choice(["manifest", "fail"]),
    default="manifest",
    show_default=True,
    help="Export the rest and list what is missing, or fail.",
)
@click.option(
    "--replace",
    is_flag=True,
    help="Swap an older export of the same name for the new one; it is kept if it holds files of other programs.",
)
@transfer_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def export(
    playlist: str,
    to: Path,
    server: str | None,
    token_file: Path | None,
    formats: tuple[str, ...],
    convert_to: int | None,
    on_missing: Literal["manifest", "fail"],
    replace: bool,
    jobs: int,
    limit_rate: int | None,
    as_json: bool,
) -> int:
    """Export a playlist: download what is in the cloud, copy every track into one folder.

    PLAYLIST is a playlist file (.json, .m3u8, .m3u) or the id of a playlist on the server. The export is
    TO/<name of the playlist>/, with Audio/, an M3U8 playlist, overview.svg (the time line as a picture),
    manifest.json, project files as --format says and, if tracks are missing, MISSING.txt. Missing tracks keep their
    place.
    """
    settings = dataclasses.replace(Settings(), max_concurrent_downloads=jobs, max_bytes_per_s=limit_rate)
    with cancelled_by_signals() as token:
        client = connect(server, token_file, settings=settings)
        loaded = open_playlist(playlist, client, token)
        with MixExporter(client, settings=settings) as exporter, showing_progress() as listener:
            result = exporter.export(
                loaded,
                to,
                formats=formats,
                progress=listener,
                cancel=token,
                on_missing=on_missing,
                replace=replace,
                convert_to=convert_to,
            )
    click.echo(json.dumps(result_object(result)) if as_json else result_text(result))
    return MISSING if result.missing else 0
