"""Sessions of the SDK in Ardour: opened without a complaint, and heard."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pytest
import soundfile

from chadsdk import MixExporter, Playlist, PlaylistEntry, Track
from chadsdk.export.project import Clip, Project
from chadsdk.export.writers import writer_of
from harness.audio import FORMATS
from tests.daw.ardour import Opened, Render, ardour_or_skip, opened, render
from tests.daw.samples import clip, desk, project
from tests.daw.tones import SILENCE_DB, TONE_DB, frequency_of, is_silent, level_db, tone_at, write_tones

pytestmark = pytest.mark.timeout(300)

RATE = 44_100
SAMPLE = 1 / RATE
OFFSETS_S = (22_057 / RATE, 44_161 / RATE)
"""No whole number of periods of any tone: other samples than at the start of the file."""
LONG_TITLE = "200 letters & <more> \"quoted\" 'so' ]]> " + "ä" * 161
EMOJI_TITLE = "\U0001f984 \u202eright to left\x07 \ud800"
MISSING = "The server answers 404 for it."


@dataclass(frozen=True, slots=True)
class Judged:
    """A mix, and what Ardour makes of its session."""

    mix: Project
    seen: Opened
    played: Render

    def level(self, track: int, at_s: float, *, channel: int = 0) -> float:
        """How loud the tone of a track is at a moment."""
        samples = self.played.samples[:, channel]
        return level_db(samples, self.played.sample_rate_hz, frequency_hz=frequency_of(track), at_s=at_s)

    def tone(self, at_s: float, *, channel: int = 0) -> float | None:
        """The tone that sounds at a moment."""
        return tone_at(self.played.samples[:, channel], self.played.sample_rate_hz, at_s=at_s)


def mix_of_four(*, third: Clip, titles: tuple[str, str] = ("First", "Second"), name: str = "Friday") -> Project:
    """One, a crossfade from 2 to 3 s to a quieter mono one, a third one from 5 to 7 s, and the first one again."""
    shape = {"artist": None, "length_s": 3.0, "source_s": 4.0}
    return project(
        clip(1, title=titles[0], file="Audio/01.wav", start_s=0.0, offset_s=OFFSETS_S[0], fade_out_s=1.0, **shape),
        clip(
            2,
            title=titles[1],
            file="Audio/02 \U0001f3b5.flac",
            deck=1,
            start_s=2.0,
            fade_in_s=1.0,
            gain_db=-6.0,
            channels=1,
            **shape,
        ),
        third,
        clip(4, title="Again", file="Audio/01.wav", start_s=7.0, offset_s=OFFSETS_S[1], **{**shape, "length_s": 1.25}),
        name=name,
        file_stem=name,
        tempo_bpm=128.57,
    )


THIRD = clip(3, file="Audio/03.mp3", start_s=5.0, length_s=2.0, source_s=2.0)
MIXES = {
    "whole": mix_of_four(third=THIRD),
    "troubled": mix_of_four(
        third=clip(3, file="Audio/03.m4a", start_s=5.0, length_s=2.0, source_s=200.0, offset_s=3.0, missing=MISSING),
        titles=(LONG_TITLE, EMOJI_TITLE),
        name="\U0001f984 Ünïcode & 'more' " + "n" * 150,
    ),
}


def written(mix: Project, folder: Path) -> Path:
    """Write the audio of a mix, a tone per file, and its session; gives the session."""
    (folder / "Audio").mkdir()
    kinds = {kind.extension: name for name, kind in FORMATS.items()}
    for each in mix.clips:
        if each.missing is None and not (folder / each.file).exists():
            write_tones(
                folder / each.file,
                shape=kinds[Path(each.file).suffix[1:]],
                frequencies_hz=[frequency_of(each.position - 1 + 10 * channel) for channel in range(each.channels)],
                frames=round(each.source_s * each.sample_rate_hz),
                sample_rate_hz=each.sample_rate_hz,
            )
    writer, place = writer_of("ardour"), desk(folder)
    writer.refuse(mix)
    writer.write(mix, place)
    writer.check(mix, place)
    return writer.path(mix, place)


@pytest.fixture(scope="module", params=MIXES)
def judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """The mix without trouble, and with a missing file, 200 letters, emoji and what XML cannot hold."""
    ardour_or_skip()
    folder = tmp_path_factory.mktemp("mix")
    session = written(MIXES[request.param], folder)
    return Judged(MIXES[request.param], opened(session), render(session, folder / "out.wav"))


def test_ardour_does_not_complain(judged: Judged) -> None:
    """No warning and no error, at the rate of the mix."""
    assert judged.seen.complaints == ()
    assert judged.seen.sample_rate_hz == RATE


def test_every_file_lies_in_the_session(judged: Judged) -> None:
    """Each channel of each clip is read from the session's own copy, or is missing in the mix."""
    audio = Path("interchange") / judged.mix.file_stem / "audiofiles"
    clips = sorted(judged.mix.clips, key=lambda each: (each.deck, each.start_s))
    for region, wanted in zip(judged.seen.regions, clips, strict=True):
        name = Path(wanted.file).name
        assert region.files == ((audio / name,) * wanted.channels if wanted.missing is None else ())
        assert region.missing == ((name,) * 2 if wanted.missing is not None else ())


