"""Rows 60, 67 and 68: a cache that was cut, grown, worn out or emptied since it was filled, or is while it is used."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.scenarios.scenario import REST, SUBJECT, TRACK_BYTES, WHOLE, Asking, Expected, Hooks, Scenario

if TYPE_CHECKING:
    from chadsdk import Event
    from harness.scenarios.scene import Scene

__all__ = ["SCENARIOS"]

CACHED = "t-1.wav"


def _truncate(file: Path) -> None:
    os.truncate(file, REST[0] or 0)


def _empty(file: Path) -> None:
    os.truncate(file, 0)


def _grow(file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(b"late")


def _rot(file: Path) -> None:
    """One bit, without a trace in length or date."""
    times = file.stat()
    with file.open("r+b") as stream:
        stream.seek(TRACK_BYTES // 2)
        stream.write(bytes([file.read_bytes()[TRACK_BYTES // 2] ^ 1]))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def _lose_record(file: Path) -> None:
    (file.parent / ".records" / f"{file.stem}.json").unlink()


def _spoil_record(file: Path) -> None:
    (file.parent / ".records" / f"{file.stem}.json").write_bytes(b'{"sha256": "' + b"\0" * 40)


def _damaged(
    name: str, what: str, damage: Callable[[Path], None], *, asked: Asking = (WHOLE,), rows: tuple[int, ...] = (67,)
) -> Scenario:
    def before(scene: Scene) -> None:
        scene.run()
        damage(scene.cache / CACHED)
        scene.forget_requests()

    had = "had again without a word" if asked else "found to be right by its digest"
    return Scenario(
        name,
        f"A cached track {what} since: it is {had}, and the others come from the cache.",
        rows=rows,
        hooks=Hooks(before=before),
        expected=Expected(asked={SUBJECT: asked}, others=()),
    )


def _once_in_the_copy(act: Callable[[Scene], None]) -> Callable[[Scene, Event], None]:
    """At the first word of the export's second phase, when every download is done."""

    def hear(scene: Scene, event: Event) -> None:
        if event.phase == "export" and "acted" not in scene.notes:
            scene.notes["acted"] = 1
            act(scene)

    return hear


def _purge(scene: Scene) -> None:
    shutil.rmtree(scene.cache)


def _purge_and_kill(scene: Scene) -> None:
    scene.kill_server()
    _purge(scene)


def _server_back(scene: Scene) -> None:
    scene.start_server_again()


SCENARIOS = (
    _damaged("cache-cut", "was cut", _truncate),
    _damaged("cache-empty", "is an empty file, as a power cut may leave it,", _empty, rows=(60, 67)),
    _damaged("cache-grown", "was written to by somebody", _grow),
    _damaged("cache-rotten", "has another bit, with length and date as they were,", _rot),
    _damaged("cache-record-lost", "lost its record", _lose_record, asked=()),
    _damaged("cache-record-spoilt", "has a record that is garbage", _spoil_record, asked=()),
    Scenario(
        "cache-purged-in-mid-export",
        "The whole cache is removed between download and copy: what is not copied yet is fetched again, once.",
        rows=(68,),
        hooks=Hooks(heard=_once_in_the_copy(_purge)),
        expected=Expected(others=2, cached=None),
    ),
    Scenario(
        "cache-purged-and-server-gone",
        "The same with a server that is gone by then: missing, with the reason, and an export all the same.",
        rows=(1, 68),
        hooks=Hooks(heard=_once_in_the_copy(_purge_and_kill), healed=_server_back),
        expected=Expected(missing=dict.fromkeys((1, 2, 3), "network"), cached=0),
    ),
)
