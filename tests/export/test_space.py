"""Real volumes that are too small, or that fill up meanwhile."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from chadsdk import ChadMusicAPIClient, MixExporter, Phase, Playlist
from chadsdk.errors import DiskFullError
from chadsdk.settings import MIB
from harness.process import ServerHandle
from tests.export.rig import leftovers, local_playlist, own_wav, quick_settings, when

TINY_BYTES = 4 * MIB


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A volume of 4 MiB, where this user may mount one."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={TINY_BYTES}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_an_export_that_does_not_fit_is_refused_before_a_byte_is_moved(
    tiny: Path, tmp_path: Path, server: ServerHandle, client: ChadMusicAPIClient, playlist: Playlist
) -> None:
    """The error names the small volume; no GET of audio was made, nothing stays behind."""
    settings = quick_settings(tmp_path / "cache", headroom_bytes=TINY_BYTES)
    with MixExporter(client, settings=settings) as exporter, pytest.raises(DiskFullError) as caught:
        exporter.export(playlist, tiny)
    assert caught.value.volume == tiny.resolve()
    assert caught.value.needed_bytes == TINY_BYTES + 6 * 65_536
    assert caught.value.free_bytes <= TINY_BYTES
    assert server.audio_gets() == []
    assert leftovers(tiny) == []


def test_a_file_of_terabytes_is_named(offline: MixExporter, to: Path, tmp_path: Path) -> None:
    """Ten terabytes of holes among a user's files: the error says which entry of the playlist it is."""
    huge = tmp_path / "huge.wav"
    with huge.open("wb") as stream:
        stream.truncate(10 * 10**12)
    with pytest.raises(DiskFullError, match=r"'2\. huge' alone takes 9\.1 TiB\."):
        offline.export(local_playlist(own_wav(tmp_path / "good.wav"), huge), to)
    assert leftovers(to) == []


def test_a_cache_that_does_not_fit_is_refused_too(
    tiny: Path, server: ServerHandle, client: ChadMusicAPIClient, playlist: Playlist, to: Path
) -> None:
    """The other volume of the two is named."""
    settings = quick_settings(tiny / "cache", headroom_bytes=TINY_BYTES)
    with (
        MixExporter(client, settings=settings) as exporter,
        pytest.raises(DiskFullError, match="to download") as caught,
    ):
        exporter.export(playlist, to)
    assert caught.value.volume == tiny.resolve()
    assert server.audio_gets() == []
    assert leftovers(to) == []


def test_a_disk_that_fills_while_copying_stops_the_export(tiny: Path, tmp_path: Path) -> None:
    """ENOSPC in mid-copy is the same clear error, and no half export stays."""
    playlist = local_playlist(own_wav(tmp_path / "big.wav", size_bytes=3 * MIB))

    def fill(_: object) -> None:
        (tiny / "other.bin").write_bytes(b"x" * 2 * MIB)

    settings = quick_settings(tmp_path / "cache", headroom_bytes=0)
    with MixExporter(settings=settings) as exporter, pytest.raises(DiskFullError) as caught:
        exporter.export(playlist, tiny, progress=when(Phase.EXPORT, fill))
    assert caught.value.volume == tiny.resolve()
    assert str(tiny) in str(caught.value)
    assert leftovers(tiny) == ["other.bin"]


def test_a_disk_that_fills_before_the_papers_stops_the_export(tiny: Path, tmp_path: Path) -> None:
    """Also a manifest that cannot be written is the clear error, and no export without one appears."""
    playlist = local_playlist(own_wav(tmp_path / "small.wav"))

    def fill(event: object) -> None:
        if getattr(event, "finished", False):
            with (tiny / "other.bin").open("wb", buffering=0) as stream, suppress(OSError):
                while stream.write(b"x" * 4096):
                    pass

    settings = quick_settings(tmp_path / "cache", headroom_bytes=0)
    with MixExporter(settings=settings) as exporter, pytest.raises(DiskFullError):
        exporter.export(playlist, tiny, progress=fill)
    assert leftovers(tiny) == ["other.bin"]


def test_no_room_for_even_a_folder_leaves_nothing(tiny: Path, tmp_path: Path) -> None:
    """A volume without an inode left refuses the staged folder; what was begun of it is gone."""
    subprocess.run(["mount", "-o", "remount,nr_inodes=2", str(tiny)], check=True)
    settings = quick_settings(tmp_path / "cache", headroom_bytes=0)
    with MixExporter(settings=settings) as exporter, pytest.raises(DiskFullError):
        exporter.export(local_playlist(own_wav(tmp_path / "small.wav")), tiny)
    assert leftovers(tiny) == []
