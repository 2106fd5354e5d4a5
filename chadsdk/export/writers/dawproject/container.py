"""The container: written to a file, read back and compared with the mix."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError, fromstring
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from chadsdk.cancel import CancelToken
from chadsdk.errors import FormatError
from chadsdk.export.project import Clip, Project
from chadsdk.export.writers.dawproject.document import (
    Reference,
    embedded,
    holds,
    linked,
    metadata_xml,
    project_xml,
)
from chadsdk.export.writers.dawproject.places import check_places
from chadsdk.export.writers.dawproject.rules import check_rules
from chadsdk.export.writers.writer import Desk, Writer
from chadsdk.text import xml_line

__all__ = ["LINKED", "WRITER"]

_METADATA, _PROJECT = "metadata.xml", "project.xml"
_PIECE_BYTES = 1 << 20
_SLOWEST_BPM, _FASTEST_BPM = 1.0, 1000.0
_MOST_GAIN_DB = 1000.0  # the level is a factor in the file, and must be one that a float can hold
_HAS_DESCRIPTOR = 0x08  # flag of an entry whose length stands behind it, which some importers cannot read


@dataclass(frozen=True, slots=True)
class _Form:
    """One of the two forms: where it says that audio lies, and the name of its file."""

    output: str
    refer: Callable[[Clip], Reference]

    def path(self, project: Project, desk: Desk) -> Path:
        return desk.folder / self.output.replace("{stem}", project.file_stem)

    def media(self, project: Project, desk: Desk) -> dict[str, Path]:
        """Give what goes into the container, each file once: its name there, and where it is copied from."""
        places = ((self.refer(clip), clip) for clip in project.clips)
        return {reference.path: desk.audio(clip.file) for reference, clip in places if not reference.is_external}

    def write(self, project: Project, desk: Desk) -> None:
        # A file that can be sought in: otherwise zipfile writes data descriptors.
        with ZipFile(self.path(project, desk), "w") as container:
            container.writestr(ZipInfo(_METADATA), metadata_xml(project), ZIP_DEFLATED)
            container.writestr(ZipInfo(_PROJECT), project_xml(project, self.refer), ZIP_DEFLATED)
            for name, source in self.media(project, desk).items():
                _embed(container, name, source, desk.token)

    def check(self, project: Project, desk: Desk) -> None:
        path = self.path(project, desk)
        sizes_bytes = {name: source.stat().st_size for name, source in self.media(project, desk).items()}
        try:
            with path.open("rb") as stream, ZipFile(stream) as container:
                _check_entries(container, stream, sizes_bytes)
                metadata = fromstring(container.read(_METADATA))  # noqa: S314 - we wrote it
                root = fromstring(container.read(_PROJECT))  # noqa: S314 - as above
        except (BadZipFile, ParseError, struct.error) as exc:
            raise FormatError(f"{path.name} cannot be read back: {exc}") from exc
        if metadata.findtext("Title", "") != xml_line(project.name):
            raise FormatError(f"{path.name} does not bear the name of the playlist.")
        check_rules(root)
        check_places(root, project, self.refer)
        _check_files(root, set(sizes_bytes), project, desk)


def _refuse(project: Project) -> None:
    tempo_bpm = project.tempo_bpm
    if tempo_bpm is not None and not _SLOWEST_BPM <= tempo_bpm <= _FASTEST_BPM:
        raise FormatError(f"DAWproject counts in beats: {tempo_bpm:g} beats a minute is no tempo to count with.")
    for clip in project.clips:
        if abs(clip.gain_db) > _MOST_GAIN_DB:
            raise FormatError(f"DAWproject cannot hold a gain of {clip.gain_db:g} dB, that of {clip.label!r}.")
        if not holds(clip.file):
            raise FormatError(f"DAWproject cannot hold the file name {clip.file!r}.")


def _embed(container: ZipFile, name: str, source: Path, token: CancelToken) -> None:
    """Copy a file as it is: audio hardly gets smaller."""
    entry = ZipInfo(name)
    # Told beforehand, or an entry of 4 GiB does not get the longer fields that it needs.
    entry.file_size = source.stat().st_size
    with source.open("rb") as audio, container.open(entry, "w") as inside:
        token.raise_if_cancelled()
        while piece := audio.read(_PIECE_BYTES):
            inside.write(piece)
            token.raise_if_cancelled()


def _check_entries(container: ZipFile, stream: BinaryIO, sizes_bytes: Mapping[str, int]) -> None:
    """Check names, lengths and headers; audio is not read again."""
    names = sorted(entry.filename for entry in container.infolist())
    if names != sorted([_METADATA, _PROJECT, *sizes_bytes]):
        odd = sorted(set(names) ^ {_METADATA, _PROJECT, *sizes_bytes}) or names
        raise FormatError(f"The container does not hold each file once: {odd[0]!r}.")
    for entry in container.infolist():
        stream.seek(entry.header_offset)
        (flags,) = struct.unpack("<6xH", stream.read(8))
        if (flags | entry.flag_bits) & _HAS_DESCRIPTOR:
            raise FormatError(f"In the container {entry.filename!r} has a data descriptor.")
        if entry.filename in sizes_bytes and (entry.compress_type, entry.file_size, entry.compress_size) != (
            ZIP_STORED,
            sizes_bytes[entry.filename],
            sizes_bytes[entry.filename],
        ):
            raise FormatError(f"In the container {entry.filename!r} is not stored whole.")


def _check_files(root: Element, held: set[str], project: Project, desk: Desk) -> None:
    """Every file that is named is in the container, or beside it, or missing; never two of these."""
    missing = {clip.file for clip in project.clips if clip.missing is not None}
    for path in {file.get("path", "") for file in root.iter("File")} - held:
        if PurePosixPath(path).is_absolute() or PureWindowsPath(path).drive or ".." in PurePosixPath(path).parts:
            raise FormatError(f"In project.xml the path {path!r} leads out of the export.")
        if path not in missing and not desk.audio(path).is_file():
            raise FormatError(f"project.xml names {path!r}, which is neither there nor missing.")
    both = missing & {clip.file for clip in project.clips if clip.missing is None}
    if both:
        raise FormatError(f"{min(both)!r} is there and missing as well.")


def _writer(output: str, refer: Callable[[Clip], Reference], *, copies_audio: bool) -> Writer:
    form = _Form(output, refer)
    return Writer(output, form.write, form.check, _refuse, copies_audio=copies_audio)


WRITER = _writer("{stem}.dawproject", embedded, copies_audio=True)
LINKED = _writer("{stem} (linked).dawproject", linked, copies_audio=False)
