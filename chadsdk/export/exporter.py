"""`MixExporter`: playlist in, export folder out. The story; every step is told elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Self

from chadsdk.cancel import CancelToken
from chadsdk.disk import volume_of
from chadsdk.download import DownloadService, FetchOutcome
from chadsdk.errors import NoSourceError
from chadsdk.export.collect import Collector
from chadsdk.export.complete import merge, plan_missing
from chadsdk.export.estimate import converted_sizes
from chadsdk.export.job import ExportJob
from chadsdk.export.local import local_bytes
from chadsdk.export.manifest import Manifest
from chadsdk.export.order import OnMissing, Order
from chadsdk.export.plan import Cloud, ExportPlan, Looks, make_plan
from chadsdk.export.preflight import PreflightReport, preflight
from chadsdk.export.replacing import refuse_folder, refuse_strange_audio, tidy_up
from chadsdk.export.report import make_manifest, refuse_early, write_papers
from chadsdk.export.result import ExportResult, make_result
from chadsdk.export.stage import Staging
from chadsdk.export.untouched import untouched_formats
from chadsdk.export.writers import copies_of_audio
from chadsdk.library import Playlist
from chadsdk.progress import Event, Listener
from chadsdk.server import MusicServer
from chadsdk.settings import Settings
from chadsdk.source import CloudSource

__all__ = ["MixExporter"]


class MixExporter:
    """Exports playlists. Thread-safe; close it, or use it as a context manager.

    Args:
        server: Where cloud tracks come from; None for playlists of local files, whose cloud tracks are then missing.
        settings: How; the defaults suit a desktop.
    """

    def __init__(self, server: MusicServer | None = None, *, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()
        self._server = server
        self._looks = Looks(local_bytes=local_bytes, cached_bytes=self._cached_bytes)
        self._downloads = DownloadService(server, settings=self._settings) if server is not None else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close idle connections."""
        if self._downloads is not None:
            self._downloads.close()

    def plan(
        self,
        playlist: Playlist,
        to: str | Path,
        *,
        convert_to: int | None = None,
        cancel: CancelToken | None = None,
    ) -> ExportPlan:
        """Say what an export would do: what is local, cached, to download, missing. Moves no byte, asks no server.

        `convert_to` is that of `export`; `preflight` then asks for the room.

        Raises:
            ExportCancelled: Cancelled.
            StorageError: The cache cannot be read.
        """
        return make_plan(playlist, Path(to), looks=self._looks, convert_to=convert_to, token=cancel)

    def preflight(self, plan: ExportPlan, *, cancel: CancelToken | None = None) -> PreflightReport:
        """Say what an export needs on each volume; unknown sizes are asked of the server, one HEAD each.

        Raises:
            ExportCancelled: Cancelled.
            ChadError: The server refuses the credentials, or a volume cannot be looked at.
        """
        return self._preflight(plan, cancel)

    def _preflight(
        self, plan: ExportPlan, cancel: CancelToken | None, *, copies: int = 1, there_bytes: int = 0
    ) -> PreflightReport:
        unknown = [source for source in plan.sources if source.size_bytes is None]
        sizes: Mapping[CloudSource, int | None] = {}
        if unknown and self._downloads is not None:
            sizes = self._downloads.sizes(unknown, cancel=cancel)
        cache_dir, guess_bytes = self._settings.cache_dir, self._settings.unknown_track_bytes
        return preflight(
            plan,
            sizes=sizes,
            guess_bytes=guess_bytes,
            headroom_bytes=self._settings.headroom_bytes,
            cache=(cache_dir, volume_of(cache_dir)),
            export=(plan.folder, volume_of(plan.folder)),
            copies=copies,
            there_bytes=there_bytes,
            converted=converted_sizes(
                plan,
                sizes=lambda source: sizes.get(source, source.size_bytes) or guess_bytes,
                cached=self._cached_path,
                token=cancel or CancelToken(),
            ),
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
        convert_to: int | None = None,
    ) -> ExportResult:
        """Export a playlist into ``<to>/<playlist name>/``.

        Args:
            playlist: What to export; not changed, and not to be changed meanwhile.
            to: Folder that the export folder is made in; made if need be.
            formats: Project files to write beside the M3U8 playlist.
            progress: Called on this thread; what it raises stops the export.
            cancel: Stops it at any moment.
            on_missing: ``manifest`` finishes without what cannot be had, ``fail`` raises.
            replace: Whether an export of that name may be swapped for the new one; if it holds files that no export
                wrote, it is kept beside it (`ExportResult.kept`).
            convert_to: Sample rate in Hz; files of another one are exported as converted copies, those that nothing
                here decodes as they are (`Manifest.not_converted`). None copies all as they are.

        Returns:
            The export; `ExportResult.missing` says what could not be had.

        Raises:
            ExportCancelled: Cancelled. As with every error, no export folder is left, and an older one is untouched.
            ConfigurationError: An unknown format or `on_missing`, `formats` that is a string, a rate that is none.
            ExportExistsError: The folder exists.
            DiskFullError: It would not fit, or a disk filled meanwhile.
            AuthError: The server refuses the credentials.
            MissingTracksError: Tracks are missing and `on_missing` is ``fail``.
            ChadError: Anything else that dooms the whole export.
        """
        order = Order(playlist, Path(to), formats, on_missing, replace, convert_to)
        return self._export(order, progress or _ignore, cancel or CancelToken())

    def start(
        self,
        playlist: Playlist,
        to: str | Path,
        *,
        formats: Sequence[str] = (),
        on_missing: OnMissing = "manifest",
        replace: bool = False,
        convert_to: int | None = None,
    ) -> ExportJob[ExportResult]:
        """Start the same on a thread of its own.

        The job is cancelled when the program ends: call `ExportJob.result` to wait for it.

        Raises:
            ConfigurationError: As `export`.
        """
        order = Order(playlist, Path(to), formats, on_missing, replace, convert_to)
        return ExportJob(lambda listener, token: self._export(order, listener, token))

    def _export(self, order: Order, listener: Listener, token: CancelToken) -> ExportResult:
        started = time.monotonic()
        token.raise_if_cancelled()
        plan = self.plan(order.playlist, order.to, convert_to=order.convert_to, cancel=token)
        tidy_up(plan.folder)
        refuse_folder(plan.folder, replace=order.replace)
        order.refuse_missing(plan, {})
        refuse_early(plan, order.all_formats, cached=self._cached_path, token=token)
        with self._using(plan, token), Staging.opened(plan.folder) as staging:
            report = self._preflight(plan, token, copies=order.copies)
            report.check()
            outcomes = self._download(plan, report, listener, token)
            order.refuse_missing(plan, outcomes)
            collected = Collector(staging.path, self._downloads, token, plan.convert_to).collect(
                plan, outcomes, listener
            )
            order.refuse_missing(plan, outcomes, collected)
            manifest = make_manifest(plan, collected, formats=order.all_formats)
            manifest = write_papers(manifest, staging.path, order.all_formats, token, audio=staging.path.joinpath)
            kept = staging.publish(token, replace=order.replace)
        return make_result(plan, manifest, outcomes, started, kept=kept)

    def retry(
        self, folder: str | Path, *, progress: Listener | None = None, cancel: CancelToken | None = None
    ) -> ExportResult:
        """Complete an export in place: fetch what was missing, take in what is under a missing name or in the library.

        Audio that is there is not touched, nor is a project file that was worked on since it was written. Other project
        files, the M3U8 playlist, ``MISSING.txt`` and the manifest are each replaced whole, the manifest last.

        Raises:
            ExportCancelled: Cancelled; the export is as it was.
            DataError: The folder has no manifest, or a malformed one.
            ChadError: See `export`.
        """
        started, token, listener = time.monotonic(), cancel or CancelToken(), progress or _ignore
        folder = Path(folder).resolve()  # so that there is a name to put the staged folder beside
        tidy_up(folder)
        manifest = Manifest.load(folder)
        refuse_strange_audio(folder, {entry.file for entry in manifest.exported})
        workers = self._settings.max_concurrent_downloads
        plan = plan_missing(manifest, folder, server=self._server, looks=self._looks, token=token, workers=workers)
        with self._using(plan, token), Staging.opened(plan.folder) as staging:
            copies = 1 + copies_of_audio(untouched_formats(manifest, folder)[0])
            report = self._preflight(plan, token, copies=copies, there_bytes=manifest.audio_bytes)
            report.check()
            outcomes = self._download(plan, report, listener, token)
            collected = Collector(staging.path, self._downloads, token, plan.convert_to).collect(
                plan, outcomes, listener
            )
            # A project that somebody has worked on is theirs from now on: no later export may take it for its own.
            untouched, stale = untouched_formats(manifest, folder)
            merged = merge(manifest, make_manifest(plan, collected, formats=untouched))
            merged = write_papers(merged, staging.path, untouched, token, audio=staging.find, refused=stale.append)
            staging.move_in(token)
        return make_result(plan, merged, outcomes, started, stale=stale)

    def _download(
        self, plan: ExportPlan, report: PreflightReport, listener: Listener, token: CancelToken
    ) -> dict[CloudSource, FetchOutcome]:
        if self._downloads is None:
            return {}
        return self._downloads.download_all(plan.sources, cancel=token, progress=listener, sizes=report.sizes)

    def _using(self, plan: ExportPlan, token: CancelToken) -> AbstractContextManager[None]:
        """Keep the plan's tracks in the cache until the export is made."""
        if self._downloads is None:
            return nullcontext()
        sources = [need.source for need in plan.files.values() if isinstance(need, Cloud)]
        return self._downloads.exporting(sources, cancel=token)

    def _cached_path(self, source: CloudSource) -> Path | None:
        cached = self._downloads.cached(source) if self._downloads else None
        return cached.path if cached else None

    def _cached_bytes(self, source: CloudSource) -> int | None:
        if self._downloads is None:
            raise NoSourceError(f"{source} is in the cloud, and no server was given.")
        cached = self._downloads.cached(source)
        return cached.size_bytes if cached else None


def _ignore(event: Event) -> None:
    del event
