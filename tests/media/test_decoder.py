"""The ``ffmpeg`` of the system as a decoder: what a strange, stuck or broken one comes to, and what it sees of us."""

from __future__ import annotations

import os
import select
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from chadsdk.cancel import CancelToken
from chadsdk.errors import ConversionError, ExportCancelled
from chadsdk.media import Left, decoder
from tests.media.samples import checked_in
from tests.media.test_convert import convert


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put a program of that text on the PATH as ``ffmpeg``, before all others."""

    def put(text: str) -> Path:
        program = tmp_path / "bin/ffmpeg"
        program.parent.mkdir(exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
        return program

    return put


def test_an_ffmpeg_in_the_current_folder_is_not_run(
    tmp_path: Path, script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative PATH would run what somebody has put beside the music."""
    monkeypatch.chdir(script("#!/bin/sh\n").parent)
    monkeypatch.setenv("PATH", ".")
    assert decoder.find_decoder() is None


@pytest.mark.parametrize("text", ["#!/nowhere/sh\n", "#!/bin/sh\nexit 127\n", "\x7fELF nonsense"])
def test_an_ffmpeg_that_does_not_run_is_as_good_as_none(
    tmp_path: Path, script: Callable[[str], Path], text: str
) -> None:
    """No interpreter, no library, no program: the file is left, not lost."""
    script(text)
    outcome, _ = convert(checked_in("aac.m4a", tmp_path))
    assert isinstance(outcome, Left)
    assert "does not run" in outcome.why


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("exit 0", "gives nothing"),
        ("echo no music today", "gives nothing"),
        ("echo 'this is not the header of an AU file'", "something else"),
        ("echo broken beyond repair >&2; exit 1", "broken beyond repair"),
        ("head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 1", "xxx"),
        ("printf '\\033]0;title\\007' >&2; exit 1", "title"),
    ],
)
def test_what_a_strange_ffmpeg_says_is_an_error_of_the_track(
    tmp_path: Path, script: Callable[[str], Path], text: str, says: str
) -> None:
    """In one short line without controls, however much it says."""
    script(f"#!/bin/sh\n{text}\n")
    with pytest.raises(ConversionError, match=says) as refused:
        convert(checked_in("aac.m4a", tmp_path))
    assert len(str(refused.value)) < 300
    assert str(refused.value).isprintable()


def au(seconds: float, *, end: str = "") -> str:
    """A program that gives an AU file of one channel at 44.1 kHz, so long."""
    numbers = (32, 0xFFFF_FFFF, 6, 44_100, 1, 0, 0)
    header = b".snd" + b"".join(number.to_bytes(4, "big") for number in numbers)
    octal = "".join(f"\\{byte:03o}" for byte in header)
    return f"#!/bin/sh\nprintf '{octal}'\nhead -c {4 * round(seconds * 44_100)} /dev/zero\n{end}\n"


def test_a_decoder_that_stops_early_is_a_break(tmp_path: Path, script: Callable[[str], Path]) -> None:
    """Also where it ends in peace: 0.3 of 0.5 s is no whole track."""
    script(au(0.3))
    with pytest.raises(ConversionError, match="13230 of 22050"):
        convert(checked_in("aac.m4a", tmp_path))


def test_a_file_that_plays_on_beyond_its_length_is_left(tmp_path: Path, script: Callable[[str], Path]) -> None:
    """An hour out of half a second does not fill the disk."""
    script(au(3600.0))
    outcome, target = convert(checked_in("aac.m4a", tmp_path))
    assert isinstance(outcome, Left)
    assert "longer than it says" in outcome.why
    assert not target.exists()


