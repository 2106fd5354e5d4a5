"""`verify_export` and the commands ``chadsdk verify`` and ``chadsdk retry``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from chadsdk import CancelToken, ExportCancelled, MixExporter, Playlist, Settings, Track
from chadsdk.export import State, verify_export
from harness.audio import write_sized_wav
from harness.build import plain_world
from harness.process import running_server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An export of two files of the user's own, with one more that is missing."""
    files = [
        write_sized_wav(tmp_path / f"{name}.wav", size_bytes=30_000, frequency_hz=440.0).file for name in ("a", "b")
    ]
    playlist = Playlist("Mine")
    for file in (*files, tmp_path / "gone.wav"):
        playlist.add(Track(file.stem, file=file))
    with MixExporter(settings=Settings(cache_dir=tmp_path / "cache")) as exporter:
        return exporter.export(playlist, tmp_path / "exports").folder


def chadsdk(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "chadsdk", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={**os.environ, **environment},
    )


def states(folder: Path) -> dict[str, State]:
    """What became of each file."""
    return {finding.file: finding.state for finding in verify_export(folder).findings}


def test_a_fresh_export_is_intact(folder: Path) -> None:
    """Every exported file is looked at once, and found as the manifest says."""
    assert states(folder) == {"Audio/01 a.wav": State.INTACT, "Audio/02 b.wav": State.INTACT}


def test_a_flipped_byte_is_found(folder: Path) -> None:
    """A file of the right length with other content counts as changed."""
    file = folder / "Audio/01 a.wav"
    data = bytearray(file.read_bytes())
    data[20_000] ^= 1
    file.write_bytes(data)
    assert states(folder)["Audio/01 a.wav"] is State.CHANGED


def test_a_cut_file_and_a_lost_file_are_told_apart(folder: Path) -> None:
    """A shorter file is changed, an absent one gone."""
    os.truncate(folder / "Audio/01 a.wav", 1000)
    (folder / "Audio/02 b.wav").unlink()
    assert states(folder) == {"Audio/01 a.wav": State.CHANGED, "Audio/02 b.wav": State.GONE}


def test_a_file_of_another_length_is_not_read(folder: Path) -> None:
    """A terabyte of holes in place of a track: told apart by its length, at once."""
    os.truncate(folder / "Audio/01 a.wav", 1 << 40)
    token = CancelToken()
    bound = threading.Timer(20, token.cancel)
    bound.start()
    try:
        [found] = verify_export(folder, cancel=token).damaged
    finally:
        bound.cancel()
    assert (found.state, found.detail) == (State.CHANGED, f"The file has {1 << 40} bytes, not 30000.")


@pytest.mark.parametrize("plant", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/etc/hostname")])
def test_what_is_no_file_is_unreadable_and_does_not_block(folder: Path, plant: Callable[[Path], object]) -> None:
    """A FIFO, a folder or a link under the name of a track is neither waited on nor followed."""
    (folder / "Audio/01 a.wav").unlink()
    plant(folder / "Audio/01 a.wav")
    assert states(folder)["Audio/01 a.wav"] is State.UNREADABLE


def test_verifying_can_be_cancelled(folder: Path) -> None:
    """A cancelled token ends the hashing."""
    token = CancelToken()
    token.cancel()
    with pytest.raises(ExportCancelled):
        verify_export(folder, cancel=token)


def test_the_command_says_3_when_only_tracks_were_missing_from_the_start(folder: Path) -> None:
    """``chadsdk verify`` of an intact export with missing tracks ends with 3."""
    done = chadsdk("verify", folder)
    assert (done.returncode, done.stderr) == (3, "")
    assert "2 of 2 files are intact" in done.stdout


def test_the_command_says_1_and_names_what_is_damaged(folder: Path) -> None:
    """``chadsdk verify --json`` of a damaged export ends with 1 and lists the file in one JSON object."""
    (folder / "Audio/02 b.wav").unlink()
    done = chadsdk("verify", folder, "--json")
    assert done.returncode == 1
    assert [each["file"] for each in json.loads(done.stdout)["damaged"]] == ["Audio/02 b.wav"]


def test_the_retry_command_completes_an_export(tmp_path: Path) -> None:
    """``chadsdk export`` ends with 3 for a track that is gone, ``chadsdk retry`` with 0 once it is back."""
    with running_server(plain_world(tmp_path / "world", [20_000] * 3)) as server:
        server.set_faults("t-2", [{"status": 404}])
        environment = {
            "CHADSDK_SERVER": server.url,
            "CHADSDK_TOKEN": server.token,
            "CHADSDK_CACHE_DIR": str(tmp_path / "cache"),
        }
        first = chadsdk("export", "plain", "--to", tmp_path / "out", "--json", **environment)
        assert first.returncode == 3, first.stderr
        folder = json.loads(first.stdout)["folder"]
        second = chadsdk("retry", folder, "--json", **environment)
        assert (second.returncode, json.loads(second.stdout)["missing"]) == (0, 0)
        assert chadsdk("verify", folder).returncode == 0
