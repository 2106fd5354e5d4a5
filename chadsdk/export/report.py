"""What became of a plan, as the values and files that an export leaves: manifest, project, ``MISSING.txt``."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from chadsdk.disk import naming_disk_errors
from chadsdk.download import Unavailable
from chadsdk.export.collect import Collected
from chadsdk.export.manifest import MANIFEST_NAME, MISSING_NAME, Manifest, ManifestEntry, Status
from chadsdk.export.plan import ExportPlan, Missing, PlannedEntry, folder_name
from chadsdk.export.project import Clip, Project
from chadsdk.export.writers import ALWAYS, WRITERS
from chadsdk.text import one_line
from chadsdk.version import VERSION

__all__ = ["make_manifest", "make_project", "missing_text", "write_papers"]


def make_manifest(
    plan: ExportPlan, collected: Mapping[Hashable, Collected | Unavailable], *, now: datetime | None = None
) -> Manifest:
    """Give each entry of the plan its line, exactly once, in order."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    return Manifest(
        generator=f"chadsdk {VERSION}",
        created_at=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        playlist=plan.playlist,
        entries=tuple(_entry(planned, collected) for planned in plan.entries),
    )


def _entry(planned: PlannedEntry, collected: Mapping[Hashable, Collected | Unavailable]) -> ManifestEntry:
    track = planned.entry.track
    need = planned.need
    outcome = need if isinstance(need, Missing) else collected[need.identity]
    if not isinstance(outcome, Collected):
        return ManifestEntry(
            position=planned.position,
            title=track.title,
            artist=track.artist,
            status=Status.MISSING,
            reason=outcome.reason,
            detail=outcome.detail,
            file=planned.file,
            duration_s=track.duration_s,
            cloud_track_id=track.cloud_track_id,
            cloud_server=track.cloud_server or None,
        )
    return ManifestEntry(
        position=planned.position,
        title=track.title,
        artist=track.artist,
        status=Status.EXPORTED,
        reason=None,
        detail=None,
        file=outcome.file,
        size_bytes=outcome.size_bytes,
        sha256=outcome.sha256,
        duration_s=round(outcome.facts.duration_s, 6) if outcome.facts else track.duration_s,
        sample_rate_hz=outcome.facts.sample_rate_hz if outcome.facts else None,
        channels=outcome.facts.channels if outcome.facts else None,
        cloud_track_id=track.cloud_track_id,
        verified=outcome.verified,
        cloud_server=track.cloud_server or None,
    )


def make_project(manifest: Manifest) -> Project:
    """Give what the writers see."""
    clips = tuple(
        Clip(
            position=entry.position,
            title=entry.title or "Untitled",
            artist=entry.artist,
            file=entry.file,
            duration_s=entry.duration_s,
            missing=entry.detail if entry.status is Status.MISSING else None,
        )
        for entry in manifest.entries
    )
    return Project(manifest.playlist, folder_name(manifest.playlist), clips)


def write_papers(manifest: Manifest, folder: Path, formats: Sequence[str]) -> None:
    """Write the M3U8 playlist, the project files of `formats`, ``MISSING.txt`` and, last, the manifest.

    Raises:
        StorageError: The file system refuses.
    """
    project = make_project(manifest)
    with naming_disk_errors(folder, "write to"):
        for name in dict.fromkeys((*ALWAYS, *formats)):
            WRITERS[name].write(project, folder / f"{project.file_stem}{WRITERS[name].suffix}")
        if manifest.missing:
            text = missing_text(manifest)
            (folder / MISSING_NAME).write_text(text, encoding="utf-8", errors="replace", newline="\n")
        (folder / MANIFEST_NAME).write_bytes(manifest.to_json())


def missing_text(manifest: Manifest) -> str:
    """Give ``MISSING.txt``: what is missing and why, for people."""
    count, total = len(manifest.missing), len(manifest.entries)
    lines = [
        f"{count} of the {total} entries of {one_line(manifest.playlist)!r} {'is' if count == 1 else 'are'} missing.",
        "A file that you put here under the name given is found by the DAW at its place.",
        "",
    ]
    for entry in manifest.missing:
        label = f"{entry.artist} - {entry.title}" if entry.artist else entry.title
        lines += [
            f"{entry.position}. {one_line(label)}",
            f"   {one_line(entry.detail or '')} [{entry.reason}]",
            f"   {entry.file}",
        ]
    return "\n".join(lines) + "\n"
