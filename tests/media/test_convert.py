"""Conversion to another sample rate, measured on tones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from chadsdk.cancel import CancelToken
from chadsdk.errors import ConversionError, ExportCancelled
from chadsdk.media import (
    RATES_HZ,
    AudioFacts,
    AudioFormat,
    Converted,
    Left,
    Sound,
    convert_file,
    examine,
    require_converter,
)
from harness.process import PROJECT
from tests.media.samples import DATA

TONE_HZ = 997.0
LEVEL = 0.5
SECONDS = 2.0
Samples = npt.NDArray[np.float64]

# Container, samples and channels as written, and the container and samples that a converted copy must have.
KINDS = [
    ("WAV", "PCM_16", 1, "WAV", "PCM_16"),
    ("WAV", "PCM_16", 2, "WAV", "PCM_16"),
    ("WAV", "PCM_24", 2, "WAV", "PCM_24"),
    ("WAV", "FLOAT", 2, "WAV", "FLOAT"),
    ("WAV", "DOUBLE", 1, "WAV", "DOUBLE"),
    ("WAVEX", "PCM_24", 2, "WAVEX", "PCM_24"),
    ("AIFF", "PCM_16", 1, "AIFF", "PCM_16"),
    ("AIFF", "PCM_24", 2, "AIFF", "PCM_24"),
    ("FLAC", "PCM_16", 2, "FLAC", "PCM_16"),
    ("FLAC", "PCM_24", 1, "FLAC", "PCM_24"),
    ("CAF", "PCM_24", 2, "CAF", "PCM_24"),
    ("CAF", "ALAC_16", 2, "CAF", "PCM_16"),
    ("MP3", "MPEG_LAYER_III", 2, "WAV", "PCM_24"),
    ("OGG", "VORBIS", 2, "WAV", "PCM_24"),
    ("OGG", "OPUS", 1, "WAV", "PCM_24"),
]
LOSSY = {"MP3": 0.1, "OGG": 0.1}


def sine(rate_hz: int, *, frequency_hz: float = TONE_HZ, level: float = LEVEL, seconds: float = SECONDS) -> Samples:
    """A steady tone, mono."""
    phase = np.arange(round(seconds * rate_hz)) * (2 * np.pi * frequency_hz / rate_hz)
    return np.asarray(level * np.sin(phase)[:, None])


def written(file: Path, samples: Samples, rate_hz: int, container: str, subtype: str) -> Path:
    """A sound file; in blocks, because libsndfile's Vorbis encoder keeps a whole write on the C stack."""
    with soundfile.SoundFile(file, "w", rate_hz, samples.shape[1], subtype, format=container) as target:
        for start in range(0, len(samples), rate_hz):
            target.write(samples[start : start + rate_hz])
    return file


def convert(
    file: Path,
    rate_hz: int = 44_100,
    *,
    token: CancelToken | None = None,
    advance: Callable[[float], object] = lambda _: None,
) -> tuple[Converted | Left, Path]:
    """What `convert_file` makes of a file, and where."""
    target = file.with_name("converted")
    outcome = convert_file(
        Sound(file, *examine(file)), target, rate_hz=rate_hz, token=token or CancelToken(), advance=advance
    )
    return outcome, target


