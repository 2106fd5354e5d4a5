"""Ctrl-C and SIGTERM, at a moment when the body stands still."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from chadsdk.cache import listing
from chadsdk.cli import main
from harness.process import ServerHandle
from tests.cli.command import Command
from tests.cli.conftest import SignalAtTheSecond
from tests.export.rig import check_export, leftovers, local_playlist, own_wav

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


@pytest.mark.parametrize("word", ["plan", "export"])
def test_a_signal_while_the_plan_is_made_is_130(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    """No further entry is looked at, and no plan is printed."""
    looked: list[Path] = []

    def look(path: Path) -> int:
        looked.append(path)
        signal.raise_signal(signal.SIGINT)
        return path.stat().st_size

    monkeypatch.setattr("chadsdk.export.exporter.local_bytes", look)
    local_playlist(own_wav(tmp_path / "a.wav"), own_wav(tmp_path / "b.wav")).save(tmp_path / "p.json")
    with pytest.raises(SystemExit, match="130"):
        main([word, str(tmp_path / "p.json"), "--to", str(tmp_path / "out")])
    assert len(looked) == 1
    told = capsys.readouterr()
    assert (told.out, told.err.startswith("chadsdk: Cancelled.")) == ("", True)


def test_ctrl_c_outside_of_a_question_does_not_say_that_nothing_was_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody knows: click turns it into what it also makes of a "no"."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("chadsdk.cli.plan.open_playlist", interrupt)
    with pytest.raises(SystemExit, match="130"):
        main(["plan", "p.json"])
    assert "Nothing half-made is left" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_cache_is_cleared_is_130_and_says_what_is_left(
    command: Command,
    server: ServerHandle,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    signal_at_the_second: SignalAtTheSecond,
    number: signal.Signals,
) -> None:
    """At the second of six tracks: that one is done, the next is not begun."""
    assert command.on(server)("export", "plain", "--to", "out").returncode == 0
    signal_at_the_second(listing, number)
    monkeypatch.setenv("CHADSDK_CACHE_DIR", str(command.cache_dir))
    with pytest.raises(SystemExit, match="130"):
        main(["cache", "clear", "--yes"])
    assert capsys.readouterr().err == "chadsdk: Cancelled. 4 of 6 tracks are left in the cache.\n"
    assert len(list(command.cache_dir.rglob("*.wav"))) == 4


def test_ctrl_c_at_the_question_changes_nothing(command: Command, server: ServerHandle) -> None:
    """It is heard while the question waits, and what is said is true."""
    assert command.on(server)("export", "plain", "--to", "out").returncode == 0
    with subprocess.Popen(
        command.line("cache", "clear"),
        cwd=command.folder,
        env=command.variables(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        while process.stderr.read(1) != "?":
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=SOON_S)
    assert process.returncode == 130
    assert "Nothing was changed" in said
    assert len(list(command.cache_dir.rglob("*.wav"))) == 6
