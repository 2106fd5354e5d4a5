"""Outlines of MP3: frames out of the middle that decode as if all before them had been decoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from chadsdk.media import AudioFormat, read_facts, read_outline
from chadsdk.media.mpeg import after_id3v2, frames, mpeg_frame
from chadsdk.media.mpeg_side import is_possible
from chadsdk.media.window import open_window
from chadsdk.media.xing import stream_header
from tests.media.encoder import encoded
from tests.media.samples import patched_xing

RATE_HZ = 44_100
LEVELS = (0.02, 0.7, 0.1, 0.5, 0.05, 0.9)
SECOND_S = 2.0


def stairs(rate_hz: int, channels: int) -> npt.NDArray[np.float32]:
    """Noise of low frequencies, two seconds at each level: an encoder lends and borrows bits all over it."""
    count = int(rate_hz * SECOND_S)
    rng = np.random.default_rng(1)
    parts = []
    for level in LEVELS:
        smooth = np.convolve(rng.uniform(-1, 1, count + 15), np.ones(16) / 16, "valid")
        parts.append(level * smooth / np.max(np.abs(smooth)))
    return np.stack([np.concatenate(parts)] * channels, axis=1).astype("float32")


def mp3(file: Path, *, rate_hz: int = RATE_HZ, channels: int = 2, mode: str = "CONSTANT", thrift: float = 0.5) -> Path:
    """The stairs as an MP3; the higher `thrift`, the lower its bit rate."""
    with soundfile.SoundFile(
        file, "w", rate_hz, channels, "MPEG_LAYER_III", format="MP3", bitrate_mode=mode, compression_level=thrift
    ) as target:
        target.write(stairs(rate_hz, channels))
    return file


def decoded(file: Path, buckets: int) -> list[float]:
    """The peaks of the 26 ms around the middle of each stretch, by decoding all of the file."""
    samples, rate_hz = soundfile.read(file, always_2d=True)
    half = round(0.035 * rate_hz)
    middles = [round((number + 0.5) / buckets * len(samples)) for number in range(buckets)]
    return [float(np.max(np.abs(samples[at - half : at + half]))) for at in middles]


@pytest.mark.parametrize(
    ("rate_hz", "channels", "mode", "thrift"),
    [
        (44_100, 2, "CONSTANT", 0.0),
        (44_100, 2, "CONSTANT", 0.9),
        (48_000, 1, "CONSTANT", 0.5),
        (22_050, 2, "CONSTANT", 0.9),
        (8_000, 1, "CONSTANT", 0.9),
        (44_100, 2, "VARIABLE", 0.5),
        (44_100, 2, "AVERAGE", 0.5),
    ],
)
def test_looks_are_what_decoding_all_of_it_gives(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], rate_hz: int, channels: int, mode: str, thrift: float
) -> None:
    """At each level, at any bit rate, constant or not; and the decoder has nothing to complain of."""
    file = mp3(tmp_path / "a.mp3", rate_hz=rate_hz, channels=channels, mode=mode, thrift=thrift)
    outline = read_outline(file, offset_s=0, length_s=12, buckets=12)
    assert outline is not None
    for found, true in zip(outline, decoded(file, 12), strict=True):
        assert 0.5 * true < found < 1.6 * true
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_a_change_in_the_middle_is_seen_in_the_middle(tmp_path: Path, mode: str) -> None:
    """Ten silent seconds and ten loud ones: the step lies within a hundredth of the file of where it is."""
    loud = np.random.default_rng(1).uniform(-0.8, 0.8, (RATE_HZ * 20, 1))
    loud[: RATE_HZ * 10] = 0  # a sixth of the bytes, where the rate varies
    with soundfile.SoundFile(
        tmp_path / "a.mp3", "w", RATE_HZ, 1, "MPEG_LAYER_III", format="MP3", bitrate_mode=mode
    ) as target:
        target.write(loud)
    outline = read_outline(tmp_path / "a.mp3", offset_s=0, length_s=20, buckets=50)
    assert outline is not None
    assert max(outline[:24]) < 0.05
    assert min(outline[26:]) > 0.4


def test_the_part_that_is_played_is_seen_and_silence_beyond_the_end(tmp_path: Path) -> None:
    """From the third level on, for longer than there is sound."""
    outline = read_outline(mp3(tmp_path / "a.mp3"), offset_s=4, length_s=16, buckets=8)
    assert outline is not None
    assert [peak > 0.15 for peak in outline[:4]] == [False, True, False, True]
    assert outline[4:] == (0, 0, 0, 0)


@pytest.mark.parametrize("options", [("-write_xing", "0", "-b:a", "128k"), ("-write_xing", "0", "-q:a", "4")])
def test_a_file_without_a_header_is_read_by_its_mean_rate(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Nobody says how many frames there are: loud and quiet are told apart all the same."""
    soundfile.write(tmp_path / "a.wav", stairs(RATE_HZ, 2), RATE_HZ)
    file = encoded(tmp_path / "a.wav", tmp_path / "a.mp3", *options)
    outline = read_outline(file, offset_s=0, length_s=12, buckets=6)
    assert outline is not None
    assert [peak > 0.15 for peak in outline] == [False, True, False, True, False, True]


