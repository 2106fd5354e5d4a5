"""What lies on the disk: manifests of exports, records and notes of a cache."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from chadsdk.cache.record import CacheRecord
from chadsdk.cache.work import claim
from chadsdk.errors import DataError
from chadsdk.export.manifest import Manifest
from chadsdk.media import EXTENSIONS
from tests.fuzz.samples import MANIFEST
from tests.fuzz.target import Target, edited, scratch

__all__ = ["TARGET"]

_RECORD = {
    "track_id": "t-1",
    "title": "Night",
    "extension": "wav",
    "size_bytes": 7,
    "mtime_ns": 8,
    "sha256": "ab" * 32,
    "verified": "digest",
    "revision": "r7",
    "stored_at": 9,
}
_PARTIAL = b"x" * 10
_NOTE = {"etag": '"v1"', "total_bytes": 10, "spans": [[0, 4], [6, 10]], "size_bytes": 10, "mtime_ns": 0}
_FOLDER = scratch()


def _take(data: bytes) -> None:
    kind, rest = data[:1], data[1:]
    match kind[0] % 4 if kind else 0:
        case 0:
            _take_manifest(json.dumps(edited(MANIFEST, rest)).encode())
        case 1:
            _take_manifest(rest)
        case 2:
            _take_record(edited(_RECORD, rest))
        case _:
            _take_note(rest)


def _take_manifest(data: bytes) -> None:
    path = _FOLDER / "manifest.json"
    path.write_bytes(data)
    try:
        manifest = Manifest.load(path)
    except DataError as exc:
        assert str(exc).isprintable()
        return
    path.write_bytes(manifest.to_json())
    assert Manifest.load(_FOLDER) == manifest
    for entry in manifest.entries:
        assert (_FOLDER / entry.file).is_relative_to(_FOLDER)
        assert ".." not in Path(entry.file).parts


def _take_record(value: object) -> None:
    path = _FOLDER / "record.json"
    path.write_text(json.dumps(value))
    record = CacheRecord.read(path)
    if record is not None:
        assert record.extension in EXTENSIONS
        record.write(path)
        assert CacheRecord.read(path) == record


def _take_note(data: bytes) -> None:
    part = _FOLDER / "t-1.part"
    part.write_bytes(_PARTIAL)
    note = edited({**_NOTE, "mtime_ns": part.stat().st_mtime_ns}, data)
    (_FOLDER / "t-1.validator").write_text(json.dumps(note))
    work = claim(_FOLDER, "t-1")
    try:
        assert (work.validator is None) == (work.spans == ())
        assert all(0 <= start < stop <= len(_PARTIAL) for start, stop in work.spans)
        assert work.stream.read() == (_PARTIAL if work.validator else b"")
    finally:
        work.drop()


def _seeds() -> Iterator[bytes]:
    yield b"\1" + json.dumps(MANIFEST).encode()
    yield from (bytes([kind, place]) for kind in (0, 2, 3) for place in range(9))
    yield from (bytes([0, 9, entry, place]) + b"\5" for entry in range(2) for place in range(23))
    yield from (
        bytes([3, 2, entry, place]) + word for entry in range(2) for place in range(2) for word in (b"11", b"-1")
    )


TARGET = Target(take=_take, seeds=_seeds, words=(b"../", b"C:", b"\\", b"-1", b"1e400", b"[[0,11]]", b"\xff"))
