"""One whole export, as a process does it that may be failed or killed at any system call, and what it has to say.

Server's playlist, one file of the user's own, plan, downloads, copies, M3U8, picture, REAPER project, manifest, rename.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
import threading
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chadsdk import ChadError, ChadMusicAPIClient, ExportResult, MixExporter, Playlist, PlaylistEntry, Track
from tests.export.rig import quick_settings

__all__ = ["FORMATS", "OWN_TITLE", "Errand", "Report", "export", "report_of"]

FORMATS = ("reaper",)
OWN_TITLE = "Own"
_MOST_DESCRIPTORS = 256


@dataclass(frozen=True, slots=True)
class Errand:
    """What to export, and how.

    Attributes:
        url: The server.
        token: To prove there.
        cache: The cache folder.
        to: Folder that gets the export folder.
        own: The file of the user's own.
        replace: Whether an older export may be replaced.
        connections: How many downloads at a time.
        tracks: How many of the server's tracks; None for all.
        largest_file_bytes: No file can grow beyond it (``ulimit -f``): the write that comes to it is really cut short.
    """

    url: str
    token: str
    cache: str
    to: str
    own: str
    replace: bool = False
    connections: int = 1
    tracks: int | None = None
    largest_file_bytes: int | None = None


@dataclass(slots=True)
class Report:
    """What the process says of its errand; a killed one says nothing.

    Attributes:
        outcome: ``exported``, ``missing``, the class of the SDK's own error, or ``traceback``.
        message: Of the error; the whole traceback of a foreign one.
        missing: Reason and sentence of each missing track.
        kept: Where the older export went, if it was kept.
        logs: Lines that the SDK logged.
        complaints: What broke where nobody could hear it: in threads, in ``__del__``.
        threads: Those that are left.
        descriptors: How many more are open than before.
    """

    outcome: str = ""
    message: str = ""
    missing: list[str] = field(default_factory=list)
    kept: str | None = None
    logs: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    threads: list[str] = field(default_factory=list)
    descriptors: int = 0


def export(errand: Errand) -> ExportResult:
    """Do it once.

    Raises:
        ChadError: It came to nothing.
    """
    settings = quick_settings(Path(errand.cache), max_concurrent_downloads=errand.connections)
    with (
        ChadMusicAPIClient(errand.url, token=errand.token, settings=settings) as client,
        MixExporter(client, settings=settings) as exporter,
    ):
        theirs = client.playlist("plain")
        own = PlaylistEntry(Track(OWN_TITLE, file=Path(errand.own)))
        playlist = Playlist(theirs.name, entries=(own, *theirs.entries[: errand.tracks]))
        exporter.plan(playlist, errand.to)
        return exporter.export(playlist, errand.to, formats=FORMATS, replace=errand.replace)


def report_of(errand: Errand) -> Report:
    """Do it, and say what came of it, whatever it is. No system call that is failed here is made for the saying."""
    report = Report()
    _listen(report)
    before = _open_descriptors()
    if errand.largest_file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (errand.largest_file_bytes, resource.RLIM_INFINITY))
    try:
        result = export(errand)
        report.outcome = "missing" if result.missing else "exported"
        report.kept = str(result.kept) if result.kept else None
        report.missing = [f"{entry.reason}: {entry.detail}" for entry in result.missing]
    except ChadError as exc:
        report.outcome, report.message = type(exc).__name__, str(exc)
    except BaseException:  # noqa: BLE001 - it is what the test looks for
        report.outcome, report.message = "traceback", traceback.format_exc()
    report.threads = [thread.name for thread in threading.enumerate() if thread is not threading.current_thread()]
    report.descriptors = _open_descriptors() - before
    return report


def _listen(report: Report) -> None:
    handler = logging.Handler()
    handler.emit = lambda record: report.logs.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)

    def complain(broken: Any) -> None:
        report.complaints.append("".join(traceback.format_exception(broken.exc_value)))

    threading.excepthook = complain
    sys.unraisablehook = complain


def _open_descriptors() -> int:
    return sum(_is_open(descriptor) for descriptor in range(_MOST_DESCRIPTORS))


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
