"""Tests of the time line: entries of a manifest become clips on decks."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chadsdk.errors import Reason
from chadsdk.export.manifest import Manifest, ManifestEntry, Status
from chadsdk.export.project import Clip, Project
from chadsdk.export.timeline import UNKNOWN_LENGTH_S, make_project


def entry(position: int = 1, **changes: Any) -> ManifestEntry:
    """An exported entry of 100 seconds."""
    values: dict[str, Any] = {
        "position": position,
        "title": f"Track {position}",
        "artist": None,
        "status": Status.EXPORTED,
        "reason": None,
        "detail": None,
        "file": f"Audio/{position:02d}.wav",
        "duration_s": 100.0,
        "sample_rate_hz": 44_100,
        "channels": 2,
    }
    return ManifestEntry(**{**values, **changes})


def gone(position: int = 1, **changes: Any) -> ManifestEntry:
    """A missing entry of which nobody knows anything."""
    values: dict[str, Any] = {
        "status": Status.MISSING,
        "reason": Reason.NOT_FOUND,
        "detail": "The server has no such track.",
        "duration_s": None,
        "sample_rate_hz": None,
        "channels": None,
    }
    return entry(position, **{**values, **changes})


def mix(*entries: ManifestEntry, **changes: Any) -> Project:
    """Lay entries on a time line."""
    values: dict[str, Any] = {"generator": "chadsdk", "created_at": "2026-11-22T10:00:00Z", "playlist": "Friday"}
    return make_project(Manifest(**{**values, "entries": entries, **changes}))


def starts(project: Project) -> list[float]:
    return [clip.start_s for clip in project.clips]


def decks(project: Project) -> list[int]:
    return [clip.deck for clip in project.clips]


def fades(project: Project) -> list[tuple[float, float]]:
    return [(clip.fade_in_s, clip.fade_out_s) for clip in project.clips]


def test_without_starts_tracks_lie_end_to_end() -> None:
    """On one deck, without fades."""
    project = mix(entry(1), entry(2, duration_s=50.0), entry(3))
    assert starts(project) == [0.0, 100.0, 150.0]
    assert decks(project) == [0, 0, 0]
    assert fades(project) == [(0.0, 0.0)] * 3
    assert project.length_s == 250.0


def test_a_crossfade_overlaps_neighbours() -> None:
    """Each begins earlier by it, on the other deck, and both fade as long as they overlap."""
    project = mix(entry(1), entry(2), entry(3), crossfade_s=8.0)
    assert starts(project) == [0.0, 92.0, 184.0]
    assert decks(project) == [0, 1, 0]
    assert fades(project) == [(0.0, 8.0), (8.0, 8.0), (8.0, 0.0)]


@pytest.mark.parametrize(("first_s", "second_s"), [(10.0, 100.0), (100.0, 10.0)])
def test_a_crossfade_is_no_longer_than_half_of_either(first_s: float, second_s: float) -> None:
    """A jingle of 10 s gives 5 s to each of its neighbours."""
    project = mix(entry(1, duration_s=first_s), entry(2, duration_s=second_s), crossfade_s=30.0)
    assert starts(project) == [0.0, first_s - 5.0]
    assert fades(project) == [(0.0, 5.0), (5.0, 0.0)]


def test_a_short_track_between_two_needs_no_third_deck() -> None:
    """Its two crossfades take half of it each, so the tracks beside it touch and do not overlap."""
    project = mix(entry(1), entry(2, duration_s=10.0), entry(3), crossfade_s=30.0)
    assert decks(project) == [0, 1, 0]
    assert project.clips[2].start_s == project.clips[0].end_s


def test_half_is_of_what_sounds() -> None:
    """The cue points decide how long a clip is, not its file."""
    project = mix(entry(1, cue_in_s=20.0, cue_out_s=40.0), entry(2), crossfade_s=30.0)
    assert starts(project) == [0.0, 10.0]


def test_an_explicit_start_is_where_a_clip_lies() -> None:
    """Whatever comes before it; the next one without a start follows it."""
    project = mix(entry(1), entry(2, start_s=300.0), entry(3), crossfade_s=10.0)
    assert starts(project) == [0.0, 300.0, 390.0]
    assert fades(project) == [(0.0, 0.0), (0.0, 10.0), (10.0, 0.0)]


def test_an_explicit_first_start_leaves_silence_before_it() -> None:
    """The time line begins at 0 all the same."""
    assert starts(mix(entry(1, start_s=5.0), entry(2))) == [5.0, 105.0]


def test_cue_points_choose_a_part_of_the_file() -> None:
    """Offset, length, and the whole length of the file beside them."""
    (clip,) = mix(entry(cue_in_s=10.0, cue_out_s=70.0)).clips
    assert (clip.offset_s, clip.length_s, clip.source_s, clip.note) == (10.0, 60.0, 100.0, None)


def test_a_cue_out_beyond_the_end_stops_at_the_end() -> None:
    """And a note says so."""
    (clip,) = mix(entry(cue_out_s=130.0)).clips
    assert (clip.offset_s, clip.length_s) == (0.0, 100.0)
    assert clip.note == "Its cue-out at 130 s lies beyond its end at 100 s, where it stops."


@pytest.mark.parametrize("cue_in_s", [100.0, 130.0])
def test_a_cue_in_beyond_the_end_plays_the_whole_track(cue_in_s: float) -> None:
    """Nothing at all would sound otherwise; a note says so."""
    (clip,) = mix(entry(cue_in_s=cue_in_s)).clips
    assert (clip.offset_s, clip.length_s) == (0.0, 100.0)
    assert clip.note == f"Its cue-in at {cue_in_s:g} s lies beyond its end at 100 s: it plays whole."


def test_both_cue_points_beyond_the_end_are_both_told() -> None:
    """The track plays whole, and neither note hides the other."""
    (clip,) = mix(entry(cue_in_s=120.0, cue_out_s=130.0)).clips
    assert (clip.offset_s, clip.length_s) == (0.0, 100.0)
    assert clip.note is not None
    assert "cue-in at 120 s" in clip.note
    assert "cue-out at 130 s" in clip.note


def test_a_cue_in_beyond_the_cue_out_plays_the_whole_track() -> None:
    """The note names the cue-out, not the end."""
    (clip,) = mix(entry(cue_in_s=50.0, cue_out_s=30.0)).clips
    assert (clip.offset_s, clip.length_s) == (0.0, 100.0)
    assert clip.note == "Its cue-in at 50 s lies beyond its cue-out at 30 s: it plays whole."


@pytest.mark.parametrize("duration_s", [None, 0.0])
def test_an_unknown_length_is_a_default_and_marked(duration_s: float | None) -> None:
    """Of a missing track of which nobody knows how long it is."""
    (clip,) = mix(gone(duration_s=duration_s)).clips
    assert (clip.length_s, clip.source_s, clip.length_is_guess) == (UNKNOWN_LENGTH_S, UNKNOWN_LENGTH_S, True)
    assert clip.note == "Nobody knows how long it is: 240 s are assumed."


def test_a_cue_out_tells_how_long_an_unknown_track_must_be() -> None:
    """It is at least that long; still marked."""
    (clip,) = mix(gone(cue_in_s=30.0, cue_out_s=90.0)).clips
    assert (clip.offset_s, clip.length_s, clip.source_s, clip.length_is_guess) == (30.0, 60.0, 90.0, True)


def test_a_cue_in_alone_leaves_an_unknown_track_the_default() -> None:
    """Behind the cue-in."""
    (clip,) = mix(gone(cue_in_s=500.0)).clips
    assert (clip.offset_s, clip.length_s, clip.source_s) == (500.0, 240.0, 740.0)


def test_a_known_length_is_no_guess() -> None:
    """The playlist says how long a missing track is."""
    (clip,) = mix(gone(duration_s=61.0)).clips
    assert (clip.length_s, clip.length_is_guess, clip.note) == (61.0, False, None)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_its_words(reason: Reason) -> None:
    """And none of them holds what the entry's own sentence says, which may be a path or an address."""
    (clip,) = mix(replace(gone(1), reason=reason, detail="/music/joe")).clips
    assert clip.missing
    assert "joe" not in clip.missing


