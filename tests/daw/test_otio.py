"""Tests of OpenTimelineIO time lines, read by the library itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chadsdk.errors import FormatError
from chadsdk.export.project import Project
from chadsdk.export.writers.otio import WRITER
from chadsdk.text import one_line
from tests.daw.samples import clip, desk, mixes, project

_ANY_FOLDER = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(mix: Project, folder: Path) -> Any:
    """Write a time line, let the writer check it, and give what the library reads."""
    WRITER.write(mix, desk(folder))
    WRITER.check(mix, desk(folder))
    return otio.core.deserialize_json_from_file(str(folder / "Friday.otio"))


@given(mix=mixes())
@_ANY_FOLDER
def test_the_library_reads_every_clip_where_it_lies(mix: Project, tmp_path: Path) -> None:
    """Start, length and offset of each clip are those of the mix, to a sample, on the track of its deck."""
    timeline = written(mix, tmp_path)
    assert [track.name for track in timeline.tracks] == [deck.name for deck in mix.decks]
    for track, deck in zip(timeline.tracks, mix.decks, strict=True):
        clips = track.find_clips()
        assert len(clips) == len(deck.clips)
        for read, wanted in zip(clips, deck.clips, strict=True):
            place = read.transformed_time_range(read.trimmed_range(), timeline.tracks)
            assert place.start_time.to_seconds() == pytest.approx(wanted.start_s, abs=1 / 44_100)
            assert place.duration.to_seconds() == pytest.approx(wanted.length_s, abs=1 / 44_100)
            assert read.source_range.start_time.to_seconds() == pytest.approx(wanted.offset_s, abs=1 / 44_100)
            assert read.metadata["chadsdk"]["fade_in_s"] == pytest.approx(wanted.fade_in_s)
            assert read.metadata["chadsdk"]["gain_db"] == pytest.approx(wanted.gain_db)
            assert isinstance(read.media_reference, otio.schema.MissingReference) == (wanted.missing is not None)


@given(mix=mixes())
@_ANY_FOLDER
def test_markers_are_read_at_the_start_of_each_clip(mix: Project, tmp_path: Path) -> None:
    """On the stack of tracks, with their titles."""
    markers = written(mix, tmp_path).tracks.markers
    wanted = [one_line(one.title).encode("utf-8", "replace").decode() for one in mix.markers]
    assert [one.name for one in markers] == wanted
    starts = [one.marked_range.start_time.to_seconds() for one in markers]
    assert starts == pytest.approx([one.at_s for one in mix.markers], abs=1 / 44_100)


def test_many_clips_do_not_drift(tmp_path: Path) -> None:
    """The thousandth clip lies where it must, though no start is a whole sample."""
    mix = project(*(clip(n, start_s=n * 10.000_013, length_s=10.000_013) for n in range(1, 1001)))
    track = written(mix, tmp_path).tracks[0]
    last = track.range_of_child_at_index(len(track) - 1)
    assert last.start_time.to_seconds() == pytest.approx(10_000.013, abs=1 / 44_100)


def test_a_file_is_named_by_a_relative_and_encoded_address(tmp_path: Path) -> None:
    """What an address gives another meaning (``#``, ``?``, ``%``, a space) is encoded, and decoded is the name."""
    name = "Audio/01 50% é #1? - a&b.wav"
    (read,) = written(project(clip(file=name)), tmp_path).find_clips()
    url = read.media_reference.target_url
    assert url == "Audio/01%2050%25%20%C3%A9%20%231%3F%20-%20a%26b.wav"
    assert urlsplit(url)[:2] == ("", "")
    assert otio.url_utils.filepath_from_url(url) == name


def test_a_missing_track_has_a_reason_and_no_address(tmp_path: Path) -> None:
    """It keeps its place as a clip without media, and says which file would fill it."""
    (read,) = written(project(clip(missing="The server has no\ntrack t-9.")), tmp_path).find_clips()
    assert isinstance(read.media_reference, otio.schema.MissingReference)
    assert dict(read.media_reference.metadata["chadsdk"]) == {
        "reason": "The server has no track t-9.",
        "file": "Audio/01 Artist - Track 1.wav",
    }
    assert "url" not in (tmp_path / "Friday.otio").read_text(encoding="utf-8")


def test_the_media_has_its_own_rate_and_its_whole_length(tmp_path: Path) -> None:
    """A file of 48 kHz in a mix of 44.1 kHz is measured in its own samples."""
    (read,) = written(project(clip(sample_rate_hz=48_000, source_s=12.5)), tmp_path).find_clips()
    assert (read.available_range().duration.value, read.available_range().duration.rate) == (600_000, 48_000)


def test_what_otio_has_no_word_for_is_metadata(tmp_path: Path) -> None:
    """Gain, fades, note and tempo; nothing stands there as null."""
    timeline = written(project(clip(gain_db=-3.0, fade_out_s=2.0, note="Whole.", artist=None), tempo_bpm=124), tmp_path)
    known = dict(timeline.find_clips()[0].metadata["chadsdk"])
    assert (known["gain_db"], known["fade_out_s"], known["note"]) == (-3.0, 2.0, "Whole.")
    assert "artist" not in known
    assert timeline.metadata["chadsdk"]["tempo_bpm"] == 124


def test_a_nul_does_not_cut_a_title(tmp_path: Path) -> None:
    """The library ends a string at a NUL; there is none in what it gets."""
    (read,) = written(project(clip(title="a\0b", artist=None)), tmp_path).find_clips()
    assert read.name == "a b"


def test_equal_projects_give_equal_bytes(tmp_path: Path) -> None:
    """There is no date and no chance in it."""
    texts = set()
    for _ in range(2):
        written(project(clip(1), clip(2, deck=1)), tmp_path)
        texts.add((tmp_path / "Friday.otio").read_text(encoding="utf-8"))
    assert len(texts) == 1


def _clip_of(data: Any, number: int) -> Any:
    found = [child for child in data["tracks"]["children"][0]["children"] if child["OTIO_SCHEMA"].startswith("Clip")]
    return found[number]


def _drop(data: Any) -> None:
    data["tracks"]["children"][0]["children"].pop()


def _swap(data: Any) -> None:
    data["tracks"]["children"][0]["children"].reverse()


def _rename(data: Any) -> None:
    _clip_of(data, 0)["name"] = "Another"


def _point_elsewhere(data: Any) -> None:
    _clip_of(data, 0)["media_references"]["DEFAULT_MEDIA"]["target_url"] = "Audio/other.wav"


def _shift(data: Any) -> None:
    _clip_of(data, 0)["source_range"]["start_time"]["value"] += 2


def _lengthen(data: Any) -> None:
    _clip_of(data, 1)["source_range"]["duration"]["value"] += 2


def _move_marker(data: Any) -> None:
    data["tracks"]["markers"][0]["marked_range"]["start_time"]["value"] += 2


def _forget_tracks(data: Any) -> None:
    del data["tracks"]


@pytest.mark.parametrize(
    "change", [_drop, _swap, _rename, _point_elsewhere, _shift, _lengthen, _move_marker, _forget_tracks]
)
def test_a_time_line_that_was_changed_does_not_read_back(change: Any, tmp_path: Path) -> None:
    """The check that follows every writing sees each of these."""
    mix = project(clip(1), clip(2))
    written(mix, tmp_path)
    path = tmp_path / "Friday.otio"
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(FormatError, match=r"Friday\.otio"):
        WRITER.check(mix, desk(tmp_path))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"OTIO_SCHEMA": "Clip.2"}', '{"OTIO_SCHEMA": "Other.9"}'])
