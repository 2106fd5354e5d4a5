"""Folders that only the user can enter, and whose place nobody else can have prepared.

Who may write into a folder on the way can put a link or a folder of their own under a name that is about to be made.
So what is there already counts only if it is the user's or the superuser's, and only the outermost may be a link.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

__all__ = ["make_private_folder", "make_private_root"]

_ONLY_THE_USER = 0o700


def make_private_root(path: Path) -> Path:
    """Make a folder, and its parents, for the user alone; one that exists keeps its permissions.

    It may be a link: users move large folders to other volumes.

    Raises:
        PermissionError: It, or the link that leads there, belongs to another user.
        OSError: The file system refuses.
    """
    for missing in reversed([each for each in (path, *path.parents) if not os.path.lexists(each)]):
        _make(missing)
    for status in (path.lstat(), path.stat()):
        _refuse_strangers(path, status)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    return path


def make_private_folder(path: Path) -> Path:
    """Make a folder in a private one; one of the user's that others can enter is shut to them.

    Raises:
        PermissionError: It belongs to another user.
        NotADirectoryError: It is a link or a file.
        OSError: The file system refuses.
    """
    _make(path)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, "a link or a file is in the place of a folder", str(path))
    _refuse_strangers(path, status)
    if stat.S_IMODE(status.st_mode) & ~_ONLY_THE_USER and status.st_uid == _user():
        with suppress(OSError):  # read-only, or a file system without permissions
            path.chmod(_ONLY_THE_USER)
    return path


def _make(path: Path) -> None:
    with suppress(FileExistsError):
        path.mkdir(mode=_ONLY_THE_USER)


def _refuse_strangers(path: Path, status: os.stat_result) -> None:
    if _user() is not None and status.st_uid not in {_user(), 0}:
        raise PermissionError(errno.EPERM, f"{path} belongs to another user (id {status.st_uid})", str(path))


def _user() -> int | None:
    return os.geteuid() if hasattr(os, "geteuid") else None  # on Windows folders of a profile are private
