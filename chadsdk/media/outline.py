"""The outline of a file's sound: a few hundred short looks into it, for pictures.

Reads a bounded piece of a file of any length, in constant memory, by libsndfile. Of an MP3 it is given a stream of the
few frames that are looked at (`mpeg_looks`): after a jump mpg123 would lack what frames borrow from those before them
and write an error for each to the process's standard error, and decoding from the start takes a quarter of a second for
five minutes. Frames whose side information cannot be true are not given to it either (`mpeg_side`). What is left is
damage within the sound of a frame that is looked at, and in layer II: mpg123 may write a few lines for each such look.
MP3 inside a WAV is not read.
"""

from __future__ import annotations

import sys
from array import array
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chadsdk.errors import NotAudioError
from chadsdk.media.facts import LIBSNDFILE_FORMATS, libsndfile_name
from chadsdk.media.formats import AudioFormat
from chadsdk.media.mpeg_looks import MpegLooks, mpeg_looks
from chadsdk.media.pcm import PlainSound, plain_wave
from chadsdk.media.signature import sniff_window
from chadsdk.media.window import Window, open_window

if TYPE_CHECKING:
    import soundfile

__all__ = ["read_outline"]

_LOOK_FRAMES: Final = 512  # 12 ms; what is louder only between two looks is not seen
_LOOK_SAMPLES: Final = 4096  # over all channels
_STRIDE: Final = 3  # odd, so that every other one is of the other channel
_VORBIS_WARM_UP = 4096  # samples after a jump that libsndfile 1.2.2 mixes with what it decoded before it
_OPUS_LOOKS: Final = 24  # 4 ms each, ten times those of the others
_BY_MPG123: Final = frozenset({"MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"})  # inside a WAV
_MOST_LOOKS: Final = 512
_MPEG_LOOKS: Final = 64  # a look decodes three frames or more
# By length and kind of a sample: its type code; by that, what is silence and what is full scale.
_PLAIN_KINDS: Final = {
    (1, False): "B",
    (2, False): "h",
    (3, False): "b",
    (4, False): "i",
    (4, True): "f",
    (8, True): "d",
}
_SCALES: Final = {"B": (128, 128), "h": (0, 2**15), "b": (0, 128), "i": (0, 2**31), "f": (0, 1), "d": (0, 1)}


def read_outline(path: Path, *, offset_s: float, length_s: float, buckets: int) -> tuple[float, ...] | None:
    """Give the peaks of equal stretches of a part of a file, 0 for silence, 1 for full scale and above.

    Each is looked for in the middle of its stretch, for 12 ms at most. Where the file ends earlier there is silence.

    Args:
        path: The file; its name does not matter.
        offset_s: Where the part begins.
        length_s: How long it is.
        buckets: How many peaks are wanted. There may be fewer, where a look is dear.

    Returns:
        The peaks; None when nothing here reads the file, or not without decoding all of it.
    """
    try:
        with open_window(path) as window:
            found = sniff_window(window)
            if found is AudioFormat.WAV and (plain := plain_wave(window)):
                return _of_plain(window, plain, offset_s, length_s, min(buckets, _MOST_LOOKS))
            if found is AudioFormat.MP3 and buckets > 0:
                return _of_mpeg(
                    mpeg_looks(window, offset_s=offset_s, length_s=length_s, looks=min(buckets, _MPEG_LOOKS))
                )
    except (OSError, NotAudioError):
        return None
    if found not in LIBSNDFILE_FORMATS:
        return None
    looks = min(buckets, _OPUS_LOOKS if found is AudioFormat.OPUS else _MOST_LOOKS)
    return _by_libsndfile(path, offset_s, length_s, looks) if looks > 0 else None


