"""The cache of downloaded tracks: where they lie, what is known of them, who may write.

A path is derived from server and track id, never stored. The operating system may take any file at any time. Locks
save work; that two writers never spoil a file rests on unique temporary names and one rename alone.
"""

from chadsdk.cache.layout import CacheLayout
from chadsdk.cache.record import CacheRecord, Verified
from chadsdk.cache.spans import Span, gaps, held_bytes, joined
from chadsdk.cache.store import Cache, CachedTrack
from chadsdk.cache.upkeep import Upkeep
from chadsdk.cache.work import Validator, WorkFile

__all__ = [
    "Cache",
    "CacheLayout",
    "CacheRecord",
    "CachedTrack",
    "Span",
    "Upkeep",
    "Validator",
    "Verified",
    "WorkFile",
    "gaps",
    "held_bytes",
    "joined",
]
