"""Ctrl-C and SIGTERM, at a moment when the body stands still."""

from __future__ import annotations

import signal
import subprocess

import pytest

from harness.process import ServerHandle
from tests.cli.command import Command
from tests.export.rig import check_export, leftovers

SOON_S = 1.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_mid_body_is_130_within_a_second(
    command: Command, server: ServerHandle, number: signal.Signals
) -> None:
    """One sentence, no half export; the next run completes from what was kept."""
    for name in range(1, 7):
        server.set_faults(f"t-{name}", [{"gate": "half", "after": 0.5}])
    with command.on(server).started("export", "plain", "--to", "out", "--json") as process:
        server.wait_at_gate("half", 4)
        process.send_signal(number)
        told, said = process.communicate(timeout=SOON_S)
    assert process.returncode == 130
    assert told == ""
    assert said.splitlines()[-1].startswith("chadsdk: Cancelled.")
    assert "Traceback" not in said
    assert leftovers(command.folder / "out") == []
    assert list(command.cache_dir.rglob("*.wav")) == []
    server.open_gate("half")
    assert command.on(server)("export", "plain", "--to", "out").returncode == 0
    check_export(command.folder / "out" / "Plain")


@pytest.mark.parametrize("line", [("plan", "plain"), ("export", "plain", "--to", "out")])
def test_a_signal_while_the_playlist_is_read_is_130(
    command: Command, server: ServerHandle, line: tuple[str, ...]
) -> None:
    """The API's answer stands still."""
    server.set_faults("/api/playlists/plain", [{"gate": "page", "before": "headers"}])
    with command.on(server).started(*line) as process:
        server.wait_at_gate("page")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SOON_S)
    assert process.returncode == 130


def test_two_signals_are_one_cancel(command: Command, server: ServerHandle) -> None:
    """An impatient second Ctrl-C gives no traceback either."""
    for name in range(1, 7):
        server.set_faults(f"t-{name}", [{"gate": "half", "after": 0.5}])
    with command.on(server).started("export", "plain", "--to", "out") as process:
        server.wait_at_gate("half", 4)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=SOON_S)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert not (command.folder / "out" / "Plain").exists()


def test_a_cancelled_command_leaves_no_connection(command: Command, server: ServerHandle) -> None:
    """The server sees every one of them end."""
    server.set_faults("t-1", [{"gate": "half", "after": 0.5}])
    with command.on(server).started("export", "plain", "--to", "out", stderr=subprocess.DEVNULL) as process:
        server.wait_at_gate("half")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=SOON_S) == 130
    server.wait_until_idle()
