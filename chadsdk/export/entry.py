"""`ManifestEntry`: one line of a manifest, and the strict door that it comes in by."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from chadsdk.cache import Verified
from chadsdk.decode import (
    Field,
    Misfit,
    clean_text,
    finite,
    non_negative,
    one_of,
    positive,
    read_fields,
    sha256_hex,
    text,
    whole_number,
)
from chadsdk.errors import Reason
from chadsdk.export.written import read_file_name
from chadsdk.library import PlaylistEntry

__all__ = ["ConvertedFrom", "ManifestEntry", "Status", "place_in_mix", "read_entry"]


class Status(StrEnum):
    """What became of an entry."""

    EXPORTED = "exported"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class ConvertedFrom:
    """The file that a converted copy was made from.

    Attributes:
        extension: The name of its format, without the dot.
        sample_rate_hz: Its sample rate.
        bit_depth: Bits per sample; None for a lossy format, which has none.
        sha256: Its digest, hex.
    """

    extension: str
    sample_rate_hz: int
    bit_depth: int | None
    sha256: str


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
        converted_from: What the file was made from; None for a copy, bit for bit.
        not_converted: Why it is a copy although it has not the sample rate that was asked for, as a sentence.
        library_file: Of a missing one, the absolute path of its file in the library, where a retry looks for it again;
            None when it has none, or one that is not UTF-8.
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
    converted_from: ConvertedFrom | None = None
    not_converted: str | None = None
    library_file: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON object."""
        value = {name: getattr(self, name) for name in _NAMES}
        if self.converted_from is not None:
            value["converted_from"] = asdict(self.converted_from)
        return value


_NAMES = tuple(field.name for field in fields(ManifestEntry))
_PLACE = ("start_s", "cue_in_s", "cue_out_s", "gain_db", "fade_in_s", "fade_out_s")


def place_in_mix(entry: ManifestEntry | PlaylistEntry) -> dict[str, Any]:
    """Give the fields that say where an entry lies in the mix, which both kinds of entries call the same."""
    return {name: getattr(entry, name) for name in _PLACE}


def read_entry(value: object) -> ManifestEntry:
    """Read one from a parsed JSON value.

    Raises:
        Misfit: It is none.
    """
    entry = ManifestEntry(**{"artist": None, "reason": None, "detail": None, **read_fields(value, _ENTRY)})
    for name in _NEEDED[entry.status]:
        if getattr(entry, name) is None:
            raise Misfit(f"is required of an entry that is {entry.status}", name)
    return entry


def _converted_from(value: object) -> ConvertedFrom:
    return ConvertedFrom(**{"bit_depth": None, **read_fields(value, _CONVERTED_FROM)})


def _library_file(value: object) -> str:
    path = text(value)
    if not path or "\0" in path:
        raise Misfit("expected the path of a file")
    return path


_NEEDED = {Status.EXPORTED: ("size_bytes", "sha256", "verified"), Status.MISSING: ("reason", "detail")}
_CONVERTED_FROM = (
    Field("extension", "extension", text, required=True),
    Field("sample_rate_hz", "sample_rate_hz", whole_number, required=True),
    Field("bit_depth", "bit_depth", whole_number),
    Field("sha256", "sha256", sha256_hex, required=True),
)
_ENTRY = (
    Field("position", "position", whole_number, required=True),
    Field("title", "title", clean_text, required=True),
    Field("artist", "artist", clean_text),
    Field("status", "status", one_of(Status), required=True),
    Field("reason", "reason", one_of(Reason)),
    Field("detail", "detail", clean_text),
    Field("file", "file", read_file_name, required=True),
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
    Field("converted_from", "converted_from", _converted_from),
    Field("not_converted", "not_converted", clean_text),
    Field("library_file", "library_file", _library_file),
)