def test_the_decoder_sees_little_of_us(
    tmp_path: Path, script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the environment nor our open files nor our input, and it is asked for one file."""
    monkeypatch.setenv("CHADSDK_TOKEN", "very-secret")
    seen = tmp_path / "seen"
    script(f"#!/bin/sh\n(env; ls -l /proc/self/fd; printf '%s\\n' \"$@\") >'{seen}'\nexit 1\n")
    with (tmp_path / "open").open("w"), pytest.raises(ConversionError):
        convert(checked_in("aac.m4a", tmp_path))
    said = seen.read_text()
    assert "very-secret" not in said
    assert "HOME=" not in said
    assert str(tmp_path / "open") not in said
    assert "0 -> /dev/null" in said
    assert f"file:{tmp_path}/aac.m4a" in said.splitlines()


def _open_files() -> set[str]:
    return {file.name for file in Path("/proc/self/fd").iterdir()}


def _children() -> set[str]:
    """Processes of ours, the zombies too."""
    tasks = Path("/proc/self/task").iterdir()
    return {pid for task in tasks for pid in (task / "children").read_text().split()}


def _processes(marker: str) -> list[str]:
    """Command lines of living processes that name something; zombies have none."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if marker.encode() in line:
            found.append(line.decode("utf-8", "replace"))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("when", ["before any sound", "in the middle", "at the end"])
def test_a_cancel_ends_a_stuck_decoder_and_all_it_has_started(
    tmp_path: Path, script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Its reader is back without having to look, no process is left, no zombie, no descriptor, no copy."""
    monkeypatch.setattr(decoder, "_LOOK_S", 1000.0)
    go, sleep = tmp_path / "go", f"sleep 1000.{os.getpid()}"
    os.mkfifo(go)
    silent = "exec >&-" if when == "at the end" else ""
    stuck = f"{silent}\n{sleep} &\necho > '{go}'\nwait"
    script(f"#!/bin/sh\n{stuck}\n" if when == "before any sound" else au(0.5 if silent else 0.2, end=stuck))
    token = CancelToken()

    def cancel() -> None:
        go.read_bytes()
        token.cancel()

    canceller = threading.Thread(target=cancel)
    before, children = _open_files(), _children()
    canceller.start()
    with pytest.raises(ExportCancelled):
        convert(checked_in("aac.m4a", tmp_path), token=token)
    canceller.join()
    assert _open_files() == before
    assert not _processes(sleep.replace(" ", "\0"))
    assert not _processes(str(tmp_path / "bin"))
    assert _children() == children
    assert not (tmp_path / "converted").exists()


def test_a_decoder_that_gives_nothing_is_given_up(
    tmp_path: Path, script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a cancel, after its time."""
    monkeypatch.setattr(decoder, "_SILENT_S", 0.2)
    monkeypatch.setattr(decoder, "_LOOK_S", 0.05)
    script("#!/bin/sh\nexec sleep 1000\n")
    with pytest.raises(ConversionError, match="nothing for"):
        convert(checked_in("aac.m4a", tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    ("pipes", "code", "says"),
    [("", 1, "ffmpeg ends with 1"), (">&- 2>&-", 1, "ffmpeg ends with 1"), (">&- 2>&-", 0, "gives nothing")],
)
def test_what_an_ended_decoder_has_left_running_is_ended_too(
    tmp_path: Path, script: Callable[[str], Path], pipes: str, code: int, says: str
) -> None:
    """Whether or not it holds the pipes open: the exit code is said, not a minute of silence."""
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    script(f"#!/bin/sh\nexec 9>'{alive}'\nsleep 100 {pipes} &\nexit {code}\n")
    before, children = _open_files(), _children()
    reader = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(ConversionError, match=says):
            convert(checked_in("aac.m4a", tmp_path))
        assert select.select([reader], [], [], 10.0)[0]  # nobody holds the other end any more
    finally:
        os.close(reader)
    assert (_open_files(), _children()) == (before, children)


@pytest.mark.parametrize(
    ("begin", "channels"),
    [(0, 1), (23, 1), (5000, 1), (2**32 - 1, 1), (24, 0), (24, 65), (24, 65_535), (24, 2**32 - 1)],
)
def test_a_header_that_no_music_has_is_something_else(
    tmp_path: Path, script: Callable[[str], Path], begin: int, channels: int
) -> None:
    """Samples that begin inside the header, and a stadium of channels: one sentence, without Python's names."""
    octal = "".join(f"\\{byte:03o}" for byte in struct.pack(">4s5I", b".snd", begin, 0, 6, 44_100, channels))
    script(f"#!/bin/sh\nprintf '{octal}'\nhead -c 100000 /dev/zero\n")
    with pytest.raises(ConversionError, match=r"^it cannot be decoded \(ffmpeg gives something else\)$"):
        convert(checked_in("aac.m4a", tmp_path))
