"""Real audio files: some written on the spot by libsndfile, some stored in ``data`` (see its ``make.sh``)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile

from chadsdk.media import AudioFormat, sniff

DATA = Path(__file__).parent / "data"


def checked_in(name: str, folder: Path) -> Path:
    """A copy of one of the stored files."""
    file = folder / name
    file.write_bytes((DATA / name).read_bytes())
    return file


@dataclass(frozen=True, slots=True)
class Written:
    """A file that libsndfile writes: what goes in is what `read_facts` must give back."""

    audio_format: AudioFormat
    container: str
    subtype: str
    rate: int = 44100
    channels: int = 2
    seconds: float = 0.25

    def __str__(self) -> str:
        return f"{self.container}-{self.subtype}-{self.rate}-{self.channels}ch"

    @property
    def data(self) -> bytes:
        """The whole file."""
        return _written(self)


@cache
def _written(sample: Written) -> bytes:
    frames = round(sample.seconds * sample.rate)
    tone = 0.4 * np.sin(np.arange(frames) * 440 * 2 * np.pi / sample.rate)
    noise = np.random.default_rng(1).normal(0, 0.05, (frames, sample.channels))
    buffer = BytesIO()
    soundfile.write(buffer, tone[:, None] + noise, sample.rate, format=sample.container, subtype=sample.subtype)
    return buffer.getvalue()


_PCM = ("PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW")
EXACT = (
    *(Written(AudioFormat.WAV, c, s) for c in ("WAV", "WAVEX", "RF64") for s in (*_PCM, "PCM_U8")),
    *(Written(AudioFormat.AIFF, "AIFF", s) for s in (*_PCM, "PCM_S8", "PCM_U8")),
    *(Written(AudioFormat.FLAC, "FLAC", s) for s in ("PCM_S8", "PCM_16", "PCM_24")),
    *(Written(AudioFormat.CAF, "CAF", s) for s in (*_PCM, "PCM_S8", "ALAC_16", "ALAC_24")),
    *(Written(AudioFormat.AU, "AU", s) for s in (*_PCM, "PCM_S8")),
    *(
        Written(AudioFormat.MP3, "MP3", "MPEG_LAYER_III", rate, n)
        for rate in (44100, 48000, 22050, 8000)
        for n in (1, 2)
    ),
    Written(AudioFormat.OGG, "OGG", "VORBIS"),
    Written(AudioFormat.OGG, "OGG", "VORBIS", 48000, 1),
    Written(AudioFormat.OPUS, "OGG", "OPUS", 48000, 2),
)
"""Files whose length comes back to the sample."""

ROUNDED = (
    *(Written(AudioFormat.WAV, "WAV", s, channels=1) for s in ("IMA_ADPCM", "MS_ADPCM", "GSM610", "G721_32")),
    *(Written(AudioFormat.AIFF, "AIFF", s, channels=1) for s in ("IMA_ADPCM", "GSM610", "DWVW_16")),
    *(Written(AudioFormat.AU, "AU", s, channels=1) for s in ("G721_32", "G723_24")),
)
"""Files whose codec fills up its last block."""

WRITTEN = EXACT + ROUNDED


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of ``data``; `seconds`, `rate` and `channels` are None where `read_facts` gives nothing."""

    name: str
    audio_format: AudioFormat
    seconds: float | None = None
    rate: int | None = None
    channels: int | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def data(self) -> bytes:
        """The whole file."""
        return (DATA / self.name).read_bytes()


STORED = (
    Stored("aac.m4a", AudioFormat.MP4, 0.5, 44100, 1),
    Stored("index-first.m4a", AudioFormat.MP4, 0.5, 44100, 1),
    Stored("generic-brand.mp4", AudioFormat.MP4, 0.5, 44100, 1),
    Stored("fragmented.m4a", AudioFormat.MP4),
    Stored("alac.m4a", AudioFormat.MP4, 0.5, 8000, 1),
    Stored("adts.aac", AudioFormat.ADTS, 23 * 1024 / 44100, 44100, 1),
    Stored("wma.wma", AudioFormat.WMA, 0.51, 44100, 1),
    Stored("wavpack.wv", AudioFormat.WAVPACK),
    Stored("flac.oga", AudioFormat.OGG_FLAC),
    Stored("alac.caf", AudioFormat.CAF),
    Stored("tagged.mp3", AudioFormat.MP3, 0.5, 44100, 1),
    Stored("layer2.mp2", AudioFormat.MP3, 20 * 1152 / 44100, 44100, 1),
    Stored("silence-then-noise.mp3", AudioFormat.MP3, 32 * 1152 / 44100, 44100, 1),
    Stored("piped.wav", AudioFormat.WAV, 0.5, 8000, 1),
    Stored("piped.flac", AudioFormat.FLAC, 0.2, 8000, 1),
    Stored("piped.aiff", AudioFormat.AIFF, 0.5, 8000, 1),
    Stored("piped.au", AudioFormat.AU, 0.5, 8000, 1),
)

SAMPLES: tuple[Written | Stored, ...] = (*WRITTEN, *STORED)


def synchsafe(size: int) -> bytes:
    """An ID3v2 size: seven bits to the byte."""
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def id3v2(body_bytes: int) -> bytes:
    """An ID3v2.3 tag of padding."""
    return b"ID3\x03\0\0" + synchsafe(body_bytes) + bytes(body_bytes)


def id3v1() -> bytes:
    """The 128 bytes that old taggers append."""
    return b"TAG" + b"Title".ljust(125, b"\0")


def dsf() -> bytes:
    """A DSF file of one block per channel, by Sony's specification 1.01."""
    sound = bytes(4096)
    form = b"fmt " + (52).to_bytes(8, "little") + bytes(40)
    data = b"data" + (12 + len(sound)).to_bytes(8, "little") + sound
    total = 28 + len(form) + len(data)
    head = b"DSD " + (28).to_bytes(8, "little") + total.to_bytes(8, "little") + bytes(8)
    whole = head + form + data
    assert sniff(whole) is AudioFormat.DSF
    return whole


def patched_xing(data: bytes, *, frames: int | None = None, seek_points: bytes | None = None) -> bytes:
    """An MP3 whose header in the first frame says something else."""
    at = max(data.find(b"Xing"), data.find(b"Info"))
    assert data[at + 7] & 7 == 7  # frames, bytes and seek points are there
    patched = bytearray(data)
    if frames is not None:
        patched[at + 8 : at + 12] = frames.to_bytes(4, "big")
    if seek_points is not None:
        patched[at + 16 : at + 116] = seek_points
    return bytes(patched)


def stretched_ogg(data: bytes, position: int) -> bytes:
    """An Ogg whose last page says that it ends at another sample."""
    at = data.rfind(b"OggS")
    page = bytearray(data[at:])
    page[6:14], page[22:26] = position.to_bytes(8, "little"), bytes(4)
    checksum = 0
    for byte in page:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = (checksum << 1) ^ (0x1_04C1_1DB7 if checksum & 0x8000_0000 else 0)
    page[22:26] = checksum.to_bytes(4, "little")
    return data[:at] + bytes(page)
