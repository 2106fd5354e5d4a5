"""Projects for tests of the writers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chadsdk.cancel import CancelToken
from chadsdk.export.project import Clip, Project
from chadsdk.export.writers import Desk


def clip(position: int = 1, **changes: Any) -> Clip:
    """A clip of ten seconds, one after the other on the first deck."""
    values: dict[str, Any] = {
        "position": position,
        "title": f"Track {position}",
        "artist": "Artist",
        "file": f"Audio/{position:02d} Artist - Track {position}.wav",
        "deck": 0,
        "start_s": 10.0 * (position - 1),
        "length_s": 10.0,
        "offset_s": 0.0,
        "source_s": 10.0,
        "gain_db": 0.0,
        "fade_in_s": 0.0,
        "fade_out_s": 0.0,
        "sample_rate_hz": 44_100,
        "channels": 2,
        "missing": None,
        "length_is_guess": False,
        "note": None,
    }
    return Clip(**{**values, **changes})


def project(*clips: Clip, **changes: Any) -> Project:
    """A project named Friday."""
    values: dict[str, Any] = {
        "name": "Friday",
        "file_stem": "Friday",
        "tempo_bpm": None,
        "sample_rate_hz": 44_100,
        "clips": clips,
    }
    return Project(**{**values, **changes})


def desk(folder: Path) -> Desk:
    """A desk in a folder that holds the audio, too."""
    return Desk(folder, CancelToken(), folder.joinpath)
