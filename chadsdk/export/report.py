"""What became of a plan, as the values and files that an export leaves: manifest, project files, ``MISSING.txt``."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from chadsdk.cache import Verified
from chadsdk.cancel import CancelToken
from chadsdk.disk import naming_disk_errors
from chadsdk.download import Unavailable
from chadsdk.errors import FormatError, TrackError
from chadsdk.export.collect import Collected
from chadsdk.export.entry import place_in_mix
from chadsdk.export.manifest import MANIFEST_NAME, MISSING_NAME, Manifest, ManifestEntry, Status
from chadsdk.export.plan import AUDIO_FOLDER, ExportPlan, Local, Missing, PlannedEntry
from chadsdk.export.project import Project
from chadsdk.export.timeline import make_project
from chadsdk.export.writers import ALWAYS, Desk, Writer, writer_of
from chadsdk.export.written import WrittenFile, written_below
from chadsdk.media import examine, final_extension
from chadsdk.source import CloudSource
from chadsdk.text import one_line
from chadsdk.version import VERSION

__all__ = ["make_manifest", "missing_text", "refuse_early", "write_papers"]


def make_manifest(
    plan: ExportPlan,
    collected: Mapping[Hashable, Collected | Unavailable],
    *,
    formats: Sequence[str] = (),
    now: datetime | None = None,
) -> Manifest:
    """Give each entry of the plan its line, exactly once, in order."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    return Manifest(
        generator=f"chadsdk {VERSION}",
        created_at=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        playlist=plan.playlist,
        entries=tuple(_entry(planned, collected) for planned in plan.entries),
        tempo_bpm=plan.tempo_bpm,
        crossfade_s=plan.crossfade_s,
        formats=tuple(formats),
        convert_to=plan.convert_to,
    )


def _entry(planned: PlannedEntry, collected: Mapping[Hashable, Collected | Unavailable]) -> ManifestEntry:
    return replace(_fate(planned, collected), **place_in_mix(planned.entry))


def _fate(planned: PlannedEntry, collected: Mapping[Hashable, Collected | Unavailable]) -> ManifestEntry:
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
            library_file=_library_file(track.file),
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
        converted_from=outcome.converted_from,
        not_converted=outcome.not_converted,
    )


def _library_file(file: Path | None) -> str | None:
    path = None if file is None else str(file.absolute())
    # What stands for bytes that are not UTF-8 (PEP 383) cannot be written, and another name may be another's file.
    return None if path is None or path != path.encode("utf-8", "replace").decode() else path


def refuse_early(
    plan: ExportPlan, formats: Sequence[str], *, cached: Callable[[CloudSource], Path | None], token: CancelToken
) -> None:
    """Ask the formats to refuse the mix before anything is copied, where every file is here and can be looked at.

    What is yet to be downloaded or converted cannot be; `write_papers` asks in any case.

    Args:
        plan: What is to be done.
        formats: Names of formats.
        cached: Where the file of a cached source lies; None when it is gone.
        token: Heard between two files.

    Raises:
        ExportCancelled: Cancelled.
        FormatError: A format cannot hold this mix.
    """
    if plan.sources or plan.convert_to is not None or set(formats) <= set(ALWAYS):
        return
    seen: dict[Hashable, Collected | Unavailable] = {}
    for planned in plan.entries:
        token.raise_if_cancelled()
        if isinstance(planned.need, Missing) or planned.need.identity in seen:
            continue
        path = planned.need.path if isinstance(planned.need, Local) else cached(planned.need.source)
        found = _seen(planned.stem, path) if path is not None else None
        if found is None:
            return
        seen[planned.need.identity] = found
    project = make_project(make_manifest(plan, seen))
    for name in formats:
        writer_of(name).refuse(project)


def _seen(stem: str, path: Path) -> Collected | None:
    """Give a file as it will lie in the export, but for its digest; None when it cannot be looked at."""
    try:
        audio_format, facts = examine(path)
        size_bytes = path.stat().st_size
    except (TrackError, OSError):  # the copy will tell
        return None
    file = f"{AUDIO_FOLDER}/{stem}.{final_extension(audio_format, stream_path=path.name)}"
    return Collected(file, size_bytes, "", facts, Verified.LOCAL)


def write_papers(
    manifest: Manifest,
    folder: Path,
    formats: Sequence[str],
    token: CancelToken,
    *,
    audio: Callable[[str], Path],
    refused: Callable[[str], object] | None = None,
) -> Manifest:
    """Write the files of `formats`, ``MISSING.txt`` and, last, the manifest.

    Every project file is read back.

    Args:
        manifest: What became of every entry.
        folder: Where to.
        formats: Names of formats.
        token: Stops it.
        audio: Gives the path of an exported file by its name.
        refused: Told of each format that cannot hold this mix, as a sentence; without it that is an error.

    Returns:
        The manifest as it was written: it names the files of the formats.

    Raises:
        ExportCancelled: Cancelled.
        FormatError: A format cannot hold this mix, or what was written is not what was meant.
        StorageError: The file system refuses.
    """
    project = make_project(manifest)
    desk = Desk(folder, token, audio)
    writers = {name: writer_of(name) for name in formats}
    accepted: dict[str, Writer] = {}
    written: dict[str, Writer] = {}
    with naming_disk_errors(folder, "write to"):
        for name, writer in writers.items():  # all of them before any is written
            with _heard(refused, writer, project):
                writer.refuse(project)
                accepted[name] = writer
        for name, writer in accepted.items():
            token.raise_if_cancelled()
            with _heard(refused, writer, project, begun=writer.path(project, desk)):
                writer.write(project, desk)
                written[name] = writer
        for writer in written.values():
            writer.check(project, desk)
        if manifest.missing:
            text = missing_text(manifest)
            (folder / MISSING_NAME).write_text(text, encoding="utf-8", errors="replace", newline="\n")
        outputs = {name: writer.output_of(project.file_stem) for name, writer in written.items()}
        manifest = replace(manifest, written=_written(manifest, folder, outputs))
        (folder / MANIFEST_NAME).write_bytes(manifest.to_json())
    return manifest


def _written(manifest: Manifest, folder: Path, outputs: Mapping[str, str]) -> tuple[WrittenFile, ...]:
    """Give the files of all formats: as they are here, and of those that were not written now, as they were."""
    before = [each for each in manifest.written if each.format not in outputs]
    now = [each for name, output in outputs.items() for each in written_below(folder, output, name)]
    return tuple(sorted((*before, *now), key=lambda each: each.file))


@contextmanager
def _heard(
    refused: Callable[[str], object] | None, writer: Writer, project: Project, *, begun: Path | None = None
) -> Iterator[None]:
    """Tell of a refusal in the block, and remove what was begun; without somebody to tell it is an error."""
    try:
        yield
    except FormatError as exc:
        if refused is None:
            raise
        if begun is not None and begun.is_dir() and not begun.is_symlink():
            shutil.rmtree(begun)
        elif begun is not None:
            begun.unlink(missing_ok=True)
        refused(f"{writer.output_of(project.file_stem)} is as it was: {exc}")


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
