"""Whether an export is still what an export wrote: any other file, and any that was worked on, is the user's."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from chadsdk.disk import naming_disk_errors
from chadsdk.errors import ConfigurationError, DataError, ExportExistsError, FormatError, StorageError
from chadsdk.export.manifest import MANIFEST_NAME, MISSING_NAME, Manifest
from chadsdk.export.outputs import Outputs
from chadsdk.export.written import files_below
from chadsdk.text import one_line

__all__ = ["holds_foreign_files", "refuse_touched", "untouched_formats"]

_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}  # of file managers
_PAPERS = {MANIFEST_NAME, MISSING_NAME}


def holds_foreign_files(folder: Path) -> bool:
    """Whether there is anything in an export that no export wrote, or not as it is now, or may be."""
    try:
        manifest = Manifest.load(folder)
        sizes = _written(manifest) | {entry.file: entry.size_bytes for entry in manifest.exported}
        # The papers are written anew by each retry; what somebody notes in them is not looked for.
        return any(file not in _PAPERS for file in _not_as_written(folder, folder, sizes))
    except (DataError, StorageError, OSError):  # then nothing says what an export wrote, or what is there
        return True


def untouched_formats(manifest: Manifest, folder: Path) -> tuple[tuple[str, ...], list[str]]:
    """Give the formats whose files are as an export wrote them, and a sentence for each other one.

    Raises:
        StorageError: The folder cannot be looked at.
    """
    untouched, stale = [], []
    sizes, outputs = _written(manifest), Outputs(manifest.playlist)
    for name in manifest.formats:
        try:
            output = outputs.claim(name)
        except (ConfigurationError, FormatError) as exc:
            stale.append(f"The file of the format {name} is as it was: {exc}")
            continue
        with naming_disk_errors(folder, "look at"):
            why_not = _why_not_ours(folder, output, sizes)
        if why_not is None:
            untouched.append(name)
        else:
            stale.append(f"{output} is as it was, because {why_not}.")
    return tuple(untouched), stale


def refuse_touched(folder: Path, outputs: Iterable[str]) -> None:
    """Refuse to replace what somebody has worked on since it was last looked at.

    Args:
        folder: The export.
        outputs: Names of what the formats wrote in it.

    Raises:
        DataError: The export has no manifest any more.
        ExportExistsError: Something is not as an export wrote it.
        OSError: It cannot be looked at.
    """
    sizes = _written(Manifest.load(folder))
    for output in outputs:
        if (why_not := _why_not_ours(folder, output, sizes)) is not None:
            raise ExportExistsError(f"{folder / output} was in use meanwhile: {why_not}. Try again.", folder=folder)


def _written(manifest: Manifest) -> dict[str, int | None]:
    return {each.file: each.size_bytes for each in manifest.written}


def _why_not_ours(folder: Path, output: str, sizes: dict[str, int | None]) -> str | None:
    if not os.path.lexists(folder / output):
        return None
    file = next(_not_as_written(folder, folder / output, sizes), None)
    if file is None:
        return None
    if file not in sizes:
        return f"no export is known to have written {one_line(file)!r}"
    return "it was worked on since the export"


def _not_as_written(folder: Path, top: Path, sizes: dict[str, int | None]) -> Iterator[str]:
    """Give the files at or below `top` that are not of that length, or not in `sizes`, or younger than the manifest.

    The time alone tells nothing: many tools give a copy that of its original.
    """
    finished_ns = (folder / MANIFEST_NAME).stat().st_mtime_ns  # the manifest is written last
    for path, status in files_below(top):
        file = path.relative_to(folder).as_posix()
        if path.name in _LITTER and path != top:
            continue
        ours = stat.S_ISREG(status.st_mode) and sizes.get(file) == status.st_size
        if not ours or status.st_mtime_ns > finished_ns:
            yield file
