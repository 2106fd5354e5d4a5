"""What stands in the way of an export, and what a process that died left beside it."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from chadsdk.disk import naming_disk_errors
from chadsdk.errors import DataError, ExportExistsError, StorageError
from chadsdk.export.manifest import Manifest
from chadsdk.export.plan import AUDIO_FOLDER
from chadsdk.export.temporary import clear_away, in_use, left_by_the_dead, temporary_name
from chadsdk.export.untouched import holds_foreign_files

__all__ = [
    "refuse_folder",
    "refuse_strange_audio",
    "swap",
    "tidy_up",
]


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
    if holds_foreign_files(aside):
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
