"""What was asked of the server: the ledger that the harness publishes, and fuller notes for tests."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Literal

from harness.server.wire import Request

__all__ = ["Entry", "Kind", "Ledger", "Traffic", "TrafficMeter"]

Kind = Literal["audio", "api"]
NOTED_REQUESTS = 10_000


@dataclass(slots=True)
class Entry:
    """One request, in order of arrival.

    Attributes:
        method: As sent.
        path: Path and query as sent.
        status: What it was answered with; None before that, or if the answer had no status.
        range: The Range header, if there was one.
        kind: Whether it asked for a track's bytes or for anything else.
        authorized: Whether it carried an access token that is good.
    """

    method: str
    path: str
    status: int | None
    range: str | None
    kind: Kind
    authorized: bool


class Ledger:
    """Every request but those for the harness itself; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards both below
        self._entries: list[Entry] = []
        self._requests: deque[Request] = deque(maxlen=NOTED_REQUESTS)

    def arrived(self, request: Request, kind: Kind, *, authorized: bool) -> Entry:
        """Enter a request; its status is filled in before the first byte of the reply goes out."""
        entry = Entry(request.method, request.target, None, request.headers.get("range"), kind, authorized)
        with self._lock:
            self._entries.append(entry)
            self._requests.append(request)
        return entry

    def entries(self) -> list[dict[str, object]]:
        """The ledger as it stands."""
        with self._lock:
            return [asdict(entry) for entry in self._entries]

    def requests(self) -> list[dict[str, object]]:
        """The last requests with all their headers, credentials too: how a test sees who got them."""
        with self._lock:
            return [
                {"method": request.method, "target": request.target, "headers": dict(request.headers)}
                for request in self._requests
            ]

    def clear(self) -> None:
        """Forget everything so far."""
        with self._lock:
            self._entries.clear()
            self._requests.clear()


@dataclass(frozen=True, slots=True)
class Traffic:
    """Connections and audio requests under way, now and at most; the harness's own are not counted."""

    connections: int
    peak_connections: int
    accepted: int
    streams: int
    peak_streams: int


class TrafficMeter:
    """Counts what is under way; safe to use from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()  # guards the value
        self._traffic = Traffic(0, 0, 0, 0, 0)

    def now(self) -> Traffic:
        """The counts as they stand."""
        with self._changed:
            return self._traffic

    def when_idle(self, timeout_s: float) -> Traffic:
        """The counts as soon as no connection is left, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: not self._traffic.connections, timeout_s)
            return self._traffic

    def forget_peaks(self) -> None:
        """Start the peaks and the total again from what is under way."""
        with self._changed:
            seen = self._traffic
            self._traffic = Traffic(seen.connections, seen.connections, 0, seen.streams, seen.streams)

    def connection_opened(self) -> None:
        """A connection asked for something."""
        self._add(connections=1, accepted=1)

    def connection_closed(self) -> None:
        """Such a connection is over."""
        self._add(connections=-1)

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Count an audio reply while it is under way."""
        self._add(streams=1)
        try:
            yield
        finally:
            self._add(streams=-1)

    def _add(self, *, connections: int = 0, accepted: int = 0, streams: int = 0) -> None:
        with self._changed:
            seen = self._traffic
            now_connections, now_streams = seen.connections + connections, seen.streams + streams
            self._traffic = Traffic(
                connections=now_connections,
                peak_connections=max(seen.peak_connections, now_connections),
                accepted=seen.accepted + accepted,
                streams=now_streams,
                peak_streams=max(seen.peak_streams, now_streams),
            )
            self._changed.notify_all()
