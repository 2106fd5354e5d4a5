"""DAWproject: what lies where, which files are in the container, and what the schema says to it."""

from __future__ import annotations

import struct
import unicodedata
import zipfile
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest
import xmlschema
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chadsdk.cancel import CancelToken
from chadsdk.errors import ExportCancelled, FormatError
from chadsdk.export.project import Project
from chadsdk.export.writers import Desk, writer_of
from harness.process import PROJECT
from tests.daw.samples import clip, desk, project

FORMS = ["dawproject", "dawproject-linked"]
HOSTILE = [
    "]]>",
    "<Clip/> & \"quoted\" 'quoted' `quoted`",
    "line\r\nbreak\ttab\x00null\x1bescape",
    "\ud800 half an emoji",
    "\ufffe\uffff no characters",
    "\u202eturned round\u2066",
    "\U0001f3a7\u200d\U0001f525",
    "e\u0301 \u00e9",
    "x" * 10_000,
]
"""Titles that some writer of XML somewhere gets wrong."""


def mixed() -> Project:
    """Two decks with a crossfade, an offset, a gain, a track that plays twice and one that is missing."""
    return project(
        clip(1, fade_out_s=2.0, offset_s=1.5, source_s=20.0, gain_db=-6.0),
        clip(2, start_s=8.0, deck=1, fade_in_s=2.0, channels=1, sample_rate_hz=48_000),
        clip(3, start_s=20.0, missing="The server has no track t-9 (404).", source_s=240.0, length_is_guess=True),
        clip(4, start_s=30.0, file=clip(1).file, source_s=20.0, note="Its cue-out lies beyond its end."),
        tempo_bpm=120.0,
    )


def lay(folder: Path, mix: Project) -> None:
    """Put audio of its own under the name of each file that is there."""
    for each in mix.clips:
        if each.missing is None:
            path = folder / each.file
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(each.file.encode() * 1_000)


def written(folder: Path, mix: Project, form: str = "dawproject") -> Path:
    """Write and check a mix; give where it lies."""
    lay(folder, mix)
    writer, place = writer_of(form), desk(folder)
    writer.refuse(mix)
    writer.write(mix, place)
    writer.check(mix, place)
    return writer.path(mix, place)


def read(path: Path, name: str = "project.xml") -> Element:
    """The root of one of the papers in a container."""
    with zipfile.ZipFile(path) as container:
        return fromstring(container.read(name))


def outer_clips(root: Element) -> dict[str, Element]:
    """What lies on the decks, by name."""
    return {each.attrib["name"]: each for each in root.findall("Arrangement/Lanes/Lanes/Clips/Clip")}


def schema(name: str) -> xmlschema.XMLSchema:
    """One of the two schemas; the test is skipped where no folder above this one has them beside it."""
    for folder in PROJECT.parents:
        path = folder / "shared" / "data" / "dawproject" / name
        if path.is_file():
            return xmlschema.XMLSchema(path)
    pytest.skip("the schemas of DAWproject do not lie in ../shared/data/dawproject")


