"""The writer of Ardour sessions, without Ardour: its XML, its copies, what it refuses, what its own check sees."""

from __future__ import annotations

import os
import re
import shutil
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chadsdk.cancel import CancelToken
from chadsdk.errors import ExportCancelled, FormatError
from chadsdk.export.project import Clip, Project
from chadsdk.export.writers import Desk, writer_of
from chadsdk.export.writers.ardour.places import RATES_HZ, place_of
from chadsdk.export.writers.ardour.reading import check_session
from chadsdk.export.writers.ardour.session import session_xml
from harness.audio import FORMATS, Tone, write_tone
from tests.daw.samples import clip, desk, project

ARDOUR = writer_of("ardour")
NASTY = st.one_of(
    st.text(),  # lone surrogates, controls and separators of lines are in here
    st.text(
        alphabet="\"'`|<>&;#\\ \n\r\t\x00\x1b\x85\u2028\u202e\ud800\udc00\ufffe\uffff]&%é\U0001f600a1", max_size=40
    ),
    st.sampled_from(["]]>", "&amp;", "<!--", "-->", "<?x?>", "x" * 10_000, "\U0001f600" * 10_000, "\ud83d\ude00"]),
)
SECONDS = st.floats(0, 2000)


def wave(folder: Path, file: str, *, frames: int = 441, channels: int = 2, rate_hz: int = 44_100) -> Path:
    """A short file of the export."""
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    tone = Tone("wav16", 440.0, frames / rate_hz, rate_hz, channels)
    return write_tone(folder / file, tone).file


def short(position: int = 1, **changes: object) -> Clip:
    """A clip of a hundredth of a second, whose file `wave` makes."""
    return clip(position, **{"start_s": 0.01 * (position - 1), "length_s": 0.01, "source_s": 0.01, **changes})


def export_of(folder: Path, *clips: Clip) -> tuple[Project, Desk]:
    """An export with the audio of these clips, and its session."""
    for each in clips:
        if each.missing is None:
            wave(folder, each.file, channels=each.channels)
    mix, place = project(*clips), desk(folder)
    ARDOUR.refuse(mix)
    ARDOUR.write(mix, place)
    return mix, place


def copies(folder: Path) -> list[str]:
    """Names of the session's audio files."""
    return sorted(path.name for path in (folder / "Ardour/interchange/Friday/audiofiles").iterdir())


# What is written


def test_a_session_has_the_shape_of_ardours(tmp_path: Path) -> None:
    """The session file and the audio lie where Ardour looks for them, and nothing else does."""
    mix, place = export_of(tmp_path, short(1), short(2))
    ARDOUR.check(mix, place)
    found = sorted(str(path.relative_to(tmp_path)) for path in (tmp_path / "Ardour").rglob("*") if path.is_file())
    audio = "Ardour/interchange/Friday/audiofiles"
    assert found == [
        "Ardour/Friday.ardour",
        f"{audio}/01 Artist - Track 1.wav",
        f"{audio}/02 Artist - Track 2.wav",
    ]


def test_copies_are_bit_for_bit_the_files(tmp_path: Path) -> None:
    """A session's audio is that of the export, in files of its own: Ardour may write into them."""
    export_of(tmp_path, short())
    original = tmp_path / "Audio/01 Artist - Track 1.wav"
    copy = tmp_path / "Ardour/interchange/Friday/audiofiles" / original.name
    assert copy.read_bytes() == original.read_bytes()
    assert copy.stat().st_ino != original.stat().st_ino


def test_a_file_that_is_played_twice_is_there_once(tmp_path: Path) -> None:
    """One copy and one source per channel serve all clips of a file."""
    mix, place = export_of(tmp_path, short(1), short(2, file=short(1).file))
    ARDOUR.check(mix, place)
    assert copies(tmp_path) == ["01 Artist - Track 1.wav"]
    session = fromstring((tmp_path / "Ardour/Friday.ardour").read_bytes())
    assert len(session.findall("Sources/Source")) == 2
    assert len(session.findall("Regions/Region")) == 1
    assert len(session.findall("Playlists/Playlist/Region")) == 2


