"""`WorkFile`: a download under way, and how it is put aside and taken up again without any lock.

A partial is claimed by renaming it to a unique name, which one of any number of claimers manages. A note beside it
says of which version it is (strong ETag and total length, its digest where one was named), which bytes of it are there
(its length does not: a file that several connections fill is as long as the whole from the start), and which very file
it speaks of (length and modification time). What the note does not fit is thrown away, so bytes of two versions can
never be joined.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from chadsdk.cache.spans import Span, joined
from chadsdk.decode import Field, Misfit, decode, items, parse_json, read_fields, sha256_hex, text, whole_number
from chadsdk.errors import DataError
from chadsdk.files import new_file, read_own, unique_word, write_advisory

__all__ = ["ORPHAN_AGE_S", "Validator", "WorkFile", "claim", "forget_partial", "is_fresh", "orphans", "remove_file"]

ORPHAN_AGE_S = 3600.0

_PART, _TEMPORARY, _NOTE = ".part", ".tmp", ".validator"
_LARGEST_NOTE_BYTES = 64 * 1024
_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Validator:
    """What tells that two pieces belong to one version: RFC 9110's strong validator, and the whole length."""

    etag: str
    total_bytes: int


@dataclass(slots=True)
class WorkFile:
    """An open temporary file that becomes a track, a partial again, or nothing.

    Attributes:
        path: Its unique name.
        stream: Open for reading and writing, unbuffered; closed by whoever ends the work.
        folder_stem: Path of the partial that it may become, without its suffix.
        validator: Of the bytes that are in it; None when they cannot be resumed.
        spans: Which bytes are in it, kept by who writes.
        sha256: Digest of the whole version, hex, as somebody said it; None when nobody did. Only ever compared with.
        was_partial: Whether a partial or its note may lie beside it.
    """

    path: Path
    stream: BinaryIO
    folder_stem: Path
    validator: Validator | None = None
    spans: tuple[Span, ...] = ()
    was_partial: bool = False
    sha256: str | None = None

    def restart(self) -> None:
        """Forget what is in it."""
        self.stream.seek(0)
        self.stream.truncate()
        self.validator = None
        self.spans = ()
        self.sha256 = None

    def reopened(self) -> BinaryIO:
        """Give another stream on the same file, with a place of its own; the caller closes it.

        Raises:
            OSError: The file system refuses.
        """
        return _open(self.path)

    def put_aside(self) -> None:
        """Keep it to be resumed; without a validator or content, drop it.

        Raises:
            OSError: It could not be kept; it is dropped.
        """
        validator = self.validator
        if validator is None or not self.spans:
            self.drop()
            return
        try:
            # Flushed: after a power cut a partial of the right length could hold zeros.
            os.fsync(self.stream.fileno())
            status = os.fstat(self.stream.fileno())
            self.stream.close()
            note = {
                "etag": validator.etag,
                "total_bytes": validator.total_bytes,
                "spans": self.spans,
                "size_bytes": status.st_size,
                "mtime_ns": status.st_mtime_ns,
                "sha256": self.sha256,
            }
            write_advisory(_beside(self.folder_stem, _NOTE), json.dumps(note).encode(), mode=0o600)
            self.path.rename(_beside(self.folder_stem, _PART))
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Remove it."""
        with suppress(OSError):  # what could not be written is not wanted
            self.stream.close()
        self.path.unlink(missing_ok=True)


def claim(folder: Path, stem: str) -> WorkFile:
    """Take up the partial of a track, or start an empty file.

    Raises:
        OSError: The file system refuses.
    """
    folder_stem = folder / stem
    mine = Path(f"{folder_stem}.{unique_word()}{_TEMPORARY}")
    try:
        os.rename(_beside(folder_stem, _PART), mine)  # noqa: PTH104 - a fifth of the time of Path's
    except FileNotFoundError:  # there is none, or another claimed it
        return WorkFile(mine, new_file(mine, mode=0o600), folder_stem)
    work = _taken_up(mine, folder_stem)
    if work is not None:
        return work
    remove_file(mine)
    anew = Path(f"{folder_stem}.{unique_word()}{_TEMPORARY}")  # a folder that stood there keeps that name
    return WorkFile(anew, new_file(anew, mode=0o600), folder_stem, was_partial=True)


def _taken_up(mine: Path, folder_stem: Path) -> WorkFile | None:
    note = _read_note(_beside(folder_stem, _NOTE))
    if note is None or mine.is_symlink() or not mine.is_file():
        return None
    stream = _open(mine)
    status = os.fstat(stream.fileno())
    fits = (status.st_size, status.st_mtime_ns) == (note["size_bytes"], note["mtime_ns"])
    # What has another name, too, would be written into there.
    fits = fits and stat.S_ISREG(status.st_mode) and status.st_nlink == 1
    validator, spans = Validator(note["etag"], note["total_bytes"]), joined(note["spans"])
    if fits and spans and spans[-1][1] <= min(status.st_size, validator.total_bytes):
        return WorkFile(mine, stream, folder_stem, validator, spans, was_partial=True, sha256=note.get("sha256"))
    stream.close()
    return None


def orphans(folder: Path, *, stem: str = "*") -> list[Path]:
    """Give temporary files that nobody has written to for an hour: their process died."""
    return [path for path in folder.glob(f"{stem}.*{_TEMPORARY}") if not is_fresh(path)]


def is_fresh(path: Path) -> bool:
    """Whether a file was written to within the last hour, or is gone."""
    return _modified(path) >= time.time() - ORPHAN_AGE_S


def forget_partial(work: WorkFile) -> None:
    """Remove what is left of a partial once the track is whole."""
    if work.was_partial:
        for suffix in (_PART, _NOTE):
            remove_file(_beside(work.folder_stem, suffix))


def _beside(stem: Path, suffix: str) -> Path:
    return Path(f"{stem}{suffix}")


def _open(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_RDWR | _FLAGS)
    return open(descriptor, "r+b", buffering=0)  # noqa: PTH123 - the caller owns it


def _read_note(path: Path) -> dict[str, Any] | None:
    with suppress(OSError, DataError):  # without a note that can be read the partial is of no use
        data = read_own(path, most_bytes=_LARGEST_NOTE_BYTES)
        value = parse_json(data, document=path.name, max_bytes=_LARGEST_NOTE_BYTES)
        return decode(path.name, lambda v: read_fields(v, _FIELDS), value)
    return None


def _modified(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:  # gone meanwhile: nothing that is old
        return time.time()


def remove_file(path: Path) -> None:
    """Remove a file, or whatever stands under its name and is no folder.

    Raises:
        OSError: The file system refuses.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as exc:
        if exc.errno not in {errno.EISDIR, errno.EPERM}:  # a folder that somebody put there stays
            raise


def _span(value: object) -> Span:
    if not isinstance(value, list) or len(value) != 2:
        raise Misfit("expected a start and a stop")
    return whole_number(value[0]), whole_number(value[1])


_FIELDS = (
    Field("etag", "etag", text, required=True),
    Field("total_bytes", "total_bytes", whole_number, required=True),
    Field("spans", "spans", lambda value: items(value, _span), required=True),
    Field("size_bytes", "size_bytes", whole_number, required=True),
    Field("mtime_ns", "mtime_ns", whole_number, required=True),
    Field("sha256", "sha256", sha256_hex),
)
