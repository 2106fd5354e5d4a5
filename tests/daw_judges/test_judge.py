"""The judge sees right and wrong: what it says of sessions whose right answer is known by other means."""

from __future__ import annotations

import hashlib
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.daw import ardour as judge
from tests.daw.ardour import ArdourError, Marker, Opened, Render, ardour_or_skip, opened, regions_of, render
from tests.daw.sessions import Clip, write_session
from tests.daw.tones import TONE_DB, frequency_of, is_silent, level_db, tone_at, write_tones

pytestmark = pytest.mark.timeout(300)

RATE = 44_100
LOW, HIGH = frequency_of(0), frequency_of(4)
CLIPS = (
    Clip("first", "low.wav", 2 * RATE, position=0, length=RATE),
    Clip("gone", "gone.flac", 5 * RATE, position=RATE, length=RATE),
    Clip("late & <odd> 100%\u00a0😀", "high.wav", 2 * RATE, position=2 * RATE + 7, length=RATE, start=11_025, gain=0.5),
)


def tones_in(folder: Path) -> list[Path]:
    """A low and a high stereo file of 2 s; the right channel of each is half a step above its left one."""
    pairs = {"low.wav": (LOW, LOW + 60), "high.wav": (HIGH, HIGH + 60)}
    return [
        write_tones(folder / name, shape="wav24", frequencies_hz=pair, frames=2 * RATE, sample_rate_hz=RATE)
        for name, pair in pairs.items()
    ]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A low tone for 1 s, a missing file for 1 s, and from 2 s on a high tone at half its amplitude."""
    ardour_or_skip()
    made = tmp_path_factory.mktemp("session")
    return write_session(made / "set one", CLIPS, files=tones_in(made), markers=["start", "10 % & 😀"])


@pytest.fixture(scope="module")
def seen(session: Path) -> Opened:
    """What Ardour says of it."""
    return opened(session)


@pytest.fixture(scope="module")
def played(session: Path, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """What Ardour plays of it."""
    return render(session, tmp_path_factory.mktemp("render") / "out.wav")


def test_times_gains_and_names_are_those_of_the_session(seen: Opened) -> None:
    """Position, length, offset and gain come back to the sample, and names to the letter."""
    found = [(r.track, r.name, r.position_s, r.length_s, r.source_offset_s, r.gain) for r in seen.regions]
    assert found == [
        ("Deck", clip.name, clip.position / RATE, clip.length / RATE, clip.start / RATE, clip.gain) for clip in CLIPS
    ]


def test_rate_range_and_markers_are_those_of_the_session(seen: Opened) -> None:
    """The session's own facts come back."""
    assert (seen.sample_rate_hz, seen.end_s, seen.tracks) == (RATE, (3 * RATE + 7) / RATE, ("Deck",))
    assert seen.markers == (Marker("start", 0.0), Marker("10 % & 😀", 1.0))


def test_files_are_told_from_missing_ones(seen: Opened) -> None:
    """Each channel's file is named below the session; what is not there is named as missing, in its place."""
    first, gone, _ = seen.regions
    assert first.files == (Path("interchange/set one/audiofiles/low.wav"),) * 2
    assert first.missing == ()
    assert (gone.files, gone.missing) == ((), ("gone.flac",) * 2)


def test_regions_of_is_the_list_of_regions(session: Path, seen: Opened) -> None:
    """The short door gives the same regions."""
    assert regions_of(session) == list(seen.regions)


def test_a_render_shows_which_file_sounds_where(played: Render) -> None:
    """The low tone in the first second, the high one in the third, and left is not right."""
    left, right = played.samples.T
    assert tone_at(left, RATE, at_s=0.5) == pytest.approx(LOW, abs=1.0)
    assert tone_at(right, RATE, at_s=0.5) == pytest.approx(LOW + 60, abs=1.0)
    assert tone_at(left, RATE, at_s=2.5) == pytest.approx(HIGH, abs=1.0)
    assert tone_at(right, RATE, at_s=2.5) == pytest.approx(HIGH + 60, abs=1.0)


