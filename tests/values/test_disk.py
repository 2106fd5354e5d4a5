"""Tests of volumes and of the names of disk errors."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chadsdk.disk import Volume, human_bytes, naming_disk_errors, process_runs, volume_of
from chadsdk.errors import AccessDeniedError, AuthError, DiskFullError, ExportCancelled, StorageError
from tests.values.support import run_child, small_volume


def test_the_volume_of_a_folder(tmp_path: Path) -> None:
    """A folder's volume is the one that the system says, with what is free there now."""
    volume = volume_of(tmp_path)
    assert volume.device == tmp_path.stat().st_dev
    assert volume.mount.is_mount()
    assert tmp_path.resolve().is_relative_to(volume.mount)
    assert volume.free_bytes == pytest.approx(psutil.disk_usage(str(tmp_path)).free, rel=0.5)


@pytest.mark.parametrize("path", ["no", "no/such/folder", "file", "file/below", "dangling", "dangling/below"])
def test_the_volume_of_what_is_not_there_yet(tmp_path: Path, path: str) -> None:
    """A path that does not exist lies on the volume that it would be made on."""
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    assert _same_volume(volume_of(tmp_path / path), volume_of(tmp_path))


def _same_volume(one: Volume, other: Volume) -> bool:
    return (one.device, one.mount) == (other.device, other.mount)


def test_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path starts at the working folder, and a tilde is a name like any other, as in `open`."""
    monkeypatch.chdir(tmp_path)
    assert _same_volume(volume_of(Path("exports")), volume_of(tmp_path))
    assert _same_volume(volume_of(Path("~no-such-user-here/x")), volume_of(tmp_path))


def test_a_mounted_volume_is_another(tmp_path: Path) -> None:
    """A folder on another file system is another volume, named by its mount point."""
    with small_volume(tmp_path / "small", size="64k") as folder:
        volume = volume_of(folder / "exports" / "friday")
        assert volume.mount == folder.resolve()
        assert volume.device != volume_of(tmp_path).device
        assert 0 < volume.free_bytes <= 64 * 1024


def test_a_path_that_may_not_be_looked_at() -> None:
    """A folder that this user may not enter is an `AccessDeniedError`."""
    code = """
    import os, shutil, tempfile
    from pathlib import Path
    from chadsdk.disk import volume_of
    from chadsdk.errors import AccessDeniedError
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0)
        if os.geteuid() == 0:
            os.seteuid(65534)
        try:
            volume_of(folder / "exports")
        except AccessDeniedError as exc:
            print(exc.path == folder / "exports")
        if os.getuid() == 0:
            os.seteuid(0)
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
    """
    assert run_child(code) == "True"


_NAMES = [
    *((code, DiskFullError) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)),
    *((code, AccessDeniedError) for code in (errno.EACCES, errno.EPERM, errno.EROFS)),
    *((code, StorageError) for code in (errno.EIO, errno.ENOENT, errno.ENAMETOOLONG, errno.EMFILE, errno.EISDIR)),
]


@pytest.mark.parametrize(
    ("code", "kind"), _NAMES, ids=lambda x: errno.errorcode.get(x, "?") if isinstance(x, int) else ""
)
def test_each_refusal_has_its_name(tmp_path: Path, code: int, kind: type[StorageError]) -> None:
    """What the system refuses becomes the error that says what could not be done, with what, and why."""
    path = tmp_path / "exports"
    with pytest.raises(StorageError) as caught, naming_disk_errors(path, "write to"):
        raise OSError(code, os.strerror(code))
    assert type(caught.value) is kind
    assert caught.value.path == path
    assert isinstance(caught.value.__cause__, OSError)
    for part in ("write to", str(path), os.strerror(code)):
        assert part in str(caught.value)


def test_an_error_without_a_number(tmp_path: Path) -> None:
    """An `OSError` that says nothing but a sentence keeps it."""
    with pytest.raises(StorageError, match="odd"), naming_disk_errors(tmp_path, "write"):
        raise OSError("odd")


@pytest.mark.parametrize("name", ["a\0b", "a\ud800"], ids=ascii)
def test_a_name_that_cannot_be_spelled(tmp_path: Path, name: str) -> None:
    """A name with a NUL or with half a character is the disk's refusal, in a message that can be printed."""
    path = tmp_path / name
    with pytest.raises(StorageError, match="Cannot write") as caught, naming_disk_errors(path, "write"):
        path.write_bytes(b"")
    assert caught.value.path == path
    assert str(caught.value).isprintable()
    assert str(caught.value).encode()


@pytest.mark.parametrize("error", [AuthError("x"), ExportCancelled("x"), KeyError("x"), ValueError("x")])
def test_other_errors_pass(tmp_path: Path, error: Exception) -> None:
    """What is not the disk's comes out as it is."""
    with pytest.raises(type(error)), naming_disk_errors(tmp_path, "write"):
        raise error


def test_a_full_volume_is_named(tmp_path: Path) -> None:
    """On a volume that is really full the error names it and what is free there."""
    with small_volume(tmp_path / "small", size="64k") as folder:
        with pytest.raises(DiskFullError) as caught, naming_disk_errors(folder / "a", "write"):
            (folder / "a").write_bytes(b"x" * 100_000)
        assert caught.value.volume == folder.resolve()
        assert caught.value.free_bytes < 64 * 1024
        assert str(folder.resolve()) in str(caught.value)


def test_a_limit_on_file_sizes_counts_as_full(tmp_path: Path) -> None:
    """A file that may not grow any more (here by a limit of the process) is no room left."""
    code = """
    import resource, sys
    from pathlib import Path
    from chadsdk.disk import naming_disk_errors
    from chadsdk.errors import DiskFullError
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    path = Path(sys.argv[1])
    try:
        with naming_disk_errors(path, "write"):
            path.write_bytes(b"x" * 5000)
    except DiskFullError as exc:
        print(exc.volume.is_mount(), exc.free_bytes > 0)
    """
    assert run_child(code, tmp_path / "a") == "True True"


def test_running_processes() -> None:
    """This process runs; one of a number that no system gives does not."""
    assert process_runs(os.getpid())
    assert not process_runs(2**22 + 1)
    assert not process_runs(2**80)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (1_411_244, "1.3 MiB"),
        (2**40, "1.0 TiB"),
        (2**60, "1048576.0 TiB"),
    ],
)
def test_bytes_for_people(count: int, shown: str) -> None:
    """Small counts are exact, large ones have a unit."""
    assert human_bytes(count) == shown


@given(st.integers(0, 2**63))
def test_bytes_for_people_are_short(count: int) -> None:
    """Whatever the count, it is short and names a unit."""
    assert len(human_bytes(count)) <= 16
