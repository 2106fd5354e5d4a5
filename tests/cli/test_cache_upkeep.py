"""``chadsdk cache prune`` and ``chadsdk cache verify``, as people and programs call them."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import pytest

from chadsdk.cache import pruning
from chadsdk.cache.eviction import Eviction, Why
from chadsdk.cache.holdings import Holding, Kind
from chadsdk.cli import main
from chadsdk.cli.amounts import age, size
from chadsdk.cli.pruned import eviction_line
from harness.process import ServerHandle
from tests.cli.command import Command
from tests.cli.conftest import SignalAtTheSecond

HOUR_S = 3600.0
CONTEXT, PARAMETER = click.Context(click.Command("x")), click.Option(["--x"])


@pytest.fixture
def filled(command: Command, server: ServerHandle) -> Command:
    """The command with six tracks in its cache, the n-th last used n hours ago."""
    assert command.on(server)("export", "plain", "--to", "out").returncode == 0
    for record in command.cache_dir.glob("*/.records/*.json"):
        then = time.time() - HOUR_S * int(record.stem[2:]) - 60
        os.utime(record, (then, then))
    return command


def tracks(command: Command) -> list[str]:
    """The ids of what is cached."""
    return sorted(path.stem for path in command.cache_dir.rglob("*.wav"))


def rot(command: Command, track_id: str) -> None:
    """One file is not what it was."""
    [file] = command.cache_dir.rglob(f"{track_id}.wav")
    with file.open("r+b") as stream:
        stream.seek(20_000)
        stream.write(b"rot")


def test_prune_removes_the_least_recently_used(filled: Command) -> None:
    """One line for each, with its reason; the sum on standard error."""
    done = filled("cache", "prune", "--max-bytes", "200k")
    assert done.returncode == 0
    assert tracks(filled) == ["t-1", "t-2", "t-3"]
    lines = done.stdout.splitlines()
    assert [line.rpartition("/")[2] for line in lines] == ["t-6.wav", "t-5.wav", "t-4.wav"]
    assert all("64.0 KiB" in line and "too much" in line for line in lines)
    assert done.stderr == "Removed 3 tracks, 192.0 KiB; 192.0 KiB are left.\n"


def test_prune_by_age(filled: Command) -> None:
    """What was not used for so long; a track is said once."""
    done = filled("cache", "prune", "--max-age", "5h")
    assert done.returncode == 0
    assert tracks(filled) == ["t-1", "t-2", "t-3", "t-4"]
    assert done.stdout.count("too old") == 2


def test_a_dry_run_says_the_same_and_removes_nothing(filled: Command) -> None:
    """What it prints is what the real run then does."""
    tried = filled("cache", "prune", "--max-bytes", "64K", "--dry-run")
    assert tried.returncode == 0
    assert tried.stderr == "Would remove 5 tracks, 320.0 KiB; 64.0 KiB would be left.\n"
    assert len(tracks(filled)) == 6
    assert filled("cache", "prune", "--max-bytes", "64K").stdout == tried.stdout
    assert tracks(filled) == ["t-1"]


@pytest.mark.parametrize("last_use_s", [1e12, -1e12, 253_500_000_000.0, 1e300])
def test_a_last_use_that_no_calendar_has_is_left_out(last_use_s: float) -> None:
    """Some file systems keep such times: the track has its line all the same, in the columns of the others."""
    usual = Holding("music.example", "t-1", Kind.TRACK, (Path("t-1.wav"),), 1000, 1_700_000_000.0)
    shown = [eviction_line(Eviction(each, Why.TOO_MUCH)) for each in (usual, replace(usual, last_use_s=last_use_s))]
    assert len({line.index("too much") for line in shown}) == 1
    assert ["-" in line.partition("too much")[0] for line in shown] == [True, False]


@pytest.mark.parametrize("dry_run", [True, False])
def test_prune_as_json(filled: Command, dry_run: bool) -> None:
    """One object, nothing else on either stream."""
    done = filled("cache", "prune", "--max-age", "330min", "--json", *(["--dry-run"] if dry_run else []))
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["dry_run"], told["removed_bytes"], told["left_bytes"], told["in_use"]) == (dry_run, 65_536, 327_680, 0)
    [removed] = told["removed"]
    assert (removed["kind"], removed["size_bytes"], removed["why"]) == ("track", 65_536, "too old")
    [path] = removed["paths"]
    assert Path(path).exists() == dry_run


def test_what_is_in_use_is_said(filled: Command, server: ServerHandle) -> None:
    """Used a moment ago, a track stays, and the limit is not kept in silence."""
    assert filled.on(server)("export", "plain", "--to", "again").returncode == 0
    done = filled("cache", "prune", "--max-bytes", "0")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "Removed 0 tracks, 0 bytes; 384.0 KiB are left; 6 tracks left alone, because in use.\n"
    assert len(tracks(filled)) == 6


def test_partials_are_counted_and_said(filled: Command) -> None:
    """By age, like tracks."""
    [folder] = filled.cache_dir.glob("*/.partial")
    part = folder / f"t-9.{'a' * 12}.part"
    part.write_bytes(bytes(1024))
    os.utime(part, (0, 0))
    done = filled("cache", "prune", "--max-age", "4w")
    assert "t-9 (partial download)" in done.stdout
    assert done.stderr.startswith("Removed 0 tracks and 1 partial download, 1.0 KiB;")
    assert not part.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Give --max-bytes, --max-age, or both."),
        (("--max-bytes", "many"), "'many' is no size"),
        (("--max-age", "30"), "'30' is no age"),
    ],
)
def test_wrong_usage_of_prune(filled: Command, words: tuple[str, ...], said: str) -> None:
    """Exit code 2, one clear sentence, nothing removed."""
    done = filled("cache", "prune", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(tracks(filled)) == 6


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("0", 0),
        ("1500", 1500),
        ("7B", 7),
        ("1.5k", 1536),
        (" 1m ", 1024**2),
        ("500M", 500 * 1024**2),
        ("2G", 2 * 1024**3),
        ("2gb", 2 * 1024**3),
        ("3 TiB", 3 * 1024**4),
    ],
)
def test_sizes(text: str, size_bytes: int) -> None:
    """As people write them, in units of 1024."""
    assert size(CONTEXT, PARAMETER, text) == size_bytes


@pytest.mark.parametrize(
    ("text", "age_s"),
    [("30d", 30 * 86_400), ("12h", 43_200), ("90min", 5_400), ("2w", 14 * 86_400), ("0s", 0), ("1.5 D", 129_600)],
)
def test_ages(text: str, age_s: float) -> None:
    """As people write them."""
    assert age(CONTEXT, PARAMETER, text) == age_s


@pytest.mark.parametrize(
    "text", ["", "G", "-1G", "1,5G", "2X", "1e3", "2G G", "nan", "inf", "\u0661G", "9" * 400 + "T"]
)
@pytest.mark.parametrize("parse", [size, age])
def test_what_is_no_amount(parse: Callable[[click.Context, click.Parameter, str], float | None], text: str) -> None:
    """One clear error that shows what was given and what would do."""
    with pytest.raises(click.BadParameter, match=r"is no (size|age): give .* such as"):
        parse(CONTEXT, PARAMETER, text)


def test_verify_of_a_whole_cache(filled: Command) -> None:
    """0 and one line."""
    done = filled("cache", "verify")
    assert (done.returncode, done.stdout, done.stderr) == (0, "6 of 6 cached tracks are intact; bad: 0.\n", "")


def test_verify_finds_what_changed_and_removes_nothing(filled: Command) -> None:
    """1, and the file by name."""
    rot(filled, "t-2")
    done = filled("cache", "verify")
    assert done.returncode == 1
    finding, summary = done.stdout.splitlines()
    assert finding.startswith("changed: ")
    assert finding.endswith("/t-2.wav: The file has other content than when it was stored.")
    assert summary == "5 of 6 cached tracks are intact; bad: 1."
    assert len(tracks(filled)) == 6


def test_verify_removes_what_is_bad_when_asked(filled: Command, server: ServerHandle) -> None:
    """It says so with exit code 1; then the cache is fine, and an export fetches that track alone."""
    rot(filled, "t-2")
    done = filled("cache", "verify", "--remove-bad")
    assert done.returncode == 1
    assert "Removed." in done.stdout
    assert "t-2" not in tracks(filled)
    assert filled("cache", "verify").returncode == 0
    server.clear_ledger()
    assert filled.on(server)("export", "plain", "--to", "again").returncode == 0
    assert [entry.path for entry in server.audio_gets()] == ["/tracks/2/audio.wav"]


def test_verify_as_json(filled: Command) -> None:
    """What is not intact, one by one; a lost record is not bad."""
    rot(filled, "t-2")
    [record] = filled.cache_dir.rglob("t-3.json")
    record.unlink()
    done = filled("cache", "verify", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    told = json.loads(done.stdout)
    assert (told["tracks"], told["intact"], told["bad"]) == (6, 4, 1)
    assert [(each["condition"], Path(each["path"]).name) for each in told["findings"]] == [
        ("changed", "t-2.wav"),
        ("unrecorded", "t-3.wav"),
    ]


@pytest.mark.parametrize("words", [("verify",), ("verify", "--json"), ("prune", "--max-bytes", "1G")])
def test_a_cache_that_is_not_there_is_fine(command: Command, words: tuple[str, ...]) -> None:
    """No error, and it is not made."""
    assert command("cache", *words).returncode == 0
    assert not command.cache_dir.exists()


def test_ls_says_when_a_track_was_last_used(filled: Command) -> None:
    """For programs: in seconds of the epoch."""
    told = {each["track_id"]: each for each in json.loads(filled("cache", "ls", "--json").stdout)}
    ages_h = {name: round((time.time() - each["used_at"]) / HOUR_S) for name, each in told.items()}
    assert ages_h == {f"t-{number}": number for number in range(1, 7)}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_cache_is_pruned_is_130_and_says_what_is_left(
    filled: Command,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    signal_at_the_second: SignalAtTheSecond,
    number: signal.Signals,
) -> None:
    """At the second of six tracks: that one is done, the next is not begun."""
    signal_at_the_second(pruning, number)
    monkeypatch.setenv("CHADSDK_CACHE_DIR", str(filled.cache_dir))
    with pytest.raises(SystemExit, match="130"):
        main(["cache", "prune", "--max-bytes", "0"])
    assert capsys.readouterr().err == "chadsdk: Cancelled. 4 tracks are left in the cache.\n"
    assert len(tracks(filled)) == 4


def test_a_signal_while_the_cache_is_verified_is_130(
    filled: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stops in the file that it is at."""
    monkeypatch.setenv("CHADSDK_CACHE_DIR", str(filled.cache_dir))
    opened: list[Path] = []
    lstat = Path.lstat

    def signalled(path: Path) -> os.stat_result:
        if path.suffix == ".wav":
            opened.append(path)
            if len(opened) == 3:
                signal.raise_signal(signal.SIGINT)
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", signalled)
    with pytest.raises(SystemExit, match="130"):
        main(["cache", "verify"])
    told = capsys.readouterr()
    assert told.err.startswith("chadsdk: Cancelled. ")
    assert "intact" not in told.out