def test_a_render_is_silent_where_a_file_is_missing(played: Render) -> None:
    """The second of the missing file is silent up to its edges, and the seconds beside it are not."""
    assert is_silent(played.samples, RATE, from_s=1.0, to_s=2.0)
    assert not is_silent(played.samples, RATE, from_s=0.95, to_s=1.0)
    assert not is_silent(played.samples, RATE, from_s=2.0, to_s=2.05)


def test_a_render_has_the_gain_of_the_region(played: Render) -> None:
    """Half the amplitude is 6.02 dB less, and a region without gain plays as loud as its file."""
    left = played.samples[:, 0]
    assert level_db(left, RATE, frequency_hz=LOW, at_s=0.5) == pytest.approx(TONE_DB, abs=0.01)
    assert level_db(left, RATE, frequency_hz=HIGH, at_s=2.5) == pytest.approx(TONE_DB - 6.0206, abs=0.01)


def test_a_render_starts_each_file_at_its_offset(played: Render, session: Path) -> None:
    """Apart from the fades, the samples are those of the file from the offset on."""
    source, _ = soundfile.read(session / "interchange/set one/audiofiles/high.wav")
    clip = CLIPS[2]
    heard = played.samples[clip.position + clip.fade : clip.position + clip.length - clip.fade]
    wanted = source[clip.start + clip.fade : clip.start + clip.length - clip.fade] * clip.gain
    assert np.abs(heard - wanted).max() < 1e-6


def test_two_files_that_are_swapped_are_heard_swapped(tmp_path: Path) -> None:
    """The judge turns red where it should: a session that plays the wrong file sounds the wrong tone."""
    ardour_or_skip()
    low, high = tones_in(tmp_path)
    low.rename(tmp_path / "kept.wav")
    high.rename(low)
    (tmp_path / "kept.wav").rename(high)
    swapped = write_session(tmp_path / "set", CLIPS, files=[low, high])
    left = render(swapped, tmp_path / "out.wav").samples[:, 0]
    assert tone_at(left, RATE, at_s=0.5) == pytest.approx(HIGH, abs=1.0)
    assert tone_at(left, RATE, at_s=2.5) == pytest.approx(LOW, abs=1.0)


def test_a_crossfade_of_a_second_is_heard_as_levels(tmp_path: Path) -> None:
    """A quarter into a fade-in of a second the tone is at a quarter of its amplitude, 12.04 dB down."""
    ardour_or_skip()
    faded = Clip("faded", "low.wav", 2 * RATE, position=0, length=2 * RATE, fade=RATE)
    left = render(write_session(tmp_path / "set", [faded], files=tones_in(tmp_path)), tmp_path / "out.wav").samples[
        :, 0
    ]
    for at_s, db in {0.25: -12.04, 0.5: -6.02, 1.5: -6.02, 1.75: -12.04}.items():
        assert level_db(left, RATE, frequency_hz=LOW, at_s=at_s) == pytest.approx(TONE_DB + db, abs=0.03)


def test_opening_and_rendering_leave_the_session_alone(session: Path, seen: Opened, played: Render) -> None:
    """Ardour writes into what it opens: that was a copy."""
    assert (seen.regions, len(played.samples)) != ((), 0)
    assert sorted(path.name for path in session.rglob("*") if path.is_file()) == [
        "high.wav",
        "low.wav",
        "set one.ardour",
    ]
    fresh = hashlib.sha256((session / "set one.ardour").read_bytes()).hexdigest()
    again = write_session(session.parent / "again" / "set one", CLIPS, files=[], markers=["start", "10 % & 😀"])
    assert hashlib.sha256((again / "set one.ardour").read_bytes()).hexdigest() == fresh


def test_a_file_outside_the_session_is_named_with_its_whole_path(tmp_path: Path) -> None:
    """A session that points elsewhere shows: its file is absolute, and so not below the folder."""
    ardour_or_skip()
    low, _ = tones_in(tmp_path)
    outside = Clip("far", str(low), 2 * RATE, position=0, length=RATE)
    [region] = regions_of(write_session(tmp_path / "set", [outside], files=[]))
    assert region.files == (low, low)