MIXES = {
    "mixed": mixed(),
    "empty": project(),
    "no tempo": project(clip(1), clip(2)),
    "only missing": project(clip(1, missing="")),
    "hostile": project(*(clip(n, title=title, artist=title) for n, title in enumerate(HOSTILE, 1)), name=HOSTILE[3]),
    "tiny": project(clip(1, start_s=1e-7, fade_in_s=1e-5)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES)
def test_both_papers_are_valid_by_the_schemas(tmp_path: Path, mix: Project, form: str) -> None:
    """The container is written and read back, and its papers are what Bitwig's schemas describe."""
    path = written(tmp_path, mix, form)
    schema("Project.xsd").validate(read(path))
    schema("MetaData.xsd").validate(read(path, "metadata.xml"))


@pytest.mark.parametrize("attribute", ["time", "contentTimeUnit"])
def test_the_schema_is_not_content_with_anything(tmp_path: Path, attribute: str) -> None:
    """The judge of the test above sees a clip without a place and a unit that does not exist."""
    root = read(written(tmp_path, mixed()))
    outer_clips(root)["Artist - Track 1"].set(attribute, "noon")
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema("Project.xsd").validate(root)


def test_times_are_beats_of_the_tempo(tmp_path: Path) -> None:
    """At 120 beats a minute what begins at 8 s begins at beat 16, and so with lengths, offsets, fades and markers."""
    root = read(written(tmp_path, mixed()))
    clips = outer_clips(root)
    names = ("time", "duration", "playStart", "fadeInTime", "fadeOutTime")
    assert [float(clips["Artist - Track 1"].attrib[name]) for name in names] == [0, 20, 3, 0, 4]
    assert [float(clips["Artist - Track 2"].attrib[name]) for name in names] == [16, 20, 0, 4, 0]
    assert [float(marker.attrib["time"]) for marker in root.findall("Arrangement/Markers/Marker")] == [0, 16, 40, 60]
    tempo = root.find("Transport/Tempo")
    assert tempo is not None
    assert (tempo.get("unit"), tempo.get("value")) == ("bpm", "120.0")


def test_without_a_tempo_a_beat_is_a_second(tmp_path: Path) -> None:
    """Sixty beats a minute: what a person reads in the file is the time in seconds."""
    root = read(written(tmp_path, project(clip(1), clip(2, start_s=7.25))))
    assert outer_clips(root)["Artist - Track 2"].get("time") == "7.25"
    tempo = root.find("Transport/Tempo")
    assert tempo is not None
    assert tempo.get("value") == "60.0"


def test_a_clip_holds_its_whole_file_at_its_own_speed(tmp_path: Path) -> None:
    """Clip, Clips, Clip, Warps, Audio as Bitwig writes them: 10 s of file over 20 beats."""
    root = read(written(tmp_path, mixed()))
    [warps] = outer_clips(root)["Artist - Track 2"].findall("Clips/Clip/Warps")
    assert [(warp.get("time"), warp.get("contentTime")) for warp in warps.findall("Warp")] == [
        ("0.0", "0.0"),
        ("20.0", "10.0"),
    ]
    audio = warps.find("Audio")
    assert audio is not None
    assert (audio.get("duration"), audio.get("channels"), audio.get("sampleRate")) == ("10.0", "1", "48000")


def test_a_gain_is_a_level_in_the_clip(tmp_path: Path) -> None:
    """Six decibels less is half the amplitude, as a curve of one point, and the comment says it to people."""
    one = outer_clips(read(written(tmp_path, mixed())))["Artist - Track 1"]
    [points] = one.findall("Clips/Clip/Lanes/Points")
    target, point = points.find("Target"), points.find("RealPoint")
    assert target is not None
    assert point is not None
    assert target.attrib == {"expression": "gain"}
    assert float(point.attrib["value"]) == pytest.approx(0.501, abs=0.001)
    assert one.get("comment") == "Gain: -6 dB."


def test_every_deck_is_a_track_that_goes_to_the_master(tmp_path: Path) -> None:
    """Two decks and a master, each with a channel of the mixer and a lane of its own."""
    root = read(written(tmp_path, mixed()))
    tracks = root.findall("Structure/Track")
    assert [track.get("name") for track in tracks] == ["Deck A", "Deck B", "Master"]
    channels = [channel for track in tracks for channel in track.findall("Channel")]
    assert [channel.get("destination") for channel in channels] == [channels[2].get("id")] * 2 + [None]
    lanes = root.findall("Arrangement/Lanes/Lanes")
    assert [lane.get("track") for lane in lanes] == [track.get("id") for track in tracks]
    assert [len(lane.findall("Clips/Clip")) for lane in lanes] == [3, 1, 0]


def test_a_file_is_in_the_container_once_and_bit_for_bit(tmp_path: Path) -> None:
    """Two clips of one file share it; it is stored, not compressed; a missing file is left out."""
    mix = mixed()
    with zipfile.ZipFile(written(tmp_path, mix)) as container:
        audio = [entry for entry in container.infolist() if entry.filename.startswith("audio/")]
        assert [entry.filename for entry in audio] == [f"audio/{Path(each.file).name}" for each in mix.clips[:2]]
        assert [container.read(entry) for entry in audio] == [
            (tmp_path / each.file).read_bytes() for each in mix.clips[:2]
        ]
        assert {entry.compress_type for entry in audio} == {zipfile.ZIP_STORED}
        assert container.testzip() is None


@pytest.mark.parametrize("form", FORMS)
def test_a_missing_track_keeps_its_place(tmp_path: Path, form: str) -> None:
    """Its clip is as long as it would be, says why it is silent, and names the place where the file can be put."""
    lost = outer_clips(read(written(tmp_path, mixed(), form)))["MISSING: Artist - Track 3"]
    assert (lost.get("time"), lost.get("duration")) == ("40.0", "20.0")
    assert lost.get("comment") == "Missing: The server has no track t-9 (404)."
    [file] = lost.iter("File")
    assert file.attrib == {"path": "Audio/03 Artist - Track 3.wav", "external": "true"}
    [audio] = lost.iter("Audio")
    assert audio.get("duration") == "240.0"


def test_a_linked_project_names_files_beside_it(tmp_path: Path) -> None:
    """No audio in the container; each path, taken from the folder of the container, leads to the file."""
    path = written(tmp_path, mixed(), "dawproject-linked")
    assert path.name == "Friday (linked).dawproject"
    with zipfile.ZipFile(path) as container:
        assert sorted(container.namelist()) == ["metadata.xml", "project.xml"]
    files = list(read(path).iter("File"))
    assert {file.get("external") for file in files} == {"true"}
    there = [path.parent / file.attrib["path"] for file in files if "03" not in file.attrib["path"]]
    assert len(there) == 3
    assert all(each.is_file() for each in there)


def test_no_entry_has_a_data_descriptor(tmp_path: Path) -> None:
    """Neither the header before each entry nor the list at the end says that a length follows the data."""
    path = written(tmp_path, mixed())
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as container:
        entries = container.infolist()
    local_flags = [struct.unpack_from("<4s2xH", whole, entry.header_offset) for entry in entries]
    assert local_flags == [(b"PK\x03\x04", entry.flag_bits) for entry in entries]
    assert {entry.flag_bits & 0x08 for entry in entries} == {0}
    assert b"PK\x07\x08" not in whole


def test_a_file_beyond_the_fields_of_zip_gets_longer_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with audio of more than 4 GiB: here the limit is lowered instead."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10_000)
    path = written(tmp_path, mixed())
    with zipfile.ZipFile(path) as container:
        assert container.testzip() is None
        [entry, *_] = [each for each in container.infolist() if each.filename.startswith("audio/")]
        assert entry.file_size > 10_000
        assert entry.extract_version >= zipfile.ZIP64_VERSION


class _Third(CancelToken):
    """Is cancelled when it is asked for the third time."""

    asked = 0

    def raise_if_cancelled(self) -> None:
        self.asked += 1
        if self.asked == 3:
            self.cancel()
        super().raise_if_cancelled()


def test_a_cancel_is_heard_between_two_pieces_of_one_file(tmp_path: Path) -> None:
    """Of a long file no more is copied once the token is set."""
    mix = project(clip(1))
    lay(tmp_path, mix)
    with (tmp_path / mix.clips[0].file).open("wb") as audio:
        audio.truncate(8 << 20)
    writer, place = writer_of("dawproject"), Desk(tmp_path, _Third(), tmp_path.joinpath)
    with pytest.raises(ExportCancelled):
        writer.write(mix, place)
    assert writer.path(mix, place).stat().st_size < 3 << 20


def test_only_the_container_with_audio_asks_for_room() -> None:
    """An export counts the audio once more for it, and not for the linked one."""
    assert [writer_of(form).copies_audio for form in FORMS] == [True, False]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "mix",
    [
        project(clip(1), tempo_bpm=0.5),
        project(clip(1), tempo_bpm=1e300),
        project(clip(1, gain_db=7_000.0)),
        project(clip(1, gain_db=-7_000.0)),
        project(clip(1, file="Audio/\ud800.wav")),
        project(clip(1, file="Audio/\uffff.wav")),
    ],
)
def test_what_it_cannot_hold_is_refused(mix: Project, form: str) -> None:
    """A tempo to count no beats with, a level that is no number, a name that no XML holds."""
    with pytest.raises(FormatError):
        writer_of(form).refuse(mix)


