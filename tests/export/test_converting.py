"""Exports at one sample rate: what is converted, what is not, and what the papers say of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chadsdk import (
    CancelToken,
    ChadMusicAPIClient,
    ExportCancelled,
    Manifest,
    MixExporter,
    Phase,
    Playlist,
    PlaylistEntry,
    Progress,
    Settings,
    Track,
)
from chadsdk.errors import ConfigurationError, DataError, DiskFullError, FormatError
from chadsdk.export import verify_export
from chadsdk.export.timeline import make_project
from harness.audio import Tone, write_tone
from harness.build import plain_world
from harness.process import ServerHandle, running_server
from harness.recording import sha256_of
from tests.export.rig import Recorder, check_export, leftovers, local_playlist, own_wav, quick_settings
from tests.media.encoder import MP4_KINDS, encoded, ffmpeg_or_skip
from tests.media.samples import DATA, checked_in

FORMATS = [
    ("wav16", 48_000, "wav", "PCM_16", 16),
    ("wav24", 96_000, "wav", "PCM_24", 24),
    ("aiff24", 48_000, "aiff", "PCM_24", 24),
    ("flac24", 48_000, "flac", "PCM_24", 24),
    ("flac16", 22_050, "flac", "PCM_16", 16),
    ("mp3", 48_000, "wav", "PCM_24", None),
    ("vorbis", 48_000, "wav", "PCM_24", None),
    ("opus", 48_000, "wav", "PCM_24", None),
]


def tone(file: Path, name: str, rate_hz: int, *, seconds: float = 0.5) -> Path:
    """A tone in a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    return write_tone(file, Tone(name, 440.0, seconds, rate_hz)).file


@pytest.mark.parametrize(("name", "rate_hz", "extension", "subtype", "bits"), FORMATS)
def test_a_track_of_another_rate_is_a_converted_copy(
    offline: MixExporter, tmp_path: Path, to: Path, name: str, rate_hz: int, extension: str, subtype: str, bits: int
) -> None:
    """The file has the new rate and its bits, the manifest says what it came from, the original is as it was."""
    file = tone(tmp_path / f"mine/song.{name.rstrip('0123456789')}", name, rate_hz)
    digest = sha256_of(file)
    result = offline.export(local_playlist(file), to, convert_to=44_100)
    (entry,) = check_export(result.folder)["entries"]
    info = soundfile.info(str(result.folder / entry["file"]))
    assert (entry["file"], info.samplerate, info.subtype) == (f"Audio/01 song.{extension}", 44_100, subtype)
    assert entry["sample_rate_hz"] == 44_100
    assert entry["converted_from"].pop("extension") in {extension, "mp3", "ogg", "opus"}
    assert entry["converted_from"] == {"sample_rate_hz": rate_hz, "bit_depth": bits, "sha256": digest}
    assert sha256_of(file) == digest
    assert Manifest.load(result.folder) == result.manifest
    assert not verify_export(result.folder).damaged


def test_a_track_that_has_the_rate_is_a_copy_bit_for_bit(offline: MixExporter, tmp_path: Path, to: Path) -> None:
    """Nothing is done to what is right already, MP3 included."""
    files = [tone(tmp_path / "mine/a.wav", "wav24", 44_100), tone(tmp_path / "mine/b.mp3", "mp3", 44_100)]
    result = offline.export(local_playlist(*files), to, convert_to=44_100)
    assert [sha256_of(result.folder / entry.file) for entry in result.exported] == [sha256_of(file) for file in files]
    assert not result.manifest.converted
    assert result.manifest.convert_to == 44_100


def test_without_being_asked_nothing_is_converted(offline: MixExporter, tmp_path: Path, to: Path) -> None:
    """Mixed rates stay mixed."""
    file = tone(tmp_path / "mine/a.wav", "wav24", 96_000)
    result = offline.export(local_playlist(file), to)
    assert sha256_of(result.folder / result.exported[0].file) == sha256_of(file)
    assert (result.manifest.convert_to, result.manifest.converted) == (None, ())


def test_the_cached_file_is_as_it_was(
    exporter: MixExporter, settings: Settings, playlist: Playlist, to: Path, server: ServerHandle
) -> None:
    """Cloud tracks are converted on their way out of the cache: it still holds what the server sent."""
    result = exporter.export(playlist, to, convert_to=48_000)
    assert len(result.manifest.converted) == len(playlist)
    cached = {sha256_of(file) for file in settings.cache_dir.rglob("*.wav")}
    assert {entry.converted_from.sha256 for entry in result.exported if entry.converted_from} == cached
    server.clear_ledger()
    again = exporter.export(playlist, to, replace=True)
    assert {entry.sha256 for entry in again.exported} == cached
    assert not server.audio_gets()


