"""Whether an export folder still holds what its manifest says."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from chadsdk.cancel import CancelToken
from chadsdk.export.manifest import Manifest, ManifestEntry
from chadsdk.files import hash_file, inside, open_regular

__all__ = ["Finding", "State", "VerifyReport", "verify_export"]


class State(StrEnum):
    """What a file of the manifest turned out to be."""

    INTACT = "intact"
    CHANGED = "changed"
    GONE = "gone"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One file of the manifest.

    Attributes:
        file: Its name in the export.
        state: What it turned out to be.
        detail: The same as a sentence; None when it is intact.
    """

    file: str
    state: State
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """Every exported file once, in the order of the manifest."""

    manifest: Manifest
    findings: tuple[Finding, ...]

    @property
    def damaged(self) -> tuple[Finding, ...]:
        """Files that are not what the manifest says."""
        return tuple(finding for finding in self.findings if finding.state is not State.INTACT)


def verify_export(folder: str | Path, *, cancel: CancelToken | None = None) -> VerifyReport:
    """Hash every file of an export and compare it with the manifest.

    Raises:
        DataError: The folder has no manifest, or a malformed one.
        StorageError: The manifest cannot be read.
        ExportCancelled: Cancelled.
    """
    root, token = Path(folder), cancel or CancelToken()
    manifest = Manifest.load(root)
    once = {entry.file: entry for entry in manifest.exported}
    return VerifyReport(manifest, tuple(_look(root, entry, token) for entry in once.values()))


def _look(root: Path, entry: ManifestEntry, token: CancelToken) -> Finding:
    digest = None
    try:
        with open_regular(inside(root, entry.file), follow_links=False) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size == entry.size_bytes:  # else the content says no more, and may be terabytes of holes
                digest = hash_file(stream, token=token)
                size = stream.tell()
    except FileNotFoundError:
        return Finding(entry.file, State.GONE, "The file is not there.")
    except OSError as exc:
        return Finding(entry.file, State.UNREADABLE, f"The file cannot be read: {exc.strerror or exc}.")
    if size != entry.size_bytes:
        return Finding(entry.file, State.CHANGED, f"The file has {size} bytes, not {entry.size_bytes}.")
    if digest != entry.sha256:
        return Finding(entry.file, State.CHANGED, "The file has other content than when it was exported.")
    return Finding(entry.file, State.INTACT)
