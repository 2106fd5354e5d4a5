"""A finished export: every file whole, every entry told of, everything independent of where it came from."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chadsdk import ChadMusicAPIClient, ExportResult, Manifest, MixExporter, Phase, Playlist, Reason, Track
from chadsdk.errors import AuthError, ConfigurationError, DataError, MissingTracksError
from harness.build import GONE_ID, LOGIN_PAGE_ID, TWICE_ID, make_world
from harness.process import ServerHandle, running_server
from harness.recording import sha256_of
from harness.world import LocalTrack, World
from tests.export.rig import Recorder, check_export, leftovers, local_playlist, own_wav, quick_settings
from tests.export.test_plan import ODD_TEXTS


@dataclass(frozen=True)
class Mixed:
    """An export of the harness's mixed world, with own files in it."""

    world: World
    result: ExportResult
    manifest: dict[str, Any]
    cache_dir: Path


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mixed]:
    """Every format from the cloud, three own files, one track that is gone and one behind a login page."""
    folder = tmp_path_factory.mktemp("mixed")
    world = make_world(folder=folder / "world", local=3)
    quick = quick_settings(folder / "cache")
    with (
        running_server(world) as server,
        ChadMusicAPIClient(server.url, token=server.token, settings=quick) as client,
        MixExporter(client, settings=quick) as exporter,
    ):
        playlist = Playlist("Friday: Night/Mix")
        for item in world.mix():
            if isinstance(item, LocalTrack):
                playlist.add(Track(item.title, item.artist, file=item.recording.file))
            else:
                playlist.add(client.track(item))
        result = exporter.export(playlist, folder / "to")
        yield Mixed(world, result, check_export(result.folder), quick.cache_dir)


def test_a_mixed_export_holds_every_track_as_its_source_has_it(mixed: Mixed) -> None:
    """Judged by libsndfile and by digest: each exported file is, bit for bit, the recording of its entry."""
    for item, entry in zip(mixed.world.mix(), mixed.manifest["entries"], strict=True):
        track = item if isinstance(item, LocalTrack) else mixed.world.track(item)
        if entry["status"] == "exported":
            assert track.recording is not None
            assert entry["sha256"] == track.recording.sha256
            assert entry["verified"] == ("local" if isinstance(item, LocalTrack) else entry["verified"])
    assert mixed.manifest["summary"]["exported"] == len(mixed.manifest["entries"]) - 2


def test_missing_tracks_have_a_reason_and_the_name_that_they_would_have(mixed: Mixed) -> None:
    """404 is not_found, a login page under 200 is not_audio; neither has a file, both have a name."""
    missing = {entry.cloud_track_id: entry for entry in mixed.result.missing}
    assert {key: entry.reason for key, entry in missing.items()} == {
        GONE_ID: Reason.NOT_FOUND,
        LOGIN_PAGE_ID: Reason.NOT_AUDIO,
    }
    for entry in missing.values():
        assert entry.file.startswith(f"Audio/{entry.position:02d} ")
        assert not (mixed.result.folder / entry.file).exists()


def test_missing_txt_tells_a_person_what_and_why(mixed: Mixed) -> None:
    """Title, sentence, code and name of each missing track, and of no other."""
    told = (mixed.result.folder / "MISSING.txt").read_text(encoding="utf-8")
    for entry in mixed.result.missing:
        for part in (entry.title, entry.detail, f"[{entry.reason}]", entry.file):
            assert part is not None
            assert part in told
    assert told.count("[") == 2
    assert all(entry.file not in told for entry in mixed.result.exported)


def test_the_playlist_says_what_is_missing_in_comments(mixed: Mixed) -> None:
    """A DAW that reads the M3U8 plays what is there; a person who reads it sees the rest."""
    lines = next(mixed.result.folder.glob("*.m3u8")).read_text(encoding="utf-8").splitlines()
    comments = [line for line in lines if line.startswith("# Missing: ")]
    assert len(comments) == 2
    for entry, line in zip(mixed.result.missing, comments, strict=True):
        assert entry.file in line


