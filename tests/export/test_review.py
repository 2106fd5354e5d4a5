"""What must not happen to an export however its surroundings change: each of these once did."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chadsdk import ChadMusicAPIClient, DownloadService, MixExporter, Playlist, Settings, Track
from chadsdk.errors import ChadError, UnsafeURLError
from chadsdk.export import verify_export
from chadsdk.source import CloudSource
from harness.build import plain_world
from harness.process import ServerHandle, running_server
from harness.recording import sha256_of
from tests.export.rig import check_export, local_playlist, own_wav


def test_forked_children_do_not_share_connections(tmp_path: Path) -> None:
    """A client used before a fork is used in three children at once: each gets the bytes of its own tracks."""
    world = plain_world(tmp_path / "world", [60_000] * 12)
    with running_server(world) as server:
        settings = Settings(cache_dir=tmp_path / "cache", max_concurrent_downloads=2)
        client = ChadMusicAPIClient(server.url, token=server.token, settings=settings)
        service = DownloadService(client, settings=settings)
        # Nothing known of size or digest: only the connection itself keeps the answers apart.
        sources = [CloudSource("", track.id, track.stream_path) for track in world.tracks]
        service.download_all(sources[:3])
        children = []
        for number in range(3):
            child = os.fork()
            if not child:
                try:
                    service.download_all(sources[3 + number :: 3])
                finally:
                    os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)
        expected = {track.id: track.recording.sha256 for track in world.tracks if track.recording}
        assert {source.track_id: sha256_of(service.download(source)) for source in sources} == expected
        service.close()
        client.close()


def test_a_retry_asks_no_other_server_for_a_track(
    server: ServerHandle, exporter: MixExporter, client: ChadMusicAPIClient, to: Path
) -> None:
    """An entry of another server stays missing, although this one has a track of the same id."""
    other = Track(
        "Elsewhere", cloud_server="other.example", cloud_track_id="t-1", cloud_stream_path="/tracks/1/audio.wav"
    )
    folder = exporter.export(Playlist("Mixed", entries=(other,)), to).folder  # type: ignore[arg-type]
    server.clear_ledger()
    assert exporter.retry(folder).missing[0].reason == "no_source"
    assert server.ledger() == []
    assert client.track("t-1").title


def test_a_file_put_under_another_extension_is_taken_in(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, to: Path
) -> None:
    """The extension of a missing track was a guess: what the user put there counts, and the manifest is true of it."""
    server.set_faults("t-2", [{"status": 404}])
    result = exporter.export(playlist, to)
    planned = result.folder / result.missing[0].file
    own = own_wav(planned.with_suffix(".aiff"), frequency_hz=99.0)
    completed = exporter.retry(result.folder)
    assert not completed.missing
    assert not verify_export(result.folder).damaged
    assert sha256_of(own) in {entry.sha256 for entry in completed.exported}


def test_a_cut_cache_file_of_unknown_size_is_fetched_again(
    server: ServerHandle, exporter: MixExporter, to: Path, settings: Settings, client: ChadMusicAPIClient
) -> None:
    """The record contradicts the file: it is no hit, although the source expects nothing."""
    listing = client.track("t-1").source()
    bare = Track("Bare", cloud_track_id="t-1", cloud_stream_path=listing.stream_path)
    source = bare.source()
    assert source is not None
    with DownloadService(client, settings=settings) as service:
        cached = service.download(source)
    whole = sha256_of(cached)
    os.truncate(cached, 20_000)
    result = exporter.export(Playlist("Cut", entries=(bare,)), to)  # type: ignore[arg-type]
    assert [entry.sha256 for entry in result.exported] == [whole]
    assert len(server.audio_gets()) == 2


def test_audio_that_a_daw_has_worked_on_survives_replace(offline: MixExporter, to: Path, tmp_path: Path) -> None:
    """A file of the older export was changed in place, to the same length: it is kept."""
    playlist = local_playlist(own_wav(tmp_path / "own.wav"))
    older = offline.export(playlist, to)
    audio = older.folder / older.exported[0].file
    data = bytearray(audio.read_bytes())
    data[-1] ^= 1
    audio.write_bytes(data)
    result = offline.export(playlist, to, replace=True)
    assert result.kept is not None
    assert (result.kept / older.exported[0].file).read_bytes() == data


def test_a_picture_that_somebody_has_worked_on_survives_replace(offline: MixExporter, to: Path, tmp_path: Path) -> None:
    """An untouched overview is ours and goes with its export; one that was saved since is kept with it."""
    playlist = local_playlist(own_wav(tmp_path / "own.wav"))
    offline.export(playlist, to)
    older = offline.export(playlist, to, replace=True)
    assert older.kept is None
    picture = older.folder / "overview.svg"
    picture.write_text("<svg xmlns='http://www.w3.org/2000/svg'><!-- mine --></svg>", encoding="utf-8")
    later_ns = older.manifest_path.stat().st_mtime_ns + 1_000_000_000
    os.utime(picture, ns=(later_ns, later_ns))
    result = offline.export(playlist, to, replace=True)
    assert result.kept is not None
    assert "mine" in (result.kept / "overview.svg").read_text(encoding="utf-8")
    assert "mine" not in (result.folder / "overview.svg").read_text(encoding="utf-8")


def test_litter_of_file_managers_keeps_nothing(offline: MixExporter, to: Path, tmp_path: Path) -> None:
    """A .DS_Store is nobody's work."""
    playlist = local_playlist(own_wav(tmp_path / "own.wav"))
    (offline.export(playlist, to).folder / ".DS_Store").write_bytes(b"\0")
    assert offline.export(playlist, to, replace=True).kept is None


def test_a_retry_from_inside_the_export(offline: MixExporter, to: Path, tmp_path: Path) -> None:
    """``retry(".")`` works: the staged folder lies beside the export, not in it."""
    folder = offline.export(local_playlist(own_wav(tmp_path / "own.wav"), tmp_path / "gone.wav"), to).folder
    done = subprocess.run(
        [sys.executable, "-m", "chadsdk", "retry", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr
    check_export(folder)


def test_a_server_client_that_names_another_origin(server: ServerHandle, settings: Settings, tmp_path: Path) -> None:
    """Its track is refused as unsafe; nothing is asked of that origin and nothing else than a ChadError comes out."""

    class Elsewhere(ChadMusicAPIClient):
        def stream_url(self, source: CloudSource) -> str:
            return "http://127.0.0.2:9" + source.stream_path

    with (
        Elsewhere(server.url, token=server.token, settings=settings) as client,
        DownloadService(client, settings=settings) as service,
        pytest.raises(UnsafeURLError),
    ):
        service.download(client.track("t-1"))


def test_cancelled_exports_leave_no_parent_folders(offline: MixExporter, tmp_path: Path) -> None:
    """Folders that were made for the export alone go with it."""

    def refuse(_: object) -> None:
        raise RuntimeError("listener")

    with pytest.raises(RuntimeError, match="listener"):
        offline.export(local_playlist(own_wav(tmp_path / "own.wav")), tmp_path / "p" / "q" / "r", progress=refuse)
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("to", ["x" * 300, "a\0b"], ids=["too-long", "nul"])
def test_impossible_destinations_are_one_error(offline: MixExporter, tmp_path: Path, to: str) -> None:
    """A name that no file system takes is a ChadError."""
    with pytest.raises(ChadError):
        offline.export(local_playlist(own_wav(tmp_path / "own.wav")), tmp_path / to)
