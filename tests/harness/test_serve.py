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

from harness.cli import main
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


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and standard error of a command that does not start."""
    try:
        code: object = main(arguments)
    except SystemExit as stop:
        code = stop.code
    said = capsys.readouterr()
    assert said.out == ""
    assert isinstance(code, int)
    return code, said.err


def entries_of(said: dict[str, str], playlist: str) -> int:
    """Entries of a playlist over all its pages, asked for as anybody would."""
    count, query = 0, ""
    while True:
        request = urllib.request.Request(f"{said['url']}/api/playlists/{playlist}{query}")
        request.add_header("Authorization", f"Bearer {said['token']}")
        with urllib.request.urlopen(request, timeout=5) as reply:
            page = json.load(reply)
        count += len(page["tracks"])
        if page["nextCursor"] is None:
            return count
        query = f"?cursor={page['nextCursor']}"


def test_the_first_line_says_where_it_is() -> None:
    """With --json it is one object: url, token, playlists that the server has, and the pid."""
    with served("--tracks", "12", "--json") as process:
        said = json.loads(line_of(process))
        assert said.keys() == {"url", "token", "playlists", "pid"}
        assert said["pid"] == process.pid
        counts = {playlist: entries_of(said, playlist) for playlist in said["playlists"]}
    assert counts == {"friday": 12, "sunday": 9}


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
        (["serve", "--port", "65536"], 2, "0 to 65535"),
        (["serve", "--certificate", "x.pem"], 2, "--key"),
        (["dance"], 2, "dance"),
        ([], 2, "command"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    arguments: list[str], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, the reason on standard error, nothing on standard output."""
    exit_code, said = refused(capsys, *arguments)
    assert exit_code == code
    assert sentence in said


def test_a_world_with_a_fault_that_makes_no_sense_is_not_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server does not start with a script that it cannot follow."""
    track = {"listing": {"id": "x", "title": "X", "streamPath": "/x"}, "faults": [{"explode": True}]}
    document = {"tracks": [track], "playlists": [{"id": "p", "name": "P", "track_ids": ["x"]}]}
    (tmp_path / "world.json").write_text(json.dumps(document))
    exit_code, said = refused(capsys, "serve", "--world", str(tmp_path / "world.json"))
    assert exit_code == 2
    assert said.startswith("harness: /x: faults[0]: unknown fault explode")
