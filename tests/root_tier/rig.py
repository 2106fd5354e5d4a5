"""What the tests of this folder share: an exporter on a server, with cache and exports on volumes of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chadsdk import ChadMusicAPIClient, ExportResult, MixExporter, Playlist, Settings
from chadsdk.download import DownloadService
from chadsdk.source import CloudSource
from harness.invariants import Aftermath, broken_invariants, digests_of, unrepaired
from harness.process import ServerHandle
from tests.export.rig import quick_settings

__all__ = ["EARLIER", "TRACK_BYTES", "Studio", "opened", "sources_of"]

TRACK_BYTES = 300_000
EARLIER = "Earlier"


@dataclass(frozen=True, slots=True)
class Studio:
    """An exporter of the server's playlist ``Plain``.

    Attributes:
        server: Where the tracks are.
        exporter: What is tested.
        downloads: Downloads alone, into the same cache.
        playlist: All tracks of the server.
        settings: Of the exporter.
        exports: The folder that gets the exports.
    """

    server: ServerHandle
    exporter: MixExporter
    downloads: DownloadService
    playlist: Playlist
    settings: Settings
    exports: Path

    @property
    def cache(self) -> Path:
        """The cache folder."""
        return self.settings.cache_dir

    @property
    def final(self) -> Path:
        """Where the playlist goes."""
        return self.exports / self.playlist.name

    def first(self, count: int, *, name: str = EARLIER) -> Playlist:
        """A playlist of the first so many tracks."""
        return Playlist(name, entries=self.playlist.entries[:count])

    def export_earlier(self, count: int = 1) -> dict[Path, str]:
        """Export the first so many tracks; give the digest of every file of it."""
        result = self.exporter.export(self.first(count), self.exports)
        self.server.clear_ledger()
        return digests_of(result.folder)

    def export(self, **changes: Any) -> ExportResult:
        """Export the whole playlist."""
        return self.exporter.export(self.playlist, self.exports, **changes)

    def aftermath(self, **more: Any) -> Aftermath:
        """What there is to look at now."""
        return replace(
            Aftermath(self.server.world, self.cache, self.exports),
            requests=len(self.server.audio_gets()),
            most_requests=2 * len(self.server.world.tracks),
            in_process=False,  # see `no_thread_left`
            **more,
        )

    def broken(self, **more: Any) -> list[str]:
        """What does not hold now."""
        return broken_invariants(self.aftermath(**more))

    def unrepaired(self, **more: Any) -> list[str]:
        """What the run that repairs has left undone."""
        return unrepaired(self.aftermath(**more))

    def asked_for(self) -> list[str]:
        """The ids of the tracks whose bytes were asked for, one per GET."""
        ids = {track.stream_path: track.id for track in self.server.world.tracks}
        return sorted(ids[entry.path] for entry in self.server.audio_gets())

    def temporaries(self) -> list[str]:
        """What lies in the cache under a name that is for the time of a write only."""
        return sorted(path.name for path in self.cache.glob("*/.*/*.tmp"))

    def partials(self) -> list[str]:
        """What is kept in the cache of downloads to be resumed."""
        return sorted(path.name for path in self.cache.glob("*/.partial/*.part"))

    def knowing_nothing(self) -> Playlist:
        """The playlist without any length, digest or revision."""
        unknown = {"size_bytes": None, "sha256": None, "revision": None}
        entries = (replace(entry, track=replace(entry.track, **unknown)) for entry in self.playlist.entries)  # type: ignore[arg-type]
        return Playlist(self.playlist.name, entries=tuple(entries))

    def kept(self) -> list[str]:
        """The names of the cached tracks."""
        return sorted(path.name for path in self.cache.glob("*/*") if not path.name.startswith("."))


def sources_of(playlist: Playlist) -> list[CloudSource]:
    """The tracks of a playlist, as the download side knows them."""
    return [source for entry in playlist.entries if (source := entry.track.source())]


@contextmanager
def opened(
    server: ServerHandle, *, cache: Path, exports: Path, unknown: Sequence[str] = (), **changes: Any
) -> Iterator[Studio]:
    """An exporter on a server whose past is forgotten.

    Args:
        server: Where the tracks are.
        cache: The cache folder.
        exports: The folder that gets the exports.
        unknown: Ids of tracks whose length nobody tells, not even when asked.
        changes: Of the settings.
    """
    for track in server.world.tracks:
        server.set_faults(track.id, [])
        hide = {"no_length": True, "always": True}
        server.set_faults(track.id, [hide] if track.id in unknown else [], head=True)
    settings = quick_settings(cache, **{"headroom_bytes": 0, **changes})
    with (
        ChadMusicAPIClient(server.url, token=server.token, settings=settings) as client,
        MixExporter(client, settings=settings) as exporter,
        DownloadService(client, settings=settings) as downloads,
    ):
        playlist = client.playlist("plain")
        server.clear_ledger()
        yield Studio(server, exporter, downloads, playlist, settings, exports)
