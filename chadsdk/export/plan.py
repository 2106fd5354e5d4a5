"""`ExportPlan`: what an export would do, entry by entry; moves no byte and asks no server."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path

from chadsdk.cancel import CancelToken
from chadsdk.errors import LocalMissingError, LocalUnreadableError, NoSourceError, Reason, TrackError
from chadsdk.files import portable_name, unique_name
from chadsdk.library import Playlist, PlaylistEntry, Track
from chadsdk.media import EXTENSIONS, planned_extension
from chadsdk.source import CloudSource
from chadsdk.text import title_of

__all__ = ["Cloud", "ExportPlan", "Local", "Looks", "Missing", "Need", "PlannedEntry", "make_plan"]

AUDIO_FOLDER = "Audio"


@dataclass(frozen=True, slots=True)
class Local:
    """The file is on this computer.

    Attributes:
        path: Where.
        size_bytes: Its length.
        in_place: Whether it lies in the export folder already, under its name there: then it stays as it is.
    """

    path: Path
    size_bytes: int
    in_place: bool = False

    @property
    def identity(self) -> Hashable:
        """Equal for entries that need one file."""
        return self.path


@dataclass(frozen=True, slots=True)
class Cloud:
    """The file is in the cache, or to be downloaded.

    Attributes:
        source: The track.
        cached_bytes: Length of the cached file; None when it is to be downloaded.
    """

    source: CloudSource
    cached_bytes: int | None

    @property
    def identity(self) -> Hashable:
        """Equal for entries that need one file."""
        return self.source.identity

    @property
    def cached(self) -> bool:
        """Whether the cache has it."""
        return self.cached_bytes is not None

    @property
    def size_bytes(self) -> int | None:
        """Length of the file; None when nobody has said."""
        return self.source.size_bytes if self.cached_bytes is None else self.cached_bytes


@dataclass(frozen=True, slots=True)
class Missing:
    """The file cannot be had, and that is known already."""

    reason: Reason
    detail: str


Need = Local | Cloud | Missing


@dataclass(frozen=True, slots=True)
class PlannedEntry:
    """One place in the playlist.

    Attributes:
        position: From 1.
        entry: The playlist's entry.
        need: Where its file comes from.
        stem: Its file name without the extension; the same for entries that share a file.
        extension: The extension to expect; the first bytes have the last word.
    """

    position: int
    entry: PlaylistEntry
    need: Need
    stem: str
    extension: str

    @property
    def file(self) -> str:
        """Its name in the export, relative, with forward slashes."""
        return f"{AUDIO_FOLDER}/{self.stem}.{self.extension}"


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What an export would do.

    Attributes:
        playlist: Name of the playlist.
        folder: The export folder that it would make.
        entries: In playlist order, one per entry.
        tempo_bpm: Tempo of the mix; None when it has none.
        crossfade_s: Overlap of entries without an explicit start.
        convert_to: Sample rate that files of another one are converted to, in Hz; None copies all as they are.
    """

    playlist: str
    folder: Path
    entries: tuple[PlannedEntry, ...]
    tempo_bpm: float | None = None
    crossfade_s: float = 0.0
    convert_to: int | None = None

    @property
    def local(self) -> tuple[PlannedEntry, ...]:
        """Entries whose file is on this computer."""
        return tuple(each for each in self.entries if isinstance(each.need, Local))

    @property
    def cached(self) -> tuple[PlannedEntry, ...]:
        """Entries whose file is in the cache."""
        return tuple(each for each in self.entries if isinstance(each.need, Cloud) and each.need.cached)

    @property
    def to_download(self) -> tuple[PlannedEntry, ...]:
        """Entries whose file is to be downloaded."""
        return tuple(each for each in self.entries if isinstance(each.need, Cloud) and not each.need.cached)

    @property
    def missing(self) -> tuple[PlannedEntry, ...]:
        """Entries that cannot be had."""
        return tuple(each for each in self.entries if isinstance(each.need, Missing))

    @property
    def sources(self) -> tuple[CloudSource, ...]:
        """What is to be downloaded, each track once."""
        found: dict[Hashable, CloudSource] = {}
        for each in self.entries:
            if isinstance(each.need, Cloud) and not each.need.cached:
                found.setdefault(each.need.identity, each.need.source)
        return tuple(found.values())

    @property
    def files(self) -> dict[Hashable, Local | Cloud]:
        """What the export would hold, each file once, by identity."""
        found: dict[Hashable, Local | Cloud] = {}
        for each in self.entries:
            if not isinstance(each.need, Missing):
                found.setdefault(each.need.identity, each.need)
        return found


