"""Formats of other packages, what is read back, and project files in `retry` and `replace`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from chadsdk import ChadMusicAPIClient, MixExporter
from chadsdk.errors import ConfigurationError, DiskFullError, FormatError
from chadsdk.export import ExportResult, Manifest
from chadsdk.export import writers as registry
from harness.build import plain_world
from harness.process import ServerHandle, running_server
from tests.daw.packages import installed
from tests.export.rig import Recorder, leftovers, local_playlist, own_wav, quick_settings

_MODULE = """
from chadsdk.errors import FormatError
from chadsdk.export.writers import Writer

def text(project, desk):
    return "".join(f"{clip.start_s:.3f} {clip.missing is None} {clip.title}\\n" for clip in project.clips)

def write(project, desk):
    (desk.folder / "Probe" / "media").mkdir(parents=True)
    (desk.folder / "Probe" / "clips.txt").write_text(text(project, desk))
    for clip in project.clips:
        if clip.missing is None:
            (desk.folder / "Probe" / "media" / clip.title).write_bytes(desk.audio(clip.file).read_bytes())

def check(project, desk):
    if (desk.folder / "Probe" / "clips.txt").read_text() != text(project, desk):
        raise FormatError("The probe is not what was meant.")

def refuse(project):
    raise FormatError("No probe can hold this.")

def refuse_whole(project):
    if all(clip.missing is None for clip in project.clips):
        raise FormatError("No picky probe can hold all of this.")

def write_until_whole(project, desk):
    write(project, desk)
    refuse_whole(project)

def wrong(project, desk):
    (desk.folder / "Probe").mkdir()
    (desk.folder / "Probe" / "clips.txt").write_text("nothing")

PROBE = Writer("Probe", write, check, copies_audio=True)
WRONG = Writer("Probe", wrong, check)
REFUSING = Writer("Probe", write, check, refuse)
PICKY = Writer("Probe", write, check, refuse_whole)
LATE = Writer("Probe", write_until_whole, check)
NO_WRITER = "hello"
"""
_FORMATS = {
    "probe": "probe_format:PROBE",
    "wrong": "probe_format:WRONG",
    "refusing": "probe_format:REFUSING",
    "picky": "probe_format:PICKY",
    "late": "probe_format:LATE",
    "no-writer": "probe_format:NO_WRITER",
    "broken": "no_such_module:WRITER",
    "m3u8": "probe_format:WRONG",
}


@pytest.fixture(autouse=True)
def other_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package that brings formats."""
    with installed(tmp_path / "site", "probe_format", _MODULE, _FORMATS, monkeypatch):
        yield


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerHandle]:
    """Three tracks, the second of which answers 404 until it is mended."""
    with running_server(plain_world(tmp_path / "world", [40_000] * 3)) as handle:
        handle.set_faults("t-2", [{"status": 404, "always": True}])
        yield handle


@pytest.fixture
def exporter(server: ServerHandle, tmp_path: Path) -> Iterator[MixExporter]:
    """An exporter with a cache of its own."""
    settings = quick_settings(tmp_path / "cache")
    with (
        ChadMusicAPIClient(server.url, token=server.token, settings=settings) as client,
        MixExporter(client, settings=settings) as exporter,
    ):
        yield exporter


@pytest.fixture
def incomplete(server: ServerHandle, exporter: MixExporter, tmp_path: Path) -> ExportResult:
    """An export with a folder of project files, which lacks one track."""
    with ChadMusicAPIClient(server.url, token=server.token) as client:
        return exporter.export(client.playlist("plain"), tmp_path / "exports", formats=["probe"])


def worked_on(path: Path, by: str) -> None:
    """Save something into a file, later than anything that was exported."""
    path.write_text(by)
    later = path.stat().st_mtime + 60
    os.utime(path, (later, later))


