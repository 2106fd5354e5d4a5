"""Tests of REAPER projects, read by `rppxml` (the parser of REAPER's makers) and `rpp`, which we did not write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rpp
import rppxml
from hypothesis import HealthCheck, given, settings

from chadsdk.errors import FormatError
from chadsdk.export.project import Clip, Project
from chadsdk.export.writers.reaper import WRITER
from chadsdk.export.writers.rpp import parse, quoted, readable
from chadsdk.text import one_line
from tests.daw.makers_parser import blocks, items, line
from tests.daw.samples import clip, desk, mixes, project

_ANY_FOLDER = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(mix: Project, folder: Path) -> str:
    """Write a project, let the writer check it, and give its text."""
    WRITER.refuse(mix)
    WRITER.write(mix, desk(folder))
    WRITER.check(mix, desk(folder))
    return (folder / "Friday.rpp").read_text(encoding="utf-8")


def place(item: Any) -> tuple[Any, ...]:
    """Give position, length, offset, level and fades of an item of `rppxml`."""
    names = ("POSITION", "LENGTH", "SOFFS", "VOLPAN")
    return (*(line(item, name)[0] for name in names), line(item, "FADEIN")[1], line(item, "FADEOUT")[1])


def meant(one: Clip) -> tuple[float, ...]:
    """Give the same as `place`, of a clip."""
    return (one.start_s, one.length_s, one.offset_s, 10 ** (one.gain_db / 20), one.fade_in_s, one.fade_out_s)


@given(mix=mixes())
@_ANY_FOLDER
def test_the_makers_parser_reads_every_clip_where_it_lies(mix: Project, tmp_path: Path) -> None:
    """Positions, lengths, offsets, levels, fades and files are those of the mix, whatever the titles are."""
    read = list(items(written(mix, tmp_path)))
    wanted = [(deck.name, one) for deck in mix.decks for one in deck.clips]
    assert [name for name, _ in read] == [name for name, _ in wanted]
    for (_, item), (_, one) in zip(read, wanted, strict=True):
        assert place(item) == pytest.approx(meant(one), abs=1e-9)
        assert line(blocks(item, "SOURCE")[0], "FILE") == [one.file]
        assert line(item, "NAME") == [readable(one.label)]


@given(mix=mixes())
@_ANY_FOLDER
def test_the_other_parser_reads_the_same(mix: Project, tmp_path: Path) -> None:
    """`rpp`, which splits lines wherever Unicode does, finds as many tracks, items, notes and files."""
    root = rpp.loads(written(mix, tmp_path))
    tracks = root.findall("TRACK")
    found = [item for track in tracks for item in track.findall("ITEM")]
    wanted = [one for deck in mix.decks for one in deck.clips]
    assert [item.find("SOURCE").find("FILE")[1] for item in found] == [one.file for one in wanted]
    assert [float(item.find("POSITION")[1]) for item in found] == pytest.approx([one.start_s for one in wanted])
    assert [item.find("NOTES") is not None for item in found] == [
        one.missing is not None or one.note is not None for one in wanted
    ]


@given(mix=mixes())
@_ANY_FOLDER
def test_markers_are_read_at_the_start_of_each_clip(mix: Project, tmp_path: Path) -> None:
    """One marker per clip, numbered from 1, in order of time, with its title."""
    root = rppxml.loads(written(mix, tmp_path))
    read = [child for child in root.children if isinstance(child, list) and child[0] == "MARKER"]
    assert [one[1] for one in read] == list(range(1, len(mix.clips) + 1))
    assert [one[2] for one in read] == pytest.approx([one.at_s for one in mix.markers], abs=1e-9)
    assert [one[3] for one in read] == [readable(one.title) for one in mix.markers]


def test_the_fade_is_linear(tmp_path: Path) -> None:
    """Both words for the shape of a fade say 0, which is REAPER's linear."""
    ((_, item),) = items(written(project(clip(fade_in_s=1.0, fade_out_s=2.5)), tmp_path))
    assert line(item, "FADEIN") == [0, 1, 0, 0, 0, 0, 0]
    assert line(item, "FADEOUT") == [0, 2.5, 0, 0, 0, 0, 0]


