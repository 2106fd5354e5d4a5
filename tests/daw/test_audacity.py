"""Tests of lists for Audacity, read the way its importer reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from chadsdk.errors import FormatError
from chadsdk.export.project import Project
from chadsdk.export.writers.audacity import WRITER
from tests.daw.samples import clip, desk, mixes, project

_ANY_FOLDER = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(mix: Project, folder: Path) -> bytes:
    """Write a list, let the writer check it, and give its bytes."""
    WRITER.refuse(mix)
    WRITER.write(mix, desk(folder))
    WRITER.check(mix, desk(folder))
    return (folder / "Friday.lof").read_bytes()


def imported(data: bytes) -> list[tuple[str, float]]:
    """Give file and second of each track that Audacity 3 makes of a list (``lofOpenFiles``).

    A line is split at spaces, and at quotes once more: the name is what stands between the first two; as many words
    as the name has are passed over after ``file``, then comes ``offset``.
    """
    assert b"file" in data[:1024]
    tracks = []
    for line in data.decode().split("\n"):
        words = line.split(" ") if line else [""]
        words = [word for word in words if word]
        if not words or words[0].lower() != "file":
            assert not words or words[0].lower() in {"window", "#"}
            continue
        name = line.split('"')[1]
        rest = words[1 + len([word for word in name.split(" ") if word]) :]
        assert rest[0] == "offset"
        tracks.append((name, float(rest[1])))
    return tracks


@given(mix=mixes())
@_ANY_FOLDER
def test_every_file_that_is_there_begins_where_it_must(mix: Project, tmp_path: Path) -> None:
    """Each whole file lies so that the part that the mix plays sounds at its moment, seen from any other."""
    there = [one for one in mix.clips if one.missing is None]
    read = imported(written(mix, tmp_path))
    assert [file for file, _ in read] == [one.file for one in there]
    late_s = max([0.0, *(one.offset_s - one.start_s for one in there)])
    assert [at_s for _, at_s in read] == pytest.approx([late_s + one.start_s - one.offset_s for one in there], abs=2e-6)


def test_a_part_before_the_beginning_moves_everything(tmp_path: Path) -> None:
    """The first track is entered at 30 s: its file begins at 0, and all others 30 s later than in the mix."""
    data = written(project(clip(1, offset_s=30.0, source_s=40.0), clip(2)), tmp_path)
    assert [at_s for _, at_s in imported(data)] == [0.0, 40.0]
    assert b"# All of it lies 30.000000 s later than in the mix" in data


def test_missing_tracks_are_comments(tmp_path: Path) -> None:
    """Audacity stops at a file that it does not find, so a missing one is not named to it; people read why."""
    data = written(project(clip(1), clip(2, missing="Not\nthere.")), tmp_path)
    assert len(imported(data)) == 1
    assert b"# Missing at 10.000000 s: Audio/02 Artist - Track 2.wav: Not there.\n" in data


def test_the_first_kibibyte_is_ascii(tmp_path: Path) -> None:
    """Audacity 2 takes a list for a binary file when there is any other byte in it."""
    data = written(project(clip(file="Audio/é😀.wav")), tmp_path)
    assert data[:1024].isascii()
    assert len(data) > 1024
    assert all(byte >= 32 or byte == 10 for byte in data)


def test_names_with_spaces_and_signs_of_comments_are_read_whole(tmp_path: Path) -> None:
    """Two spaces, a hash and the word offset in a name mislead nobody."""
    name = "Audio/01 A  B # offset 5 - file.wav"
    assert imported(written(project(clip(file=name, start_s=7.5)), tmp_path)) == [(name, 7.5)]


@pytest.mark.parametrize("name", ['Audio/a"b.wav', " a.wav", "a.wav ", ""])
def test_a_name_that_cannot_be_written_is_refused(name: str) -> None:
    """There is no escape for a quote, and a space at either end misleads the importer."""
    with pytest.raises(FormatError, match="cannot name"):
        WRITER.refuse(project(clip(file=name)))


def test_a_missing_track_may_have_any_name(tmp_path: Path) -> None:
    """It is a comment only."""
    assert imported(written(project(clip(file='a"b.wav', missing="Gone.")), tmp_path)) == []


@pytest.mark.parametrize(
    "change",
    [
        ("offset 10.000000", "offset 11.000000"),
        ("Track 2.wav", "Track 1.wav"),
        ('file "Audio/02', '# "Audio/02'),
        ("window\n", "window\nfile\n"),
        ("offset 0.000000", ""),
    ],
)
def test_a_list_that_was_changed_does_not_read_back(change: tuple[str, str], tmp_path: Path) -> None:
    """The check that follows every writing sees each of these."""
    mix = project(clip(1), clip(2))
    text = written(mix, tmp_path).decode()
    assert change[0] in text
    (tmp_path / "Friday.lof").write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(FormatError, match="does not name the files"):
        WRITER.check(mix, desk(tmp_path))
