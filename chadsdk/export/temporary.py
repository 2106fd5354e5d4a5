"""Folders beside an export, under temporary names that say what they are and who made them.

::

    <name>.partial-<host>-<process>-<random>    an export that grows, or one that is being removed
    <name>.old-<host>-<process>-<random>        an older export while it is replaced
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chadsdk.disk import process_runs

__all__ = ["clear_away", "in_use", "left_by_the_dead", "temporary_name"]

_TEMPORARY = re.compile(r"\.(?P<kind>partial|old)-(?P<host>[0-9a-f]{6})-(?P<pid>[0-9]{1,10})-[0-9a-f]{8}")
# Names, each used once, of the folders that exports of this very process are at: its id alone does not tell them from
# what an export left that could not clear up, nor from one before, where every run gets the same id (containers).
_IN_USE: set[str] = set()


def temporary_name(name: str, kind: str) -> str:
    """Give a unique name beside `name`; `kind` is ``partial`` or ``old``."""
    return f"{name}.{kind}-{_host()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


@contextmanager
def in_use(path: Path) -> Iterator[None]:
    """Keep a folder under a temporary name from being cleared up while the block runs."""
    _IN_USE.add(path.name)
    try:
        yield
    finally:
        _IN_USE.discard(path.name)


def clear_away(folder: Path) -> None:
    """Remove a folder of ours, if it is there, as far as the file system lets us; what fails once is tried again."""
    for _ in range(2):
        shutil.rmtree(folder, ignore_errors=True)


def left_by_the_dead(candidate: Path, name: str) -> str | None:
    """Give what a folder is, ``partial`` or ``old``, when an export that has ended here left it beside `name`."""
    found = _TEMPORARY.fullmatch(candidate.name.removeprefix(name))
    if found is None or not candidate.name.startswith(name):
        return None
    if candidate.is_symlink() or not candidate.is_dir():  # never ours, and a FIFO would keep who opens it
        return None
    if found["host"] != _host():
        return None
    pid = int(found["pid"])
    at_work = candidate.name in _IN_USE if pid == os.getpid() else process_runs(pid)
    return None if at_work else found["kind"]


def _host() -> str:
    """Give six hex digits for this computer, or for this container on it: process ids mean something only there."""
    try:
        namespace = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:  # not Linux
        namespace = 0
    return hashlib.sha256(f"{platform.node()} {namespace}".encode()).hexdigest()[:6]
