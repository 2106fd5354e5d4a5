"""Tests of whole exports with project files: what they name is what lies in the folder."""

from __future__ import annotations

import zipfile
from pathlib import Path
from urllib.parse import unquote

import opentimelineio as otio
import pytest
import rpp

from chadsdk import MixExporter, Playlist, PlaylistEntry, Problem, Reason, Track
from chadsdk.export.writers import writer_names
from tests.export.rig import own_wav, quick_settings

NASTY = '"it\'s" `50%` #1?\x00\u2028</a>]]>\u202e é😀\ud800'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An export of three entries, the second of which is missing, with a crossfade."""
    files = [own_wav(tmp_path / "in" / f"{number}.wav") for number in range(3)]
    files[1].unlink()
    entries = tuple(PlaylistEntry(Track(f"{NASTY} {file.stem}", artist=NASTY, file=file)) for file in files)
    playlist = Playlist("Mine", entries=entries, crossfade_s=0.1)
    with MixExporter(settings=quick_settings(tmp_path / "cache")) as exporter:
        return exporter.export(playlist, tmp_path / "out", formats=("reaper", "audacity", "otio")).folder


def test_what_a_reaper_project_names_lies_there(folder: Path) -> None:
    """The files of the tracks that are there, and no file for the one that is missing."""
    root = rpp.loads((folder / "Mine.rpp").read_text(encoding="utf-8"))
    items = [item for track in root.findall("TRACK") for item in track.findall("ITEM")]
    there = [(folder / item.find("SOURCE").find("FILE")[1]).is_file() for item in items]
    assert sorted(there) == [False, True, True]
    assert [item.find("NOTES") is None for item in items] == there


def test_what_a_list_for_audacity_names_lies_there(folder: Path) -> None:
    """Both files, and no third."""
    lines = (folder / "Mine.lof").read_text(encoding="utf-8").split("\n")
    named = [line.split('"')[1] for line in lines if line.startswith("file ")]
    assert [(folder / name).is_file() for name in named] == [True, True]


def test_what_a_time_line_names_lies_there(folder: Path) -> None:
    """Every address leads to a file; the missing track has none."""
    timeline = otio.core.deserialize_json_from_file(str(folder / "Mine.otio"))
    media = [clip.media_reference for clip in timeline.find_clips()]
    missing = [one for one in media if isinstance(one, otio.schema.MissingReference)]
    assert len(missing) == 1
    assert all((folder / unquote(one.target_url)).is_file() for one in media if one not in missing)


@pytest.mark.parametrize("name", ["Mine.rpp", "Mine.lof", "Mine.otio"])
def test_nothing_in_them_leads_out_of_the_folder(folder: Path, name: str) -> None:
    """No absolute path, no address, no step up."""
    text = (folder / name).read_text(encoding="utf-8")
    assert str(folder.parent.parent) not in text
    assert "://" not in text
    assert "../" not in text


@pytest.mark.parametrize("name", writer_names())
def test_every_format_holds_every_name_of_a_file(tmp_path: Path, name: str) -> None:
    """Two spaces, spaces that are none, quotes, letters of many scripts: what is a file name here is one there."""
    titles = [
        "two  spaces",
        "no\u00a0break \u3000wide",
        "it's `back` & <forth>",
        "Привет, Москва",
        "夜の電車 😀",
        "#1 100%",
    ]
    files = [own_wav(tmp_path / "in" / f"{number}.wav") for number in range(len(titles))]
    entries = tuple(PlaylistEntry(Track(title, file=file)) for title, file in zip(titles, files, strict=True))
    with MixExporter(settings=quick_settings(tmp_path / "cache")) as exporter:
        assert exporter.export(Playlist("Mine", entries=entries), tmp_path / "out", formats=[name]).exported


def test_no_project_tells_of_the_users_computer(tmp_path: Path) -> None:
    """Reasons and titles that hold paths, addresses or tokens stay in the manifest; nothing else has them."""
    secrets = tmp_path / "home-of-joe"
    page = secrets / "page.wav"
    page.parent.mkdir()
    page.write_text("<html>no audio</html>")
    told = Problem(Reason.NO_SOURCE, f"https://joe:pw@host.example/x?token=s3cret {secrets}")
    m3u = secrets / "mine.m3u8"
    m3u.write_text(
        "https://joe:pw@host.example/far/song.mp3?token=s3cret\nC:\\home-of-joe\\other.mp3\n", encoding="utf-8"
    )
    entries = (
        PlaylistEntry(Track("Good", file=own_wav(secrets / "good.wav"))),
        PlaylistEntry(Track("Page", file=page)),
        PlaylistEntry(Track("Told", problem=told)),
        *Playlist.from_m3u(m3u),
    )
    with MixExporter(settings=quick_settings(tmp_path / "cache")) as exporter:
        result = exporter.export(Playlist("Mine", entries=entries), tmp_path / "out", formats=writer_names())
    assert len(result.missing) == 4
    for path in result.folder.rglob("*"):
        if (
            path.is_dir()
            or path.parent.name in {"Audio", "audiofiles"}
            or path.name in {"manifest.json", "MISSING.txt"}
        ):
            continue
        data = path.read_bytes()
        if path.suffix == ".dawproject":
            with zipfile.ZipFile(path) as container:
                data = b"".join(container.read(name) for name in container.namelist() if name.endswith(".xml"))
        assert not [word for word in (b"home-of-joe", b"host.example", b"s3cret", b"://joe") if word in data], path
