"""``chadsdk cache``: where the cache is, what is in it, whether it is whole, thinning and emptying it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from chadsdk.cache.listing import Listed, clear, list_tracks
from chadsdk.cache.pruning import plan_pruning, prune
from chadsdk.cache.rehash import Checked, Condition, check_tracks
from chadsdk.cache_policy import CachePolicy
from chadsdk.cancel import CancelToken
from chadsdk.cli.amounts import age, size
from chadsdk.cli.codes import CANCELLED, FAILED
from chadsdk.cli.options import cancelled_by_signals
from chadsdk.cli.pruned import eviction_line, pruning_object, pruning_text, shown_time
from chadsdk.disk import human_bytes, naming_disk_errors
from chadsdk.errors import ExportCancelled
from chadsdk.settings import default_cache_dir
from chadsdk.text import one_line

__all__ = ["cache"]


@click.group()
def cache() -> None:
    """Look at the cache of downloaded tracks, thin it out, or empty it.

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


@cache.command("verify")
@click.option("--remove-bad", is_flag=True, help="Remove what is bad; it is downloaded again when it is needed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def verify_cache(remove_bad: bool, as_json: bool) -> int:
    """Hash every cached track and compare it with what was stored.

    Ends with 0 when nothing is bad, 1 when something was changed or cannot be read.
    """
    checked = list[Checked]()
    try:
        with cancelled_by_signals() as token:
            for each in _checking(default_cache_dir(), token, remove_bad=remove_bad):
                checked.append(each)
                if each.detail is not None and not as_json:
                    click.echo(_finding(each))
    except (ExportCancelled, KeyboardInterrupt):
        click.echo(f"chadsdk: Cancelled. {len(checked)} tracks were checked.", err=True)
        return CANCELLED
    bad = [each for each in checked if each.is_bad]
    intact = sum(each.condition is Condition.INTACT for each in checked)
    if as_json:
        findings = [asdict(each) | {"path": str(each.path)} for each in checked if each.detail is not None]
        click.echo(json.dumps({"tracks": len(checked), "intact": intact, "bad": len(bad), "findings": findings}))
    else:
        click.echo(f"{intact} of {len(checked)} cached tracks are intact; bad: {len(bad)}.")
    return FAILED if bad else 0


@cache.command("prune")
@click.option(
    "--max-bytes",
    metavar="SIZE",
    callback=size,
    help="Remove the least recently used until no more is left, such as 2G.",
)
@click.option(
    "--max-age",
    "max_age_s",
    metavar="AGE",
    callback=age,
    help="Remove what was not used for so long, such as 30d or 12h.",
)
@click.option("--dry-run", is_flag=True, help="Remove nothing; say what would go.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def prune_cache(max_bytes: int | None, max_age_s: float | None, dry_run: bool, as_json: bool) -> int:
    """Remove cached tracks that were not used for long.

    Partial downloads that nobody took up for AGE go too, or for 30 days without --max-age. What was used within the
    last minute, or is being downloaded now, is left alone.
    """
    if max_bytes is None and max_age_s is None:
        raise click.UsageError("Give --max-bytes, --max-age, or both.")
    root, policy = default_cache_dir(), CachePolicy(max_bytes=max_bytes, max_age_s=max_age_s)
    with naming_disk_errors(root, "remove tracks from"):
        try:
            with cancelled_by_signals() as token:
                pruned = plan_pruning(root, policy) if dry_run else prune(root, policy, token=token)
        except (ExportCancelled, KeyboardInterrupt):
            left = sum(1 for _ in list_tracks(root))
            click.echo(f"chadsdk: Cancelled. {left} tracks are left in the cache.", err=True)
            return CANCELLED
    if as_json:
        click.echo(json.dumps(pruning_object(pruned)))
        return 0
    for each in pruned.evictions:
        click.echo(eviction_line(each))
    click.echo(pruning_text(pruned), err=True)
    return 0


def _checking(root: Path, token: CancelToken, *, remove_bad: bool) -> Iterator[Checked]:
    with naming_disk_errors(root, "check"):  # what is printed in between is no matter of the cache
        yield from check_tracks(root, token=token, remove_bad=remove_bad)


def _finding(each: Checked) -> str:
    gone = " Removed." if each.removed else ""
    return f"{each.condition}: {each.server}/{each.path.name}: {one_line(each.detail or '')}{gone}"


def _line(each: Listed) -> str:
    stored = ""
    if each.stored_at is not None:
        stored = shown_time(each.stored_at)
    columns = (f"{human_bytes(each.size_bytes):>10}", f"{stored:<16}", f"{each.server}/{each.path.name}")
    return "  ".join((*columns, one_line(each.title or ""))).rstrip()
