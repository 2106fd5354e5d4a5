"""Tests of telling a cut file from a whole one by its own container."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chadsdk.errors import IntegrityError
from chadsdk.media import AudioFormat, check_whole, declared_bytes
from tests.media.samples import DATA, EXACT, SAMPLES, Stored, Written, dsf, id3v1, id3v2

_STATES_ITS_SIZE = {
    AudioFormat.WAV,
    AudioFormat.AIFF,
    AudioFormat.CAF,
    AudioFormat.AU,
    AudioFormat.MP4,
    AudioFormat.WMA,
}
_FRAMES_ONLY = ("adts.aac", "layer2.mp2", "silence-then-noise.mp3")


def _one(audio_format: AudioFormat) -> bytes:
    return next(sample.data for sample in EXACT if sample.audio_format is audio_format)


def _is_whole(path: Path, data: bytes, audio_format: AudioFormat) -> bool:
    path.write_bytes(data)
    try:
        check_whole(path, audio_format)
    except IntegrityError:
        return False
    return True


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("container") / "x"


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_healthy_files_pass(sample: Written | Stored, path: Path) -> None:
    """No healthy file raises an alarm, with junk, an ID3v1 tag or a padding byte behind it or without."""
    noise = bytes((7 * n * n + n) & 0xFF for n in range(3000))
    for tail in (b"", b"\0", id3v1(), noise, bytes(200_000)):
        assert _is_whole(path, sample.data + tail, sample.audio_format)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_declared_length_is_that_of_the_file(sample: Written | Stored, path: Path) -> None:
    """A container that states its size states the file's, and a piped one is known not to state it."""
    path.write_bytes(sample.data)
    declared = declared_bytes(path, sample.audio_format)
    if sample.audio_format in _STATES_ITS_SIZE and "piped" not in str(sample):
        assert declared is not None
        assert declared in (len(sample.data), len(sample.data) - 1)  # an odd chunk is padded at the end
    else:
        assert declared is None


