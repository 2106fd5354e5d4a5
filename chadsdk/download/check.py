"""What must be true of a body, before, while and after it comes: decisions, almost no I/O."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from chadsdk.cache import Verified
from chadsdk.errors import IntegrityError, NotAudioError, ProtocolError, TruncatedError
from chadsdk.exchange import Reply
from chadsdk.media import AudioFormat, check_whole, early_refusal, sniff_stream
from chadsdk.source import CloudSource

__all__ = ["Body", "Expectation"]

# RFC 9530: a structured-field dictionary of byte sequences.
_SHA256_DIGEST = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]{44}):")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is known of a whole file once the headers are here.

    Attributes:
        source: The track.
        size_bytes: Its length, from the model or the headers.
        announced_bytes: Its length by the headers alone.
        sha256: Its digest, from the model or the headers.
        limit_bytes: Most bytes to accept.
    """

    source: CloudSource
    size_bytes: int | None
    announced_bytes: int | None
    sha256: str | None
    limit_bytes: int

    @classmethod
    def of(cls, source: CloudSource, reply: Reply, *, total_bytes: int | None, max_bytes: int) -> Expectation:
        """Join what the model and the headers say.

        Args:
            source: The track.
            reply: The headers.
            total_bytes: Length of the whole file by the headers.
            max_bytes: Cap for any file.
        """
        size = total_bytes if source.size_bytes is None else source.size_bytes
        limit = max_bytes if size is None else min(size, max_bytes)
        return cls(source, size, total_bytes, source.sha256 or _digest_of(reply), limit)

    def knowing(self, sha256: str | None) -> Expectation:
        """Give the same with the digest that an earlier reply of this version named, maybe to another process.

        What the model says today is above that.

        Raises:
            IntegrityError: The reply names another one.
        """
        if sha256 is None or self.source.sha256 is not None:
            return self
        if self.sha256 not in {None, sha256}:
            raise IntegrityError(f"The server names two digests for one version of {self.source}.")
        return replace(self, sha256=sha256)

    def check_lengths(self) -> None:
        """Compare what is said of the length, before the body is taken.

        Raises:
            IntegrityError: Model and headers contradict each other.
            ProtocolError: Over the cap.
        """
        if self.announced_bytes not in {None, self.size_bytes}:
            raise IntegrityError(
                f"The server sends {self.announced_bytes} bytes for {self.source}, not {self.size_bytes}."
            )
        if self.size_bytes is not None and self.size_bytes > self.limit_bytes:
            raise ProtocolError(
                f"{self.source} is {self.size_bytes} bytes long, more than the limit of {self.limit_bytes}."
            )

    def check_first(self, head: bytes) -> None:
        """Look at the first bytes of a file, then at its announced length: a login page has a wrong length too.

        Raises:
            NotAudioError: They are those of a page, a report or an archive.
            TrackError: See `check_lengths`.
        """
        found = early_refusal(head)
        if found is not None:
            raise NotAudioError(f"The server answered with {found} instead of audio for {self.source}.")
        self.check_lengths()

    def check(
        self, path: Path, stream: BinaryIO, *, size_bytes: int, sha256: str | None
    ) -> tuple[AudioFormat, Verified]:
        """Check a file that is all here.

        Args:
            path: The file.
            stream: The same file, open for reading.
            size_bytes: Its length.
            sha256: Its digest; needed where one is expected.

        Returns:
            What format it is, and what could be compared.

        Raises:
            TruncatedError: Too short.
            IntegrityError: Empty, another digest, or cut where only the container tells.
            NotAudioError: No audio.
        """
        if size_bytes == 0:
            raise IntegrityError(f"The server sent nothing for {self.source}.")
        if self.size_bytes is not None and size_bytes < self.size_bytes:
            raise TruncatedError(f"{self.source} ended after {size_bytes} of {self.size_bytes} bytes.")
        try:
            audio_format = sniff_stream(stream, size_bytes)
        except NotAudioError as exc:
            raise NotAudioError(f"The server's answer for {self.source} is not audio: {exc}") from exc
        if self.sha256 is not None:
            if sha256 != self.sha256:
                raise IntegrityError(f"{self.source} arrived with another digest than the server says.")
            return audio_format, Verified.DIGEST
        if self.source.size_bytes is None:  # a length in the headers alone may be too small, and the body with it
            check_whole(path, audio_format)
        return audio_format, Verified.SIGNATURE if self.size_bytes is None else Verified.LENGTH


@dataclass(frozen=True, slots=True)
class Body:
    """A whole body in a work file.

    Attributes:
        reply: The headers it came with.
        expectation: What must be true of it.
        size_bytes: Its length.
        sha256: Its digest, where one is expected; None elsewhere.
    """

    reply: Reply
    expectation: Expectation
    size_bytes: int
    sha256: str | None


def _digest_of(reply: Reply) -> str | None:
    found = _SHA256_DIGEST.search(reply.headers.get("Repr-Digest", ""))
    if found is None:
        return None
    try:
        digest = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        return None
    return digest.hex() if len(digest) == 32 else None
