"""`Project`: what a writer sees of an export: relative files in their order, and nothing of where they came from."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Clip", "Project"]


@dataclass(frozen=True, slots=True)
class Clip:
    """One entry of the mix.

    Attributes:
        position: From 1.
        title: Title.
        artist: Artist.
        file: Name in the export folder, relative, with forward slashes; for a missing track, the name it would have.
        duration_s: Length in seconds, None when unknown.
        missing: Why it is missing, as a sentence; None when the file is there.
    """

    position: int
    title: str
    artist: str | None
    file: str
    duration_s: float | None
    missing: str | None


@dataclass(frozen=True, slots=True)
class Project:
    """A mix, ready to be written in any format.

    Attributes:
        name: Name of the playlist.
        file_stem: The same as a portable file name.
        clips: In playlist order.
    """

    name: str
    file_stem: str
    clips: tuple[Clip, ...]
