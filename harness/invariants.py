"""What must hold after every run, whatever went wrong in it: eight invariants, looked up on disk and in the ledger.

Written against the layout and the formats that the SDK documents, not with its code, so that one mistake does not hide
another. `broken_invariants` gives a line per breach; the codes are those of ``docs/reliability.md``:

====  ======================================================================================================
I1    A file under a track's name in the cache is the whole, right audio.
I2    Nothing exists outside the cache, the exports, and what was there before.
I3    No secret stands in a file, a file's name, a log line, a message or an argument list; and nobody but the user
      can look into the folders (0700) and files (0600) of the cache.
I4    An export under its final name holds whole files only; a failed one left the earlier one as it was.
I5    The manifest lists every entry of the playlist once, in order, exported or missing with a reason.
I6    No thread of the SDK and no lock is left.
I7    No more requests than allowed, and none to an origin that is not.
I8    A second run repairs everything, and nobody has to clean up for it: `unrepaired`.
====  ======================================================================================================
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.recording import sha256_of
from harness.world import World

__all__ = ["CODES", "Aftermath", "broken_invariants", "digests_of", "unrepaired"]

CODES = ("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8")
OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Everything that is looked at after a run.

    Attributes:
        world: What the server served; its recordings are the only right audio.
        cache: The cache folder; need not exist.
        exports: The folder that gets export folders; need not exist.
        titles: The playlist's titles, in order; None where no manifest is to be held against it.
        root: Folder that holds cache and exports; None leaves I2 unasked.
        expected: Names in `root` that were there before.
        secrets: What must stand nowhere.
        texts: Logs, messages, `repr`s, argument lists, by a name for people.
        earlier: Digest by path of an export that a failed run was to replace; it must be there as it was.
        requests: How many requests came; None leaves their number unasked.
        most_requests: How many may have come.
        foreign_requests: What came to origins that are not allowed.
        in_process: Whether the run was in this process, so that its threads can be seen.
        also_right: Digests of other audio that may lie in the cache, such as an older version of a track.
    """

    world: World
    cache: Path
    exports: Path
    titles: tuple[str, ...] | None = None
    root: Path | None = None
    expected: frozenset[str] = frozenset()
    secrets: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    earlier: Mapping[Path, str] | None = None
    requests: int | None = None
    most_requests: int | None = None
    foreign_requests: Sequence[str] = ()
    in_process: bool = True
    also_right: frozenset[str] = frozenset()


def broken_invariants(after: Aftermath) -> list[str]:
    """What does not hold, each with its code in front; nothing when all is well."""
    return [
        *_marked("I1", _wrong_cache_files(after)),
        *_marked("I2", _strangers(after)),
        *_marked("I3", _leaks(after)),
        *_marked("I3", _open_to_others(after)),
        *_marked("I4", _half_exports(after)),
        *_marked("I5", _wrong_manifests(after)),
        *_marked("I6", _remains(after)),
        *_marked("I7", _requests(after)),
    ]


def unrepaired(after: Aftermath, *, missing: Iterable[str] = ()) -> list[str]:
    """What a second run, without the fault, did not make good: I8, and all the others with it.

    Args:
        after: As it is after the second run.
        missing: Titles that no run can have, because the world has no audio for them.
    """
    problems = broken_invariants(after)
    known = set(missing)
    finals = list(_final_exports(after.exports))
    if not finals:
        problems.append("I8 there is no export after a second run")
    for folder in finals:
        entries = _entries(folder) or []
        lost = [
            entry["title"] for entry in entries if entry.get("status") != "exported" and entry["title"] not in known
        ]
        problems += _marked("I8", [f"{folder.name}: {title!r} is still missing" for title in lost])
    half = [path.name for path in _children(after.exports) if _is_temporary(path.name)]
    return problems + _marked("I8", [f"{name} still lies in the folder of exports" for name in half])


def digests_of(folder: Path) -> dict[Path, str]:
    """The digest of every file below a folder, by path, to be `Aftermath.earlier`."""
    return {path: sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()}


def _marked(code: str, problems: Iterable[str]) -> list[str]:
    return [f"{code} {problem}" for problem in problems]


def _wrong_cache_files(after: Aftermath) -> Iterator[str]:
    right = {track.id: track.recording.sha256 for track in after.world.tracks if track.recording}
    every = {*right.values(), *after.also_right}
    for server in _children(after.cache):
        for path in _children(server):
            if path.name.startswith("."):
                continue
            if path.is_symlink() or not path.is_file():
                yield f"{path.name} in the cache is no plain file"
            elif sha256_of(path) not in ({right[path.stem], *after.also_right} if path.stem in right else every):
                yield f"{path.name} in the cache ({path.stat().st_size} bytes) is not the track's audio"


