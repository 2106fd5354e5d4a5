"""nginx as a process of ours: configuration, logs and site in a temporary folder, one port on loopback."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.handle import HarnessError
from harness.process import TlsFiles
from harness.world import World

__all__ = ["nginx_program", "running_nginx"]

#: Debian keeps it where only root looks.
SEARCH_PATH = "/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin:/opt/homebrew/bin"
START_S = 10.0
STOP_S = 10.0
LOOK_S = 0.01

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  open_file_cache max=2000;
  types {{ }}
  default_type audio/wav;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port}{tls};
    root {folder}/site;
  }}
}}
"""
CERTIFICATES = " ssl;\n    ssl_certificate {certificate};\n    ssl_certificate_key {key}"


def nginx_program() -> str | None:
    """Where nginx lies; None where it is not installed."""
    return shutil.which("nginx") or shutil.which("nginx", path=SEARCH_PATH)


@contextmanager
def running_nginx(world: World, *, tls: TlsFiles | None = None) -> Iterator[str]:
    """Serve a world's stream paths by nginx, one worker with `sendfile`; gives its origin.

    Raises:
        HarnessError: It is not installed, or did not start.
    """
    program = nginx_program()
    if program is None:
        raise HarnessError("nginx is not installed")
    with tempfile.TemporaryDirectory(prefix="bench-nginx-") as temporary:
        folder = Path(temporary)
        _lay_out(world, folder / "site")
        port = _free_port()
        configuration = folder / "nginx.conf"
        configuration.write_text(_configuration(folder, port, tls), encoding="utf-8")
        process = subprocess.Popen(
            [program, "-p", folder, "-c", configuration, "-e", folder / "error.log"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_until_it_listens(process, port, folder / "error.log")
            yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        finally:
            _stop(process)


def _configuration(folder: Path, port: int, tls: TlsFiles | None) -> str:
    extra = "" if tls is None else CERTIFICATES.format(certificate=tls.certificate, key=tls.key)
    return CONFIGURATION.format(folder=folder, port=port, tls=extra)


def _lay_out(world: World, site: Path) -> None:
    for track in world.tracks:
        if track.recording is not None:
            place = site / track.stream_path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(track.recording.file.resolve())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            time.sleep(LOOK_S)
        else:
            return
    said = log.read_text(encoding="utf-8", errors="replace").strip() if log.exists() else ""
    raise HarnessError(f"nginx did not start: {said or 'no reason given'}")
