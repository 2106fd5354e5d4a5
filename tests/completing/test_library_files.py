"""`MixExporter.retry` looks again where files of the library should be."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from chadsdk import Manifest, MixExporter
from chadsdk.export import ExportResult, manifest_schema
from harness.recording import sha256_of
from tests.export.rig import check_export, local_playlist, own_wav


@pytest.fixture
def gone(tmp_path: Path) -> Path:
    """Where a file of the library should be and is not."""
    return tmp_path / "library" / "gone.wav"


@pytest.fixture
def incomplete(exporter: MixExporter, gone: Path, tmp_path: Path) -> ExportResult:
    """An export of two files of the library, the second of which is not there."""
    return exporter.export(local_playlist(own_wav(tmp_path / "library" / "a.wav"), gone), tmp_path / "exports")


def test_a_file_that_is_there_again_is_exported(exporter: MixExporter, incomplete: ExportResult, gone: Path) -> None:
    """The file comes back at its place in the library: a retry copies it under the name that was promised."""
    (promised,) = incomplete.missing
    own_wav(gone, frequency_hz=99.0)
    result = exporter.retry(incomplete.folder)
    assert not result.missing
    found = result.exported[1]
    assert (found.file, found.sha256, found.verified) == (promised.file, sha256_of(gone), "local")
    assert found.library_file is None
    check_export(result.folder)


def test_only_a_missing_entry_says_where_its_file_should_be(incomplete: ExportResult, gone: Path) -> None:
    """The manifest holds that path for a retry, and no path of what is in the export."""
    value = json.loads(incomplete.manifest_path.read_bytes())
    assert [entry["library_file"] for entry in value["entries"]] == [None, str(gone)]
    jsonschema.validate(value, manifest_schema())


def test_what_is_still_not_there_stays_missing(exporter: MixExporter, incomplete: ExportResult, gone: Path) -> None:
    """Its reason and its place in the library are as they were, so that the next retry finds it."""
    assert exporter.retry(incomplete.folder).missing == incomplete.missing
    own_wav(gone)
    assert not exporter.retry(incomplete.folder).missing


def test_what_is_no_audio_is_not_exported(exporter: MixExporter, incomplete: ExportResult, gone: Path) -> None:
    """A page under the name of the file is a reason of its own, and leaves nothing in the export."""
    gone.write_text("<html>not audio</html>", encoding="utf-8")
    (entry,) = exporter.retry(incomplete.folder).missing
    assert (entry.reason, entry.library_file) == ("not_audio", str(gone))
    check_export(incomplete.folder)


def test_a_relative_file_is_found_from_another_folder(
    exporter: MixExporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a playlist names from the folder of the export's program is looked for there, wherever the retry runs."""
    monkeypatch.chdir(tmp_path)
    folder = exporter.export(local_playlist(Path("late.wav")), tmp_path / "exports").folder
    own_wav(tmp_path / "late.wav")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert not exporter.retry(folder).missing


def test_a_path_of_another_system_is_left_as_it_is(exporter: MixExporter, incomplete: ExportResult) -> None:
    """An export that was made on Windows is retried here: the path is not taken for one of this system."""
    foreign = "D:\\Music\\gone.wav"
    value = json.loads(incomplete.manifest_path.read_bytes())
    value["entries"][1]["library_file"] = foreign
    incomplete.manifest_path.write_text(json.dumps(value), encoding="utf-8")
    exporter.retry(incomplete.folder)
    assert [entry.library_file for entry in Manifest.load(incomplete.folder).missing] == [foreign]


def test_a_name_that_is_not_utf8_is_not_looked_for(exporter: MixExporter, tmp_path: Path) -> None:
    """A manifest cannot hold such a path; the file of a name that looks alike is not taken for it."""
    playlist = local_playlist(tmp_path / "\udcff.wav", name="Bytes")
    folder = exporter.export(playlist, tmp_path / "exports").folder
    own_wav(tmp_path / "?.wav")
    assert [entry.library_file for entry in exporter.retry(folder).missing] == [None]


@pytest.mark.parametrize("plant", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_said_to_be_none(
    exporter: MixExporter, incomplete: ExportResult, gone: Path, plant: Callable[[Path], object]
) -> None:
    """Where no cloud has the track, the reason is what stands under its name."""
    plant(gone)
    (entry,) = exporter.retry(incomplete.folder).missing
    assert (entry.reason, entry.library_file) == ("local_unreadable", str(gone))


@pytest.mark.parametrize("part", ["p" * 5000 + "/", "p/" * 2500])
def test_a_path_of_thousands_of_characters_is_told_in_short(exporter: MixExporter, tmp_path: Path, part: str) -> None:
    """Manifest and MISSING.txt tell its ends; a retry still knows the whole of it."""
    path = f"/music/{part}end.wav"
    folder = exporter.export(local_playlist(Path(path), own_wav(tmp_path / "a.wav")), tmp_path / "exports").folder
    (entry,) = exporter.retry(folder).missing
    assert entry.library_file == path
    assert entry.detail is not None
    assert len(entry.detail) < 400
    assert "/music/p" in entry.detail
    assert "end.wav" in entry.detail
    assert len((folder / "MISSING.txt").read_text()) < 1000
