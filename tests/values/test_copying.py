"""Tests of copying and hashing."""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import random
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from chadsdk.cancel import CancelToken
from chadsdk.errors import ExportCancelled
from chadsdk.files import Copied, SourceUnreadableError, copy_file, hash_file, open_regular
from tests.values.support import cloning_volume, in_time, run_child, small_volume

_MIB = 1024 * 1024


def _copy(source: Path, target: Path) -> tuple[Copied, list[int]]:
    seen: list[int] = []
    with open_regular(source, follow_links=True) as stream:
        return copy_file(stream, target, token=CancelToken(), advance=seen.append), seen


def _file(path: Path, size: int) -> Path:
    path.write_bytes(random.Random(size).randbytes(size))
    return path


@pytest.mark.parametrize("size", [0, 1, _MIB - 1, _MIB, _MIB + 1, 8 * _MIB, 20 * _MIB + 7])
def test_a_copy_is_bit_for_bit(tmp_path: Path, size: int) -> None:
    """A copy equals its source, whatever its length, and length and digest are those of the copy."""
    source, target = _file(tmp_path / "a", size), tmp_path / "b"
    copied, seen = _copy(source, target)
    data = source.read_bytes()
    assert target.read_bytes() == data
    assert copied == Copied(size, hashlib.sha256(data).hexdigest())
    assert all(earlier < later for earlier, later in itertools.pairwise([0, *seen]))
    assert seen[-1:] == ([size] if size else [])


def test_a_copy_is_independent(tmp_path: Path) -> None:
    """A copy is a file of its own: a DAW that writes into it does not change the source."""
    source, target = _file(tmp_path / "a", 5000), tmp_path / "b"
    before = source.read_bytes()
    _copy(source, target)
    assert source.stat().st_ino != target.stat().st_ino
    assert (source.stat().st_nlink, target.stat().st_nlink) == (1, 1)
    with target.open("r+b") as stream:
        stream.write(b"mine")
    assert source.read_bytes() == before


def test_a_copy_to_another_volume(tmp_path: Path) -> None:
    """Where the kernel cannot copy between two file systems, the copy is made all the same."""
    with small_volume(tmp_path / "small", size="4m") as folder:
        source = _file(tmp_path / "a", 2 * _MIB + 1)
        _copy(source, folder / "b")
        assert (folder / "b").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.ENOSPC, errno.EOPNOTSUPP, errno.EXDEV])
