"""`Upkeep`: the ledger of use written, and the policy applied without being asked, never to what is still needed."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from chadsdk.cache.eviction import Needs
from chadsdk.cache.holdings import Key
from chadsdk.cache.pruning import prune
from chadsdk.cache.store import Cache
from chadsdk.cache_policy import CachePolicy
from chadsdk.cancel import CancelToken
from chadsdk.errors import ExportCancelled, UnsafeNameError
from chadsdk.source import CloudSource

__all__ = ["Upkeep"]

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Need:
    """Tracks that somebody in this process needs.

    Attributes:
        keys: Which.
        last_use_s: What the ledger says of each since it was used for this.
        has_grown: Whether any of them was downloaded for this.
    """

    keys: frozenset[Key]
    last_use_s: dict[Key, float] = field(default_factory=dict)
    has_grown: bool = False


class Upkeep:
    """What this process needs of a cache, and what it removes from it. Thread-safe.

    Nothing that goes wrong in removing is an error of the export or batch: it is logged.

    Args:
        root: The cache of all servers.
        cache: The one of this process's server.
        policy: What to remove.
    """

    def __init__(self, root: Path, cache: Cache, policy: CachePolicy) -> None:
        self._root = root
        self._cache = cache
        self._policy = policy
        self._lock = threading.Lock()  # guards the needs, and what is in them
        self._needs: list[_Need] = []

    @contextmanager
    def batch(self, sources: Iterable[CloudSource], token: CancelToken) -> Iterator[None]:
        """Keep these tracks while the block runs; when it ends well, apply the policy to all others.

        Not to these, whose files the caller is about to use. Nothing is done when nothing was downloaded, nor when an
        export needs all of them: that one will do it.
        """
        with self._needing(sources) as need:
            yield
            if self._policy.keeps_all or not need.has_grown:
                return
            counts = Counter(key for each in self._active() for key in each.keys)
            if any(counts[key] == 1 for key in need.keys):
                self._apply(Needs(needed=counts.keys()), token)

    @contextmanager
    def export(self, sources: Iterable[CloudSource], token: CancelToken) -> Iterator[None]:
        """Keep these tracks while the block runs; when it ends well, apply the policy, to them too.

        Those that are in the cache count as used now: nobody will ask for them to be downloaded.
        """
        sources = list(sources)
        with self._needing(sources) as need:
            for source in sources:
                with suppress(UnsafeNameError):
                    self.note_use(source, from_cache=True)
            yield
        if not self._policy.keeps_all:
            others = {key for each in self._active() for key in each.keys}
            self._apply(Needs(needed=others, done=need.last_use_s), token)

    def note_use(self, source: CloudSource, *, from_cache: bool) -> None:
        """Note that a track is used now, for whoever chooses what goes first."""
        if from_cache:  # otherwise its record was just written
            self._cache.note_use(source)
        if self._policy.keeps_all:
            return
        key, last_use_s = self._cache.key(source), self._cache.last_use_s(source)
        with self._lock:
            for need in self._needs:
                if key in need.keys:
                    need.has_grown |= not from_cache
                    if last_use_s is not None:
                        need.last_use_s[key] = last_use_s

    @contextmanager
    def _needing(self, sources: Iterable[CloudSource]) -> Iterator[_Need]:
        need = _Need(frozenset() if self._policy.keeps_all else frozenset(self._keys(sources)))
        with self._lock:
            self._needs.append(need)
        try:
            yield need
        finally:
            with self._lock:
                self._needs = [each for each in self._needs if each is not need]

    def _keys(self, sources: Iterable[CloudSource]) -> Iterator[Key]:
        for source in sources:
            with suppress(UnsafeNameError):  # it has no file
                yield self._cache.key(source)

    def _active(self) -> list[_Need]:
        with self._lock:
            return list(self._needs)

    def _apply(self, needs: Needs, token: CancelToken) -> None:
        try:
            prune(self._root, self._policy, needs=needs, token=token)
        except ExportCancelled:  # of what is finished: the rest goes another time
            return
        except OSError as exc:
            _log.warning("the cache %s could not be brought within its policy: %s", self._root, exc)
