"""Tests of the reader of plain WAV headers: where it gives an answer, it is that of libsndfile."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from chadsdk.media.pcm import PlainSound, plain_wave
from chadsdk.media.window import Window
from tests.media.samples import EXACT, ROUNDED, Written

_PLAIN = {"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"}
_WAVES = [sample for sample in (*EXACT, *ROUNDED) if sample.container in {"WAV", "WAVEX", "RF64"}]


def _read(data: bytes) -> PlainSound | None:
    return plain_wave(Window(BytesIO(data), len(data), whole=True))


def _facts(sound: PlainSound) -> tuple[int, int, int]:
    return sound.samples, sound.sample_rate_hz, sound.channels


def _by_libsndfile(data: bytes) -> tuple[int, int, int]:
    with soundfile.SoundFile(BytesIO(data)) as sound:
        return sound.frames, sound.samplerate, sound.channels


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def _wave(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _form(codec: int, channels: int, rate: int, bits: int) -> bytes:
    frame = channels * bits // 8
    return _chunk(b"fmt ", struct.pack("<HHIIHH", codec, channels, rate, rate * frame % 2**32, frame, bits))


@pytest.mark.parametrize("sample", _WAVES, ids=str)
def test_plain_files_are_read_and_others_are_left_to_libsndfile(sample: Written) -> None:
    """Integer and float samples in a RIFF file give the facts; compressed, extensible and RF64 files give None."""
    found = _read(sample.data)
    is_plain = sample.container == "WAV" and sample.subtype in _PLAIN
    assert (found and _facts(found)) == (_by_libsndfile(sample.data) if is_plain else None)


@given(
    codec=st.sampled_from([1, 3]),
    channels=st.integers(1, 64),
    rate=st.sampled_from([1, 8000, 44100, 192_000, 2**31 - 1]),
    bits=st.sampled_from([8, 16, 24, 32, 64]),
    sound=st.integers(0, 3000),
    before=st.sampled_from([b"", _chunk(b"LIST", b"INFO" + bytes(7)), _chunk(b"bext", bytes(602))]),
    behind=st.sampled_from([b"", _chunk(b"id3 ", b"ID3\x04" + bytes(20)), b"junk"]),
)
def test_an_answer_is_that_of_libsndfile(
    codec: int, channels: int, rate: int, bits: int, sound: int, before: bytes, behind: bytes
) -> None:
    """Whatever stands around the sound, and where it ends in mid-sample too."""
    data = _wave(before, _form(codec, channels, rate, bits), _chunk(b"data", bytes(sound)), behind)
    found = _read(data)
    if found is not None:
        assert _facts(found) == _by_libsndfile(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        _wave(_chunk(b"data", bytes(8))),
        _wave(_form(1, 2, 44100, 16)),
        _wave(_form(1, 2, 44100, 16), _chunk(b"data", b"")),
        _wave(_form(1, 2, 44100, 16), _chunk(b"data", bytes(8)))[:-1],
        _wave(_form(1, 0, 44100, 16), _chunk(b"data", bytes(8))),
        _wave(_form(1, 2, 0, 16), _chunk(b"data", bytes(8))),
        _wave(_form(1, 2, 44100, 12), _chunk(b"data", bytes(8))),
        _wave(_form(1, 2, 44100, 16), b"data\xff\xff\xff\xff" + bytes(8)),
        _wave(*[_chunk(b"junk", b"")] * 1000, _form(1, 2, 44100, 16), _chunk(b"data", bytes(8))),
    ],
)
def test_what_is_not_plain_gives_no_answer(data: bytes) -> None:
    """Empty, without format or sound, cut, contradicting itself, of unknown length: somebody else has to judge."""
    assert _read(data) is None
