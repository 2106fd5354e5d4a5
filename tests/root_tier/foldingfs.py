"""A folder as another system would show it, through FUSE: ``python -m tests.root_tier.foldingfs BEHIND MOUNT RULES``.

It passes everything on to the folder BEHIND it. RULES is a JSON file that is read anew at each call, so that a test can
change it in mid-run:

=============  ====================================================================================================
``fold``       Names that differ by case, or by NFC and NFD, are one name, as on APFS and NTFS.
``windows``    Names that Windows does not take are refused (EINVAL).
``room``       Bytes that may be written under these rules; beyond them ENOSPC.
``errors``     Errno by call: ``fsync``, ``flush`` (what ``close`` gets), ``rename``, ``create``.
``only``       Part of the path that `errors` concern; without it all.
``free``       Free bytes that ``statfs`` speaks of, whatever is true.
=============  ====================================================================================================

Each call of `errors` is noted, a line each, beside RULES.
"""

from __future__ import annotations

import errno
import functools
import json
import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import mfusepy

Call = TypeVar("Call", bound=Callable[..., Any])

ASKED = ("fsync", "flush", "rename", "create")
RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10))}
STATUS = ("st_mode", "st_nlink", "st_uid", "st_gid", "st_size", "st_ino")


def folded(name: str) -> str:
    """What two names have in common that are one on a system that folds."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def is_windows_name(name: str) -> bool:
    """Whether Windows takes the name."""
    plain = name.partition(".")[0].rstrip(" ").upper()
    wrong = any(letter in '<>:"\\|?*' or ord(letter) < 32 for letter in name)
    return not wrong and not name.endswith((".", " ")) and plain not in RESERVED


def noted(call: Call) -> Call:
    """Note the call, and fail where the rules say so."""

    @functools.wraps(call)
    def asked(self: FoldingFS, path: str, *args: Any) -> Any:
        self.note(call.__name__, args[0] if call.__name__ == "rename" else path)
        return call(self, path, *args)

    return asked  # type: ignore[return-value]


class FoldingFS(mfusepy.Operations):  # type: ignore[misc]
    """The folder; see above."""

    use_ns = True

    def __init__(self, behind: Path, rules: Path) -> None:
        self.behind = behind
        self.rules_file = rules
        self._text = ""
        self._written = 0

    def rules(self) -> dict[str, Any]:
        """The rules of this moment."""
        text = self.rules_file.read_text()
        if text != self._text:
            self._text, self._written = text, 0
        found: dict[str, Any] = json.loads(text)
        return found

    def note(self, call: str, path: str) -> None:
        """Write the call down; fail where the rules say so."""
        rules = self.rules()
        with self.rules_file.with_suffix(".calls").open("a") as stream:
            stream.write(f"{call} {path}\n")
        code = rules.get("errors", {}).get(call)
        if code and rules.get("only", "") in path:
            raise OSError(code, os.strerror(code))

    def real(self, path: str) -> str:
        """The path behind: each name as it is spelt there, if it is there."""
        rules, at = self.rules(), self.behind
        for name in (part for part in path.split("/") if part):
            if rules.get("windows") and not is_windows_name(name):
                raise OSError(errno.EINVAL, name)
            there = os.listdir(at) if rules.get("fold") and at.is_dir() else []
            at /= next((other for other in there if folded(other) == folded(name)), name)
        return str(at)

    def init(self, _path: str) -> None:
        """It is mounted."""
        print("ready", flush=True)

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        """As `stat`."""
        status = os.lstat(self.real(path)) if fh is None else os.fstat(fh)
        times = {f"st_{name}time": getattr(status, f"st_{name}time_ns") for name in "amc"}
        return {key: getattr(status, key) for key in STATUS} | times

    def readdir(self, path: str, _fh: int) -> list[str]:
        """As `readdir`."""
        return [".", "..", *os.listdir(self.real(path))]

    def mkdir(self, path: str, mode: int) -> None:
        """As `mkdir`."""
        os.mkdir(self.real(path), mode)

    def rmdir(self, path: str) -> None:
        """As `rmdir`."""
        os.rmdir(self.real(path))

    def unlink(self, path: str) -> None:
        """As `unlink`."""
        os.unlink(self.real(path))

    @noted
    def rename(self, old: str, new: str) -> None:
        """As `rename`; what changes but its case or form gets the new spelling."""
        source, target = self.real(old), self.real(new)
        if source == target:
            target = os.path.join(os.path.dirname(target), new.rpartition("/")[2])
        os.rename(source, target)

    @noted
    def create(self, path: str, mode: int, _fi: object = None) -> int:
        """As `open`."""
        return os.open(self.real(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)

    def open(self, path: str, flags: int) -> int:
        """As `open`."""
        return os.open(self.real(path), flags & ~(os.O_NOFOLLOW | os.O_APPEND))

    def read(self, _path: str, size: int, offset: int, fh: int) -> bytes:
        """As `pread`."""
        return os.pread(fh, size, offset)

    def write(self, _path: str, data: bytes, offset: int, fh: int) -> int:
        """As `pwrite`."""
        room = self.rules().get("room")
        if room is not None and self._written + len(data) > room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._written += len(data)
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        """As `truncate`."""
        os.truncate(self.real(path) if fh is None else fh, length)

    @noted
    def flush(self, path: str, _fh: int) -> None:
        """What `close` waits for."""

    @noted
    def fsync(self, _path: str, _datasync: int, fh: int) -> None:
        """As `fsync`."""
        os.fsync(fh)

    def fsyncdir(self, _path: str, _datasync: int, _fh: int) -> None:
        """Nothing is lost here."""

    def release(self, _path: str, fh: int) -> None:
        """Nobody has it open any more."""
        os.close(fh)

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> None:
        """As `utimensat`."""
        os.utime(self.real(path), ns=times) if times else os.utime(self.real(path))

    def chmod(self, path: str, mode: int) -> None:
        """As `chmod`."""
        os.chmod(self.real(path), mode)

    def statfs(self, path: str) -> dict[str, int]:
        """As `statvfs`."""
        status = os.statvfs(self.real(path))
        keys = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_frsize", "f_files", "f_ffree", "f_favail", "f_namemax")
        said = {key: getattr(status, key) for key in keys}
        free = self.rules().get("free")
        return said if free is None else said | dict.fromkeys(("f_bavail", "f_bfree"), free // said["f_frsize"])


if __name__ == "__main__":
    mfusepy.FUSE(
        FoldingFS(Path(sys.argv[1]), Path(sys.argv[3])),
        sys.argv[2],
        foreground=True,
        nothreads=True,
        allow_other=True,
        default_permissions=True,
        entry_timeout=0,
        negative_timeout=0,
        attr_timeout=0,
        hard_remove=True,
    )
