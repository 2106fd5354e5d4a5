"""What writers of other packages leave in an export: plain files under their own name, and all others as they were."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chadsdk.errors import ConfigurationError, FormatError
from chadsdk.export.project import Project
from chadsdk.export.writers.writer import Desk
from chadsdk.export.written import files_below
from chadsdk.text import one_line

__all__ = ["watched"]

Identity = tuple[int, int, int, int]


@contextmanager
def watched(name: str, own: Path, project: Project, desk: Desk) -> Iterator[None]:
    """Look after the files of an export while a format of another package is at work in the block.

    Files are looked at and not opened: one that is no plain file might never end.

    Args:
        name: Of the format.
        own: Its file or folder.
        project: What it works on.
        desk: Where it works.

    Raises:
        ConfigurationError: It added, changed or removed another file. A retry does not go on after that, either.
        FormatError: What it wrote is neither a plain file nor a folder of plain files.
        OSError: The files cannot be looked at.
    """
    before = _others(own, project, desk)
    try:
        yield
    except FormatError:  # a retry goes on after this one
        _compare(name, before, _others(own, project, desk))
        raise
    _compare(name, before, _others(own, project, desk))
    with contextlib.suppress(FileNotFoundError):  # it wrote nothing
        for path, status in files_below(own):
            if not stat.S_ISREG(status.st_mode):
                raise FormatError(
                    f"The format {name!r} wrote {one_line(path.name)!r}, which is no plain file or folder."
                )


def _others(own: Path, project: Project, desk: Desk) -> dict[Path, Identity]:
    """Give what tells of a change of all other files in the folder, and of audio that lies elsewhere."""
    found = {path: _identity(status) for path, status in files_below(desk.folder) if not path.is_relative_to(own)}
    for clip in project.clips:
        audio = desk.audio(clip.file)
        if clip.missing is None and audio not in found:
            with contextlib.suppress(FileNotFoundError):
                found[audio] = _identity(audio.lstat())
    return found


def _identity(status: os.stat_result) -> Identity:
    return status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns


def _compare(name: str, before: dict[Path, Identity], after: dict[Path, Identity]) -> None:
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    if changed:
        file = one_line(changed[0].name)
        raise ConfigurationError(
            f"The format {name!r} is not to be trusted: it changed {file!r}, which is not its own."
        )