def tone_of(samples: Samples, rate_hz: int) -> tuple[float, float]:
    """Frequency in Hz and level of the loudest tone, fitted to the middle of the first channel."""
    middle = samples[len(samples) // 4 : -len(samples) // 4, 0]
    window = np.hanning(len(middle))
    spectrum = np.abs(np.fft.rfft(middle * window))
    peak = int(np.argmax(spectrum))
    below, at, above = np.log(spectrum[peak - 1 : peak + 2] + 1e-300)
    shift = 0.5 * (below - above) / (below - 2 * at + above)
    frequency_hz = (peak + shift) * rate_hz / len(middle)
    turns = np.exp(-2j * np.pi * frequency_hz / rate_hz * np.arange(len(middle)))
    return float(frequency_hz), float(2 * abs(np.sum(middle * window * turns)) / np.sum(window))


def decibels(value: float) -> float:
    """A ratio of amplitudes in dB."""
    return float(20 * np.log10(max(value, 1e-30)))


@pytest.mark.parametrize("rate_hz", [48_000, 96_000, 22_050])
@pytest.mark.parametrize(("container", "subtype", "channels", "becomes", "samples"), KINDS)
def test_a_tone_keeps_pitch_level_length_and_depth(
    tmp_path: Path, container: str, subtype: str, channels: int, becomes: str, samples: str, rate_hz: int
) -> None:
    """At 44.1 kHz it has the same frequency, the same level within 0.1 dB, its length within one sample, its bits."""
    if container == "MP3" and rate_hz > 48_000:
        pytest.skip("MP3 ends at 48 kHz")
    if subtype == "OPUS" and rate_hz != 48_000:
        pytest.skip("Opus is 48 kHz")
    source = written(tmp_path / "in", sine(rate_hz).repeat(channels, axis=1), rate_hz, container, subtype)
    before = source.read_bytes()
    original, _ = soundfile.read(source, always_2d=True)
    outcome, target = convert(source)
    assert isinstance(outcome, Converted)
    assert source.read_bytes() == before
    info = soundfile.info(str(target))
    assert (info.format, info.subtype, info.samplerate, info.channels) == (becomes, samples, 44_100, channels)
    assert abs(info.frames - len(original) * 44_100 / rate_hz) <= 1
    converted, _ = soundfile.read(target, always_2d=True)
    frequency_hz, level = tone_of(converted, 44_100)
    assert frequency_hz == pytest.approx(TONE_HZ, abs=0.05)
    _, level_before = tone_of(original, rate_hz)
    assert abs(decibels(level / level_before)) < 0.1
    if container not in LOSSY:
        assert abs(decibels(level / LEVEL)) < 0.1


@pytest.mark.parametrize(("subtype", "floor_db"), [("PCM_24", -130), ("DOUBLE", -150), ("PCM_16", -90)])
def test_what_is_not_the_tone_is_as_low_as_the_bits_allow(tmp_path: Path, subtype: str, floor_db: float) -> None:
    """What is left of a converted tone when the tone is taken out is rounding: no image, no step between blocks."""
    source = written(tmp_path / "in", sine(48_000, seconds=6.0), 48_000, "WAV", subtype)
    _, target = convert(source)
    converted, _ = soundfile.read(target)
    inner = converted[4410:-4410]
    at = (np.arange(len(converted)) * 2 * np.pi * TONE_HZ / 44_100)[4410:-4410]
    basis = np.stack([np.sin(at), np.cos(at)], axis=1)
    fit, *_ = np.linalg.lstsq(basis, inner, rcond=None)
    assert fit[0] == pytest.approx(LEVEL, abs=1e-5)  # and in phase: nothing is shifted in time
    assert abs(fit[1]) < 1e-5
    rest = inner - basis @ fit
    assert decibels(float(np.sqrt(np.mean(rest**2)))) < floor_db


@pytest.mark.parametrize("frequency_hz", [23_000.0, 30_000.0, 43_000.0])
def test_a_tone_above_half_the_new_rate_is_gone(tmp_path: Path, frequency_hz: float) -> None:
    """It does not come back as an alias: less than -120 dB of it is left, anywhere."""
    tone = sine(96_000, frequency_hz=frequency_hz)
    source = written(tmp_path / "in", tone, 96_000, "WAV", "PCM_24")
    _, target = convert(source)
    converted, _ = soundfile.read(target)
    inner = converted[8_000:-8_000]  # a tone that starts at once is not that tone alone
    assert decibels(float(np.max(np.abs(inner)))) < -120


@pytest.mark.parametrize(("subtype", "steps"), [("PCM_16", 0.5), ("PCM_U8", 0.5), ("PCM_24", 0.0), ("FLOAT", 0.0)])
def test_up_to_sixteen_bits_are_dithered(tmp_path: Path, subtype: str, steps: float) -> None:
    """Silence becomes noise of half a step (triangular and rounding noise together); 24 bits stay silent."""
    source = written(tmp_path / "in", np.zeros((96_000, 2)), 48_000, "WAV", subtype)
    _, target = convert(source)
    full = 2 ** (8 if subtype == "PCM_U8" else 16) / 2
    noise = soundfile.read(target)[0] * full
    assert np.std(noise) == pytest.approx(steps, abs=0.01)
    assert abs(np.mean(noise)) < 0.01
    if steps:
        assert abs(np.corrcoef(noise.T)[0, 1]) < 0.02  # each channel has its own


def test_twice_the_same_is_the_same_to_the_bit(tmp_path: Path) -> None:
    """The dither is the same noise each time."""
    source = written(tmp_path / "in", sine(48_000), 48_000, "WAV", "PCM_16")
    _, target = convert(source)
    first = target.read_bytes()
    target.unlink()
    convert(source)
    assert target.read_bytes() == first


def square(rate_hz: int, level: float) -> Samples:
    """A square wave: without its highest tones it overshoots."""
    return np.asarray(np.sign(sine(rate_hz)) * level)


def test_integers_are_clipped_at_full_scale_and_never_wrap(tmp_path: Path) -> None:
    """A full-scale square wave overshoots by a tenth: the copy stays at full scale with the right sign."""
    source = written(tmp_path / "in", square(96_000, 0.9999), 96_000, "WAV", "PCM_24")
    _, target = convert(source)
    converted, _ = soundfile.read(target, dtype="int32")
    assert converted.max() == (2**23 - 1) << 8
    assert converted.min() == -(2**31)
    assert np.max(np.abs(np.diff(converted.astype(np.int64)))) < 2**32 - 2**20  # a wrap jumps by all of it


def test_floating_point_is_not_clipped(tmp_path: Path) -> None:
    """What lies beyond full scale in a float file stays there."""
    source = written(tmp_path / "in", sine(96_000, level=3.0), 96_000, "WAV", "FLOAT")
    _, target = convert(source)
    converted, _ = soundfile.read(target)
    assert np.max(converted) == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize("name", ["aac.m4a", "adts.aac", "alac.m4a", "wavpack.wv", "flac.oga", "wma.wma", "alac.caf"])
def test_what_nothing_here_decodes_is_left_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """No copy is made, and the sentence names the kind; without an ``ffmpeg`` that is AAC, too."""
    monkeypatch.setenv("PATH", str(tmp_path))
    source = tmp_path / "in"
    source.write_bytes((DATA / name).read_bytes())
    outcome, target = convert(source, 48_000)
    assert isinstance(outcome, Left)
    assert examine(source)[0].name in outcome.why
    assert not target.exists()


@pytest.mark.parametrize("name", ["piped.flac", "piped.wav", "layer2.mp2", "tagged.mp3"])
def test_a_file_that_does_not_say_how_long_it_is_is_converted_whole(tmp_path: Path, name: str) -> None:
    """Streams that were written to a pipe: every sample that there is comes out."""
    source = tmp_path / "in"
    source.write_bytes((DATA / name).read_bytes())
    facts = examine(source)[1]
    outcome, target = convert(source, 48_000)
    assert isinstance(outcome, Converted)
    assert facts is not None
    assert abs(soundfile.info(str(target)).frames - facts.duration_s * 48_000) <= 1


def test_an_mp3_that_would_be_cut_short_is_left(tmp_path: Path) -> None:
    """One without a header whose first frame is large: libsndfile takes it for shorter, so nothing is converted."""
    loud = np.random.default_rng(1).uniform(-0.5, 0.5, (48_000, 2))
    parts = []
    for number, (samples, rate) in enumerate([(loud, 0.0), (sine(48_000, seconds=8.0).repeat(2, axis=1), 0.9)]):
        part = tmp_path / f"part{number}"
        with soundfile.SoundFile(
            part, "w", 48_000, 2, "MPEG_LAYER_III", format="MP3", bitrate_mode="CONSTANT", compression_level=rate
        ) as target:
            target.write(samples)
        parts.append(_frames_without_header(part.read_bytes()))
    source = tmp_path / "in"
    source.write_bytes(b"".join(parts))
    facts = examine(source)[1]
    assert facts is not None
    assert facts.duration_s == pytest.approx(9.0, abs=0.2)
    assert soundfile.info(str(source)).duration < 6.0  # what libsndfile believes
    outcome, target_file = convert(source)
    assert isinstance(outcome, Left)
    assert "cut short" in outcome.why
    assert not target_file.exists()


def _frames_without_header(mp3: bytes) -> bytes:
    """An MP3 without the frame that says how many follow."""
    start = next(at for at in range(4, len(mp3)) if mp3[at : at + 2] == mp3[:2] and mp3[at + 3] >> 6 == mp3[3] >> 6)
    return mp3[start:] if b"Xing" in mp3[:start] or b"Info" in mp3[:start] else mp3


def test_a_file_that_breaks_off_is_no_conversion(tmp_path: Path) -> None:
    """Half of a FLAC: an error that says so, and no copy."""
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (96_000, 1))
    source = written(tmp_path / "in", noise, 48_000, "FLAC", "PCM_16")
    whole = source.read_bytes()
    source.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConversionError):
        convert(source)
    assert not (tmp_path / "converted").exists()


