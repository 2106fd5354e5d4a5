"""``chadsdk export`` and ``chadsdk plan``: what they print, where, and with which exit code they end."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from chadsdk import Playlist, Track
from chadsdk.cli.export import export
from chadsdk.cli.retry import retry
from harness.process import ServerHandle
from tests.cli.command import Command
from tests.export.rig import check_export, leftovers, local_playlist, own_wav
from tests.media.samples import DATA


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A playlist file of one own track."""
    local_playlist(own_wav(tmp_path / "own.wav"), name="Own").save(tmp_path / "own.json")
    return tmp_path / "own.json"


def test_all_exported_is_0(command: Command, server: ServerHandle) -> None:
    """A playlist by its id on the server, whole."""
    done = command.on(server)("export", "plain", "--to", "out")
    assert (done.returncode, done.stderr) == (0, "Downloading 6 tracks, 384.0 KiB\nCopying 6 tracks, 384.0 KiB\n")
    assert done.stdout.startswith(
        "Exported 6 of 6 entries to out/Plain (384.0 KiB, 384.0 KiB downloaded, 0 from the cache"
    )
    assert check_export(command.folder / "out" / "Plain")["summary"]["exported"] == 6


def test_missing_tracks_are_3_and_named(command: Command, mixed_server: ServerHandle) -> None:
    """On standard error each with its sentence; on standard output how many and where to read of them."""
    done = command.on(mixed_server)("export", "friday", "--to", "out")
    assert done.returncode == 3
    assert check_export(command.folder / "out" / "Friday Night")["summary"]["missing"] == 2
    missing = [line for line in done.stderr.splitlines() if line.startswith("Missing: ")]
    assert len(missing) == 2
    assert any("Gone With the Server" in line and "404" in line for line in missing)
    assert "Missing: 2, listed with their reasons in out/Friday Night/MISSING.txt" in done.stdout


def test_a_missing_own_file_is_named_too(command: Command, tmp_path: Path) -> None:
    """Also what the plan knew to be missing is told on standard error, not only in the folder."""
    local_playlist(tmp_path / "nowhere.wav").save(tmp_path / "gone.json")
    done = command("export", "gone.json", "--to", "out")
    assert done.returncode == 3
    assert "nowhere" in done.stderr


def test_json_is_one_object_and_nothing_else(command: Command, mixed_server: ServerHandle) -> None:
    """With the published keys, in one line; what people read is on standard error."""
    done = command.on(mixed_server)("export", "friday", "--to", "out", "--json")
    assert done.returncode == 3
    assert done.stdout.count("\n") == 1
    told = json.loads(done.stdout)
    assert list(told) == [
        "folder",
        "manifest",
        "entries",
        "exported",
        "missing",
        "downloaded_bytes",
        "cache_hits",
        "wall_s",
    ]
    manifest = check_export(Path(command.folder / told["folder"]))
    assert command.folder / told["manifest"] == command.folder / told["folder"] / "manifest.json"
    assert told["entries"] == manifest["summary"]["entries"] == told["exported"] + told["missing"]
    assert "Downloading" in done.stderr


@pytest.mark.parametrize("suffix", [".json", ".m3u8", ".m3u"])
def test_a_playlist_file_needs_no_server(command: Command, tmp_path: Path, suffix: str) -> None:
    """By its suffix, with the paths in it relative to it."""
    playlist = local_playlist(own_wav(tmp_path / "music" / "own.wav"), name="Own")
    file = tmp_path / f"own{suffix}"
    if suffix == ".json":
        playlist.save(file)
    else:
        playlist.to_m3u(file)
    done = command("export", file, "--to", "out")
    assert (done.returncode, done.stderr) == (0, "Copying 1 track, 64.0 KiB\n")
    check_export(command.folder / "out" / "Own")


def test_a_playlist_file_may_mix_own_and_cloud_tracks(command: Command, server: ServerHandle, tmp_path: Path) -> None:
    """An entry without a server's name means the server that was given."""
    playlist = local_playlist(own_wav(tmp_path / "own.wav"), name="Both")
    playlist.add(Track("Cloud", cloud_track_id="t-1", cloud_stream_path="/tracks/1/audio.wav"))
    playlist.save(tmp_path / "both.json")
    assert command.on(server)("export", "both.json", "--to", "out").returncode == 0
    verified = [entry["verified"] for entry in check_export(command.folder / "out" / "Both")["entries"]]
    assert verified == ["local", "length"]


def test_the_token_may_come_from_a_file(command: Command, server: ServerHandle, tmp_path: Path) -> None:
    """With or without a line end; it wins over the environment."""
    (tmp_path / "token").write_text(f"{server.token}\n")
    line = ("export", "plain", "--to", "out", "--server", server.url, "--token-file", "token")
    assert command.with_(CHADSDK_TOKEN="wrong")(*line).returncode == 0


