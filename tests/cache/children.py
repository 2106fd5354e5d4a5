"""What tests have done by another process (see `tests.child`)."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from chadsdk import CachePolicy, ChadMusicAPIClient, MixExporter
from chadsdk.cache import CacheLayout
from chadsdk.cache.pruning import prune
from tests.child import Child, standing
from tests.export.rig import quick_settings

__all__ = ["child"]

HOUR_S = 3600.0
Config = dict[str, Any]


def child(command: str, **config: Any) -> AbstractContextManager[Child]:
    """A process that does one thing of these, standing at its start, and gone when the block ends."""
    return standing(Child("tests.cache.children", command, **config))


def _ready() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def _export(config: Config) -> dict[str, int]:
    """Export the playlist ``plain`` once."""
    settings = quick_settings(Path(config["cache"]))
    _ready()
    with (
        ChadMusicAPIClient(config["url"], token=config["token"], settings=settings) as client,
        MixExporter(client, settings=settings) as exporter,
    ):
        result = exporter.export(client.playlist("plain"), config["to"])
    return {"exported": len(result.exported), "missing": len(result.missing)}


def _prune_without_end(config: Config) -> dict[str, int]:
    """Prune to nothing until a line comes.

    A file that is there at its start grows an hour old as soon as an export uses it: so it goes while that one runs.
    """
    root, started_s = Path(config["cache"]), time.time()
    known = {file: file.stat().st_mtime_ns for file in root.glob("*/*.wav")}
    over = threading.Event()

    def wait_for_the_line() -> None:
        sys.stdin.readline()
        over.set()

    threading.Thread(target=wait_for_the_line, daemon=True).start()
    print("ready", flush=True)
    removed = 0
    while not over.is_set():
        for file, mtime_ns in known.items():
            _grow_old(file, mtime_ns, started_s)
        removed += len(prune(root, CachePolicy(max_bytes=0)).evictions)
    return {"removed": removed}


def _grow_old(file: Path, mtime_ns: int, started_s: float) -> None:
    record = CacheLayout(file.parent).records / f"{file.stem}.json"
    then = time.time() - HOUR_S
    try:
        is_the_same = file.stat().st_mtime_ns == mtime_ns  # else it was fetched again
        if is_the_same and record.stat().st_mtime > started_s:
            os.utime(record, (then, then))
    except FileNotFoundError:
        pass


def _prune_and_die(config: Config) -> None:
    """Prune to nothing; killed (-9) before the file that is the `at`-th to be removed, counting from 0."""
    unlink, left = os.unlink, config["at"]

    def unlink_or_die(*arguments: Any, **options: Any) -> None:
        nonlocal left
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        unlink(*arguments, **options)

    _ready()
    os.unlink = unlink_or_die
    prune(Path(config["cache"]), CachePolicy(max_bytes=0))


COMMANDS: dict[str, Callable[[Config], object]] = {
    "export": _export,
    "prune-without-end": _prune_without_end,
    "prune-and-die": _prune_and_die,
}


if __name__ == "__main__":
    print(json.dumps(COMMANDS[sys.argv[1]](json.loads(sys.argv[2]))), flush=True)
