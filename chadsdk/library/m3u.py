"""Extended M3U, read and written as text: the format of players, with our comments for cloud tracks.

There is no standard; the directives are those of Winamp and VLC (``#EXTM3U``, ``#EXTINF``, ``#PLAYLIST``).
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from chadsdk.address import shown
from chadsdk.decode import decode, parse_json
from chadsdk.errors import Reason
from chadsdk.extm3u import extinf
from chadsdk.library.track import Problem, Track
from chadsdk.text import one_line

__all__ = ["parse", "render"]

# Also for files whose names M3U cannot spell; JSON in a comment, so that players skip it.
_CLOUD = "#CHADSDK-TRACK:"
# Enough for any track, and not enough for infinity; what follows up to the comma are attributes.
_SECONDS = re.compile(r"\s*([0-9]{1,12}(?:\.[0-9]+)?)(?![0-9.])")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_LINE_END = re.compile(r"\r\n|\r|\n")
# A line break ends the entry; a backslash is read as Windows' separator; a lone surrogate is not UTF-8.
_UNSPELLABLE = re.compile(r"[\r\n\\\ud800-\udfff]")


def parse(data: bytes, *, folder: Path, document: str) -> tuple[str | None, list[Track]]:
    """Read a playlist.

    Args:
        data: The file; UTF-8, or Latin-1 where it is not UTF-8 (old ``.m3u``).
        folder: Where relative paths start.
        document: Its name, for errors.

    Returns:
        The name, if it has one, and one track per line that is no comment or is our cloud comment.

    Raises:
        DataError: A cloud comment is malformed.
    """
    name: str | None = None
    seconds, label = None, ""
    tracks: list[Track] = []
    for number, raw in enumerate(_LINE_END.split(_decoded(data)), start=1):
        line = raw.strip()
        if line.upper().startswith("#PLAYLIST:"):
            name = line[len("#PLAYLIST:") :].strip() or None
        elif line.startswith("#EXTINF:"):
            seconds, label = _parse_extinf(line)
        elif line.startswith(_CLOUD):
            tracks.append(_cloud_track(line.removeprefix(_CLOUD), f"{document} line {number}", folder))
            seconds, label = None, ""
        elif line and not line.startswith("#"):
            tracks.append(_track(line, seconds, label, folder))
            seconds, label = None, ""
    return name, tracks


def render(name: str, tracks: list[Track], *, folder: Path) -> str:
    """Write a playlist whose file will lie in `folder`."""
    lines = ["#EXTM3U", f"#PLAYLIST:{one_line(name)}"]
    for track in tracks:
        lines.append(extinf(track.title, track.artist, track.duration_s))
        plain = None if track.is_cloud or track.problem is not None else _plain_line(track.file, folder)
        lines.append(plain or _CLOUD + json.dumps(_placed(track).to_dict()))
    return "\n".join(lines) + "\n"


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _parse_extinf(line: str) -> tuple[float | None, str]:
    head, _, label = line.removeprefix("#EXTINF:").partition(",")
    found = _SECONDS.match(head)
    return (float(found[1]) if found else None), label.strip()


def _cloud_track(text: str, document: str, folder: Path) -> Track:
    value = parse_json(text, document=document, max_bytes=len(text))
    track = decode(document, Track.read, value)
    if track.file is None:
        return track
    return dataclasses.replace(track, file=folder / track.file)


def _track(line: str, seconds: float | None, label: str, folder: Path) -> Track:
    artist, separator, title = label.partition(" - ")
    if not separator:
        artist, title = "", label
    if _SCHEME.match(line) and not line.lower().startswith("file://"):
        address = shown(line)
        problem = Problem(Reason.NO_SOURCE, f"The playlist names a web address ({address}), which is not exported.")
        return Track(title or _last_part(address), artist or None, duration_s=seconds, problem=problem)
    file = folder / _local_path(line)
    if "\0" in str(file):
        problem = Problem(Reason.UNSAFE_NAME, "The playlist names a file that no system can hold (a NUL in its name).")
        return Track(title or one_line(line), artist or None, duration_s=seconds, problem=problem)
    return Track(title or PureWindowsPath(file.name).stem or file.stem, artist or None, duration_s=seconds, file=file)


def _last_part(address: str) -> str:
    """Give what an address would be called as a file: a title is shown where addresses have no business."""
    try:
        path = urlsplit(address).path
    except ValueError:  # a bracket that opens no address
        path = ""
    return PurePosixPath(unquote(path)).stem or "Web address"


def _local_path(line: str) -> Path:
    if line.lower().startswith("file://"):
        # Not split as a URL: "#", "?" and "[" are common in titles, and many writers leave them as they are.
        return Path(os.fsdecode(unquote_to_bytes("/" + line[len("file://") :].partition("/")[2])))
    if "\\" in line and os.sep != "\\" and not PureWindowsPath(line).drive:
        return Path(PureWindowsPath(line).as_posix())  # written on Windows, relative
    return Path(line)


def _plain_line(file: Path | None, folder: Path) -> str | None:
    """Give the line of a file that any player reads; None where M3U cannot spell its name."""
    if file is None:
        return None
    try:
        line = Path(os.path.relpath(file.absolute(), folder)).as_posix()
    except ValueError:  # another drive
        line = file.absolute().as_posix()
    line = f"./{line}" if line.startswith("#") else line
    return line if line == line.strip() and not _UNSPELLABLE.search(line) else None


def _placed(track: Track) -> Track:
    return track if track.file is None else dataclasses.replace(track, file=track.file.absolute())
