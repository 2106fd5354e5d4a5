"""What the tests of this folder share: a rig (server, client, service, cache) and how to look into it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import psutil

from chadsdk.cache import CacheLayout
from chadsdk.cancel import CancelToken
from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService
from chadsdk.errors import ExportCancelled
from chadsdk.settings import Settings
from chadsdk.source import CloudSource
from harness.process import LedgerEntry, ServerHandle
from harness.recording import sha256_of
from harness.world import WorldTrack
from tests.child import Child, standing

PATIENCE_S = 20.0
CANCEL_BOUND_S = 1.0
REFRESH_PATH = "/api/auth/refresh"


def quick(cache: Path, **changes: Any) -> Settings:
    """Settings of a rig: everything by default, but waits between attempts that no test has to sit out."""
    return replace(Settings(cache_dir=cache, backoff_base_s=0.001, backoff_cap_s=0.002), **changes)


def source_of(track: WorldTrack) -> CloudSource:
    """What the server's listing says of a track, for "the server that is asked"."""
    listing = track.listing
    assert isinstance(listing, dict)
    return CloudSource(
        server="",
        track_id=track.id,
        stream_path=track.stream_path,
        size_bytes=listing.get("sizeBytes"),
        revision=listing.get("revision"),
        sha256=listing.get("sha256"),
        content_type=listing.get("contentType"),
        title=str(listing.get("title")),
    )


def bare(source: CloudSource) -> CloudSource:
    """The same track, of which nothing is known but where it lies."""
    return replace(source, size_bytes=None, revision=None, sha256=None, content_type=None)


@dataclass(frozen=True, slots=True)
class Rig:
    """A server, and a client and a service that use it with a cache of their own."""

    server: ServerHandle
    client: ChadMusicAPIClient
    service: DownloadService

    @property
    def cache(self) -> Path:
        """The cache folder."""
        return self.service.settings.cache_dir

    @property
    def layout(self) -> CacheLayout:
        """Where this server's tracks lie in it."""
        return CacheLayout.of(self.cache, self.client.key)

    @property
    def sources(self) -> list[CloudSource]:
        """All tracks, in the server's order, with all that is known of them."""
        return [source_of(track) for track in self.server.world.tracks]

    def source(self, number: int = 1, **changes: Any) -> CloudSource:
        """Track ``t-<number>``."""
        return replace(source_of(self.server.world.track(f"t-{number}")), **changes)

    def sha256(self, number: int = 1) -> str:
        """The right digest of track ``t-<number>``."""
        recording = self.server.world.track(f"t-{number}").recording
        assert recording is not None
        return recording.sha256

    def gets(self, number: int = 1) -> list[LedgerEntry]:
        """The GETs of that track's audio, from any address."""
        path = self.server.world.track(f"t-{number}").stream_path
        return [entry for entry in self.server.audio_gets() if entry.path.endswith(path)]

    def refreshes(self) -> int:
        """How often new credentials were asked for."""
        return sum((entry.method, entry.path) == ("POST", REFRESH_PATH) for entry in self.server.ledger())

    def temporaries(self) -> list[Path]:
        """Downloads under way, or left by the dead."""
        return sorted(self.layout.partials.glob("*.tmp")) if self.layout.partials.is_dir() else []

    def partials(self) -> list[Path]:
        """Downloads put aside."""
        return sorted(self.layout.partials.glob("*.part")) if self.layout.partials.is_dir() else []

    def assert_whole(self) -> None:
        """Everything of this server under a final name is the very audio of its track."""
        tracks = self.server.world.tracks
        right = {track.id: track.recording.sha256 for track in tracks if track.recording}
        files = final_files(self.cache)
        assert not [
            path for path in files if path.parent == self.layout.folder and right.get(path.stem) != sha256_of(path)
        ]

    def open_sockets(self) -> list[str]:
        """The state of each connection that this process has to the server."""
        port = urlsplit(self.server.url).port
        return [
            each.status
            for each in psutil.Process().net_connections("tcp")
            if each.raddr and each.raddr.port == port and each.status != psutil.CONN_NONE
        ]


def final_files(cache: Path) -> list[Path]:
    """Every file of the cache that is in no dot-folder: what users and DAWs take for tracks."""
    found = (path for path in cache.glob("*/*") if path.is_file())
    return sorted(path for path in found if not path.name.startswith("."))


def chadsdk_threads() -> list[str]:
    """Names of the SDK's threads that still run."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("chadsdk")]


class WatchedToken(CancelToken):
    """A token that tells what is done with it, so that a test knows in which wait a call is.

    Attributes:
        slept: Set when somebody begins to sleep on it.
        asked: Released each time it is asked.
        interruptible: Set when a wait that it can interrupt is registered.
    """

    def __init__(self) -> None:
        self.slept = threading.Event()
        self.asked = threading.Semaphore(0)
        self.interruptible = threading.Event()
        super().__init__()

    @property
    def cancelled(self) -> bool:
        """See `CancelToken`."""
        self.asked.release()
        return super().cancelled

    def sleep(self, seconds: float) -> None:
        """See `CancelToken`."""
        self.slept.set()
        super().sleep(seconds)

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """See `CancelToken`."""
        with super().interrupting(interrupt):
            self.interruptible.set()
            yield


class Running:
    """A call on a thread of its own."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.result: object = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(call,), name="test")
        self._thread.start()

    def _run(self, call: Callable[[], object]) -> None:
        try:
            self.result = call()
        except BaseException as exc:  # noqa: BLE001 - it is given to who waits
            self.error = exc

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.join()

    def join(self, timeout_s: float = PATIENCE_S) -> None:
        """Wait for its end."""
        self._thread.join(timeout_s)
        assert not self._thread.is_alive(), "the call does not end"

    def value(self) -> Any:
        """What it gave; what it raised is raised."""
        self.join()
        if self.error is not None:
            raise self.error
        return self.result

    def cancelled_by(self, token: CancelToken) -> float:
        """Cancel it and give the seconds until it was over; it must say that it was cancelled."""
        started = time.monotonic()
        token.cancel()
        self.join()
        took_s = time.monotonic() - started
        assert isinstance(self.error, ExportCancelled), repr(self.error)
        return took_s


def download_child(command: str, prefix: Sequence[str] = (), **config: Any) -> Child:
    """A process that does one thing of `tests.download.children`."""
    return Child("tests.download.children", command, prefix, **config)


def child(command: str, prefix: Sequence[str] = (), **config: Any) -> AbstractContextManager[Child]:
    """The same, standing at its start, and gone when the block ends."""
    return standing(download_child(command, prefix, **config))


def child_config(rig: Rig, sources: Sequence[CloudSource], **more: Any) -> dict[str, Any]:
    """What a child needs to download these into the rig's cache."""
    return {
        "url": rig.server.url,
        "token": rig.server.token,
        "cache": str(rig.cache),
        "sources": [asdict(source) for source in sources],
        **more,
    }