def test_without_ffmpeg_aac_is_exported_as_it_is_and_said(
    offline: MixExporter, tmp_path: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nothing here decodes is not lost: its file is there, and the manifest says that it was not converted."""
    monkeypatch.setenv("PATH", str(tmp_path))
    file = checked_in("aac.m4a", tmp_path)
    result = offline.export(local_playlist(file), to, convert_to=48_000)
    (entry,) = result.manifest.not_converted
    assert sha256_of(result.folder / entry.file) == sha256_of(file)
    assert entry.status == "exported"
    assert "ffmpeg on the PATH would" in str(entry.not_converted)
    assert Manifest.load(result.folder) == result.manifest
    again = offline.export(local_playlist(file), to, convert_to=44_100, replace=True)
    assert sha256_of(again.folder / again.exported[0].file) == sha256_of(file)
    assert not again.manifest.not_converted


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
@pytest.mark.parametrize(("kind", "bits"), [("aac", None), ("alac", 16)])
def test_aac_and_apple_lossless_become_wav_by_ffmpeg(
    offline: MixExporter, tmp_path: Path, to: Path, kind: str, bits: int | None, rate_hz: int
) -> None:
    """At the same rate, too; the manifest says what the WAV was made from, and there was room asked for it."""
    mp4 = encoded(tone(tmp_path / "a.wav", "wav16", 44_100, seconds=3.0), tmp_path / "song.m4a", *MP4_KINDS[kind])
    digest, playlist = sha256_of(mp4), local_playlist(mp4)
    copy_bytes = sum(
        need.copy_bytes for need in offline.preflight(offline.plan(playlist, to, convert_to=rate_hz)).volumes
    )
    result = offline.export(playlist, to, convert_to=rate_hz)
    (entry,) = check_export(result.folder)["entries"]
    assert (entry["file"], entry["sample_rate_hz"], entry["not_converted"]) == ("Audio/01 song.wav", rate_hz, None)
    assert entry["converted_from"] == {
        "extension": "m4a",
        "sample_rate_hz": 44_100,
        "bit_depth": bits,
        "sha256": digest,
    }
    assert sha256_of(mp4) == digest
    assert not verify_export(result.folder).damaged
    needed = entry["size_bytes"] + mp4.stat().st_size
    assert needed <= copy_bytes <= needed + 10_000


@pytest.mark.parametrize("kind", ["aac", "index first"])
def test_a_cut_mp4_is_missing_with_its_reason(offline: MixExporter, tmp_path: Path, to: Path, kind: str) -> None:
    """The others are exported, no process and no part is left, and the sentence names the track but no path."""
    whole = encoded(tone(tmp_path / "a.wav", "wav16", 44_100, seconds=3.0), tmp_path / "cut.m4a", *MP4_KINDS[kind])
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    result = offline.export(local_playlist(whole, checked_in("aac.m4a", tmp_path)), to, convert_to=44_100)
    (missing,) = result.missing
    assert (missing.reason, missing.position) == ("not_convertible", 1)
    assert "01 cut.m4a cannot be converted" in str(missing.detail)
    assert str(tmp_path) not in str(missing.detail)
    check_export(result.folder)


def test_an_mp4_put_in_by_hand_stays_as_it_is(offline: MixExporter, tmp_path: Path, to: Path) -> None:
    """A retry touches nothing that is there, at the same rate and with an ffmpeg, too."""
    ffmpeg_or_skip()
    first = offline.export(local_playlist(tmp_path / "gone.m4a"), to, convert_to=44_100)
    gap = first.folder / first.missing[0].file
    shutil.copy(DATA / "aac.m4a", gap)
    result = offline.retry(first.folder)
    assert sha256_of(gap) == sha256_of(DATA / "aac.m4a")
    assert (len(result.exported), result.manifest.not_converted) == (1, ())


def test_preflight_reckons_a_cloud_mp4_as_what_it_becomes(
    exporter: MixExporter, to: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A WAV of its length where there is an ffmpeg, else itself."""
    ffmpeg_or_skip()
    track = Track("T", cloud_track_id="x", cloud_stream_path="/x.m4a", size_bytes=1_000_000, duration_s=100.0)
    plan = exporter.plan(Playlist("P", entries=(PlaylistEntry(track),)), to, convert_to=44_100)
    with_it = sum(need.copy_bytes for need in exporter.preflight(plan).volumes)
    assert with_it == pytest.approx(100 * 44_100 * 6 + 1_000_000, abs=10_000)
    monkeypatch.setenv("PATH", str(tmp_path))
    without = sum(need.copy_bytes for need in exporter.preflight(plan).volumes)
    assert without < 2_100_000


def test_a_track_that_breaks_off_is_missing_with_its_reason(offline: MixExporter, tmp_path: Path, to: Path) -> None:
    """The rest is exported; nothing of the broken one is left in the folder."""
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (96_000, 1))
    broken = tmp_path / "broken.flac"
    soundfile.write(broken, noise, 48_000, format="FLAC", subtype="PCM_16")
    broken.write_bytes(broken.read_bytes()[:60_000])
    result = offline.export(local_playlist(broken, tone(tmp_path / "a.wav", "wav16", 48_000)), to, convert_to=44_100)
    (missing,) = result.missing
    assert (missing.reason, missing.position) == ("not_convertible", 1)
    assert "cannot be converted" in str(missing.detail)
    check_export(result.folder)