def test_layer_two_borrows_nothing(tmp_path: Path) -> None:
    """And has no header of that kind: its looks are not a frame off."""
    soundfile.write(tmp_path / "a.wav", stairs(RATE_HZ, 2), RATE_HZ)
    file = encoded(tmp_path / "a.wav", tmp_path / "a.mp2", "-c:a", "mp2", "-b:a", "192k")
    outline = read_outline(file, offset_s=0, length_s=12, buckets=12)
    assert outline is not None
    for found, true in zip(outline, decoded(file, 12), strict=True):
        assert 0.5 * true < found < 1.6 * true


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_a_cut_file_is_not_stretched(tmp_path: Path, mode: str) -> None:
    """The first half of the bytes is drawn where it sounds, and nothing beyond it."""
    file = mp3(tmp_path / "a.mp3", mode=mode)
    whole = file.read_bytes()
    all_of_it = read_outline(file, offset_s=0, length_s=12, buckets=24)
    file.write_bytes(whole[: len(whole) // 2])
    facts = read_facts(file, AudioFormat.MP3)
    assert facts is not None
    half = read_outline(file, offset_s=0, length_s=12, buckets=24)
    assert all_of_it is not None
    assert half is not None
    there = int(facts.duration_s * 2)
    assert half[: there - 1] == all_of_it[: there - 1]
    assert not any(half[there + 1 :])


@pytest.mark.parametrize(
    "points",
    [bytes([255] * 100), bytes([1] * 100), bytes(range(99, -1, -1)), np.random.default_rng(1).bytes(100)],
    ids=["all behind", "all in front", "backwards", "rubbish"],
)
def test_damaged_seek_points_are_not_followed(tmp_path: Path, points: bytes) -> None:
    """The outline is then as if there were none: by the mean rate."""
    file = mp3(tmp_path / "a.mp3")
    true = read_outline(file, offset_s=0, length_s=12, buckets=6)
    file.write_bytes(patched_xing(file.read_bytes(), seek_points=points))
    assert read_outline(file, offset_s=0, length_s=12, buckets=6) == pytest.approx(true, rel=0.5)


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE", "AVERAGE"])
def test_seek_points_of_encoders_are_followed(tmp_path: Path, mode: str) -> None:
    """Also where nearly all bytes lie in one half, and for a file of a second, whose points stand on few frames."""
    for length_s in (1, 30):
        loud = np.random.default_rng(1).uniform(-0.8, 0.8, (RATE_HZ * length_s, 1))
        loud[: len(loud) // 2] = 0
        with soundfile.SoundFile(
            tmp_path / "a.mp3", "w", RATE_HZ, 1, "MPEG_LAYER_III", format="MP3", bitrate_mode=mode
        ) as target:
            target.write(loud)
        with open_window(tmp_path / "a.mp3") as window:
            first = mpeg_frame(window.at(0, 4))
            assert first is not None
            header = stream_header(window, 0, first)
        assert header is not None
        assert header.seek_points is not None


def test_a_damaged_file_has_an_outline_or_none(tmp_path: Path) -> None:
    """Cut anywhere, with holes of noise, all but its first frame gone: no error, and every peak between 0 and 1."""
    whole = mp3(tmp_path / "a.mp3").read_bytes()
    rng = np.random.default_rng(1)
    for number in range(20):
        harmed = bytearray(whole[: int(rng.integers(1, len(whole)))] if number % 2 else whole)
        for at in rng.integers(0, len(harmed), 2 * number):
            harmed[at] = int(rng.integers(256))
        (tmp_path / "b.mp3").write_bytes(harmed)
        outline = read_outline(tmp_path / "b.mp3", offset_s=0, length_s=12, buckets=16)
        assert outline is None or (len(outline) == 16 and all(0 <= peak <= 1 for peak in outline))


@pytest.mark.parametrize("harm", ["noise", "ones"])
def test_frames_of_rubbish_are_not_decoded(tmp_path: Path, capfd: pytest.CaptureFixture[str], harm: str) -> None:
    """Good headers with noise behind them, or with side information that promises too much: mpg123 is not asked."""
    file = mp3(tmp_path / "a.mp3")
    harmed = bytearray(file.read_bytes())
    with open_window(file) as window:
        places = [(at + 4, frame.length_bytes - 4) for at, frame in frames(window, 0, mpeg_frame)][1:]
    rng = np.random.default_rng(1)
    for at, length in places:
        harmed[at : at + length] = rng.bytes(length) if harm == "noise" else b"\xff" * length
    file.write_bytes(harmed)
    outline = read_outline(file, offset_s=0, length_s=12, buckets=64)
    assert outline is None or sum(peak > 0 for peak in outline) < 4
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "options", [("-b:a", "320k"), ("-q:a", "0"), ("-q:a", "9"), ("-ar", "16000"), ("-ar", "11025")]
)
@pytest.mark.parametrize("channels", ["1", "2"])
def test_every_frame_of_an_encoder_is_possible(tmp_path: Path, options: tuple[str, ...], channels: str) -> None:
    """Of steps and noise at all of its rates; nothing good is taken for damaged."""
    soundfile.write(tmp_path / "a.wav", stairs(RATE_HZ, 2), RATE_HZ)
    file = encoded(tmp_path / "a.wav", tmp_path / "a.mp3", *options, "-ac", channels)
    with open_window(file) as window:
        found = list(frames(window, after_id3v2(window), mpeg_frame))
        assert len(found) > 100
        assert all(is_possible(window.at(at, frame.length_bytes), frame) for at, frame in found)


def test_a_long_file_costs_no_more_reading_than_a_short_one(tmp_path: Path) -> None:
    """Of ten times the music as many bytes are read: at most 64 looks, of a few frames each."""
    counted = Path("/proc/self/io")
    if not counted.exists():
        pytest.skip("what a process has read is counted by Linux")
    short = mp3(tmp_path / "a.mp3")
    long = tmp_path / "b.mp3"
    long.write_bytes(short.read_bytes() * 10)

    def read_by(file: Path) -> int:
        before = int(counted.read_text().split()[1])
        outline = read_outline(file, offset_s=0, length_s=12, buckets=10_000)
        assert outline is not None
        assert len(outline) == 64
        return int(counted.read_text().split()[1]) - before

    read_by(short)  # everything is imported
    assert read_by(long) < 1.5 * read_by(short) < 1.5 * 64 * 16_384
    assert long.stat().st_size > 64 * 16_384