def test_a_missing_track_keeps_its_place_and_says_why() -> None:
    """Its clip has the length of the model and the name that its file would have; the reason stands in its name."""
    gone = clip(2, source_s=300.0, length_s=200.0, offset_s=50.0, missing="Not found\non the server.")
    session = fromstring(session_xml(project(clip(1), gone)))
    [_, whole] = session.findall("Regions/Region")
    [_, region] = session.findall("Playlists/Playlist/Region")
    assert whole.attrib["name"] == "02 Artist - Track 2.wav"
    assert whole.attrib["length"] == f"a{300 * 282_240_000}@a0"
    assert region.attrib["name"] == "Artist - Track 2 (missing: Not found on the server.)"
    assert region.attrib["tags"] == "Missing: Not found on the server."
    assert region.attrib["length"] == f"a{200 * 282_240_000}@a{10 * 282_240_000}"
    assert region.attrib["start"] == f"a{50 * 282_240_000}"


def test_a_missing_track_is_not_copied(tmp_path: Path) -> None:
    """A session with a missing track holds the files of the others."""
    mix, place = export_of(tmp_path, short(1, missing="gone"), short(2))
    ARDOUR.check(mix, place)
    assert copies(tmp_path) == ["02 Artist - Track 2.wav"]


def test_what_was_not_done_is_said() -> None:
    """A note of the time line stands on the clip."""
    session = fromstring(session_xml(project(clip(1, note="It plays whole."), clip(2))))
    assert [r.get("tags") for r in session.findall("Playlists/Playlist/Region")] == ["It plays whole.", None]


def test_fades_are_straight_lines_and_none_is_none() -> None:
    """Two points each; without a fade there is a hard edge, as in the mix."""
    session = fromstring(session_xml(project(clip(1, fade_out_s=2.0), clip(2))))
    first, second = session.findall("Playlists/Playlist/Region")
    assert first.findtext("FadeOut/AutomationList/events") == f"a0 1\na{2 * 282_240_000} 0\n"
    assert [first.get("fade-in-active"), first.get("fade-out-active")] == ["0", "1"]
    assert [second.get("fade-in-active"), second.get("fade-out-active")] == ["0", "0"]


@pytest.mark.parametrize(("tempo_bpm", "written"), [(None, "120.0"), (128.57, "128.57")])
def test_the_tempo_is_that_of_the_mix(tempo_bpm: float | None, written: str) -> None:
    """Without one it is Ardour's usual one."""
    session = fromstring(session_xml(project(clip(), tempo_bpm=tempo_bpm)))
    assert session.find("TempoMap/Tempos/Tempo").attrib["npm"] == written  # type: ignore[union-attr]


def test_equal_projects_give_equal_bytes() -> None:
    """No clock, no random id."""
    clips = [clip(1, fade_out_s=1.0), clip(2, deck=1, start_s=9.0, missing="gone"), clip(3, channels=1)]
    assert session_xml(project(*clips)) == session_xml(project(*(replace(each) for each in clips)))


def test_a_session_names_no_place(tmp_path: Path) -> None:
    """No absolute path, and nothing that climbs out of the session."""
    export_of(tmp_path, short(1), short(2, missing="gone"))
    text = (tmp_path / "Ardour/Friday.ardour").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert not re.search(r'"(/|\.\.|\w+://)', text)


def test_a_cancel_is_heard_between_files(tmp_path: Path) -> None:
    """Copying stops at the next file, and no session is left that lacks its audio."""
    clips = [short(n) for n in (1, 2, 3)]
    for each in clips:
        wave(tmp_path, each.file)
    token, asked = CancelToken(), []

    def audio(file: str) -> Path:
        asked.append(file)
        if len(asked) == 5:  # the second copy; before the first one all three are looked at
            token.cancel()
        return tmp_path / file

    with pytest.raises(ExportCancelled):
        ARDOUR.write(project(*clips), Desk(tmp_path, token, audio))
    assert copies(tmp_path) == ["01 Artist - Track 1.wav"]
    assert not (tmp_path / "Ardour/Friday.ardour").exists()


# Whatever the mix


