"""`Settings`: every number and folder that a user may choose, in one frozen value.

Nothing is read at import. The environment is read when a `Settings` is made, and only for the cache folder.
"""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from chadsdk.cache_policy import CachePolicy
from chadsdk.errors import ConfigurationError

__all__ = ["MIB", "Settings", "default_cache_dir"]

MIB = 1024 * 1024

_POSITIVE = (
    "max_concurrent_downloads",
    "connect_timeout_s",
    "read_timeout_s",
    "header_timeout_s",
    "min_rate_window_s",
    "lock_timeout_s",
    "attempts",
    "backoff_base_s",
    "backoff_cap_s",
    "max_track_bytes",
    "unknown_track_bytes",
    "min_part_bytes",
    "max_reply_bytes",
    "max_playlist_entries",
)
_NUMBERS = ("int", "float")  # annotations are texts here
# As `chadsdk.address.Origin` has it, and nothing behind it.
_ORIGIN = re.compile(
    r"https?://(?:\[[0-9a-f:.]+(?:%25[a-z0-9._~-]+)?\]|[a-z0-9_~-][a-z0-9._~-]*)(?::[0-9]*)?/?",
    re.IGNORECASE | re.ASCII,
)
_NOT_NEGATIVE = ("headroom_bytes", "min_bytes_per_s", "retry_after_max_s", "retry_after_total_s")
_POSITIVE_OR_NONE = ("max_bytes_per_s",)


def default_cache_dir() -> Path:
    """Give the cache folder: ``CHADSDK_CACHE_DIR``, else the user's cache of MixBoard.

    Raises:
        ConfigurationError: It starts with the home of a user that there is not.
    """
    chosen = os.environ.get("CHADSDK_CACHE_DIR")
    if chosen:
        try:
            return Path(chosen).expanduser()
        except RuntimeError as exc:
            raise ConfigurationError(f"CHADSDK_CACHE_DIR is {chosen!r}, and that home is not known.") from exc
    return platformdirs.user_cache_path("MixBoard", appauthor=False) / "CloudTracks"


