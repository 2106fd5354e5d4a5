"""A real server in front of a folder: nginx as Debian has it, on a loopback port, ended by its process id."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["Nginx", "running_nginx"]

START_S = 10.0
CONFIG = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
  log_format ledger '$uri|$http_range|$status|$bytes_sent';
  access_log {folder}/ledger.log ledger;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  types {{ audio/wav wav; }}
  server {{
    listen 127.0.0.1:{port};
    root {root};
    location / {{ }}
    location /slow/ {{ alias {root}/; limit_rate 1000k; }}
    location /norange/ {{ alias {root}/; max_ranges 0; limit_rate 1000k; }}
    location /gzip/ {{ alias {root}/; gzip on; gzip_types audio/wav; gzip_min_length 1; }}
    # Any filter that may change the body weakens the entity tag and takes the ranges away, as gzip does.
    location /weak/ {{ alias {root}/; sub_filter_types audio/wav; sub_filter nowhere-in-it x; limit_rate 1000k; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx: its origin, and what it was asked."""

    url: str
    log: Path

    def asked(self, count: int) -> list[tuple[str | None, int]]:
        """The range and the status of the first `count` requests, as soon as nginx has logged them."""
        deadline = time.monotonic() + START_S
        while len(lines := self.log.read_text().splitlines()) < count and time.monotonic() < deadline:
            time.sleep(0.01)  # nginx writes the line after the reply's last byte, and tells nobody
        fields = [line.split("|") for line in lines]
        return [(None if wanted == "-" else wanted, int(status)) for _, wanted, status, _ in fields]


@contextmanager
def running_nginx(root: Path, folder: Path) -> Iterator[Nginx]:
    """Serve the files of `root` until the block ends; the test is skipped where there is no nginx."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("there is no nginx here")
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    folder.mkdir()
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, root=root, port=port))
    command = [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            _wait_until_it_listens(process, port)
            yield Nginx(f"http://127.0.0.1:{port}", folder / "ledger.log")
        finally:
            process.terminate()


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)  # it says nowhere that it listens
    raise AssertionError("nginx did not start; see its error.log")
