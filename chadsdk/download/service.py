"""`DownloadService`: sources in, verified files in the cache out."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Self

from chadsdk.cache import Cache, Upkeep
from chadsdk.cancel import CancelToken
from chadsdk.disk import naming_disk_errors
from chadsdk.download.book import Book
from chadsdk.download.crew import Crew
from chadsdk.download.fetch import Fetcher, Order
from chadsdk.download.outcome import Fetched, FetchOutcome, Unavailable
from chadsdk.download.pool import Steps, run_out
from chadsdk.download.sharing import share_out
from chadsdk.download.sizes import ask_sizes
from chadsdk.errors import NoSourceError, TrackError
from chadsdk.exchange import Request
from chadsdk.library import CloudListing, Track
from chadsdk.progress import Listener
from chadsdk.retry import RetryPolicy
from chadsdk.server import MusicServer
from chadsdk.settings import Settings
from chadsdk.source import CloudSource
from chadsdk.transport import Transport

__all__ = ["DownloadService"]


def _ignore(*_: object) -> None:
    pass


class DownloadService:
    """Downloads tracks of one server into the cache. Thread-safe; close it, or use it as a context manager.

    Args:
        server: Client of the server.
        settings: How; the defaults suit a desktop.
    """

    def __init__(self, server: MusicServer, *, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._server = server
        self._cache = Cache(self.settings.cache_dir, server.key)
        self._upkeep = Upkeep(self.settings.cache_dir, self._cache, self.settings.cache_policy)
        self._transport = Transport(
            server.base_url,
            server.credentials,
            self.settings,
            connections=self.settings.max_concurrent_downloads,
        )
        self._policy = RetryPolicy.of(self.settings)
        self._fetcher = Fetcher(
            self._cache,
            self._transport,
            self._policy,
            self.settings.max_track_bytes,
            self.settings.min_part_bytes,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close idle connections; the service can still be used and opens new ones."""
        self._transport.close()

    def download(self, track: Track | CloudListing | CloudSource, *, cancel: CancelToken | None = None) -> Path:
        """Give the cached file of one track, downloaded if need be.

        Raises:
            ExportCancelled: Cancelled; what came is kept to be resumed.
            TrackError: It cannot be had.
            ChadError: Nothing can be had: bad credentials, disk full.
        """
        source = track if isinstance(track, CloudSource) else track.source()
        if source is None:
            raise NoSourceError(f"{getattr(track, 'title', track)!r} is not a cloud track.")
        token = cancel or CancelToken()
        self._prepare()
        with self._upkeep.batch([source], token):
            path = self._fetch_alone(source, token).path
            self._flush()
            return path

    def _fetch_alone(self, source: CloudSource, token: CancelToken) -> Fetched:
        found: dict[CloudSource, Fetched | None] = {}
        if source.size_bytes is not None and source.size_bytes < 2 * self.settings.min_part_bytes:
            found[source] = run_out(self._fetch(source, token, Crew(1), _ignore, self.settings.lock_timeout_s))
        else:  # perhaps worth more than one connection
            share_out(
                [source],
                lambda each, batch, crew: self._fetch(each, batch, crew, _ignore, self.settings.lock_timeout_s),
                assist=self._fetcher.assist,
                connections=self.settings.max_concurrent_downloads,
                token=token,
                settled=found.__setitem__,
                tick=_ignore,
            )
        (fetched,) = found.values()
        assert fetched is not None, "only a fetch that does not wait gives None"  # noqa: S101
        return fetched

    def download_all(
        self,
        sources: Iterable[CloudSource],
        *,
        cancel: CancelToken | None = None,
        progress: Listener | None = None,
        sizes: Mapping[CloudSource, int | None] | None = None,
    ) -> dict[CloudSource, FetchOutcome]:
        """Give what became of every source; each track is fetched once, the largest first.

        Sources with the same server and track id are one track; what the first of them expects counts.

        Args:
            sources: The tracks.
            cancel: Stops it at any moment.
            progress: Called on this thread.
            sizes: Lengths that the sources do not know themselves, for the order and the progress.

        Raises:
            ExportCancelled: Cancelled; what came is kept to be resumed.
            ChadError: Nothing more can be had: bad credentials, disk full.
        """
        sources = list(sources)
        known = sizes or {}
        firsts: dict[tuple[str, str], CloudSource] = {}
        for source in sources:
            firsts.setdefault(source.identity, source)
        planned = {source: self._guess(source, known.get(source)) for source in firsts.values()}
        token = cancel or CancelToken()
        with self._upkeep.batch(planned, token):
            outcomes = self._run(planned, token, progress or _ignore)
        return {source: outcomes[firsts[source.identity]] for source in sources}

    def exporting(self, sources: Iterable[CloudSource], *, cancel: CancelToken) -> AbstractContextManager[None]:
        """Use tracks of the cache, and keep them in it, while the block runs; then the cache policy is applied."""
        return self._upkeep.export(sources, cancel)

    def cached(self, source: CloudSource) -> Fetched | None:
        """Give the track if it is in the cache now; asks nobody.

        Raises:
            TrackError: It is of another server, or its id cannot be a name.
            StorageError: The cache cannot be read.
        """
        self._check_server(source)
        with naming_disk_errors(self._cache.layout.folder, "read"):
            return self._fetcher.cached(source)

    def note_digest(self, cached: Fetched, sha256: str, status: os.stat_result) -> None:
        """Remember the digest of a cached file that nobody knew, so that the next export can compare; never fails."""
        self._cache.note_digest(cached.path, sha256, status)

    def forget(self, source: CloudSource) -> None:
        """Remove a track from the cache because its file turned out bad.

        Raises:
            StorageError: The file system refuses.
        """
        with naming_disk_errors(self._cache.layout.folder, "remove a track from"):
            self._cache.forget(source)

    def sizes(
        self, sources: Iterable[CloudSource], *, cancel: CancelToken | None = None
    ) -> dict[CloudSource, int | None]:
        """Ask the server for lengths, one HEAD per source; None where it does not say, 0 where it has no such track.

        Raises:
            ExportCancelled: Cancelled.
            ChadError: Nothing can be had.
        """
        self._server.close()  # an idle connection of its own would come on top of ours
        return ask_sizes(
            list(dict.fromkeys(sources)),
            self._ask_size,
            workers=self.settings.max_concurrent_downloads,
            token=cancel or CancelToken(),
            policy=self._policy,
        )

    def _ask_size(self, source: CloudSource, token: CancelToken) -> int | None:
        self._check_server(source)
        return self._transport.head(Request(self._server.stream_url(source), str(source)), token).content_length

    def _run(
        self, planned: Mapping[CloudSource, int], token: CancelToken, listener: Listener
    ) -> dict[CloudSource, FetchOutcome]:
        self._prepare()
        self._server.close()  # an idle connection of its own would come on top of ours
        book = Book(planned, listener)
        book.tick()
        largest_first = sorted(planned, key=lambda source: -planned[source])
        # First what nobody else is at; then, with patience, what others were at and may have finished by now.
        for wait_s in (0.0, self.settings.lock_timeout_s):
            share_out(
                [source for source in largest_first if source not in book.outcomes],
                lambda each, batch, crew, wait_s=wait_s: self._outcome(each, batch, crew, book.advance, wait_s),  # type: ignore[misc]
                assist=self._fetcher.assist,
                connections=self.settings.max_concurrent_downloads,
                token=token,
                settled=book.settle,
                tick=book.tick,
            )
        self._flush()
        return book.outcomes

    def _outcome(
        self,
        source: CloudSource,
        token: CancelToken,
        crew: Crew,
        advance: Callable[[Hashable, int], None],
        wait_s: float,
    ) -> Steps[FetchOutcome | None]:
        try:
            return (yield from self._fetch(source, token, crew, lambda count: advance(source, count), wait_s))
        except TrackError as exc:
            return Unavailable.of(exc)

    def _fetch(
        self, source: CloudSource, token: CancelToken, crew: Crew, advance: Callable[[int], object], wait_s: float
    ) -> Steps[Fetched | None]:
        self._check_server(source)
        url = self._server.stream_url(source)
        self._cache.restore_record(source, token)
        fetched = yield from self._fetcher.fetch(Order(source, url, token, advance, crew, wait_s))
        if fetched is not None:
            self._upkeep.note_use(source, from_cache=fetched.from_cache)
        return fetched

    def _check_server(self, source: CloudSource) -> None:
        if source.server not in {"", self._server.key}:
            raise NoSourceError(f"{source} is on the server {source.server}, not on {self._server.key}.")

    def _guess(self, source: CloudSource, known: int | None) -> int:
        if source.size_bytes is not None:
            return source.size_bytes
        return self.settings.unknown_track_bytes if known is None else known

    def _flush(self) -> None:
        with naming_disk_errors(self._cache.layout.folder, "store tracks in"), suppress(FileNotFoundError):
            self._cache.flush()

    def _prepare(self) -> None:
        with naming_disk_errors(self._cache.layout.folder, "make"):
            self._cache.prepare()
