"""``chadsdk cache``: where it is, what is in it, emptying it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from chadsdk.cache import CacheLayout
from chadsdk.cache.listing import list_tracks
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


def test_clear_counts_tracks_alone(filled: Command) -> None:
    """A link under a track's name goes too, but it is none, and what it leads to is not touched."""
    [file] = filled.cache_dir.rglob("t-1.wav")
    mine = filled.folder / "mine.wav"
    mine.write_bytes(bytes(1_000_000))
    (file.parent / "t-7.wav").symlink_to(mine)
    (file.parent / "t-8.wav").symlink_to(filled.folder / "nowhere")
    done = filled("cache", "clear", answer="y\n")
    assert "Remove 6 tracks" in done.stderr
    assert done.stderr.endswith("Removed 6 tracks, 384.0 KiB.\n")
    assert list(file.parent.glob("*.wav")) == []
    assert mine.stat().st_size == 1_000_000


def test_a_time_that_no_calendar_has_is_left_out(filled: Command) -> None:
    """A record may say any number: the track is listed all the same, in the columns of the others."""
    for number, stored_at in ((1, 2**63 - 1), (2, 10**15), (3, 253_500_000_000)):  # the last is in the year 10003
        [record] = filled.cache_dir.rglob(f"t-{number}.json")
        record.write_text(json.dumps(json.loads(record.read_bytes()) | {"stored_at": stored_at}))
    done = filled("cache", "ls")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert [re.search("[0-9]{4}-[0-9]{2}-[0-9]{2} ", line) is None for line in lines] == [True] * 3 + [False] * 3
    assert len({line.index("Plain") for line in lines}) == 1
    told = json.loads(filled("cache", "ls", "--json").stdout)
    assert [each["stored_at"] for each in told[:2]] == [2**63 - 1, 10**15]


def test_what_vanishes_while_it_is_listed_is_passed_over(filled: Command) -> None:
    """The operating system may take a file, or a server's whole folder, at any moment."""
    [file] = filled.cache_dir.rglob("t-2.wav")
    shutil.copytree(file.parent, filled.cache_dir / "z.example")
    listing = list_tracks(filled.cache_dir)
    seen = [next(listing).path.name]
    file.unlink()
    seen += [next(listing).path.name for _ in range(4)]
    layouts = CacheLayout.all(filled.cache_dir)
    next(layouts)
    gone = next(layouts)
    shutil.rmtree(gone.folder)
    assert seen == ["t-1.wav", "t-3.wav", "t-4.wav", "t-5.wav", "t-6.wav"]
    assert list(listing) == []
    assert gone.tracks() == []


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [("ls",), ("ls", "--json"), ("verify",), ("verify", "--json"), ("path",)])
def test_output_that_cannot_be_written_is_no_fault_of_the_cache(
    filled: Command, words: tuple[str, ...], unbuffered: str
) -> None:
    """``chadsdk cache verify >/dev/full``: 1 and one sentence, without advice about another disk."""
    [file] = filled.cache_dir.rglob("t-1.wav")
    os.truncate(file, 1000)  # something to say before the end
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            filled.line("cache", *words),
            env={**filled.variables(), "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "chadsdk: The system refuses: No space left on device.\n")


@pytest.mark.parametrize("command_name", ["ls", "verify"])
def test_a_reader_that_goes_away_is_no_traceback(filled: Command, command_name: str) -> None:
    """``chadsdk cache ls | head -0``: nor is it said that the cache cannot be read."""
    [file] = filled.cache_dir.rglob("t-1.wav")
    os.truncate(file, 1000)
    with filled.started("cache", command_name) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert "Traceback" not in told
    assert "Cannot" not in told
