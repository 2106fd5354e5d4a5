"""Errors that stop a batch, and the root of all."""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "AccessDeniedError",
    "AuthError",
    "ChadError",
    "ConfigurationError",
    "DataError",
    "DiskFullError",
    "ExportCancelled",
    "ExportExistsError",
    "FormatError",
    "MissingTracksError",
    "StorageError",
]


class ChadError(Exception):
    """The root: catch this to catch every failure of chadsdk. Can be pickled: workers send errors to each other."""

    def __reduce__(self) -> tuple[object, ...]:
        # Past __init__: what it was called with is not kept, what it made of that is.
        return _revived, (type(self), self.args), self.__dict__


def _revived(kind: type[ChadError], args: tuple[object, ...]) -> ChadError:
    return kind.__new__(kind, *args)


class ConfigurationError(ChadError, ValueError):
    """A setting or argument that cannot be used; the message names it."""


class DataError(ChadError):
    """Data from outside is not what it must be.

    Attributes:
        document: What was read, such as ``friday.json`` or ``the reply to GET /api/tracks/7``.
        place: Where in it, such as ``tracks[3].sizeBytes``; empty for the whole.
        problem: What is wrong there, such as ``expected an integer, got "big"``.
    """

    def __init__(self, document: str, place: str, problem: str) -> None:
        where = f"{place}: " if place else ""
        super().__init__(f"{document}: {where}{problem}")
        self.document = document
        self.place = place
        self.problem = problem


class AuthError(ChadError):
    """The server refuses the credentials, also after they were refreshed once."""


class StorageError(ChadError):
    """The file system refused; the operating system's own error is the cause.

    Attributes:
        path: The file or folder that was being worked on.
    """

    def __init__(self, message: str, *, path: Path) -> None:
        super().__init__(message)
        self.path = path


class DiskFullError(StorageError):
    """There is no room.

    Attributes:
        volume: Mount point of the volume.
        needed_bytes: What the work needs there, where that is known.
        free_bytes: What is free there.
    """

    def __init__(self, message: str, *, path: Path, volume: Path, needed_bytes: int | None, free_bytes: int) -> None:
        super().__init__(message, path=path)
        self.volume = volume
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes


class AccessDeniedError(StorageError):
    """No permission to read or write there, or the volume is read-only."""


class ExportExistsError(ChadError):
    """A folder of that name stands already, and it was not asked to be replaced.

    Attributes:
        folder: The folder in the way.
        replaceable: Whether it is an export that would be swapped for the new one where that is asked for.
    """

    def __init__(self, message: str, *, folder: Path, replaceable: bool = False) -> None:
        super().__init__(message)
        self.folder = folder
        self.replaceable = replaceable


class FormatError(ChadError):
    """A format of project files cannot hold the mix, or what was written is not what was meant."""


class MissingTracksError(ChadError):
    """Tracks are missing and the caller wanted all or nothing.

    Attributes:
        missing: One line per missing entry, in the order of the playlist.
    """

    def __init__(self, missing: tuple[str, ...]) -> None:
        shown = "; ".join(missing[:3]) + ("; …" if len(missing) > 3 else "")
        noun = "track is" if len(missing) == 1 else "tracks are"
        super().__init__(f"{len(missing)} {noun} missing: {shown}")
        self.missing = missing


class ExportCancelled(Exception):  # noqa: N818 - it is the answer to a request, not an error
    """The caller cancelled. Nothing half-made has a final name; partial downloads are kept to be resumed."""
