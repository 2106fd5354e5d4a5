"""`python -m harness export`: one whole run through the public API of chadsdk, as a user would write it."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chadsdk import ChadMusicAPIClient, Event, ExportResult, MixExporter, Playlist, Progress, Settings, Track
from harness.build import make_world
from harness.process import ServerHandle, running_server
from harness.scenarios import Scenario
from harness.world import LocalTrack, World

__all__ = ["ExportOptions", "export"]

CACHE_VARIABLE = "CHADSDK_CACHE_DIR"
LOCAL_SHARE = 5
STEPS_SHOWN = 10
BACKOFF_S = 0.05


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What was asked for on the command line.

    Attributes:
        to: Folder that gets the export folder, and nothing else.
        tracks: Entries of the playlist.
        seed: What the world is made from.
        scenario: How the server is to behave.
        as_json: Whether standard output gets one JSON object instead of words.
        formats: Project files to write beside the M3U8 playlist.
        convert_to: Sample rate that every track is to have, in Hz; None copies all as they are.
    """

    to: Path
    tracks: int
    seed: int
    scenario: Scenario
    as_json: bool
    formats: tuple[str, ...] = ()
    convert_to: int | None = None


def export(options: ExportOptions) -> ExportResult:
    """Make a world, serve it, export its playlist, and say what came of it.

    Raises:
        ValueError: The number of tracks cannot be used.
        ChadError: The export failed.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-world-")))
        world = _made(options, folder)
        server = stack.enter_context(running_server(world))
        _tell(f"A server of {len(world.tracks)} tracks runs at {server.url} (scenario {options.scenario.name}).")
        settings = Settings(cache_dir=_cache_dir(folder), backoff_base_s=BACKOFF_S)
        with _client(server, options.scenario, settings) as client, MixExporter(client, settings=settings) as exporter:
            playlist = _mixed(client.playlist(world.playlists[0].id), world)
            result = exporter.export(
                playlist,
                options.to,
                formats=options.formats,
                progress=_Shown(),
                replace=True,
                convert_to=options.convert_to,
            )
        _report(result, options)
    return result


def _made(options: ExportOptions, folder: Path) -> World:
    # A fifth of the entries are the user's own files, but three stay in the cloud to show what can go wrong there.
    local = max(0, min(max(1, options.tracks // LOCAL_SHARE), options.tracks - 3))
    return options.scenario.staged(make_world(options.seed, options.tracks, folder, local=local))


def _cache_dir(folder: Path) -> Path:
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else folder / "cache"


@contextmanager
def _client(server: ServerHandle, scenario: Scenario, settings: Settings) -> Iterator[ChadMusicAPIClient]:
    refresh_token = server.refresh_token if scenario.refreshes else None
    with ChadMusicAPIClient(server.url, token=server.token, refresh_token=refresh_token, settings=settings) as client:
        yield client


def _mixed(served: Playlist, world: World) -> Playlist:
    """The server's playlist with the user's own files between its tracks."""
    cloud = iter(served)
    mix = Playlist(served.name)
    for entry in world.mix():
        mix.add(_library_track(entry) if isinstance(entry, LocalTrack) else next(cloud))
    return mix


def _library_track(local: LocalTrack) -> Track:
    return Track(
        title=local.title,
        artist=local.artist,
        duration_s=local.recording.duration_s,
        file=local.recording.file,
    )


class _Shown:
    """A progress listener that prints about ten lines per phase, whatever the number of tracks."""

    def __init__(self) -> None:
        self._last: tuple[str, int] = ("", -1)

    def __call__(self, event: Event) -> None:
        """Print the event, if it says something new."""
        if not isinstance(event, Progress):
            return
        step = event.tracks_done * STEPS_SHOWN // max(event.tracks_total, 1)
        if (event.phase, step) != self._last:
            self._last = (event.phase, step)
            done_mb, total_mb = event.bytes_done / 1e6, event.bytes_total / 1e6
            tracks = f"{event.tracks_done}/{event.tracks_total} tracks"
            _tell(f"  {event.phase}: {tracks}, {done_mb:.1f} of {total_mb:.1f} MB")


def _report(result: ExportResult, options: ExportOptions) -> None:
    if options.as_json:
        print(json.dumps(_summary(result), ensure_ascii=False))
        return
    print(f"\n{result.folder}")
    for path in sorted(result.folder.rglob("*")):
        depth = len(path.relative_to(result.folder).parts)
        print(f"{'  ' * depth}{path.name}" + ("/" if path.is_dir() else f"  ({path.stat().st_size:,} bytes)"))
    entries = len(result.exported) + len(result.missing)
    print(f"\n{len(result.exported)} of {entries} entries exported, {len(result.missing)} missing:")
    for entry in result.missing:
        print(f"  {entry.position}. {entry.title}: {entry.reason} - {entry.detail}")
    for entry in result.manifest.not_converted:
        print(f"  {entry.position}. {entry.title}: {entry.not_converted}")
    if options.convert_to:
        print(f"{len(result.manifest.converted)} entries converted to {options.convert_to} Hz.")
    downloaded = f"{result.downloaded_bytes:,} bytes downloaded, {result.cache_hits} tracks from the cache"
    print(f"{downloaded}, {result.wall_s:.2f} s. Manifest: {result.manifest_path}")


def _summary(result: ExportResult) -> dict[str, object]:
    found: dict[str, object] = {
        "folder": str(result.folder),
        "manifest": str(result.manifest_path),
        "entries": len(result.exported) + len(result.missing),
        "exported": len(result.exported),
        "missing": len(result.missing),
        "downloaded_bytes": result.downloaded_bytes,
        "cache_hits": result.cache_hits,
        "wall_s": result.wall_s,
        "formats": list(result.manifest.formats),
    }
    if result.manifest.convert_to is not None:
        found |= {"converted": len(result.manifest.converted), "not_converted": len(result.manifest.not_converted)}
    return found


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