@given(title=NASTY, artist=st.none() | NASTY, name=NASTY, missing=st.none() | NASTY, note=st.none() | NASTY)
def test_any_text_gives_a_whole_session(
    title: str, artist: str | None, name: str, missing: str | None, note: str | None
) -> None:
    """Well-formed, read back equal, and each name on one line."""
    mix = project(clip(title=title, artist=artist, missing=missing, note=note), clip(2), name=name)
    data = session_xml(mix)
    check_session(data, mix)
    texts = [value for element in fromstring(data).iter() for value in element.attrib.values()]
    assert not [text for text in texts if re.search(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e]", text)]


@given(
    position_s=SECONDS,
    offset_s=SECONDS,
    length_s=st.floats(0.001, 2000),
    rest_s=SECONDS,
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    rate_hz=st.sampled_from(RATES_HZ),
)
def test_a_clip_lies_within_a_sample_of_where_it_should(
    position_s: float, offset_s: float, length_s: float, rest_s: float, shares: tuple[float, float], rate_hz: int
) -> None:
    """And never beyond the end of its file, nor with fades that overlap."""
    fade_in_s = length_s * shares[0]
    fade_out_s = (length_s - fade_in_s) * shares[1]
    source_s = offset_s + length_s + rest_s
    place = place_of(
        clip(
            start_s=position_s,
            offset_s=offset_s,
            length_s=length_s,
            source_s=source_s,
            fade_in_s=fade_in_s,
            fade_out_s=fade_out_s,
        ),
        rate_hz,
    )
    assert abs(place.position - position_s * rate_hz) <= 0.5
    assert abs(place.start - offset_s * rate_hz) <= 1
    assert abs(place.length - length_s * rate_hz) <= 1.5
    assert abs(place.fade_in - fade_in_s * rate_hz) <= 2
    assert abs(place.fade_out - fade_out_s * rate_hz) <= 2
    assert place.length >= 1
    assert place.start + place.length <= place.source
    assert place.fade_in + place.fade_out <= place.length


def samples(count: float) -> float:
    """Seconds of so many samples at 44.1 kHz."""
    return count / 44_100


def test_rounding_makes_no_fades_overlap() -> None:
    """Two fades of one and a half samples in a clip of three: Ardour would play both, louder than the file."""
    place = place_of(clip(length_s=samples(3), fade_in_s=samples(1.5), fade_out_s=samples(1.5)), 44_100)
    assert (place.fade_in, place.fade_out, place.length) == (2, 1, 3)


def test_rounding_reaches_beyond_no_file() -> None:
    """A clip to the end of its file stops with its last sample: Ardour would cut it there without a word."""
    cut = clip(offset_s=samples(0.6), length_s=samples(1.8), source_s=samples(2.4))
    place = place_of(cut, 44_100)
    assert (place.start, place.length, place.source) == (1, 1, 2)


@given(lengths_s=st.lists(st.floats(0.01, 500), min_size=2, max_size=8), rate_hz=st.sampled_from(RATES_HZ))
def test_clips_end_to_end_share_no_sample_and_leave_none(lengths_s: list[float], rate_hz: int) -> None:
    """Where a file goes on beyond its cue, the next clip begins with the sample after it."""
    at_s, places = 0.0, []
    for length_s in lengths_s:
        places.append(place_of(clip(start_s=at_s, length_s=length_s, source_s=1000.0), rate_hz))
        at_s += length_s
    ends = [place.position + place.length for place in places[:-1]]
    assert ends == [place.position for place in places[1:]]


# What is refused


def test_sample_rates_that_differ_are_refused_by_name() -> None:
    """The sentence names the tracks and their rates, and what to do; no track without trouble, no missing one."""
    clips = [clip(1), clip(2, sample_rate_hz=48_000), clip(3, sample_rate_hz=96_000, title="High"), clip(4, missing="")]
    with pytest.raises(FormatError) as caught:
        ARDOUR.refuse(project(*clips))
    assert str(caught.value) == (
        "'2. Artist - Track 2' has 48000 Hz, '3. Artist - High' has 96000 Hz, and the session 44100 Hz; "
        "Ardour does not resample: export again with --convert-to 44100."
    )


def test_a_rate_that_ardour_does_not_run_at_is_refused() -> None:
    """All files agree, but Ardour would be silent or die."""
    with pytest.raises(FormatError, match=r"'1\. Artist - Track 1' has 22050 Hz; export again with --convert-to 44100"):
        ARDOUR.refuse(project(clip(1, sample_rate_hz=22_050), sample_rate_hz=22_050))


@pytest.mark.parametrize("extension", ["m4a", "mp4", "M4A", "aac", "wv", "dsf", "wma", "alac"])
def test_formats_that_ardour_does_not_open_are_refused(extension: str) -> None:
    """One such file, and Ardour would open nothing of the session."""
    with pytest.raises(FormatError, match=rf"'1\. Artist - Track 1' \({extension.lower()}\)"):
        ARDOUR.refuse(project(clip(1, file=f"Audio/a.{extension}")))


@pytest.mark.parametrize("changes", [{"file": "Audio/a.m4a"}, {"sample_rate_hz": 48_000}], ids=str)
def test_a_refusal_says_why_it_was_not_converted_and_not_to_try_again(changes: dict[str, Any]) -> None:
    """Whoever has asked for a conversion is not told to ask for one; whoever has not, is."""
    why = "It was not converted: nothing here decodes this kind of MP4 (AC-3)."
    with pytest.raises(FormatError) as refused:
        ARDOUR.refuse(project(clip(1), clip(2, **changes, note=f"Its cue-out is off. {why}", not_converted=why)))
    assert why[:-1] in str(refused.value)
    assert "cue-out" not in str(refused.value)
    assert "--convert-to" not in str(refused.value)
    with pytest.raises(FormatError, match="--convert-to"):
        ARDOUR.refuse(project(clip(1), clip(2, **changes)))


@pytest.mark.parametrize("extension", ["wav", "aif", "aiff", "flac", "mp3", "ogg", "opus", "caf", "au", "oga"])
def test_formats_that_ardour_opens_are_not_refused(extension: str) -> None:
    """Those that libsndfile decodes."""
    ARDOUR.refuse(project(clip(1, file=f"Audio/a.{extension}")))


@pytest.mark.parametrize("shape", FORMATS)
def test_files_of_every_format_that_ardour_opens_are_taken(tmp_path: Path, shape: str) -> None:
    """By their bytes, after they were taken by their names."""
    each = clip(file=f"Audio/a.{FORMATS[shape].extension}", sample_rate_hz=48_000)
    (tmp_path / "Audio").mkdir()
    write_tone(tmp_path / each.file, Tone(shape, 440.0, 0.1, 48_000))
    mix, place = project(each, sample_rate_hz=48_000), desk(tmp_path)
    ARDOUR.refuse(mix)
    ARDOUR.write(mix, place)
    ARDOUR.check(mix, place)


def test_a_missing_file_of_any_format_is_no_reason() -> None:
    """Ardour plays silence for it, whatever it is called."""
    ARDOUR.refuse(project(clip(1, file="Audio/a.m4a", missing="gone")))


def test_many_tracks_are_counted() -> None:
    """The sentence stays a sentence: five are named, titles are cut, each file counts once."""
    clips = [clip(n, title="t" * 500, sample_rate_hz=48_000) for n in range(2, 19)]
    with pytest.raises(FormatError, match=r"has 48000 Hz and 12 more, and the session") as caught:
        ARDOUR.refuse(project(clip(1), *clips, clips[0]))
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("mix", "says"),
    [
        (project(clip(gain_db=121.0)), r"'1\. Artist - Track 1' wants 121 dB"),
        (project(clip(), tempo_bpm=2000.0), "a tempo of 10 to 1000 BPM, not 2000"),
        (project(clip(start_s=1e7)), r"too long .*: its last track, '1\. Artist - Track 1', begins at 1e\+07 s"),
        (project(clip(), clip(2, length_s=1e7, source_s=1e7), clip(3, start_s=1e7)), r"'2\. .*' alone plays 1e\+07 s"),
        (project(clip(1, file="Audio/a.wav"), clip(2, file="More/A.wav")), "under one name"),
    ],
)
def test_what_a_session_cannot_hold_is_refused(mix: Project, says: str) -> None:
    """Numbers beyond what Ardour was seen to take, and files that would overwrite each other."""
    with pytest.raises(FormatError, match=says):
        ARDOUR.refuse(mix)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<html>sold out</html>" * 40, "would not open '1. Artist - Track 1'"),
        (
            # AAC in CAF: a container that Ardour opens with a codec that it does not.
            b"caff\0\1\0\0desc"
            + struct.pack(">qd4sIIIII", 32, 44_100.0, b"aac ", 0, 0, 1024, 2, 0)
            + b"data"
            + struct.pack(">qI", 1004, 0)
            + bytes(1000),
            "Nothing here decodes this kind of CAF",
        ),
    ],
)
def test_a_file_that_does_not_decode_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    """Before the first copy: what the name promises is no proof."""
    wave(tmp_path, short(1).file)
    (tmp_path / short(1).file).write_bytes(content)
    with pytest.raises(FormatError, match=says):
        ARDOUR.write(project(short(1)), desk(tmp_path))
    assert not (tmp_path / "Ardour").exists()


