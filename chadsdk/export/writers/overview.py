"""A picture of the time line beside the project files: what the DAW will show, at a glance, in any browser."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from chadsdk.errors import FormatError
from chadsdk.export.picture import Box, draw, frame_of, wanted_outlines
from chadsdk.export.project import Project
from chadsdk.export.writers.writer import Desk, Writer
from chadsdk.media import read_outline

__all__ = ["WRITER"]

_GROUP = "{http://www.w3.org/2000/svg}g"
_BLOCK = "{http://www.w3.org/2000/svg}rect"
_NEAR_PX = 0.11  # written to a tenth


def _write(project: Project, desk: Desk) -> None:
    picture = draw(project, _outlines(project, desk))
    WRITER.path(project, desk).write_text(picture, encoding="utf-8", newline="\n")


def _outlines(project: Project, desk: Desk) -> dict[int, tuple[float, ...]]:
    """Read what there is room for; a file that cannot be read has none."""
    outlines = {}
    for wanted in wanted_outlines(project):
        desk.token.raise_if_cancelled()
        clip = wanted.clip
        peaks = read_outline(
            desk.audio(clip.file), offset_s=clip.offset_s, length_s=clip.length_s, buckets=wanted.buckets
        )
        if peaks is not None:
            outlines[clip.position] = peaks
    return outlines


def _check(project: Project, desk: Desk) -> None:
    try:
        root = ET.parse(WRITER.path(project, desk)).getroot()  # noqa: S314 - our own, without entities
    except ET.ParseError as exc:
        raise FormatError(f"The overview is not well-formed: {exc}.") from exc
    drawn = [group for group in root.iter(_GROUP) if "data-position" in group.attrib]
    if [group.get("data-position") for group in drawn] != [str(clip.position) for clip in project.clips]:
        raise FormatError("The overview does not show each track once and in order.")
    frame = frame_of(project)
    for group, clip in zip(drawn, project.clips, strict=True):
        if ("missing" in group.get("class", "").split()) != (clip.missing is not None):
            raise FormatError(f"The overview is wrong about whether track {clip.position} is missing.")
        if not _is_at(group.find(_BLOCK), frame.box(clip)):
            raise FormatError(f"The overview does not show track {clip.position} at its place.")


def _is_at(block: ET.Element | None, box: Box) -> bool:
    if block is None:
        return False
    drawn = [float(block.get(name, "nan")) for name in ("x", "y", "width")]
    return all(abs(a - b) <= _NEAR_PX for a, b in zip(drawn, (box.x, box.y, box.width), strict=True))


WRITER = Writer("overview.svg", _write, _check)
