"""A manifest of two entries, one of them missing: what papers and projects begin with."""

from __future__ import annotations

from typing import Any

from tests.values import samples

__all__ = ["MANIFEST"]

_LOST = {"position": 2, "file": "Audio/02 Day.wav", "cue_in_s": None, "cue_out_s": None}
MANIFEST: dict[str, Any] = {
    **samples.MANIFEST,
    "summary": {"entries": 2, "exported": 1, "missing": 1, "bytes": 7},
    "entries": [{**samples.ENTRY, "artist": "Mira"}, {**samples.MISSING, **_LOST, "library_file": "/music/day.wav"}],
}
