"""Goals, and how a ratio is judged by one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

__all__ = ["Goal", "Verdict"]


class Verdict(Enum):
    """What became of a row."""

    MET = "met"
    NOT_MET = "not met"
    SHOWN = "-"  # no goal: the row is there to be read
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound of a value.

    Attributes:
        kind: Which side of the bound is good.
        bound: The bound itself, which is good.
        noise: By what factor a value may miss the bound and still be noise; 1 where chance plays no part.
        text: How people write it, where the plain form does not do.
    """

    kind: Literal["at most", "at least", "exactly"]
    bound: float
    noise: float = 2.0
    text: str = ""

    def __str__(self) -> str:
        sign = {"at most": "≤", "at least": "≥", "exactly": "="}[self.kind]
        return self.text or f"{sign} {self.bound:g}"

    def judge(self, value: float) -> Verdict:
        """Say whether a value meets the goal."""
        return Verdict.MET if self._holds(value, 1.0) else Verdict.NOT_MET

    def is_beyond_noise(self, value: float) -> bool:
        """Whether a value misses the goal by more than noise can explain."""
        return not self._holds(value, self.noise)

    def _holds(self, value: float, slack: float) -> bool:
        match self.kind:
            case "at most":
                return value <= self.bound * slack
            case "at least":
                return value >= self.bound / slack
            case "exactly":
                return self.bound / slack <= value <= self.bound * slack
