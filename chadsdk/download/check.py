"""What must be true of a body, before, while and after it comes: decisions, almost no I/O."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path

from chadsdk.cache import Verified
from chadsdk.errors import IntegrityError, NotAudioError, ProtocolError, TruncatedError
from chadsdk.media import AudioFormat, check_whole, early_refusal, sniff_file
from chadsdk.source import CloudSource
from chadsdk.transport import Reply

__all__ = ["Expectation", "refuse_impostor"]

# RFC 9530: a structured-field dictionary of byte sequences.
_SHA256_DIGEST = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]{44}):")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is known of a whole file once the headers are here.

    Attributes:
        source: The track.
        size_bytes: Its length, from the model or the headers.
        sha256: Its digest, from the model or the headers.
        limit_bytes: Most bytes to accept.
    """

    source: CloudSource
    size_bytes: int | None
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

        Raises:
            IntegrityError: They contradict each other.
            ProtocolError: Over the cap.
        """
        if None not in {source.size_bytes, total_bytes} and source.size_bytes != total_bytes:
            raise IntegrityError(f"The server sends {total_bytes} bytes for {source}, not {source.size_bytes}.")
        size = total_bytes if source.size_bytes is None else source.size_bytes
        if size is not None and size > max_bytes:
            raise ProtocolError(f"{source} is {size} bytes long, more than the limit of {max_bytes}.")
        return cls(source, size, source.sha256 or _digest_of(reply), max_bytes if size is None else size)

    def check(self, path: Path, *, size_bytes: int, sha256: str) -> tuple[AudioFormat, Verified]:
        """Check a file that is all here.

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
            audio_format = sniff_file(path)
        except NotAudioError as exc:
            raise NotAudioError(f"The server's answer for {self.source} is not audio: {exc}") from exc
        if self.sha256 is not None:
            if sha256 != self.sha256:
                raise IntegrityError(f"{self.source} arrived with another digest than the server says.")
            return audio_format, Verified.DIGEST
        if self.size_bytes is not None:
            return audio_format, Verified.LENGTH
        check_whole(path, audio_format)
        return audio_format, Verified.SIGNATURE


def refuse_impostor(head: bytes, source: CloudSource) -> None:
    """Look at the first bytes.

    Raises:
        NotAudioError: They are those of a page, a report or an archive.
    """
    found = early_refusal(head)
    if found is not None:
        raise NotAudioError(f"The server answered with {found} instead of audio for {source}.")


def _digest_of(reply: Reply) -> str | None:
    found = _SHA256_DIGEST.search(reply.headers.get("Repr-Digest", ""))
    if found is None:
        return None
    try:
        digest = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        return None
    return digest.hex() if len(digest) == 32 else None
