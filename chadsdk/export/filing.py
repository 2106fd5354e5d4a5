"""One file of a plan into the staged folder: copied, verified there, with its audio facts."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chadsdk.cache import Verified
from chadsdk.cancel import CancelToken
from chadsdk.disk import naming_disk_errors
from chadsdk.download import DownloadService, Fetched
from chadsdk.errors import (
    IntegrityError,
    LocalMissingError,
    LocalUnreadableError,
    NotAudioError,
    TrackError,
)
from chadsdk.export.plan import AUDIO_FOLDER, PlannedEntry
from chadsdk.files import Copied, SourceUnreadableError, copy_file, open_regular
from chadsdk.media import AudioFacts, check_whole, examine, final_extension
from chadsdk.source import CloudSource

__all__ = ["LOST", "Collected", "Copying", "Filing"]

_GONE = {errno.ENOENT, errno.ENOTDIR}
LOST = (LocalMissingError, LocalUnreadableError, IntegrityError, NotAudioError)
"""What is wrong with a cached file that was right when it was stored."""


@dataclass(frozen=True, slots=True)
class Copying:
    """How one file is copied: what stops it, whom it tells the bytes so far, where its pieces go."""

    token: CancelToken
    advance: Callable[[int], None]
    buffer: bytearray


@dataclass(frozen=True, slots=True)
class Collected:
    """A file that lies in the staged folder.

    Attributes:
        file: Its name there, relative, with forward slashes.
        size_bytes: Its length.
        sha256: Digest of the copy.
        facts: Length, sample rate and channels; None where no library here reads the format.
        verified: How it was checked.
    """

    file: str
    size_bytes: int
    sha256: str
    facts: AudioFacts | None
    verified: Verified


@dataclass(frozen=True, slots=True)
class Filing:
    """Lays files into the staged folder, one per call. May be used from several threads at once.

    Methods raise `TrackError` for what dooms that file alone, `ExportCancelled`, and `StorageError` when the export
    cannot be written.

    Attributes:
        folder: The staged folder.
        downloads: Whose cache it is; None when there is no server.
    """

    folder: Path
    downloads: DownloadService | None

    def copy_local(self, planned: PlannedEntry, path: Path, copying: Copying) -> Collected:
        """Copy a file of the user's own."""
        target = self._target(planned.stem, planned.extension)
        copied = self._copy(path, target, copying, follow_links=True)
        return self._finished(planned, target, copied, Verified.LOCAL, hint=str(path))

    def copy_cached(self, planned: PlannedEntry, source: CloudSource, copying: Copying) -> Collected:
        """Copy a cached file; what is raised for one that is gone or rotten is among `LOST`."""
        cached = self.downloads.cached(source) if self.downloads else None
        if cached is None:
            raise LocalMissingError(f"{source} is not in the cache any more.")
        target = self._target(planned.stem, cached.path.suffix[1:])
        status = _status(cached.path)  # before it is opened: what it is replaced by is not what is copied
        copied = self._copy(cached.path, target, copying, follow_links=False)
        _compare(source, cached, copied, target)
        if cached.sha256 is None and self.downloads and status:
            self.downloads.note_digest(cached, copied.sha256, status)
        return self._finished(planned, target, copied, cached.verified, hint=cached.path.name)

    def _target(self, stem: str, extension: str) -> Path:
        return self.folder / AUDIO_FOLDER / f"{stem}.{extension}"

    def _copy(self, source: Path, target: Path, copying: Copying, *, follow_links: bool) -> Copied:
        try:
            stream = open_regular(source, follow_links=follow_links)
        except OSError as exc:
            kind = LocalMissingError if exc.errno in _GONE else LocalUnreadableError
            raise kind(f"The file {source} cannot be opened: {exc.strerror}.") from exc
        with stream, naming_disk_errors(target.parent, "copy a track to"):
            try:
                return copy_file(stream, target, token=copying.token, advance=copying.advance, buffer=copying.buffer)
            except SourceUnreadableError as exc:
                raise LocalUnreadableError(f"The file {source} cannot be read: {exc.strerror}.") from exc

    def _finished(
        self, planned: PlannedEntry, target: Path, copied: Copied, verified: Verified, *, hint: str
    ) -> Collected:
        """Look at what was copied, and give it the extension that its first bytes deserve."""
        with naming_disk_errors(target.parent, "look at a track in"):
            try:
                audio_format, facts = examine(target)
                if verified is Verified.SIGNATURE:  # nothing else says that it is whole
                    check_whole(target, audio_format)
            except TrackError as exc:
                target.unlink(missing_ok=True)
                raise NotAudioError(f"The file {hint} cannot be exported: {exc}") from exc
            final = self._target(planned.stem, final_extension(audio_format, stream_path=hint))
            if final != target:
                target.rename(final)
        return Collected(f"{AUDIO_FOLDER}/{final.name}", copied.size_bytes, copied.sha256, facts, verified)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:  # opening it will tell
        return None


def _compare(source: CloudSource, cached: Fetched, copied: Copied, target: Path) -> None:
    expected = source.sha256 or cached.sha256
    if copied.size_bytes != cached.size_bytes or (expected is not None and expected != copied.sha256):
        target.unlink(missing_ok=True)
        raise IntegrityError(f"The cached file of {source} has changed since it was verified.")
