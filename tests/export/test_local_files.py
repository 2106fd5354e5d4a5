"""The user's own files: what is copied, what is refused, and that the export goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chadsdk import MixExporter, Phase, Playlist, Track
from harness.audio import Tone, write_tone
from harness.recording import sha256_of
from tests.export.rig import check_export, local_playlist, own_wav, when


@pytest.mark.parametrize("link", [False, True])
def test_a_file_is_copied_bit_for_bit(offline: MixExporter, to: Path, tmp_path: Path, link: bool) -> None:
    """The user's file, or the one that their link points to; a file of its own in the export, not a link."""
    own = own_wav(tmp_path / "own.wav")
    named = tmp_path / "named.wav"
    if link:
        named.symlink_to(own)
    result = offline.export(local_playlist(named if link else own), to)
    [entry] = check_export(result.folder)["entries"]
    assert entry["sha256"] == sha256_of(own)
    copy = result.folder / entry["file"]
    assert not copy.is_symlink()
    assert copy.stat().st_ino != own.stat().st_ino


def make_folder(path: Path) -> None:
    """A folder under the name of a song."""
    path.mkdir()


def make_page(path: Path) -> None:
    """A web page saved as audio."""
    path.write_text("<!doctype html><html><title>Log in</title></html>")


def make_dangling(path: Path) -> None:
    """A link to nothing."""
    path.symlink_to(path.with_name("nothing.wav"))


def put_a_fifo(path: Path) -> None:
    """A FIFO that takes the place of a file."""
    path.unlink()
    os.mkfifo(path)


def make_unreadable(path: Path) -> None:
    """A regular file whose first read fails, for every user: address 0 of this process."""
    path.symlink_to("/proc/self/mem")


def make_endless(path: Path) -> None:
    """A regular file of no length that gives bytes for days."""
    path.symlink_to("/proc/self/pagemap")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "local_missing"),
        (make_dangling, "local_missing"),
        (make_folder, "local_unreadable"),
        (os.mkfifo, "local_unreadable"),
        (make_unreadable, "local_unreadable"),
        (make_endless, "local_unreadable"),
        (make_page, "not_audio"),
        (lambda path: path.touch(), "not_audio"),
        (lambda path: path.write_bytes(b"RIFF\x24\x00\x00\x00WAVE"), "not_audio"),
    ],
)
def test_a_file_that_cannot_be_used_is_missing_and_the_rest_is_exported(
    offline: MixExporter, to: Path, tmp_path: Path, make: object, reason: str
) -> None:
    """Not there, a folder, a FIFO that would block for ever, unreadable, without end, a page, empty, a header alone."""
    bad = tmp_path / "bad.wav"
    assert callable(make)
    make(bad)
    good = own_wav(tmp_path / "good.wav")
    result = offline.export(local_playlist(good, bad, own_wav(tmp_path / "more.wav")), to)
    entries = check_export(result.folder)["entries"]
    assert [entry["status"] for entry in entries] == ["exported", "missing", "exported"]
    assert entries[1]["reason"] == reason
    assert "bad.wav" in entries[1]["detail"]


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda path: path.unlink(), "local_missing"),
        (put_a_fifo, "local_unreadable"),
        (lambda path: path.write_bytes(b"now something else"), "not_audio"),
    ],
)
def test_a_file_that_changes_after_the_plan_is_missing(
    offline: MixExporter, to: Path, tmp_path: Path, act: object, reason: str
) -> None:
    """What the plan saw is looked at again when it is copied."""
    own = own_wav(tmp_path / "own.wav")
    assert callable(act)
    result = offline.export(local_playlist(own), to, progress=when(Phase.EXPORT, lambda _: act(own)))
    [entry] = check_export(result.folder)["entries"]
    assert entry["reason"] == reason


@pytest.mark.parametrize(
    ("name", "recipe", "extension"),
    [("a.mp3", "wav16", "wav"), ("a.wav", "flac16", "flac"), ("a.AIF", "aiff16", "aif")],
)
def test_a_wrong_extension_is_put_right(
    offline: MixExporter, to: Path, tmp_path: Path, name: str, recipe: str, extension: str
) -> None:
    """The first bytes have the last word: some DAWs go by the name and would refuse the file."""
    made = write_tone(tmp_path / f"made.{extension}", Tone(recipe, 440.0, 1.0)).file
    own = made.rename(tmp_path / name)
    result = offline.export(local_playlist(own), to)
    [entry] = check_export(result.folder)["entries"]
    assert entry["file"] == f"Audio/01 a.{extension}"


def test_two_tracks_of_one_file_share_it(offline: MixExporter, to: Path, tmp_path: Path) -> None:
    """One copy, two entries with their own titles."""
    own = own_wav(tmp_path / "own.wav")
    result = offline.export(Playlist("P", entries=(Track("A", file=own), Track("B", file=own))), to)  # type: ignore[arg-type]
    entries = check_export(result.folder)["entries"]
    assert [entry["title"] for entry in entries] == ["A", "B"]
    assert {entry["file"] for entry in entries} == {"Audio/01 A.wav"}


def test_the_users_file_is_never_changed(offline: MixExporter, to: Path, tmp_path: Path) -> None:
    """Writing into the export leaves the original as it was."""
    own = own_wav(tmp_path / "own.wav")
    before = sha256_of(own)
    result = offline.export(local_playlist(own), to)
    (result.folder / result.exported[0].file).write_bytes(b"spoilt by a DAW")
    assert sha256_of(own) == before
