"""Conversion of AAC and Apple Lossless by an ``ffmpeg`` of the system, judged on tones."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chadsdk.errors import ConversionError
from chadsdk.media import AudioFormat, Converted, Left, examine, is_to_be_converted
from harness.process import PROJECT
from tests.media.encoder import MP4_KINDS, encoded, ffmpeg_or_skip
from tests.media.samples import checked_in
from tests.media.test_convert import FULL_DISK, LEVEL, PEAK, SECONDS, TONE_HZ, convert, decibels, sine, tone_of, written

DELAY_S = 1024 / 44_100


def steps(rate_hz: int, subtype: str, file: Path) -> Path:
    """Half a second of silence, a tone, a tone of half its level: two channels, the second one at half of all that."""
    left = sine(rate_hz, seconds=3.0)
    left[: rate_hz // 2] = 0
    left[2 * rate_hz :] /= 2
    return written(file, np.concatenate([left, left / 2], axis=1), rate_hz, "WAV", subtype)


@pytest.mark.parametrize("to_hz", [44_100, 48_000])
@pytest.mark.parametrize("kind", MP4_KINDS)
def test_a_tone_keeps_pitch_level_length_and_place(tmp_path: Path, kind: str, to_hz: int) -> None:
    """At either rate it is a WAV of 24 bits with the same tone, and no later than the file says that it is.

    A fragmented file has no edit list, which would name the encoder's delay: that stays in, as in any player.
    """
    source = encoded(steps(44_100, "PCM_16", tmp_path / "a.wav"), tmp_path / "a.m4a", *MP4_KINDS[kind])
    before = source.read_bytes()
    outcome, target = convert(source, to_hz)
    assert outcome == Converted(44_100, 16 if kind == "alac" else None)
    assert source.read_bytes() == before
    info = soundfile.info(str(target))
    assert (info.format, info.subtype, info.samplerate, info.channels) == ("WAV", "PCM_24", to_hz, 2)
    samples, _ = soundfile.read(target)
    delay_s = DELAY_S if kind == "fragmented" else 0.0
    if kind != "fragmented":
        assert abs(len(samples) - 3 * to_hz) <= 1
    at = [round((moment_s + delay_s) * to_hz) for moment_s in (0.6, 1.9, 2.1, 2.9)]
    for channel, factor in ((0, 1.0), (1, 0.5)):
        loud, quiet = samples[at[0] : at[1], channel], samples[at[2] : at[3], channel]
        for part, level in ((loud, LEVEL), (quiet, LEVEL / 2)):
            frequency_hz, found = tone_of(part[:, None], to_hz)
            assert frequency_hz == pytest.approx(TONE_HZ, abs=0.1)
            assert abs(decibels(found / (level * factor))) < 0.1
    first = int(np.argmax(np.abs(samples[:, 0]) > LEVEL / 2))
    assert first / to_hz == pytest.approx(0.5 + delay_s, abs=0.002)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_apple_lossless_at_the_same_rate_is_exact(tmp_path: Path, subtype: str) -> None:
    """Every sample of 16 or 24 bits is what it was."""
    noise = np.random.default_rng(1).uniform(-1, 1, (50_000, 2))
    original = written(tmp_path / "a.wav", noise, 44_100, "WAV", subtype)
    outcome, target = convert(encoded(original, tmp_path / "a.m4a", "-c:a", "alac"))
    assert outcome == Converted(44_100, int(subtype[-2:]))
    assert np.array_equal(soundfile.read(target, dtype="int32")[0], soundfile.read(original, dtype="int32")[0])


@pytest.mark.parametrize("channels", [1, 6])
def test_adts_of_any_channels_is_converted(tmp_path: Path, channels: int) -> None:
    """AAC without a container: the encoder's delay stays in, because nothing in the file names it."""
    original = written(tmp_path / "a.wav", sine(48_000).repeat(channels, axis=1), 48_000, "WAV", "PCM_16")
    outcome, target = convert(encoded(original, tmp_path / "a.aac", "-c:a", "aac", "-b:a", "384k"))
    assert outcome == Converted(48_000, None)
    samples, rate_hz = soundfile.read(target, always_2d=True)
    assert (rate_hz, samples.shape[1]) == (44_100, channels)
    assert len(samples) / rate_hz == pytest.approx(SECONDS + 1024 / 48_000, abs=1024 / 48_000)
    assert tone_of(samples, rate_hz)[0] == pytest.approx(TONE_HZ, abs=0.1)