ANY_TEXT = st.text(st.characters(exclude_categories=()), min_size=1)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=ANY_TEXT, artist=st.none() | ANY_TEXT, reason=st.none() | ANY_TEXT, name=ANY_TEXT)
@example(title=HOSTILE[0], artist=HOSTILE[1], reason=HOSTILE[2], name=HOSTILE[3])
@example(title=HOSTILE[4], artist=HOSTILE[5], reason=HOSTILE[8], name=HOSTILE[6])
def test_every_title_makes_a_file_that_reads_back(
    tmp_path: Path, title: str, artist: str | None, reason: str | None, name: str
) -> None:
    """Whatever people and servers call things: the XML is well-formed and says the same as the mix."""
    one = clip(1, title=title, artist=artist, note=reason)
    two = clip(2, title=title, artist=artist, missing=reason)
    root = read(written(tmp_path, project(one, two, name=name), "dawproject-linked"))
    assert len(root.findall("Arrangement/Lanes/Lanes/Clips/Clip")) == 2
    said = "".join(value for each in root.iter() for value in each.attrib.values())
    assert not {unicodedata.category(character) for character in said} & {"Cc", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize("title", ["Plain", "]]> & <b>", "\U0001f3a7 \u00e9", "x" * 10_000])
def test_a_title_that_xml_can_hold_is_kept(tmp_path: Path, title: str) -> None:
    """Nothing is lost of it, and nothing is escaped twice."""
    root = read(written(tmp_path, project(clip(1, title=title))))
    assert list(outer_clips(root)) == [f"Artist - {title}"]
