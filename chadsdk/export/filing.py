"""One file of a plan into the staged folder: copied, verified and, where asked for, converted there."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from io import FileIO
from pathlib import Path

from chadsdk.cache import Verified
from chadsdk.cancel import CancelToken
from chadsdk.disk import naming_disk_errors
from chadsdk.download import DownloadService, Fetched
from chadsdk.errors import (
    ConversionError,
    IntegrityError,
    LocalMissingError,
    LocalUnreadableError,
    NotAudioError,
    TrackError,
)
from chadsdk.export.entry import ConvertedFrom
from chadsdk.export.plan import AUDIO_FOLDER, Local, PlannedEntry
from chadsdk.files import Copied, SourceUnreadableError, copy_file, hash_file, open_regular, unique_word
from chadsdk.media import (
    AudioFacts,
    AudioFormat,
    Converted,
    Left,
    Sound,
    check_whole,
    convert_file,
    examine,
    final_extension,
    is_to_be_converted,
)
from chadsdk.source import CloudSource
from chadsdk.text import shortened

__all__ = ["LOST", "Collected", "Copying", "Filing"]

_GONE = {errno.ENOENT, errno.ENOTDIR}
LOST = (LocalMissingError, LocalUnreadableError, IntegrityError, NotAudioError)
"""What is wrong with a cached file that was right when it was stored."""

# Where files may have to be converted, copying is this part of the work that is told of.
_COPYING = 1 / 4
_IN_PLACE = "It was not converted: it was put into the export folder by hand, and stays as it is."


@dataclass(frozen=True, slots=True)
class Copying:
    """How one file is copied: what stops it, whom it tells the bytes so far, where its pieces go."""

    token: CancelToken
    advance: Callable[[int], None]
    buffer: bytearray

    def advance_a_part(self, bytes_done: int) -> None:
        """Tell of the bytes copied as a part of the work: converting comes after it."""
        self.advance(int(bytes_done * _COPYING))

    def advance_the_rest(self, size_bytes: int, share: float) -> None:
        """Tell of a file of that length that this share of it, 0 to 1, is converted."""
        self.advance(int(size_bytes * (_COPYING + (1 - _COPYING) * share)))


@dataclass(frozen=True, slots=True)
class Collected:
    """A file that lies in the staged folder.

    Attributes:
        file: Its name there, relative, with forward slashes.
        size_bytes: Its length.
        sha256: Digest of the copy.
        facts: Length, sample rate and channels; None where no library here reads the format.
        verified: How it, or what it was converted from, was checked.
        converted_from: What it was converted from; None for a copy.
        not_converted: Why it was not, as a sentence; None when it was, or had not to be.
    """

    file: str
    size_bytes: int
    sha256: str
    facts: AudioFacts | None
    verified: Verified
    converted_from: ConvertedFrom | None = None
    not_converted: str | None = None


@dataclass(frozen=True, slots=True)
class Filing:
    """Lays files into the staged folder, one per call. May be used from several threads at once.

    Methods raise `TrackError` for what dooms that file alone, `ExportCancelled`, and `StorageError` when the export
    cannot be written.

    Attributes:
        folder: The staged folder.
        downloads: Whose cache it is; None when there is no server.
        convert_to: Sample rate that files are converted to, in Hz; None copies all as they are.
    """

    folder: Path
    downloads: DownloadService | None
    convert_to: int | None = None

    def copy_local(self, planned: PlannedEntry, local: Local, copying: Copying) -> Collected:
        """Copy a file of the user's own; what lies in the export folder already is not converted."""
        target = self._target(planned.stem, planned.extension)
        copied = self._copy(local.path, target, copying, follow_links=True)
        audio_format, filed = self._finished(planned, target, copied, Verified.LOCAL, hint=str(local.path))
        if local.in_place:
            has_the_rate = filed.facts is not None and filed.facts.sample_rate_hz == self.convert_to
            return filed if self.convert_to is None or has_the_rate else replace(filed, not_converted=_IN_PLACE)
        return self._convert(filed, audio_format, copying)

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
        audio_format, filed = self._finished(planned, target, copied, cached.verified, hint=cached.path.name)
        return self._convert(filed, audio_format, copying)

    def _target(self, stem: str, extension: str) -> Path:
        return self.folder / AUDIO_FOLDER / f"{stem}.{extension}"

    def _copy(self, source: Path, target: Path, copying: Copying, *, follow_links: bool) -> Copied:
        try:
            stream = open_regular(source, follow_links=follow_links)
        except OSError as exc:
            kind = LocalMissingError if exc.errno in _GONE else LocalUnreadableError
            raise kind(f"The file {shortened(str(source))} cannot be opened: {exc.strerror}.") from exc
        with _quietly_closed(stream), naming_disk_errors(target.parent, "copy a track to"):
            try:
                return copy_file(
                    stream,
                    target,
                    token=copying.token,
                    advance=copying.advance if self.convert_to is None else copying.advance_a_part,
                    buffer=copying.buffer,
                )
            except SourceUnreadableError as exc:
                raise LocalUnreadableError(
                    f"The file {shortened(str(source))} cannot be read: {exc.strerror}."
                ) from exc

    def _finished(
        self, planned: PlannedEntry, target: Path, copied: Copied, verified: Verified, *, hint: str
    ) -> tuple[AudioFormat, Collected]:
        """Look at what was copied, and give it the extension that its first bytes deserve."""
        with naming_disk_errors(target.parent, "look at a track in"):
            try:
                audio_format, facts = examine(target)
                if verified is Verified.SIGNATURE:  # nothing else says that it is whole
                    check_whole(target, audio_format)
            except TrackError as exc:
                target.unlink(missing_ok=True)
                raise NotAudioError(f"The file {shortened(hint)} cannot be exported: {exc}") from exc
            final = self._target(planned.stem, final_extension(audio_format, stream_path=hint))
            if final != target:
                target.rename(final)
        filed = Collected(f"{AUDIO_FOLDER}/{final.name}", copied.size_bytes, copied.sha256, facts, verified)
        return audio_format, filed

    def _convert(self, filed: Collected, audio_format: AudioFormat, copying: Copying) -> Collected:
        """Put a copy at the sample rate of the export in the place of a file of another one, or of AAC.

        What is converted is the copy, because that one was verified and nobody else writes into it.
        """
        if self.convert_to is None or not is_to_be_converted(audio_format, filed.facts, self.convert_to):
            return filed
        original = self.folder / filed.file
        copy = original.with_name(unique_word())
        sound = Sound(original, audio_format, filed.facts)
        with naming_disk_errors(original.parent, "convert a track in"):
            try:
                outcome = convert_file(
                    sound,
                    copy,
                    rate_hz=self.convert_to,
                    token=copying.token,
                    advance=partial(copying.advance_the_rest, filed.size_bytes),
                )
                if isinstance(outcome, Left):
                    return replace(filed, not_converted=outcome.why)
                return self._replaced(filed, original, copy, outcome, copying.token)
            except TrackError as exc:
                original.unlink(missing_ok=True)
                raise ConversionError(f"{original.name} cannot be converted: {exc}") from exc

    def _replaced(
        self, filed: Collected, original: Path, copy: Path, outcome: Converted, token: CancelToken
    ) -> Collected:
        found, facts = examine(copy)
        with open_regular(copy, follow_links=False) as stream:
            digest = hash_file(stream, token=token)
            size_bytes = stream.tell()
        extension = original.suffix[1:]
        final = original.with_suffix(f".{final_extension(found, stream_path=original.name)}")
        copy.replace(final)
        if final != original:
            original.unlink()
        return replace(
            filed,
            file=f"{AUDIO_FOLDER}/{final.name}",
            size_bytes=size_bytes,
            sha256=digest,
            facts=facts,
            converted_from=ConvertedFrom(extension, outcome.sample_rate_hz, outcome.bit_depth, filed.sha256),
        )


@contextmanager
def _quietly_closed(stream: FileIO) -> Iterator[None]:
    """Close a file that was only read: that the system finds fault with that takes nothing from the copy."""
    try:
        yield
    finally:
        with suppress(OSError):
            stream.close()


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