def test_what_libsndfile_says_comes_without_python_s_names(tmp_path: Path) -> None:
    """It opens a stream of ours, whose address in memory tells nobody anything."""
    file = tmp_path / "a.wav"
    file.write_bytes(b"RIFF and nothing more of it")
    sound = Sound(file, AudioFormat.WAV, AudioFacts(1.0, 48_000, 2))
    with pytest.raises(ConversionError) as refused:
        convert_file(sound, tmp_path / "b", rate_hz=44_100, token=CancelToken(), advance=lambda _: None)
    assert "0x" not in str(refused.value)
    assert "it cannot be decoded (" in str(refused.value)


def test_a_sample_rate_that_no_music_has_makes_no_giant(tmp_path: Path) -> None:
    """A header that says 1 Hz is left alone, instead of becoming 44,100 times as long."""
    source = written(tmp_path / "in", np.zeros((5_000, 1)), 1, "WAV", "PCM_16")
    outcome, target = convert(source)
    assert isinstance(outcome, Left)
    assert "1 Hz" in outcome.why
    assert not target.exists()


def test_a_flac_of_a_rate_that_flac_cannot_say_becomes_wav(tmp_path: Path) -> None:
    """From 65,536 Hz on FLAC counts in tens: 88,205 Hz is written as WAV of the same bits."""
    source = written(tmp_path / "in", sine(48_000), 48_000, "FLAC", "PCM_24")
    convert(source, 88_205)
    info = soundfile.info(str(tmp_path / "converted"))
    assert (info.format, info.subtype, info.samplerate) == ("WAV", "PCM_24", 88_205)