def test_what_is_no_time_line_does_not_read_back(text: str, tmp_path: Path) -> None:
    """Whatever the library makes of it, one error comes out."""
    (tmp_path / "Friday.otio").write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=r"Friday\.otio"):
        WRITER.check(project(clip()), desk(tmp_path))


_MICRO_S = 1e-6


@pytest.mark.parametrize(
    ("mix", "says"),
    [
        (project(clip(), clip(2, title="Far", start_s=1e300)), r"to 1e\+300 s, where 2\. 'Artist - Far' reaches"),
        (project(clip(start_s=1.7e308)), r"to 1\.7e\+308 s, where 1\. "),
        (project(clip(source_s=1.7e308)), r"to 1\.7e\+308 s, where 1\. "),
        (project(clip(offset_s=1e300, source_s=2e300)), r"to 2e\+300 s, where 1\. "),
        (
            project(*(clip(n + 1, length_s=_MICRO_S, start_s=n * _MICRO_S, title="x" * 100) for n in range(4))),
            r"3\. 'Artist - x{51}…' would begin too late, because clips before it are shorter",
        ),
    ],
    ids=["start", "overflow", "source", "offset", "short"],
)
def test_a_clip_that_has_no_place_among_samples_is_named(mix: Project, says: str) -> None:
    """Before anything is written, with the reason."""
    with pytest.raises(FormatError, match=says):
        WRITER.refuse(mix)


def test_one_clip_shorter_than_a_sample_is_held(tmp_path: Path) -> None:
    """It lasts a sample, and the one after it lies where it should, to a sample."""
    mix = project(clip(length_s=_MICRO_S), clip(2, start_s=_MICRO_S))
    WRITER.refuse(mix)
    written(mix, tmp_path)


_TIMES_S = st.floats(0, 600) | st.floats(0, 1e12) | st.floats(0, 1e308)


@given(places=st.lists(st.tuples(_TIMES_S, _TIMES_S.filter(bool), _TIMES_S), max_size=4))
@_ANY_FOLDER
def test_what_is_not_refused_reads_back(places: list[tuple[float, float, float]], tmp_path: Path) -> None:
    """Whatever the times are: refused in a sentence, or written as it was meant."""
    clips = [
        clip(number, deck=number, start_s=start_s, length_s=length_s, offset_s=offset_s, source_s=offset_s + length_s)
        for number, (start_s, length_s, offset_s) in enumerate(places, start=1)
    ]
    try:
        WRITER.refuse(project(*clips))
    except FormatError:
        return
    written(project(*clips), tmp_path)


_WITHOUT = """
import sys
sys.modules["opentimelineio"] = None  # how Python is told that there is none
import importlib.util
from chadsdk.errors import ConfigurationError
from chadsdk.export.order import Order
from chadsdk.export.writers import writer_names
from chadsdk.library import Playlist
from pathlib import Path
assert "otio" in writer_names()
Order(Playlist("Friday", []), Path("x"), ("reaper", "audacity"), "manifest", replace=False)
try:
    Order(Playlist("Friday", []), Path("x"), ("otio",), "manifest", replace=False)
except ConfigurationError as exc:
    print(exc)
"""


def test_without_the_library_an_export_is_refused_when_it_is_ordered() -> None:
    """Before anything is downloaded, in one sentence that says what to install; other formats need nothing."""
    done = subprocess.run([sys.executable, "-c", _WITHOUT], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "The format 'otio' needs OpenTimelineIO: pip install 'chadsdk[otio]'.\n"


def test_the_library_is_not_imported_before_it_is_needed() -> None:
    """Whoever does not want the format does not pay for it."""
    code = "import sys, chadsdk.export.writers as w; w.writer_of('otio'); print('opentimelineio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"
