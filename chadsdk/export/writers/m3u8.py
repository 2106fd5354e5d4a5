"""The playlist beside the audio: extended M3U in UTF-8, relative paths, missing tracks as comments."""

from __future__ import annotations

from chadsdk.errors import FormatError
from chadsdk.export.project import Clip, Project
from chadsdk.export.writers.writer import Desk, Writer
from chadsdk.extm3u import extinf
from chadsdk.text import one_line

__all__ = ["WRITER"]


def _write(project: Project, desk: Desk) -> None:
    WRITER.path(project, desk).write_text(_text_of(project), encoding="utf-8", errors="replace", newline="\n")


def _check(project: Project, desk: Desk) -> None:
    lines = WRITER.path(project, desk).read_text(encoding="utf-8").split("\n")
    files = [line for line in lines if line and not line.startswith("#")]
    if files != [clip.file for clip in project.clips if clip.missing is None]:
        raise FormatError("The M3U8 playlist does not name the files that are exported.")


def _text_of(project: Project) -> str:
    lines = ["#EXTM3U", f"#PLAYLIST:{one_line(project.name)}"]
    for clip in project.clips:
        lines += _lines_of(clip)
    return "\n".join(lines) + "\n"


def _lines_of(clip: Clip) -> list[str]:
    if clip.missing is None:
        length_s = None if clip.length_is_guess else clip.source_s
        return [extinf(clip.title, clip.artist, length_s), clip.file]
    return [f"# Missing: {clip.file} ({one_line(clip.label)}): {one_line(clip.missing)}"]


WRITER = Writer("{stem}.m3u8", _write, _check)
