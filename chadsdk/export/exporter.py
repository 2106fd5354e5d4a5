"""`MixExporter`: playlist in, export folder out. The story; every step is told elsewhere."""

from __future__ import annotations

import stat
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

from chadsdk.cancel import CancelToken
from chadsdk.disk import naming_disk_errors, volume_of
from chadsdk.download import DownloadService, Fetched, FetchOutcome, Unavailable
from chadsdk.errors import (
    ConfigurationError,
    LocalMissingError,
    LocalUnreadableError,
    MissingTracksError,
    NoSourceError,
)
from chadsdk.export.collect import Collected, Collector
from chadsdk.export.job import ExportJob
from chadsdk.export.manifest import MANIFEST_NAME, Manifest, ManifestEntry
from chadsdk.export.plan import Cloud, ExportPlan, Looks, Missing, make_plan
from chadsdk.export.preflight import PreflightReport, preflight
from chadsdk.export.report import make_manifest, make_project, missing_text
from chadsdk.export.stage import Staging, refuse_folder
from chadsdk.export.writers import ALWAYS, WRITERS
from chadsdk.library import Playlist
from chadsdk.progress import Event, Listener
from chadsdk.server import MusicServer
from chadsdk.settings import Settings
from chadsdk.source import CloudSource

__all__ = ["ExportResult", "MixExporter", "OnMissing"]

OnMissing = Literal["manifest", "fail"]


@dataclass(frozen=True, slots=True)
class ExportResult:
    """A finished export.

    Attributes:
        folder: The export folder.
        manifest: What became of every entry.
        downloaded_bytes: Bytes of the tracks that were downloaded for it.
        cache_hits: Tracks that the cache had.
        wall_s: How long it took, in seconds.
    """

    folder: Path
    manifest: Manifest
    downloaded_bytes: int
    cache_hits: int
    wall_s: float

    @property
    def exported(self) -> tuple[ManifestEntry, ...]:
        """Entries whose file is in the export, in playlist order."""
        return self.manifest.exported

    @property
    def missing(self) -> tuple[ManifestEntry, ...]:
        """Entries that could not be had, in playlist order, each with its reason."""
        return self.manifest.missing

    @property
    def manifest_path(self) -> Path:
        """Where the manifest lies."""
        return self.folder / MANIFEST_NAME


@dataclass(frozen=True, slots=True)
class _Order:
    """One call of `export`, checked."""

    playlist: Playlist
    to: Path
    formats: tuple[str, ...]
    on_missing: OnMissing
    replace: bool