def test_a_track_that_stands_twice_is_one_file_under_two_entries(mixed: Mixed) -> None:
    """Both lines of the manifest name the same file and digest, and the bytes are counted once."""
    twice = [entry for entry in mixed.manifest["entries"] if entry["cloud_track_id"] == TWICE_ID]
    assert len(twice) == 2
    assert twice[0]["file"] == twice[1]["file"]


def test_the_result_is_the_manifest_that_lies_in_the_folder(mixed: Mixed) -> None:
    """What `export` gives and what a later program loads are one value."""
    assert Manifest.load(mixed.result.folder) == mixed.result.manifest
    assert Manifest.load(mixed.result.manifest_path) == mixed.result.manifest
    assert len(mixed.result.exported) + len(mixed.result.missing) == len(mixed.manifest["entries"])


def test_an_export_is_independent_of_the_cache(mixed: Mixed, tmp_path: Path) -> None:
    """A DAW that writes into the export changes no cached file: no inode is shared."""
    inodes = {path.stat().st_ino: path for path in mixed.cache_dir.rglob("*") if path.is_file()}
    before = {path: sha256_of(path) for path in inodes.values()}
    for path in (mixed.result.folder / "Audio").iterdir():
        assert path.stat().st_ino not in inodes
        content = path.read_bytes()
        path.write_bytes(b"spoilt by a DAW")
        try:
            assert {path: sha256_of(path) for path in before} == before
        finally:
            path.write_bytes(content)


def test_an_export_can_be_read_by_others(mixed: Mixed) -> None:
    """The cache is private, the export is not: its files get the user's usual permissions."""
    probe = mixed.result.folder.parent / "probe"
    probe.touch()
    for path in (mixed.result.folder / "Audio").iterdir():
        assert path.stat().st_mode == probe.stat().st_mode


def test_what_was_cached_is_not_downloaded_again(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, to: Path
) -> None:
    """The second export makes no GET of audio; the result tells hits and bytes."""
    first = exporter.export(playlist, to / "1")
    assert (first.downloaded_bytes, first.cache_hits) == (6 * 65_536, 0)
    server.clear_ledger()
    second = exporter.export(playlist, to / "2")
    assert (second.downloaded_bytes, second.cache_hits) == (0, 6)
    assert server.ledger() == []
    check_export(second.folder)


def test_an_empty_playlist_is_an_export(offline: MixExporter, to: Path) -> None:
    """No entries, no audio, all papers."""
    result = offline.export(Playlist("Empty"), to)
    assert check_export(result.folder)["summary"] == {"entries": 0, "exported": 0, "missing": 0, "bytes": 0}


def test_an_export_of_nothing_but_missing_tracks_succeeds(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, to: Path
) -> None:
    """The server answers every track with 404; the caller gets a folder that says so."""
    for entry in playlist:
        server.set_faults(str(entry.track.cloud_track_id), [{"status": 404, "always": True}])
    result = exporter.export(playlist, to)
    assert [entry["reason"] for entry in check_export(result.folder)["entries"]] == ["not_found"] * 6


def test_bad_credentials_stop_the_export_and_leave_nothing(
    server: ServerHandle, client: ChadMusicAPIClient, exporter: MixExporter, playlist: Playlist, to: Path
) -> None:
    """401 dooms every track: one AuthError, no folder, no staged folder."""
    del client
    server.expire_token()
    with pytest.raises(AuthError):
        exporter.export(playlist, to)
    assert leftovers(to) == []


def test_credentials_that_expire_when_sizes_are_asked_stop_the_export_too(
    server: ServerHandle, client: ChadMusicAPIClient, exporter: MixExporter, to: Path
) -> None:
    """The preflight's HEAD meets the 401 first."""
    unsaid = Track("T", cloud_server=client.key, cloud_track_id="t-1", cloud_stream_path="/tracks/1/audio.wav")
    server.expire_token()
    with pytest.raises(AuthError):
        exporter.export(Playlist("P", entries=(unsaid,)), to)  # type: ignore[arg-type]
    assert leftovers(to) == []


