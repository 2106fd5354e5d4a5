"""A TCP proxy on loopback that adds latency and takes no bandwidth: ``python -m benchmarks.servers.lag PORT DELAY_S``.

Whatever comes in on one side goes out on the other after the delay, in order and whole; so a request and its reply
on an open connection cost twice the delay more than without. Opening a connection costs nothing extra, because the
proxy's own end is here. What is under way is kept in memory without a bound: a bound would be a window, and so a
bandwidth.
"""

from __future__ import annotations

import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.handle import HarnessError
from harness.lifetime import stop_with_parent

__all__ = ["RECEIVE_BYTES", "lagging"]

PROJECT = Path(__file__).resolve().parent.parent.parent
RECEIVE_BYTES = 256 * 1024
STOP_S = 10.0

_Parcel = tuple[float, bytes]  # when it is due, and what; no bytes mean the end


@contextmanager
def lagging(port: int, *, delay_s: float) -> Iterator[int]:
    """A proxy to a port, as a process of its own; gives its port. Each direction is delayed by so many seconds.

    Raises:
        HarnessError: It did not start.
    """
    arguments = [sys.executable, "-m", "benchmarks.servers.lag", str(port), str(delay_s)]
    with subprocess.Popen(arguments, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise HarnessError("the delaying proxy did not start")
            yield int(line)
        finally:
            process.terminate()
            process.wait(STOP_S)


def main() -> None:
    """Relay connections until standard input ends."""
    port, delay_s = int(sys.argv[1]), float(sys.argv[2])
    listening = socket.create_server(("127.0.0.1", 0))
    stop_with_parent(lambda: listening.shutdown(socket.SHUT_RDWR))
    print(listening.getsockname()[1], flush=True)
    while True:
        try:
            near, _ = listening.accept()
        except OSError:
            return
        _join(near, port, delay_s)


def _join(near: socket.socket, port: int, delay_s: float) -> None:
    try:
        far = socket.create_connection(("127.0.0.1", port))
    except OSError:
        near.close()
        return
    for end in (near, far):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for source, target in ((near, far), (far, near)):
        parcels: queue.SimpleQueue[_Parcel] = queue.SimpleQueue()
        threading.Thread(target=_take, args=(source, parcels, delay_s), daemon=True).start()
        threading.Thread(target=_give, args=(target, parcels), daemon=True).start()


def _take(source: socket.socket, parcels: queue.SimpleQueue[_Parcel], delay_s: float) -> None:
    data = b"-"
    while data:
        try:
            data = source.recv(RECEIVE_BYTES)
        except OSError:  # reset: for the other side the end, too
            data = b""
        parcels.put((time.monotonic() + delay_s, data))


def _give(target: socket.socket, parcels: queue.SimpleQueue[_Parcel]) -> None:
    with suppress(OSError):  # who does not listen any more need not be told
        while True:
            due, data = parcels.get()
            time.sleep(max(0.0, due - time.monotonic()))
            if not data:
                target.shutdown(socket.SHUT_WR)
                return
            target.sendall(data)


if __name__ == "__main__":
    main()
