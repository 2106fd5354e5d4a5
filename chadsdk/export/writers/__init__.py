"""One file per format. A writer takes a `Project` and a folder, and gives the file it wrote there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from chadsdk.export.project import Project
from chadsdk.export.writers import m3u8

__all__ = ["ALWAYS", "WRITERS", "Writer"]

Writer = Callable[[Project, Path], Path]

WRITERS: Mapping[str, Writer] = {"m3u8": m3u8.write}
ALWAYS = ("m3u8",)
