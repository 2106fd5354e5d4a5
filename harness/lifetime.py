"""When a server process ends: on SIGINT or SIGTERM, or, if it was told so, with its parent."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

__all__ = ["stop_on_signals", "stop_with_parent"]

LOOK_S = 1.0


def stop_on_signals(stop: Callable[[], None]) -> None:
    """Call `stop` on SIGINT and SIGTERM; only the main thread may ask for that."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)


def stop_with_parent(stop: Callable[[], None]) -> None:
    """Call `stop` when standard input ends or the parent process is another one.

    The pipe tells at once. The look at the parent is for a pipe whose other end somebody else inherited.
    """
    watch = threading.Thread(target=_watch, args=(stop, os.getppid()), daemon=True)
    watch.start()


def _watch(stop: Callable[[], None], parent: int) -> None:
    while os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin], [], [], LOOK_S)
        if readable and not os.read(sys.stdin.fileno(), 1024):
            break
    stop()
