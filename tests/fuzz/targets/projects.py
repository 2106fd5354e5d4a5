"""What any manifest becomes: the time line, and the project files that are read back."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator

from chadsdk.cancel import CancelToken
from chadsdk.errors import DataError, FormatError
from chadsdk.export.manifest import Manifest
from chadsdk.export.project import Project
from chadsdk.export.report import missing_text
from chadsdk.export.timeline import make_project
from chadsdk.export.writers import Desk, writer_of
from tests.fuzz.samples import MANIFEST
from tests.fuzz.target import Target, edited, scratch

__all__ = ["TARGET"]

_WRITERS = tuple(map(writer_of, ("m3u8", "overview", "audacity", "reaper", "dawproject-linked")))
_FOLDER = scratch()


def _take(data: bytes) -> None:
    kind = data[0] if data else 0
    path = _FOLDER / "manifest.json"
    path.write_text(json.dumps(edited(MANIFEST, data[1:])))
    try:
        manifest = Manifest.load(path)
    except DataError:
        return
    missing_text(manifest)
    project = make_project(manifest)
    _check_times(project)
    writer = _WRITERS[kind % len(_WRITERS)]
    folder = _FOLDER / "export"
    folder.mkdir()
    try:
        desk = Desk(folder, CancelToken(), folder.joinpath)
        for entry in manifest.exported:
            (folder / entry.file).parent.mkdir(parents=True, exist_ok=True)
            (folder / entry.file).touch()
        writer.refuse(project)
    except (FormatError, OSError):  # a mix that it cannot hold, a name that no system can
        return
    else:
        writer.write(project, desk)
        assert writer.path(project, desk).exists()
        writer.check(project, desk)
    finally:
        shutil.rmtree(folder)


def _check_times(project: Project) -> None:
    for clip in project.clips:
        for value in (clip.start_s, clip.length_s, clip.offset_s, clip.source_s, clip.fade_in_s, clip.fade_out_s):
            assert value >= 0
            assert math.isfinite(value)


def _seeds() -> Iterator[bytes]:
    for kind in range(len(_WRITERS)):
        yield bytes([kind])
        for entry in range(2):
            for field in (1, 2, 9, 15, 16, 17, 18, 19, 20):
                yield bytes([kind, 9, entry, field]) + b"1e9"


TARGET = Target(
    take=_take,
    seeds=_seeds,
    words=(b"1e308", b"1e-300", b"0.1", b"null", b"]]>", b"\x00", b"\n", b"`\"'", b"\xe2\x80\xae", b"\xff\x09\x00"),
    most_bytes=128,
)
