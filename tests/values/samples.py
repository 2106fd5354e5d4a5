"""Whole JSON objects, with every field there is: a track of the API, and a manifest with both kinds of entries."""

from __future__ import annotations

from typing import Any

__all__ = ["ENTRY", "MANIFEST", "MISSING", "TRACK"]

TRACK: dict[str, Any] = {
    "id": "t-1",
    "title": "Night Drive",
    "streamPath": "/tracks/t-1/audio.wav",
    "artist": "A",
    "album": "B",
    "durationSeconds": 8.5,
    "sizeBytes": 1411244,
    "contentType": "audio/wav",
    "revision": "r7",
    "sha256": "ab" * 32,
}
ENTRY: dict[str, Any] = {
    "position": 1,
    "title": "Night",
    "artist": None,
    "status": "exported",
    "reason": None,
    "detail": None,
    "file": "Audio/01 Night.wav",
    "size_bytes": 7,
    "sha256": "ab" * 32,
    "duration_s": 8.0,
    "sample_rate_hz": 44100,
    "channels": 2,
    "cloud_track_id": None,
    "cloud_server": None,
    "verified": "local",
    "start_s": None,
    "cue_in_s": 1.5,
    "cue_out_s": 7.0,
    "gain_db": -3.0,
    "fade_in_s": 0.5,
    "fade_out_s": None,
    "converted_from": {"extension": "mp3", "sample_rate_hz": 48000, "bit_depth": None, "sha256": "cd" * 32},
    "not_converted": None,
    "library_file": None,
}
MISSING: dict[str, Any] = {
    **ENTRY,
    "status": "missing",
    "reason": "network",
    "detail": "No connection.",
    **dict.fromkeys(("size_bytes", "sha256", "verified", "converted_from")),
}
MANIFEST: dict[str, Any] = {
    "schema": "chadsdk.manifest/1",
    "generator": "chadsdk 0.1.0",
    "created_at": "2026-11-22T10:00:00Z",
    "playlist": "Friday",
    "tempo_bpm": 124.0,
    "crossfade_s": 4.0,
    "formats": ["m3u8"],
    "convert_to": 44100,
    "summary": {"entries": 1, "exported": 1, "missing": 0, "bytes": 7},
    "written": [{"format": "m3u8", "file": "Friday.m3u8", "size_bytes": 90}],
    "entries": [ENTRY],
}
