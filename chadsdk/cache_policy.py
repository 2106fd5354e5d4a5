"""`CachePolicy`: what of the cache is removed without being asked. A value; `chadsdk.cache` carries it out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from chadsdk.errors import ConfigurationError

__all__ = ["CachePolicy"]


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What is removed from the cache after an export or a batch of downloads; by default nothing.

    The limits can be combined. With any of them, partial downloads that nobody took up for `max_age_s`, or for 30 days
    where there is none, go too. Whatever is removed and needed again is downloaded again.

    Attributes:
        max_bytes: Most bytes of tracks and partial downloads, over all servers; the least recently used go first. May
            be exceeded while a batch runs.
        max_age_s: Longest time since a track was last used, in seconds.
        after_export: Whether the tracks of an export go as soon as it has its name.
    """

    max_bytes: int | None = None
    max_age_s: float | None = None
    after_export: bool = False

    def __post_init__(self) -> None:
        _check("max_bytes", self.max_bytes, whole=True)
        _check("max_age_s", self.max_age_s, whole=False)
        if not isinstance(self.after_export, bool):
            raise ConfigurationError(f"after_export must be True or False, got {self.after_export!r}")

    @classmethod
    def keep(cls) -> Self:
        """Give the policy that removes nothing; the operating system may."""
        return cls()

    @property
    def keeps_all(self) -> bool:
        """Whether it removes nothing."""
        return self.max_bytes is None and self.max_age_s is None and not self.after_export


def _check(name: str, value: object, *, whole: bool) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise ConfigurationError(f"{name} must be a {'whole ' if whole else ''}number or None, got {value!r}")
    if not 0 <= value < math.inf:  # NaN is not either
        raise ConfigurationError(f"{name} must be 0 or more and finite, got {value!r}")
