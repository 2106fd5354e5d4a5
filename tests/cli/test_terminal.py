"""On a terminal: bars, drawn by rich on a pseudo-terminal that the test reads."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fcntl import ioctl

import pytest

from chadsdk import Playlist, Track
from harness.process import ServerHandle
from tests.cli.command import Command
from tests.cli.test_export import HOSTILE
from tests.export.rig import leftovers


@dataclass
class Screen:
    """Everything that was written to a terminal of 100 columns."""

    slave: int
    written: bytearray = field(default_factory=bytearray)

    def text(self) -> str:
        """What was written, escape sequences and all."""
        return self.written.decode(errors="replace")


@contextmanager
def terminal() -> Iterator[Screen]:
    """A pseudo-terminal; the screen is complete when the block has ended."""
    master, slave = os.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    screen = Screen(slave)

    def read() -> None:
        try:
            while piece := os.read(master, 4096):
                screen.written.extend(piece)
        except OSError:  # EIO: the last writer has closed it
            pass

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield screen
    finally:
        os.close(slave)
        reader.join()
        os.close(master)


@contextmanager
def shown(command: Command, *arguments: str) -> Iterator[tuple[Screen, subprocess.Popen[str]]]:
    """The command with its standard error on a terminal."""
    with terminal() as screen, command.started(*arguments, stderr=screen.slave) as process:
        yield screen, process


@pytest.fixture
def on_terminal(command: Command) -> Command:
    """The command with a terminal's usual environment."""
    return command.with_(TERM="xterm-256color", COLUMNS="100")


def test_two_bars_are_drawn(on_terminal: Command, mixed_server: ServerHandle) -> None:
    """One per phase, full in the end; missing tracks are named above them; standard output is as ever."""
    with shown(on_terminal.on(mixed_server), "export", "friday", "--to", "out") as (screen, process):
        told, _ = process.communicate(timeout=30)
    written = screen.text()
    assert process.returncode == 3
    for part in ("Downloading", "Copying", "━", "15/15 tracks", "Missing:", "Gone With the Server"):
        assert part in written
    assert "Traceback" not in written
    assert told.startswith("Exported 14 of 16 entries")
    assert written.endswith("\x1b[?25h")  # the cursor is back


def test_json_is_undisturbed_by_the_bars(on_terminal: Command, server: ServerHandle) -> None:
    """They are on standard error; standard output is the one object."""
    with shown(on_terminal.on(server), "export", "plain", "--to", "out", "--json") as (screen, process):
        told, _ = process.communicate(timeout=30)
    assert told.startswith("{")
    assert told.count("\n") == 1
    assert "Downloading" in screen.text()


def test_ctrl_c_leaves_the_terminal_in_order(on_terminal: Command, server: ServerHandle) -> None:
    """The bars stop, the cursor is shown again, one sentence, no traceback, 130."""
    server.set_faults("t-1", [{"gate": "half", "after": 0.5}])
    with shown(on_terminal.on(server), "export", "plain", "--to", "out") as (screen, process):
        server.wait_at_gate("half")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=1)
    written = screen.text()
    assert process.returncode == 130
    assert "\x1b[?25h" in written
    assert (
        written.rstrip()
        .splitlines()[-1]
        .endswith("chadsdk: Cancelled. Nothing half-made is left; what was downloaded is kept for the next time.")
    )
    assert "Traceback" not in written
    assert leftovers(on_terminal.folder / "out") == []


def test_titles_cannot_write_on_the_terminal(on_terminal: Command) -> None:
    """Neither escape sequences nor rich's own markup in a title are obeyed."""
    title = f"[red]{HOSTILE}[/nonsense]"
    playlist = Playlist("P", entries=(Track(title, file=on_terminal.folder / "nowhere.wav"), Track(title)))  # type: ignore[arg-type]
    playlist.save(on_terminal.folder / "p.json")
    written = ""
    for line in (
        ("plan", "p.json"),
        ("export", "p.json", "--to", "out"),
        ("export", "p.json", "--to", "o2", "--on-missing", "fail"),
    ):
        with shown(on_terminal, *line) as (screen, process):
            told, _ = process.communicate(timeout=30)
        assert "\x1b" not in told
        written += screen.text()
    assert "Traceback" not in written
    assert "\x1b]0;" not in written
    assert "\x1b[2J" not in written
    assert "\x07" not in written
