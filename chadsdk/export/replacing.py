"""What stands in the way of an export, and what a process that died left beside it."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from chadsdk.disk import naming_disk_errors
from chadsdk.errors import ConfigurationError, DataError, ExportExistsError, FormatError, StorageError
from chadsdk.export.manifest import MANIFEST_NAME, MISSING_NAME, Manifest
from chadsdk.export.plan import AUDIO_FOLDER, folder_name
from chadsdk.export.temporary import clear_away, in_use, left_by_the_dead, temporary_name
from chadsdk.export.writers import writer_of

__all__ = [
    "refuse_folder",
    "refuse_strange_audio",
    "swap",
    "tidy_up",
    "untouched_formats",
]

_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}  # of file managers


def refuse_folder(final: Path, *, replace: bool) -> None:
    """Refuse a name that is taken.

    Raises:
        ExportExistsError: Something stands there; or it may be replaced, but is no export of ours.
        StorageError: What stands there cannot be looked at.
    """
    if not os.path.lexists(final):
        return
    if not replace:
        raise ExportExistsError(f"The folder {final} exists already.", folder=final, replaceable=_is_replaceable(final))
    why_not = _why_not_replaced(final)
    if why_not is not None:
        raise ExportExistsError(f"{final} is not replaced, because it is {why_not}", folder=final)


def _is_replaceable(final: Path) -> bool:
    with contextlib.suppress(StorageError):  # whatever it is, it is in the way
        return _why_not_replaced(final) is None
    return False


def _why_not_replaced(final: Path) -> str | None:
    if final.is_symlink() or not final.is_dir():
        return "no folder."
    try:
        Manifest.load(final)
    except DataError as exc:
        return f"no export: {exc}"
    return None


def refuse_strange_audio(folder: Path, files: Iterable[str] = ()) -> None:
    """Refuse to complete an export whose audio is not what an export wrote: plain files in a plain folder.

    A link would lead what is written, and what is copied into project files, out of the export; a FIFO would never end.

    Args:
        folder: The export.
        files: Exported files, relative to it; those that are gone are passed over.

    Raises:
        StorageError: The folder of audio, or one of the files, is something else.
    """
    files = list(files)
    folders = {str(each) for file in files for each in PurePosixPath(file).parents} | {AUDIO_FOLDER}
    for kind, is_right, names in (("folder", stat.S_ISDIR, folders - {"."}), ("file", stat.S_ISREG, files)):
        for path in (folder / name for name in sorted(names)):
            with naming_disk_errors(path, "look at"), contextlib.suppress(FileNotFoundError):
                if not is_right(path.lstat().st_mode):
                    raise StorageError(f"{path} is no plain {kind}, so the export is not completed.", path=path)


def swap(final: Path, take_name: Callable[[], object]) -> Path | None:
    """Move an older export aside, let the new one take its name, and remove the older one.

    An older export that holds files that no export wrote, such as a project that was saved into it, is kept under
    another name; so is one that cannot be looked through.

    Args:
        final: The name.
        take_name: Gives it to the new export.

    Returns:
        Where the older export is kept; None when it is gone.

    Raises:
        ExportExistsError: Another process was quicker.
        OSError: The file system refuses; the older export is back in its place.
    """
    aside = final.with_name(temporary_name(final.name, "old"))
    with in_use(aside):
        final.rename(aside)
        try:
            take_name()
        except ExportExistsError:  # another process replaced it in between, and its export stands
            _remove_or_keep(aside, final)
            raise
        except BaseException:
            aside.rename(final)
            raise
        return _remove_or_keep(aside, final)


def tidy_up(final: Path) -> None:
    """Clear up what exports of the same name left on this computer: their process died, or the disk refused.

    A growing folder is removed. An older export that was about to be replaced goes back to its name if that is free.
    Looked for beside the export and, where project files that are folders were replaced, in it.
    """
    with contextlib.suppress(OSError):  # what is left lies in nobody's way; the next export tries again
        for candidate in final.parent.iterdir():
            kind = left_by_the_dead(candidate, final.name)
            if kind == "partial":
                clear_away(candidate)
            elif kind == "old" and os.path.lexists(final):
                _remove_or_keep(candidate, final)
            elif kind == "old":
                candidate.rename(final)
    with contextlib.suppress(OSError):  # there is no such folder yet; or as above
        for candidate in final.iterdir():  # a project file that is a folder, while it was replaced
            if left_by_the_dead(candidate, candidate.name.partition(".partial-")[0]) == "partial":
                clear_away(candidate)


def _remove_or_keep(aside: Path, final: Path) -> Path | None:
    """Remove an older export, or give it a name to be kept under; whatever fails here, the new export stands."""
    if _holds_foreign_files(aside):
        number = 1
        while os.path.lexists(kept := final.with_name(f"{final.name} (replaced {number})")):
            number += 1
        return _renamed(aside, kept)
    # Under a name that says so: half removed, it could not be told from an export that somebody has worked on.
    clear_away(_renamed(aside, final.with_name(temporary_name(final.name, "partial"))))
    return None


def _renamed(folder: Path, name: Path) -> Path:
    try:
        return folder.rename(name)
    except OSError:
        return folder


def _holds_foreign_files(folder: Path) -> bool:
    """Whether there is anything in it that an export did not write, or not as it is now, or may be."""
    try:
        return _is_touched(Manifest.load(folder), folder)
    except (DataError, StorageError, OSError):  # then nothing says what an export wrote, or what is there
        return True


def _is_touched(manifest: Manifest, folder: Path) -> bool:
    sizes = {entry.file: entry.size_bytes for entry in manifest.exported}
    papers = {MANIFEST_NAME, MISSING_NAME}
    projects = _outputs(manifest)
    finished_ns = (folder / MANIFEST_NAME).stat().st_mtime_ns  # the manifest is written last
    for path, status in _walk(folder):
        file = path.relative_to(folder).as_posix()
        if file in papers:
            continue
        ours = file in projects or file.startswith(tuple(f"{output}/" for output in projects))
        ours = ours or (file in sizes and status.st_size == sizes[file])
        if not ours or status.st_mtime_ns > finished_ns:
            return True  # somebody's own, or one of ours that somebody has worked on
    return False


def untouched_formats(manifest: Manifest, folder: Path) -> tuple[tuple[str, ...], list[str]]:
    """Give the formats whose files are as an export wrote them, and a sentence for each other one.

    Raises:
        StorageError: The folder cannot be looked at.
    """
    with naming_disk_errors(folder, "look at"):
        return _untouched_formats(manifest, folder)


def _untouched_formats(manifest: Manifest, folder: Path) -> tuple[tuple[str, ...], list[str]]:
    finished_ns = (folder / MANIFEST_NAME).stat().st_mtime_ns
    untouched, stale = [], []
    for name in manifest.formats:
        try:
            output = writer_of(name).output_of(folder_name(manifest.playlist))
        except (ConfigurationError, FormatError) as exc:
            stale.append(f"The file of the format {name} is as it was: {exc}")
            continue
        there = os.path.lexists(folder / output)
        if there and any(status.st_mtime_ns > finished_ns for _, status in _walk(folder / output)):
            stale.append(f"{output} is as it was, because it was worked on since the export.")
        else:
            untouched.append(name)
    return tuple(untouched), stale


def _outputs(manifest: Manifest) -> tuple[str, ...]:
    """What the formats of an export wrote; without those whose package is gone."""
    found = []
    for name in manifest.formats:
        with contextlib.suppress(ConfigurationError, FormatError):
            found.append(writer_of(name).output_of(folder_name(manifest.playlist)))
    return tuple(found)


def _walk(top: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Give every file in a folder, or the file itself.

    Raises:
        OSError: A folder cannot be listed.
    """

    def fail(exc: OSError) -> None:  # else it would count as empty
        raise exc

    if top.is_symlink() or not top.is_dir():
        yield top, top.lstat()
        return
    for root, _, names in os.walk(top, onerror=fail):
        for name in names:
            if name not in _LITTER:
                yield Path(root, name), Path(root, name).lstat()
