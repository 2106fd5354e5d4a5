"""`PreflightReport`: whether there is room, volume by volume, before a byte is moved. Pure, given the free bytes."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from chadsdk.disk import Volume, human_bytes
from chadsdk.errors import DiskFullError
from chadsdk.export.collect import WORKERS
from chadsdk.export.plan import Cloud, ExportPlan, Missing
from chadsdk.source import CloudSource
from chadsdk.text import one_line, title_of

__all__ = ["PreflightReport", "VolumeNeed", "preflight"]

_TITLE_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class VolumeNeed:
    """What one volume must take.

    Attributes:
        volume: The volume and its free bytes.
        path: What was looked at on it.
        download_bytes: Still to be downloaded into the cache there.
        copy_bytes: To be copied into the export there.
        headroom_bytes: To be left free.
    """

    volume: Volume
    path: Path
    download_bytes: int
    copy_bytes: int
    headroom_bytes: int

    @property
    def needed_bytes(self) -> int:
        """All of it; nothing is needed where nothing is written."""
        writes = self.download_bytes + self.copy_bytes
        return writes + self.headroom_bytes if writes else 0

    @property
    def fits(self) -> bool:
        """Whether there is room."""
        return self.needed_bytes <= self.volume.free_bytes


@dataclass(frozen=True, slots=True)
class PreflightReport:
    """What an export needs.

    Attributes:
        sizes: Length of every track to be downloaded, as far as known.
        guessed: How many of those nobody knows.
        guess_bytes: What was assumed for each of them.
        volumes: One or two; where cache and export lie on one volume, both needs are added.
        largest: Track and length in bytes of the file that takes more than half of what is copied; None without one.
    """

    sizes: Mapping[CloudSource, int | None]
    guessed: int
    guess_bytes: int
    volumes: tuple[VolumeNeed, ...]
    largest: tuple[str, int] | None = None

    def check(self) -> None:
        """Refuse what does not fit.

        Raises:
            DiskFullError: It names the volume, what is needed and what is free.
        """
        for need in self.volumes:
            if not need.fits:
                raise DiskFullError(
                    self._sentence(need),
                    path=need.path,
                    volume=need.volume.mount,
                    needed_bytes=need.needed_bytes,
                    free_bytes=need.volume.free_bytes,
                )

    def _sentence(self, need: VolumeNeed) -> str:
        parts = [
            f"{human_bytes(count)} {what}"
            for count, what in (
                (need.download_bytes, "to download"),
                (need.copy_bytes, "to copy"),
                (need.headroom_bytes, "to leave free"),
            )
            if count
        ]
        more = ""
        if self.largest is not None and need.copy_bytes:
            more = f" {self.largest[0]} alone takes {human_bytes(self.largest[1])}."
        if self.guessed:
            more += f" The size of {self.guessed} is unknown and taken as {human_bytes(self.guess_bytes)} each."
        return (
            f"Not enough space on {need.volume.mount}: {human_bytes(need.needed_bytes)} needed "
            f"({', '.join(parts)}), {human_bytes(need.volume.free_bytes)} free.{more}"
        )


def preflight(
    plan: ExportPlan,
    *,
    sizes: Mapping[CloudSource, int | None],
    guess_bytes: int,
    headroom_bytes: int,
    cache: tuple[Path, Volume],
    export: tuple[Path, Volume],
    copies: int = 1,
    there_bytes: int = 0,
    converted: Mapping[Hashable, int] = MappingProxyType({}),
) -> PreflightReport:
    """Add up what each volume must take.

    Args:
        plan: What is to be done.
        sizes: Lengths of the sources to be downloaded; None where nobody knows.
        guess_bytes: Assumed for those.
        headroom_bytes: To be left free on each volume that is written to.
        cache: The cache folder and its volume.
        export: The export folder and its volume.
        copies: How often each file is written there.
        there_bytes: Length of the files that are there already, and are written as often but once.
        converted: Length, by identity, of what a file becomes that is converted. The file itself lies beside it for a
            while; of a few files at a time, so the largest of those are added.
    """

    def size_of(source: CloudSource) -> int:
        size = sizes.get(source, source.size_bytes)
        return guess_bytes if size is None else size

    download = sum(size_of(source) for source in plan.sources)
    originals = {
        key: size_of(need.source) if isinstance(need, Cloud) and not need.cached else need.size_bytes or 0
        for key, need in plan.files.items()
    }
    becoming = {**originals, **converted}
    copy = copies * sum(becoming.values()) + (copies - 1) * there_bytes
    copy += sum(heapq.nlargest(WORKERS, (originals[key] for key in converted)))
    if cache[1].device == export[1].device:
        volumes: tuple[VolumeNeed, ...] = (VolumeNeed(export[1], export[0], download, copy, headroom_bytes),)
    else:
        volumes = (
            VolumeNeed(cache[1], cache[0], download, 0, headroom_bytes),
            VolumeNeed(export[1], export[0], 0, copy, headroom_bytes),
        )
    known = {source: sizes.get(source, source.size_bytes) for source in plan.sources}
    guessed = sum(size is None for size in known.values())
    return PreflightReport(known, guessed, guess_bytes, volumes, _largest(plan, becoming))


def _largest(plan: ExportPlan, sizes: Mapping[Hashable, int]) -> tuple[str, int] | None:
    """Name the file of several that needs more room than all others: its length may be a mistake."""
    key = max(sizes, key=sizes.__getitem__, default=None)
    if len(sizes) < 2 or 2 * sizes[key] <= sum(sizes.values()):
        return None
    first = next(each for each in plan.entries if not isinstance(each.need, Missing) and each.need.identity == key)
    title = one_line(title_of(first.entry.track.title))
    return repr(f"{first.position}. {title}"[:_TITLE_CHARACTERS]), sizes[key]
