"""Ardour as a judge: what it reads in a session, and what it plays.

Owns the two commands of Debian's `ardour` package that need no display. Ardour writes into what it opens, so it is
given a copy of the session; and it has a settings folder of its own, so nobody's settings speak with.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import numpy as np
import pytest
import soundfile

from tests.daw.tones import Samples

__all__ = ["ArdourError", "Marker", "Opened", "Region", "Render", "ardour_or_skip", "opened", "regions_of", "render"]

LUA: Final = "ardour7-lua"
EXPORT: Final = "ardour7-export"
LISTING: Final = Path(__file__).with_name("session.lua")
TIMEOUT_S: Final = 40.0
RENDER_TIMEOUT_S: Final = 20.0
"""Of one run that takes two or three seconds, if it does not hang."""
RENDERS: Final = 8
REFUSED: Final = 1
HARMLESS: Final = ("Falling back to Reasonable Synth",)
"""What Ardour says of every session, its own new one included."""


class ArdourError(Exception):
    """Ardour did not open the session, or played it in no way that can be trusted."""


class _HangsError(ArdourError):
    """It was not done in time."""


@dataclass(frozen=True, slots=True)
class Region:
    """A clip, as Ardour understood it.

    Attributes:
        track: Name of the track on which it lies.
        name: What the user reads on it.
        position_s: Where it starts on the time line.
        length_s: How long it plays.
        source_offset_s: Where in the file it starts.
        gain: Factor of amplitude.
        files: The file of each channel, as a path below the session folder; absolute where it lies outside.
        missing: Names of files that Ardour looked for and did not find; it plays silence for them.
    """

    track: str
    name: str
    position_s: float
    length_s: float
    source_offset_s: float
    gain: float
    files: tuple[Path, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Marker:
    """A named moment of the time line."""

    name: str
    position_s: float


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that Ardour opened.

    Attributes:
        sample_rate_hz: That of the session.
        end_s: Where the range ends that an export renders.
        tracks: Names, in their order.
        regions: By track, then by position.
        markers: By position.
        complaints: What Ardour warned of, line by line, apart from what it says of every session.
    """

    sample_rate_hz: int
    end_s: float
    tracks: tuple[str, ...]
    regions: tuple[Region, ...]
    markers: tuple[Marker, ...]
    complaints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Render:
    """What Ardour plays, frames by two channels."""

    samples: Samples
    sample_rate_hz: int


def ardour_or_skip() -> None:
    """Skip the test where Ardour 7's commands are not installed."""
    for command in (LUA, EXPORT):
        if shutil.which(command) is None:
            pytest.skip(f"there is no {command} here (Debian's package `ardour`)")


def regions_of(session_folder: Path) -> list[Region]:
    """The regions of `opened`."""
    return list(opened(session_folder).regions)


def opened(session_folder: Path) -> Opened:
    """Let Ardour open a session, and say what it found.

    Raises:
        ArdourError: It did not open it, or died before the end of its list.
    """
    with _copy_of(session_folder) as (folder, name, environment):
        told = _run([LUA, str(LISTING), str(folder), name], environment)
        rows = [_fields(line) for line in told.stdout.splitlines() if line.startswith("@")]
        # The exit code says nothing: it is 0 for a session that did not open, and not 0 for a crash after the end.
        if not rows or rows[-1] != ["@end"]:
            raise ArdourError(f"Ardour does not open {session_folder}: {_tail(told)}")
        return _understood(rows, folder, _complaints(told))


def render(session_folder: Path, to_wav: Path) -> Render:
    """Let Ardour play a session from start to end of its range into a WAV file of floats.

    Ardour 7.3 damages its memory while it exports, in every fourth run or so, whatever the session: it dies or hangs
    before or after the whole file is written, or leaves single wild samples in it, even with an exit code of 0. So a
    render counts when a second one is the same to the bit.

    Raises:
        ArdourError: Ardour refused the session, or no two renders were the same.
    """
    seen: list[Samples] = []
    said = ""
    with _copy_of(session_folder) as (folder, name, environment):
        for _ in range(RENDERS):
            to_wav.unlink(missing_ok=True)
            command = [EXPORT, "-b", "float", "-o", str(to_wav), str(folder), name]
            try:
                told = _run(command, environment, timeout_s=RENDER_TIMEOUT_S)
            except _HangsError as exc:
                said = str(exc)
                continue
            said = _tail(told)
            if told.returncode == REFUSED and not to_wav.exists():
                break
            # Samples are compared, not files: the header of a WAV of floats holds the time of day.
            if (played := _whole(to_wav)) is None:
                continue
            if any(np.array_equal(played.samples, earlier) for earlier in seen):
                return played
            seen.append(played.samples)
    raise ArdourError(f"Ardour gave no two equal renders of {session_folder}, but {len(seen)}: {said}")


