"""Copying and hashing in pieces, so that a cancel is heard in between."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from chadsdk.cancel import CancelToken
from chadsdk.files.writing import new_file

__all__ = ["Copied", "SourceUnreadableError", "copy_file", "hash_file", "open_regular"]

_PIECE_BYTES = 8 * 1024 * 1024
_HASH_BYTES = 1024 * 1024
# All that `copy_file_range` can say of the copy alone; with any other error either side may have failed, or the kernel
# cannot copy between the two, and by hand it is known which.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

Advance = Callable[[int], object]


class SourceUnreadableError(OSError):
    """The file that is copied cannot be read; with any other error the copy cannot be written."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds, read back from the copy itself."""

    size_bytes: int
    sha256: str


def open_regular(path: Path, *, follow_links: bool) -> BinaryIO:
    """Open a regular file for reading; never wait on a FIFO, never read a device or folder.

    Args:
        path: The file.
        follow_links: Whether `path` may be a symbolic link: a user's may, ours may not.

    Raises:
        OSError: Not there, not permitted, or no regular file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    if not follow_links:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "not a name of a file", str(path))
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return open(descriptor, "rb", buffering=0)  # noqa: PTH123 - the caller's `with` owns it


def copy_file(source: BinaryIO, target: Path, *, token: CancelToken, advance: Advance) -> Copied:
    """Copy an open file to a new one: reflinked or in the kernel where the file system can.

    Args:
        source: Open, unbuffered, at its start.
        target: Must not exist; removed again when the copy fails.
        token: Heard at least every 8 MiB.
        advance: Told the bytes copied so far.

    Returns:
        Length and digest of what was written, read back from the copy.

    Raises:
        ExportCancelled: In mid-copy.
        SourceUnreadableError: The source cannot be read to its end.
        OSError: The copy cannot be written.
    """
    try:
        with new_file(target) as copy:
            _copy_pieces(source, copy, token, advance)
            copy.seek(0)
            digest = hash_file(copy, token=token)
            return Copied(copy.tell(), digest)
    except FileExistsError:
        raise
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _copy_pieces(source: BinaryIO, copy: BinaryIO, token: CancelToken, advance: Advance) -> None:
    done = 0
    piece = _copy_in_kernel if hasattr(os, "copy_file_range") else _copy_by_hand
    while True:
        token.raise_if_cancelled()
        try:
            count = piece(source, copy)
        except OSError as exc:
            if piece is _copy_by_hand or exc.errno in _NO_ROOM:
                raise
            piece = _copy_by_hand  # both files stand where the kernel left off
            continue
        if not count and not done:
            piece, count = (
                _copy_by_hand,
                _copy_by_hand(source, copy),
            )  # some file systems copy 0 bytes silently
        if not count:
            return
        done += count
        advance(done)


def _copy_in_kernel(source: BinaryIO, copy: BinaryIO) -> int:
    return os.copy_file_range(source.fileno(), copy.fileno(), _PIECE_BYTES)


def _copy_by_hand(source: BinaryIO, copy: BinaryIO) -> int:
    try:
        piece = source.read(_HASH_BYTES)
    except OSError as exc:
        raise SourceUnreadableError(exc.errno, exc.strerror, exc.filename) from exc
    view = memoryview(piece)
    while view:
        view = view[copy.write(view) :]
    return len(piece)


def hash_file(stream: BinaryIO, *, token: CancelToken) -> str:
    """Give the SHA-256 of the rest of an open file as lower-case hex.

    Raises:
        ExportCancelled: In between.
        OSError: It cannot be read.
    """
    digest = hashlib.sha256()
    while piece := stream.read(_HASH_BYTES):
        token.raise_if_cancelled()
        digest.update(piece)
    return digest.hexdigest()
