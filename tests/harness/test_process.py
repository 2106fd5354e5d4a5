"""The server as a process: it comes up, goes down when told to, and never outlives who started it."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.build import plain_world
from harness.process import PROJECT, HarnessError, ServerHandle, TlsFiles, running_server
from harness.world import World
from harness.world_file import save_world
from tests.harness.raw import PATIENCE_S, ask, connected

PARENT = """
import sys, time
from pathlib import Path
from harness.process import running_server
from harness.world_file import load_world
with running_server(load_world(Path(sys.argv[1]))) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def small_world(tmp_path: Path) -> World:
    """A world of one small track."""
    return plain_world(tmp_path / "world", [1_000])


def connect(url: str) -> socket.socket:
    address = urlsplit(url)
    return socket.create_connection((address.hostname, address.port), timeout=PATIENCE_S)


def test_a_server_is_another_process_on_a_port_of_its_own(small_world: World) -> None:
    """Two servers of one world run side by side."""
    with running_server(small_world) as one, running_server(small_world) as two:
        assert len({one.url, two.url}) == len({one.pid, two.pid, os.getpid()}) - 1 == 2
        assert ask(one, "GET", "/api/tracks/t-1").status == ask(two, "GET", "/api/tracks/t-1").status == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_server_cleanly(small_world: World, number: signal.Signals) -> None:
    """Exit code 0, although a client is connected and another one waits at a gate."""
    with running_server(small_world) as server:
        server.set_faults("t-1", [{"gate": "g", "after": 0.5}])
        with connected(server) as idle, connected(server) as waiting:
            assert idle.ask("GET", "/api/tracks/t-1").status == 200
            waiting.send("GET", "/tracks/1/audio.wav")
            server.wait_at_gate("g")
            server.process.send_signal(number)
            assert server.process.wait(PATIENCE_S) == 0
            assert idle.is_over()


def test_a_server_is_gone_after_its_block(small_world: World) -> None:
    """The process has ended and the port is free for another server."""
    with running_server(small_world) as server:
        port = urlsplit(server.url).port
        assert port is not None
    assert server.process.returncode == 0
    with running_server(small_world, port=port) as again:
        assert again.url == server.url


def test_a_server_does_not_outlive_a_parent_that_is_killed(small_world: World, tmp_path: Path) -> None:
    """SIGKILL of the parent, which can clean nothing up, ends the server too."""
    world_file = save_world(small_world, tmp_path / "world.json")
    command = [sys.executable, "-c", PARENT, str(world_file)]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().decode().strip()
        with connect(url) as connection:
            parent.kill()
            with suppress(ConnectionResetError):  # which of the two depends on how far its goodbye got
                assert connection.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        connect(url)


def test_a_killed_server_looks_like_a_crash(small_world: World) -> None:
    """`kill` breaks connections off in the middle; the block still ends well."""
    with running_server(small_world) as server, connected(server) as client:
        server.set_faults("t-1", [{"gate": "g", "after": 0.5}])
        client.send("GET", "/tracks/1/audio.wav")
        server.wait_at_gate("g")
        server.kill()
        assert len(client.receive().body) == 500
        assert server.process.returncode == -signal.SIGKILL


def test_a_server_that_cannot_start_says_why(small_world: World, capfd: pytest.CaptureFixture[str]) -> None:
    """A taken port is a `HarnessError`, with one sentence on standard error."""
    with (
        running_server(small_world) as server,
        pytest.raises(HarnessError, match="exit code 1"),
        running_server(small_world, port=urlsplit(server.url).port or 0),
    ):
        pass
    assert "Address already in use" in capfd.readouterr().err


def test_a_server_can_speak_https(small_world: World, tls: TlsFiles) -> None:
    """With a certificate it serves the same bytes and the same control plane over TLS."""
    with running_server(small_world, tls=tls) as server:
        assert server.url.startswith("https://")
        assert _body_over_tls(server, "/open/tracks/1/audio.wav") == _audio(small_world)
        assert len(server.audio_gets()) == 1


def test_the_environment_is_what_the_command_wants(small_world: World) -> None:
    """Address and token, under the names that `chadsdk` reads."""
    with running_server(small_world) as server:
        assert server.environment == {"CHADSDK_SERVER": server.url, "CHADSDK_TOKEN": small_world.token}


def _body_over_tls(server: ServerHandle, path: str) -> bytes:
    trust = ssl.create_default_context(cafile=server.tls_ca)
    with connect(server.url) as plain, trust.wrap_socket(plain, server_hostname="127.0.0.1") as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while chunk := client.recv(1 << 16):
            received += chunk
    return received.partition(b"\r\n\r\n")[2]


def _audio(world: World) -> bytes:
    recording = world.tracks[0].recording
    assert recording is not None
    return recording.file.read_bytes()
