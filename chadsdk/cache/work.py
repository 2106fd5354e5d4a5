"""`WorkFile`: a download under way, and how it is put aside and taken up again without any lock.

A partial is claimed by renaming it to a unique name, which one of any number of claimers manages. Its name holds a
hash of the validator (strong ETag and total length), so that bytes of two versions can never be joined.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from chadsdk.decode import Field, decode, parse_json, read_fields, sha256_hex, text, whole_number
from chadsdk.errors import DataError
from chadsdk.files import new_file, write_advisory

__all__ = ["ORPHAN_AGE_S", "Validator", "WorkFile", "claim", "forget_partials", "is_fresh", "orphans"]

ORPHAN_AGE_S = 3600.0

_PART, _TEMPORARY, _VALIDATOR = ".part", ".tmp", ".validator"
_LARGEST_VALIDATOR_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Validator:
    """What tells that two pieces belong to one version: RFC 9110's strong validator, and the whole length."""

    etag: str
    total_bytes: int

    @property
    def name(self) -> str:
        """Twelve hex digits that stand for it in file names."""
        return hashlib.sha256(f"{self.etag}\n{self.total_bytes}".encode()).hexdigest()[:12]


@dataclass(slots=True)
class WorkFile:
    """An open temporary file that becomes a track, a partial again, or nothing.

    Attributes:
        path: Its unique name.
        stream: Open for reading and writing, unbuffered; closed by whoever ends the work.
        stem: The track's id as a file name.
        validator: Of the bytes that are in it; None when they cannot be resumed.
        noted_sha256: Digest of the bytes that were put aside; whoever takes them up compares it.
        digest: Of the bytes that are in it, kept up to date by who writes; None until they were read.
    """

    path: Path
    stream: BinaryIO
    stem: str
    validator: Validator | None = None
    noted_sha256: str = ""
    digest: hashlib._Hash | None = field(default_factory=hashlib.sha256)

    def restart(self) -> hashlib._Hash:
        """Forget what is in it, and give the new digest, of nothing."""
        self.stream.seek(0)
        self.stream.truncate()
        self.validator = None
        self.digest = hashlib.sha256()
        return self.digest

    @property
    def size_bytes(self) -> int:
        """How much is in it."""
        return os.fstat(self.stream.fileno()).st_size

    def put_aside(self) -> None:
        """Keep it to be resumed; without a validator or content, drop it.

        Raises:
            OSError: It could not be kept; it is dropped.
        """
        validator = self.validator
        if validator is None or not self.size_bytes:
            self.drop()
            return
        try:
            # Flushed: after a power cut a partial of the right length could hold zeros.
            os.fsync(self.stream.fileno())
            self.stream.close()
            stem = self.path.with_name(f"{self.stem}.{validator.name}")
            sha256 = self.noted_sha256 if self.digest is None else self.digest.hexdigest()
            note = json.dumps({"etag": validator.etag, "total_bytes": validator.total_bytes, "sha256": sha256})
            write_advisory(stem.with_name(stem.name + _VALIDATOR), note.encode(), mode=0o600)
            self.path.rename(stem.with_name(stem.name + _PART))
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Remove it."""
        self.stream.close()
        self.path.unlink(missing_ok=True)


def claim(folder: Path, stem: str) -> WorkFile:
    """Take up the longest partial of a track, or start an empty file.

    Raises:
        OSError: The file system refuses.
    """
    for partial in sorted(folder.glob(f"{stem}.*{_PART}"), key=_size, reverse=True):
        work = _claim_partial(partial, stem)
        if work is not None:
            return work
    path = _unique(folder, stem)
    return WorkFile(path, new_file(path, mode=0o600), stem)


def _claim_partial(partial: Path, stem: str) -> WorkFile | None:
    noted = _read_note(partial)
    mine = _unique(partial.parent, stem)
    try:
        partial.rename(mine)
    except FileNotFoundError:  # another claimed it
        return None
    if noted is None or mine.is_symlink() or not mine.is_file():
        _remove(mine)
        return None
    descriptor = os.open(mine, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
    stream = open(descriptor, "r+b", buffering=0)  # noqa: PTH123, SIM115 - the work file owns it
    validator, sha256 = noted
    work = WorkFile(mine, stream, stem, validator, sha256, None)
    if work.size_bytes > validator.total_bytes:
        work.restart()
    return work


def orphans(folder: Path, *, stem: str = "*") -> list[Path]:
    """Give temporary files that nobody has written to for an hour: their process died."""
    return [path for path in folder.glob(f"{stem}.*{_TEMPORARY}") if not is_fresh(path)]


def is_fresh(path: Path) -> bool:
    """Whether a file was written to within the last hour, or is gone."""
    return _modified(path) >= time.time() - ORPHAN_AGE_S


def forget_partials(folder: Path, stem: str) -> None:
    """Remove what is left of partials once the track is whole."""
    for path in (*folder.glob(f"{stem}.*{_PART}"), *folder.glob(f"{stem}.*{_VALIDATOR}")):
        _remove(path)


def _unique(folder: Path, stem: str) -> Path:
    return folder / f"{stem}.{uuid.uuid4().hex}{_TEMPORARY}"


def _read_note(partial: Path) -> tuple[Validator, str] | None:
    """Give what a partial was put aside with: its validator and its SHA-256."""
    note = partial.with_suffix(_VALIDATOR)
    try:
        value = parse_json(note.read_bytes(), document=note.name, max_bytes=_LARGEST_VALIDATOR_BYTES)
        fields = decode(note.name, lambda v: read_fields(v, _FIELDS), value)
    except (OSError, DataError):
        return None
    validator = Validator(fields["etag"], fields["total_bytes"])
    return (validator, fields["sha256"]) if partial.stem.endswith(f".{validator.name}") else None


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _modified(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return time.time()


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as exc:
        if exc.errno not in {errno.EISDIR, errno.EPERM}:  # a folder that somebody put there stays
            raise


_FIELDS = (
    Field("etag", "etag", text, required=True),
    Field("total_bytes", "total_bytes", whole_number, required=True),
    Field("sha256", "sha256", sha256_hex, required=True),
)
