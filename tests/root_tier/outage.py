"""A process whose power goes before its n-th step: the file system goes down under it, and it dies that very moment.

A step is a call of the system that flushes, names, unnames or clones a file: what lies between two of them is writing,
of which nothing is promised. The calls are counted where Python makes them, over all threads.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from chadsdk import ChadMusicAPIClient, MixExporter, Playlist
from chadsdk.download import DownloadService
from tests.export.rig import quick_settings
from tests.root_tier.mounts import shut_down
from tests.root_tier.rig import sources_of

__all__ = ["Order", "run"]

STEPS = ((os, "fsync"), (os, "replace"), (os, "rename"), (os, "unlink"), (os, "rmdir"), (fcntl, "ioctl"))


@dataclass(frozen=True, slots=True)
class Order:
    """What the process does, and when its power goes.

    Attributes:
        url: The server.
        token: To prove there.
        disk: Where the file system is mounted that holds cache and exports.
        work: What is done: a key of `WORK`.
        step: Before which step the power goes; 0 for after the last.
        how: `mounts.LOG_LOST` or `mounts.LOG_FLUSHED`.
    """

    url: str
    token: str
    disk: Path
    work: str
    step: int
    how: int


class Outage:
    """Counts steps, and takes the power."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._lock = threading.Lock()
        self._steps = 0
        self._real = [(module, name, getattr(module, name)) for module, name in STEPS]

    def install(self) -> None:
        """Stand before every step of this process."""
        for module, name, call in self._real:
            setattr(module, name, self._before(call))

    def _before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                self._steps += 1
                if self._steps == self._order.step:
                    self.strike()
            return call(*args, **kwargs)

        return counted

    def strike(self) -> None:
        """Take the power from the disk, and end this process."""
        for module, name, call in self._real:
            setattr(module, name, call)
        shut_down(self._order.disk, self._order.how)
        os.kill(os.getpid(), signal.SIGKILL)


Work = Callable[[DownloadService, MixExporter, Playlist, Path], object]

WORK: dict[str, Work] = {
    "download": lambda service, _, playlist, __: service.download_all(sources_of(playlist)),
    "export": lambda _, exporter, playlist, exports: exporter.export(playlist, exports),
    "replace": lambda _, exporter, playlist, exports: exporter.export(playlist, exports, replace=True),
    "retry": lambda _, exporter, playlist, exports: exporter.retry(exports / playlist.name),
}


def run(order: Order, pipe: Connection) -> None:
    """Do the work; say ``done`` when it is; then the power goes at the latest."""
    logging.disable()  # other threads complain of the disk until the process is dead
    outage = Outage(order)
    settings = quick_settings(order.disk / "cache", headroom_bytes=0)
    with (
        ChadMusicAPIClient(order.url, token=order.token, settings=settings) as client,
        DownloadService(client, settings=settings) as service,
        MixExporter(client, settings=settings) as exporter,
    ):
        playlist = client.playlist("plain")
        outage.install()
        WORK[order.work](service, exporter, playlist, order.disk / "exports")
        pipe.send("done")
        outage.strike()