@pytest.mark.parametrize(
    "sample",
    [s for s in SAMPLES if "piped" not in str(s) and str(s) not in (*_FRAMES_ONLY, "fragmented.m4a")],
    ids=str,
)
def test_every_cut_is_seen(sample: Written | Stored, path: Path) -> None:
    """A file that ends early anywhere, by a byte of sound or by nearly all, is called cut."""
    data, end = sample.data, _sound_end(sample)
    cuts = {*range(16, end, max(1, end // 60)), *range(end - 40, end)}
    assert [cut for cut in sorted(cuts) if _is_whole(path, data[:cut], sample.audio_format)] == []


def _sound_end(sample: Written | Stored) -> int:
    """Where the sound ends at the latest: before a tag, or before the byte that pads an odd chunk."""
    if str(sample) == "tagged.mp3":
        return len(sample.data) - len(id3v1())
    if sample.audio_format is AudioFormat.WAVPACK:
        return sample.data.index(b"APETAGEX")
    is_padded = sample.audio_format in (AudioFormat.CAF, AudioFormat.AIFF, AudioFormat.WAV)
    return len(sample.data) - is_padded


@settings(max_examples=150)
@given(
    sample=st.sampled_from([AudioFormat.WAV, AudioFormat.AIFF, AudioFormat.OGG, AudioFormat.OPUS]),
    share=st.floats(0, 1, exclude_max=True),
)
def test_every_prefix_is_cut(path: Path, sample: AudioFormat, share: float) -> None:
    """Any proper prefix of a file whose sound goes to its end is called cut."""
    data = _one(sample)
    assert not _is_whole(path, data[: int(share * len(data))], sample)


@settings(max_examples=100)
@given(
    name=st.sampled_from(["aac.m4a", "index-first.m4a", "generic-brand.mp4", "alac.m4a"]),
    share=st.floats(0, 1, exclude_max=True),
)
def test_every_prefix_of_an_m4a_is_cut(path: Path, name: str, share: float) -> None:
    """An M4A is cut without its index, and without the end of its sound, whichever comes first."""
    data = (DATA / name).read_bytes()
    assert not _is_whole(path, data[: int(share * len(data))], AudioFormat.MP4)


@settings(max_examples=200)
@given(data=st.binary(max_size=200), audio_format=st.sampled_from(AudioFormat), keep=st.integers(0, 200))
def test_no_bytes_make_it_raise_anything_else(path: Path, data: bytes, audio_format: AudioFormat, keep: int) -> None:
    """Whatever a file holds, the answer is a length or none, and whole or cut."""
    healthy = {sample.audio_format: sample.data for sample in SAMPLES}.get(audio_format, dsf())
    for content in (data, healthy[:keep] + data):
        _is_whole(path, content, audio_format)
        declared = declared_bytes(path, audio_format)
        assert declared is None or declared >= 0


def _riff(riff_bytes: int, data_bytes: int, sound: bytes, tail: bytes = b"") -> bytes:
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
    return (
        b"RIFF"
        + struct.pack("<I", riff_bytes)
        + b"WAVE"
        + form
        + struct.pack("<4sI", b"data", data_bytes)
        + sound
        + tail
    )


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF, 0xFFFF_FFFF - 36, 0x7FFF_FFFF, 0x7FFF_F000, 0x7FFF_F024, 0x8000_0000])
def test_streaming_placeholders_claim_nothing(size: int, path: Path) -> None:
    """The sizes that piping encoders leave in a WAV are no claim."""
    path.write_bytes(_riff(size, size, bytes(100)))
    assert declared_bytes(path, AudioFormat.WAV) is None
    check_whole(path, AudioFormat.WAV)


@pytest.mark.parametrize(
    "data",
    [
        _riff(36 + 101 + 1, 101, bytes(101)),  # padding counted but not written
        _riff(36 + 100 + 8, 100, bytes(100)),  # the size of the file, not of what follows
        _riff(36 + 100 + 40, 100, bytes(100)),  # a LIST chunk that somebody took off
        _riff(36, 0, bytes(100)),  # the sizes of the empty file, never updated
        _riff(36 + 100, 100, bytes(100), b"LIST\x04\0\0\0INFO"),  # a chunk put on without updating
    ],
    ids=["no pad", "off by eight", "no tail", "never updated", "longer"],
)
def test_sloppy_sizes_around_whole_sound_pass(data: bytes, path: Path) -> None:
    """A wrong RIFF size is no cut as long as the sound is all there."""
    assert _is_whole(path, data, AudioFormat.WAV)


def test_rf64_sizes_come_from_ds64(path: Path) -> None:
    """RF64 with all ones in its 32-bit fields states its true sizes in ds64."""
    sound = bytes(1000)
    ds64 = struct.pack("<4sIQQQI", b"ds64", 28, 72 + len(sound), len(sound), len(sound), 0)
    plain = _riff(0xFFFF_FFFF, 0xFFFF_FFFF, sound)
    data = b"RF64" + plain[4:12] + ds64 + plain[12:]
    path.write_bytes(data)
    assert declared_bytes(path, AudioFormat.WAV) == len(data)
    assert _is_whole(path, data, AudioFormat.WAV)
    assert not _is_whole(path, data[:-1], AudioFormat.WAV)
    untold = data[:20] + bytes(8) + data[28:]  # the whole's size left at zero, that of the sound not
    assert _is_whole(path, untold, AudioFormat.WAV)
    assert not _is_whole(path, untold[:-1], AudioFormat.WAV)


@pytest.mark.parametrize(
    ("data", "audio_format"),
    [
        (b"caff\0\1\0\0desc" + b"\xff" * 7 + b"\xf0" + bytes(40), AudioFormat.CAF),
        (b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\1mdat" + b"\xff" * 8 + bytes(40), AudioFormat.MP4),
        (dsf()[:32] + b"\xff" * 8 + dsf()[40:], AudioFormat.DSF),
    ],
    ids=["caf", "mp4", "dsf"],
)
def test_absurd_sizes_are_a_cut(data: bytes, audio_format: AudioFormat, path: Path) -> None:
    """A 64-bit size beyond any disk is no reason to stumble."""
    assert not _is_whole(path, data, audio_format)


def test_wavpack_of_unknown_length_passes(path: Path) -> None:
    """All ones in place of the total says that the encoder could not know it."""
    data = (DATA / "wavpack.wv").read_bytes()
    assert _is_whole(path, data[:12] + b"\xff" * 4 + data[16:], AudioFormat.WAVPACK)
    assert not _is_whole(path, data[:12] + b"\xff" * 4 + data[16:1000], AudioFormat.WAVPACK)


def test_wavpack_that_lacks_whole_blocks_is_cut(path: Path) -> None:
    """Whole blocks are not enough: their samples have to add up to the total."""
    data = (DATA / "wavpack.wv").read_bytes()
    total = int.from_bytes(data[12:16], "little")
    assert not _is_whole(path, data[:12] + (total + 1).to_bytes(4, "little") + data[16:], AudioFormat.WAVPACK)


def test_an_open_ended_caf_claims_nothing(path: Path) -> None:
    """A CAF whose sound goes "up to the end" (size -1) cannot be found cut."""
    data = _one(AudioFormat.CAF)
    at = data.index(b"data") + 4
    path.write_bytes(data[:at] + b"\xff" * 8 + data[at + 8 : -100])
    assert declared_bytes(path, AudioFormat.CAF) is None
    check_whole(path, AudioFormat.CAF)


def test_chained_ogg_passes_and_its_cut_second_link_does_not(path: Path) -> None:
    """In a chained Ogg the last page of the last link is what counts."""
    link = _one(AudioFormat.OGG)
    assert _is_whole(path, link * 2, AudioFormat.OGG)
    assert not _is_whole(path, link + link[:-1], AudioFormat.OGG)
    assert not _is_whole(path, link + link[: len(link) // 2], AudioFormat.OGG)


def test_ogg_that_ends_with_a_page_of_the_middle_is_cut(path: Path) -> None:
    """Whole pages are not enough: the last one has to say that it is the last."""
    data = Written(AudioFormat.OGG, "OGG", "VORBIS", seconds=2).data
    assert data.count(b"OggS") > 3
    assert _is_whole(path, data, AudioFormat.OGG)
    assert not _is_whole(path, data[: data.rindex(b"OggS")], AudioFormat.OGG)


def test_fragmented_mp4_is_cut_within_a_fragment(path: Path) -> None:
    """The sound of a fragmented MP4 is found cut; its index of fragments behind it may be missing."""
    data = (DATA / "fragmented.m4a").read_bytes()
    last_sound = data.rindex(b"mdat")
    assert not _is_whole(path, data[: last_sound + 50], AudioFormat.MP4)
    assert _is_whole(path, data[: data.rindex(b"mfra") - 4], AudioFormat.MP4)


def test_flac_behind_a_tag_is_checked(path: Path) -> None:
    """An ID3v2 tag before a FLAC does not blind the check."""
    data = id3v2(300) + _one(AudioFormat.FLAC)
    assert _is_whole(path, data, AudioFormat.FLAC)
    assert not _is_whole(path, data[:-2000], AudioFormat.FLAC)


def test_dsf(path: Path) -> None:
    """A DSF states its size, and a cut one is found."""
    data = dsf()
    path.write_bytes(data)
    assert declared_bytes(path, AudioFormat.DSF) == len(data)
    assert _is_whole(path, data, AudioFormat.DSF)
    assert not _is_whole(path, data[:-1], AudioFormat.DSF)


def test_a_file_of_empty_chunks_does_not_hold_us(path: Path) -> None:
    """After more empty chunks than any honest file has, the search for the sound is given up."""
    path.write_bytes(b"RIFF\x0c\0\x08\0WAVE" + b"junk\0\0\0\0" * 65_536 + b"data\0\0\0\0")
    with pytest.raises(IntegrityError, match="missing"):
        check_whole(path, AudioFormat.WAV)
