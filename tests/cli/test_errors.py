"""What a person reads when something is wrong: one sentence, a hint where there is one, never a traceback."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chadsdk import Playlist, PlaylistEntry, Track
from chadsdk.cli import main
from harness.process import ServerHandle
from tests.cli.command import Command, Done
from tests.export.rig import leftovers, local_playlist, own_wav

EXPORT = ("export", "mine.json", "--to", "out")


@pytest.fixture(autouse=True)
def _mine(tmp_path: Path) -> None:
    local_playlist(own_wav(tmp_path / "mine.wav"), name="Mine").save(tmp_path / "mine.json")


def check_sentence(done: Done, *parts: str) -> None:
    """One sentence, at most one hint, nothing on standard output."""
    lines = done.stderr.strip().splitlines()
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    said = [line for line in lines if line.startswith(("chadsdk: ", "Error: "))]
    assert len(said) == 1, done.stderr
    assert sum(line.startswith("Hint: ") for line in lines) <= 1
    for part in parts:
        assert part in done.stderr


def write(name: str, content: bytes) -> Callable[[Path], None]:
    """A preparation that writes a file."""

    def prepare(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return prepare


@pytest.mark.parametrize(
    ("arguments", "prepare", "parts"),
    [
        (("plan", "nowhere.json"), None, ("nowhere.json",)),
        (("plan", "friday"), None, ("friday", "--server")),
        (("plan", "mine.txt"), write("mine.txt", b""), ("mine.txt", ".m3u8")),
        (("export", "mine.json"), None, ("--to",)),
        ((*EXPORT, "--format", "protools"), None, ("protools", "m3u8")),
        ((*EXPORT, "--on-missing", "cry"), None, ("cry", "manifest")),
        ((*EXPORT, "--jobs", "0"), None, ("--jobs",)),
        ((*EXPORT, "--limit-rate", "fast"), None, ("--limit-rate", "'fast' is no rate", "2M")),
        ((*EXPORT, "--limit-rate", "0M"), None, ("--limit-rate", "above 0")),
        ((*EXPORT, "--limit-rate", "5\u212a"), None, ("--limit-rate", "is no rate")),  # the sign for kelvin
        ((*EXPORT, "--token-file", "nowhere"), None, ("nowhere",)),
        (
            ("plan", "x", "--server", "http://127.0.0.1:1", "--token-file", "t"),
            write("t", b"\xff\xfe"),
            ("token file t",),
        ),
        (("plan", "x", "--server", "http://127.0.0.1:1", "--token-file", "t"), write("t", b""), ("token",)),
        (("plan", "x", "--server", "http://127.0.0.1:1", "--token-file", "t"), write("t", b"two words"), ("token",)),
        (("plan", "x", "--server", "ftp://music.example"), None, ("ftp",)),
        (("plan", "x", "--server", "music.example"), None, ("music.example",)),
        (("dance",), None, ("dance",)),
    ],
)
def test_wrong_usage_is_2(
    command: Command, arguments: tuple[str, ...], prepare: Callable[[Path], None] | None, parts: tuple[str, ...]
) -> None:
    """The sentence names what was wrong; nothing was made."""
    if prepare:
        prepare(command.folder)
    before = leftovers(command.folder)
    done = command(*arguments)
    assert done.returncode == 2, done.stderr
    check_sentence(done, *parts)
    assert leftovers(command.folder) == before


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'{"name": "P", "entries": [{"track": {"title": "A"}}, {"track": {"title": 7}}]}', "entries[1].track.title"),
        (b'{"name": "P", "entries": [{"track": {"title": "A", "sizeBytes": -1}}]}', "entries[0].track.sizeBytes"),
        (b'{"name": "P", "entries": [', "line 1"),
        (b"\x00\x01\x02", "bad.json"),
        (b'{"entries": []}', "name"),
    ],
)
def test_a_malformed_playlist_is_1_and_names_the_place(command: Command, content: bytes, place: str) -> None:
    """File and place in it, so that a person can put it right."""
    (command.folder / "bad.json").write_bytes(content)
    done = command("export", "bad.json", "--to", "out")
    assert done.returncode == 1
    check_sentence(done, "bad.json", place)


def test_what_the_system_refuses_is_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An error of the operating system that no room has named: its sentence, not its traceback."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error", "x.json")

    monkeypatch.setattr("chadsdk.cli.plan.open_playlist", refuse)
    with pytest.raises(SystemExit, match="1"):
        main(["plan", "x.json"])
    assert capsys.readouterr().err == "chadsdk: The system refuses: Input/output error (x.json).\n"


def test_an_unspeakable_name_that_no_room_has_named_is_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence tells the way out."""
    monkeypatch.setattr("chadsdk.cli.plan.open_playlist", lambda *_: "日本".encode("ascii"))
    with pytest.raises(SystemExit, match="1"):
        main(["plan", "x.json"])
    said = "The locale of this system cannot spell a file name; set LC_ALL=C.UTF-8."
    assert capsys.readouterr().err == f"chadsdk: {said}\n"


@pytest.mark.parametrize("name", ["x" * 300, "x" * 300 + ".json"])
def test_a_name_that_is_too_long_is_no_file(command: Command, name: str) -> None:
    """Without a server it is a file that is not there."""
    done = command("plan", name)
    assert done.returncode == 2
    check_sentence(done, "There is no playlist file")