def test_another_package_brings_a_format(incomplete: ExportResult) -> None:
    """An entry point's writer sees the project and the audio, and the manifest names it."""
    clips = (incomplete.folder / "Probe" / "clips.txt").read_text().splitlines()
    assert [line.split(" ", 2)[1] for line in clips] == ["True", "False", "True"]
    assert len(list((incomplete.folder / "Probe" / "media").iterdir())) == 2
    assert Manifest.load(incomplete.folder).formats == ("m3u8", "overview", "probe")


@pytest.mark.parametrize(
    ("name", "says"),
    [("nothing", "there are: .*m3u8.*probe"), ("no-writer", "is no .*Writer"), ("broken", "no_such_module")],
)
def test_a_format_that_is_none_is_named(tmp_path: Path, name: str, says: str) -> None:
    """An unknown name, an entry point to something else, a package that cannot be imported: before anything is done."""
    with pytest.raises(ConfigurationError, match=says) as caught:
        MixExporter().export(local_playlist(own_wav(tmp_path / "a.wav")), tmp_path / "out", formats=[name])
    assert name in str(caught.value)
    assert leftovers(tmp_path / "out") == []


@pytest.mark.parametrize("start", [False, True])
@pytest.mark.parametrize("formats", ["reaper", ""])
def test_a_string_is_no_list_of_formats(tmp_path: Path, formats: str, *, start: bool) -> None:
    """``formats="reaper"`` is a slip: the error shows what was meant, and no letter is taken for a format."""
    with MixExporter(settings=quick_settings(tmp_path / "cache")) as exporter:
        call = exporter.start if start else exporter.export
        with pytest.raises(ConfigurationError, match=rf"sequence of names, such as \['{formats}'\]"):
            call(local_playlist(own_wav(tmp_path / "a.wav")), tmp_path / "out", formats=formats)
    assert leftovers(tmp_path / "out") == []


def test_our_formats_cannot_be_replaced() -> None:
    """A package that brings a format under one of our names is not heard."""
    assert registry.writer_of("m3u8").output == "{stem}.m3u8"


@pytest.mark.parametrize(("name", "says"), [("wrong", "not what was meant"), ("refusing", "No probe can hold")])
def test_a_project_that_is_wrong_is_not_published(tmp_path: Path, name: str, says: str) -> None:
    """What does not read back, or cannot be held, ends the export with that sentence and without a folder."""
    with pytest.raises(FormatError, match=says):
        MixExporter().export(local_playlist(own_wav(tmp_path / "a.wav")), tmp_path / "out", formats=[name])
    assert leftovers(tmp_path / "out") == []


def test_a_refusal_comes_before_anything_is_copied(server: ServerHandle, exporter: MixExporter, tmp_path: Path) -> None:
    """What is in the cache is looked at there, so that nothing is told of, and no folder made, for nothing."""
    server.set_faults("t-2", [])
    with ChadMusicAPIClient(server.url, token=server.token) as client:
        playlist = client.playlist("plain")
    for first in (True, False):
        told = Recorder()
        with pytest.raises(FormatError, match="No picky probe can hold all of this"):
            exporter.export(playlist, tmp_path / "out", formats=["picky"], progress=told)
        assert bool(told.events) == first  # what is not here yet is downloaded and copied before anybody can tell
    assert leftovers(tmp_path / "out") == []