@pytest.mark.parametrize("rate_hz", [RATES_HZ[0], RATES_HZ[-1]])
def test_the_ends_of_the_range_work(tmp_path: Path, rate_hz: int) -> None:
    """The lowest and the highest rate that may be asked for."""
    source = written(tmp_path / "in", sine(48_000), 48_000, "WAV", "PCM_24")
    _, target = convert(source, rate_hz)
    assert soundfile.info(str(target)).frames == round(SECONDS * rate_hz)


def test_a_cancel_in_the_middle_leaves_no_copy(tmp_path: Path) -> None:
    """Cancelled after the first block: heard before the second."""
    source = written(tmp_path / "in", sine(48_000, seconds=20.0), 48_000, "WAV", "PCM_16")
    token, shares = CancelToken(), list[float]()

    def cancel(share: float) -> None:
        shares.append(share)
        token.cancel()

    with pytest.raises(ExportCancelled):
        convert(source, token=token, advance=cancel)
    assert len(shares) == 1
    assert 0 < shares[0] < 1
    assert not (tmp_path / "converted").exists()


def test_progress_rises_to_one(tmp_path: Path) -> None:
    """Shares of the file, never backwards, the last one the whole."""
    source = written(tmp_path / "in", sine(48_000, seconds=10.0), 48_000, "FLAC", "PCM_16")
    shares: list[float] = []
    convert(source, advance=shares.append)
    assert shares == sorted(shares)
    assert len(shares) > 3
    assert shares[-1] == 1.0


FULL_DISK = """
import errno, resource, signal, sys
from pathlib import Path
from chadsdk.cancel import CancelToken
from chadsdk.media import Sound, convert_file, examine
source = Path(sys.argv[1])
sound = Sound(source, *examine(source))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
target = source.with_name("converted")
try:
    convert_file(sound, target, rate_hz=44_100, token=CancelToken(), advance=lambda share: None)
except OSError as exc:
    print(errno.errorcode[exc.errno], target.exists())
"""


def test_a_full_disk_is_an_os_error(tmp_path: Path) -> None:
    """What the file system says comes out as it is, not as an error of the decoder."""
    source = written(tmp_path / "in", sine(48_000, seconds=20.0), 48_000, "WAV", "PCM_16")
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(source)], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert (done.stdout.split(), done.stderr) == (["EFBIG", "False"], "")


PEAK = """
import resource, sys
from pathlib import Path
from chadsdk.cancel import CancelToken
from chadsdk.media import Sound, convert_file, examine
source = Path(sys.argv[1])
def peak_kib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
seen = []
convert_file(
    Sound(source, *examine(source)), source.with_name("converted"), rate_hz=44_100, token=CancelToken(),
    advance=lambda share: seen.append(peak_kib()),
)
print(seen[2], seen[-1], len(seen))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss counts otherwise elsewhere")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Ten minutes of stereo, 110 MB in and 210 MB as samples: the peak after three blocks is nearly that at the end."""
    second = sine(48_000, seconds=1.0).repeat(2, axis=1)
    source = tmp_path / "in"
    with soundfile.SoundFile(source, "w", 48_000, 2, "PCM_16", format="WAV") as target:
        for _ in range(600):
            target.write(second)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(source)], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    early_kib, late_kib, blocks = map(int, done.stdout.split())
    assert blocks > 400
    assert late_kib - early_kib < 8 * 1024


def test_the_converter_is_there() -> None:
    """The resampler is a dependency like any other: whoever has the package can convert."""
    require_converter()