def test_entries_that_share_a_file_share_its_conversion(offline: MixExporter, tmp_path: Path, to: Path) -> None:
    """Twice the same track is one converted file."""
    file = tone(tmp_path / "a.wav", "wav16", 48_000)
    result = offline.export(local_playlist(file, file), to, convert_to=44_100)
    assert len({entry.file for entry in result.exported}) == 1
    assert len(result.manifest.converted) == 2
    check_export(result.folder)


def test_a_cue_out_at_the_end_of_the_original_is_no_problem(offline: MixExporter, tmp_path: Path, to: Path) -> None:
    """The copy may be a part of a sample shorter than its original: the playlist still says nothing wrong."""
    samples = np.zeros((48_008, 1))
    soundfile.write(tmp_path / "a.wav", samples, 48_000)
    track = Track("A", file=tmp_path / "a.wav")
    playlist = Playlist("Mine", entries=(PlaylistEntry(track, cue_out_s=48_008 / 48_000),))
    result = offline.export(playlist, to, convert_to=44_100)
    assert result.exported[0].duration_s != pytest.approx(48_008 / 48_000, abs=2e-6)
    assert make_project(result.manifest).clips[0].note is None


@pytest.mark.parametrize("rate_hz", [0, 7_999, 384_001, -44_100, 44_100.0, True, "44100"])
def test_what_is_no_sample_rate_is_refused(offline: MixExporter, tmp_path: Path, to: Path, rate_hz: int) -> None:
    """Before anything is made, on a thread as well."""
    playlist = local_playlist(own_wav(tmp_path / "a.wav"))
    with pytest.raises(ConfigurationError, match="convert_to"):
        offline.export(playlist, to, convert_to=rate_hz)
    with pytest.raises(ConfigurationError, match="convert_to"):
        offline.start(playlist, to, convert_to=rate_hz)
    assert leftovers(to) == []


def test_a_job_converts_as_well(offline: MixExporter, tmp_path: Path, to: Path) -> None:
    """`start` takes the same argument."""
    playlist = local_playlist(tone(tmp_path / "a.wav", "wav16", 48_000))
    assert offline.start(playlist, to, convert_to=44_100).result(30).exported[0].sample_rate_hz == 44_100


def long_wav(file: Path, *, minutes: int = 4) -> Path:
    """A long file at 48 kHz."""
    second = np.random.default_rng(1).uniform(-0.5, 0.5, (48_000, 2))
    with soundfile.SoundFile(file, "w", 48_000, 2, "PCM_16", format="WAV") as target:
        for _ in range(60 * minutes):
            target.write(second)
    return file


def test_progress_moves_while_a_track_is_converted(offline: MixExporter, tmp_path: Path, to: Path) -> None:
    """Beyond the part that copying is, before the end; and it ends at its total."""
    recorder = Recorder()
    file = long_wav(tmp_path / "long.wav")
    offline.export(local_playlist(file), to, convert_to=44_100, progress=recorder)
    counts = [count.bytes_done for count in recorder.counts(Phase.EXPORT)]
    size = file.stat().st_size
    assert counts == sorted(counts)
    assert counts[-1] == size
    assert [count for count in counts if size * 0.3 < count < size]