def test_nothing_takes_a_token_as_an_argument(command: Command) -> None:
    """Other users of the computer see arguments."""
    done = command("export", "plain", "--to", "out", "--token", "s3cret")
    assert done.returncode == 2
    assert "No such option" in done.stderr


def test_on_missing_fail_is_1_and_leaves_nothing(command: Command, mixed_server: ServerHandle) -> None:
    """The sentence counts them, the hint tells the way out."""
    done = command.on(mixed_server)("export", "friday", "--to", "out", "--on-missing", "fail")
    assert done.returncode == 1
    assert "2 tracks are missing" in done.stderr
    assert "Hint: " in done.stderr
    assert leftovers(command.folder / "out") == []


def test_replace_swaps(command: Command, own: Path) -> None:
    """Without it the second export is refused with a hint, with it the second one stands."""
    line = ("export", own, "--to", "out")
    assert command(*line).returncode == 0
    refused = command(*line)
    assert refused.returncode == 1
    assert "--replace" in refused.stderr
    assert command(*line, "--replace").returncode == 0
    check_export(command.folder / "out" / "Own")
    assert leftovers(command.folder / "out") == ["Own"]


def test_jobs_bounds_the_connections(command: Command, server: ServerHandle) -> None:
    """``--jobs 2`` never has more than two bodies under way."""
    server.forget_peaks()
    assert command.on(server)("export", "plain", "--to", "out", "--jobs", "2").returncode == 0
    assert server.traffic().peak_streams <= 2


def test_a_plan_shows_every_entry_and_moves_nothing(command: Command, mixed_server: ServerHandle) -> None:
    """One line per entry, the sum, and where the export would be; neither cache nor folder is made."""
    done = command.on(mixed_server)("plan", "friday", "--to", "out")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert sum(line.startswith("download  Audio/") for line in lines) == 16
    assert any("16 entries: 0 local, 0 cached, 16 to download, 0 missing." in line for line in lines)
    assert lines[-1] == "The export would be out/Friday Night"
    assert leftovers(command.folder) == []


def test_a_plan_as_json(command: Command, server: ServerHandle, tmp_path: Path) -> None:
    """One object: sums, and each entry with its need, name, size and, if missing, reason."""
    assert command.on(server)("export", "plain", "--to", "out").returncode == 0
    own = own_wav(tmp_path / "own.wav")
    tracks = [
        Track("Own", file=own),
        Track("Cached", cloud_track_id="t-1", cloud_stream_path="/tracks/1/audio.wav", size_bytes=65_536),
        Track("New", cloud_track_id="t-9", cloud_stream_path="/tracks/9/audio.wav"),
        Track("None"),
    ]
    Playlist("All", entries=tuple(tracks)).save(tmp_path / "all.json")  # type: ignore[arg-type]
    done = command.on(server)("plan", "all.json", "--json")
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    told = json.loads(done.stdout)
    assert [entry["need"] for entry in told["entries"]] == ["local", "cached", "download", "missing"]
    assert [entry["size_bytes"] for entry in told["entries"]] == [65_536, 65_536, None, None]
    assert [entry["reason"] for entry in told["entries"]] == [None, None, None, "no_source"]
    assert told["summary"]["unknown_sizes"] == 1
    assert told["folder"] == "All"


HOSTILE = "Night\x1b]0;owned\x07\x1b[2J\nMissing: nothing\u202e"


def test_titles_cannot_write_on_the_terminal(command: Command, tmp_path: Path) -> None:
    """Escape sequences and line breaks of a title or path never reach the screen as such."""
    playlist = Playlist(HOSTILE, entries=(Track(HOSTILE, HOSTILE, file=tmp_path / f"{HOSTILE}.wav"),))  # type: ignore[arg-type]
    playlist.save(tmp_path / "hostile.json")
    outputs = [command("plan", "hostile.json"), command("export", "hostile.json", "--to", "out"),
               command("export", "hostile.json", "--to", "out", "--on-missing", "fail")]  # fmt: skip
    for done in outputs:
        told = done.stdout + done.stderr
        assert "\x1b" not in told
        assert "\x07" not in told
        assert "\nMissing: nothing" not in told


@pytest.mark.parametrize("line", [("plan",), ("plan", "--json"), ("export",), ("export", "--json")])
def test_titles_that_the_terminal_cannot_spell_are_no_traceback(
    command: Command, tmp_path: Path, line: tuple[str, ...]
) -> None:
    """Under an ASCII encoding."""
    local_playlist(own_wav(tmp_path / "Übung.wav"), name="Freitag früh").save(tmp_path / "p.json")
    done = command.with_(PYTHONIOENCODING="ascii")(line[0], "p.json", "--to", "out", *line[1:])
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_a_folder_whose_name_is_not_utf8_is_no_traceback(command: Command, own: Path) -> None:
    """An old disk, a network drive: the name is bytes, and the export lies in it."""
    done = command("export", own, "--to", "out\udcff")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_a_plan_into_a_folder_whose_name_is_not_utf8_is_no_traceback(command: Command, own: Path) -> None:
    """It is printed as well as it can be."""
    for options in ((), ("--json",)):
        done = command("plan", own, "--to", "out\udcff", *options)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("line", [("plan",), ("plan", "--json"), ("export",), ("export", "--json")])
