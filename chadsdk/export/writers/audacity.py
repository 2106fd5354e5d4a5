"""A list of files for Audacity: which file begins when, and nothing else; missing tracks are left out.

The format is what Audacity's importer does with it (``modules/mod-lof``): it has no length, no part of a file, no gain,
no fade and no escape for a quote.
"""

from __future__ import annotations

import re

from chadsdk.errors import FormatError
from chadsdk.export.project import Project
from chadsdk.export.writers.writer import Desk, Writer
from chadsdk.text import one_line

__all__ = ["WRITER"]

_SAME_S = 1e-6
# Audacity looks at the first 1,024 bytes before it believes in a list: 2.x takes any byte that is not ASCII for a
# sign of a binary file, and 3.x wants the word "file" there. So this is ASCII, and longer than that.
_HEAD = """\
# This list opens in Audacity with File > Import > Audio, or File > Open: choose this very file.
#
# Every line that begins with the word file brings one audio file as a track of its own. The number after the word
# offset is the second at which the whole of that audio file begins on the time line.
#
# A list can say no more than that. So it does not hold what the other project files of this export do:
#
# * A file always comes whole. Where the mix plays only a part of it, the file begins so much earlier that this part
#   sounds at its moment, and what is before and after the part is heard as well, until it is cut away by hand.
# * There are no fades, so the tracks of a crossfade are both heard at their full level.
# * There is no gain: every track has the level of its file.
# * There are no markers, and no names but those of the files.
# * Audacity stops at the first file that it does not find. Missing tracks are left out of the list for that reason;
#   they stand in it as comments, each in its place, with the moment at which it would have begun.
#
# The names of the files are relative to the folder in which this list lies. Move the folder as a whole.
"""
_FILE = re.compile(r'file "(?! )([^"]+)(?<! )" offset (\d+\.\d{6})')


def _refuse(project: Project) -> None:
    for clip in project.clips:
        if clip.missing is None and not _FILE.fullmatch(_line(clip.file, 0.0)):
            raise FormatError(f"A list for Audacity cannot name {clip.file!r}: quotes cannot be written.")


def _write(project: Project, desk: Desk) -> None:
    WRITER.path(project, desk).write_text(_text_of(project), encoding="utf-8", errors="replace", newline="\n")


def _text_of(project: Project) -> str:
    late_s = _late_s(project)
    lines = ["window"]
    if late_s:
        lines.append(f"# All of it lies {late_s:.6f} s later than in the mix: a part before that would not fit.")
    for clip in project.clips:
        at_s = late_s + clip.start_s
        if clip.missing is None:
            lines.append(_line(clip.file, at_s - clip.offset_s))
        else:
            lines.append(f"# Missing at {at_s:.6f} s: {clip.file}: {one_line(clip.missing)}")
    return _HEAD + "\n".join(lines) + "\n"


def _line(file: str, at_s: float) -> str:
    return f'file "{file}" offset {max(0.0, at_s):.6f}'


def _late_s(project: Project) -> float:
    """How much later everything lies than in the mix, so that no file begins before 0."""
    early_s = [clip.offset_s - clip.start_s for clip in project.clips if clip.missing is None]
    return max(0.0, *early_s) if early_s else 0.0


def _check(project: Project, desk: Desk) -> None:
    text = WRITER.path(project, desk).read_text(encoding="utf-8")
    read = [_FILE.fullmatch(line) for line in text.split("\n") if line and line != "window" and line[0] != "#"]
    meant = [clip for clip in project.clips if clip.missing is None]
    late_s = _late_s(project)
    if len(read) != len(meant) or not all(
        found is not None
        and found[1] == clip.file
        and abs(float(found[2]) - (late_s + clip.start_s - clip.offset_s)) <= _SAME_S
        for found, clip in zip(read, meant, strict=True)
    ):
        raise FormatError("The list for Audacity does not name the files that are exported, where they begin.")


WRITER = Writer("{stem}.lof", _write, _check, _refuse)
