"""A harness server as a process of its own, and a handle on it.

::

    world = plain_world(tmp_path, [64 * 1024] * 30)
    with running_server(world) as server:
        client = ChadMusicAPIClient(server.url, token=server.token)
        server.set_faults("t-3", [{"gate": "half", "after": 0.5}])
        ...
        server.wait_at_gate("half")        # no sleep: returns when a reply waits there
        server.open_gate("half")
        assert len(server.audio_gets()) == 30
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.handle import HarnessError, LedgerEntry, NotedRequest, ServerHandle, Traffic
from harness.world import World
from harness.world_file import save_world

__all__ = [
    "HarnessError",
    "LedgerEntry",
    "NotedRequest",
    "ServerHandle",
    "TlsFiles",
    "Traffic",
    "running_server",
]

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files for an https server, and the certificate that a client must trust."""

    certificate: Path
    key: Path
    authority: Path


@contextmanager
def running_server(world: World, *, port: int = 0, tls: TlsFiles | None = None) -> Iterator[ServerHandle]:
    """A server of this world in a process of its own, until the block ends or this process does.

    Raises:
        HarnessError: It did not start; the message says why.
    """
    with tempfile.TemporaryDirectory(prefix="harness-") as folder:
        world_file = save_world(world, Path(folder) / "world.json")
        arguments = ["serve", "--world", str(world_file), "--port", str(port), "--json", "--with-parent"]
        if tls is not None:
            arguments += ["--certificate", str(tls.certificate), "--key", str(tls.key)]
        process = subprocess.Popen(
            [sys.executable, "-m", "harness", *arguments],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with process:
            handle = ServerHandle(_reported_url(process), world, process, tls.authority if tls else None)
            try:
                yield handle
            finally:
                handle.stop()


def _reported_url(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait()
        raise HarnessError(f"the server did not start: exit code {process.returncode}, see standard error")
    return str(json.loads(line)["url"])