def test_a_long_id_is_asked_of_the_server(command: Command, server: ServerHandle) -> None:
    """No file system has a say in it."""
    done = command.on(server)("plan", "x" * 300)
    assert done.returncode == 1
    assert "File name too long" not in done.stderr
    check_sentence(done, "404")


def test_a_name_that_the_locale_cannot_spell_is_1(command: Command) -> None:
    """One sentence; nothing half-made."""
    local_playlist(command.folder / "mine.wav", name="日本").save(command.folder / "p.json")
    posix = command.with_(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    done = posix("export", "p.json", "--to", "out")
    assert done.returncode == 1
    check_sentence(done, "cannot spell")
    assert leftovers(command.folder / "out") == []


def test_an_unknown_playlist_is_1(command: Command, server: ServerHandle) -> None:
    """With its id and a hint."""
    done = command.on(server)("export", "nonesuch", "--to", "out")
    assert done.returncode == 1
    check_sentence(done, "nonesuch", "404", "Hint: Check the id")


def test_a_bad_token_is_1_and_not_shown(command: Command, server: ServerHandle) -> None:
    """401 is one sentence with a hint that names both ways to give a token."""
    done = command.on(server).with_(CHADSDK_TOKEN="b4d-t0ken")("export", "plain", "--to", "out")
    assert done.returncode == 1
    check_sentence(done, "Hint: ", "CHADSDK_TOKEN", "--token-file")
    assert "b4d-t0ken" not in done.stderr
    assert leftovers(command.folder / "out") == []


def test_no_token_is_1(command: Command, server: ServerHandle) -> None:
    """The same hint as for a bad one."""
    done = command("plan", "plain", "--server", server.url)
    assert done.returncode == 1
    check_sentence(done, "CHADSDK_TOKEN")


def test_a_server_that_is_down_is_1(command: Command, server: ServerHandle) -> None:
    """After the retries, with its address and a hint; no folder was made."""
    server.kill()
    done = command.on(server)("export", "plain", "--to", "out")
    assert done.returncode == 1
    check_sentence(done, "Hint: Check the address")
    assert leftovers(command.folder / "out") == []


def test_a_target_that_is_a_file_is_1(command: Command) -> None:
    """No half export beside it."""
    (command.folder / "out").touch()
    done = command(*EXPORT)
    assert done.returncode == 1
    check_sentence(done, "out")


def test_a_format_that_cannot_hold_the_mix_is_1_before_anything_is_copied(command: Command) -> None:
    """All files are here, so the refusal comes first: nothing tells of copies that were made in vain."""
    loud = PlaylistEntry(Track("Loud", file=own_wav(command.folder / "a.wav")), gain_db=200.0)
    Playlist("Loud", entries=(loud,)).save(command.folder / "loud.json")
    done = command("export", "loud.json", "--to", "out", "--format", "reaper")
    assert done.returncode == 1
    check_sentence(done, "REAPER has no gain of 200 dB")
    assert "Copying" not in done.stderr
    assert leftovers(command.folder / "out") == []


def test_an_older_export_in_the_way_is_1(command: Command) -> None:
    """It is named, and the hint names the option that swaps it."""
    assert command(*EXPORT).returncode == 0
    done = command(*EXPORT)
    assert done.returncode == 1
    check_sentence(done, "out/Mine exists already", "Hint: Give --replace")


@pytest.mark.parametrize("options", [(), ("--replace",)])
@pytest.mark.parametrize("stands", ["folder", "file"])
def test_no_hint_tells_to_replace_what_is_not_replaced(command: Command, stands: str, options: tuple[str, ...]) -> None:
    """What is no export is not swapped, also where --replace is given: the hint does not send the user in a circle."""
    there = command.folder / "out" / "Mine"
    there.parent.mkdir()
    if stands == "folder":
        there.mkdir()
    else:
        there.write_text("mine")
    done = command(*EXPORT, *options)
    assert done.returncode == 1
    check_sentence(done, str(there.relative_to(command.folder)), "Hint: Move away what stands there.")
    assert "--replace" not in done.stderr


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Path]:
    """A folder that this user, root too, cannot write to."""
    folder = tmp_path / "sealed"
    folder.mkdir()
    if os.geteuid():
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)
        return
    if subprocess.run(["chattr", "+i", str(folder)], capture_output=True, check=False).returncode:
        pytest.skip("this file system knows no immutable folders, and root may write to any other")
    yield folder
    subprocess.run(["chattr", "-i", str(folder)], check=True)


def test_a_folder_that_cannot_be_written_to_is_1(command: Command, sealed: Path) -> None:
    """Named, with a hint."""
    done = command("export", "mine.json", "--to", sealed)
    assert done.returncode == 1
    check_sentence(done, str(sealed), "Hint: Choose a folder")


def test_a_cache_that_cannot_be_written_to_is_1(command: Command, sealed: Path, server: ServerHandle) -> None:
    """The hint tells how to move it."""
    done = command.on(server).with_(CHADSDK_CACHE_DIR=str(sealed / "cache"))("export", "plain", "--to", "out")
    assert done.returncode == 1
    check_sentence(done, str(sealed), "CHADSDK_CACHE_DIR")
    assert leftovers(command.folder / "out") == []
