"""Tests of the door that manifests come in by."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chadsdk.cache import Verified
from chadsdk.errors import DataError, Reason, StorageError
from chadsdk.export.manifest import ConvertedFrom, Manifest, ManifestEntry, Status
from chadsdk.export.written import WrittenFile
from chadsdk.files import portable_name
from chadsdk.media import RATES_HZ
from tests.values.samples import ENTRY, MANIFEST, MISSING
from tests.values.support import any_json, no_descriptors


def _load(tmp_path: Path, value: object) -> Manifest:
    (tmp_path / "manifest.json").write_text(json.dumps(value))
    return Manifest.load(tmp_path)


def test_a_manifest_round_trip(tmp_path: Path) -> None:
    """A manifest reads back as it was written, from its folder or by its own path."""
    manifest = _load(tmp_path, MANIFEST)
    assert manifest.to_dict() == MANIFEST
    (tmp_path / "manifest.json").write_bytes(manifest.to_json())
    assert Manifest.load(tmp_path) == manifest == Manifest.load(tmp_path / "manifest.json")


_MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({"schema": "chadsdk.manifest/2"}, "schema"),
    ({"schema": None}, "schema"),
    ({"entries": None}, "entries"),
    ({"entries": [ENTRY, []]}, "entries[1]"),
    ({"written": ["Friday.m3u8"]}, "written[0]"),
    ({"written": [{"format": "m3u8", "file": "../x", "size_bytes": 1}]}, "written[0].file"),
    ({"written": [{"format": "m3u8", "file": "x", "size_bytes": -1}]}, "written[0].size_bytes"),
    ({"entries": [ENTRY, ENTRY]}, "entries[1].position"),
    ({"entries": [{**ENTRY, "position": 2}, {**ENTRY, "position": 3}, ENTRY]}, "entries[2].position"),
    ({"entries": [{**MISSING, "reason": None}]}, "entries[0].reason"),
    ({"entries": [ENTRY, {**MISSING, "position": 2, "detail": None}]}, "entries[1].detail"),
    *(
        ({"entries": [{**ENTRY, key: value}]}, f"entries[0].{key}")
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
        _load(tmp_path, {**MANIFEST, **change})
    assert caught.value.place == place
    assert place in str(caught.value)


def test_positions_may_leave_gaps(tmp_path: Path) -> None:
    """Positions that ascend are taken, whatever lies between them."""
    entries = [{**ENTRY, "position": 2}, {**MISSING, "position": 7}]
    assert [entry.position for entry in _load(tmp_path, {**MANIFEST, "entries": entries}).entries] == [2, 7]


def test_no_manifest_there(tmp_path: Path) -> None:
    """A folder without one is a `DataError`."""
    with pytest.raises(DataError, match="cannot be read"):
        Manifest.load(tmp_path)


def test_a_manifest_that_cannot_be_read_now_may_still_be_one(tmp_path: Path) -> None:
    """That the system refuses says nothing of what is there: no `DataError`, which would say that it is no export."""
    _load(tmp_path, MANIFEST)
    with no_descriptors(), pytest.raises(StorageError, match="Too many open files"):
        Manifest.load(tmp_path)


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_HEX = st.binary(min_size=32, max_size=32).map(bytes.hex)
_WHOLE = st.integers(0, 2**63 - 1)
_S = st.none() | st.floats(0, 1e20)
_PLACES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("start_s", "cue_in_s", "fade_in_s", "fade_out_s", "duration_s"), _S),
    "cue_out_s": st.none() | st.floats(1e-300, 1e20),
    "gain_db": st.none() | st.floats(-1e20, 1e20),
}
_KNOWN: dict[str, st.SearchStrategy[Any]] = {
    **_PLACES,
    **dict.fromkeys(("artist", "detail", "cloud_track_id", "cloud_server", "not_converted"), st.none() | _TEXT),
    **dict.fromkeys(("sample_rate_hz", "channels"), st.none() | _WHOLE),
    "title": _TEXT,
    "file": _TEXT.map(lambda text: f"Audio/{portable_name(text)}.wav"),
    "reason": st.none() | st.sampled_from(Reason),
    "converted_from": st.none() | st.builds(ConvertedFrom, _TEXT, _WHOLE, st.none() | _WHOLE, _HEX),
}
_HELD = st.builds(
    ManifestEntry,
    status=st.just(Status.EXPORTED),
    position=st.just(0),
    size_bytes=_WHOLE,
    sha256=_HEX,
    verified=st.sampled_from(Verified),
    **_KNOWN,
)
_LOST = st.builds(
    ManifestEntry,
    status=st.just(Status.MISSING),
    position=st.just(0),
    **{**_KNOWN, "reason": st.sampled_from(Reason), "detail": _TEXT},
)
_MANIFESTS = st.builds(
    Manifest,
    generator=_TEXT,
    created_at=_TEXT,
    playlist=_TEXT,
    entries=st.lists(_HELD | _LOST, max_size=4).map(
        lambda entries: tuple(replace(entry, position=number) for number, entry in enumerate(entries, start=1))
    ),
    tempo_bpm=st.none() | st.floats(1e-300, 1e20),
    crossfade_s=st.floats(0, 1e20),
    formats=st.lists(_TEXT, max_size=3).map(tuple),
    convert_to=st.none() | st.sampled_from(RATES_HZ),
    written=st.lists(st.builds(WrittenFile, _TEXT, _TEXT.map(portable_name), _WHOLE), max_size=3).map(tuple),
)


def test_any_manifest_round_trip(tmp_path: Path) -> None:
    """Whatever an export may have to say, its manifest reads back as it was written."""

    @settings(max_examples=50)
    @given(_MANIFESTS)
    def check(manifest: Manifest) -> None:
        (tmp_path / "manifest.json").write_bytes(manifest.to_json())
        assert Manifest.load(tmp_path) == manifest

    check()


def test_any_json_as_a_manifest(tmp_path: Path) -> None:
    """Any JSON value, alone or at any place of a good manifest, is a manifest or a `DataError`."""

    @given(any_json(*MANIFEST, *ENTRY))
    def check(value: object) -> None:
        changed = {**ENTRY, **value} if isinstance(value, dict) else value
        for whole in (value, {**MANIFEST, "entries": [changed]}, {**MANIFEST, "entries": value}):
            with suppress(DataError):
                assert isinstance(_load(tmp_path, whole), Manifest)

    check()