def test_audio_that_is_written_twice_needs_its_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The room for a format that embeds audio is asked for before a byte is written."""
    size = 400_000
    playlist = local_playlist(own_wav(tmp_path / "a.wav", size_bytes=size))
    settings = quick_settings(tmp_path / "cache", headroom_bytes=0)
    free = size * 3 // 2
    monkeypatch.setattr("psutil.disk_usage", lambda path: type("Usage", (), {"free": free, "total": 10 * free})())
    with MixExporter(settings=settings) as exporter:
        with pytest.raises(DiskFullError):
            exporter.export(playlist, tmp_path / "out", formats=["probe"])
        assert exporter.export(playlist, tmp_path / "out").exported


def test_a_retry_writes_project_files_anew(
    server: ServerHandle, exporter: MixExporter, incomplete: ExportResult
) -> None:
    """The track that was missing is in the project after `retry`, with the audio of all."""
    server.set_faults("t-2", [])
    result = exporter.retry(incomplete.folder)
    assert "False" not in (result.folder / "Probe" / "clips.txt").read_text()
    assert len(list((result.folder / "Probe" / "media").iterdir())) == 3
    assert leftovers(result.folder.parent) == [result.folder.name]
    assert sorted(path.name for path in result.folder.iterdir() if path.is_dir()) == ["Audio", "Probe"]


def test_a_retry_leaves_a_project_alone_that_was_worked_on(
    server: ServerHandle, exporter: MixExporter, incomplete: ExportResult
) -> None:
    """A project that the user has saved is theirs, in this retry and in the next; the manifest does not claim it."""
    worked_on(incomplete.folder / "Probe" / "clips.txt", "mine")
    sentence = "Probe is as it was, because it was worked on since the export."
    assert exporter.retry(incomplete.folder).stale == (sentence,)
    server.set_faults("t-2", [])
    result = exporter.retry(incomplete.folder)
    assert not result.missing
    assert (result.folder / "Probe" / "clips.txt").read_text() == "mine"
    assert result.manifest.formats == ("m3u8", "overview")


@pytest.mark.parametrize("name", ["Plain.m3u8", "overview.svg"])
def test_a_retry_leaves_every_paper_alone_that_was_worked_on(
    server: ServerHandle, exporter: MixExporter, incomplete: ExportResult, name: str
) -> None:
    """What is written with every export is the user's, too, once it was changed; and that is said."""
    worked_on(incomplete.folder / name, "mine")
    server.set_faults("t-2", [])
    result = exporter.retry(incomplete.folder)
    assert (result.folder / name).read_text() == "mine"
    assert [sentence.partition(" is ")[0] for sentence in result.stale] == [name]


def test_a_retry_says_which_format_is_gone(
    server: ServerHandle, exporter: MixExporter, incomplete: ExportResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package that wrote a project was removed meanwhile: the tracks come, and the project is said to be old."""
    monkeypatch.setattr(registry, "_theirs", dict)
    server.set_faults("t-2", [])
    result = exporter.retry(incomplete.folder)
    assert not result.missing
    (sentence,) = result.stale
    assert "probe" in sentence


@pytest.mark.parametrize("name", ["picky", "late"])
def test_a_retry_keeps_a_project_that_cannot_hold_the_whole(
    server: ServerHandle, exporter: MixExporter, tmp_path: Path, name: str
) -> None:
    """The track that came back is in the export all the same; the project stays as it was, and that is said."""
    with ChadMusicAPIClient(server.url, token=server.token) as client:
        first = exporter.export(client.playlist("plain"), tmp_path / "exports", formats=[name])
    before = (first.folder / "Probe" / "clips.txt").read_text()
    server.set_faults("t-2", [])
    result = exporter.retry(first.folder)
    assert not result.missing
    assert result.stale == ("Probe is as it was: No picky probe can hold all of this.",)
    assert (result.folder / "Probe" / "clips.txt").read_text() == before
    assert result.manifest.formats == ("m3u8", "overview", name)


@pytest.mark.parametrize("touched", [False, True])
def test_an_export_with_projects_is_replaced(
    server: ServerHandle, exporter: MixExporter, incomplete: ExportResult, *, touched: bool
) -> None:
    """Project files as they were written go with the older export; one that was worked on keeps it."""
    if touched:
        worked_on(incomplete.folder / "Probe" / "clips.txt", "mine")
    with ChadMusicAPIClient(server.url, token=server.token) as client:
        result = exporter.export(client.playlist("plain"), incomplete.folder.parent, formats=["probe"], replace=True)
    assert (result.kept is not None) == touched
    if result.kept is not None:
        assert (result.kept / "Probe" / "clips.txt").read_text() == "mine"