def test_on_missing_fail_stops_before_anything_is_made(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, to: Path, tmp_path: Path
) -> None:
    """What the plan knows to be missing is refused at once, with every line in the error; no track is downloaded."""
    playlist.add(Track("a", file=tmp_path / "a.wav"))
    playlist.add(Track("b", file=own_wav(tmp_path / "b.wav")))
    playlist.add(Track("c"))
    server.clear_ledger()
    with pytest.raises(MissingTracksError, match="2 tracks are missing") as caught:
        exporter.export(playlist, to, on_missing="fail")
    assert [line.partition(":")[0] for line in caught.value.missing] == ["7. a", "9. c"]
    assert server.ledger() == []
    assert not to.exists()


def test_on_missing_fail_stops_after_the_download(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, to: Path
) -> None:
    """What only the download finds missing is refused before a file is copied."""
    server.set_faults("t-3", [{"status": 404, "always": True}])
    recorder = Recorder()
    with pytest.raises(MissingTracksError, match=r"3\. Plain 00003"):
        exporter.export(playlist, to, on_missing="fail", progress=recorder)
    assert recorder.counts(Phase.EXPORT) == []
    assert leftovers(to) == []


def test_on_missing_fail_stops_after_the_copy(offline: MixExporter, to: Path, tmp_path: Path) -> None:
    """What only a look at the bytes finds unusable is refused too."""
    (tmp_path / "page.wav").write_text("<!doctype html><title>Log in</title>")
    with pytest.raises(MissingTracksError, match="is not audio but a web page"):
        offline.export(local_playlist(tmp_path / "page.wav"), to, on_missing="fail")
    assert leftovers(to) == []


def test_on_missing_fail_succeeds_when_all_is_there(offline: MixExporter, to: Path, tmp_path: Path) -> None:
    """It changes nothing where nothing is missing."""
    result = offline.export(local_playlist(own_wav(tmp_path / "a.wav")), to, on_missing="fail")
    assert result.missing == ()


@pytest.mark.parametrize("wrong", [{"formats": ("protools",)}, {"on_missing": "ignore"}])
def test_an_unknown_wish_is_refused_before_anything_is_made(
    offline: MixExporter, to: Path, wrong: dict[str, Any]
) -> None:
    """By `export` and by `start`, on the caller's thread."""
    with pytest.raises(ConfigurationError):
        offline.export(Playlist("P"), to, **wrong)
    with pytest.raises(ConfigurationError):
        offline.start(Playlist("P"), to, **wrong)
    assert not to.exists()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(ODD_TEXTS, st.none() | ODD_TEXTS, st.booleans()), max_size=5), ODD_TEXTS)
def test_every_entry_of_an_odd_playlist_is_in_the_manifest_once(
    entries: list[tuple[str, str | None, bool]], name: str
) -> None:
    """Controls, 10 kB, bidirectional marks, formulas, nothing at all: the export stands and tells of each."""
    with (
        tempfile.TemporaryDirectory() as folder,
        MixExporter(settings=quick_settings(Path(folder) / "cache")) as exporter,
    ):
        own = own_wav(Path(folder) / "own.wav", size_bytes=1_000)
        tracks = tuple(Track(title, artist, file=own if there else Path("nowhere")) for title, artist, there in entries)
        result = exporter.export(Playlist(name, entries=tracks), Path(folder) / "to")  # type: ignore[arg-type]
        manifest = check_export(result.folder)
        assert [entry["status"] for entry in manifest["entries"]] == [
            "exported" if there else "missing" for _, _, there in entries
        ]
        assert result.folder.parent == Path(folder) / "to"


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (lambda text: text[:1], "line 1 column 2"),
        (lambda text: text.replace("chadsdk.manifest/1", "chadsdk.manifest/9"), "schema"),
        (lambda text: text.replace('"position": 1,', '"position": "1",'), "entries[0].position"),
        (lambda text: text.replace('"Audio/', '"../'), "entries[0].file"),
        (lambda text: text.replace('"local"', '"luck"'), "entries[0].verified"),
    ],
)
def test_a_spoilt_manifest_is_refused_by_its_place(
    offline: MixExporter, to: Path, tmp_path: Path, spoil: Any, place: str
) -> None:
    """What a later program loads was checked; a path that climbs out is not passed on."""
    result = offline.export(local_playlist(own_wav(tmp_path / "a.wav")), to)
    text = result.manifest_path.read_text(encoding="utf-8")
    result.manifest_path.write_text(spoil(text), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        Manifest.load(result.folder)
    assert caught.value.place == place