def test_clips_lie_where_the_mix_says(judged: Judged) -> None:
    """Deck, position, length, offset and gain of every clip, a missing one's too."""
    clips = sorted(judged.mix.clips, key=lambda each: (each.deck, each.start_s))
    found = [(r.track, r.position_s, r.length_s, r.source_offset_s) for r in judged.seen.regions]
    assert found == [(f"Deck {'AB'[c.deck]}", c.start_s, c.length_s, c.offset_s) for c in clips]
    assert [r.gain for r in judged.seen.regions] == pytest.approx([10 ** (c.gain_db / 20) for c in clips])


def test_markers_and_end_are_those_of_the_mix(judged: Judged) -> None:
    """A marker at the start of each clip, and an export that ends with the last one."""
    assert [marker.position_s for marker in judged.seen.markers] == [0.0, 2.0, 5.0, 7.0]
    assert judged.seen.end_s == pytest.approx(8.25, abs=SAMPLE)
    assert judged.seen.markers[2].name.startswith("MISSING: 3. " if judged.mix.clips[2].missing is not None else "3. ")


def test_titles_and_the_reason_are_readable(judged: Judged) -> None:
    """All 200 letters, the emoji, and why a track is missing stand on the clips."""
    names = {region.name for region in judged.seen.regions}
    if judged.mix.clips[2].missing is None:
        assert names == {"First", "Second", "Artist - Track 3", "Again"}
    else:
        assert names == {LONG_TITLE, "\U0001f984 right to left", f"Artist - Track 3 (missing: {MISSING})", "Again"}


@pytest.mark.parametrize(("track", "at_s"), [(0, 0.1), (0, 1.9), (1, 3.1), (1, 4.9), (0, 7.1), (0, 8.1)])
def test_the_right_file_sounds_at_the_right_time(judged: Judged, track: int, at_s: float) -> None:
    """Near both ends of each clip its own tone is heard at its own level, and no other."""
    assert judged.tone(at_s) == pytest.approx(frequency_of(track), abs=2.0)
    assert judged.level(track, at_s) == pytest.approx(TONE_DB + judged.mix.clips[track].gain_db, abs=0.01)
    assert judged.level(1 - track, at_s) < SILENCE_DB


def test_left_is_left_and_mono_is_on_both_sides(judged: Judged) -> None:
    """The right channel of a stereo file is heard on the right, one channel on both at the same level."""
    assert judged.tone(1.0, channel=1) == pytest.approx(frequency_of(10), abs=2.0)
    assert judged.level(1, 4.0, channel=1) == pytest.approx(judged.level(1, 4.0, channel=0), abs=0.001)


def test_a_missing_file_is_silent_from_end_to_end(judged: Judged) -> None:
    """Silence exactly where the mix says missing, and nowhere else."""
    samples, is_missing = judged.played.samples, judged.mix.clips[2].missing is not None
    assert is_silent(samples, RATE, from_s=5.0, to_s=7.0) == is_missing
    assert not is_silent(samples, RATE, from_s=4.99, to_s=5.0)
    assert not is_silent(samples, RATE, from_s=7.0, to_s=7.01)
    if not is_missing:
        assert judged.tone(6.0) == pytest.approx(frequency_of(2), abs=2.0)


@pytest.mark.parametrize("share", [0.125, 0.25, 0.5, 0.75, 0.875])
def test_a_crossfade_is_two_straight_lines(judged: Judged, share: float) -> None:
    """Through the second that both share, each has the amplitude of its line."""
    at_s = 2.0 + share
    assert judged.level(0, at_s) == pytest.approx(TONE_DB + 20 * math.log10(1 - share), abs=0.05)
    assert judged.level(1, at_s) == pytest.approx(TONE_DB - 6.0 + 20 * math.log10(share), abs=0.05)