@pytest.mark.parametrize("facts", [{"channels": 1}, {"sample_rate_hz": 48_000}])
def test_a_file_that_is_not_what_the_project_says_is_refused(tmp_path: Path, facts: dict[str, int]) -> None:
    """A source with more channels than its file keeps the session shut, and one at another rate plays off pitch."""
    rate_hz = facts.get("sample_rate_hz", 44_100)
    wave(tmp_path, short(1).file, channels=facts.get("channels", 2), rate_hz=rate_hz)
    with pytest.raises(
        FormatError, match=f"has {facts.get('channels', 2)} channels at {rate_hz} Hz, and not 2 at 44100"
    ):
        ARDOUR.write(project(short(1)), desk(tmp_path))


# What the check sees

MIX = project(
    clip(1, fade_out_s=2.0, gain_db=-3.0),
    clip(2, deck=1, start_s=8.0, fade_in_s=2.0, offset_s=1.0, source_s=20.0, channels=1),
    clip(3, start_s=18.0, missing="gone", note="No length."),
    tempo_bpm=124.0,
)


def at(path: str, number: int = 0) -> Callable[[Element], Element]:
    """Find an element of a session."""
    return lambda session: session.findall(path)[number]


def change(find: Callable[[Element], Element], attribute: str, value: str) -> Callable[[Element], None]:
    """A mutation: another value."""
    return lambda session: find(session).set(attribute, value)


