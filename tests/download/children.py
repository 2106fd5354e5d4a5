"""What tests have done by another process: ``python -m tests.download.children COMMAND CONFIG``.

It prints ``ready``, waits for a line, does its work, and prints the outcome as one line of JSON.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chadsdk.cache.locks import holding
from chadsdk.cancel import CancelToken
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService, Fetched
from chadsdk.errors import ChadError, ExportCancelled
from chadsdk.settings import Settings
from chadsdk.source import CloudSource

Config = dict[str, Any]


def say(outcome: object) -> None:
    print(json.dumps(outcome), flush=True)


def stand_ready() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def break_locks(how: str | None) -> None:
    """Make flock do nothing, or say that there is no such thing."""

    def nothing(_fd: object, _operation: int) -> None:
        pass

    def missing(_fd: object, _operation: int) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    if how is not None:
        fcntl.flock = {"no-op": nothing, "missing": missing}[how]


def download_all(config: Config) -> dict[str, str]:
    """Download everything; the outcome of each track is where it lies or why it is missing."""
    settings = Settings(cache_dir=Path(config["cache"]), backoff_base_s=0.001, **config.get("settings", {}))
    sources = [CloudSource(**source) for source in config["sources"]]
    with (
        ChadMusicAPIClient(config["url"], token=config["token"], settings=settings) as client,
        DownloadService(client, settings=settings) as service,
    ):
        outcomes = service.download_all(sources)
    return {
        source.track_id: str(outcome.path) if isinstance(outcome, Fetched) else outcome.reason
        for source, outcome in outcomes.items()
    }


def download(config: Config) -> None:
    stand_ready()
    try:
        say(download_all(config))
    except ChadError as exc:
        say({"error": type(exc).__name__, "message": str(exc)})


def hold(config: Config) -> None:
    """Hold a lock from before ``ready`` until the line comes."""
    with holding(Path(config["lock"]), CancelToken(), wait_s=1) as held:
        stand_ready()
    say(held.value)


def download_one(config: Config) -> None:
    """Download the first track without a batch."""
    settings = Settings(cache_dir=Path(config["cache"]))
    with (
        ChadMusicAPIClient(config["url"], token=config["token"], settings=settings) as client,
        DownloadService(client, settings=settings) as service,
    ):
        service.download(CloudSource(**config["sources"][0]))


def leave(config: Config, work: Callable[[Config], object] = download_all) -> None:
    """Download on another thread, and let the main thread end when the line comes."""

    def run() -> None:
        try:
            work(config)
        except ExportCancelled:
            say("cancelled")

    threading.Thread(target=run, daemon=config["daemon"]).start()
    stand_ready()


def leave_one(config: Config) -> None:
    """The same with one track and no batch."""
    leave(config, download_one)


COMMANDS: dict[str, Callable[[Config], None]] = {
    "download": download,
    "hold": hold,
    "leave": leave,
    "leave-one": leave_one,
}


def main() -> None:
    config: Config = json.loads(sys.argv[2])
    break_locks(config.pop("flock", None))
    COMMANDS[sys.argv[1]](config)


if __name__ == "__main__":
    main()