def _of_plain(
    window: Window, sound: PlainSound, offset_s: float, length_s: float, looks: int
) -> tuple[float, ...] | None:
    """Look into plain samples without a library, whose import takes longer than the looks of many files."""
    kind = _PLAIN_KINDS.get((sound.sample_bytes, sound.is_float))
    if kind is None or looks <= 0:
        return None
    first, stretch = int(offset_s * sound.sample_rate_hz), length_s * sound.sample_rate_hz / looks
    look = max(1, min(_LOOK_FRAMES, _LOOK_SAMPLES // sound.channels, int(stretch)))
    frame_bytes = sound.channels * sound.sample_bytes
    peaks = []
    for number in range(looks):
        at = first + int((number + 0.5) * stretch) - look // 2
        count = max(0, min(look, sound.samples - at)) if at >= 0 else 0
        data = window.at(sound.begin + at * frame_bytes, count * frame_bytes) if count else b""
        peaks.append(_plain_peak(data, kind, _STRIDE if look > _STRIDE else 1))
    return tuple(peaks)


def _plain_peak(data: bytes, kind: str, step: int) -> float:
    """Give the peak of every `step`-th sample; of 24 bits the upper 8 tell, which are finer than a picture."""
    samples = array(kind, data[2::3] if kind == "b" else data)[::step]
    if sys.byteorder == "big":
        samples.byteswap()
    if not samples:
        return 0.0
    middle, scale = _SCALES[kind]
    return _clipped(max(max(samples) - middle, middle - min(samples)) / scale)


def _of_mpeg(looks: MpegLooks | None) -> tuple[float, ...] | None:
    if looks is None:
        return None
    try:
        import soundfile  # noqa: PLC0415 - 60 ms and numpy
    except (ImportError, OSError):  # without its wheel's libsndfile it is an OSError
        return None
    peaks = []
    try:
        with soundfile.SoundFile(BytesIO(looks.data)) as sound:
            for frames in looks.frames:
                samples = _read(sound, (frames or 0) * looks.frame_samples)
                peaks.append(_peak(samples[-looks.frame_samples * sound.channels :: _STRIDE]))
    except soundfile.SoundFileError:
        return None
    return tuple(peaks)


def _by_libsndfile(path: Path, offset_s: float, length_s: float, looks: int) -> tuple[float, ...] | None:
    try:
        import soundfile  # noqa: PLC0415 - 60 ms and numpy
    except (ImportError, OSError):  # without its wheel's libsndfile it is an OSError
        return None
    try:
        with soundfile.SoundFile(libsndfile_name(path)) as sound:
            return _peaks(sound, offset_s, length_s, looks)
    except soundfile.SoundFileError:
        return None


def _peaks(sound: soundfile.SoundFile, offset_s: float, length_s: float, looks: int) -> tuple[float, ...] | None:
    if not sound.seekable() or sound.subtype in _BY_MPG123:
        return None
    first, count = int(offset_s * sound.samplerate), int(length_s * sound.samplerate)
    stretch = count / looks
    look = max(1, min(_LOOK_FRAMES, _LOOK_SAMPLES // sound.channels, int(stretch)))
    samples = array("f", bytes(4 * look * sound.channels))
    peaks = []
    for number in range(looks):
        at = first + int((number + 0.5) * stretch) - look // 2
        read = 0
        if 0 <= at < sound.frames:
            _jump(sound, at)
            read = sound.buffer_read_into(samples, "float32")
        peaks.append(_peak(samples[: read * sound.channels : _STRIDE if look > _STRIDE else 1]))
    return tuple(peaks)


def _jump(sound: soundfile.SoundFile, at: int) -> None:
    if sound.subtype == "VORBIS":
        warm_up = min(at, _VORBIS_WARM_UP)
        sound.seek(at - warm_up)
        _read(sound, warm_up)
    else:
        sound.seek(at)


def _read(sound: soundfile.SoundFile, frames: int) -> array[float]:
    """Give so many samples per channel, fewer where the file breaks off (`buffer_read` asserts that it does not)."""
    samples = array("f", bytes(4 * frames * sound.channels))
    read = sound.buffer_read_into(samples, "float32") if frames else 0
    return samples[: read * sound.channels]


def _peak(samples: array[float]) -> float:
    highest, lowest = (max(samples), min(samples)) if samples else (0.0, 0.0)
    return _clipped(max(highest, -lowest))


def _clipped(peak: float) -> float:
    return min(1.0, peak) if peak > 0 else 0.0  # what is no number is neither