def drop(parent: str, number: int = 0) -> Callable[[Element], None]:
    """A mutation: a child less."""

    def mutate(session: Element) -> None:
        found = session.find(parent)
        assert found is not None
        found.remove(found[number])

    return mutate


def rewrite(find: Callable[[Element], Element], text: str) -> Callable[[Element], None]:
    """A mutation: other words."""

    def mutate(session: Element) -> None:
        find(session).text = text

    return mutate


def swap(session: Element) -> None:
    """A mutation: two clips change their places."""
    playlist = session.findall("Playlists/Playlist")[0]
    playlist[0], playlist[1] = playlist[1], playlist[0]


CLIP = at("Playlists/Playlist/Region")
MUTATIONS: dict[str, Callable[[Element], None]] = {
    "a clip less": drop("Playlists/Playlist"),
    "two clips swapped": swap,
    "a deck less": drop("Playlists", 1),
    "a track less": drop("Routes", 2),
    "a source less": drop("Sources"),
    "a whole file less": drop("Regions"),
    "a marker less": drop("Locations", 2),
    "no range": drop("Locations", 0),
    "no fade": drop("Playlists/Playlist/Region", 1),
    "a clip a sample later": change(CLIP, "length", f"a{10 * 282_240_000}@a6400"),
    "a clip a sample shorter": change(CLIP, "length", f"a{10 * 282_240_000 - 6400}@a0"),
    "a position between samples": change(CLIP, "length", f"a{10 * 282_240_000}@a1"),
    "a length in beats": change(CLIP, "length", "b19200@a0"),
    "an offset a sample later": change(at("Playlists/Playlist/Region", 1), "start", "a6400"),
    "another gain": change(CLIP, "scale-amplitude", "1"),
    "a gain that is none": change(CLIP, "scale-amplitude", "-3 dB"),
    "another name": change(CLIP, "name", "Another"),
    "no reason": change(at("Playlists/Playlist/Region", 1), "tags", ""),
    "a fade that is off": change(CLIP, "fade-out-active", "0"),
    "a fade that is on": change(CLIP, "fade-in-active", "1"),
    "a fade a sample longer": rewrite(at(".//FadeOut//events"), f"a0 1\na{2 * 282_240_000 + 6400} 0\n"),
    "a fade that rises": rewrite(at(".//FadeOut//events"), f"a0 0\na{2 * 282_240_000} 1\n"),
    "a fade of three points": rewrite(at(".//FadeOut//events"), f"a0 1\na6400 0.2\na{2 * 282_240_000} 0\n"),
    "another file": change(at("Sources/Source"), "name", "other.wav"),
    "left for right": change(at("Sources/Source"), "channel", "1"),
    "a channel less": change(CLIP, "channels", "1"),
    "a source that is none": change(CLIP, "source-0", "1"),
    "a source that is a region": change(CLIP, "source-0", "1002"),
    "the source of another file": change(CLIP, "source-0", "1005"),
    "a file that is too short": change(at("Regions/Region"), "length", f"a{9 * 282_240_000}@a0"),
    "an id twice": change(at("Sources/Source"), "id", "1001"),
    "a counter that lags behind": change(lambda session: session, "id-counter", "1010"),
    "a playlist of nobody": change(at("Playlists/Playlist"), "orig-track-id", "1"),
    "a track without a playlist": change(at("Routes/Route", 1), "audio-playlist", "1000"),
    "a cut cable": change(at("Routes/Route[2]//Connection"), "other", "Master/audio_in 9"),
    "a cable of one end": drop("Routes/Route[1]/IO/Port"),
    "another rate": change(lambda session: session, "sample-rate", "48000"),
    "another session": change(lambda session: session, "name", "Saturday"),
    "a marker a sample later": change(at("Locations/Location", 1), "start", "a6400"),
    "another title": change(at("Locations/Location", 1), "name", "Another"),
    "another tempo": change(at("TempoMap/Tempos/Tempo"), "npm", "120"),
    "no channels": lambda session: CLIP(session).attrib.__delitem__("channels"),
}


