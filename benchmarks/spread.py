"""`Spread`: what several rounds gave, as median, least and most."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

__all__ = ["Spread", "paired_ratios", "percentile"]


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some samples, and how far they lie apart.

    Attributes:
        median: Of two in the middle, their mean.
        least: The smallest sample.
        most: The largest sample.
    """

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Self:
        """Sum up samples, one at least."""
        return cls(statistics.median(samples), min(samples), max(samples))


def paired_ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """The ratio of each round, ours to theirs.

    What slows a machine down slows both sides of one round. Where one side sat rounds out, only the first ones count.
    """
    return [mine / other for mine, other in zip(ours, theirs, strict=False)]


def percentile(samples: Sequence[float], share: float) -> float:
    """The sample that this share of all, above 0 and up to 1, does not exceed (nearest rank)."""
    ordered = sorted(samples)
    return ordered[max(1, math.ceil(share * len(ordered))) - 1]
