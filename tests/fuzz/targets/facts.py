"""The libraries that tell the facts of audio: what libsndfile and tinytag make of anything at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from chadsdk.errors import NotAudioError
from chadsdk.media import AudioFormat, check_last_sample
from tests.fuzz.target import Target, scratch
from tests.fuzz.targets.media import check_facts
from tests.media.samples import SAMPLES

__all__ = ["TARGET"]

_PATH = scratch() / "x"
_ASKED = {AudioFormat.WAV, AudioFormat.AIFF, AudioFormat.FLAC, AudioFormat.CAF, AudioFormat.AU, AudioFormat.OGG}
_ASKED |= {AudioFormat.OPUS, AudioFormat.OGG_FLAC, AudioFormat.MP4, AudioFormat.WMA}


def _take(data: bytes) -> None:
    _PATH.write_bytes(data)
    check_facts(_PATH)
    if data[:4] == b"fLaC":
        with suppress(NotAudioError):
            check_last_sample(_PATH)


def _seeds() -> Iterator[bytes]:
    for sample in SAMPLES:
        if sample.audio_format in _ASKED:
            yield sample.data[:3000]
            if sample.audio_format in {AudioFormat.MP4, AudioFormat.WMA}:
                yield sample.data


TARGET = Target(
    take=_take,
    seeds=_seeds,
    words=(
        *(b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"esds", b"alac", b"mvhd", b"mdhd", b"COMM", b"SSND"),
        *(b"data", b"fmt ", b"desc", b"pakt", b"\xff\xff\xff\xff", b"\0\0\0\0"),
    ),
    most_bytes=12_288,
)