def test_a_session_as_it_was_written_passes() -> None:
    """What the mutations start from."""
    check_session(tostring(fromstring(session_xml(MIX))), MIX)


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_session_that_differs_is_refused(mutation: str) -> None:
    """Every mutation turns the check red."""
    session = fromstring(session_xml(MIX))
    MUTATIONS[mutation](session)
    with pytest.raises(FormatError, match="Ardour session"):
        check_session(tostring(session), MIX)


@pytest.mark.parametrize("data", [b"", b"<Session", b"<Session/>", b"\xff\xfe"])
def test_what_is_no_session_is_refused(data: bytes) -> None:
    """Half a file is one sentence, not a stack of calls."""
    with pytest.raises(FormatError, match="does not read back"):
        check_session(data, MIX)


def test_a_session_of_another_mix_is_refused(tmp_path: Path) -> None:
    """What lies there is compared with what was to be written."""
    mix, place = export_of(tmp_path, short(1), short(2))
    with pytest.raises(FormatError, match="Ardour session"):
        ARDOUR.check(replace(mix, clips=mix.clips[:1]), place)


@pytest.mark.parametrize("act", ["remove", "shorten", "add"])
def test_copies_that_differ_are_refused(tmp_path: Path, act: str) -> None:
    """A copy that is gone, cut or nobody's."""
    mix, place = export_of(tmp_path, short(1))
    copy = tmp_path / "Ardour/interchange/Friday/audiofiles/01 Artist - Track 1.wav"
    if act == "remove":
        copy.unlink()
    elif act == "shorten":
        copy.write_bytes(copy.read_bytes()[:-1])
    else:
        copy.with_name("more.wav").write_bytes(b"")
    with pytest.raises(FormatError, match="is not the file of the export"):
        ARDOUR.check(mix, place)


def test_a_cut_flac_is_refused_by_name(tmp_path: Path) -> None:
    """It opens, claims its whole length, and then Ardour plays none of it."""
    mix = project(clip(1, file="Audio/01 cut.flac"))
    (tmp_path / "Audio").mkdir()
    file = write_tone(tmp_path / "Audio" / "01 cut.flac", Tone("flac16", 440.0, 10.0, 44_100, 2)).file
    ARDOUR.write(mix, desk(tmp_path))
    shutil.rmtree(tmp_path / "Ardour")
    os.truncate(file, file.stat().st_size // 2)
    with pytest.raises(FormatError, match="Track 1"):
        ARDOUR.write(mix, desk(tmp_path))
