"""`Filling`: one file that is being fetched, by the worker it belongs to and by any that has nothing else to do.

The owner asks for the whole file, or for what a partial lacks. A helper asks for the second half of the longest range
under way; only when a 206 has come for it is that range cut short, so a server that refuses ranges costs the file
nothing. Each writes through a stream of its own to places that nobody else writes to.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import BinaryIO

from chadsdk.cache import WorkFile
from chadsdk.cancel import CancelToken
from chadsdk.download.check import Body, Expectation
from chadsdk.download.digest import RunningDigest
from chadsdk.download.helpers import Helpers
from chadsdk.download.parts import Part, Parts
from chadsdk.download.resume import RangeAsked, Step, judge, validator_of
from chadsdk.errors import ExportCancelled, TrackError, TruncatedError
from chadsdk.exchange import Incoming, Intake, Reply, Request
from chadsdk.source import CloudSource
from chadsdk.transport import Transport

__all__ = ["Filling"]

_WAIT_S = 0.02
_NOT_THE_OWNERS = {errno.ENOENT, errno.EMFILE, errno.ENFILE}  # what hinders a helper and need not hinder him


class Filling:
    """One file. `fill` and `close` are for its owner's thread, the rest for any.

    Args:
        transport: Sends the requests.
        source: The track.
        url: Address of its audio.
        work: Where it goes; the owner of the filling owns it too.
        max_bytes: Cap for any file.
        least_bytes: Shortest part that is worth a connection of its own.
        advance: Told how many bytes of the file are here, from any thread.
    """

    def __init__(
        self,
        transport: Transport,
        source: CloudSource,
        url: str,
        work: WorkFile,
        *,
        max_bytes: int,
        least_bytes: int,
        advance: Callable[[int], object],
    ) -> None:
        self._transport = transport
        self._source = source
        self._url = url
        self._work = work
        self._max_bytes = max_bytes
        self._least_bytes = least_bytes
        self._advance = advance
        self._parts: Parts | None = None
        self._reply: Reply | None = None
        self._expectation: Expectation | None = None
        self._digest = RunningDigest()
        self._helpers = Helpers()
        self._disk_refuses = False
        self.refuses_ranges = False

    def fill(self, token: CancelToken) -> Body:
        """Fetch what is not here yet.

        Raises:
            ExportCancelled: Cancelled; what came is in the work file.
            TrackError: It cannot be had now; what came is in the work file.
            ChadError: Nothing can be had.
            OSError: The file cannot take it.
        """
        if self._parts is None and self._work.validator is not None:
            total = self._work.validator.total_bytes
            self._begin(Parts(total, held=self._work.spans, least_bytes=self._least_bytes))
        if self._parts is None or self._work.validator is None or not self._parts.held_bytes:
            self._fetch_whole(token)
        while not (self._parts is not None and self._parts.complete and self._reply is not None):
            self._fetch_next(token)
        return self._body(token)

    @property
    def worth_helping(self) -> int:
        """Bytes of the longest range that a helper could take a half of; 0 when there is none."""
        parts = self._parts
        return parts.worth_splitting if parts is not None and not self.refuses_ranges else 0

    def help(self, token: CancelToken) -> bool:
        """Fetch half of the longest range under way.

        Returns:
            Whether anything was fetched.

        Raises:
            ExportCancelled: Cancelled by the caller.
            ChadError: Nothing can be had.
            OSError: The file cannot take it.
        """
        with self._helpers.one(token) as mine:
            parts, validator = self._parts, self._work.validator
            offered = parts.offer() if mine is not None and parts is not None and validator is not None else None
            if mine is None or parts is None or validator is None or offered is None:
                return False
            part, middle = offered
            try:
                return self._take_over(parts, part, RangeAsked(middle, part.stop, validator), mine)
            except ExportCancelled:
                token.raise_if_cancelled()
                return False  # the owner sent us away
            except (TrackError, OSError) as exc:
                # The owner has the retries, and will find what is left; or that somebody took the whole cache away.
                if isinstance(exc, OSError) and exc.errno not in _NOT_THE_OWNERS:
                    self._disk_refuses = True
                    raise
                parts.stop_splitting()
                return False
            finally:
                parts.withdraw(part, middle)

    def close(self) -> None:
        """Send the helpers away, and note in the work file what it holds. Nobody writes to it afterwards."""
        self._helpers.send_away()
        if self._disk_refuses:
            self._work.validator = None  # there is no room for what a helper brought, nor for keeping the rest
        elif self._parts is not None:
            self._work.spans = self._parts.spans

    def restart(self) -> None:
        """Forget every byte: they turned out wrong."""
        self._helpers.send_away()
        self._work.restart()
        self._parts = self._reply = self._expectation = None
        self._digest = RunningDigest()

    def _fetch_next(self, token: CancelToken) -> None:
        assert self._parts is not None, "there are parts once something came"  # noqa: S101
        part = self._parts.take()
        if part is not None:
            self._fetch_part(part, token)
        elif self._parts.complete:
            # A partial that lacks nothing: the answer says whether it is still the version of today.
            total = self._parts.total_bytes
            self._fetch_part(Part(total, total, total), token)
        elif not self.help(token):
            token.sleep(_WAIT_S)  # helpers are at all that is left

    def _fetch_part(self, part: Part, token: CancelToken) -> None:
        validator, parts = self._work.validator, self._parts
        assert validator is not None and parts is not None, "parts are asked for by their version"  # noqa: S101, PT018
        asked = RangeAsked(part.at, part.stop, validator)
        try:
            with self._opening(token, asked) as incoming:
                step = judge(incoming.reply, asked)
                if step is Step.WHOLE:
                    self._take_whole(incoming)
                elif step is not Step.RESTART:
                    # The headers of a 416 are about the refusal, and not about the audio.
                    reply = incoming.reply if step is Step.APPEND else Reply(incoming.reply.status, {})
                    expected = self._expect(reply, validator.total_bytes)
                    expected.check_lengths()
                    if step is Step.APPEND:
                        self._receive(incoming, parts, part, self._work.stream, end=asked.stop)
                    return
        finally:
            parts.give_back(part)
        if step is Step.RESTART:  # outside the block, so that the refused answer's connection is free
            self.restart()
            self._fetch_whole(token)

    def _fetch_whole(self, token: CancelToken) -> None:
        with self._opening(token, None) as incoming:
            judge(incoming.reply, None)
            self._take_whole(incoming)

    def _take_whole(self, incoming: Incoming) -> None:
        if self._parts is not None:
            self.restart()
        reply = incoming.reply
        validator = self._work.validator = validator_of(reply)
        expected = self._expect(reply, reply.content_length)
        parts = Parts(expected.limit_bytes, least_bytes=self._least_bytes if validator else None)
        part = parts.take() or Part(0, 0, 0)
        self._begin(parts)
        try:
            self._receive(incoming, parts, part, self._work.stream, end=parts.total_bytes, inspect=expected.check_first)
        finally:
            parts.give_back(part)
        if validator is None and part.left:  # its end told how long it is
            self._parts = Parts(part.at, held=[(0, part.at)])

    def _take_over(self, parts: Parts, part: Part, asked: RangeAsked, token: CancelToken) -> bool:
        with self._opening(token, asked) as incoming:
            if judge(incoming.reply, asked) is not Step.APPEND:
                self.refuses_ranges = True
                parts.stop_splitting()  # before anybody else asks the same
                return False
            rest = parts.split(part, asked.start)
            if rest is None:
                return True
            try:
                with self._work.reopened() as stream:
                    stream.truncate(parts.total_bytes)  # from here on the length says nothing, the parts do
                    self._receive(incoming, parts, rest, stream, end=asked.stop)
            finally:
                parts.give_back(rest)
            return True

    def _receive(
        self,
        incoming: Incoming,
        parts: Parts,
        part: Part,
        stream: BinaryIO,
        *,
        end: int,
        inspect: Callable[[bytes], object] = lambda head: None,
    ) -> None:
        expected, digest = self._expectation, self._digest
        in_order = part.at == digest.at and expected is not None and expected.sha256 is not None

        def advance(at: int) -> None:
            if in_order:
                digest.at = at
            self._advance(parts.note(part, at))

        stream.seek(part.at)
        hasher = digest.hasher if in_order else None
        incoming.receive(Intake(stream, part.at, end, lambda at: parts.room(part, at), advance, inspect, hasher))
        if part.left and self._work.validator is not None:
            raise TruncatedError(f"The connection ended in the middle of {self._source}.")

    def _opening(self, token: CancelToken, asked: RangeAsked | None) -> AbstractContextManager[Incoming]:
        headers = asked.headers if asked else {}
        return self._transport.opening(Request(self._url, str(self._source), headers=headers), token)

    def _expect(self, reply: Reply, total_bytes: int | None) -> Expectation:
        expected = Expectation.of(self._source, reply, total_bytes=total_bytes, max_bytes=self._max_bytes)
        self._reply = self._reply or reply  # the first says what a part may leave out (RFC 9110, 15.3.7)
        self._expectation = expected.knowing(self._work.sha256)
        self._work.sha256 = self._expectation.sha256
        return self._expectation

    def _body(self, token: CancelToken) -> Body:
        assert self._parts and self._reply and self._expectation, "filled"  # noqa: S101, PT018
        sha256 = self._digest.over(self._work.stream, token) if self._expectation.sha256 is not None else None
        return Body(self._reply, self._expectation, self._parts.held_bytes, sha256)

    def _begin(self, parts: Parts) -> None:
        self._parts = parts
        self._helpers.welcome()