def test_a_missing_track_says_why() -> None:
    """And the one that is there says nothing."""
    project = mix(entry(1), gone(2))
    assert [clip.missing for clip in project.clips] == [None, "The server does not have it."]


@pytest.mark.parametrize("reason", [Reason.LOCAL_MISSING, Reason.LOCAL_UNREADABLE])
def test_a_missing_file_of_the_user_is_not_named_by_its_path(reason: Reason) -> None:
    """A project is given to others; the manifest, which stays, has the path."""
    (clip,) = mix(gone(reason=reason, detail="The file /music/a.wav is not there.")).clips
    assert clip.missing is not None
    assert clip.missing.startswith("The file in the library ")


def test_three_at_once_need_three_decks() -> None:
    """A deck is free again when its clip has ended."""
    project = mix(entry(1, start_s=0.0), entry(2, start_s=50.0), entry(3, start_s=80.0), entry(4, start_s=100.0))
    assert decks(project) == [0, 1, 2, 0]


def test_a_jingle_inside_another_track_has_no_fade() -> None:
    """It lies over it, on a deck of its own: that is no crossfade."""
    project = mix(entry(1), entry(2, start_s=40.0, duration_s=5.0), entry(3, start_s=100.0))
    assert decks(project) == [0, 1, 0]
    assert fades(project) == [(0.0, 0.0)] * 3


