"""Copying and hashing in pieces, so that a cancel is heard in between."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Final

from chadsdk.cancel import CancelToken
from chadsdk.files.writing import new_file, write_all

if sys.platform == "linux":
    import fcntl

__all__ = ["Copied", "SourceUnreadableError", "copy_file", "hash_file", "open_regular", "piece_buffer", "read_own"]

# Into one buffer again and again: a new megabyte per read costs more in page faults than the reading.
_PIECE_BYTES: Final = 1024 * 1024
# ioctl_ficlone(2); Python names it from 3.12 on. Where the number means nothing the kernel says so.
_FICLONE: Final = 0x4004_9409

Advance = Callable[[int], object]


class SourceUnreadableError(OSError):
    """The file that is copied cannot be read; with any other error the copy cannot be written."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds: what was written to it, or, of a clone, what was read from it."""

    size_bytes: int
    sha256: str


def open_regular(path: Path, *, follow_links: bool) -> FileIO:
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


def read_own(path: Path, *, most_bytes: int) -> bytes:
    """Give a small file that the SDK wrote itself: no link is followed, no FIFO waited for, no giant read.

    Args:
        path: The file.
        most_bytes: How long it can be; of a longer one a byte more than that is given, for whoever judges it.

    Raises:
        OSError: Not there, not permitted, or no regular file.
    """
    with open_regular(path, follow_links=False) as stream:
        return stream.read(most_bytes + 1)


def copy_file(
    source: FileIO, target: Path, *, token: CancelToken, advance: Advance, buffer: bytearray | None = None
) -> Copied:
    """Copy an open file to a new one: reflinked where the file system can, else read, hashed and written by pieces.

    Args:
        source: Open, unbuffered, at its start.
        target: Must not exist; removed again when the copy fails.
        token: Heard before every piece.
        advance: Told the bytes copied so far.
        buffer: Room for one piece (see `piece_buffer`), for whoever copies many files; no two threads may share one.

    Returns:
        Length and digest of what was written.

    Raises:
        ExportCancelled: In mid-copy.
        SourceUnreadableError: The source cannot be read to its end, or gives more bytes than it has.
        OSError: The copy cannot be written.
    """
    try:
        with new_file(target) as copy:
            token.raise_if_cancelled()
            if _clone(source, copy):
                copied = _look_at_clone(copy, token, advance)
            else:
                copied = _copy_pieces(
                    source, copy, token, advance, memoryview(piece_buffer() if buffer is None else buffer)
                )
            return copied
    except FileExistsError:
        raise
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def piece_buffer() -> bytearray:
    """Give room for one piece of a copy."""
    return bytearray(_PIECE_BYTES)


def _clone(source: FileIO, copy: FileIO) -> bool:
    """Share the blocks of `source` until one of the two is written to; False where that cannot be."""
    if sys.platform != "linux":
        return False
    try:
        fcntl.ioctl(copy.fileno(), _FICLONE, source.fileno())
    except OSError:  # whatever the reason: reading and writing shows whether either file is at fault
        return False
    # What claims to be empty may not be (``/proc``).
    return os.fstat(copy.fileno()).st_size > 0


def _look_at_clone(copy: FileIO, token: CancelToken, advance: Advance) -> Copied:
    # Of the copy, not of the source: somebody may write into that one meanwhile.
    digest = hash_file(copy, token=token)
    size_bytes = copy.tell()
    advance(size_bytes)
    token.raise_if_cancelled()
    return Copied(size_bytes, digest)


def _copy_pieces(source: FileIO, copy: FileIO, token: CancelToken, advance: Advance, buffer: memoryview) -> Copied:
    digest, done, most = hashlib.sha256(), 0, 0
    while count := _read_piece(source, buffer):
        if done + count > most:
            most = max(most, os.fstat(source.fileno()).st_size)  # it may have grown
            if done + count > most:  # of ``/proc``: some of these never end
                raise SourceUnreadableError(errno.EIO, "it gives more bytes than it says it has")
        piece = buffer[:count]
        digest.update(piece)
        write_all(copy, piece)
        done += count
        advance(done)
        token.raise_if_cancelled()
    if os.fstat(copy.fileno()).st_size != done:
        raise OSError(errno.EIO, "the file system kept another length than was written")
    return Copied(done, digest.hexdigest())


def _read_piece(source: FileIO, buffer: memoryview) -> int:
    try:
        return source.readinto(buffer) or 0
    except OSError as exc:
        raise SourceUnreadableError(exc.errno, exc.strerror, exc.filename) from exc


def hash_file(stream: FileIO | BufferedReader, *, token: CancelToken) -> str:
    """Give the SHA-256 of the rest of an open file as lower-case hex.

    Raises:
        ExportCancelled: In between.
        OSError: It cannot be read.
    """
    digest, buffer = hashlib.sha256(), memoryview(piece_buffer())
    while count := stream.readinto(buffer):
        token.raise_if_cancelled()
        digest.update(buffer[:count])
    return digest.hexdigest()
