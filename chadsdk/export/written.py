"""`WrittenFile`: what an export wrote beside the audio, file by file, so that nothing else is taken for its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chadsdk.decode import Field, Misfit, read_fields, text, whole_number
from chadsdk.errors import UnsafeNameError
from chadsdk.files import inside

__all__ = ["WrittenFile", "files_below", "read_file_name", "read_written", "written_below"]


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file of a format.

    Attributes:
        format: Name of the format.
        file: Its name in the export folder, relative, with forward slashes.
        size_bytes: Its length when it was written.
    """

    format: str
    file: str
    size_bytes: int


def written_below(folder: Path, output: str, format_name: str) -> Iterator[WrittenFile]:
    """Give what a format has just written.

    Left out is a name that no manifest can hold: such a file then counts as somebody's own, and is kept.

    Args:
        folder: The export folder.
        output: The format's file or folder in it.
        format_name: Name of the format.

    Raises:
        OSError: It cannot be looked through.
    """
    for path, status in files_below(folder / output):
        file = path.relative_to(folder).as_posix()
        if _can_be_told(file):
            yield WrittenFile(format_name, file, status.st_size)


def files_below(top: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Give whatever is no folder in a folder, links to folders included; or the file itself.

    Raises:
        OSError: A folder cannot be listed.
    """

    def fail(exc: OSError) -> None:  # else it would count as empty
        raise exc

    if top.is_symlink() or not top.is_dir():
        yield top, top.lstat()
        return
    for root, folders, names in os.walk(top, onerror=fail):
        links = [name for name in folders if Path(root, name).is_symlink()]
        for name in (*names, *links):
            yield Path(root, name), Path(root, name).lstat()


def read_written(value: object) -> WrittenFile:
    """Read one from a parsed JSON value.

    Raises:
        Misfit: It is none.
    """
    return WrittenFile(**read_fields(value, _WRITTEN))


def read_file_name(value: object) -> str:
    """Read the name of a file in the export.

    Raises:
        Misfit: It leads out of the export, or is none.
    """
    try:
        inside(Path(), text(value))
    except UnsafeNameError as exc:
        raise Misfit(str(exc)) from None
    return text(value)


def _can_be_told(file: str) -> bool:
    try:
        file.encode()
        inside(Path(), file)
    except (UnicodeEncodeError, UnsafeNameError):
        return False
    return True


_WRITTEN = (
    Field("format", "format", text, required=True),
    Field("file", "file", read_file_name, required=True),
    Field("size_bytes", "size_bytes", whole_number, required=True),
)
