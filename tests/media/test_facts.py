"""Tests of length, sample rate and channels."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chadsdk.errors import NotAudioError
from chadsdk.media import AudioFacts, AudioFormat, examine, read_facts
from tests.media.samples import (
    DATA,
    EXACT,
    ROUNDED,
    SAMPLES,
    STORED,
    Stored,
    Written,
    dsf,
    id3v1,
    id3v2,
    patched_xing,
    stretched_ogg,
)

_FLAC = next(sample for sample in EXACT if sample.container == "FLAC")
_VBR = (DATA / "silence-then-noise.mp3").read_bytes()


@pytest.mark.parametrize("sample", EXACT, ids=str)
def test_facts_are_those_that_were_written(sample: Written, tmp_path: Path) -> None:
    """Length to the sample, rate and channels come back, under a name that says nothing."""
    path = tmp_path / "download.tmp"
    path.write_bytes(sample.data)
    facts = read_facts(path, sample.audio_format)
    frames = round(sample.seconds * sample.rate)
    assert facts == AudioFacts(frames / sample.rate, sample.rate, sample.channels)


@pytest.mark.parametrize("sample", ROUNDED, ids=str)
def test_block_codecs_are_a_block_off_at_most(sample: Written, tmp_path: Path) -> None:
    """A codec that fills its last block gives the length of its blocks."""
    path = tmp_path / "x"
    path.write_bytes(sample.data)
    facts = read_facts(path, sample.audio_format)
    assert facts is not None
    rate = 8000 if sample.subtype == "GSM610" and facts.sample_rate_hz == 8000 else sample.rate
    assert facts.channels == 1
    assert facts.duration_s * facts.sample_rate_hz == pytest.approx(sample.seconds * sample.rate, abs=4096)
    assert facts.sample_rate_hz == rate


@pytest.mark.parametrize("sample", STORED, ids=str)
def test_facts_of_stored_files(sample: Stored, tmp_path: Path) -> None:
    """Files of other encoders give what is known of how they were made, or None where nothing here reads them."""
    path = tmp_path / "download.tmp"
    path.write_bytes(sample.data)
    facts = read_facts(path, sample.audio_format)
    assert (facts is None) == (sample.seconds is None)
    if facts is not None:
        assert facts.duration_s == pytest.approx(sample.seconds, abs=0.0005)
        assert (facts.sample_rate_hz, facts.channels) == (sample.rate, sample.channels)


@pytest.mark.parametrize(
    "sample", [s for s in EXACT if s.audio_format is AudioFormat.MP3 or s.container == "FLAC"], ids=str
)
def test_length_is_that_of_the_decoded_samples(sample: Written, tmp_path: Path) -> None:
    """The length is what a decoder puts out, not what a header guesses."""
    path = tmp_path / "x.mp3"
    path.write_bytes(sample.data)
    decoded, rate = soundfile.read(path)
    facts = read_facts(path, sample.audio_format)
    assert facts is not None
    assert facts.duration_s * facts.sample_rate_hz == pytest.approx(len(decoded))
    assert facts.sample_rate_hz == rate


def test_libsndfile_still_misjudges_an_mp3_without_a_header() -> None:
    """The reason to count frames ourselves: when this goes red, libsndfile can be asked for MP3 too."""
    with soundfile.SoundFile(DATA / "silence-then-noise.mp3") as sound:
        guessed = sound.frames / sound.samplerate
    assert abs(guessed - 32 * 1152 / 44100) > 0.5


def test_libsndfile_still_opens_no_flac_in_ogg() -> None:
    """The reason to ask tinytag for it."""
    with pytest.raises(soundfile.LibsndfileError, match="flac decoder"):
        soundfile.SoundFile(DATA / "flac.oga")


@pytest.mark.parametrize(
    "data",
    [id3v2(70_000) + _VBR, _VBR + id3v1(), bytes(900) + _VBR, _VBR[:2000] + bytes(3000) + _VBR[2000:]],
    ids=["tag", "tag behind", "zeros first", "hole"],
)
def test_mp3_is_counted_whatever_stands_around_it(data: bytes, tmp_path: Path) -> None:
    """Tags, padding and a hole do not count; a frame that the hole cuts may be lost."""
    path = tmp_path / "x"
    path.write_bytes(data)
    facts = read_facts(path, AudioFormat.MP3)
    assert facts is not None
    assert facts.duration_s == pytest.approx(32 * 1152 / 44100, abs=2 * 1152 / 44100)


def test_cut_mp3_is_as_long_as_what_is_left(tmp_path: Path) -> None:
    """The header of a cut MP3 is not believed."""
    path = tmp_path / "x"
    data = (DATA / "tagged.mp3").read_bytes()
    path.write_bytes(data[: len(data) // 2])
    facts = read_facts(path, AudioFormat.MP3)
    assert facts is not None
    assert 0.1 < facts.duration_s < 0.3


@pytest.mark.parametrize("frames", [1, 2**16, 2**32 - 1])
def test_an_mp3_is_counted_whose_header_is_impossible(frames: int, tmp_path: Path) -> None:
    """So many frames do not fit into the bytes, or so few do not fill them: the length is what it was."""
    path = tmp_path / "x"
    path.write_bytes(patched_xing((DATA / "tagged.mp3").read_bytes(), frames=frames))
    assert read_facts(path, AudioFormat.MP3) == AudioFacts(0.5, 44100, 1)


@pytest.mark.parametrize("announced", [2**36 - 2, 20_000], ids=["absurd", "twice"])
def test_a_flac_is_as_long_as_its_last_frame_says(announced: int, tmp_path: Path) -> None:
    """And not as STREAMINFO says, where that is more."""
    path, data = tmp_path / "x", bytearray(_FLAC.data)
    total = int.from_bytes(data[21:26], "big") & ~(2**36 - 1) | announced
    data[21:26] = total.to_bytes(5, "big")
    path.write_bytes(data)
    assert read_facts(path, AudioFormat.FLAC) == AudioFacts(0.25, 44100, 2)


@pytest.mark.parametrize("sample", [replace(s, seconds=3) for s in EXACT if s.container == "OGG"], ids=str)
def test_an_ogg_does_not_tell_its_length_by_a_page_of_years(sample: Written, tmp_path: Path) -> None:
    """The position on its last page is what its length is; one that no bytes can hold is none."""
    path = tmp_path / "x"
    path.write_bytes(stretched_ogg(sample.data, 2**40))
    assert examine(path) == (sample.audio_format, None)


def test_silence_is_not_too_long_for_its_bytes(tmp_path: Path) -> None:
    """A minute of it at a low rate, which some codecs write in a few hundred bytes."""
    silence = np.zeros(60 * 8000, dtype="int16")
    for container, subtype in (("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")):
        soundfile.write(tmp_path / "x", silence, 8000, format=container, subtype=subtype)
        _, facts = examine(tmp_path / "x")
        assert facts is not None
        assert facts.duration_s == pytest.approx(60, abs=0.1)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_damage_is_told_and_nothing_is_printed(
    sample: Written | Stored, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A damaged file gives facts, None or NotAudioError, and no C library writes to the terminal."""
    path, data = tmp_path / "x.mp3", sample.data
    half = len(data) // 2
    for damaged in (data[:half], data[:40], data[:200], data[:half] + b"junk" * 500 + data[half:]):
        path.write_bytes(damaged)
        try:
            read_facts(path, sample.audio_format)
        except NotAudioError:
            continue
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("audio_format", AudioFormat)
def test_a_web_page_is_never_given_facts(audio_format: AudioFormat, tmp_path: Path) -> None:
    """What was taken for audio and is none is refused for every format."""
    path = tmp_path / "x"
    path.write_bytes(b"<html>" * 2000)
    with pytest.raises(NotAudioError, match="web page"):
        read_facts(path, audio_format)


