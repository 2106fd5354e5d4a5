"""Names: what people and servers say, made into names that every file system takes.

The rules are those of the strictest (Windows), on every system, because exports travel.
"""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

from chadsdk.errors import UnsafeNameError

__all__ = ["collision_key", "inside", "portable_name", "safe_id", "unique_name"]

_MAX_NAME_BYTES = 180  # NAME_MAX is 255 bytes; the rest is room for " (2)", an extension, a temporary prefix
_MAX_TEXT_CHARACTERS = 1024  # more than any name is made of; a server's megabytes of spaces or accents cost minutes
_MAX_ID_CHARACTERS = 512

_FORBIDDEN = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]')
# Marks that turn the reading direction: they make `exe.wav` look like `vaw.exe`.
_DIRECTION = re.compile(r"[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_EDGES = re.compile(r"\A\s+|[\s.]+\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_PLAIN_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
_NOT_PLAIN = re.compile(r"[^a-z0-9_-]+")
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{digit}" for port in ("com", "lpt") for digit in "123456789\u00b9\u00b2\u00b3"]
)


def portable_name(text: str, *, fallback: str = "untitled") -> str:
    """Give `text` as the stem of a file name that Linux, macOS and Windows take.

    NFC, at most 180 bytes of UTF-8, no reserved character or device name, no leading dot or space, no trailing
    dot or space. A portable name stays as it is. Made of the first 1,024 characters; the extension is the caller's
    to add.
    """
    # Without the marks first: two halves of one letter may stand around one.
    name = unicodedata.normalize("NFC", _DIRECTION.sub("", text[:_MAX_TEXT_CHARACTERS]))
    name = _cut(_EDGES.sub("", _FORBIDDEN.sub("_", name)))
    if name.startswith("."):
        name = "_" + name[1:]
    if not name.strip("_ "):
        name = fallback
    return _cut(_not_a_device(name))


def _cut(name: str) -> str:
    return _EDGES.sub("", name.encode()[:_MAX_NAME_BYTES].decode("utf-8", "ignore"))


def _not_a_device(name: str) -> str:
    stem, dot, rest = name.partition(".")
    return f"{stem}_{dot}{rest}" if stem.rstrip().casefold() in _DEVICES else name


def collision_key(name: str) -> str:
    """Give the form under which two names are one on file systems that ignore case or Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def unique_name(name: str, taken: set[str]) -> str:
    """Give `name`, with `` (2)`` and so on when its `collision_key` is taken, and take it."""
    candidate, number = name, 1
    while collision_key(candidate) in taken:
        number += 1
        candidate = f"{name} ({number})"
    taken.add(collision_key(candidate))
    return candidate


@functools.lru_cache(maxsize=4096)
def safe_id(track_id: str) -> str:
    """Give a server's id as a file name; two ids never share one, also where case is ignored.

    An id of lower-case ASCII letters, digits, ``-`` and ``_`` stays as it is. Any other becomes its harmless
    characters, a tilde (which no plain id has) and 128 bits of its SHA-256.

    Raises:
        UnsafeNameError: Empty, over 512 characters, control characters, lone surrogates, or a dot segment.
    """
    if not track_id or len(track_id) > _MAX_ID_CHARACTERS or track_id in {".", ".."} or _CONTROL.search(track_id):
        raise UnsafeNameError(f"The server's track id {track_id[:40]!a} cannot be used.")
    if _PLAIN_ID.fullmatch(track_id) and track_id not in _DEVICES:
        return track_id
    harmless = _NOT_PLAIN.sub("-", track_id.casefold())[:40].strip("-")
    digest = hashlib.sha256(track_id.encode()).hexdigest()[:32]
    return f"{harmless}~{digest}" if harmless else f"_~{digest}"


def inside(root: Path, relative: str) -> Path:
    """Give the path of `relative` under `root`: the one place where a name from a file becomes a path.

    Raises:
        UnsafeNameError: Absolute, with a drive, or with ``..``, by the rules of POSIX or Windows.
    """
    posix, windows = PurePosixPath(relative), PureWindowsPath(relative)
    # Windows overlooks dots and spaces at the end of a name: ".. " climbs, too.
    climbs = any(not part.strip(". ") for part in windows.parts)
    anchored = posix.is_absolute() or windows.drive or windows.root
    if climbs or anchored or not posix.parts or _CONTROL.search(relative):
        raise UnsafeNameError(f"The path {relative[:80]!a} leads out of its folder.")
    return root.joinpath(*posix.parts)
