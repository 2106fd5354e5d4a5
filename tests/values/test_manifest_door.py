"""Tests of the door that manifests come in by."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from chadsdk.errors import DataError, StorageError
from chadsdk.export.manifest import Manifest
from tests.values.support import any_json, no_descriptors

_ENTRY: dict[str, Any] = {
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
_MISSING: dict[str, Any] = {
    **_ENTRY,
    "status": "missing",
    "reason": "network",
    "detail": "No connection.",
    **dict.fromkeys(("size_bytes", "sha256", "verified", "converted_from")),
}
_MANIFEST: dict[str, Any] = {
    "schema": "chadsdk.manifest/1",
    "generator": "chadsdk 0.1.0",
    "created_at": "2026-11-22T10:00:00Z",
    "playlist": "Friday",
    "tempo_bpm": 124.0,
    "crossfade_s": 4.0,
    "formats": ["m3u8"],
    "convert_to": 44100,
    "summary": {"entries": 1, "exported": 1, "missing": 0, "bytes": 7},
    "entries": [_ENTRY],
}


def _load(tmp_path: Path, value: object) -> Manifest:
    (tmp_path / "manifest.json").write_text(json.dumps(value))
    return Manifest.load(tmp_path)


def test_a_manifest_round_trip(tmp_path: Path) -> None:
    """A manifest reads back as it was written, from its folder or by its own path."""
    manifest = _load(tmp_path, _MANIFEST)
    assert manifest.to_dict() == _MANIFEST
    (tmp_path / "manifest.json").write_bytes(manifest.to_json())
    assert Manifest.load(tmp_path) == manifest == Manifest.load(tmp_path / "manifest.json")


_MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({"schema": "chadsdk.manifest/2"}, "schema"),
    ({"schema": None}, "schema"),
    ({"entries": None}, "entries"),
    ({"entries": [_ENTRY, []]}, "entries[1]"),
    ({"entries": [_ENTRY, _ENTRY]}, "entries[1].position"),
    ({"entries": [{**_ENTRY, "position": 2}, {**_ENTRY, "position": 3}, _ENTRY]}, "entries[2].position"),
    ({"entries": [{**_MISSING, "reason": None}]}, "entries[0].reason"),
    ({"entries": [_ENTRY, {**_MISSING, "position": 2, "detail": None}]}, "entries[1].detail"),
    *(
        ({"entries": [{**_ENTRY, key: value}]}, f"entries[0].{key}")
        for key, value in [
            ("position", "1"),
            ("position", True),
            ("position", 0),
            ("size_bytes", None),
            ("sha256", None),
            ("verified", None),
            ("title", None),
            ("status", "lost"),
            ("status", ["exported"]),
            ("reason", "bad luck"),
            ("verified", "believed"),
            ("size_bytes", 3.0),
            ("size_bytes", -1),
            ("sha256", "ab"),
            ("duration_s", math.nan),
            ("channels", 10**30),
            ("file", None),
            ("file", ""),
            ("file", "../../etc/passwd"),
            ("file", "/etc/passwd"),
            ("file", "Audio\\..\\..\\x"),
            ("file", "C:\\x"),
            ("file", "a\0b"),
            ("library_file", ""),
            ("library_file", "/a\0b"),
            ("library_file", ["/a"]),
        ]
    ),
]


@pytest.mark.parametrize(("change", "place"), _MALFORMED, ids=lambda value: ascii(value)[-40:])
def test_a_malformed_manifest_names_the_place(tmp_path: Path, change: dict[str, Any], place: str) -> None:
    """Each thing that is wrong, a path out of the folder included, is one `DataError` that names where."""
    with pytest.raises(DataError) as caught:
        _load(tmp_path, {**_MANIFEST, **change})
    assert caught.value.place == place
    assert place in str(caught.value)


def test_positions_may_leave_gaps(tmp_path: Path) -> None:
    """Positions that ascend are taken, whatever lies between them."""
    entries = [{**_ENTRY, "position": 2}, {**_MISSING, "position": 7}]
    assert [entry.position for entry in _load(tmp_path, {**_MANIFEST, "entries": entries}).entries] == [2, 7]


def test_no_manifest_there(tmp_path: Path) -> None:
    """A folder without one is a `DataError`."""
    with pytest.raises(DataError, match="cannot be read"):
        Manifest.load(tmp_path)


def test_a_manifest_that_cannot_be_read_now_may_still_be_one(tmp_path: Path) -> None:
    """That the system refuses says nothing of what is there: no `DataError`, which would say that it is no export."""
    _load(tmp_path, _MANIFEST)
    with no_descriptors(), pytest.raises(StorageError, match="Too many open files"):
        Manifest.load(tmp_path)


def test_any_json_as_a_manifest(tmp_path: Path) -> None:
    """Any JSON value, alone or at any place of a good manifest, is a manifest or a `DataError`."""

    @given(any_json(*_MANIFEST, *_ENTRY))
    def check(value: object) -> None:
        changed = {**_ENTRY, **value} if isinstance(value, dict) else value
        for whole in (value, {**_MANIFEST, "entries": [changed]}, {**_MANIFEST, "entries": value}):
            with suppress(DataError):
                assert isinstance(_load(tmp_path, whole), Manifest)

    check()