def test_a_source_does_not_loop(tmp_path: Path) -> None:
    """An item that is longer than its file is silent at its end; REAPER's default would repeat the file."""
    ((_, item),) = items(written(project(clip()), tmp_path))
    assert line(item, "LOOP") == [0]


def test_a_missing_track_keeps_its_item(tmp_path: Path) -> None:
    """It points at the name that its file would have, and a note says why it is not there."""
    gone = clip(missing="The server has no\ntrack t-9 (404).", file="Audio/01 Gone.mp3")
    ((_, item),) = items(written(project(gone), tmp_path))
    (source,) = blocks(item, "SOURCE")
    assert (source.params, line(source, "FILE")) == (["MP3"], ["Audio/01 Gone.mp3"])
    assert blocks(item, "NOTES")[0].children == [["Missing: The server has no track t-9 (404)."]]


def test_what_was_not_done_is_a_note(tmp_path: Path) -> None:
    """The note of a clip that is there stands at its item."""
    ((_, item),) = items(written(project(clip(note="It plays whole.")), tmp_path))
    assert blocks(item, "NOTES")[0].children == [["It plays whole."]]


@pytest.mark.parametrize(
    ("extension", "kind"),
    [
        ("wav", "WAVE"),
        ("AIFF", "WAVE"),
        ("caf", "WAVE"),
        ("flac", "FLAC"),
        ("mp3", "MP3"),
        ("ogg", "VORBIS"),
        ("opus", "OPUS"),
        ("wv", "WAVPACK"),
        ("m4a", "VIDEO"),
    ],
)
def test_the_reader_of_a_file_goes_by_its_extension(extension: str, kind: str, tmp_path: Path) -> None:
    """REAPER reads a file with the reader that SOURCE names."""
    ((_, item),) = items(written(project(clip(file=f"Audio/x.{extension}")), tmp_path))
    assert blocks(item, "SOURCE")[0].params == [kind]


def test_the_project_has_tempo_and_rate(tmp_path: Path) -> None:
    """Both are the mix's."""
    root = rppxml.loads(written(project(clip(), tempo_bpm=124.5, sample_rate_hz=48_000), tmp_path))
    assert line(root, "TEMPO") == [124.5, 4, 4]
    assert line(root, "SAMPLERATE") == [48_000, 1, 0]


def test_a_mix_without_tempo_has_no_tempo(tmp_path: Path) -> None:
    """REAPER then takes its own."""
    assert "TEMPO" not in written(project(clip()), tmp_path)


def test_a_track_has_as_many_channels_as_its_files(tmp_path: Path) -> None:
    """A surround file is not folded down; REAPER counts in pairs."""
    root = rppxml.loads(written(project(clip(channels=5)), tmp_path))
    assert line(blocks(root, "TRACK")[0], "NCHAN") == [6]


def test_equal_projects_give_equal_bytes(tmp_path: Path) -> None:
    """Ids are made of the position, and there is no date."""
    mix = project(clip(1), clip(2, missing="Gone."), clip(3, deck=1))
    (tmp_path / "again").mkdir()
    assert written(mix, tmp_path) == written(mix, tmp_path / "again")


def test_no_two_ids_are_the_same(tmp_path: Path) -> None:
    """Every track, item and take has its own."""
    text = written(project(*(clip(number, deck=number % 3) for number in range(1, 40))), tmp_path)
    ids = [text_line.split()[1] for text_line in text.split("\n") if text_line.split()[:1] in (["IGUID"], ["GUID"])]
    ids += [track.params[0] for track in blocks(rppxml.loads(text), "TRACK")]
    assert len(ids) == len(set(ids)) == 2 * 39 + 3


