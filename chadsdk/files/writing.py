"""Writing so that a name never stands for half a file, not even after a power cut."""

from __future__ import annotations

import errno
import itertools
import os
import secrets
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from chadsdk.cancel import CancelToken

__all__ = [
    "new_file",
    "sync_folder",
    "sync_tree",
    "unique_word",
    "write_advisory",
    "write_all",
    "write_whole",
]

# Absent on Windows, where a new file is made exclusively and links need a privilege.
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

_SALT = secrets.token_hex(6)
_NUMBERS = itertools.count()

# fsync(2) on a folder where the file system has no such thing.
_CANNOT_SYNC = {errno.EINVAL, errno.ENOTSUP}


def unique_word() -> str:
    """Give letters and digits that no process on no computer gave before, for the name of a temporary file.

    Random once per import, then counted: asking the system for randomness each time costs more than making the file.
    The process id keeps the two sides of a fork apart.
    """
    return f"{_SALT}{os.getpid():x}x{next(_NUMBERS):x}"


def new_file(path: Path, *, mode: int = 0o666) -> FileIO:
    """Create a file that nobody had before and open it for reading and writing.

    Raises:
        FileExistsError: Anything of that name is there, a dangling link included.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, mode)
    return open(descriptor, "w+b", buffering=0)  # noqa: PTH123 - the caller's `with` owns it


def write_all(stream: BinaryIO, data: bytes | memoryview) -> None:
    """Write all of it to an unbuffered stream, which alone may take less than it is given.

    Raises:
        OSError: The file cannot take it.
    """
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]


def write_whole(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write a file under a temporary name beside `path`, flush it to the disk, then give it its name.

    Raises:
        OSError: `path` is then as it was, unless the disk fails in the flush of its folder, after the rename.
    """
    _write(path, data, mode, flush=True)
    sync_folder(path.parent)


def write_advisory(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Do as `write_whole`, but unflushed: for notes that may be lost or empty after a power cut.

    Raises:
        OSError: `path` is then as it was.
    """
    _write(path, data, mode, flush=False)


def _write(path: Path, data: bytes, mode: int, *, flush: bool) -> None:
    temporary = Path(f"{path.parent}{os.sep}.{unique_word()}.tmp")
    try:
        with new_file(temporary, mode=mode) as stream:
            write_all(stream, data)
            if flush:
                os.fsync(stream.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - half the time of Path's
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sync_folder(path: Path) -> None:
    """Flush the names in a folder to the disk, so that a finished rename survives a power cut.

    Nothing is done where the file system cannot do it, as on some network shares.

    Raises:
        OSError: The disk refuses.
    """
    if os.name == "nt":  # folders cannot be opened there; NTFS journals names itself
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _NO_FOLLOW)
    try:
        os.fsync(descriptor)
    except OSError as exc:
        if exc.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(descriptor)


def sync_tree(root: Path, token: CancelToken) -> None:
    """Flush every file and folder below `root`, then `root`.

    Done once over a finished tree: the kernel writes out in the meantime, and the first flush commits what the
    others then find done.

    Raises:
        ExportCancelled: Between two files.
        OSError: The disk refuses.
    """

    def fail(exc: OSError) -> None:  # else what is in it would be left out
        raise exc

    for folder, _, names in os.walk(root, topdown=False, onerror=fail):
        for name in names:
            token.raise_if_cancelled()
            descriptor = os.open(Path(folder, name), os.O_RDONLY | _NO_FOLLOW)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        sync_folder(Path(folder))