def test_a_jingle_does_not_hide_the_crossfade_around_it() -> None:
    """The track that it lies in still fades into the next one."""
    project = mix(entry(1), entry(2, start_s=40.0, duration_s=5.0), entry(3, start_s=90.0))
    assert fades(project) == [(0.0, 10.0), (0.0, 0.0), (10.0, 0.0)]


def test_a_jingle_inside_a_crossfade_hides_neither_fade() -> None:
    """The tracks on both sides of it fade as if it were not there."""
    project = mix(entry(1), entry(2, start_s=80.0), entry(3, start_s=85.0, duration_s=5.0))
    assert fades(project) == [(0.0, 20.0), (20.0, 0.0), (0.0, 0.0)]


def test_two_that_begin_and_end_together_have_no_fade() -> None:
    """They are layered."""
    assert fades(mix(entry(1, start_s=0.0), entry(2, start_s=0.0))) == [(0.0, 0.0)] * 2


def test_of_two_that_begin_together_the_shorter_lies_inside() -> None:
    """In either order; the longer one fades into what follows."""
    ends = [entry(1, start_s=0.0, duration_s=50.0), entry(2, start_s=0.0)]
    for first, second in (ends, ends[::-1]):
        project = mix(first, second, entry(3, start_s=90.0))
        by_position = {clip.position: (clip.fade_in_s, clip.fade_out_s) for clip in project.clips}
        assert by_position == {1: (0.0, 0.0), 2: (0.0, 10.0), 3: (10.0, 0.0)}


def test_explicit_fades_win() -> None:
    """Over those that the overlap gives; a 0 is explicit, too."""
    project = mix(entry(1, fade_in_s=3.0, fade_out_s=0.0), entry(2, fade_in_s=2.0), crossfade_s=8.0)
    assert fades(project) == [(3.0, 0.0), (2.0, 0.0)]


def test_fades_are_no_longer_than_the_clip() -> None:
    """The fade-in has precedence."""
    assert fades(mix(entry(fade_in_s=70.0, fade_out_s=70.0))) == [(70.0, 30.0)]
    assert fades(mix(entry(fade_in_s=170.0, fade_out_s=1.0))) == [(100.0, 0.0)]


def test_markers_are_in_order_of_time() -> None:
    """With number and label; missing ones say so."""
    project = mix(gone(1, start_s=50.0), entry(2, start_s=0.0, artist="A"))
    assert [(marker.at_s, marker.title) for marker in project.markers] == [
        (0.0, "2. A - Track 2"),
        (50.0, "MISSING: 1. Track 1"),
    ]


def test_positions_may_have_gaps() -> None:
    """The numbers are those of the playlist."""
    project = mix(entry(3), entry(7))
    assert [clip.position for clip in project.clips] == [3, 7]
    assert starts(project) == [0.0, 100.0]


@pytest.mark.parametrize(
    ("rates", "rate"),
    [([48_000, 44_100, 48_000], 48_000), ([44_100, 48_000], 48_000), ([None, 22_050], 22_050), ([None], 44_100)],
)
def test_the_rate_of_the_project_is_that_of_most_files(rates: list[int | None], rate: int) -> None:
    """The higher one of two that are as frequent; 44.1 kHz where nobody knows."""
    entries = [entry(number, sample_rate_hz=each) for number, each in enumerate(rates, start=1)]
    assert mix(*entries).sample_rate_hz == rate


