"""Completing an export: what was missing is planned anew, what is there is not touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from chadsdk.cancel import CancelToken
from chadsdk.download import run_all
from chadsdk.errors import LocalMissingError, LocalUnreadableError, Reason, TrackError
from chadsdk.export.entry import place_in_mix
from chadsdk.export.manifest import Manifest, ManifestEntry, Status
from chadsdk.export.plan import Cloud, ExportPlan, Local, Looks, Missing, Need, PlannedEntry
from chadsdk.files import inside
from chadsdk.library import PlaylistEntry, Track
from chadsdk.media import EXTENSIONS, require_converter
from chadsdk.server import MusicServer

__all__ = ["merge", "plan_missing"]


def plan_missing(
    manifest: Manifest, folder: Path, *, server: MusicServer | None, looks: Looks, token: CancelToken, workers: int
) -> ExportPlan:
    """Plan the missing entries of an export again.

    A cloud track is looked up on the server, because what was known of it may have changed. A file that somebody has
    put under the name that a missing track would have counts as local, and so does one that is in the library again.

    Args:
        manifest: Of the export.
        folder: The export.
        server: Who to ask; None asks nobody.
        looks: How to find out what is there.
        token: Stops it.
        workers: Most requests at a time.

    Raises:
        ExportCancelled: Cancelled.
        ConfigurationError: The export has one sample rate, and none can be converted here.
        ChadError: The server cannot be asked at all.
    """
    if manifest.convert_to is not None:
        require_converter()
    needs: dict[int, Need] = {}

    def look(entry: ManifestEntry, batch: CancelToken) -> Need:
        try:
            return _need_of(entry, folder, server, looks, batch)
        except TrackError as exc:
            return Missing(exc.reason, str(exc))

    def settled(entry: ManifestEntry, need: Need) -> None:
        needs[entry.position] = need

    run_all(manifest.missing, look, workers=workers, token=token, settled=settled, tick=lambda: None)
    entries = tuple(_planned(entry, needs[entry.position]) for entry in manifest.missing)
    return ExportPlan(manifest.playlist, folder, entries, manifest.tempo_bpm, manifest.crossfade_s, manifest.convert_to)


def _need_of(entry: ManifestEntry, folder: Path, server: MusicServer | None, looks: Looks, token: CancelToken) -> Need:
    put_there = _put_there(folder, entry)
    if put_there is not None:
        return Local(put_there, looks.local_bytes(put_there), in_place=True)
    missing = Missing(entry.reason or Reason.NO_SOURCE, entry.detail or "")
    if entry.library_file is not None and Path(entry.library_file).is_absolute():  # not so on another system
        try:
            return Local(Path(entry.library_file), looks.local_bytes(Path(entry.library_file)))
        except LocalMissingError:  # the entry says so already
            pass
        except LocalUnreadableError as exc:
            missing = Missing(exc.reason, str(exc))
    if entry.cloud_track_id is None or server is None or entry.cloud_server not in {None, server.key}:
        return missing
    source = server.track(entry.cloud_track_id, cancel=token).source()
    return Cloud(source, looks.cached_bytes(source))


def _put_there(folder: Path, entry: ManifestEntry) -> Path | None:
    """Give the file under the name of a missing track, whatever its extension: that was a guess."""
    planned = inside(folder, entry.file)
    for candidate in (planned, *(planned.with_name(f"{planned.stem}.{each}") for each in sorted(EXTENSIONS))):
        if candidate.is_file() and not candidate.is_symlink():
            return candidate
    return None


def _planned(entry: ManifestEntry, need: Need) -> PlannedEntry:
    name = PurePosixPath(entry.file)
    track = Track(
        entry.title,
        entry.artist,
        duration_s=entry.duration_s,
        cloud_server=entry.cloud_server or "",
        cloud_track_id=entry.cloud_track_id,
    )
    place = PlaylistEntry(track, **place_in_mix(entry))
    return PlannedEntry(entry.position, place, need, name.stem, name.suffix[1:])


def merge(manifest: Manifest, completed: Manifest) -> Manifest:
    """Give the manifest with the entries of `completed` in their places, its time and its formats, with their files."""
    fresh = {entry.position: entry for entry in completed.entries}
    entries = tuple(_merged(entry, fresh.get(entry.position, entry)) for entry in manifest.entries)
    written = tuple(each for each in manifest.written if each.format in completed.formats)
    return replace(completed, entries=entries, written=written)


def _merged(before: ManifestEntry, now: ManifestEntry) -> ManifestEntry:
    if now.status is Status.EXPORTED:
        return now
    return replace(now, library_file=before.library_file)  # as it is: it may be a path of another system
