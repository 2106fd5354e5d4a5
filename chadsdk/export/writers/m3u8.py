"""The playlist beside the audio: extended M3U in UTF-8, relative paths, missing tracks as comments."""

from __future__ import annotations

from pathlib import Path

from chadsdk.export.project import Clip, Project
from chadsdk.extm3u import extinf
from chadsdk.text import one_line

__all__ = ["write"]


def write(project: Project, path: Path) -> None:
    """Write the playlist.

    Raises:
        OSError: The file system refuses.
    """
    lines = ["#EXTM3U", f"#PLAYLIST:{one_line(project.name)}"]
    for clip in project.clips:
        lines += _lines_of(clip)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="replace", newline="\n")


def _lines_of(clip: Clip) -> list[str]:
    if clip.missing is None:
        return [extinf(clip.title, clip.artist, clip.duration_s), clip.file]
    label = f"{clip.artist} - {clip.title}" if clip.artist else clip.title
    return [f"# Missing: {clip.file} ({one_line(label)}): {one_line(clip.missing)}"]