def test_what_cannot_be_cloned_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Where the file system refuses to share blocks, for whatever reason, the copy is made by reading and writing."""

    def refuse(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("chadsdk.files.copying.fcntl.ioctl", refuse)
    source = _file(tmp_path / "a", 2 * _MIB + 1)
    _copy(source, tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("size", [1, 16 * _MIB + 7])
def test_a_clone_takes_no_room(tmp_path: Path, size: int) -> None:
    """On a file system that shares blocks a copy takes none, has its own digest, and is independent."""
    with cloning_volume(tmp_path / "volume") as folder:
        source = _file(folder / "a", size)
        os.sync()
        free = os.statvfs(folder).f_bfree
        copied, seen = _copy(source, folder / "b")
        os.sync()
        used = (free - os.statvfs(folder).f_bfree) * os.statvfs(folder).f_frsize
        assert used < _MIB
        assert copied == Copied(size, hashlib.sha256(source.read_bytes()).hexdigest())
        assert seen == [size]
        (folder / "b").write_bytes(b"mine")
        assert source.stat().st_size == size


def test_a_cancel_while_a_clone_is_hashed(tmp_path: Path) -> None:
    """A clone is made at once; a cancel is heard while it is read, and it does not stay."""
    token = CancelToken()
    with cloning_volume(tmp_path / "volume") as folder:
        with open_regular(_file(folder / "a", _MIB), follow_links=False) as stream, pytest.raises(ExportCancelled):
            copy_file(stream, folder / "b", token=token, advance=lambda _: token.cancel())
        assert not (folder / "b").exists()


def test_one_buffer_serves_many_copies(tmp_path: Path) -> None:
    """What an earlier, longer file left in the buffer gets into no later copy."""
    buffer = bytearray(1000)
    for number, size in enumerate((5000, 10, 999, 1001)):
        source, target = _file(tmp_path / f"a{number}", size), tmp_path / f"b{number}"
        with open_regular(source, follow_links=False) as stream:
            copied = copy_file(stream, target, token=CancelToken(), advance=lambda _: None, buffer=buffer)
        assert target.read_bytes() == source.read_bytes()
        assert copied == Copied(size, hashlib.sha256(source.read_bytes()).hexdigest())


def test_a_copy_that_others_cut_is_no_copy(tmp_path: Path) -> None:
    """When the file does not have the length that was written to it, that is an error, and it does not stay."""
    with (
        open_regular(_file(tmp_path / "a", 5000), follow_links=False) as stream,
        pytest.raises(OSError, match="length"),
    ):
        copy_file(stream, tmp_path / "b", token=CancelToken(), advance=lambda _: os.truncate(tmp_path / "b", 10))
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("name", ["version", "self/pagemap"])
def test_a_file_that_gives_more_than_its_length(tmp_path: Path, name: str) -> None:
    """Files of ``/proc`` say that they are empty, and some never end: given up at once, and nothing stays."""
    source = Path("/proc", name)
    if not source.exists():
        pytest.skip("there is no /proc")

    def refuse(done: int) -> None:
        raise AssertionError(f"{done} bytes were written")

    with open_regular(source, follow_links=False) as stream, pytest.raises(SourceUnreadableError, match="more bytes"):
        copy_file(stream, tmp_path / "b", token=CancelToken(), advance=refuse)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_grows_is_copied_to_its_end(tmp_path: Path) -> None:
    """What somebody appends meanwhile counts as length."""
    source, buffer = _file(tmp_path / "a", 1000), bytearray(600)

    def append(done: int) -> None:
        if done == 600:
            with source.open("ab") as more:
                more.write(b"more" * 500)

    with open_regular(source, follow_links=False) as stream:
        copied = copy_file(stream, tmp_path / "b", token=CancelToken(), advance=append, buffer=buffer)
    assert copied.size_bytes == 3000
    assert (tmp_path / "b").read_bytes() == source.read_bytes()


def _sparse(path: Path, size: int) -> Path:
    with path.open("wb") as stream:
        stream.truncate(size)
    return path


def test_a_cancel_in_mid_copy(tmp_path: Path) -> None:
    """A cancel is heard between two pieces, and no half copy stays."""
    source, target = _sparse(tmp_path / "a", 64 * _MIB), tmp_path / "b"
    token, seen = CancelToken(), list[int]()

    def advance(done: int) -> None:
        seen.append(done)
        token.cancel()

    with open_regular(source, follow_links=False) as stream, pytest.raises(ExportCancelled):
        copy_file(stream, target, token=token, advance=advance)
    assert len(seen) == 1
    assert seen[0] <= 8 * _MIB
    assert not target.exists()


def test_a_cancel_after_the_last_piece(tmp_path: Path) -> None:
    """A cancel that comes when all is copied is heard, and no copy stays that nobody has verified."""
    source, target, token = _sparse(tmp_path / "a", 8 * _MIB), tmp_path / "b", CancelToken()
    with open_regular(source, follow_links=False) as stream, pytest.raises(ExportCancelled):
        copy_file(stream, target, token=token, advance=lambda done: token.cancel() if done == 8 * _MIB else None)
    assert not target.exists()


def test_a_cancel_before_the_copy(tmp_path: Path) -> None:
    """On a cancelled token nothing is copied, not even an empty file."""
    token = CancelToken()
    token.cancel()
    with open_regular(_file(tmp_path / "a", 0), follow_links=False) as stream, pytest.raises(ExportCancelled):
        copy_file(stream, tmp_path / "b", token=token, advance=print)
    assert not (tmp_path / "b").exists()


def test_a_listener_that_raises(tmp_path: Path) -> None:
    """Whatever the listener raises comes out, and no half copy stays."""

    def refuse(_: int) -> None:
        raise LookupError

    with open_regular(_file(tmp_path / "a", 10), follow_links=False) as stream, pytest.raises(LookupError):
        copy_file(stream, tmp_path / "b", token=CancelToken(), advance=refuse)
    assert not (tmp_path / "b").exists()


def test_a_copy_never_overwrites(tmp_path: Path) -> None:
    """A target that is there, a dangling link too, is refused and left as it is."""
    source = _file(tmp_path / "a", 10)
    (tmp_path / "b").write_bytes(b"mine")
    (tmp_path / "c").symlink_to(tmp_path / "victim")
    for target in (tmp_path / "b", tmp_path / "c"):
        with pytest.raises(FileExistsError):
            _copy(source, target)
    assert (tmp_path / "b").read_bytes() == b"mine"
    assert not (tmp_path / "victim").exists()
    assert (tmp_path / "c").is_symlink()


def test_a_full_volume(tmp_path: Path) -> None:
    """When the target's volume is full the error is the system's, not the source's, and no half copy stays."""
    with small_volume(tmp_path / "small", size="64k") as folder:
        with pytest.raises(OSError, match="No space left") as caught:
            _copy(_file(tmp_path / "a", _MIB), folder / "b")
        assert not isinstance(caught.value, SourceUnreadableError)
        assert list(folder.iterdir()) == []


