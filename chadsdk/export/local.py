"""The user's own files, as an export finds them."""

from __future__ import annotations

import stat
from pathlib import Path

from chadsdk.errors import LocalMissingError, LocalUnreadableError
from chadsdk.text import shortened

__all__ = ["local_bytes"]


def local_bytes(path: Path) -> int:
    """Give the length of a file of the library.

    Raises:
        LocalMissingError: It is not there.
        LocalUnreadableError: It cannot be looked at, or is no file.
    """
    name = shortened(str(path))
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise LocalMissingError(f"The file {name} is not there.") from exc
    except (OSError, ValueError) as exc:
        why = (exc.strerror if isinstance(exc, OSError) else None) or exc
        raise LocalUnreadableError(f"The file {name} cannot be looked at: {why}.") from exc
    if not stat.S_ISREG(status.st_mode):
        raise LocalUnreadableError(f"{name} is not a file.")
    return status.st_size
