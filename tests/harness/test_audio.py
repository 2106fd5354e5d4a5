"""The audio is real: another reader finds in it what its recording states."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from harness.audio import FORMATS, Tone, write_sized_wav, write_tone

RATES_HZ = {"opus": 48_000, "mp3": 22_050, "wav24": 96_000}


def tone(name: str, *, frequency_hz: float = 440.0, channels: int = 1) -> Tone:
    return Tone(name, frequency_hz, 1.3, RATES_HZ.get(name, 44_100), channels)


def loudest_hz(samples: np.ndarray, sample_rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.argmax(spectrum) * sample_rate_hz / len(samples))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("channels", [1, 2])
def test_a_file_decodes_to_what_its_recording_states(tmp_path: Path, name: str, channels: int) -> None:
    """Length, sample rate and channels of the decoded samples are the stated ones, in every format."""
    recording = write_tone(tmp_path / "tone", tone(name, channels=channels))
    samples, sample_rate_hz = soundfile.read(recording.file, always_2d=True)
    assert len(samples) / sample_rate_hz == pytest.approx(recording.duration_s, abs=1e-9)
    assert (sample_rate_hz, samples.shape[1]) == (recording.sample_rate_hz, channels)
    assert recording.duration_s == pytest.approx(1.3, abs=0.05)


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_sounds_its_own_tone(tmp_path: Path, name: str) -> None:
    """The loudest frequency is the recording's, so that a render can tell which file sounds."""
    recording = write_tone(tmp_path / "tone", tone(name, frequency_hz=655.0))
    samples, sample_rate_hz = soundfile.read(recording.file)
    assert loudest_hz(samples, sample_rate_hz) == pytest.approx(655.0, abs=2.0)


def test_a_tone_starts_and_ends_in_silence(tmp_path: Path) -> None:
    """There is no click at either end: the edges fade."""
    samples, _ = soundfile.read(write_tone(tmp_path / "tone", tone("wav24")).file)
    assert np.abs(samples[[0, -1]]).max() < 1e-4
    assert np.abs(samples).max() > 0.3


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_tone_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    """Writing a tone twice gives one digest; Ogg's random stream number is not left to chance."""
    first = write_tone(tmp_path / "first", tone(name))
    assert write_tone(tmp_path / "second", tone(name)).sha256 == first.sha256


@pytest.mark.parametrize("size_bytes", [46, 1_000, 200_002])
def test_a_sized_wav_has_exactly_its_size(tmp_path: Path, size_bytes: int) -> None:
    """The file is that long, and all of it behind the header is samples."""
    recording = write_sized_wav(tmp_path / "sized.wav", size_bytes=size_bytes, frequency_hz=300)
    assert recording.size_bytes == recording.file.stat().st_size == size_bytes
    assert len(soundfile.read(recording.file)[0]) == (size_bytes - 44) // 2


@pytest.mark.parametrize("size_bytes", [45, 44, 0, 1_001])
def test_a_size_that_no_wav_has_is_refused(tmp_path: Path, size_bytes: int) -> None:
    """Odd sizes and sizes without room for a sample raise instead of giving another size."""
    with pytest.raises(ValueError, match=str(size_bytes)):
        write_sized_wav(tmp_path / "sized.wav", size_bytes=size_bytes, frequency_hz=300)
