"""``chadsdk cache``: where the cache is, what is in it, emptying it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import datetime

import click

from chadsdk.cache.listing import Listed, clear, list_tracks
from chadsdk.cli.codes import CANCELLED
from chadsdk.cli.options import cancelled_by_signals
from chadsdk.disk import human_bytes, naming_disk_errors
from chadsdk.errors import ExportCancelled
from chadsdk.settings import default_cache_dir
from chadsdk.text import one_line

__all__ = ["cache"]


@click.group()
def cache() -> None:
    """Look at the cache of downloaded tracks, or empty it.

    Nothing in it is deleted unless you say so here; but it is a cache, and the operating system may empty it.
    """


@cache.command("path")
def show_path() -> None:
    """Print the cache folder."""
    root = default_cache_dir()
    click.echo(os.fsencode(root) if os.name == "posix" else root)  # exactly, also where it is not UTF-8


@cache.command("ls")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array on standard output.")
def list_cache(as_json: bool) -> None:
    """List the cached tracks."""
    root = default_cache_dir()
    with naming_disk_errors(root, "read"):
        tracks = list(list_tracks(root))
    if as_json:
        click.echo(json.dumps([asdict(each) | {"path": str(each.path)} for each in tracks]))
        return
    for each in tracks:
        click.echo(_line(each))
    noun = "track" if len(tracks) == 1 else "tracks"
    click.echo(f"{len(tracks)} {noun}, {human_bytes(sum(each.size_bytes for each in tracks))}, in {root}", err=True)


@cache.command("clear")
@click.option("--yes", is_flag=True, help="Do not ask.")
def clear_cache(yes: bool) -> int:
    """Remove every cached track; tracks that are being downloaded now are left alone."""
    root = default_cache_dir()
    with naming_disk_errors(root, "empty"):
        count = sum(1 for _ in list_tracks(root))
        if count and not yes:
            click.confirm(f"Remove {count} tracks from {root}?", abort=True, err=True)
        try:
            with cancelled_by_signals() as token:  # not around the question, which has to hear Ctrl-C itself
                cleared = clear(root, token)
        except (ExportCancelled, KeyboardInterrupt):
            left = sum(1 for _ in list_tracks(root))
            click.echo(f"chadsdk: Cancelled. {left} of {count} tracks are left in the cache.", err=True)
            return CANCELLED
    busy = f"; {cleared.busy} left alone, because they are being downloaded" if cleared.busy else ""
    click.echo(f"Removed {cleared.tracks} tracks, {human_bytes(cleared.freed_bytes)}{busy}.", err=True)
    return 0


def _line(each: Listed) -> str:
    stored = ""
    if each.stored_at is not None:
        stored = datetime.fromtimestamp(each.stored_at).astimezone().strftime("%Y-%m-%d %H:%M")
    columns = (f"{human_bytes(each.size_bytes):>10}", f"{stored:<16}", f"{each.server}/{each.path.name}")
    return "  ".join((*columns, one_line(each.title or ""))).rstrip()