class MixExporter:
    """Exports playlists. Thread-safe; close it, or use it as a context manager.

    Args:
        server: Where cloud tracks come from; None for playlists of local files, whose cloud tracks are then missing.
        settings: How; the defaults suit a desktop.
    """

    def __init__(self, server: MusicServer | None = None, *, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()
        self._downloads = DownloadService(server, settings=self._settings) if server is not None else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close idle connections."""
        if self._downloads is not None:
            self._downloads.close()

    def plan(self, playlist: Playlist, to: str | Path) -> ExportPlan:
        """Say what an export would do: what is local, cached, to download, missing. Moves no byte, asks no server.

        Raises:
            StorageError: The cache cannot be read.
        """
        looks = Looks(local_bytes=_local_bytes, cached_bytes=self._cached_bytes)
        return make_plan(playlist, Path(to), looks=looks)

    def preflight(self, plan: ExportPlan, *, cancel: CancelToken | None = None) -> PreflightReport:
        """Say what an export needs on each volume; unknown sizes are asked of the server, one HEAD each.

        Raises:
            ExportCancelled: Cancelled.
            ChadError: The server refuses the credentials, or a volume cannot be looked at.
        """
        unknown = [source for source in plan.sources if source.size_bytes is None]
        sizes: Mapping[CloudSource, int | None] = {}
        if unknown and self._downloads is not None:
            sizes = self._downloads.sizes(unknown, cancel=cancel)
        cache_dir = self._settings.cache_dir
        return preflight(
            plan,
            sizes=sizes,
            guess_bytes=self._settings.unknown_track_bytes,
            headroom_bytes=self._settings.headroom_bytes,
            cache=(cache_dir, volume_of(cache_dir)),
            export=(plan.folder, volume_of(plan.folder)),
        )

    def export(
        self,
        playlist: Playlist,
        to: str | Path,
        *,
        formats: Sequence[str] = (),
        progress: Listener | None = None,
        cancel: CancelToken | None = None,
        on_missing: OnMissing = "manifest",
        replace: bool = False,
    ) -> ExportResult:
        """Export a playlist into ``<to>/<playlist name>/``.

        Args:
            playlist: What to export; not changed, and not to be changed meanwhile.
            to: Folder that the export folder is made in; made if need be.
            formats: Project files to write beside the M3U8 playlist.
            progress: Called on this thread; what it raises stops the export.
            cancel: Stops it at any moment.
            on_missing: ``manifest`` finishes without what cannot be had, ``fail`` raises.
            replace: Whether an export of that name may be swapped for the new one.

        Returns:
            The export; `ExportResult.missing` says what could not be had.

        Raises:
            ExportCancelled: Cancelled. As with every error, no export folder is left, and an older one is untouched.
            ConfigurationError: An unknown format or `on_missing`.
            ExportExistsError: The folder exists.
            DiskFullError: It would not fit, or a disk filled meanwhile.
            AuthError: The server refuses the credentials.
            MissingTracksError: Tracks are missing and `on_missing` is ``fail``.
            ChadError: Anything else that dooms the whole export.
        """
        order = _Order(playlist, Path(to), _known_formats(formats), _known_policy(on_missing), replace)
        return self._export(order, progress or _ignore, cancel or CancelToken())

    def start(
        self,
        playlist: Playlist,
        to: str | Path,
        *,
        formats: Sequence[str] = (),
        on_missing: OnMissing = "manifest",
        replace: bool = False,
    ) -> ExportJob[ExportResult]:
        """Start the same on a thread of its own.

        The job is cancelled when the program ends: call `ExportJob.result` to wait for it.

        Raises:
            ConfigurationError: An unknown format or `on_missing`.
        """
        order = _Order(playlist, Path(to), _known_formats(formats), _known_policy(on_missing), replace)
        return ExportJob(lambda listener, token: self._export(order, listener, token))

    def _export(self, order: _Order, listener: Listener, token: CancelToken) -> ExportResult:
        started = time.monotonic()
        token.raise_if_cancelled()
        plan = self.plan(order.playlist, order.to)
        refuse_folder(plan.folder, replace=order.replace)
        _refuse_missing(order, plan, {})
        with Staging.opened(plan.folder, replace=order.replace) as staging:
            report = self.preflight(plan, cancel=token)
            report.check()
            outcomes = self._download(plan, report, listener, token)
            _refuse_missing(order, plan, outcomes)
            collected = Collector(staging.path, self._downloads, token).collect(plan, outcomes, listener)
            _refuse_missing(order, plan, outcomes, collected)
            manifest = make_manifest(plan, collected)
            _write_papers(manifest, staging.path, order.formats, file_stem=plan.folder.name)
            staging.publish(token, replace=order.replace)
        fetched = [each for each in set(outcomes.values()) if isinstance(each, Fetched)]
        cached = sum(isinstance(need, Cloud) and need.cached for need in plan.files.values())
        return ExportResult(
            folder=plan.folder,
            manifest=manifest,
            downloaded_bytes=sum(each.size_bytes for each in fetched if not each.from_cache),
            cache_hits=cached + sum(each.from_cache for each in fetched),
            wall_s=round(time.monotonic() - started, 3),
        )

    def _download(
        self, plan: ExportPlan, report: PreflightReport, listener: Listener, token: CancelToken
    ) -> dict[CloudSource, FetchOutcome]:
        if self._downloads is None:
            return {}
        return self._downloads.download_all(plan.sources, cancel=token, progress=listener, sizes=report.sizes)

    def _cached_bytes(self, source: CloudSource) -> int | None:
        if self._downloads is None:
            raise NoSourceError(f"{source} is in the cloud, and no server was given.")
        cached = self._downloads.cached(source)
        return cached.size_bytes if cached else None


def _write_papers(manifest: Manifest, folder: Path, formats: Sequence[str], *, file_stem: str) -> None:
    """Write the project files, ``MISSING.txt`` and, last, the manifest."""
    project = make_project(manifest, file_stem=file_stem)
    with naming_disk_errors(folder, "write to"):
        for name in dict.fromkeys((*ALWAYS, *formats)):
            WRITERS[name](project, folder)
        if manifest.missing:
            text = missing_text(manifest)
            (folder / "MISSING.txt").write_text(text, encoding="utf-8", errors="replace", newline="\n")
        (folder / MANIFEST_NAME).write_bytes(manifest.to_json())


def _refuse_missing(
    order: _Order,
    plan: ExportPlan,
    outcomes: Mapping[CloudSource, FetchOutcome],
    collected: Mapping[Hashable, Collected | Unavailable] = MappingProxyType({}),
) -> None:
    """Stop as soon as anything is missing, where that is what the caller wants.

    Raises:
        MissingTracksError: Something is.
    """
    if order.on_missing != "fail":
        return
    missing = []
    for planned in plan.entries:
        match planned.need:
            case Missing() as known:
                outcome: object = known
            case Cloud(source=source) as need:
                outcome = collected.get(need.identity, outcomes.get(source))
            case need:
                outcome = collected.get(need.identity)
        if isinstance(outcome, Missing | Unavailable):
            missing.append(f"{planned.position}. {planned.entry.track.title}: {outcome.detail}")
    if missing:
        raise MissingTracksError(tuple(missing))


def _known_formats(formats: Sequence[str]) -> tuple[str, ...]:
    for name in formats:
        if name not in WRITERS:
            raise ConfigurationError(f"There is no format {name!r}; there are: {', '.join(sorted(WRITERS))}.")
    return tuple(formats)


def _known_policy(on_missing: OnMissing) -> OnMissing:
    if on_missing not in {"manifest", "fail"}:
        raise ConfigurationError(f"on_missing must be 'manifest' or 'fail', got {on_missing!r}")
    return on_missing


def _local_bytes(path: Path) -> int:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise LocalMissingError(f"The file {path} is not there.") from exc
    except (OSError, ValueError) as exc:
        raise LocalUnreadableError(f"The file {path} cannot be looked at: {exc}.") from exc
    if not stat.S_ISREG(status.st_mode):
        raise LocalUnreadableError(f"{path} is not a file.")
    return status.st_size


def _ignore(event: Event) -> None:
    del event
