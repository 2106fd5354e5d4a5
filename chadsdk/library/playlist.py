"""`Playlist`: ordered entries with a name, kept in JSON or M3U8 files."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Annotated

from chadsdk.decode import clean_text, decode, items, non_negative, parse_json, positive
from chadsdk.disk import naming_disk_errors
from chadsdk.errors import ConfigurationError, DataError
from chadsdk.files import open_regular, write_whole
from chadsdk.library import m3u
from chadsdk.library.track import CloudListing, PlaylistEntry, Track
from chadsdk.model import Json, JsonModel

__all__ = ["Playlist"]

_LARGEST_FILE_BYTES = 64 * 1024 * 1024


def _entries(value: object) -> tuple[PlaylistEntry, ...]:
    return tuple(items(value, PlaylistEntry.read))


def _entries_out(entries: tuple[PlaylistEntry, ...]) -> list[object]:
    return [entry.to_dict() for entry in entries]


@dataclass(eq=True)
class Playlist(JsonModel):
    """A named, ordered list of entries. Not safe to change from two threads at once.

    Whatever is put into `entries`, by the constructor, by assignment or by `add`, is made a `PlaylistEntry` there
    and then, so that an export sees every one.

    Attributes:
        name: Names the export folder.
        entries: In playing order.
        tempo_bpm: Tempo of the mix; None when it has none.
        crossfade_s: Overlap of tracks without an explicit start.
    """

    name: Annotated[str, Json("name", clean_text)]
    entries: Annotated[tuple[PlaylistEntry, ...], Json("entries", _entries, _entries_out)] = ()
    tempo_bpm: Annotated[float | None, Json("tempoBpm", positive)] = None
    crossfade_s: Annotated[float, Json("crossfadeSeconds", non_negative)] = 0.0

    def __setattr__(self, name: str, value: object) -> None:
        if name == "entries":
            if not isinstance(value, Iterable):
                raise TypeError(f"entries must be iterable, got {type(value).__name__}")
            value = tuple(map(PlaylistEntry.of, value))
        elif name == "name" and not isinstance(value, str):
            raise ConfigurationError(f"name must be a string, got {value!r}")
        object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[PlaylistEntry]:
        return iter(self.entries)

    def add(self, item: PlaylistEntry | Track | CloudListing) -> PlaylistEntry:
        """Append one item and give the entry that was made of it.

        Raises:
            TypeError: Not a `Track`, a server's track or a `PlaylistEntry`.
        """
        entry = PlaylistEntry.of(item)
        # Past __setattr__: what is in already needs no second look.
        object.__setattr__(self, "entries", (*self.entries, entry))
        return entry

    @classmethod
    def open(cls, path: str | Path) -> Playlist:
        """Read a playlist file by its suffix: ``.json``, ``.m3u8`` or ``.m3u``.

        Raises:
            ConfigurationError: Another suffix, or the file cannot be read.
            DataError: It is malformed; the error names the place.
        """
        readers = {".json": cls.load, ".m3u8": cls.from_m3u, ".m3u": cls.from_m3u}
        reader = readers.get(Path(path).suffix.lower())
        if reader is None:
            raise ConfigurationError(f"{path} is no playlist file: the name must end in .json, .m3u8 or .m3u")
        return reader(path)

    @classmethod
    def load(cls, path: str | Path) -> Playlist:
        """Read a JSON playlist; relative paths in it start at its folder.

        Raises:
            ConfigurationError: The file cannot be read.
            DataError: It is malformed; the error names the place.
        """
        path = Path(path)
        document = path.name
        value = parse_json(_read(path), document=document, max_bytes=_LARGEST_FILE_BYTES)
        playlist = decode(document, cls.read, value)
        playlist.entries = tuple(_with_file(entry, path.absolute().parent.joinpath) for entry in playlist)
        return playlist

    def save(self, path: str | Path) -> None:
        """Write it as JSON, whole or not at all; files beside or below it get relative paths.

        Raises:
            StorageError: The file system refuses; `DiskFullError` and `AccessDeniedError` are kinds of it.
        """
        folder = Path(path).absolute().parent
        portable = dataclasses.replace(
            self, entries=tuple(_with_file(entry, lambda file: _relative(file, folder)) for entry in self)
        )
        text = json.dumps(portable.to_dict(), ensure_ascii=False, indent=1)
        # What is not UTF-8 in a file's name is a lone surrogate here (PEP 383); escaped so, JSON can hold it.
        with naming_disk_errors(Path(path), "write"):
            write_whole(Path(path), text.encode("utf-8", "backslashreplace") + b"\n")

    @classmethod
    def from_m3u(cls, path: str | Path) -> Playlist:
        """Read an M3U or M3U8 playlist; each line that names something becomes an entry.

        Cloud tracks are read from the comments that `to_m3u` writes; a line that is a web address becomes an entry
        that an export reports as missing.

        Raises:
            ConfigurationError: The file cannot be read.
            DataError: Too large, or a cloud comment in it is malformed.
        """
        path = Path(path)
        data = _read(path)
        if len(data) > _LARGEST_FILE_BYTES:
            raise DataError(path.name, "", f"larger than the limit of {_LARGEST_FILE_BYTES} bytes")
        name, tracks = m3u.parse(data, folder=path.absolute().parent, document=path.name)
        return cls(name or path.stem, entries=tuple(map(PlaylistEntry, tracks)))

    def to_m3u(self, path: str | Path) -> None:
        """Write it as extended M3U8 (UTF-8), whole or not at all.

        Files get paths relative to the playlist's folder where one volume has both. Cloud tracks are comments that
        players ignore and `from_m3u` reads back; places in the mix (starts, cues, fades) are not kept by this format.

        Raises:
            StorageError: The file system refuses; `DiskFullError` and `AccessDeniedError` are kinds of it.
        """
        text = m3u.render(self.name, [entry.track for entry in self], folder=Path(path).absolute().parent)
        with naming_disk_errors(Path(path), "write"):
            write_whole(Path(path), text.encode("utf-8", "replace"))


def _read(path: Path) -> bytes:
    try:
        with open_regular(path, follow_links=True) as stream, BufferedReader(stream) as whole:
            return whole.read(_LARGEST_FILE_BYTES + 1)
    except OSError as exc:
        raise ConfigurationError(f"cannot read the playlist {path}: {exc.strerror or exc}") from exc
    except ValueError as exc:  # a NUL in the name
        raise ConfigurationError(f"cannot read the playlist {path!r}: {exc}") from exc


def _with_file(entry: PlaylistEntry, place: Callable[[Path], Path]) -> PlaylistEntry:
    if entry.track.file is None:
        return entry
    track = dataclasses.replace(entry.track, file=place(entry.track.file))
    return dataclasses.replace(entry, track=track)


def _relative(file: Path, folder: Path) -> Path:
    absolute = file.absolute()
    return absolute.relative_to(folder) if absolute.is_relative_to(folder) else absolute
