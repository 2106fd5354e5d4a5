"""What is known of one audio file of a world. Owns no audio code, so that the server need not load any."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Recording", "sha256_of"]


@dataclass(frozen=True, slots=True)
class Recording:
    """One audio file and the facts that a test holds a download or a render against.

    Attributes:
        file: Where it lies.
        format: Name of its recipe, such as ``wav24``; the key of `harness.audio.FORMATS`.
        duration_s: Length that a decoder finds.
        sample_rate_hz: Frames per second.
        channels: 1 or 2.
        frequency_hz: The tone that sounds in it, by which a render tells which file sounds where.
        size_bytes: Length of the file.
        sha256: Lower-case hexadecimal digest of the file.
    """

    file: Path
    format: str
    duration_s: float
    sample_rate_hz: int
    channels: int
    frequency_hz: float
    size_bytes: int
    sha256: str


def sha256_of(file: Path) -> str:
    """The lower-case hexadecimal sha256 of a file, read in constant memory."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
