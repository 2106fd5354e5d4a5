"""The ear of the judges hears what was put in front of it, and nothing else."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from harness.audio import FORMATS
from tests.daw.tones import SILENCE_DB, TONE_DB, Samples, frequency_of, is_silent, level_db, tone_at, write_tones

RATE = 44_100
MOMENTS = np.arange(2 * RATE) / RATE


def sine(frequency_hz: float, peak: float = 1.0) -> Samples:
    return peak * np.sin(2 * np.pi * frequency_hz * MOMENTS)


@pytest.mark.parametrize("track", range(40))
def test_each_track_is_told_from_its_neighbours(track: int) -> None:
    """A tone is heard as its own track's, far nearer than the next one's."""
    heard = tone_at(sine(frequency_of(track)), RATE, at_s=1.0)
    assert heard == pytest.approx(frequency_of(track), abs=1.0)


def test_the_tone_changes_when_the_file_does() -> None:
    """Two tones end to end are heard each on its side of the cut."""
    joined = np.concatenate([sine(frequency_of(0))[:RATE], sine(frequency_of(1))[RATE:]])
    assert tone_at(joined, RATE, at_s=0.95) == pytest.approx(frequency_of(0), abs=1.0)
    assert tone_at(joined, RATE, at_s=1.05) == pytest.approx(frequency_of(1), abs=1.0)


def test_a_file_at_the_wrong_rate_is_heard() -> None:
    """A render of 48 kHz samples as if they were 44.1 kHz is another tone."""
    assert tone_at(sine(frequency_of(3)), 48_000, at_s=0.5) != pytest.approx(frequency_of(3), abs=20.0)


def test_nothing_sounds_in_silence() -> None:
    """Zeros, and the noise of 16-bit rounding, are no tone."""
    assert tone_at(np.zeros(RATE), RATE, at_s=0.5) is None
    assert tone_at(sine(500.0, 1 / 32768), RATE, at_s=0.5) is None


@pytest.mark.parametrize("peak", [1.0, 0.5, 0.1, 0.01])
def test_level_is_that_of_the_tone(peak: float) -> None:
    """The level is 20 log10 of the peak of the sine, to a hundredth of a dB."""
    assert level_db(sine(700.0, peak), RATE, frequency_hz=700.0, at_s=1.0) == pytest.approx(
        20 * math.log10(peak), abs=0.01
    )


def test_levels_of_two_tones_at_once_do_not_mix() -> None:
    """Through a crossfade each tone has its level, and a third one has none."""
    both = sine(frequency_of(0), 0.4) + sine(frequency_of(1), 0.004)
    assert level_db(both, RATE, frequency_hz=frequency_of(0), at_s=1.0) == pytest.approx(TONE_DB, abs=0.01)
    assert level_db(both, RATE, frequency_hz=frequency_of(1), at_s=1.0) == pytest.approx(TONE_DB - 40, abs=0.05)
    assert level_db(both, RATE, frequency_hz=frequency_of(2), at_s=1.0) < SILENCE_DB


def test_level_inside_a_straight_fade_is_that_of_the_moment() -> None:
    """A quarter into a fade of a second the tone is at a quarter."""
    faded = sine(700.0) * np.clip(MOMENTS, 0, 1)
    assert level_db(faded, RATE, frequency_hz=700.0, at_s=0.25) == pytest.approx(20 * math.log10(0.25), abs=0.02)


def test_no_level_at_all_is_minus_infinity() -> None:
    """Silence is below any bound, and no error."""
    assert level_db(np.zeros(RATE), RATE, frequency_hz=700.0, at_s=0.5) == -math.inf


def test_one_wild_sample_ends_a_silence() -> None:
    """Silence is a claim on every sample of every channel."""
    samples = np.zeros((RATE, 2))
    assert is_silent(samples, RATE, from_s=0.0, to_s=1.0)
    samples[30_000, 1] = -0.01
    assert not is_silent(samples, RATE, from_s=0.0, to_s=1.0)
    assert is_silent(samples, RATE, from_s=0.7, to_s=1.0)


def test_a_sound_that_is_not_a_number_is_no_silence() -> None:
    """A sample that is NaN does not pass for quiet."""
    samples = np.zeros(RATE)
    samples[10] = np.nan
    assert not is_silent(samples, RATE, from_s=0.0, to_s=1.0)


@pytest.mark.parametrize("at_s", [0.0, 0.03, 1.98, 2.0, 5.0])
def test_a_moment_at_the_edge_is_refused(at_s: float) -> None:
    """Where the window would reach beyond the samples there is no answer rather than a wrong one."""
    with pytest.raises(ValueError, match="of an end"):
        tone_at(sine(500.0), RATE, at_s=at_s)


@pytest.mark.parametrize(("from_s", "to_s"), [(1.0, 1.0), (-0.5, 1.0), (1.5, 2.5), (1.2, 1.0)])
def test_a_span_that_is_none_is_refused(from_s: float, to_s: float) -> None:
    """Silence of no samples, or of samples that do not exist, would be true of anything."""
    with pytest.raises(ValueError, match="no span"):
        is_silent(np.zeros(2 * RATE), RATE, from_s=from_s, to_s=to_s)


def test_channels_are_asked_one_at_a_time() -> None:
    """Frames by channels are refused: the middle of a row of channels is no moment."""
    with pytest.raises(ValueError, match="one channel"):
        tone_at(np.zeros((RATE, 2)), RATE, at_s=0.5)


@pytest.mark.parametrize("shape", [name for name in FORMATS if name != "opus"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_fixture_sounds_its_tone_on_each_channel(tmp_path: Path, shape: str, channels: int) -> None:
    """In every format each channel has its own tone at the stated level, and not the other's."""
    tones = [frequency_of(track) for track in range(channels)]
    file = write_tones(tmp_path / "tone", shape=shape, frequencies_hz=tones, frames=RATE, sample_rate_hz=RATE)
    samples, rate = soundfile.read(file, always_2d=True)
    assert samples.shape[1] == channels
    for channel, tone in enumerate(tones):
        assert tone_at(samples[:, channel], rate, at_s=0.5) == pytest.approx(tone, abs=1.0)
        assert level_db(samples[:, channel], rate, frequency_hz=tone, at_s=0.5) == pytest.approx(TONE_DB, abs=0.3)
