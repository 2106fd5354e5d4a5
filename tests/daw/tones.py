"""A tone of its own per track, and what a render tells of it: which tone sounds at a moment, and how loud.

Levels are in dB of a full-scale sine: 0 dB is a sine whose peak is 1.0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from harness.audio import AMPLITUDE, FORMATS

__all__ = ["SILENCE_DB", "TONE_DB", "Samples", "frequency_of", "is_silent", "level_db", "tone_at", "write_tones"]

Samples = npt.NDArray[np.float64]
"""Samples of one channel, or frames by channels."""

TONE_DB = 20 * math.log10(AMPLITUDE)
"""How loud every tone is in its file."""
SILENCE_DB = -70.0
"""Below this nothing sounds: the last bit of 16 lies 20 dB lower."""

WINDOW_S = 0.08
FIRST_HZ = 310.0
STEP_HZ = 130.0
ZERO_PADDING = 8


def frequency_of(track: int) -> float:
    """The tone of a track, counted from 0: far enough from every other to be told apart, and in no octave of it."""
    return FIRST_HZ + STEP_HZ * track


def write_tones(file: Path, *, shape: str, frequencies_hz: Sequence[float], frames: int, sample_rate_hz: int) -> Path:
    """Write an audio file that sounds one tone per channel from its first frame to its last, and give it back.

    Args:
        file: Where to write; its folder exists.
        shape: A key of `harness.audio.FORMATS`.
        frequencies_hz: The tone of each channel.
        frames: Length; a lossy codec may round it.
        sample_rate_hz: One that the codec knows.
    """
    moments = np.arange(frames) / sample_rate_hz
    channels = [AMPLITUDE * np.sin(2 * np.pi * frequency * moments) for frequency in frequencies_hz]
    kind = FORMATS[shape]
    with soundfile.SoundFile(
        file, "w", sample_rate_hz, len(channels), subtype=kind.subtype, format=kind.container
    ) as target:
        # In blocks of a second: libsndfile's Vorbis encoder keeps a whole write on the C stack.
        for block in np.array_split(np.stack(channels, axis=1), max(1, frames // sample_rate_hz)):
            target.write(block)
    return file


def tone_at(samples: Samples, sample_rate_hz: int, *, at_s: float) -> float | None:
    """The loudest frequency around a moment in Hz, to within 1 Hz for a steady tone; None where nothing sounds.

    Raises:
        ValueError: The moment is too near to an end of the samples, or they have more than one channel.
    """
    heard = _around(samples, sample_rate_hz, at_s)
    length = len(heard) * ZERO_PADDING
    spectrum = np.abs(np.fft.rfft(heard, length))
    loudest = int(np.argmax(spectrum))
    if _decibels(float(spectrum[loudest])) < SILENCE_DB:
        return None
    return loudest * sample_rate_hz / length


def level_db(samples: Samples, sample_rate_hz: int, *, frequency_hz: float, at_s: float) -> float:
    """How loud one tone is around a moment, whatever sounds beside it; -inf where there is none of it.

    A tone that fades in a straight line has the level of the moment itself: the window is even to both sides.

    Raises:
        ValueError: As for `tone_at`.
    """
    heard = _around(samples, sample_rate_hz, at_s)
    turning = np.exp(-2j * np.pi * frequency_hz / sample_rate_hz * np.arange(len(heard)))
    return _decibels(float(abs(heard @ turning)))


def is_silent(samples: Samples, sample_rate_hz: int, *, from_s: float, to_s: float) -> bool:
    """Nothing above `SILENCE_DB` on any channel, in no sample from one moment up to another.

    Raises:
        ValueError: The span holds no sample, or reaches beyond them.
    """
    first, end = round(from_s * sample_rate_hz), round(to_s * sample_rate_hz)
    if not 0 <= first < end <= len(samples):
        raise ValueError(f"from {from_s} s to {to_s} s is no span of {len(samples) / sample_rate_hz} s of sound")
    return bool(np.abs(samples[first:end]).max() < 10 ** (SILENCE_DB / 20))


def _around(samples: Samples, sample_rate_hz: int, at_s: float) -> Samples:
    """The samples around a moment under a window, scaled so that a full-scale sine has a spectral line of 1."""
    if samples.ndim != 1:
        raise ValueError(f"samples of one channel are wanted, not of shape {samples.shape}")
    half = round(WINDOW_S * sample_rate_hz / 2)
    middle = round(at_s * sample_rate_hz)
    if not half <= middle <= len(samples) - half:
        raise ValueError(f"{at_s} s is within {WINDOW_S / 2} s of an end of {len(samples) / sample_rate_hz} s of sound")
    # Blackman-Harris: its side lobes lie 92 dB below, so a loud tone does not pass for a quiet one beside it.
    phase = 2 * np.pi * np.arange(2 * half) / (2 * half)
    window = 0.35875 - 0.48829 * np.cos(phase) + 0.14128 * np.cos(2 * phase) - 0.01168 * np.cos(3 * phase)
    heard: Samples = samples[middle - half : middle + half] * window * (2 / window.sum())
    return heard


def _decibels(amplitude: float) -> float:
    return 20 * math.log10(amplitude) if amplitude else -math.inf
