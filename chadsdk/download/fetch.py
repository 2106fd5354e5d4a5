"""One source into the cache: look, lock, look again, fetch, verify, publish."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from chadsdk.cache import Cache, WorkFile
from chadsdk.cache.locks import Hold
from chadsdk.cancel import CancelToken
from chadsdk.disk import naming_disk_errors
from chadsdk.download.check import Expectation
from chadsdk.download.outcome import Fetched
from chadsdk.download.resume import Step, judge, range_headers, validator_of
from chadsdk.errors import IntegrityError, NotAudioError
from chadsdk.exchange import Reply, Request
from chadsdk.media import final_extension
from chadsdk.retry import RetryPolicy, retrying
from chadsdk.source import CloudSource
from chadsdk.transport import Transport

__all__ = ["Fetcher"]

_HASH_BYTES = 1024 * 1024
# After these the bytes that came are not to be trusted, or there is no room for them; after any other the rest may be
# had later.
_NOT_WORTH_KEEPING = (IntegrityError, NotAudioError, OSError)

Advance = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class _Body:
    """A whole body in the work file."""

    reply: Reply
    expectation: Expectation
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Fetcher:
    """What fetching needs besides the source. Thread-safe."""

    cache: Cache
    transport: Transport
    policy: RetryPolicy
    max_track_bytes: int

    def cached(self, source: CloudSource) -> Fetched | None:
        """Give the track if it is in the cache.

        Raises:
            UnsafeNameError: Its id cannot be a name.
        """
        found = self.cache.find(source)
        return Fetched.of(found, from_cache=True) if found else None

    def fetch(
        self, source: CloudSource, url: str, *, token: CancelToken, advance: Advance, wait_s: float
    ) -> Fetched | None:
        """Give the track, from the cache or the server.

        Args:
            source: The track.
            url: Address of its audio.
            token: Heard in every wait.
            advance: Told how many of its bytes are had, from this thread.
            wait_s: Longest wait for another process that is at it; 0 does not wait.

        Returns:
            None when another process is at it and `wait_s` is 0. After a longer wait in vain it is fetched all the
            same: two writers do no harm.

        Raises:
            ExportCancelled: Cancelled; what came is kept.
            TrackError: It cannot be had.
            ChadError: Nothing can be had.
        """
        with naming_disk_errors(self.cache.layout.folder, "store tracks in"):
            try:
                return self._fetch(source, url, token, advance, wait_s)
            except FileNotFoundError:
                # The operating system may take the cache at any moment, folders and open files included.
                self.cache.prepare()
                return self._fetch(source, url, token, advance, wait_s)

    def _fetch(
        self, source: CloudSource, url: str, token: CancelToken, advance: Advance, wait_s: float
    ) -> Fetched | None:
        found = self.cached(source)
        if found:
            return found
        with self.cache.locked(source, token, wait_s=wait_s) as hold:
            if hold is Hold.BUSY and not wait_s:
                return None
            return self.cached(source) or self._download(source, url, token, advance)

    def _download(self, source: CloudSource, url: str, token: CancelToken, advance: Advance) -> Fetched:
        reached = 0

        def note(bytes_done: int) -> None:
            nonlocal reached
            reached = max(reached, bytes_done)
            advance(bytes_done)

        return retrying(
            lambda: self._attempt(source, url, token, note),
            policy=self.policy,
            token=token,
            reached=lambda: reached,
        )

    def _attempt(self, source: CloudSource, url: str, token: CancelToken, advance: Advance) -> Fetched:
        work = self.cache.claim(source)
        try:
            body = self._fill(work, source, url, token, advance)
            audio_format, verified = body.expectation.check(work.path, size_bytes=body.size_bytes, sha256=body.sha256)
            extension = final_extension(
                audio_format,
                stream_path=source.stream_path,
                content_type=body.reply.headers.get("Content-Type") or source.content_type,
                content_disposition=body.reply.headers.get("Content-Disposition"),
            )
            token.raise_if_cancelled()
            stored = self.cache.publish(source, work, extension=extension, sha256=body.sha256, verified=verified)
        except _NOT_WORTH_KEEPING:
            work.drop()
            raise
        except BaseException:
            work.put_aside()
            raise
        return Fetched.of(stored, from_cache=False)

    def _fill(self, work: WorkFile, source: CloudSource, url: str, token: CancelToken, advance: Advance) -> _Body:
        digest = _digest_of(work, token)
        have = work.size_bytes
        request = Request(url, str(source), headers=range_headers(have, work.validator))
        with self.transport.opening(request, token) as incoming:
            reply = incoming.reply
            step = judge(reply, have=have, validator=work.validator)
            if step is not Step.RESTART:
                if step is Step.WHOLE:
                    digest = work.restart()
                    work.validator = validator_of(reply)
                    have = 0
                total = work.validator.total_bytes if work.validator else reply.content_length
                expected = Expectation.of(source, reply, total_bytes=total, max_bytes=self.max_track_bytes)
                if have:
                    expected.check_lengths()
                if step is not Step.COMPLETE:
                    incoming.receive(
                        work.stream,
                        digest=digest,
                        limit_bytes=expected.limit_bytes - have,
                        inspect=expected.check_first if not have else _ignore,
                        advance=lambda count: advance(have + count),
                    )
                return _Body(reply, expected, digest.hexdigest(), work.size_bytes)
        # Outside the block, so that the refused answer's connection is free. Without a partial it cannot come to this.
        work.restart()
        return self._fill(work, source, url, token, advance)


def _digest_of(work: WorkFile, token: CancelToken) -> hashlib._Hash:
    """Give the digest of what is there and leave the file at its end; other bytes than were put aside are forgotten."""
    if work.digest is None:
        digest = hashlib.sha256()
        work.stream.seek(0)
        while piece := work.stream.read(_HASH_BYTES):
            token.raise_if_cancelled()
            digest.update(piece)
        if digest.hexdigest() != work.noted_sha256:
            return work.restart()
        work.digest = digest
    return work.digest


def _ignore(head: bytes) -> None:
    """Look at nothing: these are not the first bytes of a file."""
