"""What a tortured process does: download the same tracks as the others into the same cache, until it is killed."""

from __future__ import annotations

import fcntl
import random
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from chadsdk.cache.locks import holding
from chadsdk.cancel import CancelToken
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService, Unavailable
from chadsdk.errors import Reason
from chadsdk.settings import Settings
from chadsdk.source import CloudSource

__all__ = ["Order", "break_locks", "take_lock", "work"]

BATCH = 8
#: What this flaky server may make of a track. Any other reason is a mistake of the engine.
EXPECTED = {
    Reason.INTEGRITY,
    Reason.NETWORK,
    Reason.NOT_AUDIO,
    Reason.PROTOCOL,
    Reason.SERVER,
    Reason.STALLED,
    Reason.TRUNCATED,
}


@dataclass(frozen=True, slots=True)
class Order:
    """What a process is to do.

    Attributes:
        url: The server.
        token: To prove there.
        cache: The shared cache folder.
        sources: All tracks.
        seed: Of its choices.
        locks_work: Whether flock does anything.
        complaint: File to write to when something happens that must not.
    """

    url: str
    token: str
    cache: Path
    sources: tuple[CloudSource, ...]
    seed: int
    locks_work: bool
    complaint: Path


def break_locks() -> None:
    """Make flock say yes to everybody, as some network file systems do."""
    fcntl.flock = lambda _fd, _operation: None


def work(order: Order) -> None:
    """Download random batches for ever; what must not happen is written down before the process ends."""
    try:
        if not order.locks_work:
            break_locks()
        _download_for_ever(order)
    except BaseException:
        order.complaint.write_text(traceback.format_exc())
        raise


def _download_for_ever(order: Order) -> None:
    chance = random.Random(order.seed)
    settings = Settings(
        cache_dir=order.cache,
        max_concurrent_downloads=2,
        backoff_base_s=0.001,
        backoff_cap_s=0.01,
        attempts=3,
        read_timeout_s=5.0,
        lock_timeout_s=2.0,
    )
    with (
        ChadMusicAPIClient(order.url, token=order.token, settings=settings) as client,
        DownloadService(client, settings=settings) as service,
    ):
        while True:
            outcomes = service.download_all(chance.sample(order.sources, BATCH))
            for source, outcome in outcomes.items():
                if isinstance(outcome, Unavailable) and outcome.reason not in EXPECTED:
                    raise AssertionError(f"{source.track_id}: {outcome}")


def take_lock(lock: Path, locks_work: bool, pipe: Connection) -> None:
    """Ask for a lock once, say what came of it, and keep it until a word comes."""
    if not locks_work:
        break_locks()
    with holding(lock, CancelToken(), wait_s=0) as hold:
        pipe.send(hold.value)
        pipe.recv()
