"""Row 66: links, second names, FIFOs and folders where an export writes, or completes what it wrote."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from chadsdk import ChadMusicAPIClient, MixExporter
from chadsdk.errors import ChadError, ExportExistsError, StorageError
from chadsdk.export import ExportResult, verify_export
from chadsdk.export.temporary import temporary_name
from harness.process import ServerHandle
from tests.download.support import quick
from tests.export.rig import leftovers, local_playlist, own_wav
from tests.security.planting import KINDS, Victim

FORMATS = ("dawproject", "reaper", "ardour", "audacity", "m3u8")
FIXED = UUID("12345678123456781234567812345678")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A WAV of the user's own."""
    return own_wav(tmp_path / "library" / "mine.wav")


@pytest.fixture(scope="module")
def made(shared: ServerHandle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MixExporter, ExportResult]]:
    """An exporter, and an export of its whose second track the server did not have, and has now."""
    folder = tmp_path_factory.mktemp("made")
    settings = quick(folder / "cache")
    shared.set_faults("t-2", [{"status": 404, "always": True}])
    with (
        ChadMusicAPIClient(shared.url, token=shared.token, settings=settings) as client,
        MixExporter(client, settings=settings) as exporter,
    ):
        result = exporter.export(client.playlist("plain"), folder / "exports", formats=FORMATS)
        shared.set_faults("t-2", [])
        assert len(result.missing) == 1
        yield exporter, result


@pytest.fixture
def incomplete(made: tuple[MixExporter, ExportResult], tmp_path: Path) -> tuple[MixExporter, ExportResult]:
    """The exporter and a copy of the export for one test."""
    exporter, result = made
    folder = tmp_path / "exports" / result.folder.name
    shutil.copytree(result.folder, folder)
    return exporter, replace(result, folder=folder)


@pytest.mark.parametrize("kind", [*KINDS, "link to a folder"])
def test_row_66_in_the_place_of_the_export(
    offline: MixExporter, own: Path, to: Path, victim: Victim, kind: str
) -> None:
    """What stands under the export's name stays, whatever it is, with leave to replace an export and without."""
    victim.plant(kind, to / "Mine")
    before = (to / "Mine").lstat()
    for leave in (False, True):
        with pytest.raises(ExportExistsError):
            victim.bounded(partial(offline.export, local_playlist(own), to, replace=leave))
    assert os.path.samestat((to / "Mine").lstat(), before)
    assert leftovers(to) == ["Mine"]