def test_a_long_title_is_cut_before_the_parser_cuts_the_line(tmp_path: Path) -> None:
    """The makers' parser drops what is beyond 4,095 bytes of a line: the title is shorter, and ends in an ellipsis."""
    ((_, item),) = items(written(project(clip(title="é" * 10_000, artist=None)), tmp_path))
    (name,) = line(item, "NAME")
    assert name == "é" * 498 + "…"


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("plain", '"plain"'),
        ('say "hi"', "'say \"hi\"'"),
        ('"it\'s"', '`"it\'s"`'),
        ('"it\'s` so"', "`\"it's' so\"`"),
    ],
)
def test_quotes_are_of_the_first_kind_that_a_title_does_not_hold(title: str, read: str) -> None:
    """Double, single, backtick; a title with all three loses its backticks."""
    assert quoted(readable(title)) == read


def test_an_ordinary_title_is_written_as_it_is() -> None:
    """Nothing but what must go goes."""
    title = "Ænima | <Live> #1 & 100% 'raw' 😀 日本"
    assert readable(title) == one_line(title) == title


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("POSITION 10\n", "POSITION 11\n"), "do not lie"),
        (("LENGTH 10\n", "LENGTH 9\n"), "do not lie"),
        (("SOFFS 0\n", "SOFFS 1\n"), "do not lie"),
        (("FADEOUT 0 2 ", "FADEOUT 0 3 "), "do not lie"),
        (("VOLPAN 1 0 1 -1\n", "VOLPAN 2 0 1 -1\n"), "do not lie"),
        (("Track 2.wav", "Track 1.wav"), "do not name"),
        (("SOURCE WAVE", "SOURCE MP3"), "do not name"),
        (('NAME "Deck A"', 'NAME "Deck B"'), "do not name"),
        (("|Missing", "|Here"), "do not name"),
        (("MARKER 2 10 ", "MARKER 2 11 "), "markers"),
        (("\n>\n", "\n"), "does not read back"),
        (("LOOP 0", 'LOOP "0'), "does not read back"),
        (("      POSITION 10\n", ""), "does not read back"),
    ],
)
def test_a_file_that_was_changed_does_not_read_back(change: tuple[str, str], message: str, tmp_path: Path) -> None:
    """The check that follows every writing sees each of these."""
    mix = project(clip(1, fade_out_s=2.0), clip(2, missing="Gone."))
    text = written(mix, tmp_path)
    assert change[0] in text
    (tmp_path / "Friday.rpp").write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        WRITER.check(mix, desk(tmp_path))


@pytest.mark.parametrize("text", ["", "\n", "<A\n", ">\n", "A 1\n", "<A\n>\nB\n", "<A\n\n>\n", "<A\n>\n>\n", "<\n>\n"])
def test_the_reader_is_strict(text: str) -> None:
    """What is not one whole project is none."""
    with pytest.raises(ValueError, match=r"line|closed"):
        parse(text)


def test_a_gain_that_no_number_holds_is_refused() -> None:
    """7,000 dB are more than a number can hold; the message names the track."""
    with pytest.raises(FormatError, match=r"7000 dB, as 1\. 'Artist - Track 1'"):
        WRITER.refuse(project(clip(gain_db=7000.0)))


def test_a_name_with_every_kind_of_quotes_is_refused() -> None:
    """It cannot be written, and another name would be another file."""
    with pytest.raises(FormatError, match="every kind of quotes"):
        WRITER.refuse(project(clip(file="Audio/\"'`.wav")))


def test_an_empty_mix_is_a_project_without_tracks(tmp_path: Path) -> None:
    """A playlist without entries is a playlist, too."""
    assert blocks(rppxml.loads(written(project(), tmp_path)), "TRACK") == []


def test_nothing_in_it_names_a_place_outside(tmp_path: Path) -> None:
    """Files are named relative to the project, so the folder can be moved."""
    text = written(project(clip(), replace(clip(2), missing="Gone.")), tmp_path)
    assert str(tmp_path) not in text
    assert "://" not in text
