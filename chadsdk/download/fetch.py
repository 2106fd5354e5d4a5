"""One source into the cache: look, lock, look again, fetch, verify, publish.

What needs no connection, flushing and naming the file, comes after a ``yield``: it can go on on another thread, while
the connection brings the next file.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass

from chadsdk.cache import Cache, Verified, WorkFile
from chadsdk.cache.locks import Hold
from chadsdk.cancel import CancelToken
from chadsdk.disk import naming_disk_errors
from chadsdk.download.check import Body
from chadsdk.download.crew import Crew
from chadsdk.download.filling import Filling
from chadsdk.download.outcome import Fetched
from chadsdk.errors import IntegrityError, NotAudioError
from chadsdk.exchange import Reply
from chadsdk.media import AudioFormat, final_extension
from chadsdk.retry import RetryPolicy, retrying
from chadsdk.source import CloudSource
from chadsdk.transport import Transport

__all__ = ["Fetcher", "Order"]

# After these the bytes that came are not to be trusted, or there is no room for them; after any other the rest may be
# had later.
_NOT_WORTH_KEEPING = (IntegrityError, NotAudioError, OSError)


@dataclass(frozen=True, slots=True)
class Order:
    """One file to fetch.

    Attributes:
        source: The track.
        url: Address of its audio.
        token: Heard in every wait.
        advance: Told how many of its bytes are had, from any thread.
        crew: Who may help.
        wait_s: Longest wait for another process that is at it; 0 does not wait.
    """

    source: CloudSource
    url: str
    token: CancelToken
    advance: Callable[[int], object]
    crew: Crew
    wait_s: float


@dataclass(frozen=True, slots=True)
class Fetcher:
    """What fetching needs besides the source. Thread-safe."""

    cache: Cache
    transport: Transport
    policy: RetryPolicy
    max_track_bytes: int
    min_part_bytes: int

    def cached(self, source: CloudSource) -> Fetched | None:
        """Give the track if it is in the cache.

        Raises:
            UnsafeNameError: Its id cannot be a name.
        """
        found = self.cache.find(source)
        return Fetched.of(found, from_cache=True) if found else None

    def fetch(self, order: Order) -> Generator[None, None, Fetched | None]:
        """Give the track, from the cache or the server; yields when all that is left needs no connection.

        Returns:
            None when another process is at it and `Order.wait_s` is 0. After a longer wait in vain it is fetched all
            the same: two writers do no harm.

        Raises:
            ExportCancelled: Cancelled; what came is kept.
            TrackError: It cannot be had.
            ChadError: Nothing can be had.
        """
        with naming_disk_errors(self.cache.layout.folder, "store tracks in"):
            try:
                return (yield from self._fetch(order))
            except FileNotFoundError:
                # The operating system may take the cache at any moment, folders and open files included.
                self.cache.prepare()
                return (yield from self._fetch(order))

    def assist(self, crew: Crew, token: CancelToken) -> None:
        """Help with what others fetch until the batch is done.

        Raises:
            ExportCancelled: Cancelled.
            ChadError: Nothing can be had.
        """
        with naming_disk_errors(self.cache.layout.folder, "store tracks in"):
            crew.assist(token, has_room=self.transport.has_room)

    def _fetch(self, order: Order) -> Generator[None, None, Fetched | None]:
        found = self._cached_by_now(order.source)
        if found:
            return found
        with self.cache.locked(order.source, order.token, wait_s=order.wait_s) as hold:
            if hold is Hold.BUSY and not order.wait_s:
                return None
            return self._cached_by_now(order.source) or (yield from self._download(order))

    def _cached_by_now(self, source: CloudSource) -> Fetched | None:
        found = self.cache.find_prepared(source)
        return Fetched.of(found, from_cache=True) if found else None

    def _download(self, order: Order) -> Generator[None, None, Fetched]:
        reached = 0

        def note(bytes_done: int) -> None:
            nonlocal reached
            reached = max(reached, bytes_done)
            order.advance(bytes_done)

        work = self.cache.claim(order.source)
        try:
            filling = Filling(
                self.transport,
                order.source,
                order.url,
                work,
                max_bytes=self.max_track_bytes,
                least_bytes=self.min_part_bytes,
                advance=note,
            )
            with closing(filling), order.crew.sharing(filling):
                body, audio_format, verified = retrying(
                    lambda: _fill(filling, work, order.token),
                    policy=self.policy,
                    token=order.token,
                    reached=lambda: reached,
                )
            yield
            order.token.raise_if_cancelled()
            extension = _extension(order.source, body.reply, audio_format)
            stored = self.cache.publish(order.source, work, extension=extension, sha256=body.sha256, verified=verified)
        except _NOT_WORTH_KEEPING:
            work.drop()
            raise
        except BaseException:
            work.put_aside()
            raise
        return Fetched.of(stored, from_cache=False)


def _fill(filling: Filling, work: WorkFile, token: CancelToken) -> tuple[Body, AudioFormat, Verified]:
    try:
        body = filling.fill(token)
        return body, *body.expectation.check(work.path, work.stream, size_bytes=body.size_bytes, sha256=body.sha256)
    except (IntegrityError, NotAudioError):
        filling.restart()
        raise


def _extension(source: CloudSource, reply: Reply, audio_format: AudioFormat) -> str:
    return final_extension(
        audio_format,
        stream_path=source.stream_path,
        content_type=reply.headers.get("Content-Type") or source.content_type,
        content_disposition=reply.headers.get("Content-Disposition"),
    )
