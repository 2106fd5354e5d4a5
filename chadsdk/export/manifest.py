"""`Manifest`: what became of every entry. Described by ``manifest.schema.json``, which ships beside this module."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any

from chadsdk.cache import Verified
from chadsdk.decode import (
    Field,
    Misfit,
    clean_text,
    decode,
    finite,
    items,
    non_negative,
    one_of,
    parse_json,
    positive,
    read_fields,
    sha256_hex,
    text,
    whole_number,
)
from chadsdk.errors import DataError, Reason, UnsafeNameError
from chadsdk.files import inside, open_regular

__all__ = ["MANIFEST_NAME", "MISSING_NAME", "Manifest", "ManifestEntry", "Status", "manifest_schema"]

MANIFEST_NAME = "manifest.json"
MISSING_NAME = "MISSING.txt"
SCHEMA = "chadsdk.manifest/1"

_LARGEST_BYTES = 256 * 1024 * 1024


class Status(StrEnum):
    """What became of an entry."""

    EXPORTED = "exported"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One entry of the playlist.

    Attributes:
        position: From 1, in playlist order.
        title: Title.
        artist: Artist; None when unknown, as with what follows.
        status: Exported or missing.
        reason: Code, for a missing one.
        detail: The same as a sentence.
        file: Name in the export folder; for a missing one, the name it would have.
        size_bytes: Length of the file.
        sha256: Digest of the file, hex.
        duration_s: Length in seconds; of a missing one, as the playlist says.
        sample_rate_hz: Sample rate.
        channels: Number of channels.
        cloud_track_id: The server's id.
        cloud_server: Key of that server; None when it is the one that the export was made with.
        verified: How the file was checked.
        start_s: This and what follows is its place in the mix, as the playlist says; see `PlaylistEntry`.
    """

    position: int
    title: str
    artist: str | None
    status: Status
    reason: Reason | None
    detail: str | None
    file: str
    size_bytes: int | None = None
    sha256: str | None = None
    duration_s: float | None = None
    sample_rate_hz: int | None = None
    channels: int | None = None
    cloud_track_id: str | None = None
    verified: Verified | None = None
    cloud_server: str | None = None
    start_s: float | None = None
    cue_in_s: float | None = None
    cue_out_s: float | None = None
    gain_db: float | None = None
    fade_in_s: float | None = None
    fade_out_s: float | None = None


_NAMES = tuple(field.name for field in fields(ManifestEntry))


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
        formats: Project files that were written beside the M3U8 playlist.
    """

    generator: str
    created_at: str
    playlist: str
    entries: tuple[ManifestEntry, ...]
    tempo_bpm: float | None = None
    crossfade_s: float = 0.0
    formats: tuple[str, ...] = ()

    @property
    def exported(self) -> tuple[ManifestEntry, ...]:
        """Entries whose file is in the export."""
        return tuple(entry for entry in self.entries if entry.status is Status.EXPORTED)

    @property
    def missing(self) -> tuple[ManifestEntry, ...]:
        """Entries that could not be had."""
        return tuple(entry for entry in self.entries if entry.status is Status.MISSING)

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
            "summary": {
                "entries": len(self.entries),
                "exported": len(self.exported),
                "missing": len(self.missing),
                "bytes": self.audio_bytes,
            },
            "entries": [{name: getattr(entry, name) for name in _NAMES} for entry in self.entries],
        }

    def to_json(self) -> bytes:
        """Give the file's bytes."""
        # One line per entry: with `indent`, `json` leaves its C code and takes ten times as long.
        head = self.to_dict()
        lines = ",\n  ".join(json.dumps(entry, ensure_ascii=False) for entry in head.pop("entries"))
        text = json.dumps(head, ensure_ascii=False)
        return f'{text[:-1]},\n "entries": [\n  {lines}\n ]}}\n'.encode("utf-8", "replace")

    @classmethod
    def load(cls, path: str | Path) -> Manifest:
        """Read one, of an export folder or by its own path.

        Raises:
            DataError: Not there, or no manifest; the error names the place.
        """
        path = Path(path)
        try:
            path = path / MANIFEST_NAME if path.is_dir() else path
            with open_regular(path, follow_links=True) as stream:
                data = stream.read(_LARGEST_BYTES + 1)
        except OSError as exc:
            raise DataError(str(path), "", f"cannot be read: {exc.strerror or exc}") from exc
        return decode(path.name, _read, parse_json(data, document=path.name, max_bytes=_LARGEST_BYTES))


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


def _read_entry(value: object) -> ManifestEntry:
    entry = ManifestEntry(**{"artist": None, "reason": None, "detail": None, **read_fields(value, _ENTRY)})
    for name in _NEEDED[entry.status]:
        if getattr(entry, name) is None:
            raise Misfit(f"is required of an entry that is {entry.status}", name)
    return entry


def _entries(value: object) -> tuple[ManifestEntry, ...]:
    entries = tuple(items(value, _read_entry))
    before = 0
    for number, entry in enumerate(entries):
        if entry.position <= before:
            raise Misfit(f"expected more than {before}, got {entry.position}", number, "position")
        before = entry.position
    return entries


def _formats(value: object) -> tuple[str, ...]:
    return tuple(items(value, text))


def _file(value: object) -> str:
    try:
        inside(Path(), text(value))
    except UnsafeNameError as exc:
        raise Misfit(str(exc)) from None
    return text(value)


_NEEDED = {Status.EXPORTED: ("size_bytes", "sha256", "verified"), Status.MISSING: ("reason", "detail")}
_ENTRY = (
    Field("position", "position", whole_number, required=True),
    Field("title", "title", clean_text, required=True),
    Field("artist", "artist", clean_text),
    Field("status", "status", one_of(Status), required=True),
    Field("reason", "reason", one_of(Reason)),
    Field("detail", "detail", clean_text),
    Field("file", "file", _file, required=True),
    Field("size_bytes", "size_bytes", whole_number),
    Field("sha256", "sha256", sha256_hex),
    Field("duration_s", "duration_s", non_negative),
    Field("sample_rate_hz", "sample_rate_hz", whole_number),
    Field("channels", "channels", whole_number),
    Field("cloud_track_id", "cloud_track_id", text),
    Field("cloud_server", "cloud_server", text),
    Field("verified", "verified", one_of(Verified)),
    Field("start_s", "start_s", non_negative),
    Field("cue_in_s", "cue_in_s", non_negative),
    Field("cue_out_s", "cue_out_s", positive),
    Field("gain_db", "gain_db", finite),
    Field("fade_in_s", "fade_in_s", non_negative),
    Field("fade_out_s", "fade_out_s", non_negative),
)
_MANIFEST = (
    Field("schema", "schema", text, required=True),
    Field("generator", "generator", text, required=True),
    Field("created_at", "created_at", text, required=True),
    Field("playlist", "playlist", clean_text, required=True),
    Field("entries", "entries", _entries, required=True),
    Field("tempo_bpm", "tempo_bpm", positive),
    Field("crossfade_s", "crossfade_s", non_negative),
    Field("formats", "formats", _formats),
)
