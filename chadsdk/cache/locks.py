"""One lock per track across threads and processes. Owns filelock.

A lock saves a second download, no more: where it cannot be had the work goes on without it.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path

from filelock import FileLock, Timeout

from chadsdk.cancel import CancelToken

__all__ = ["Hold", "holding"]

_log = logging.getLogger(__name__)

_NOTE_S = 10.0  # a wait that is longer is told of, each time so much of it has passed


class Hold(Enum):
    """What asking for a lock came to."""

    OURS = "ours"
    BUSY = "busy"
    NO_LOCKS = "no locks here"


@contextmanager
def holding(path: Path, token: CancelToken, *, wait_s: float, note_s: float = _NOTE_S) -> Iterator[Hold]:
    """Ask for the lock at `path` and keep it inside the block, which may end on another thread.

    Args:
        path: The lock file; its folder exists.
        token: Ends the wait.
        wait_s: Longest wait; 0 asks once.
        note_s: How often a wait is told of in the log.

    Raises:
        ExportCancelled: Cancelled while waiting.
        OSError: No room for the lock file.
    """
    # A new object each time: one object would let a second thread in. Never the soft lock, which outlives a crash.
    lock = FileLock(path, timeout=wait_s, mode=0o600, fallback_to_soft=False, thread_local=False)
    hold = _acquire(lock, _hearing(token, path, note_s=note_s), token)
    try:
        yield hold
    finally:
        if hold is Hold.OURS:
            lock.release()


def _hearing(token: CancelToken, path: Path, *, note_s: float) -> Callable[[], bool]:
    """Give what a wait asks at each of its looks: whether it is to end. It notes in the log that it goes on."""
    began = time.monotonic()
    noted = began

    def is_cancelled() -> bool:
        nonlocal noted
        now = time.monotonic()
        if now - noted >= note_s:
            noted = now
            _log.info("another process is at %s, waited for since %.0f s", path, now - began)
        return token.cancelled

    return is_cancelled


def _acquire(lock: FileLock, is_cancelled: Callable[[], bool], token: CancelToken) -> Hold:
    try:
        _refuse_other_names(Path(lock.lock_file))
        lock.acquire(cancel_check=is_cancelled)
    except Timeout:
        token.raise_if_cancelled()
        return Hold.BUSY
    except OSError as exc:
        if exc.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise
        _log.warning("no file locks at %s (%s): a track may be downloaded twice", lock.lock_file, exc)
        return Hold.NO_LOCKS
    return Hold.OURS


def _refuse_other_names(path: Path) -> None:
    """Refuse a hard link: the permissions of the file elsewhere, and in older filelocks its content, would go."""
    with suppress(FileNotFoundError):
        if path.lstat().st_nlink > 1:
            raise OSError(errno.EMLINK, "it has another name elsewhere", str(path))