def test_a_limit_on_file_sizes(tmp_path: Path) -> None:
    """When the system stops the copy half way, no half copy stays."""
    source = _file(tmp_path / "a", 5000)
    code = """
    import errno, resource, sys
    from pathlib import Path
    from chadsdk.cancel import CancelToken
    from chadsdk.files import copy_file, open_regular
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    with open_regular(Path(sys.argv[1]), follow_links=False) as stream:
        try:
            copy_file(stream, Path(sys.argv[2]), token=CancelToken(), advance=lambda _: None)
        except OSError as exc:
            print(type(exc).__name__, errno.errorcode[exc.errno])
    """
    assert run_child(code, source, tmp_path / "b") == "OSError EFBIG"
    assert list(tmp_path.iterdir()) == [source]


def test_a_source_that_cannot_be_read(tmp_path: Path) -> None:
    """An input error of the source says that it is the source's, and no half copy stays."""
    source = Path("/proc/self/mem")  # a regular file whose first page is not there
    if not source.exists():
        pytest.skip("there is no /proc")
    with pytest.raises(SourceUnreadableError) as caught:
        _copy(source, tmp_path / "b")
    assert caught.value.errno == errno.EIO
    assert not (tmp_path / "b").exists()


def _make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(os.path.relpath(path))


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, _make_socket], ids=["pipe", "folder", "socket"])
@pytest.mark.parametrize("through_link", [False, True])
def test_only_regular_files_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], object], through_link: bool
) -> None:
    """A pipe, a folder or a socket is refused at once, also behind a link."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a"
    make(path)
    if through_link:
        (tmp_path / "link").symlink_to(path)
        path = tmp_path / "link"
    with pytest.raises(OSError, match=r"not a regular file|No such device"):
        in_time(lambda: open_regular(path, follow_links=True))


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/tty", "/dev/null"])
def test_devices_are_not_opened(path: str) -> None:
    """A device is refused at once: its bytes would never end."""
    with pytest.raises(OSError, match=r"not a regular file|No such device|No such file"):
        in_time(lambda: open_regular(Path(path), follow_links=True))


def test_links_are_followed_only_where_asked(tmp_path: Path) -> None:
    """A user's link is followed; in our own folders none is."""
    _file(tmp_path / "a", 3)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with open_regular(tmp_path / "link", follow_links=True) as stream:
        assert len(stream.read()) == 3
    with pytest.raises(OSError, match="symbolic links"):
        open_regular(tmp_path / "link", follow_links=False)


@pytest.mark.parametrize("name", ["not-there", "a\0b", "x" * 300])
def test_files_that_cannot_be(tmp_path: Path, name: str) -> None:
    """A file that is not there, or cannot be, is an `OSError`."""
    with pytest.raises(OSError, match=r"No such file|not a name|name too long"):
        open_regular(tmp_path / name, follow_links=True)


def test_a_cancel_while_hashing(tmp_path: Path) -> None:
    """A cancel is heard between two pieces of what is hashed."""
    token = CancelToken()
    token.cancel()
    with _file(tmp_path / "a", 3 * _MIB).open("rb") as stream:
        with pytest.raises(ExportCancelled):
            hash_file(stream, token=token)
        assert stream.tell() <= _MIB


def test_hashing_starts_where_the_file_stands(tmp_path: Path) -> None:
    """The digest is that of the rest of the file."""
    with _file(tmp_path / "a", 3 * _MIB).open("rb") as stream:
        rest = stream.read()[7:]
        stream.seek(7)
        assert hash_file(stream, token=CancelToken()) == hashlib.sha256(rest).hexdigest()
