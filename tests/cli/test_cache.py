"""``chadsdk cache``: where it is, what is in it, emptying it."""

from __future__ import annotations

import json

import pytest

from harness.process import ServerHandle
from tests.cli.command import Command


@pytest.fixture
def filled(command: Command, server: ServerHandle) -> Command:
    """The command with six tracks in its cache."""
    assert command.on(server)("export", "plain", "--to", "out").returncode == 0
    return command


def test_path_is_the_folder_alone(command: Command) -> None:
    """So that ``du -sh "$(chadsdk cache path)"`` works; it is not made."""
    done = command("cache", "path")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{command.cache_dir}\n", "")
    assert not command.cache_dir.exists()


def test_path_is_exact(command: Command) -> None:
    """Also where its bytes are not UTF-8."""
    done = command.with_(CHADSDK_CACHE_DIR=f"{command.folder}/c\udcff")("cache", "path")
    assert (done.returncode, done.stdout) == (0, f"{command.folder}/c\udcff\n")


def test_ls_lists_every_track(filled: Command) -> None:
    """With size, file and title; the sum on standard error."""
    done = filled("cache", "ls")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) == 6
    assert all("64.0 KiB" in line for line in lines)
    assert "t-1.wav" in lines[0]
    assert "Plain 00001" in lines[0]
    assert done.stderr.startswith("6 tracks, 384.0 KiB, in ")


def test_ls_as_json(filled: Command) -> None:
    """A list of objects with absolute paths that exist."""
    done = filled("cache", "ls", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    tracks = json.loads(done.stdout)
    assert sorted(track["track_id"] for track in tracks) == [f"t-{number}" for number in range(1, 7)]
    assert {track["size_bytes"] for track in tracks} == {65_536}


@pytest.mark.parametrize("words", [("ls",), ("ls", "--json"), ("clear", "--yes"), ("clear",)])
def test_a_cache_that_is_not_there_is_empty(command: Command, words: tuple[str, ...]) -> None:
    """No error, no question, and it is not made."""
    done = command("cache", *words)
    assert done.returncode == 0
    assert not command.cache_dir.exists()


def test_clear_asks_first(filled: Command) -> None:
    """Anything but yes keeps everything, and nothing is said of an export."""
    for answer in ("n\n", "\n", ""):
        done = filled("cache", "clear", answer=answer)
        assert done.returncode == 130
        assert "Remove 6 tracks" in done.stderr
        assert "export" not in done.stderr
        assert "Traceback" not in done.stderr
    assert len(list(filled.cache_dir.rglob("*.wav"))) == 6


@pytest.mark.parametrize(("options", "answer"), [(("--yes",), ""), ((), "y\n")])
def test_clear_removes_every_track(filled: Command, options: tuple[str, ...], answer: str) -> None:
    """After a yes, on the command line or to the question; the export stays."""
    done = filled("cache", "clear", *options, answer=answer)
    assert done.returncode == 0
    assert "Removed 6 tracks, 38" in done.stderr
    assert list(filled.cache_dir.rglob("*.wav")) == []
    assert len(list((filled.folder / "out").rglob("*.wav"))) == 6


def test_a_reader_that_goes_away_is_no_traceback(filled: Command) -> None:
    """``chadsdk cache ls | head -0``."""
    with filled.started("cache", "ls") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()
