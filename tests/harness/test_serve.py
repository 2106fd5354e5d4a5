"""`python -m harness serve`, as a person or a script starts it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.process import PROJECT


@contextmanager
def served(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command under way; ended with Ctrl-C's signal."""
    command = [sys.executable, "-m", "harness", "serve", *arguments]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def refused(*arguments: str) -> tuple[int, str]:
    """Exit code and standard error of a command that does not start."""
    command = [sys.executable, "-m", "harness", *arguments]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_the_first_line_says_where_it_is() -> None:
    """With --json it is one object: url, token, playlists that the server has, and the pid."""
    with served("--tracks", "12", "--json") as process:
        said = json.loads(line_of(process))
        assert said.keys() == {"url", "token", "playlists", "pid"}
        assert said["pid"] == process.pid
        entries = 0
        for playlist in said["playlists"]:
            request = urllib.request.Request(f"{said['url']}/api/playlists/{playlist}")
            request.add_header("Authorization", f"Bearer {said['token']}")
            with urllib.request.urlopen(request, timeout=5) as reply:
                entries = max(entries, len(json.load(reply)["tracks"]))
        assert entries > 0


def test_a_person_is_told_what_to_try(tmp_path: Path) -> None:
    """Without --json it prints the command, with the token in the environment and not among the arguments."""
    with served("--tracks", "4") as process:
        assert process.stdout is not None
        said = [line_of(process) for _ in range(8)]
    text = "".join(said)
    assert "CHADSDK_TOKEN=access-" in text
    assert "chadsdk export friday --to" in text
    assert not any("chadsdk" in line and "access-" in line and "export CHADSDK" not in line for line in said)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["serve", "--tracks", "3"], 2, "at least 4 tracks"),
        (["serve", "--world", "nowhere.json"], 2, "nowhere.json"),
        (["serve", "--port", "x"], 2, "--port"),
        (["serve", "--certificate", "x.pem"], 2, "--key"),
        (["dance"], 2, "dance"),
        ([], 2, "command"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments: list[str], code: int, sentence: str) -> None:
    """Exit code 2, the reason on standard error, nothing on standard output, and no traceback."""
    exit_code, said = refused(*arguments)
    assert (exit_code, "Traceback" in said) == (code, False)
    assert sentence in said


def test_a_world_with_a_fault_that_makes_no_sense_is_not_served(tmp_path: Path) -> None:
    """The server does not start with a script that it cannot follow."""
    track = {"listing": {"id": "x", "title": "X", "streamPath": "/x"}, "faults": [{"explode": True}]}
    document = {"tracks": [track], "playlists": [{"id": "p", "name": "P", "track_ids": ["x"]}]}
    (tmp_path / "world.json").write_text(json.dumps(document))
    exit_code, said = refused("serve", "--world", str(tmp_path / "world.json"))
    assert (exit_code, said) == (2, said)
    assert "/x: unknown fault explode" in said
