"""Where files go: a RAM disk, so that the engine is measured and not the disk, and a folder on disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Places", "places"]

RAM_DISKS = (Path("/dev/shm"), Path("/run/shm"))


@dataclass(frozen=True, slots=True)
class Places:
    """Two folders of ours.

    Attributes:
        ram: On a RAM disk if `is_ram`; else on disk too.
        disk: Below the folder for temporary files.
        is_ram: Whether there is a RAM disk with enough room.
    """

    ram: Path
    disk: Path
    is_ram: bool

    @property
    def ram_name(self) -> str:
        """What to call the first of them in the table."""
        return "RAM disk" if self.is_ram else "disk"


@contextmanager
def places(*, needed_bytes: int) -> Iterator[Places]:
    """Both folders, removed at the end with all they hold."""
    with ExitStack() as stack:
        disk = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-disk-", dir=_disk())))
        roomy = [each for each in RAM_DISKS if _has_room(each, needed_bytes)]
        if not roomy:
            ram = disk / "no-ram"
            ram.mkdir()
            yield Places(ram, disk, is_ram=False)
            return
        ram = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-ram-", dir=roomy[0])))
        yield Places(ram, disk, is_ram=True)


def _disk() -> Path | None:
    """A folder that is no RAM disk itself, as /tmp is on some systems; None for the usual one."""
    usual = Path(tempfile.gettempdir())
    durable = Path("/var/tmp")
    return durable if _is_tmpfs(usual) and os.access(durable, os.W_OK) else None


def _is_tmpfs(folder: Path) -> bool:
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return False
    return any(mount[1] == str(folder) and mount[2] == "tmpfs" for mount in mounts)


def _has_room(folder: Path, needed_bytes: int) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= needed_bytes
