"""Phase two: every file of a plan into the staged folder, verified there, with its audio facts."""

from __future__ import annotations

import errno
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path

from chadsdk.cache import Verified
from chadsdk.cancel import CancelToken
from chadsdk.disk import naming_disk_errors
from chadsdk.download import DownloadService, Fetched, FetchOutcome, Unavailable
from chadsdk.errors import (
    IntegrityError,
    LocalMissingError,
    LocalUnreadableError,
    NotAudioError,
    TrackError,
)
from chadsdk.export.plan import AUDIO_FOLDER, Cloud, ExportPlan, Local, Missing, PlannedEntry
from chadsdk.files import Copied, SourceUnreadableError, copy_file, open_regular
from chadsdk.media import AudioFacts, check_whole, final_extension, read_facts, sniff_file
from chadsdk.progress import Listener, Phase, Tally, TrackDone
from chadsdk.source import CloudSource

__all__ = ["Collected", "Collector"]

_GONE = {errno.ENOENT, errno.ENOTDIR}


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
class Collector:
    """What collecting needs besides the plan.

    Attributes:
        folder: The staged folder.
        downloads: Fetches again what the cache has lost; None when there is no server.
        token: Heard at least every 8 MiB.
    """

    folder: Path
    downloads: DownloadService | None
    token: CancelToken

    def collect(
        self, plan: ExportPlan, outcomes: Mapping[CloudSource, FetchOutcome], listener: Listener
    ) -> dict[Hashable, Collected | Unavailable]:
        """Copy each file once and give what became of it, by identity.

        Raises:
            ExportCancelled: Cancelled.
            StorageError: The export cannot be written.
            ChadError: Nothing more can be had.
        """
        done: dict[Hashable, Collected | Unavailable] = {}
        firsts: dict[Hashable, PlannedEntry] = {}
        for planned in plan.entries:
            match planned.need:
                case Missing():
                    continue
                case Cloud(source=source) as need if isinstance(outcome := outcomes.get(source), Unavailable):
                    done[need.identity] = outcome
                case need:
                    firsts.setdefault(need.identity, planned)
        tally = Tally(Phase.EXPORT, {key: _size(planned, outcomes) for key, planned in firsts.items()})
        listener(tally.progress())
        for planned in plan.missing:  # told of here, because neither phase comes to them
            if isinstance(planned.need, Missing):
                listener(TrackDone(Phase.EXPORT, planned.entry.track.title, planned.need.detail))
        for key, planned in firsts.items():

            def advance(count: int, key: Hashable = key) -> None:
                tally.advance(key, count)
                listener(tally.progress())

            done[key] = result = self._collect_one(planned, advance)
            tally.settle(key)
            missing = result.detail if isinstance(result, Unavailable) else None
            listener(TrackDone(Phase.EXPORT, planned.entry.track.title, missing))
            listener(tally.progress())
        return done

    def _collect_one(self, planned: PlannedEntry, advance: Callable[[int], None]) -> Collected | Unavailable:
        self.token.raise_if_cancelled()
        try:
            match planned.need:
                case Local(path=path):
                    return self._copy_local(planned, path, advance)
                case Cloud(source=source):
                    return self._copy_cloud(planned, source, advance)
                case Missing() as missing:
                    return Unavailable(missing.reason, missing.detail)
        except TrackError as exc:
            return Unavailable.of(exc)

    def _copy_local(self, planned: PlannedEntry, path: Path, advance: Callable[[int], None]) -> Collected:
        target = self._target(planned.stem, planned.extension)
        copied = self._copy(path, target, advance, follow_links=True)
        return self._finished(planned, target, copied, Verified.LOCAL, hint=str(path))

    def _copy_cloud(
        self, planned: PlannedEntry, source: CloudSource, advance: Callable[[int], None]
    ) -> Collected | Unavailable:
        """Copy a cached file; when it was lost or has rotted meanwhile, fetch it again, once."""
        try:
            return self._copy_cached(planned, source, advance)
        except (LocalMissingError, LocalUnreadableError, IntegrityError, NotAudioError):
            if self.downloads is None:
                raise
            self.downloads.forget(source)
            # As a batch of one: only that notices when the program ends.
            outcome = self.downloads.download_all([source], cancel=self.token)[source]
            return outcome if isinstance(outcome, Unavailable) else self._copy_cached(planned, source, advance)

    def _copy_cached(self, planned: PlannedEntry, source: CloudSource, advance: Callable[[int], None]) -> Collected:
        cached = self.downloads.cached(source) if self.downloads else None
        if cached is None:
            raise LocalMissingError(f"{source} is not in the cache any more.")
        target = self._target(planned.stem, cached.path.suffix[1:])
        copied = self._copy(cached.path, target, advance, follow_links=False)
        _compare(source, cached, copied, target)
        return self._finished(planned, target, copied, cached.verified, hint=cached.path.name)

    def _target(self, stem: str, extension: str) -> Path:
        return self.folder / AUDIO_FOLDER / f"{stem}.{extension}"

    def _copy(self, source: Path, target: Path, advance: Callable[[int], None], *, follow_links: bool) -> Copied:
        try:
            stream = open_regular(source, follow_links=follow_links)
        except OSError as exc:
            kind = LocalMissingError if exc.errno in _GONE else LocalUnreadableError
            raise kind(f"The file {source} cannot be opened: {exc.strerror}.") from exc
        with stream, naming_disk_errors(target.parent, "copy a track to"):
            try:
                return copy_file(stream, target, token=self.token, advance=advance)
            except SourceUnreadableError as exc:
                raise LocalUnreadableError(f"The file {source} cannot be read: {exc.strerror}.") from exc

    def _finished(
        self, planned: PlannedEntry, target: Path, copied: Copied, verified: Verified, *, hint: str
    ) -> Collected:
        """Look at what was copied, and give it the extension that its first bytes deserve."""
        with naming_disk_errors(target.parent, "look at a track in"):
            try:
                audio_format = sniff_file(target)
                facts = read_facts(target, audio_format)
                if verified is Verified.SIGNATURE:  # nothing else says that it is whole
                    check_whole(target, audio_format)
            except TrackError as exc:
                target.unlink(missing_ok=True)
                raise NotAudioError(f"The file {hint} cannot be exported: {exc}") from exc
            final = self._target(planned.stem, final_extension(audio_format, stream_path=hint))
            target.rename(final)
        return Collected(f"{AUDIO_FOLDER}/{final.name}", copied.size_bytes, copied.sha256, facts, verified)


def _compare(source: CloudSource, cached: Fetched, copied: Copied, target: Path) -> None:
    expected = source.sha256 or cached.sha256
    if copied.size_bytes != cached.size_bytes or (expected is not None and expected != copied.sha256):
        target.unlink(missing_ok=True)
        raise IntegrityError(f"The cached file of {source} has changed since it was verified.")


def _size(planned: PlannedEntry, outcomes: Mapping[CloudSource, FetchOutcome]) -> int:
    match planned.need:
        case Local(size_bytes=size):
            return size
        case Cloud(source=source) as need:
            outcome = outcomes.get(source)
            return outcome.size_bytes if isinstance(outcome, Fetched) else need.cached_bytes or 0
        case Missing():
            return 0
