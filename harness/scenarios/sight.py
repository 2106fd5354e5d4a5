"""What is to be seen after a run: requests, entries, and everything on disk, as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from harness.handle import LedgerEntry
from harness.scenarios.scenario import Asked
from harness.scenarios.scene import Outcome, Scene

__all__ = ["OnDisk", "Sight", "sight_of"]


@dataclass(frozen=True, slots=True)
class OnDisk:
    """Names, without the folders that are the same for every run.

    Attributes:
        cached: Files under a track's name.
        partials: Lengths of downloads put aside.
        temporaries: Downloads and exports under way, or left by the dead.
        exports: Every file below the folder of exports.
    """

    cached: tuple[str, ...]
    partials: tuple[int, ...]
    temporaries: tuple[str, ...]
    exports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sight:
    """A run from outside.

    Attributes:
        outcome: What it came to.
        missing: Reason by position of what is missing.
        asked: GETs of audio by track id.
        api: Requests that asked for no audio.
        heads: HEADs of audio.
        elsewhere: Requests at the second origin.
        on_disk: What lies in cache and exports.
    """

    outcome: Outcome
    missing: dict[int, str]
    asked: dict[str, tuple[Asked, ...]]
    api: int
    heads: int
    elsewhere: int
    on_disk: OnDisk

    @property
    def requests(self) -> int:
        """All requests at the server itself."""
        return self.api + self.heads + sum(len(each) for each in self.asked.values())

    @property
    def error(self) -> str | None:
        """Class of what the run raised."""
        return type(self.outcome.error).__name__ if self.outcome.error else None


def sight_of(scene: Scene, outcome: Outcome) -> Sight:
    """Look at everything that a run left."""
    requests = scene.requests()
    missing = outcome.manifest.missing if outcome.manifest else ()
    return Sight(
        outcome=outcome,
        missing={entry.position: str(entry.reason) for entry in missing},
        asked=_asked(scene, requests),
        api=sum(request.kind == "api" for request in requests),
        heads=sum(request.kind == "audio" and request.method == "HEAD" for request in requests),
        elsewhere=len(scene.other.ledger()) if scene.other else 0,
        on_disk=_on_disk(scene),
    )


def _asked(scene: Scene, requests: Iterable[LedgerEntry]) -> dict[str, tuple[Asked, ...]]:
    ids = {unquote(track.stream_path): track.id for track in scene.world.tracks}
    found: dict[str, tuple[Asked, ...]] = {}
    for request in requests:
        if request.kind == "audio" and request.method == "GET":
            path = unquote(request.path.partition("?")[0])
            track_id = ids.get(path.removeprefix("/open"), path)
            found[track_id] = (*found.get(track_id, ()), (_start(request.range), request.status))
    return found


def _start(range_header: str | None) -> int | None:
    return int(range_header.removeprefix("bytes=").partition("-")[0]) if range_header else None


def _on_disk(scene: Scene) -> OnDisk:
    cache, exports = scene.settings.cache_dir, scene.exports
    partial = sorted(cache.glob("*/.partial/*"))
    return OnDisk(
        cached=tuple(path.name for path in sorted(cache.glob("*/[!.]*"))),
        partials=tuple(sorted(path.stat().st_size for path in partial if path.suffix == ".part")),
        temporaries=(
            *(path.name for path in partial if path.suffix == ".tmp"),
            *(path.name for path in _children(exports) if ".partial-" in path.name or ".old-" in path.name),
        ),
        exports=tuple(str(path.relative_to(exports)) for path in sorted(exports.rglob("*")) if path.is_file()),
    )


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
