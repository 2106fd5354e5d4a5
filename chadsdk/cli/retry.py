"""``chadsdk retry``: complete an export in place."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from chadsdk.cli.codes import MISSING
from chadsdk.cli.options import cancelled_by_signals, connect, server_options, transfer_options
from chadsdk.cli.show import result_object, result_text, showing_progress
from chadsdk.export import MixExporter
from chadsdk.settings import Settings

__all__ = ["retry"]


@click.command()
@click.argument("export_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@server_options
@transfer_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def retry(
    export_dir: Path, server: str | None, token_file: Path | None, jobs: int, limit_rate: int | None, as_json: bool
) -> int:
    """Fetch what was missing from an export and complete it in place.

    Files that are there are not touched. A file that you have put under the name of a missing track is taken in, and
    so is one that is back at its place in the library.
    """
    settings = dataclasses.replace(Settings(), max_concurrent_downloads=jobs, max_bytes_per_s=limit_rate)
    with cancelled_by_signals() as token:
        client = connect(server, token_file, settings=settings)
        with MixExporter(client, settings=settings) as exporter, showing_progress() as listener:
            result = exporter.retry(export_dir, progress=listener, cancel=token)
    click.echo(json.dumps(result_object(result)) if as_json else result_text(result))
    return MISSING if result.missing else 0
