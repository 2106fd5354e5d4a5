"""`Staging`: the folder that an export grows in, and the one rename that gives it its name.

It lies beside the final folder, so that the rename is atomic.
"""

from __future__ import annotations

import contextlib
import errno
import filecmp
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chadsdk.cancel import CancelToken
from chadsdk.disk import naming_disk_errors
from chadsdk.errors import ExportExistsError
from chadsdk.export.manifest import MANIFEST_NAME, MISSING_NAME
from chadsdk.export.plan import AUDIO_FOLDER
from chadsdk.export.replacing import refuse_folder, refuse_strange_audio, swap
from chadsdk.export.temporary import clear_away, in_use, temporary_name
from chadsdk.export.untouched import refuse_touched
from chadsdk.files import sync_folder, sync_tree

__all__ = ["Staging"]

# What rename(2) says of a folder in the way that is not empty, and of a file.
_TAKEN = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}


class Staging:
    """A folder that becomes the export, or nothing.

    Attributes:
        path: The folder while it grows.
        final: Its name in the end.
    """

    def __init__(self, path: Path, final: Path) -> None:
        self.path = path
        self.final = final

    @classmethod
    @contextmanager
    def opened(cls, final: Path) -> Iterator[Staging]:
        """Make the folder; what is left of it after the block is removed.

        Raises:
            StorageError: The folder cannot be made.
        """
        path = final.with_name(temporary_name(final.name, "partial"))
        new_parents: list[Path] = []
        try:
            with naming_disk_errors(final.parent, "make a folder in"):
                new_parents = [parent for parent in final.parents if not parent.exists()]
                final.parent.mkdir(parents=True, exist_ok=True)
            with in_use(path):
                with naming_disk_errors(final.parent, "make a folder in"):
                    path.mkdir()  # what is there already is not ours to write into, nor to remove
                try:
                    with naming_disk_errors(path, "make a folder in"):
                        (path / AUDIO_FOLDER).mkdir()
                    yield cls(path, final)
                finally:
                    clear_away(path)
        finally:
            for parent in new_parents:
                with contextlib.suppress(OSError):  # not empty: the export is in it
                    parent.rmdir()

    def publish(self, token: CancelToken, *, replace: bool) -> Path | None:
        """Flush everything to the disk and give the folder its final name.

        A folder that is replaced is moved aside first and moved back if that name cannot be taken.

        Returns:
            Where the replaced folder is kept, because it holds files that no export wrote; None when it is gone.

        Raises:
            ExportCancelled: Cancelled before the rename.
            ExportExistsError: `final` has come to stand meanwhile and may not be replaced.
            StorageError: The file system refuses.
        """
        with naming_disk_errors(self.path, "finish"):
            sync_tree(self.path, token)
            token.raise_if_cancelled()
            refuse_folder(self.final, replace=replace)
            kept = None
            if replace and os.path.lexists(self.final):
                kept = swap(self.final, self._take_name)
            else:
                self._take_name()
            return kept

    def move_in(self, token: CancelToken) -> None:
        """Flush everything to the disk and move it into the finished folder: audio first, the manifest last.

        Audio that is there already is never replaced; papers are, each at once.

        Raises:
            ExportCancelled: Cancelled before the first move.
            ExportExistsError: Something else has come to stand under the name of a file, or somebody has worked on a
            project file; nothing was moved.
            StorageError: The file system refuses.
        """
        with naming_disk_errors(self.final, "complete"):
            sync_tree(self.path, token)
            token.raise_if_cancelled()
            refuse_strange_audio(self.final)
            papers = [path for path in self.path.iterdir() if path.name != AUDIO_FOLDER]
            refuse_touched(self.final, {path.name for path in papers} - {MANIFEST_NAME, MISSING_NAME})
            (self.final / AUDIO_FOLDER).mkdir(exist_ok=True)
            staged = [(audio, self.final / AUDIO_FOLDER / audio.name) for audio in (self.path / AUDIO_FOLDER).iterdir()]
            new = [(audio, target) for audio, target in staged if not _is_there(audio, target)]
            for audio, target in new:
                audio.rename(target)
            sync_folder(self.final / AUDIO_FOLDER)
            for paper in sorted(papers, key=lambda path: path.name == MANIFEST_NAME):
                _replace(paper, self.final / paper.name)
            if all(path.name != MISSING_NAME for path in papers):
                (self.final / MISSING_NAME).unlink(missing_ok=True)
            sync_folder(self.final)

    def find(self, file: str) -> Path:
        """Give where a file of the export lies: here, or in the finished folder already."""
        staged = self.path / file
        return staged if staged.exists() else self.final / file

    def _take_name(self) -> None:
        """Give the folder its name, and flush that; what cannot be flushed is no export, and gives it back."""
        try:
            self.path.rename(self.final)
        except OSError as exc:
            if exc.errno not in _TAKEN:
                raise
            raise ExportExistsError(f"The folder {self.final} has come to exist meanwhile.", folder=self.final) from exc
        try:
            sync_folder(self.final.parent)
        except BaseException:
            with contextlib.suppress(OSError):
                self.final.rename(self.path)
            raise


def _replace(new: Path, old: Path) -> None:
    """Put a file or a folder in the place of an older one."""
    if new.is_dir() and old.is_dir() and not old.is_symlink():
        # As one that is removed: when the process dies in between, the next one writes it anew.
        aside = old.with_name(temporary_name(old.name, "partial"))
        with in_use(aside):
            old.rename(aside)
            new.rename(old)
            clear_away(aside)
    else:
        new.replace(old)


def _is_there(audio: Path, target: Path) -> bool:
    """Whether that very audio is in place already, put there by the user.

    Raises:
        ExportExistsError: Something else is.
    """
    if not os.path.lexists(target):
        return False
    if target.is_symlink() or not target.is_file() or not filecmp.cmp(audio, target, shallow=False):
        raise ExportExistsError(f"{target} has come to exist meanwhile.", folder=target)
    return True
