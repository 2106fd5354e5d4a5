"""`Manifest`: what became of every entry. Described by ``manifest.schema.json``, which ships beside this module."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from chadsdk.decode import (
    Field,
    Misfit,
    clean_text,
    decode,
    items,
    non_negative,
    parse_json,
    positive,
    read_fields,
    text,
    whole_number,
)
from chadsdk.disk import naming_disk_errors
from chadsdk.errors import DataError
from chadsdk.export.entry import ConvertedFrom, ManifestEntry, Status, read_entry
from chadsdk.export.written import WrittenFile, read_written
from chadsdk.files import open_regular
from chadsdk.media import RATES_HZ

__all__ = ["MANIFEST_NAME", "MISSING_NAME", "ConvertedFrom", "Manifest", "ManifestEntry", "Status", "manifest_schema"]

MANIFEST_NAME = "manifest.json"
MISSING_NAME = "MISSING.txt"
SCHEMA = "chadsdk.manifest/1"

# Nothing there, or nothing that is a file; EINVAL is what `open_regular` says of a FIFO, and of a NUL in a name.
_NO_MANIFEST = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO, errno.EINVAL}
_LARGEST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole export.

    Attributes:
        generator: Program and version.
        created_at: UTC, RFC 3339.
        playlist: Name of the playlist.
        entries: Each entry of the playlist, exactly once, in its order.
        tempo_bpm: Tempo of the mix; None when it has none.
        crossfade_s: Overlap of entries without an explicit start.
        formats: What was written beside the audio, by name; without what somebody has worked on since.
        convert_to: Sample rate that files were converted to, in Hz; None when all are copies.
        written: The files of those formats. Any other file is somebody's own; so are all of them where it is empty.
    """

    generator: str
    created_at: str
    playlist: str
    entries: tuple[ManifestEntry, ...]
    tempo_bpm: float | None = None
    crossfade_s: float = 0.0
    formats: tuple[str, ...] = ("m3u8",)
    convert_to: int | None = None
    written: tuple[WrittenFile, ...] = ()

    @property
    def exported(self) -> tuple[ManifestEntry, ...]:
        """Entries whose file is in the export."""
        return tuple(entry for entry in self.entries if entry.status is Status.EXPORTED)

    @property
    def missing(self) -> tuple[ManifestEntry, ...]:
        """Entries that could not be had."""
        return tuple(entry for entry in self.entries if entry.status is Status.MISSING)

    @property
    def converted(self) -> tuple[ManifestEntry, ...]:
        """Entries whose file is at another sample rate than its original."""
        return tuple(entry for entry in self.entries if entry.converted_from is not None)

    @property
    def not_converted(self) -> tuple[ManifestEntry, ...]:
        """Entries whose file should have been converted and could not be; each says why."""
        return tuple(entry for entry in self.entries if entry.not_converted is not None)

    @property
    def audio_bytes(self) -> int:
        """Length of all audio files, each once."""
        return sum({entry.file: entry.size_bytes or 0 for entry in self.exported}.values())

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON object."""
        return {
            "schema": SCHEMA,
            "generator": self.generator,
            "created_at": self.created_at,
            "playlist": self.playlist,
            "tempo_bpm": self.tempo_bpm,
            "crossfade_s": self.crossfade_s,
            "formats": list(self.formats),
            "convert_to": self.convert_to,
            "summary": {
                "entries": len(self.entries),
                "exported": len(self.exported),
                "missing": len(self.missing),
                "bytes": self.audio_bytes,
            },
            "written": [asdict(each) for each in self.written],
            "entries": [entry.to_dict() for entry in self.entries],
        }

    def to_json(self) -> bytes:
        """Give the file's bytes."""
        # One line per file and entry: with `indent`, `json` leaves its C code and takes ten times as long.
        head = self.to_dict()
        written, entries = _lines(head.pop("written")), _lines(head.pop("entries"))
        text = json.dumps(head, ensure_ascii=False)
        return f'{text[:-1]},\n "written": {written},\n "entries": {entries}}}\n'.encode("utf-8", "replace")

    @classmethod
    def load(cls, path: str | Path) -> Manifest:
        """Read one, of an export folder or by its own path.

        Raises:
            DataError: Not there, or no manifest; the error names the place.
            StorageError: The file system refuses, which says nothing of what is there.
        """
        path = Path(path)
        with naming_disk_errors(path, "read"):
            try:
                path = path / MANIFEST_NAME if path.is_dir() else path
                with open_regular(path, follow_links=True) as stream:
                    data = stream.read(_LARGEST_BYTES + 1)
            except OSError as exc:
                if exc.errno not in _NO_MANIFEST:
                    raise
                raise DataError(str(path), "", f"cannot be read: {exc.strerror or exc}") from exc
        return decode(path.name, _read, parse_json(data, document=path.name, max_bytes=_LARGEST_BYTES))


def _lines(values: Iterable[object]) -> str:
    lines = ",\n  ".join(json.dumps(value, ensure_ascii=False) for value in values)
    return f"[\n  {lines}\n ]"


def manifest_schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of ``manifest.json``."""
    source = files("chadsdk.export").joinpath("manifest.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(source)
    return schema


def _read(value: object) -> Manifest:
    found = read_fields(value, _MANIFEST)
    if found.pop("schema") != SCHEMA:
        raise Misfit(f"expected {SCHEMA!r}", "schema")
    return Manifest(**found)


def _entries(value: object) -> tuple[ManifestEntry, ...]:
    entries = tuple(items(value, read_entry))
    before = 0
    for number, entry in enumerate(entries):
        if entry.position <= before:
            raise Misfit(f"expected more than {before}, got {entry.position}", number, "position")
        before = entry.position
    return entries


def _formats(value: object) -> tuple[str, ...]:
    return tuple(items(value, text))


def _written(value: object) -> tuple[WrittenFile, ...]:
    return tuple(items(value, read_written))


def _sample_rate(value: object) -> int:
    if whole_number(value) not in RATES_HZ:
        raise Misfit(f"expected {RATES_HZ[0]} to {RATES_HZ[-1]} Hz, got {value}")
    return whole_number(value)


_MANIFEST = (
    Field("schema", "schema", text, required=True),
    Field("generator", "generator", text, required=True),
    Field("created_at", "created_at", text, required=True),
    Field("playlist", "playlist", clean_text, required=True),
    Field("entries", "entries", _entries, required=True),
    Field("tempo_bpm", "tempo_bpm", positive),
    Field("crossfade_s", "crossfade_s", non_negative),
    Field("formats", "formats", _formats),
    Field("convert_to", "convert_to", _sample_rate),
    Field("written", "written", _written),
)