def test_a_picture_in_the_file_is_neither_opened_nor_in_the_way(tmp_path: Path) -> None:
    """A cover is a stream of video for ffmpeg."""
    original = steps(44_100, "PCM_16", tmp_path / "a.wav")
    cover = ("-f", "lavfi", "-i", "color=red:size=32x32:duration=1", "-map", "0:a", "-map", "1:v", "-frames:v", "1")
    options = (*cover, "-c:v", "mjpeg", "-disposition:v:0", "attached_pic", "-c:a", "aac")
    outcome, target = convert(encoded(original, tmp_path / "a.m4a", *options))
    assert isinstance(outcome, Converted)
    assert soundfile.info(str(target)).frames == 3 * 44_100


@pytest.mark.parametrize(
    "name", ["-i.m4a", "http:a.m4a", "concat:a|b.m4a", "%03d \n'a' \"b\".m4a", "\udcff.m4a", "pipe:0"]
)
def test_any_name_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Options, protocols, patterns, line breaks and what is no UTF-8, relative to the current folder."""
    ffmpeg_or_skip()
    monkeypatch.chdir(tmp_path)
    checked_in("aac.m4a", tmp_path).rename(tmp_path / name)
    outcome, target = convert(Path(name))
    assert isinstance(outcome, Converted)
    assert soundfile.info(str(target)).frames == 22_050


@pytest.mark.parametrize("kind", ["aac", "index first", "fragmented"])
@pytest.mark.parametrize("harm", ["cut", "flipped"])
def test_a_broken_file_is_no_conversion(tmp_path: Path, kind: str, harm: str) -> None:
    """Half of a file, or one with a hole of noise: an error in words, without a path, and no copy."""
    source = encoded(steps(44_100, "PCM_16", tmp_path / "a.wav"), tmp_path / "a.m4a", *MP4_KINDS[kind])
    whole = source.read_bytes()
    half = len(whole) // 2
    noise = np.random.default_rng(1).bytes(4000)
    source.write_bytes(whole[:half] if harm == "cut" else whole[:half] + noise + whole[half + len(noise) :])
    with pytest.raises(ConversionError) as refused:
        convert(source)
    assert str(tmp_path) not in str(refused.value)
    assert "0x" not in str(refused.value)
    assert not (tmp_path / "converted").exists()


def remuxed(source: Path, *options: str) -> Path:
    """The sound of a file beside other sound, as it is coded."""
    target = source.with_name("remuxed.m4a")
    command = [ffmpeg_or_skip(), "-nostdin", "-v", "error", *options, "-c", "copy", str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target


@pytest.mark.parametrize("form", ["plain", "fragmented", "beside a longer one"])
def test_silence_that_the_file_only_states_is_written(tmp_path: Path, form: str) -> None:
    """An edit of nothing before the sound, as long as players show it, within a frame: the place of each cue."""
    source = encoded(steps(48_000, "PCM_16", tmp_path / "a.wav"), tmp_path / "a.m4a", "-c:a", "aac", "-b:a", "256k")
    options = ["-itsoffset", "2", "-i", str(source)]
    if form == "fragmented":
        options += ["-movflags", "frag_keyframe+delay_moov"]
    elif form == "beside a longer one":
        longer = written(tmp_path / "b.wav", sine(48_000, seconds=9.0), 48_000, "WAV", "PCM_16")
        options += ["-i", str(encoded(longer, tmp_path / "b.m4a", "-c:a", "aac")), "-map", "0:a", "-map", "1:a"]
    outcome, target = convert(remuxed(source, *options))
    assert outcome == Converted(48_000, None)
    samples, rate_hz = soundfile.read(target)
    begin_s = int(np.argmax(np.abs(samples[:, 0]) > LEVEL / 2)) / rate_hz
    assert begin_s == pytest.approx(2.0 + 0.5, abs=0.003)
    assert not samples[: round(1.9 * rate_hz)].any()
    assert len(samples) / rate_hz == pytest.approx(5.0, abs=DELAY_S)


@pytest.mark.parametrize(("first_s", "second_s"), [(2.0, 5.0), (5.0, 2.0)])
def test_of_two_tracks_of_sound_the_first_is_converted_whole(tmp_path: Path, first_s: float, second_s: float) -> None:
    """The other one neither makes it short nor long."""
    options: list[str] = []
    for name, seconds in (("a", first_s), ("b", second_s)):
        wav = written(tmp_path / f"{name}.wav", sine(48_000, seconds=seconds), 48_000, "WAV", "PCM_16")
        options += ["-i", str(encoded(wav, tmp_path / f"{name}.m4a", "-c:a", "aac"))]
    source = remuxed(tmp_path / "a.m4a", *options, "-map", "0", "-map", "1")
    facts = examine(source)[1]
    assert facts is not None
    assert facts.duration_s == pytest.approx(first_s, abs=0.001)
    outcome, target = convert(source)
    assert isinstance(outcome, Converted)
    assert soundfile.info(str(target)).frames == pytest.approx(first_s * 44_100, abs=1)


def test_silence_in_between_is_left(tmp_path: Path) -> None:
    """No decoder here writes it, and without it all that follows would be early."""
    source = encoded(steps(48_000, "PCM_16", tmp_path / "a.wav"), tmp_path / "a.m4a", "-c:a", "aac")
    data = remuxed(source, "-itsoffset", "2", "-i", str(source)).read_bytes()
    # Two edits of one second of sound, and one of silence between them.
    edits = struct.pack(">B3xI" + "IiI" * 3, 0, 3, 1000, 0, 1 << 16, 1000, -1, 1 << 16, 1000, 48_000, 1 << 16)
    edts = struct.pack(">I4s", 16 + len(edits), b"edts") + struct.pack(">I4s", 8 + len(edits), b"elst") + edits
    spare = data.index(b"elst") - 12  # `edts`
    old_bytes = int.from_bytes(data[spare : spare + 4], "big")
    longer = bytearray(data[:spare] + edts + data[spare + old_bytes :])
    for kind in (b"moov", b"trak"):
        where = longer.index(kind) - 4
        size = int.from_bytes(longer[where : where + 4], "big") + len(edts) - old_bytes
        longer[where : where + 4] = size.to_bytes(4, "big")
    source.write_bytes(longer)
    assert convert(source)[0] == Left("It was not converted: its sound has gaps that no decoder here keeps.")


def test_without_ffmpeg_it_is_left_and_the_sentence_names_what_would_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At another rate; at the same one nothing is asked for."""
    monkeypatch.setenv("PATH", str(tmp_path))
    source = checked_in("aac.m4a", tmp_path)
    assert not is_to_be_converted(*examine(source), 44_100)
    outcome, target = convert(source, 48_000)
    assert outcome == Left("It was not converted: nothing here decodes this kind of MP4; an ffmpeg on the PATH would.")
    assert not target.exists()


