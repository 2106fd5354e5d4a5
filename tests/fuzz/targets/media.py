"""Our own readers of audio: what it is, whether it is all there, how long it plays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from chadsdk.errors import IntegrityError, NotAudioError
from chadsdk.media import (
    EXTENSIONS,
    HEAD_BYTES,
    AudioFormat,
    check_whole,
    declared_bytes,
    early_refusal,
    examine,
    read_outline,
    sniff,
    sniff_stream,
)
from tests.fuzz.target import Target, scratch
from tests.media.samples import SAMPLES, dsf, id3v1, id3v2

__all__ = ["TARGET", "check_facts"]

_PATH = scratch() / "x"
_FORMATS = tuple(AudioFormat)
_OURS = {AudioFormat.MP3, AudioFormat.ADTS, AudioFormat.WAVPACK, AudioFormat.DSF}  # read without a library
_SEED_BYTES = 4096


def _take(data: bytes) -> None:
    kind, data = data[:1], data[1:]
    found = sniff(data)
    refused = early_refusal(data)
    assert refused is None or refused.isprintable()
    try:
        assert sniff_stream(BytesIO(data), len(data)) is found or len(data) >= HEAD_BYTES
    except NotAudioError as exc:
        assert found is None
        assert str(exc).isprintable()
    _PATH.write_bytes(data)
    for audio_format in {found, _FORMATS[kind[0] % len(_FORMATS)] if kind else None} - {None}:
        assert audio_format is not None
        with suppress(IntegrityError):
            check_whole(_PATH, audio_format)
        declared = declared_bytes(_PATH, audio_format)
        assert declared is None or declared >= 0
    if found in _OURS or found is AudioFormat.WAV:
        check_facts(_PATH)


def check_facts(path: Path) -> None:
    """Assert that the facts of a file are such that a DAW can be told, if there are any."""
    try:
        audio_format, facts = examine(path)
    except NotAudioError as exc:
        assert str(exc).isprintable()
        return
    assert audio_format.extension in EXTENSIONS
    if facts is None:
        return
    assert 0 < facts.duration_s < 2**63
    assert 0 < facts.sample_rate_hz < 2**32
    assert 0 < facts.channels < 2**16
    peaks = read_outline(path, offset_s=0.0, length_s=facts.duration_s, buckets=20)
    assert peaks is None or all(0 <= peak <= 1 for peak in peaks)


def _seeds() -> Iterator[bytes]:
    for number, sample in enumerate(SAMPLES):
        data = sample.data
        yield bytes([number % 256]) + data[:_SEED_BYTES]
        yield bytes([_FORMATS.index(sample.audio_format)]) + data[:600] + data[-600:]
    yield b"\0" + dsf()[:600]
    yield b"\0" + id3v2(20) + id3v2(0) + id3v1()
    for text in ("<!-- a --><html>", '{"error": 1}', "<?xml version='1.0'?><html/>", "plain text"):
        yield b"\0" + text.encode() + b"\0" + text.encode("utf-16")


TARGET = Target(
    take=_take,
    seeds=_seeds,
    words=(
        *(b"RIFF", b"RF64", b"WAVE", b"fmt ", b"data", b"ds64", b"FORM", b"AIFC", b"COMM", b"SSND", b"fLaC", b"OggS"),
        *(
            b"OpusHead",
            b"\x01vorbis",
            b"caff",
            b"desc",
            b"pakt",
            b"wvpk",
            b"DSD ",
            b".snd",
            b"ID3\x04",
            b"TAG",
            b"Xing",
        ),
        *(
            b"VBRI",
            b"LAME",
            b"ftyp",
            b"M4A ",
            b"moov",
            b"trak",
            b"mdia",
            b"hdlr",
            b"soun",
            b"moof",
            b"mdat",
            b"\xff\xfb\x90",
        ),
        *(b"\xff\xf1", b"\xff\xff\xff\xff", b"\x80\x00\x00\x00", b"\xff\xf8\xc9\x18"),
    ),
    most_bytes=8192,
)