def _strangers(after: Aftermath) -> Iterator[str]:
    if after.root is not None:
        allowed = {*after.expected, after.cache.name, after.exports.name}
        yield from (f"{path.name} was not there before" for path in _children(after.root) if path.name not in allowed)


def _leaks(after: Aftermath) -> Iterator[str]:
    words = [secret.encode() for secret in after.secrets if secret]
    if not words:
        return
    for name, text in after.texts.items():
        if any(word in text.encode("utf-8", "surrogateescape") for word in words):
            yield f"a secret stands in {name}"
    for top in (after.cache, after.exports):
        for path in sorted(top.rglob("*")) if top.is_dir() else ():
            held = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            if any(word in held or word in os.fsencode(path.name) for word in words):
                yield f"a secret stands in {path.relative_to(top.parent)}"


def _open_to_others(after: Aftermath) -> Iterator[str]:
    # Not the cache's own folder, which may be one that the user made.
    for path in sorted(after.cache.rglob("*")) if after.cache.is_dir() else ():
        mode = path.lstat().st_mode
        if (stat.S_ISDIR(mode) or stat.S_ISREG(mode)) and mode & OTHERS:
            yield f"others can look into {path.relative_to(after.cache)} ({stat.S_IMODE(mode):04o})"


def _half_exports(after: Aftermath) -> Iterator[str]:
    for folder in _final_exports(after.exports):
        entries = _entries(folder)
        if entries is None:
            yield f"{folder.name} has no manifest that can be read"
            continue
        for entry in entries:
            if entry.get("status") == "exported":
                yield from _wrong_file(folder, entry)
    for path, digest in (after.earlier or {}).items():
        if not path.is_file() or sha256_of(path) != digest:
            yield f"{path.name} of the earlier export is not as it was"


def _wrong_file(folder: Path, entry: Mapping[str, Any]) -> Iterator[str]:
    path = folder / str(entry["file"])
    if not path.resolve().is_relative_to(folder.resolve()):
        yield f"{entry['file']} leads out of the export"
    elif not path.is_file() or path.is_symlink():
        yield f"{entry['file']} is called exported and is not there"
    elif path.stat().st_size != entry["size_bytes"] or sha256_of(path) != entry["sha256"]:
        yield f"{entry['file']} is not what the manifest says"


def _wrong_manifests(after: Aftermath) -> Iterator[str]:
    if after.titles is None:
        return
    for folder in _final_exports(after.exports):
        entries = _entries(folder) or []
        if tuple(entry.get("title") for entry in entries) != after.titles:
            yield f"{folder.name}: the manifest lists other titles than the playlist"
        if [entry.get("position") for entry in entries] != list(range(1, len(entries) + 1)):
            yield f"{folder.name}: positions do not count up"
        for entry in entries:
            missing = entry.get("status") == "missing"
            if entry.get("status") not in {"exported", "missing"} or missing != bool(entry.get("reason")):
                yield f"{folder.name}: position {entry.get('position')} is {entry.get('status')}, {entry.get('reason')}"


def _remains(after: Aftermath) -> Iterator[str]:
    if after.in_process:
        for thread in threading.enumerate():
            if thread.name.startswith("chadsdk"):
                yield f"the thread {thread.name} is left"
    for lock in sorted(after.cache.glob("*/.locks/*.lock")):
        if lock.is_file() and not lock.is_symlink() and _is_held(lock):
            yield f"{lock.name} is still held"


def _is_held(lock: Path) -> bool:
    with lock.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _requests(after: Aftermath) -> Iterator[str]:
    if after.requests is not None and after.most_requests is not None and after.requests > after.most_requests:
        yield f"{after.requests} requests, and {after.most_requests} were allowed"
    yield from (f"a request went elsewhere: {target}" for target in after.foreign_requests)


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _is_temporary(name: str) -> bool:
    return ".partial-" in name or ".old-" in name


def _final_exports(exports: Path) -> Iterator[Path]:
    yield from (path for path in _children(exports) if path.is_dir() and not _is_temporary(path.name))


def _entries(folder: Path) -> list[dict[str, Any]] | None:
    try:
        document = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return [dict(entry) for entry in document["entries"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
