"""`Writer`: what a format of project files is to an export. Other packages make their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chadsdk.cancel import CancelToken
from chadsdk.export.project import Project

__all__ = ["Desk", "Writer"]


def _need_nothing() -> None:
    pass


def _refuse_nothing(project: Project) -> None:
    del project


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a writer works.

    Attributes:
        folder: The export folder while it grows: what a writer writes goes in here.
        token: To be asked before each piece of audio that is copied.
        audio: Gives the path of a clip's audio by its `Clip.file`; it may lie elsewhere than in `folder`.
    """

    folder: Path
    token: CancelToken
    audio: Callable[[str], Path]


@dataclass(frozen=True, slots=True)
class Writer:
    """A format. An entry point of the group ``chadsdk.writers`` names one.

    Attributes:
        output: What it writes: the name, and no path, of a file or a folder of its own in the export folder. ``{stem}``
            stands for the name of the playlist as a portable file name.
        write: Writes a project; raises `OSError` when the file system refuses, and `ExportCancelled`.
        check: Reads what was written back and compares it with the project; raises `FormatError` where they differ.
        refuse: Raises `FormatError` for a project that the format cannot hold; called before anything is written.
        needs: Raises `ConfigurationError` where a library that it needs is not installed; called whenever the writer is
            asked for, so before anything is downloaded.
        copies_audio: Whether it writes the audio once more; an export then asks for the room.

    One of another package writes plain files, under its own name alone. What else it raises becomes a `FormatError` (of
    `needs`, a `ConfigurationError`) that names it.
    """

    output: str
    write: Callable[[Project, Desk], None]
    check: Callable[[Project, Desk], None]
    refuse: Callable[[Project], None] = _refuse_nothing
    needs: Callable[[], None] = _need_nothing
    copies_audio: bool = False

    def output_of(self, stem: str) -> str:
        """Give the name of what it writes for a playlist of that portable name."""
        return self.output.replace("{stem}", stem)

    def path(self, project: Project, desk: Desk) -> Path:
        """Give where what it writes lies."""
        return desk.folder / self.output_of(project.file_stem)