def test_the_samples_are_those_of_the_file(judged: Judged, tmp_path: Path) -> None:
    """From its offset on, to the sample: hard edges where the mix has no fade."""
    tones = [frequency_of(0), frequency_of(10)]
    file = write_tones(tmp_path / "a.wav", shape="wav24", frequencies_hz=tones, frames=4 * RATE, sample_rate_hz=RATE)
    wanted, _ = soundfile.read(file)
    for at_s, offset_s, length_s in ((0.0, OFFSETS_S[0], 2.0), (7.0, OFFSETS_S[1], 1.25)):
        at, offset, length = (round(moment * RATE) for moment in (at_s, offset_s, length_s))
        heard = judged.played.samples[at : at + length]
        assert abs(heard - wanted[offset : offset + length]).max() < 1e-6


@pytest.mark.parametrize("rate_hz", [88_200, 96_000, 192_000])
def test_high_sample_rates_sound(tmp_path: Path, rate_hz: int) -> None:
    """A session runs at the rate of its files."""
    ardour_or_skip()
    mix = project(clip(file="Audio/a.flac", length_s=1.0, source_s=1.0, sample_rate_hz=rate_hz), sample_rate_hz=rate_hz)
    played = render(written(mix, tmp_path), tmp_path / "out.wav")
    assert played.sample_rate_hz == rate_hz
    assert tone_at(played.samples[:, 0], rate_hz, at_s=0.5) == pytest.approx(frequency_of(0), abs=2.0)


def test_every_format_that_is_not_refused_sounds(tmp_path: Path) -> None:
    """Wide ones too: a file of six channels plays its first two, and leaves the clips beside it as they are."""
    ardour_or_skip()
    extensions = sorted({kind.extension for kind in FORMATS.values()})
    shape = {"length_s": 1.0, "source_s": 1.0, "sample_rate_hz": 48_000}
    clips = [
        clip(n, file=f"Audio/{n:02d}.{extension}", start_s=n - 1.0, **shape)
        for n, extension in enumerate(extensions, start=1)
    ]
    wide = clip(len(clips) + 1, file="Audio/wide.wav", start_s=float(len(clips)), channels=6, **shape)
    session = written(project(*clips, wide, sample_rate_hz=48_000), tmp_path)
    played = render(session, tmp_path / "out.wav")
    for n in range(len(clips) + 1):
        for channel in (0, 1):
            heard = tone_at(played.samples[:, channel], 48_000, at_s=n + 0.5)
            assert heard == pytest.approx(frequency_of(n + 10 * channel), abs=2.0)
            level = level_db(
                played.samples[:, channel], 48_000, frequency_hz=frequency_of(n + 10 * channel), at_s=n + 0.5
            )
            assert level == pytest.approx(TONE_DB, abs=0.3)


def test_an_empty_mix_opens(tmp_path: Path) -> None:
    """A playlist without entries is a session without tracks."""
    ardour_or_skip()
    seen = opened(written(project(), tmp_path))
    assert (seen.tracks, seen.regions, seen.complaints) == ((), (), ())


def test_an_export_opens_and_sounds(tmp_path: Path) -> None:
    """From a playlist of own files, one of which is gone, to the tones that Ardour plays of the exported folder."""
    ardour_or_skip()
    entries = []
    for n in range(3):
        file = tmp_path / f"own {n}.wav"
        if n != 1:
            tones = [frequency_of(n)] * 2
            write_tones(file, shape="wav24", frequencies_hz=tones, frames=2 * RATE, sample_rate_hz=RATE)
        entries.append(PlaylistEntry(Track("\U0001f3a7" * 200 if n else LONG_TITLE, file=file, duration_s=2.0)))
    playlist = Playlist("Late \U0001f319 " + "night " * 60, entries=tuple(entries), crossfade_s=0.5, tempo_bpm=124.0)
    result = MixExporter().export(playlist, tmp_path / "out", formats=["ardour"])
    session = result.folder / "Ardour"
    seen, played = opened(session), render(session, tmp_path / "out.wav")
    assert seen.complaints == ()
    assert sorted((region.position_s, bool(region.missing)) for region in seen.regions) == [
        (0.0, False),
        (1.5, True),
        (3.0, False),
    ]
    left = played.samples[:, 0]
    assert level_db(left, RATE, frequency_hz=frequency_of(0), at_s=1.0) == pytest.approx(TONE_DB, abs=0.01)
    assert level_db(left, RATE, frequency_hz=frequency_of(0), at_s=1.75) == pytest.approx(TONE_DB - 6.02, abs=0.05)
    assert is_silent(played.samples, RATE, from_s=2.0, to_s=3.0)
    assert level_db(left, RATE, frequency_hz=frequency_of(2), at_s=3.25) == pytest.approx(TONE_DB - 6.02, abs=0.05)
    assert level_db(left, RATE, frequency_hz=frequency_of(2), at_s=4.5) == pytest.approx(TONE_DB, abs=0.01)
