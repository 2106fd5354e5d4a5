"""`MixExporter.retry`: what was missing is fetched, what is there is not touched."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jsonschema
import pytest

from chadsdk import CancelToken, ChadMusicAPIClient, ExportCancelled, Manifest, MixExporter, Settings
from chadsdk.errors import DataError, DiskFullError
from chadsdk.export import ExportResult, manifest_schema, verify_export
from harness.build import plain_world
from harness.process import ServerHandle, running_server
from harness.recording import sha256_of

MISSING = {"t-2": "Track 2", "t-4": "Track 4"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerHandle]:
    """Five tracks, two of which answer 404 until they are mended."""
    with running_server(plain_world(tmp_path / "world", [40_000] * 5)) as handle:
        for track_id in MISSING:
            handle.set_faults(track_id, [{"status": 404, "always": True}])
        yield handle


@pytest.fixture
def exporter(server: ServerHandle, tmp_path: Path) -> Iterator[MixExporter]:
    """An exporter with a cache of its own."""
    settings = Settings(cache_dir=tmp_path / "cache", backoff_base_s=0.001)
    with (
        ChadMusicAPIClient(server.url, token=server.token, settings=settings) as client,
        MixExporter(client, settings=settings) as exporter,
    ):
        yield exporter


@pytest.fixture
def incomplete(server: ServerHandle, exporter: MixExporter, tmp_path: Path) -> ExportResult:
    """An export that lacks two of its five tracks."""
    with ChadMusicAPIClient(server.url, token=server.token) as client:
        result = exporter.export(client.playlist("plain"), tmp_path / "exports")
    assert len(result.missing) == len(MISSING)
    return result


def mend(server: ServerHandle, *track_ids: str) -> None:
    """Let the server have the tracks again."""
    for track_id in track_ids:
        server.set_faults(track_id, [])


def test_what_came_back_is_fetched_and_nothing_else(
    server: ServerHandle, exporter: MixExporter, incomplete: ExportResult
) -> None:
    """A retry asks for the audio of the missing tracks alone, and completes manifest, playlist and folder."""
    mend(server, *MISSING)
    server.clear_ledger()
    result = exporter.retry(incomplete.folder)
    assert not result.missing
    assert len(server.audio_gets()) == len(MISSING)
    assert not verify_export(result.folder).damaged
    assert not (result.folder / "MISSING.txt").exists()
    assert "# Missing" not in (result.folder / f"{result.folder.name}.m3u8").read_text(encoding="utf-8")
    jsonschema.validate(json.loads(result.manifest_path.read_bytes()), manifest_schema())
    assert Manifest.load(result.folder) == result.manifest


def test_the_picture_is_drawn_anew(server: ServerHandle, exporter: MixExporter, incomplete: ExportResult) -> None:
    """A completed track is hatched no more, and what was there already keeps its outline."""
    before = (incomplete.folder / "overview.svg").read_text(encoding="utf-8")
    mend(server, "t-4")
    after = (exporter.retry(incomplete.folder).folder / "overview.svg").read_text(encoding="utf-8")
    assert [re.findall(r'class="clip missing" data-position="(\d)"', text) for text in (before, after)] == [
        ["2", "4"],
        ["2"],
    ]
    assert [len(re.findall(r'class="wave" d="M', text)) for text in (before, after)] == [4, 5]  # one in the key


def test_files_that_are_there_are_not_touched(
    server: ServerHandle, exporter: MixExporter, incomplete: ExportResult
) -> None:
    """The files of the first export keep their very inode, so that a DAW may have them open."""
    before = {entry.file: (incomplete.folder / entry.file).stat().st_ino for entry in incomplete.exported}
    mend(server, *MISSING)
    exporter.retry(incomplete.folder)
    assert {file: (incomplete.folder / file).stat().st_ino for file in before} == before


def test_the_names_are_those_that_were_promised(
    server: ServerHandle, exporter: MixExporter, incomplete: ExportResult
) -> None:
    """A completed track lies under the name that the manifest gave it while it was missing."""
    promised = [entry.file for entry in incomplete.missing]
    mend(server, *MISSING)
    result = exporter.retry(incomplete.folder)
    assert [entry.file for entry in result.manifest.entries if entry.file in promised] == promised
    assert all((result.folder / file).is_file() for file in promised)


def test_what_is_still_missing_stays_missing_with_its_reason(
    server: ServerHandle, exporter: MixExporter, incomplete: ExportResult
) -> None:
    """One track comes back, the other is still listed, in MISSING.txt too."""
    mend(server, "t-4")
    result = exporter.retry(incomplete.folder)
    assert [entry.cloud_track_id for entry in result.missing] == ["t-2"]
    assert result.missing[0].reason == "not_found"
    assert "Audio/" in (result.folder / "MISSING.txt").read_text(encoding="utf-8")


def test_a_file_put_under_a_missing_name_is_taken_in(exporter: MixExporter, incomplete: ExportResult) -> None:
    """The user puts a file where a track is missing: it counts as exported, and is left where it is."""
    gap = incomplete.missing[0].file
    present = incomplete.folder / incomplete.exported[0].file
    (incomplete.folder / gap).write_bytes(present.read_bytes())
    inode = (incomplete.folder / gap).stat().st_ino
    result = exporter.retry(incomplete.folder)
    taken_in = next(entry for entry in result.exported if entry.file == gap)
    assert (taken_in.verified, taken_in.sha256) == ("local", sha256_of(present))
    assert (incomplete.folder / gap).stat().st_ino == inode


@pytest.mark.parametrize("plant", [lambda path: None, Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path)])
def test_where_the_library_has_no_file_the_cloud_is_asked(
    server: ServerHandle,
    exporter: MixExporter,
    incomplete: ExportResult,
    tmp_path: Path,
    plant: Callable[[Path], object],
) -> None:
    """Nothing, a folder, a FIFO or a link to itself under the path of the library: the track of that id is fetched."""
    path = tmp_path / "library.wav"
    plant(path)
    value = json.loads(incomplete.manifest_path.read_bytes())
    for entry in value["entries"]:
        entry["library_file"] = str(path) if entry["status"] == "missing" else None
    incomplete.manifest_path.write_text(json.dumps(value), encoding="utf-8")
    mend(server, *MISSING)
    assert not exporter.retry(incomplete.folder).missing


def test_a_page_put_under_a_missing_name_is_not_taken_in(exporter: MixExporter, incomplete: ExportResult) -> None:
    """What lies under a missing name must be audio to count, and is left alone otherwise."""
    gap = incomplete.missing[0]
    (incomplete.folder / gap.file).write_text("<html>not audio</html>", encoding="utf-8")
    result = exporter.retry(incomplete.folder)
    assert gap.position in [entry.position for entry in result.missing]
    assert (incomplete.folder / gap.file).read_text(encoding="utf-8") == "<html>not audio</html>"


def test_without_a_server_a_retry_only_takes_in(incomplete: ExportResult, tmp_path: Path) -> None:
    """An exporter without a server keeps the reasons that the manifest holds."""
    with MixExporter(settings=Settings(cache_dir=tmp_path / "other")) as offline:
        result = offline.retry(incomplete.folder)
    assert [(entry.reason, entry.detail) for entry in result.missing] == [
        (entry.reason, entry.detail) for entry in incomplete.missing
    ]


def test_a_cancelled_retry_leaves_the_export_as_it_was(
    server: ServerHandle, exporter: MixExporter, incomplete: ExportResult
) -> None:
    """Cancelled in the middle of a body, nothing in the folder has changed and nothing lies beside it."""
    before = sorted((path, path.stat().st_mtime_ns) for path in incomplete.folder.rglob("*"))
    server.set_faults("t-2", [{"gate": "half", "after": 0.5}])
    token = CancelToken()

    def cancel_in_mid_body() -> None:
        server.wait_at_gate("half")
        token.cancel()

    with ThreadPoolExecutor(1) as other:
        cancelled = other.submit(cancel_in_mid_body)
        with pytest.raises(ExportCancelled):
            exporter.retry(incomplete.folder, cancel=token)
        cancelled.result()
    assert sorted((path, path.stat().st_mtime_ns) for path in incomplete.folder.rglob("*")) == before
    assert [path.name for path in incomplete.folder.parent.iterdir()] == [incomplete.folder.name]


def test_audio_that_is_embedded_anew_needs_its_room(
    server: ServerHandle, exporter: MixExporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container is written whole by a retry: what is there already, too, needs its room once more."""
    with ChadMusicAPIClient(server.url, token=server.token) as client:
        first = exporter.export(client.playlist("plain"), tmp_path / "exports", formats=["dawproject"])
    mend(server, *MISSING)
    there = sum(entry.size_bytes or 0 for entry in first.exported)
    new = there // len(first.exported) * len(MISSING)  # all are of one length
    needed = Settings().headroom_bytes + 3 * new + there  # to download, to copy and to embed; to embed
    usage = {"free": needed - 1, "total": 2 * needed}
    monkeypatch.setattr("psutil.disk_usage", lambda path: type("Usage", (), usage)())
    with pytest.raises(DiskFullError) as caught:
        exporter.retry(first.folder)
    assert caught.value.needed_bytes == needed
    usage["free"] = needed
    assert not exporter.retry(first.folder).missing


def test_a_folder_without_a_manifest_is_refused(exporter: MixExporter, tmp_path: Path) -> None:
    """A folder that is no export gives one error that names the manifest."""
    with pytest.raises(DataError, match=r"manifest\.json"):
        exporter.retry(tmp_path)


def test_a_manifest_that_leads_out_of_its_folder_is_refused(exporter: MixExporter, incomplete: ExportResult) -> None:
    """A manifest whose file climbs out of the export is malformed at that very place."""
    value = json.loads(incomplete.manifest_path.read_bytes())
    value["entries"][1]["file"] = "../../secret.wav"
    incomplete.manifest_path.write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(DataError, match=r"entries\[1\]\.file"):
        exporter.retry(incomplete.folder)