def test_a_cancel_in_mid_conversion_leaves_nothing(offline: MixExporter, tmp_path: Path, to: Path) -> None:
    """Cancelled when more was told of than copying can be: no export folder, no partial one, the original as it was."""
    file = long_wav(tmp_path / "long.wav")
    digest, size, token = sha256_of(file), file.stat().st_size, CancelToken()
    seen: list[int] = []

    def listen(event: object) -> None:
        if isinstance(event, Progress) and event.phase is Phase.EXPORT and event.bytes_done > 0.3 * size:
            seen.append(event.bytes_done)
            token.cancel()

    with pytest.raises(ExportCancelled):
        offline.export(local_playlist(file), to, convert_to=44_100, progress=listen, cancel=token)
    assert seen[0] < size
    assert leftovers(to) == []
    assert sha256_of(file) == digest


def test_preflight_asks_for_what_a_lossy_track_becomes(offline: MixExporter, tmp_path: Path, to: Path) -> None:
    """An MP3 becomes a WAV of 24 bits; while that is written the MP3 lies beside it."""
    file = tone(tmp_path / "a.mp3", "mp3", 48_000, seconds=10.0)
    plan = offline.plan(local_playlist(file), to, convert_to=44_100)
    copy_bytes = sum(need.copy_bytes for need in offline.preflight(plan).volumes)
    offline.export(local_playlist(file), to, convert_to=44_100)
    real = next((to / "Mine/Audio").iterdir()).stat().st_size + file.stat().st_size
    assert real <= copy_bytes <= real + 10_000


def test_preflight_and_time_line_do_not_believe_an_mp4_of_weeks(offline: MixExporter, tmp_path: Path, to: Path) -> None:
    """Headers that say 0x7fffffff where half a second is: room for megabytes, not for half a terabyte."""
    ffmpeg_or_skip()
    file = checked_in("index-first.m4a", tmp_path)
    data = bytearray(file.read_bytes())
    for kind, at in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        where = data.index(kind) + at
        data[where : where + 4] = b"\x7f\xff\xff\xff"
    file.write_bytes(data)
    playlist = local_playlist(file)
    plan = offline.plan(playlist, to, convert_to=44_100)
    assert sum(need.copy_bytes for need in offline.preflight(plan).volumes) < 1_000_000
    assert make_project(offline.export(playlist, to).manifest).length_s == pytest.approx(0.5)
    converted = offline.export(playlist, to, convert_to=44_100, replace=True)
    assert not converted.missing
    assert make_project(converted.manifest).length_s == pytest.approx(0.5)


def test_an_mp4_whose_samples_last_weeks_is_reckoned_by_its_bytes(
    offline: MixExporter, tmp_path: Path, to: Path
) -> None:
    """Also the table of samples may lie: what comes out is counted."""
    ffmpeg_or_skip()
    file = checked_in("index-first.m4a", tmp_path)
    data = bytearray(file.read_bytes())
    where = data.index(b"stts") + 16  # the length of each
    data[where : where + 4] = b"\x00\xff\xff\xff"
    where = data.index(b"elst")
    data[where : where + 4] = b"free"
    file.write_bytes(data)
    plan = offline.plan(local_playlist(file), to, convert_to=44_100)
    assert sum(need.copy_bytes for need in offline.preflight(plan).volumes) < 1_000_000
    (clip,) = make_project(offline.export(local_playlist(file), to).manifest).clips
    assert clip.length_is_guess


def test_a_codec_that_is_not_decoded_is_why_ardour_is_refused(offline: MixExporter, tmp_path: Path, to: Path) -> None:
    """At the rate that was asked for, with an ffmpeg: the refusal repeats what the manifest would say."""
    wav = tone(tmp_path / "a.wav", "wav16", 44_100)
    playlist = local_playlist(encoded(wav, tmp_path / "a.m4a", "-c:a", "ac3", "-f", "mp4"))
    with pytest.raises(FormatError) as refused:
        offline.export(playlist, to, formats=["ardour"], convert_to=44_100)
    assert "nothing here decodes this kind of MP4 (AC-3)" in str(refused.value)
    assert "--convert-to" not in str(refused.value)


def test_preflight_asks_no_more_for_what_stays_as_it_is(offline: MixExporter, tmp_path: Path, to: Path) -> None:
    """An MP3 that has the rate needs its own length."""
    file = tone(tmp_path / "a.mp3", "mp3", 44_100)
    plan = offline.plan(local_playlist(file), to, convert_to=44_100)
    assert sum(need.copy_bytes for need in offline.preflight(plan).volumes) == file.stat().st_size


