"""Tests of writing files whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from chadsdk.cancel import CancelToken
from chadsdk.errors import ExportCancelled
from chadsdk.files import (
    make_private_folder,
    make_private_root,
    new_file,
    sync_folder,
    sync_tree,
    write_advisory,
    write_whole,
)
from tests.values.support import no_descriptors, run_child, small_volume

_WRITERS = [write_whole, write_advisory]


@pytest.mark.parametrize("write", _WRITERS)
@pytest.mark.parametrize("data", [b"", b"x", b"y" * 3_000_000], ids=len)
def test_a_file_is_written_and_replaced(tmp_path: Path, write: Callable[[Path, bytes], None], data: bytes) -> None:
    """The new content replaces the old, and nothing else is left in the folder."""
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    write(path, data)
    assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("write", _WRITERS, ids=lambda write: write.__name__)
def test_a_write_that_fails_in_the_middle(tmp_path: Path, write: Callable[[Path, bytes], None]) -> None:
    """When the system stops a write half way, the old content is still there, and no half file."""
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    code = f"""
    import errno, resource, sys
    from pathlib import Path
    from chadsdk.files import {write.__name__} as write
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        write(Path(sys.argv[1]), b"x" * 5000)
    except OSError as exc:
        print(errno.errorcode[exc.errno])
    """
    assert run_child(code, path) == "EFBIG"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("write", _WRITERS)
def test_a_write_on_a_full_volume(tmp_path: Path, write: Callable[[Path, bytes], None]) -> None:
    """When the volume is full, the old content is still there, and the room is given back."""
    with small_volume(tmp_path / "small", size="64k") as folder:
        path = folder / "a.json"
        path.write_bytes(b"old")
        with pytest.raises(OSError, match="No space left"):
            write(path, b"x" * 100_000)
        assert path.read_bytes() == b"old"
        assert list(folder.iterdir()) == [path]


def test_a_write_into_a_folder_that_may_not_be_written() -> None:
    """Without permission for the folder the old file stays, and the refusal is the system's own."""
    code = """
    import os, shutil, sys, tempfile
    from pathlib import Path
    from chadsdk.files import write_whole
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / "a.json"
        path.write_bytes(b"old")
        folder.chmod(0o555)
        if os.geteuid() == 0:
            os.seteuid(65534)
        try:
            write_whole(path, b"new")
        except PermissionError:
            print(path.read_bytes().decode(), len(list(folder.iterdir())))
        if os.getuid() == 0:
            os.seteuid(0)
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
    """
    assert run_child(code) == "old 1"


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    """A link at the target's name does not make us write into what it points to."""
    victim, link = tmp_path / "victim", tmp_path / "link"
    victim.write_bytes(b"precious")
    link.symlink_to(victim)
    write_whole(link, b"new")
    assert victim.read_bytes() == b"precious"
    assert not link.is_symlink()


def test_the_mode_is_limited_from_the_start(tmp_path: Path) -> None:
    """A private file is never readable to others."""
    write_whole(tmp_path / "a", b"x", mode=0o600)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def _plant_file(path: Path) -> None:
    path.write_bytes(b"old")


def _plant_link(path: Path) -> None:
    path.symlink_to(path.parent / "victim")


def _plant_link_to_file(path: Path) -> None:
    (path.parent / "victim").write_bytes(b"precious")
    path.symlink_to(path.parent / "victim")


@pytest.mark.parametrize("plant", [_plant_file, _plant_link, _plant_link_to_file, Path.mkdir, os.mkfifo])
def test_a_new_file_is_new(tmp_path: Path, plant: Callable[[Path], None]) -> None:
    """A name that is taken, by a file, a link, a dangling link, a folder or a pipe, is refused; nothing is written."""
    plant(tmp_path / "a")
    before = {each: each.lstat() for each in tmp_path.iterdir()}
    with pytest.raises(FileExistsError):
        new_file(tmp_path / "a")
    assert {each: each.lstat() for each in tmp_path.iterdir()} == before


def test_a_private_root(tmp_path: Path) -> None:
    """Only the user can enter it and the parents that are made for it; one that is there stays as it is."""
    folder = make_private_root(tmp_path / "a" / "b")
    assert [stat.S_IMODE(each.stat().st_mode) for each in (folder, folder.parent)] == [0o700] * 2
    folder.chmod(0o750)
    assert stat.S_IMODE(make_private_root(folder).stat().st_mode) == 0o750
    (tmp_path / "link").symlink_to(folder)
    assert make_private_root(tmp_path / "link") == tmp_path / "link"


def test_a_private_folder(tmp_path: Path) -> None:
    """Only the user can enter it; one that was open to others is shut; a link or a file in its place is refused."""
    folder = make_private_folder(tmp_path / "a")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o755)
    assert stat.S_IMODE(make_private_folder(folder).stat().st_mode) == 0o700
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        with pytest.raises(NotADirectoryError):
            make_private_folder(tmp_path / name)


def test_flushing_a_folder_that_cannot_be_flushed() -> None:
    """Where a file system has no such thing (here ``/proc``, elsewhere network shares), it is no error."""
    folder = Path("/proc")
    if not (folder / "self").exists():
        pytest.skip("there is no /proc")
    sync_folder(folder)


def test_flushing_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Any other refusal comes out."""
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "no")


def test_flushing_a_tree_hears_a_cancel(tmp_path: Path) -> None:
    """A cancel ends the flushing of a tree; without one it comes to its end."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"x")
    token = CancelToken()
    sync_tree(tmp_path, token)
    token.cancel()
    with pytest.raises(ExportCancelled):
        sync_tree(tmp_path, token)


def test_a_folder_that_cannot_be_listed_is_not_taken_for_flushed(tmp_path: Path) -> None:
    """It is an error, because nothing says that what is in it has reached the disk."""
    (tmp_path / "song.wav").write_bytes(b"x")
    with no_descriptors(), pytest.raises(OSError, match="Too many open files"):
        sync_tree(tmp_path, CancelToken())