def test_progress_rises_to_one(tmp_path: Path) -> None:
    """As for every other file."""
    original = written(tmp_path / "a.wav", sine(44_100, seconds=10.0), 44_100, "WAV", "PCM_16")
    shares: list[float] = []
    convert(encoded(original, tmp_path / "a.m4a", "-c:a", "aac"), advance=shares.append)
    assert shares == sorted(shares)
    assert len(shares) > 3
    assert shares[-1] == 1.0


@pytest.mark.parametrize(("coding", "name"), [("ac3", "AC-3"), ("flac", "FLAC"), ("libmp3lame", "MP3")])
def test_another_codec_in_an_mp4_is_left(tmp_path: Path, coding: str, name: str) -> None:
    """Only AAC and Apple Lossless are handed to the decoder; what else an MP4 may hold stays as it is, and is named."""
    original = steps(44_100, "PCM_16", tmp_path / "a.wav")
    source = encoded(original, tmp_path / "a.mp4", "-c:a", coding, "-strict", "-2")
    assert examine(source)[0] is AudioFormat.MP4
    outcome, target = convert(source, 48_000)
    assert isinstance(outcome, Left)
    assert outcome.why == f"It was not converted: nothing here decodes this kind of MP4 ({name})."
    assert not target.exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss counts otherwise elsewhere")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Four minutes of stereo, 170 MB as samples: the peak after three blocks is nearly that at the end."""
    target = tmp_path / "long.m4a"
    command = [ffmpeg_or_skip(), "-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=frequency=440:duration=240"]
    subprocess.run([*command, "-ac", "2", "-c:a", "alac", str(target)], check=True, timeout=60)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(target)], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    early_kib, late_kib, blocks = map(int, done.stdout.split())
    assert blocks > 150
    assert late_kib - early_kib < 8 * 1024


def test_a_full_disk_is_an_os_error(tmp_path: Path) -> None:
    """What the file system says comes out as it is, and the decoder with its full pipe is not waited for."""
    original = written(tmp_path / "a.wav", sine(44_100, seconds=20.0), 44_100, "WAV", "PCM_16")
    source = encoded(original, tmp_path / "a.m4a", "-c:a", "alac")
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(source)], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert (done.stdout.split(), done.stderr) == (["EFBIG", "False"], "")
