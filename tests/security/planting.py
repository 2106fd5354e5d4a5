"""Things that somebody put where the SDK is about to read or write, and a bound for calls that could wait on them."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

__all__ = ["KINDS", "Victim", "bounded"]

T = TypeVar("T")

BOUND_S = 15.0

KINDS = ("link", "dangling", "hard", "fifo", "folder")
"""A symbolic link to somebody's file, one to nothing, another name of that file, a FIFO, a folder with a file."""


class Victim:
    """Files of the user's own that no download or export may read, change or remove.

    Args:
        folder: Where they lie; on the volume of what is planted.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.file = folder / "diary.txt"
        self.file.write_bytes(b"untouched")
        self.file.chmod(0o644)
        self.folder = folder / "photos"
        self.folder.mkdir()
        (self.folder / "1.jpg").write_bytes(b"untouched")
        self._fifos: list[Path] = []

    def plant(self, kind: str, path: Path) -> None:
        """Put something of that kind in the place of `path`, whatever is there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        match kind:
            case "link":
                path.symlink_to(self.file)
            case "dangling":
                path.symlink_to(self.folder / "new")
            case "hard":
                path.hardlink_to(self.file)
            case "fifo":
                os.mkfifo(path)
                self._fifos.append(path)
            case "folder":
                path.mkdir()
                (path / "mine").touch()
            case "link to a folder":
                path.symlink_to(self.folder)
            case _:
                raise AssertionError(kind)

    def assert_untouched(self) -> None:
        """Content, permissions and names are as they were."""
        assert self.file.read_bytes() == b"untouched"
        assert stat.S_IMODE(self.file.stat().st_mode) == 0o644
        assert [path.name for path in self.folder.iterdir()] == ["1.jpg"]
        assert (self.folder / "1.jpg").read_bytes() == b"untouched"

    def bounded(self, call: Callable[[], T]) -> T:
        """See `bounded`; the FIFOs are those that were planted here."""
        return bounded(call, self._fifos)


def bounded(call: Callable[[], T], fifos: Sequence[Path]) -> T:
    """Give what `call` gives, and fail if it waits on a FIFO; it is then let go, so that the tests can go on."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as exc:  # noqa: BLE001 - raised where it is waited for
            errors.append(exc)

    thread = threading.Thread(target=run, name="test")
    thread.start()
    thread.join(BOUND_S)
    waits = thread.is_alive()
    while thread.is_alive():
        for fifo in fifos:
            if fifo.is_fifo():
                os.close(os.open(fifo, os.O_RDWR | os.O_NONBLOCK))  # whoever waits for its other end has it now
        thread.join(0.1)
    assert not waits, "it waited on a FIFO"
    if errors:
        raise errors[0]
    return results[0]
