"""Mounts: made by the system's own tools, and gone when the block ends, whatever happened in it."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["CannotMountError", "Image", "is_mounted", "remount", "run_tool", "shut_down", "tmpfs", "unmount", "use"]

TOOL_S = 30.0
IMAGE_BYTES = 320 * 1024 * 1024  # what mkfs.xfs asks for at least is 300 MB; the file has holes
MAKE = {"ext4": ("mkfs.ext4", "-q", "-F"), "xfs": ("mkfs.xfs", "-q", "-f")}
#: The ioctl behind ``xfs_io -x -c shutdown``; ext4 took it over.
GOING_DOWN = 0x8004_587D
LOG_FLUSHED, LOG_LOST = 1, 2


class CannotMountError(Exception):
    """A tool is not there, or refuses; the message is its own."""


def run_tool(*command: str | Path) -> str:
    """What a tool prints.

    Raises:
        CannotMountError: It is not there, or fails.
    """
    try:
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, timeout=TOOL_S, check=False
        )
    except OSError as exc:
        raise CannotMountError(str(exc)) from exc
    if done.returncode:
        raise CannotMountError(f"{command[0]}: {(done.stderr or done.stdout).strip().partition(chr(10))[0]}")
    return done.stdout


@contextmanager
def use(folder: Path, *arguments: str | Path) -> Iterator[Path]:
    """Mount something there, in a folder that is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    run_tool("mount", *arguments, folder)
    try:
        yield folder
    finally:
        unmount(folder)


@contextmanager
def tmpfs(folder: Path, *, size_bytes: int | None = None, inodes: int | None = None) -> Iterator[Path]:
    """A volume in memory of that size, with so many inodes."""
    limits = {"size": size_bytes, "nr_inodes": inodes}
    options = [f"{name}={value}" for name, value in limits.items() if value is not None]
    with use(folder, "-t", "tmpfs", "-o", ",".join(["rw", *options]), "tmpfs"):
        yield folder


def remount(folder: Path, option: str) -> None:
    """Change an option of a mount, such as ``ro``."""
    run_tool("mount", "-o", f"remount,{option}", folder)


def unmount(folder: Path) -> None:
    """Unmount it; what is still busy is detached at least."""
    try:
        run_tool("umount", folder)
    except CannotMountError:
        if is_mounted(folder):
            run_tool("umount", "-l", folder)
            raise


def is_mounted(folder: Path) -> bool:
    """Whether something is mounted there, also something that answers no more."""
    table = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
    return any(line.split(" ")[1] == str(folder).replace(" ", "\\040") for line in table.splitlines())


def shut_down(folder: Path, how: int) -> None:
    """Take the power from a file system: from now on it refuses everything, and nothing more reaches its disk.

    Args:
        folder: Any folder on it.
        how: `LOG_LOST`: what was not flushed is lost, names too. `LOG_FLUSHED`: names are kept, but not the bytes
            of files that nobody flushed, as after a lull in which only the log was written.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.ioctl(descriptor, GOING_DOWN, struct.pack("I", how))
    finally:
        os.close(descriptor)


class Image:
    """A disk in a file, with a file system of its own.

    Attributes:
        path: The file.
        kind: Of the file system: ``ext4`` or ``xfs``.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        self.kind = kind

    def make(self) -> None:
        """Make the file and the file system in it."""
        with self.path.open("wb") as stream:
            stream.truncate(IMAGE_BYTES)
        run_tool(*MAKE[self.kind], self.path)

    def copy_to(self, path: Path) -> Image:
        """Another disk with the same on it."""
        run_tool("cp", "--sparse=always", self.path, path)
        return Image(path, self.kind)

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Path]:
        """The disk in the computer."""
        with use(folder, "-o", "loop", self.path):
            shutil.rmtree(folder / "lost+found", ignore_errors=True)
            yield folder