@contextmanager
def _copy_of(session_folder: Path) -> Iterator[tuple[Path, str, Mapping[str, str]]]:
    """A copy of the session to open, the name of the session, and the environment in which to open it."""
    names = [file.stem for file in session_folder.glob("*.ardour")]
    if len(names) != 1:
        raise ArdourError(f"{session_folder} holds {len(names)} .ardour files, not one")
    with tempfile.TemporaryDirectory(prefix="ardour-") as scratch:
        folder = Path(scratch).resolve() / "opened" / session_folder.name
        shutil.copytree(session_folder, folder)
        home = Path(scratch) / "home"
        home.mkdir()
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ARDOUR", "XDG_"))}
        yield folder, names[0], {**kept, "HOME": str(home), "LC_ALL": "C.UTF-8"}


def _run(
    command: list[str], environment: Mapping[str, str], *, timeout_s: float = TIMEOUT_S
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError as exc:
        raise ArdourError(f"there is no {command[0]} here") from exc
    except subprocess.TimeoutExpired as exc:
        raise _HangsError(f"{command[0]} was not done with {command[-1]} in {timeout_s:.0f} s") from exc


def _understood(rows: list[list[str]], folder: Path, complaints: tuple[str, ...]) -> Opened:
    """The rows of `session.lua` as a value; moments come in samples of the session's rate."""
    kinds: dict[str, list[list[str]]] = {}
    for kind, *fields in rows:
        kinds.setdefault(kind, []).append(fields)
    [[rate_text, end_text]] = kinds["@session"]
    rate = int(rate_text)
    regions = [_region(fields, rate, folder) for fields in kinds.get("@region", [])]
    markers = [Marker(name, int(start) / rate) for name, start in kinds.get("@marker", [])]
    tracks = tuple(name for [name] in kinds.get("@track", []))
    return Opened(
        sample_rate_hz=rate,
        end_s=int(end_text) / rate,
        tracks=tracks,
        regions=tuple(sorted(regions, key=lambda region: (tracks.index(region.track), region.position_s))),
        markers=tuple(sorted(markers, key=lambda marker: marker.position_s)),
        complaints=complaints,
    )


def _region(fields: list[str], rate: int, folder: Path) -> Region:
    track, name, position, length, start, gain, *sources = fields
    found = [Path(source) for source in sources if Path(source).is_absolute()]
    return Region(
        track=track,
        name=name,
        position_s=int(position) / rate,
        length_s=int(length) / rate,
        source_offset_s=int(start) / rate,
        gain=float(gain),
        files=tuple(file.relative_to(folder) if file.is_relative_to(folder) else file for file in found),
        # A file that was not found has no folder: Ardour keeps the name alone.
        missing=tuple(source for source in sources if not Path(source).is_absolute()),
    )


def _fields(line: str) -> list[str]:
    return [unquote(field) for field in line.split("\t")]


def _complaints(told: subprocess.CompletedProcess[str]) -> tuple[str, ...]:
    lines = (told.stdout + "\n" + told.stderr).splitlines()
    loud = [line for line in lines if line.startswith(("[ERROR]", "[WARNING]"))]
    return tuple(line for line in loud if not any(harmless in line for harmless in HARMLESS))


def _tail(told: subprocess.CompletedProcess[str]) -> str:
    said = " / ".join(line for line in (told.stdout + "\n" + told.stderr).splitlines() if line.strip())
    return f"exit code {told.returncode}, {said[-600:]}"


def _whole(wav: Path) -> Render | None:
    """What a render wrote, unless it died over it."""
    try:
        samples, sample_rate_hz = soundfile.read(wav, dtype="float64", always_2d=True)
    except soundfile.LibsndfileError:
        return None
    return Render(samples, sample_rate_hz) if len(samples) else None