def test_another_format_is_not_read_as_the_given_one(tmp_path: Path) -> None:
    """A file of another format than the caller says is refused, so that no wrong decoder is tried."""
    path = tmp_path / "x.wav"
    path.write_bytes(_VBR)
    with pytest.raises(NotAudioError, match="taken for WAV but is MP3"):
        read_facts(path, AudioFormat.WAV)


def test_a_signature_with_rubbish_behind_it_cannot_be_decoded(tmp_path: Path) -> None:
    """What begins like a format but is none to its own library is refused."""
    path = tmp_path / "x"
    path.write_bytes(b"OggS\0\2" + bytes(20) + b"\1\x1e\x01vorbis" + b"\xff" * 3000)
    with pytest.raises(NotAudioError, match="cannot be decoded"):
        read_facts(path, AudioFormat.OGG)


def test_a_header_without_sound_is_no_audio(tmp_path: Path) -> None:
    """A valid file of no samples is refused."""
    path = tmp_path / "x.wav"
    soundfile.write(path, [], 44100, format="WAV")
    with pytest.raises(NotAudioError, match="holds no sound"):
        read_facts(path, AudioFormat.WAV)


def test_dsf_is_read_by_nothing_here(tmp_path: Path) -> None:
    """DSF has no facts."""
    path = tmp_path / "x"
    path.write_bytes(dsf())
    assert read_facts(path, AudioFormat.DSF) is None


@pytest.mark.parametrize("audio_format", [AudioFormat.WAV, AudioFormat.MP3, AudioFormat.MP4])
def test_a_missing_file_is_the_callers_oserror(audio_format: AudioFormat, tmp_path: Path) -> None:
    """What the file system refuses is not called "cannot be decoded"."""
    with pytest.raises(FileNotFoundError):
        read_facts(tmp_path / "gone", audio_format)


def test_facts_without_soundfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where soundfile is not installed the facts are unknown, and the file is as good as before."""
    (tmp_path / "x").write_bytes(_FLAC.data)
    monkeypatch.setitem(sys.modules, "soundfile", None)
    assert read_facts(tmp_path / "x", _FLAC.audio_format) is None


def test_a_plain_wav_needs_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its facts are known where soundfile is not installed, and its 60 ms of import are not spent."""
    (tmp_path / "x").write_bytes(EXACT[0].data)
    monkeypatch.setitem(sys.modules, "soundfile", None)
    assert examine(tmp_path / "x") == (AudioFormat.WAV, AudioFacts(0.25, 44100, 2))


def test_facts_without_libsndfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where soundfile finds no libsndfile, which it says as an `OSError`, the facts are unknown too."""
    (tmp_path / "x").write_bytes(_FLAC.data)
    (tmp_path / "soundfile.py").write_text("raise OSError('sndfile library not found')")
    monkeypatch.delitem(sys.modules, "soundfile")
    monkeypatch.syspath_prepend(tmp_path)
    assert read_facts(tmp_path / "x", _FLAC.audio_format) is None
