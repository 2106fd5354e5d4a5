"""`read_outline`: what a picture shows of a file's sound, from a few short looks into it."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from array import array
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chadsdk.media import read_outline
from tests.media.samples import EXACT, stretched_ogg

RATE_HZ = 8000


def stairs(path: Path, levels: list[float], *, second_s: float = 1.0, channels: int = 1, **written: str) -> Path:
    """A file whose sound is as loud as each level for a second."""
    count = int(RATE_HZ * second_s)
    tone = np.sign(np.sin(np.arange(count) * 2 * np.pi * 200 / RATE_HZ + 0.1))
    sound = np.concatenate([level * tone for level in levels]).astype("float32")
    soundfile.write(path, np.stack([sound] * channels, axis=1), RATE_HZ, **written)
    return path


def mp3_in_wav(mp3: bytes) -> bytes:
    """A WAV whose codec is MP3, of one channel at 44.1 kHz."""
    form = struct.pack("<HHIIHHHHIHHH", 0x55, 1, 44_100, 16_000, 1, 0, 12, 1, 2, 417, 1, 0)
    chunks = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(mp3)) + mp3
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


@pytest.mark.parametrize(
    ("name", "subtype"),
    [
        ("a.wav", "PCM_16"),
        ("a.wav", "PCM_24"),
        ("a.wav", "FLOAT"),
        ("a.wav", "PCM_U8"),
        ("a.aiff", "PCM_24"),
        ("a.flac", "PCM_24"),
        ("a.caf", "PCM_16"),
        ("a.au", "PCM_16"),
    ],
)
def test_an_outline_rises_and_falls_with_the_sound(tmp_path: Path, name: str, subtype: str) -> None:
    """Ten levels in a file give ten peaks of that height, in whatever samples they are written."""
    levels = [0.0, 0.1, 0.3, 0.5, 0.9, 0.7, 0.2, 0.05, 0.6, 0.4]
    path = stairs(tmp_path / name, levels, channels=2, subtype=subtype)
    assert read_outline(path, offset_s=0, length_s=10, buckets=10) == pytest.approx(levels, abs=0.01)


@pytest.mark.parametrize(("name", "subtype"), [("a.ogg", "VORBIS"), ("a.opus", "OPUS")])
def test_lossy_files_are_near_enough(tmp_path: Path, name: str, subtype: str) -> None:
    """Vorbis and Opus give back the stairs within what their codecs do to a square wave."""
    path = stairs(tmp_path / name, [0.05, 0.4, 0.1, 0.5], format="OGG", subtype=subtype)
    outline = read_outline(path, offset_s=0, length_s=4, buckets=4)
    assert outline is not None
    assert outline[0] < outline[2] < outline[1]
    assert outline[3] > 0.35


def test_an_outline_shows_the_part_that_is_played(tmp_path: Path) -> None:
    """From the cue-in on, for as long as the clip sounds."""
    path = stairs(tmp_path / "a.wav", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert read_outline(path, offset_s=2, length_s=3, buckets=3) == pytest.approx([0.3, 0.4, 0.5], abs=0.01)


def test_there_is_silence_beyond_the_end(tmp_path: Path) -> None:
    """A clip that is longer than its file, because its length was guessed, is drawn to its end."""
    path = stairs(tmp_path / "a.wav", [0.5, 0.5])
    assert read_outline(path, offset_s=0, length_s=4, buckets=4) == pytest.approx([0.5, 0.5, 0, 0], abs=0.01)


def test_the_second_channel_counts(tmp_path: Path) -> None:
    """A sound that is only on the right is seen."""
    right = np.zeros((RATE_HZ, 2), dtype="float32")
    right[:, 1] = 0.7
    soundfile.write(tmp_path / "a.wav", right, RATE_HZ)
    assert read_outline(tmp_path / "a.wav", offset_s=0, length_s=1, buckets=2) == pytest.approx([0.7, 0.7], abs=0.01)


def test_a_swing_below_counts_as_one_above(tmp_path: Path) -> None:
    """A wave that leans to one side is as loud as its mirror image."""
    for sign in (1, -1):
        sound = np.full(RATE_HZ, sign * 0.6, dtype="float32")
        soundfile.write(tmp_path / "a.wav", sound, RATE_HZ)
        outline = read_outline(tmp_path / "a.wav", offset_s=0, length_s=1, buckets=3)
        assert outline == pytest.approx([0.6] * 3, abs=0.01)


def test_samples_that_are_no_numbers_and_above_full_scale_stay_in_the_picture(tmp_path: Path) -> None:
    """Each peak lies between 0 and 1, whatever floats a file holds."""
    wild = np.array([np.nan, np.inf, -np.inf, 7.0] * 1000, dtype="float32")
    for number, sound in enumerate((wild, wild[::4], wild[3::4])):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, sound, RATE_HZ, subtype="FLOAT")
        outline = read_outline(path, offset_s=0, length_s=len(sound) / RATE_HZ, buckets=5)
        assert outline is not None
        assert all(0.0 <= peak <= 1.0 for peak in outline)


@pytest.mark.parametrize("length_s", [1e-6, 0.0005, 0.01])
def test_a_moment_has_an_outline(tmp_path: Path, length_s: float) -> None:
    """Shorter than a look, shorter than a sample."""
    path = stairs(tmp_path / "a.wav", [0.5])
    outline = read_outline(path, offset_s=0, length_s=length_s, buckets=20)
    assert outline is not None
    assert len(outline) == 20


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF", b"<html>not audio</html>", b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0" + bytes(16), b"fLaC" + bytes(90)],
)
def test_what_is_no_audio_has_no_outline(tmp_path: Path, content: bytes) -> None:
    """And is no error: the picture shows it flat."""
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    assert read_outline(path, offset_s=0, length_s=1, buckets=4) is None


def test_a_file_that_is_not_there_or_a_folder_has_no_outline(tmp_path: Path) -> None:
    """And is no error."""
    assert read_outline(tmp_path / "gone.wav", offset_s=0, length_s=1, buckets=4) is None
    assert read_outline(tmp_path, offset_s=0, length_s=1, buckets=4) is None


def test_a_name_that_is_no_utf8_is_read(tmp_path: Path) -> None:
    """As everywhere else."""
    path = stairs(tmp_path / "a.wav", [0.5]).rename(tmp_path / os.fsdecode(b"caf\xe9.wav"))
    assert read_outline(path, offset_s=0, length_s=1, buckets=2) is not None


def test_a_flac_that_is_cut_has_no_outline_or_a_part_of_one(tmp_path: Path) -> None:
    """What libsndfile says of a file in the middle of it stays inside."""
    path = stairs(tmp_path / "a.flac", [0.5] * 20)
    path.write_bytes(path.read_bytes()[:3000])
    outline = read_outline(path, offset_s=0, length_s=20, buckets=20)
    assert outline is None or len(outline) == 20


def test_nothing_is_written_to_standard_error(tmp_path: Path) -> None:
    """The decoder of MP3 complains there of each jump, also in a file without a fault; inside a WAV it is not used."""
    noise = np.random.default_rng(1).standard_normal(44_100 * 20).astype("float32") * 0.3
    soundfile.write(tmp_path / "a.mp3", noise, 44_100)
    (tmp_path / "b.wav").write_bytes(mp3_in_wav((tmp_path / "a.mp3").read_bytes()))
    script = (
        "import sys; from pathlib import Path; from chadsdk.media import read_outline\n"
        "print([len(read_outline(Path(name), offset_s=0, length_s=20, buckets=60) or ()) for name in sys.argv[1:]])"
    )
    with soundfile.SoundFile(tmp_path / "b.wav") as sound:  # libsndfile would read it
        assert sound.subtype == "MPEG_LAYER_III"
    names = [str(tmp_path / "a.mp3"), str(tmp_path / "b.wav")]
    done = subprocess.run([sys.executable, "-c", script, *names], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[60, 0]", "")


def test_a_long_file_costs_no_more_reading_than_a_short_one(tmp_path: Path) -> None:
    """Two hours are looked at as often as two minutes: at most 1,024 samples per peak."""
    strace = Path("/proc/self/io")
    if not strace.exists():
        pytest.skip("what a process has read is counted by Linux")

    def read_bytes() -> int:
        return int(strace.read_text().splitlines()[0].split()[1])

    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(1, dtype="int16"), RATE_HZ)
    samples = RATE_HZ * 7200
    header = bytearray(path.read_bytes()[:44])
    header[40:44] = (2 * samples).to_bytes(4, "little")
    header[4:8] = (36 + 2 * samples).to_bytes(4, "little")
    with path.open("wb") as stream:
        stream.write(header)
        stream.truncate(44 + 2 * samples)  # sparse
    assert read_outline(path, offset_s=0, length_s=1, buckets=2) == (0.0, 0.0)  # everything is imported
    before = read_bytes()
    outline = read_outline(path, offset_s=0, length_s=7200, buckets=200)
    assert outline == (0.0,) * 200
    assert read_bytes() - before < 200 * 5 * 1024


def test_no_more_looks_are_taken_than_a_picture_can_show(tmp_path: Path) -> None:
    """Who asks for a million peaks gets 512, and none of none."""
    path = stairs(tmp_path / "a.wav", [0.5])
    outline = read_outline(path, offset_s=0, length_s=1, buckets=1_000_000)
    assert outline is not None
    assert len(outline) == 512
    assert read_outline(path, offset_s=0, length_s=1, buckets=0) is None


def test_libsndfile_reads_into_an_array_as_it_is(tmp_path: Path) -> None:
    """What the reading stands on: `buffer_read_into` fills an `array` of floats."""
    path = stairs(tmp_path / "a.wav", [0.5])
    samples = array("f", bytes(4 * 100))
    with soundfile.SoundFile(path) as sound:
        assert sound.buffer_read_into(samples, "float32") == 100
    assert max(samples) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("position", [2**20, 2**40])
def test_an_ogg_that_ends_before_its_length_has_an_outline_or_none(tmp_path: Path, position: int) -> None:
    """Its last page says more than there is, and a look lies where nothing can be read."""
    (sample,) = (s for s in EXACT if (s.container, s.subtype, s.channels) == ("OGG", "VORBIS", 2))
    (tmp_path / "a.ogg").write_bytes(stretched_ogg(replace(sample, seconds=3).data, position))
    outline = read_outline(tmp_path / "a.ogg", offset_s=0, length_s=240, buckets=64)
    assert outline is None or all(0 <= peak <= 1 for peak in outline)