@pytest.mark.parametrize("wrong", ["not XML", "<Session version='7002'/>"])
def test_a_session_that_does_not_open_is_an_error(tmp_path: Path, wrong: str) -> None:
    """What Ardour refuses is no empty list of regions, and no silent render."""
    ardour_or_skip()
    folder = write_session(tmp_path / "set", CLIPS, files=tones_in(tmp_path))
    (folder / "set.ardour").write_text(wrong, encoding="utf-8")
    with pytest.raises(ArdourError, match="does not open"):
        opened(folder)
    with pytest.raises(ArdourError, match=r"no two equal renders .* but 0: "):
        render(folder, tmp_path / "out.wav")


def test_a_file_that_is_no_audio_is_an_error(tmp_path: Path) -> None:
    """Ardour refuses the whole session for one file that it cannot read, and the judge passes on what it said."""
    ardour_or_skip()
    tones_in(tmp_path)
    (tmp_path / "low.wav").write_text("<html>sold out</html>")
    folder = write_session(tmp_path / "set", CLIPS, files=[tmp_path / "low.wav", tmp_path / "high.wav"])
    with pytest.raises(ArdourError, match=r"low\.wav"):
        opened(folder)


def test_a_folder_without_a_session_is_an_error(tmp_path: Path) -> None:
    """No session, or two, is said before Ardour is asked."""
    with pytest.raises(ArdourError, match=r"holds 0 \.ardour files"):
        opened(tmp_path)


def test_a_test_is_skipped_where_ardour_is_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe skips with the name of the package."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match="`ardour`"):
        ardour_or_skip()


HANG = -1.0


def exporting(folder: Path, monkeypatch: pytest.MonkeyPatch, *, peaks: list[float], exit_code: int = 0) -> None:
    """Put a program before Ardour's that at each call writes one of these peaks 100 times, 0 none, or hangs."""
    state, command = folder / "calls", folder / "bin" / "ardour7-export"
    command.parent.mkdir()
    state.write_text("0")
    command.write_text(
        f"#!{sys.executable}\nimport pathlib, signal, sys, numpy, soundfile\nstate = pathlib.Path({str(state)!r})\n"
        f"call = int(state.read_text())\nstate.write_text(str(call + 1))\npeaks = {peaks!r}\n"
        f"if peaks[call % len(peaks)] == {HANG}: signal.pause()\n"
        "frames = numpy.full((100, 2), peaks[call % len(peaks)])\n"
        "soundfile.write(sys.argv[4], frames[: 100 if frames[0, 0] else 0], 44100, subtype='FLOAT')\n"
        f"sys.exit({exit_code})\n"
    )
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(command.parent), prepend=":")


def test_a_wild_render_is_outvoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One render with wild samples does not count: two others that are the same do."""
    exporting(tmp_path, monkeypatch, peaks=[9.5, 0.25, 0.25])
    played = render(write_session(tmp_path / "set", CLIPS, files=[]), tmp_path / "out.wav")
    assert played.samples.max() == 0.25
    assert (tmp_path / "calls").read_text() == "3"


def test_a_render_that_hangs_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that never ends, as Ardour's at times, costs one of the runs and not the verdict."""
    exporting(tmp_path, monkeypatch, peaks=[HANG, 0.25, 0.25])
    monkeypatch.setattr(judge, "RENDER_TIMEOUT_S", 10.0)
    played = render(write_session(tmp_path / "set", CLIPS, files=[]), tmp_path / "out.wav")
    assert played.samples.max() == 0.25


def test_a_render_counts_although_the_program_died_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The WAV is judged, not the exit code."""
    exporting(tmp_path, monkeypatch, peaks=[0.25], exit_code=134)
    played = render(write_session(tmp_path / "set", CLIPS, files=[]), tmp_path / "out.wav")
    assert played.samples.shape == (100, 2)


def test_renders_of_nothing_do_not_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that died before the first sample, twice, has not rendered anything."""
    exporting(tmp_path, monkeypatch, peaks=[0.0, 0.0, 0.25, 0.25], exit_code=134)
    played = render(write_session(tmp_path / "set", CLIPS, files=[]), tmp_path / "out.wav")
    assert played.samples.shape == (100, 2)


def test_renders_that_never_agree_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No render is taken on its own word."""
    exporting(tmp_path, monkeypatch, peaks=[n / 100 for n in range(1, 20)])
    with pytest.raises(ArdourError, match=r"no two equal renders .* but 8: "):
        render(write_session(tmp_path / "set", CLIPS, files=[]), tmp_path / "out.wav")