@dataclass(frozen=True, slots=True)
class Settings:
    """How the SDK works; every field has a default that suits a desktop.

    Attributes:
        cache_dir: Folder of the downloaded tracks, ``~`` for the user's home. The operating system may empty it at
            any time.
        max_concurrent_downloads: Upper bound of connections.
        connect_timeout_s: Longest wait for a connection, in seconds.
        read_timeout_s: Longest silence of a connection, in seconds.
        header_timeout_s: Longest time from sending a request to the end of its answer's headers, in seconds, however
            much trickles in.
        min_bytes_per_s: Slowest that a body may come; a slower one counts as stalled. 0 lets it trickle.
        min_rate_window_s: Over how many seconds of waiting for the server that is measured.
        max_bytes_per_s: Most bytes of bodies per second, over all connections of a service; None for no cap.
        lock_timeout_s: Longest wait for another process that downloads the same track; after it we
            download too, which is safe.
        attempts: Attempts per track without progress in between.
        backoff_base_s: Upper end of the first random wait between attempts; doubled each time.
        backoff_cap_s: Upper end of every such wait.
        retry_after_max_s: Longest wait that a server may ask for in one go; beyond it the track fails. All requests of
            a service wait when one of them is told to.
        retry_after_total_s: Longest sum of such waits for one track.
        headroom_bytes: Space to leave free on each volume.
        unknown_track_bytes: Guess for a track whose size nobody tells.
        max_track_bytes: Cap for one track.
        min_part_bytes: Shortest part of a track that is worth a connection of its own: when fewer tracks than
            connections are left, the largest are fetched in parts.
        max_reply_bytes: Cap for one JSON reply or playlist file.
        max_playlist_entries: Most entries of a server's playlist, over all its pages; a longer one is refused.
        cdn_origins: Other origins, such as ``https://cdn.example``, that the server may redirect
            downloads to: scheme, host and perhaps a port. Credentials never go there. A name must not lead to a
            private or loopback address unless the server is at one, too; write down the address if that is meant.
        ca_bundle: File or folder of trusted certificates; None for that of REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, and
            without these for those that requests brings. SSL_CERT_FILE is not heard.
        cache_policy: What is removed from the cache after an export or a batch of downloads; by default nothing.
    """

    cache_dir: Path = field(default_factory=default_cache_dir)
    max_concurrent_downloads: int = 4
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0
    header_timeout_s: float = 30.0
    min_bytes_per_s: int = 1024
    min_rate_window_s: float = 30.0
    max_bytes_per_s: int | None = None
    lock_timeout_s: float = 600.0
    attempts: int = 5
    backoff_base_s: float = 0.5
    backoff_cap_s: float = 20.0
    retry_after_max_s: float = 60.0
    retry_after_total_s: float = 300.0
    headroom_bytes: int = 64 * MIB
    unknown_track_bytes: int = 32 * MIB
    max_track_bytes: int = 8 * 1024 * MIB
    min_part_bytes: int = 8 * MIB
    max_reply_bytes: int = 16 * MIB
    max_playlist_entries: int = 100_000
    cdn_origins: tuple[str, ...] = ()
    ca_bundle: Path | None = None
    cache_policy: CachePolicy = field(default_factory=CachePolicy)

    def __post_init__(self) -> None:
        for each in fields(self):
            if each.type in _NUMBERS:
                _refuse_other_kinds(each.name, getattr(self, each.name), whole=each.type == "int")
        for name in _POSITIVE:
            if not 0 < getattr(self, name) < math.inf:  # NaN is not either
                raise ConfigurationError(f"{name} must be above 0 and finite, got {getattr(self, name)!r}")
        for name in _NOT_NEGATIVE:
            if not 0 <= getattr(self, name) < math.inf:
                raise ConfigurationError(f"{name} must be 0 or more and finite, got {getattr(self, name)!r}")
        for name in _POSITIVE_OR_NONE:
            _refuse_caps_that_are_none(name, getattr(self, name))
        if not isinstance(self.cache_policy, CachePolicy):
            raise ConfigurationError(f"cache_policy must be a CachePolicy, got {self.cache_policy!r}")
        object.__setattr__(self, "cache_dir", _folder("cache_dir", self.cache_dir))
        object.__setattr__(self, "cdn_origins", _origins(self.cdn_origins))


def _refuse_other_kinds(name: str, value: object, *, whole: bool) -> None:
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise ConfigurationError(f"{name} must be a {'whole ' if whole else ''}number, got {value!r}")


def _refuse_caps_that_are_none(name: str, value: object) -> None:
    if value is None:
        return
    _refuse_other_kinds(name, value, whole=True)
    if not isinstance(value, int) or value <= 0:
        raise ConfigurationError(f"{name} must be above 0, or None for no cap, got {value!r}")


def _folder(name: str, value: object) -> Path:
    if not isinstance(value, str | Path):
        raise ConfigurationError(f"{name} must be a path, got {value!r}")
    try:
        return Path(value).expanduser()
    except RuntimeError as exc:
        raise ConfigurationError(f"{name} is {str(value)!r}, and that home is not known.") from exc


def _origins(value: object) -> tuple[str, ...]:
    if not isinstance(value, tuple | list | set | frozenset):
        raise ConfigurationError("cdn_origins must be a tuple of origins such as https://cdn.example")
    for number, each in enumerate(value):
        if not isinstance(each, str) or not _is_origin(each):
            # Not shown where it may hold a password.
            got = "" if "@" in str(each) else f", got {each!r}"
            raise ConfigurationError(f"cdn_origins[{number}] must be an origin such as https://cdn.example{got}")
    return tuple(value)


def _is_origin(value: str) -> bool:
    if not _ORIGIN.fullmatch(value):
        return False
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:  # a port that is none, half a bracket
        return False
    return bool(parts.hostname) and port != 0