@pytest.mark.parametrize("kind", ["link to a folder", "dangling", "fifo", "folder"])
def test_row_66_in_the_place_of_the_folder_that_grows(
    offline: MixExporter, own: Path, to: Path, victim: Victim, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody guesses its name: the export is not made there, and what stands there is not removed either."""
    monkeypatch.setattr("uuid.uuid4", lambda: FIXED)
    growing = to / temporary_name("Mine", "partial")

    def guessed() -> UUID:  # when what earlier exports left is cleared up already
        if not os.path.lexists(growing):
            victim.plant(kind, growing)
        return FIXED

    monkeypatch.setattr("uuid.uuid4", guessed)
    with pytest.raises(StorageError):
        victim.bounded(lambda: offline.export(local_playlist(own), to))
    assert leftovers(to) == [growing.name]
    assert kind != "folder" or list(growing.iterdir())


@pytest.mark.parametrize("kind", ["link to a folder", "dangling", "fifo", "link"])
@pytest.mark.parametrize("temporary", ["partial", "old"])
def test_row_66_in_the_place_of_what_an_export_left(
    offline: MixExporter, own: Path, to: Path, victim: Victim, kind: str, temporary: str
) -> None:
    """Under the name of a folder that a dead export left stands no folder: not followed, not blocked on, not moved."""
    left = to / temporary_name("Mine", temporary)
    victim.plant(kind, left)
    victim.bounded(lambda: offline.export(local_playlist(own), to))
    assert leftovers(to) == ["Mine", left.name]


@pytest.mark.parametrize("kind", ["link to a folder", "dangling", "fifo", "link"])
def test_row_66_the_audio_of_an_export_that_is_completed(
    incomplete: tuple[MixExporter, ExportResult], victim: Victim, kind: str
) -> None:
    """The folder ``Audio`` is a link or a FIFO by now: refused, and no track lands where it leads."""
    exporter, result = incomplete
    (result.folder / "Audio").rename(result.folder / "Audio before")
    victim.plant(kind, result.folder / "Audio")
    with pytest.raises(StorageError, match="no plain folder"):
        victim.bounded(lambda: exporter.retry(result.folder))
    assert leftovers(result.folder.parent) == [result.folder.name]


@pytest.mark.parametrize("kind", ["link", "dangling", "fifo", "folder"])
def test_row_66_a_track_of_an_export_that_is_completed(
    incomplete: tuple[MixExporter, ExportResult], victim: Victim, kind: str
) -> None:
    """An exported file is something else by now: not read, not copied into a project file, not waited on."""
    exporter, result = incomplete
    victim.plant(kind, result.folder / result.exported[0].file)
    with pytest.raises(StorageError, match="no plain file"):
        victim.bounded(lambda: exporter.retry(result.folder))
    assert leftovers(result.folder.parent) == [result.folder.name]
    assert [each.file for each in victim.bounded(lambda: verify_export(result.folder)).damaged] == [
        result.exported[0].file
    ]


def test_row_66_a_track_by_way_of_a_linked_folder(incomplete: tuple[MixExporter, ExportResult], victim: Victim) -> None:
    """A manifest that was changed to name a file behind a link: refused before it is looked at."""
    exporter, result = incomplete
    (result.folder / "side").symlink_to(victim.folder)
    manifest = result.manifest_path
    manifest.write_text(manifest.read_text().replace(result.exported[0].file, "side/1.jpg"))
    with pytest.raises(StorageError, match="side is no plain folder"):
        exporter.retry(result.folder)


PAPERS = ("manifest.json", "MISSING.txt", "overview.svg", "Plain.m3u8", "Plain.rpp", "Plain.dawproject", "Ardour")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("paper", PAPERS)
def test_row_66_a_paper_of_an_export_that_is_completed(
    incomplete: tuple[MixExporter, ExportResult], victim: Victim, paper: str, kind: str
) -> None:
    """Replaced by a plain file, left alone, or one clear error; what a link leads to is never written."""
    exporter, result = incomplete
    assert (result.folder / paper).exists()
    if (result.folder / paper).is_dir():
        (result.folder / paper).rename(result.folder / "aside")
    victim.plant(kind, result.folder / paper)
    with suppress(ChadError):
        victim.bounded(lambda: exporter.retry(result.folder))
    assert leftovers(result.folder.parent) == [result.folder.name]


@pytest.mark.parametrize("kind", KINDS)
def test_row_66_under_the_name_of_a_missing_track(
    incomplete: tuple[MixExporter, ExportResult], victim: Victim, kind: str
) -> None:
    """A plain file there would be taken for the track; a link, a FIFO or a folder is not, and is never replaced."""
    exporter, result = incomplete
    place = result.folder / result.missing[0].file.replace(".mp3", ".wav")
    victim.plant(kind, place)
    before = place.lstat()
    if kind == "hard":
        assert victim.bounded(lambda: exporter.retry(result.folder)).missing
    else:
        with pytest.raises(ExportExistsError):
            victim.bounded(lambda: exporter.retry(result.folder))
    assert os.path.samestat(place.lstat(), before)


def test_row_66_nothing_that_looks_dead_is_removed_through_a_link(
    offline: MixExporter, own: Path, to: Path, victim: Victim
) -> None:
    """A link under the name of a dead process's folder: what it leads to is not cleared up."""
    to.mkdir()
    name = temporary_name("Mine", "partial")
    dead = name.replace(f"-{os.getpid()}-", "-4194305-")  # more than any system counts to
    (to / dead).symlink_to(victim.folder)
    offline.export(local_playlist(own), to)
    assert leftovers(to) == ["Mine", dead]
