"""Files of the user's own in a folder that a format wrote: whatever their time says, they are not ours to remove."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from chadsdk import CancelToken, Manifest, MixExporter
from chadsdk.errors import ExportExistsError
from chadsdk.export import ExportResult, manifest_schema
from chadsdk.export.stage import Staging
from tests.export.rig import leftovers, local_playlist, own_wav

_LONG_AGO_S = 1_577_836_800  # 2020


@pytest.fixture
def gone(tmp_path: Path) -> Path:
    """Where a file of the library should be and is not."""
    return tmp_path / "gone.wav"


@pytest.fixture
def incomplete(exporter: MixExporter, gone: Path, tmp_path: Path) -> ExportResult:
    """An export with an Ardour session, which lacks one of two tracks."""
    playlist = local_playlist(own_wav(tmp_path / "a.wav"), gone)
    return exporter.export(playlist, tmp_path / "out", formats=["ardour"])


def put_old_file(path: Path) -> Path:
    """A file that was copied here with the time of its original, as ``cp -p``, rsync and unzip do."""
    path.write_bytes(b"mine")
    os.utime(path, (_LONG_AGO_S, _LONG_AGO_S))
    return path


def put_link_to_a_folder(path: Path) -> Path:
    """A link to a folder elsewhere, which is no file and not looked into."""
    path.symlink_to(path.parent.parent, target_is_directory=True)
    return path


def put_into_a_file_of_ours(path: Path) -> Path:
    """An older state of the session, copied back over what the export wrote."""
    return put_old_file(path.with_name("Mine.ardour"))


_PUTS = [put_old_file, put_link_to_a_folder, put_into_a_file_of_ours]


@pytest.mark.parametrize("put", _PUTS)
def test_replace_keeps_what_no_export_wrote(
    exporter: MixExporter, incomplete: ExportResult, tmp_path: Path, put: Callable[[Path], Path]
) -> None:
    """One file of the user's in the session folder, older than the export, and the older export is kept beside."""
    mine = put(incomplete.folder / "Ardour" / "take.wav").relative_to(incomplete.folder)
    playlist = local_playlist(tmp_path / "a.wav")
    result = exporter.export(playlist, tmp_path / "out", formats=["ardour"], replace=True)
    assert result.kept == tmp_path / "out" / "Mine (replaced 1)"
    assert os.path.lexists(result.kept / mine)


@pytest.mark.parametrize("put", _PUTS)
def test_a_retry_leaves_a_folder_alone_that_holds_what_no_export_wrote(
    exporter: MixExporter, incomplete: ExportResult, gone: Path, put: Callable[[Path], Path]
) -> None:
    """The track comes, the session stays as it is, that is said, and no later export takes the session for its own."""
    mine = put(incomplete.folder / "Ardour" / "take.wav")
    own_wav(gone)
    result = exporter.retry(incomplete.folder)
    assert not result.missing
    assert os.path.lexists(mine)
    (sentence,) = result.stale
    assert sentence.startswith("Ardour is as it was, because ")
    assert result.manifest.formats == ("m3u8", "overview")
    assert {each.format for each in result.manifest.written} == {"m3u8", "overview"}


def test_what_was_written_is_in_the_manifest(incomplete: ExportResult) -> None:
    """Every file but the audio, the manifest and MISSING.txt, with its format and length; nothing else."""
    folder = incomplete.folder
    manifest = Manifest.load(folder)
    assert manifest == incomplete.manifest
    jsonschema.validate(json.loads(incomplete.manifest_path.read_bytes()), manifest_schema())
    assert {each.format for each in manifest.written} == {"ardour", "m3u8", "overview"}
    there = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    others = {entry.file for entry in manifest.exported} | {"manifest.json", "MISSING.txt"}
    sizes = {file: size for file, size in there.items() if file not in others}
    assert {each.file: each.size_bytes for each in manifest.written} == sizes


def test_an_export_that_was_completed_is_still_ours(
    exporter: MixExporter, incomplete: ExportResult, gone: Path, tmp_path: Path
) -> None:
    """What a retry wrote anew is in the manifest, so that the next export replaces it without a trace."""
    own_wav(gone)
    assert exporter.retry(incomplete.folder).stale == ()
    exporter.export(local_playlist(tmp_path / "a.wav"), tmp_path / "out", formats=["ardour"], replace=True)
    assert leftovers(tmp_path / "out") == ["Mine"]


def without_a_list(folder: Path) -> None:
    """Give an export the manifest of a version that did not list what it wrote."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    del manifest["written"]
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_an_export_that_does_not_say_what_it_wrote_is_kept(
    exporter: MixExporter, incomplete: ExportResult, gone: Path, tmp_path: Path
) -> None:
    """Of a manifest without the list: a retry brings the track and touches no project, replacing keeps the folder."""
    without_a_list(incomplete.folder)
    own_wav(gone)
    result = exporter.retry(incomplete.folder)
    assert not result.missing
    assert len(result.stale) == 3
    without_a_list(incomplete.folder)
    again = exporter.export(local_playlist(gone), tmp_path / "out", formats=["ardour"], replace=True)
    assert again.kept is not None
    assert (again.kept / "Ardour" / "Mine.ardour").exists()


def test_what_is_saved_while_a_retry_writes_is_not_replaced(incomplete: ExportResult) -> None:
    """The session was looked at, its audio takes a while, a take is recorded meanwhile: nothing is moved."""
    before = incomplete.manifest_path.read_bytes()
    with Staging.opened(incomplete.folder) as staging:
        (staging.path / "Ardour").mkdir()
        (staging.path / "manifest.json").write_text("new")
        mine = put_old_file(incomplete.folder / "Ardour" / "take.wav")
        with pytest.raises(ExportExistsError, match=r"Ardour .* meanwhile.*'Ardour/take.wav'"):
            staging.move_in(CancelToken())
    assert mine.exists()
    assert incomplete.manifest_path.read_bytes() == before
