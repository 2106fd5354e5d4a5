"""A real server in front of a folder: nginx as Debian has it, on a loopback port, ended by its process id."""

from __future__ import annotations

import base64
import hashlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["KNOWN", "MEMBER", "Nginx", "link", "running_nginx"]

START_S = 10.0
MEMBER, KNOWN = "a-member", "a-guest"  # tokens: who may have the tracks of members, and who is known and may not
SECRET = "of the signatures"
CONFIG = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
  log_format ledger '$server_port|$uri|$http_range|$status|$http_authorization';
  access_log {folder}/ledger.log ledger;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  types {{ audio/wav wav; }}
  limit_req_zone $binary_remote_addr zone=seldom:1m rate=1r/m;
  limit_req_zone $binary_remote_addr zone=often:1m rate=2r/s;
  limit_req_status 429;
  server {{
    listen 127.0.0.1:{port};
    root {root};
    location / {{ }}
    location /slow/ {{ alias {root}/; limit_rate 1000k; }}
    location /norange/ {{ alias {root}/; max_ranges 0; limit_rate 1000k; }}
    location /gzip/ {{ alias {root}/; gzip on; gzip_types audio/wav; gzip_min_length 1; }}
    # Any filter that may change the body weakens the entity tag and takes the ranges away, as gzip does.
    location /weak/ {{ alias {root}/; sub_filter_types audio/wav; sub_filter nowhere-in-it x; limit_rate 1000k; }}
    location /members/ {{ alias {root}/; auth_request /verdict; }}
    location = /verdict {{
      internal;
      if ($http_authorization = "Bearer {member}") {{ return 204; }}
      if ($http_authorization = "Bearer {known}") {{ return 403; }}
      return 401;
    }}
    location /seldom/ {{ alias {root}/; limit_req zone=seldom; }}
    location /often/ {{ alias {root}/; limit_req zone=often; add_header Retry-After 1 always; }}
    location ~ ^/link/(?<sum>[^/]+)/(?<until>[0-9]+)/(?<file>.+)$ {{
      return 302 http://127.0.0.1:{storage}/signed/$file?sum=$sum&until=$until;
    }}
  }}
  server {{
    listen 127.0.0.1:{storage};
    location /signed/ {{
      alias {root}/;
      limit_rate 1000k;
      secure_link $arg_sum,$arg_until;
      secure_link_md5 "$secure_link_expires$uri {secret}";
      if ($secure_link = "") {{ return 403; }}
      if ($secure_link = "0") {{ return 410; }}
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx: its origin, that of its storage on another port, and what they were asked."""

    url: str
    storage: str
    log: Path

    def asked(self, count: int) -> list[tuple[str | None, int]]:
        """The range and the status of the first `count` requests, as soon as nginx has logged them."""
        return [(None if wanted == "-" else wanted, int(status)) for _, _, wanted, status, _ in self._logged(count)]

    def shown(self, count: int) -> list[tuple[bool, str]]:
        """Of each request: whether the storage was asked, and the Authorization that it showed, ``-`` for none."""
        port = self.storage.rpartition(":")[2]
        return [(at == port, authorization) for at, _, _, _, authorization in self._logged(count)]

    def _logged(self, count: int) -> list[list[str]]:
        deadline = time.monotonic() + START_S
        while len(lines := self.log.read_text().splitlines()) < count and time.monotonic() < deadline:
            time.sleep(0.01)  # nginx writes the line after the reply's last byte, and tells nobody
        return [line.split("|") for line in lines]


def link(file: str, *, good_for_s: float, secret: str = SECRET) -> str:
    """The path of a redirect to a signed link, which is good for so long, or has been over for as long."""
    until = int(time.time() + good_for_s)
    digest = hashlib.md5(f"{until}/signed/{file} {secret}".encode(), usedforsecurity=False).digest()
    return f"/link/{base64.urlsafe_b64encode(digest).decode().rstrip('=')}/{until}/{file}"


@contextmanager
def running_nginx(root: Path, folder: Path) -> Iterator[Nginx]:
    """Serve the files of `root` until the block ends; the test is skipped where there is no nginx."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("there is no nginx here")
    port, storage = _free_ports()
    folder.mkdir()
    config = folder / "nginx.conf"
    places = {"folder": folder, "root": root, "port": port, "storage": storage}
    config.write_text(CONFIG.format(**places, member=MEMBER, known=KNOWN, secret=SECRET))
    command = [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            _wait_until_it_listens(process, port)
            yield Nginx(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{storage}", folder / "ledger.log")
        finally:
            process.terminate()


def _free_ports() -> list[int]:
    with ExitStack() as stack:  # both at a time, so that they are two
        return [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(2)]


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)  # it says nowhere that it listens
    raise AssertionError("nginx did not start; see its error.log")
