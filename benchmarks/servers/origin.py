"""A world behind an address, whoever serves it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.servers.nginx import nginx_program, running_nginx
from harness.process import ServerHandle, TlsFiles, running_server
from harness.world import World

__all__ = ["NGINX", "Origin", "Software", "nginx_version", "serving"]

Software = Literal["nginx", "harness"]
NGINX: Software = "nginx"


@dataclass(frozen=True, slots=True)
class Origin:
    """A server of a world.

    Attributes:
        software: What serves it.
        url: Its origin.
        token: What the harness takes; nginx does not look.
        ca_file: Certificate to trust; None for http.
        handle: Of the harness; None for nginx.
    """

    software: Software
    url: str
    token: str
    ca_file: Path | None = None
    handle: ServerHandle | None = None


def nginx_version() -> str | None:
    """Version of nginx; None where it is not installed."""
    program = nginx_program()
    if program is None:
        return None
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=False).stderr
    found = re.search(r"\d+(\.\d+)+", said)
    return found[0] if found else "unknown version"


@contextmanager
def serving(world: World, software: Software, *, tls: TlsFiles | None = None) -> Iterator[Origin]:
    """A running server of a world, until the block ends.

    Raises:
        HarnessError: It did not start.
    """
    if software == NGINX:
        with running_nginx(world, tls=tls) as url:
            yield Origin(software, url, world.token, tls.authority if tls else None)
        return
    with running_server(world, tls=tls) as handle:
        yield Origin(software, handle.url, handle.token, handle.tls_ca, handle)