def test_titles_that_the_code_page_cannot_spell_are_escaped(
    command: Command, tmp_path: Path, line: tuple[str, ...]
) -> None:
    """As Windows has it: cp1252 knows no kanji."""
    local_playlist(own_wav(tmp_path / "own.wav"), name="日本").save(tmp_path / "p.json")
    done = command.with_(PYTHONIOENCODING="cp1252")(line[0], "p.json", "--to", "out", *line[1:])
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert r"\u65e5\u672c" in done.stdout


@pytest.mark.parametrize(("line", "code"), [(("export", "own.json", "--to", "out"), 0), (("plan", "nowhere.json"), 2)])
def test_a_closed_standard_error_is_no_crash(command: Command, own: Path, line: tuple[str, ...], code: int) -> None:
    """``2>&-``: what would be said is lost, the work is done and the exit code tells."""
    del own
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", *command.line(*line)],
        cwd=command.folder,
        stdout=subprocess.DEVNULL,
        timeout=30,
        check=False,
    )
    assert done.returncode == code
    assert (command.folder / "out" / "Own" / "manifest.json").exists() == (code == 0)


def test_a_file_does_not_hide_a_playlist_of_the_server(command: Command, server: ServerHandle) -> None:
    """Its name has no playlist suffix, so it was never meant."""
    (command.folder / "plain").write_text("notes")
    done = command.on(server)("plan", "plain")
    assert (done.returncode, "6 entries" in done.stdout) == (0, True), done.stderr


def test_space_around_the_token_does_not_count(command: Command, server: ServerHandle) -> None:
    """As it does not in a token file: a line end came with it from there."""
    done = command.on(server).with_(CHADSDK_TOKEN=f" {server.token}\n")("plan", "plain")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("word", ["plan", "export"])
def test_a_home_folder_is_expanded(command: Command, own: Path, word: str) -> None:
    """Bash leaves ``--to=~/x`` as it is."""
    done = command.with_(HOME=str(command.folder / "home"))(word, own, "--to=~/x")
    assert done.returncode == 0, done.stderr
    assert str(command.folder / "home" / "x" / "Own") in done.stdout
    assert not (command.folder / "~").exists()


def test_a_home_of_nobody_is_a_folder(command: Command, own: Path) -> None:
    """``~`` and a name that no user has."""
    done = command("plan", own, "--to", "~nobody-of-that-name")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "The export would be ~nobody-of-that-name/Own")


COMMANDS = {"export": export, "retry": retry}


@pytest.mark.parametrize(
    ("rate", "bytes_per_s"), [("1", 1), ("500", 500), ("64k", 65_536), ("2M", 2_097_152), ("1G", 1_073_741_824)]
)
@pytest.mark.parametrize("command", ["export", "retry"])
def test_a_rate_is_read(command: str, rate: str, bytes_per_s: int) -> None:
    """A number of bytes, or of K, M or G of 1024 times as many, in either case."""
    arguments = {"export": ["mine.json", "--to", "out"], "retry": ["."]}[command]
    with COMMANDS[command].make_context(command, [*arguments, "--limit-rate", rate]) as context:
        assert context.params["limit_rate"] == bytes_per_s


def test_a_sample_rate_for_all_tracks(command: Command, own: Path) -> None:
    """The export is converted, how many were is said, and the exit code is that of any export."""
    done = command("export", own.name, "--to", "out", "--convert-to", "48000")
    assert done.returncode == 0, done.stderr
    assert "Converted to 48000 Hz: 1\n" in done.stdout
    assert check_export(command.folder / "out" / "Own")["entries"][0]["sample_rate_hz"] == 48_000
    told = json.loads(command("export", own.name, "--to", "two", "--convert-to", "48000", "--json").stdout)
    assert (told["converted"], told["not_converted"]) == (1, 0)


def test_what_could_not_be_converted_is_named(command: Command, tmp_path: Path) -> None:
    """Each with its sentence; the track is exported all the same, so the exit code is 0."""
    shutil.copy(DATA / "wma.wma", tmp_path / "song.wma")
    local_playlist(tmp_path / "song.wma").save(tmp_path / "wma.json")
    done = command("export", "wma.json", "--to", "out", "--convert-to", "48000")
    assert done.returncode == 0, done.stderr
    assert "1. song: It was not converted: nothing here decodes" in done.stdout


@pytest.mark.parametrize("rate", ["7999", "384001", "44.1k", "-1", ""])
def test_a_sample_rate_that_is_none_is_wrong_usage(command: Command, own: Path, rate: str) -> None:
    """Exit code 2, and nothing is made."""
    done = command("export", own.name, "--to", "out", "--convert-to", rate)
    assert done.returncode == 2
    assert "--convert-to" in done.stderr
    assert not (command.folder / "out").exists()
