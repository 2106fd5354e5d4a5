"""Volumes: which one a path lies on, what is free there, and what its refusals mean. Owns psutil."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from chadsdk.errors import AccessDeniedError, ChadError, DiskFullError, StorageError

__all__ = ["Volume", "human_bytes", "naming_disk_errors", "process_runs", "volume_of"]

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True, slots=True)
class Volume:
    """A mounted file system at one moment.

    Attributes:
        device: Its number; equal for paths on one volume.
        mount: Where it is mounted.
        free_bytes: What this user can still write there.
    """

    device: int
    mount: Path
    free_bytes: int


def volume_of(path: Path) -> Volume:
    """Give the volume that `path` lies on, or would lie on if it existed.

    Raises:
        AccessDeniedError: The path may not be looked at.
        StorageError: It cannot be.
    """
    with naming_disk_errors(path, "look at"):
        existing = _nearest_existing(path)
        device = existing.stat().st_dev
        return Volume(device, _mount_of(existing, device), psutil.disk_usage(str(existing)).free)


def _nearest_existing(path: Path) -> Path:
    for candidate in (absolute := path.absolute(), *absolute.parents):
        if candidate.exists():
            return candidate
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def _mount_of(path: Path, device: int) -> Path:
    mount = path.resolve()
    while mount != mount.parent and mount.parent.stat().st_dev == device:
        mount = mount.parent
    return mount


@contextmanager
def naming_disk_errors(path: Path, doing: str) -> Iterator[None]:
    """Turn an `OSError` in the block into the `StorageError` that says what could not be done with `path`.

    So too what Python raises for a name with a NUL or with half a character, before any system is asked.

    Args:
        path: The file or folder that is worked on.
        doing: A verb for the message, such as ``write``.

    Raises:
        DiskFullError: ENOSPC, EDQUOT or EFBIG.
        AccessDeniedError: EACCES, EPERM or EROFS.
        StorageError: Any other.
    """
    try:
        yield
    except OSError as exc:
        raise _named(exc, path, doing) from exc
    except ValueError as exc:
        if not isinstance(exc, UnicodeEncodeError) and "embedded null" not in str(exc):
            raise
        # Quoted, thus escaped: half a character cannot be printed either.
        message = f"Cannot {doing} {str(path)!a}: the file system cannot spell this name."
        raise StorageError(message, path=path) from exc


def _named(exc: OSError, path: Path, doing: str) -> ChadError:
    why = exc.strerror or str(exc)
    if exc.errno in _FULL:
        free, mount = _free_now(path)
        message = f"No room to {doing} {path}: {why}; {human_bytes(free)} free on {mount}."
        return DiskFullError(message, path=path, volume=mount, needed_bytes=None, free_bytes=free)
    culprit = _culprit(exc, path)
    if culprit is not None and culprit not in why:
        why = f"{why}: {culprit}"
    kind = AccessDeniedError if exc.errno in _DENIED else StorageError
    return kind(f"Cannot {doing} {path}: {why}.", path=path)


def _culprit(exc: OSError, path: Path) -> str | None:
    """Give what below or above `path` the system refused, such as a link in the place of a folder."""
    name = exc.filename2 or exc.filename  # of a rename the new name, which is the one that people know
    if not isinstance(name, str) or path == Path(name):
        return None
    related = Path(name).is_relative_to(path) or path.is_relative_to(name)
    return name if related else None


def _free_now(path: Path) -> tuple[int, Path]:
    try:
        existing = _nearest_existing(path)
        return psutil.disk_usage(str(existing)).free, _mount_of(existing, existing.stat().st_dev)
    except OSError:  # the volume went away: the first error tells enough
        return 0, path


def process_runs(pid: int) -> bool:
    """Whether this computer runs a process of that id."""
    try:
        return psutil.pid_exists(pid)
    except OverflowError:  # more than any system counts to
        return False


def human_bytes(count: int) -> str:
    """Give a byte count as people read it, such as ``1.4 GiB``."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            break
        size /= 1024
    return f"{count} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
