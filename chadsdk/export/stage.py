"""`Staging`: the folder that an export grows in, and the one rename that gives it its name.

``<name>.partial-<host>-<process>-<random>`` lies beside the final folder, so that the rename is atomic, and says
who made it, so that a later export can remove what a dead process left.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chadsdk.cancel import CancelToken
from chadsdk.disk import naming_disk_errors, process_runs
from chadsdk.errors import DataError, ExportExistsError
from chadsdk.export.manifest import MANIFEST_NAME, MISSING_NAME, Manifest
from chadsdk.export.plan import AUDIO_FOLDER
from chadsdk.files import sync_folder, sync_tree

__all__ = ["Staging", "refuse_folder"]

# What rename(2) says of a folder in the way that is not empty, and of a file.
_TAKEN = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}
_PARTIAL = re.compile(r"\.partial-(?P<host>[0-9a-f]{6})-(?P<pid>[0-9]{1,10})-[0-9a-f]{8}")


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
        path = final.with_name(f"{final.name}.partial-{_host()}-{os.getpid()}-{uuid.uuid4().hex[:8]}")
        parent_is_new = not final.parent.exists()
        try:
            with naming_disk_errors(final.parent, "make a folder in"):
                (path / AUDIO_FOLDER).mkdir(parents=True)
            _sweep(final)
            yield cls(path, final)
        finally:
            shutil.rmtree(path, ignore_errors=True)
            if parent_is_new:
                with contextlib.suppress(OSError):  # not empty: the export is in it
                    final.parent.rmdir()

    def publish(self, token: CancelToken, *, replace: bool) -> None:
        """Flush everything to the disk and give the folder its final name.

        A folder that is replaced is moved aside first and moved back if that name cannot be taken.

        Raises:
            ExportCancelled: Cancelled before the rename.
            ExportExistsError: `final` has come to stand meanwhile and may not be replaced.
            StorageError: The file system refuses.
        """
        with naming_disk_errors(self.path, "finish"):
            sync_tree(self.path, token)
            token.raise_if_cancelled()
            refuse_folder(self.final, replace=replace)
            if replace and os.path.lexists(self.final):
                self._swap()
            else:
                self._take_name()
            sync_folder(self.final.parent)

    def move_in(self, token: CancelToken) -> None:
        """Flush everything to the disk and move it into the finished folder: audio first, the manifest last.

        Audio that is there already is never replaced; papers are, each at once.

        Raises:
            ExportCancelled: Cancelled before the first move.
            StorageError: The file system refuses.
        """
        with naming_disk_errors(self.final, "complete"):
            sync_tree(self.path, token)
            token.raise_if_cancelled()
            (self.final / AUDIO_FOLDER).mkdir(exist_ok=True)
            for audio in sorted((self.path / AUDIO_FOLDER).iterdir()):
                target = self.final / AUDIO_FOLDER / audio.name
                if not os.path.lexists(target):
                    audio.rename(target)
            sync_folder(self.final / AUDIO_FOLDER)
            papers = [path for path in self.path.iterdir() if path.is_file()]
            for paper in sorted(papers, key=lambda path: path.name == MANIFEST_NAME):
                paper.replace(self.final / paper.name)
            if all(path.name != MISSING_NAME for path in papers):
                (self.final / MISSING_NAME).unlink(missing_ok=True)
            sync_folder(self.final)

    def _swap(self) -> None:
        aside = self.final.with_name(f"{self.final.name}.old-{uuid.uuid4().hex[:8]}")
        self.final.rename(aside)
        try:
            self._take_name()
        except ExportExistsError:  # another process replaced it in between, and its export stands
            shutil.rmtree(aside, ignore_errors=True)
            raise
        except BaseException:
            aside.rename(self.final)
            raise
        shutil.rmtree(aside, ignore_errors=True)

    def _take_name(self) -> None:
        try:
            self.path.rename(self.final)
        except OSError as exc:
            if exc.errno not in _TAKEN:
                raise
            raise ExportExistsError(f"The folder {self.final} has come to exist meanwhile.", folder=self.final) from exc


def refuse_folder(final: Path, *, replace: bool) -> None:
    """Refuse a name that is taken.

    Raises:
        ExportExistsError: Something stands there; or it may be replaced, but is no export of ours.
    """
    if not os.path.lexists(final):
        return
    if not replace:
        raise ExportExistsError(f"The folder {final} exists already.", folder=final)
    if final.is_symlink() or not final.is_dir():
        raise ExportExistsError(f"{final} is not replaced, because it is no folder.", folder=final)
    try:
        Manifest.load(final)
    except DataError as exc:
        raise ExportExistsError(f"{final} is not replaced, because it is no export: {exc}", folder=final) from exc


def _sweep(final: Path) -> None:
    """Remove what exports of the same name left when their process died on this computer."""
    with contextlib.suppress(OSError):
        for candidate in final.parent.iterdir():
            found = _PARTIAL.fullmatch(candidate.name.removeprefix(final.name))
            ours = found is not None and candidate.name.startswith(final.name) and found["host"] == _host()
            if ours and found is not None and not process_runs(int(found["pid"])) and not candidate.is_symlink():
                shutil.rmtree(candidate, ignore_errors=True)


def _host() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:6]