@dataclass(frozen=True, slots=True)
class Looks:
    """How a plan finds out what is there.

    Attributes:
        local_bytes: Length of a file of the library; raises `TrackError` when there is none to be read.
        cached_bytes: Length of the cached file of a source, None when it is not cached; raises `TrackError` when it
            never can be.
    """

    local_bytes: Callable[[Path], int]
    cached_bytes: Callable[[CloudSource], int | None]


def make_plan(
    playlist: Playlist, to: Path, *, looks: Looks, convert_to: int | None = None, token: CancelToken | None = None
) -> ExportPlan:
    """Give each entry its need, its place and its portable file name.

    Names are unique where case and Unicode form are ignored, without regard to the extension, because the first
    bytes of a download may change that. Entries that need the same file share its name.

    Args:
        playlist: What to export.
        to: Where the export folder would lie.
        looks: How to find out what is there.
        convert_to: Sample rate that files are to be converted to, in Hz.
        token: Stops it before the next entry.

    Raises:
        ExportCancelled: Cancelled.
    """
    token = token or CancelToken()
    width = max(2, len(str(len(playlist))))
    taken: set[str] = set()
    firsts: dict[Hashable, tuple[Need, str, str]] = {}
    planned = []
    for position, entry in enumerate(playlist, start=1):
        token.raise_if_cancelled()
        need = _need_of(entry.track, looks)
        stem = f"{position:0{width}d} {_label(entry.track)}"
        extension = _extension_of(entry.track, need)
        if isinstance(need, Missing):
            stem = unique_name(portable_name(stem), taken)
        elif need.identity in firsts:
            need, stem, extension = firsts[need.identity]
        else:
            stem = unique_name(portable_name(stem), taken)
            firsts[need.identity] = (need, stem, extension)
        planned.append(PlannedEntry(position, entry, need, stem, extension))
    folder = to / folder_name(playlist.name)
    return ExportPlan(playlist.name, folder, tuple(planned), playlist.tempo_bpm, playlist.crossfade_s, convert_to)


def folder_name(playlist: str) -> str:
    """Give the name of the export folder, and of the project files in it."""
    return portable_name(playlist, fallback="Playlist")


def _need_of(track: Track, looks: Looks) -> Need:
    if track.problem is not None:
        return Missing(track.problem.reason, track.problem.detail)
    source = track.source()
    try:
        if track.file is not None:
            try:
                return Local(track.file, looks.local_bytes(track.file))
            except (LocalMissingError, LocalUnreadableError):
                if source is None:
                    raise
        if source is not None:
            return Cloud(source, looks.cached_bytes(source))
        raise NoSourceError(_why_no_source(track))
    except TrackError as exc:
        return Missing(exc.reason, str(exc))


def _why_no_source(track: Track) -> str:
    if track.is_cloud:
        return f"The entry names the cloud track {track.cloud_track_id} but no stream path."
    return "The entry names neither a file nor a cloud track."


def _label(track: Track) -> str:
    title = title_of(track.title).strip()
    return f"{track.artist} - {title}" if track.artist else title


def _extension_of(track: Track, need: Need) -> str:
    if isinstance(need, Local):
        suffix = need.path.suffix[1:].lower()
        if suffix in EXTENSIONS:
            return suffix
    hint = track.cloud_stream_path or (str(track.file) if track.file else None)
    return planned_extension(stream_path=hint, content_type=track.content_type)
