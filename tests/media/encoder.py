"""Files that no library here writes (AAC, Apple Lossless in MP4), made by an ``ffmpeg`` of the system."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["MP4_KINDS", "encoded", "ffmpeg_or_skip"]

MP4_KINDS = {
    "aac": ("-c:a", "aac", "-b:a", "256k"),
    "index first": ("-c:a", "aac", "-b:a", "256k", "-movflags", "+faststart"),
    "fragmented": ("-c:a", "aac", "-b:a", "256k", "-movflags", "frag_keyframe+empty_moov"),
    "alac": ("-c:a", "alac"),
}


def ffmpeg_or_skip() -> str:
    """The encoder; skips the test where there is none."""
    found = shutil.which("ffmpeg")
    if found is None:
        pytest.skip("there is no ffmpeg here (Debian's package `ffmpeg`)")
    return found


def encoded(source: Path, target: Path, *options: str) -> Path:
    """A sound file in another coding, by the extension of the target; gives the target back."""
    command = [ffmpeg_or_skip(), "-nostdin", "-v", "error", "-i", f"file:{source}", *options, f"file:{target}"]
    subprocess.run(command, check=True, timeout=60)
    return target
