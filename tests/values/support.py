"""What the tests of this folder share: child processes, threads with a bound, any JSON, a volume of a few KiB."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import strategies as st

import chadsdk

T = TypeVar("T")

PATIENCE_S = 20.0
"""Far above what anything here takes; only a hang reaches it."""

_ROOT = Path(chadsdk.__file__).parents[1]


def run_child(code: str, *arguments: str | Path, env: Mapping[str, str] | None = None) -> str:
    """Run Python code in a process of its own and give what it printed; it must end well and in time."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(_ROOT), **(env or {})},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Nothing more can be opened in the block (EMFILE), by root neither; so no folder can be listed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def in_time(work: Callable[[], T]) -> T:
    """Do `work` on a thread and give what it returns or raises; fail when it blocks."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as exc:  # noqa: BLE001 - raised again below
            errors.append(exc)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert not thread.is_alive(), "it blocks"
    if errors:
        raise errors[0]
    return results[0]


def all_at_once(count: int, work: Callable[[], T]) -> list[T | BaseException]:
    """Do `work` on `count` threads that start together; give what each returned or raised."""
    barrier = threading.Barrier(count)
    outcomes: list[T | BaseException] = []

    def run() -> None:
        barrier.wait(PATIENCE_S)
        try:
            outcomes.append(work())
        except BaseException as exc:  # noqa: BLE001 - it is an outcome
            outcomes.append(exc)

    threads = [threading.Thread(target=run, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "it blocks"
    return outcomes


def any_json(*keys: str) -> st.SearchStrategy[object]:
    """Any value that JSON can hold, with objects that like to have these keys."""
    scalars = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.sampled_from([0, -1, 2**63, 10**400])
        | st.floats()
        | st.text(st.characters(), max_size=8)
        | st.sampled_from(["", "a", "\ud800", "\0", "..", "/x", "a" * 64, "exported", "missing", "protocol", "digest"])
    )
    names = st.sampled_from(keys) | st.text(max_size=4)
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=len(keys) + 1),
        max_leaves=24,
    )


@contextmanager
def small_volume(folder: Path, *, size: str) -> Iterator[Path]:
    """Mount a volume of `size` on `folder`, or skip the test where this user cannot."""
    with _mounted(folder, "-t", "tmpfs", "-o", f"size={size}", "tmpfs"):
        yield folder


@contextmanager
def cloning_volume(folder: Path) -> Iterator[Path]:
    """Mount a volume on `folder` whose file system lets files share blocks (XFS), or skip the test."""
    image = folder.with_suffix(".xfs")
    with image.open("wb") as stream:
        stream.truncate(320 * 1024 * 1024)  # mkfs.xfs takes no less than 300 MiB; hardly any of it is written
    try:
        subprocess.run(["mkfs.xfs", "-q", "-m", "reflink=1", str(image)], capture_output=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("no XFS can be made here")
    with _mounted(folder, "-t", "xfs", "-o", "loop", str(image)):
        yield folder


@contextmanager
def _mounted(folder: Path, *what: str) -> Iterator[None]:
    folder.mkdir()
    try:
        done = subprocess.run(["mount", *what, str(folder)], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip("this user cannot mount a volume")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
