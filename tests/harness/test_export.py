"""`python -m harness export`: the whole line, from a playlist on a server to a folder on disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest
import soundfile

from harness.build import GONE_ID, LOGIN_PAGE_ID
from harness.cli import main
from harness.process import PROJECT
from harness.recording import sha256_of
from harness.scenarios import EXPORTS
from harness.world import LocalTrack, World

pytestmark = pytest.mark.slow

Entries = list[dict[str, object]]


def entries_of(summary: dict[str, object]) -> Entries:
    manifest = json.loads(Path(str(summary["manifest"])).read_text(encoding="utf-8"))
    return cast("Entries", manifest["entries"])


def exported(
    to: Path, capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 3
) -> tuple[dict[str, object], Entries]:
    """The summary and the manifest's entries of a run in this process."""
    assert main(["export", "--to", str(to), "--json", *arguments]) == code
    summary = json.loads(capsys.readouterr().out)
    return summary, entries_of(summary)


def expected_digests(world: World) -> list[str | None]:
    """Digest of each entry of the mix, None for what cannot be had."""
    digests = []
    for entry in world.mix():
        track = entry if isinstance(entry, LocalTrack) else world.track(entry)
        lost = not isinstance(track, LocalTrack) and track.id in {GONE_ID, LOGIN_PAGE_ID}
        digests.append(None if lost or track.recording is None else track.recording.sha256)
    return digests


@pytest.fixture(scope="module")
def default_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """The default run as a user starts it: its folder and its JSON."""
    to = tmp_path_factory.mktemp("exports")
    command = [sys.executable, "-m", "harness", "export", "--to", str(to), "--json"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3, done.stderr
    assert done.stdout.count("\n") == 1
    return to, json.loads(done.stdout)


def test_the_summary_adds_up(default_run: tuple[Path, dict[str, object]]) -> None:
    """One JSON object with the published keys; at least 12 entries, at least 2 missing."""
    _, summary = default_run
    keys = [
        "folder",
        "manifest",
        "entries",
        "exported",
        "missing",
    ]
    assert list(summary) == [*keys, "downloaded_bytes", "cache_hits", "wall_s", "formats"]
    statuses = [entry["status"] for entry in entries_of(summary)]
    assert len(statuses) == summary["entries"]
    assert len(statuses) >= 12
    assert statuses.count("exported") == summary["exported"]
    assert statuses.count("missing") == summary["missing"]
    assert statuses.count("missing") >= 2


def test_the_folder_gets_the_export_and_nothing_else(default_run: tuple[Path, dict[str, object]]) -> None:
    """No cache, no world, no half export is left beside it."""
    to, summary = default_run
    assert [str(path) for path in to.iterdir()] == [summary["folder"]]


def test_every_file_is_the_track_that_it_stands_for(
    default_run: tuple[Path, dict[str, object]], mixed_world: World
) -> None:
    """Position by position, the exported bytes are the world's; missing tracks have no file."""
    _, summary = default_run
    digests = expected_digests(mixed_world)
    for entry, digest in zip(entries_of(summary), digests, strict=True):
        file = Path(str(summary["folder"])) / str(entry["file"])
        assert entry["sha256"] == digest
        assert (sha256_of(file) if file.exists() else None) == digest


def test_every_file_decodes_to_its_full_length(default_run: tuple[Path, dict[str, object]]) -> None:
    """Another reader finds as many seconds as the manifest states."""
    _, summary = default_run
    for entry in entries_of(summary):
        if entry["status"] == "exported":
            samples, rate_hz = soundfile.read(Path(str(summary["folder"])) / str(entry["file"]))
            assert len(samples) / rate_hz == pytest.approx(cast("float", entry["duration_s"]), abs=0.06)


def test_a_second_run_replaces_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same folder can be exported to again."""
    first, _ = exported(tmp_path, capsys, "--tracks", "4")
    second, entries = exported(tmp_path, capsys, "--tracks", "5")
    assert (second["folder"], len(entries)) == (first["folder"], 5)


def test_people_see_progress_tree_and_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Progress goes to standard error; the tree, the numbers and each missing track to standard output."""
    assert main(["export", "--to", str(tmp_path), "--tracks", "6"]) == 3
    said = capsys.readouterr()
    assert "download: " in said.err
    assert "export: " in said.err
    for piece in ("Audio/", "manifest.json", "4 of 6 entries exported, 2 missing", "not_found", "not_audio"):
        assert piece in said.out


@pytest.mark.parametrize("name", EXPORTS)
def test_a_scenario_comes_to_its_outcome(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What heals is exported whole, what is lost is missing with its reason, and the exit code says which."""
    lost = {"default": 2, "healthy": 0, "flaky": 2, "expired-token": 2, "all-gone": 8}[name]
    _, entries = exported(tmp_path, capsys, "--tracks", "10", "--scenario", name, code=3 if lost else 0)
    reasons = [entry["reason"] for entry in entries if entry["status"] == "missing"]
    assert len(reasons) == lost
    assert set(reasons) <= {"not_found", "not_audio"}


def test_a_cache_of_the_users_choice_is_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With CHADSDK_CACHE_DIR the downloads stay there after the run."""
    monkeypatch.setenv("CHADSDK_CACHE_DIR", str(tmp_path / "cache"))
    summary, _ = exported(tmp_path / "to", capsys, "--tracks", "4")
    kept = [path for path in (tmp_path / "cache").rglob("trk-*") if path.is_file() and path.stat().st_size > 10_000]
    assert kept
    assert os.listdir(tmp_path / "to") == [Path(str(summary["folder"])).name]  # noqa: PTH208


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--scenario", "nope"], "there is no scenario 'nope'; there are: default, "),
        (["--tracks", "3"], "at least 4 tracks"),
        (["--tracks", "-5"], "at least 4 tracks"),
    ],
)
def test_a_wish_that_cannot_be_met_is_one_sentence(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, the reason on standard error, nothing on standard output, nothing on disk."""
    assert main(["export", "--to", str(tmp_path), "--json", *arguments]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert sentence in said.err
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_fails_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 when the target cannot be written, with the SDK's own sentence."""
    (tmp_path / "file").write_text("in the way")
    assert main(["export", "--to", str(tmp_path / "file"), "--tracks", "4", "--json"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-1].startswith("harness: ")


def test_the_help_lists_the_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its sentence."""
    with pytest.raises(SystemExit) as stop:
        main(["export", "--help"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert all(scenario.name in said and scenario.explanation in said for scenario in EXPORTS.values())


def test_formats_and_a_sample_rate_go_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every exported track has the rate that was asked for, and the JSON says what was asked for and done."""
    summary, entries = exported(tmp_path, capsys, "--format", "m3u8", "--convert-to", "44100")
    converted = [entry for entry in entries if entry["converted_from"]]
    assert summary["formats"] == ["m3u8", "overview"]
    assert (summary["converted"], summary["not_converted"]) == (len(converted), 0)
    assert converted
    assert {entry["sample_rate_hz"] for entry in entries if entry["status"] == "exported"} == {44_100}


def test_a_sample_rate_that_is_none_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the SDK refuses is a failure with its sentence, and nothing is made."""
    assert main(["export", "--to", str(tmp_path / "out"), "--convert-to", "1"]) != 0
    assert "convert_to" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
