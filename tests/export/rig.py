"""What tests of an export share: quick settings, playlists of own files, the judgement of a finished folder."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import soundfile

from chadsdk import Event, Phase, Playlist, PlaylistEntry, Progress, Settings, Track
from chadsdk.export import manifest_schema
from chadsdk.settings import MIB
from harness.audio import write_sized_wav
from harness.recording import sha256_of

__all__ = [
    "SMALL_BYTES",
    "Recorder",
    "check_export",
    "leftovers",
    "local_playlist",
    "own_wav",
    "quick_settings",
    "when",
]

SMALL_BYTES = 64 * 1024


def quick_settings(cache_dir: Path, **changes: Any) -> Settings:
    """Settings that lose no time in back-offs; a HEAD-room small enough for any test machine."""
    quick: dict[str, Any] = {"attempts": 2, "backoff_base_s": 0.01, "headroom_bytes": MIB, "unknown_track_bytes": MIB}
    return Settings(cache_dir=cache_dir, **quick | changes)


def own_wav(file: Path, *, size_bytes: int = SMALL_BYTES, frequency_hz: float = 440.0) -> Path:
    """A WAV of the user's own."""
    file.parent.mkdir(parents=True, exist_ok=True)
    return write_sized_wav(file, size_bytes=size_bytes, frequency_hz=frequency_hz).file


def local_playlist(*files: Path, name: str = "Mine") -> Playlist:
    """A playlist of own files, each titled like its file."""
    return Playlist(name, entries=tuple(PlaylistEntry(Track(file.stem or "?", file=file)) for file in files))


def leftovers(to: Path) -> list[str]:
    """Names in a folder; none where it was not even made."""
    return sorted(path.name for path in to.iterdir()) if to.exists() else []


@dataclass
class Recorder:
    """A listener that keeps what it was told, and on which thread."""

    events: list[Event] = field(default_factory=list)
    threads: set[threading.Thread] = field(default_factory=set)

    def __call__(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)
        self.threads.add(threading.current_thread())

    def counts(self, phase: Phase) -> list[Progress]:
        """The counts of one phase, in order."""
        return [event for event in self.events if isinstance(event, Progress) and event.phase is phase]


def when(phase: Phase, act: Callable[[Progress], object], *, moved: bool = False) -> Callable[[Event], None]:
    """A listener that acts once: at the phase's first count, or at the first one with bytes."""
    acted = False

    def listen(event: Event) -> None:
        nonlocal acted
        due = isinstance(event, Progress) and event.phase is phase and (event.bytes_done > 0 or not moved)
        if due and not acted:
            acted = True
            assert isinstance(event, Progress)
            act(event)

    return listen


def check_export(folder: Path) -> dict[str, Any]:
    """Judge a finished export by its own papers and by libsndfile; gives its manifest.

    The manifest fits the schema that ships, counts up, and names each position once. Each file in ``Audio/`` belongs
    to it, has its digest and length and decodes to its end; no missing track has a file. The M3U8 names exactly the
    exported files, in order. ``MISSING.txt`` is there when it must be. Nothing else is.
    """
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    jsonschema.validate(manifest, manifest_schema(), jsonschema.Draft202012Validator)
    entries = manifest["entries"]
    assert [entry["position"] for entry in entries] == list(range(1, len(entries) + 1))
    exported = [entry for entry in entries if entry["status"] == "exported"]
    missing = [entry for entry in entries if entry["status"] == "missing"]
    sizes = {entry["file"]: entry["size_bytes"] for entry in exported}
    summary = {
        "entries": len(entries),
        "exported": len(exported),
        "missing": len(missing),
        "bytes": sum(sizes.values()),
    }
    assert manifest["summary"] == summary
    for entry in exported:
        _check_audio(folder, entry)
    assert not {entry["file"] for entry in missing} & sizes.keys()
    assert {f"Audio/{path.name}" for path in (folder / "Audio").iterdir()} == sizes.keys()
    m3u8 = next(folder.glob("*.m3u8"))
    lines = m3u8.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#EXTM3U"
    assert [line for line in lines if not line.startswith("#")] == [entry["file"] for entry in exported]
    papers = {"Audio", "manifest.json", "overview.svg", m3u8.name} | ({"MISSING.txt"} if missing else set())
    assert {path.name for path in folder.iterdir()} == papers
    return manifest


def _check_audio(folder: Path, entry: dict[str, Any]) -> None:
    file = folder / entry["file"]
    assert file.stat().st_size == entry["size_bytes"]
    assert sha256_of(file) == entry["sha256"]
    with soundfile.SoundFile(file) as sound:
        decoded = sum(len(block) for block in sound.blocks(blocksize=65_536))
        assert decoded == sound.frames > 0
        assert sound.samplerate == entry["sample_rate_hz"]
        assert sound.channels == entry["channels"]
        assert abs(decoded / sound.samplerate - entry["duration_s"]) < 0.001
