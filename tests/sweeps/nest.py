"""A process that has loaded all that an export needs, and forks one for each errand: ``python -m tests.sweeps.nest``.

So the N-th call of a run is the N-th call of its export, and not one of the hundreds that starting Python makes; and a
run costs a fork. It reads a line of JSON (an `Errand`), forks, prints the process id, and waits for another line, while
its parent lays hands on the child. Then it lets the child go, and prints how that ended. Its first errand it does
itself, to have everything loaded.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
import threading
from dataclasses import asdict
from typing import NoReturn

from tests.sweeps.errand import Errand, export, report_of


def _say(**words: object) -> None:
    print(json.dumps(words), flush=True)


def _child(errand: Errand, gate: socket.socket) -> NoReturn:
    try:
        gate.sendall(b"s")
        gate.recv(1)
        # By `sendto`, which is never failed: files are written by other calls.
        gate.sendall(json.dumps(asdict(report_of(errand))).encode())
    finally:
        os._exit(0)


def _received(gate: socket.socket) -> bytes:
    pieces = []
    while piece := gate.recv(65_536):
        pieces.append(piece)
    return b"".join(pieces)


def _run(errand: Errand) -> None:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if not pid:
        ours.close()
        _child(errand, theirs)
    theirs.close()
    with ours:
        ours.recv(1)  # it stands at its start: nothing but the errand is still to be done
        _say(pid=pid)
        sys.stdin.readline()
        ours.sendall(b"g")
        report = _received(ours)
    _, status = os.waitpid(pid, 0)
    _say(code=os.waitstatus_to_exitcode(status), report=json.loads(report) if report else None)


def _main() -> None:
    export(Errand(**json.loads(sys.stdin.readline())))
    if threading.active_count() > 1:
        raise AssertionError(f"a fork keeps one thread only: {threading.enumerate()}")
    gc.collect()
    gc.freeze()
    _say(ready=True)
    for line in sys.stdin:
        _run(Errand(**json.loads(line)))


if __name__ == "__main__":
    _main()