def test_missing_tracks_do_not_vote_and_take_the_rate_of_the_project() -> None:
    """What the playlist says of a file that is not there decides nothing."""
    project = mix(entry(1, sample_rate_hz=48_000), gone(2), gone(3))
    assert project.sample_rate_hz == 48_000
    assert [(clip.sample_rate_hz, clip.channels) for clip in project.clips] == [(48_000, 2)] * 3


def test_an_empty_playlist_is_an_empty_project() -> None:
    """No clip, no deck, no length."""
    project = mix()
    assert (project.clips, project.decks, project.markers, project.length_s) == ((), (), (), 0.0)


@pytest.mark.parametrize("title", ["", "  ", "\t\n", "\u00a0\u2003", "\x00", "\u202e "])
def test_a_title_that_shows_nothing_gets_a_name(title: str) -> None:
    """Blanks, controls and marks of direction make no nameless clip, and no nameless marker."""
    project = mix(entry(title=title), entry(2, title=" Two "))
    assert [clip.title for clip in project.clips] == ["Untitled", " Two "]
    assert project.markers[0].title == "1. Untitled"


def test_the_project_is_named_like_the_playlist() -> None:
    """And its files by a portable form of it."""
    project = mix(entry(), playlist="AC/DC: live?", tempo_bpm=124.0)
    assert (project.name, project.tempo_bpm) == ("AC/DC: live?", 124.0)
    assert not set('/:?"') & set(project.file_stem)


_s = st.floats(0, 1000) | st.integers(0, 20).map(float)
_maybe_s = st.none() | _s


@st.composite
def _entries(draw: st.DrawFn) -> list[ManifestEntry]:
    made = []
    for position in range(1, draw(st.integers(0, 8)) + 1):
        make = draw(st.sampled_from([entry, gone]))
        made.append(
            make(
                position,
                duration_s=draw(_maybe_s),
                start_s=draw(_maybe_s),
                cue_in_s=draw(_maybe_s),
                cue_out_s=draw(st.none() | st.floats(1e-3, 1000)),
                fade_in_s=draw(_maybe_s),
                fade_out_s=draw(_maybe_s),
            )
        )
    return made


@given(entries=_entries(), crossfade_s=_s)
def test_clips_of_a_deck_do_not_overlap(entries: list[ManifestEntry], crossfade_s: float) -> None:
    """But for what is less than a sample."""
    for deck in mix(*entries, crossfade_s=crossfade_s).decks:
        assert all(before.end_s <= after.start_s + 1e-6 for before, after in pairwise(deck.clips))


@given(entries=_entries(), crossfade_s=_s)
def test_every_clip_fits_its_file_and_holds_its_fades(entries: list[ManifestEntry], crossfade_s: float) -> None:
    """It sounds, starts at 0 or later, ends within its file; its fades are within it."""
    project = mix(*entries, crossfade_s=crossfade_s)
    assert [clip.position for clip in project.clips] == [one.position for one in entries]
    for clip in project.clips:
        assert clip.length_s > 0
        assert clip.start_s >= 0
        assert clip.offset_s >= 0
        assert clip.offset_s + clip.length_s <= clip.source_s + 1e-9
        assert min(clip.fade_in_s, clip.fade_out_s) >= 0
        assert clip.fade_in_s + clip.fade_out_s <= clip.length_s + 1e-9


@given(entries=_entries(), crossfade_s=_s)
def test_there_are_as_many_decks_as_clips_sound_at_once(entries: list[ManifestEntry], crossfade_s: float) -> None:
    """No deck is made that is not needed."""
    clips = mix(*entries, crossfade_s=crossfade_s).clips
    most = max((sum(_sounds(other, one.start_s) for other in clips) for one in clips), default=0)
    assert len({clip.deck for clip in clips}) <= most


def _sounds(clip: Clip, at_s: float) -> bool:
    return clip.start_s <= at_s < clip.end_s or clip.start_s == at_s


@given(entries=_entries(), data=st.data())
def test_with_explicit_starts_the_order_of_entries_does_not_matter(
    entries: list[ManifestEntry], data: st.DataObject
) -> None:
    """Where a clip lies, and how it fades, is the same in any order."""
    placed = [
        entry(one.position, duration_s=one.duration_s, start_s=float(7 * number), cue_out_s=one.cue_out_s)
        for number, one in enumerate(entries)
    ]
    shuffled = mix(*data.draw(st.permutations(placed)))
    again = tuple(sorted(shuffled.clips, key=lambda clip: clip.position))
    assert again == mix(*placed).clips
