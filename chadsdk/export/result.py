"""`ExportResult`: a finished export, as its caller gets it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chadsdk.download import Fetched, FetchOutcome
from chadsdk.export.manifest import MANIFEST_NAME, Manifest, ManifestEntry
from chadsdk.export.plan import Cloud, ExportPlan
from chadsdk.source import CloudSource

__all__ = ["ExportResult", "make_result"]


@dataclass(frozen=True, slots=True)
class ExportResult:
    """A finished export.

    Attributes:
        folder: The export folder.
        manifest: What became of every entry.
        downloaded_bytes: Bytes of the tracks that were downloaded for it.
        cache_hits: Tracks that the cache had.
        wall_s: How long it took, in seconds.
        stale: After a retry, which project files were not written anew, and why, as sentences.
        kept: Where the export that it replaced is kept, because it holds files that no export wrote; None otherwise.
    """

    folder: Path
    manifest: Manifest
    downloaded_bytes: int
    cache_hits: int
    wall_s: float
    kept: Path | None = None
    stale: tuple[str, ...] = ()

    @property
    def exported(self) -> tuple[ManifestEntry, ...]:
        """Entries whose file is in the export, in playlist order."""
        return self.manifest.exported

    @property
    def missing(self) -> tuple[ManifestEntry, ...]:
        """Entries that could not be had, in playlist order, each with its reason."""
        return self.manifest.missing

    @property
    def manifest_path(self) -> Path:
        """Where the manifest lies."""
        return self.folder / MANIFEST_NAME


def make_result(
    plan: ExportPlan,
    manifest: Manifest,
    outcomes: Mapping[CloudSource, FetchOutcome],
    started: float,
    *,
    kept: Path | None = None,
    stale: Sequence[str] = (),
) -> ExportResult:
    """Add up an export that was started at the monotonic time `started`."""
    fetched = [each for each in set(outcomes.values()) if isinstance(each, Fetched)]
    cached = sum(isinstance(need, Cloud) and need.cached for need in plan.files.values())
    return ExportResult(
        folder=plan.folder,
        manifest=manifest,
        downloaded_bytes=sum(each.size_bytes for each in fetched if not each.from_cache),
        cache_hits=cached + sum(each.from_cache for each in fetched),
        wall_s=round(time.monotonic() - started, 3),
        kept=kept,
        stale=tuple(stale),
    )
