"""One module per format: the suffix of its file, and a function that writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from chadsdk.export.project import Project
from chadsdk.export.writers import m3u8

__all__ = ["ALWAYS", "WRITERS", "Writer"]


@dataclass(frozen=True, slots=True)
class Writer:
    """A format.

    Attributes:
        suffix: Of its file, which is named like the export folder.
        write: Writes a project to a path; raises `OSError` when the file system refuses.
    """

    suffix: str
    write: Callable[[Project, Path], None]


WRITERS: Mapping[str, Writer] = {"m3u8": Writer(".m3u8", m3u8.write)}
ALWAYS = ("m3u8",)