def test_preflight_reckons_what_is_still_to_be_downloaded(exporter: MixExporter, to: Path) -> None:
    """A cloud MP3 of 100 seconds is taken to become 100 seconds of WAV."""
    track = Track("T", cloud_track_id="x", cloud_stream_path="/x.mp3", size_bytes=1_000_000, duration_s=100.0)
    plan = exporter.plan(Playlist("P", entries=(PlaylistEntry(track),)), to, convert_to=44_100)
    copy_bytes = sum(need.copy_bytes for need in exporter.preflight(plan).volumes)
    assert copy_bytes == pytest.approx(100 * 44_100 * 6 + 1_000_000, abs=10_000)


def test_an_export_that_would_not_fit_once_converted_is_refused(
    tmp_path: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The room is asked for before a byte is moved; what else goes on on the disk of a test must not matter."""
    file = tone(tmp_path / "a.mp3", "mp3", 48_000, seconds=10.0)
    room = shutil.disk_usage(tmp_path)._replace(free=2_000_000)
    monkeypatch.setattr("psutil.disk_usage", lambda _path: room)
    with MixExporter(settings=quick_settings(tmp_path / "cache", headroom_bytes=1_000_000)) as exporter:
        exporter.export(local_playlist(file), to / "as it is")
        with pytest.raises(DiskFullError):
            exporter.export(local_playlist(file), to / "converted", convert_to=44_100)


def test_a_retry_converts_what_it_fetches(tmp_path: Path, to: Path) -> None:
    """An export at 48 kHz lacked a track: what is fetched later is converted likewise, what is there is not touched."""
    settings = quick_settings(tmp_path / "cache")
    with running_server(plain_world(tmp_path / "world", [40_000] * 3)) as server:
        server.set_faults("t-2", [{"status": 404, "always": True}])
        with (
            ChadMusicAPIClient(server.url, token=server.token, settings=settings) as client,
            MixExporter(client, settings=settings) as exporter,
        ):
            first = exporter.export(client.playlist("plain"), to, convert_to=48_000)
            before = {entry.file: sha256_of(first.folder / entry.file) for entry in first.exported}
            assert len(first.missing) == 1
            server.set_faults("t-2", [])
            result = exporter.retry(first.folder)
    assert not result.missing
    assert [entry.sample_rate_hz for entry in result.exported] == [48_000] * 3
    assert len(result.manifest.converted) == 3
    assert {file: sha256_of(result.folder / file) for file in before} == before
    assert not verify_export(result.folder).damaged
    check_export(result.folder)


def test_a_file_put_in_by_hand_is_taken_in_as_it_is(tmp_path: Path, to: Path, offline: MixExporter) -> None:
    """A retry takes in what the user put under a missing name, at its own rate, and says that it was not converted."""
    present = tone(tmp_path / "a.wav", "wav16", 48_000)
    first = offline.export(local_playlist(present, tmp_path / "gone.wav"), to, convert_to=44_100)
    gap = first.folder / first.missing[0].file
    shutil.copy(present, gap)
    inode = gap.stat().st_ino
    result = offline.retry(first.folder)
    assert not result.missing
    assert (gap.stat().st_ino, sha256_of(gap)) == (inode, sha256_of(present))
    (entry,) = result.manifest.not_converted
    assert "by hand" in str(entry.not_converted)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"convert_to": 1}, "convert_to"),
        ({"convert_to": 44_100.5}, "convert_to"),
        ({"convert_to": "44100"}, "convert_to"),
        ({"converted_from": {}}, "entries[0].converted_from.extension"),
        ({"converted_from": []}, "entries[0].converted_from"),
        (
            {"converted_from": {"extension": "mp3", "sample_rate_hz": "48000", "sha256": "ab" * 32}},
            "entries[0].converted_from.sample_rate_hz",
        ),
        ({"not_converted": 7}, "entries[0].not_converted"),
    ],
)
def test_a_manifest_is_read_strictly(
    offline: MixExporter, tmp_path: Path, to: Path, change: dict[str, object], place: str
) -> None:
    """A retry converts to what the manifest says, so that is looked at as strictly as the rest."""
    result = offline.export(local_playlist(own_wav(tmp_path / "a.wav")), to)
    manifest = json.loads(result.manifest_path.read_bytes())
    (manifest if "convert_to" in change else manifest["entries"][0]).update(change)
    result.manifest_path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(DataError) as refused:
        Manifest.load(result.folder)
    assert refused.value.place == place
