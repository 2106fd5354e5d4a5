"""One sweep, and the sum of all: what was failed, and what came of it."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field, replace

from tests.sweeps.runs import Run
from tests.sweeps.scenes import Scene, Stage

__all__ = ["Figures", "Sweep"]

TELLS = bool(os.environ.get("CHADSDK_SWEEP_TELL"))


@dataclass
class Figures:
    """What runs came to, counted.

    Attributes:
        runs: How many, those without a fault included.
        faults: Calls that were failed.
        kills: Processes that died.
        outcomes: Of the runs with a fault.
        corrupt: Lines about wrong files under final names (I1, I4).
    """

    runs: int = 0
    faults: int = 0
    kills: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    corrupt: int = 0

    def add(self, other: Figures) -> None:
        """Take another's into the sum."""
        self.runs += other.runs
        self.faults += other.faults
        self.kills += other.kills
        self.outcomes += other.outcomes
        self.corrupt += other.corrupt

    def __str__(self) -> str:
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self.outcomes.items()))
        return f"{self.runs} runs, {self.faults} faults, {self.kills} kills: {outcomes}; corrupt {self.corrupt}"


class Sweep:
    """Runs of one scene with one fault at different places."""

    def __init__(self, stage: Stage, scene: Scene) -> None:
        self._stage = stage
        self._scene = scene
        self.figures = Figures()
        self.wrong: list[str] = []

    def run(self, words: list[str], name: str, *, stays: bool = False, largest_file_bytes: int | None = None) -> Run:
        """Do one run, and judge it."""
        errand = replace(self._stage.set_up(self._scene), largest_file_bytes=largest_file_bytes)
        run = self._stage.nest.run_with(errand, words)
        wrong = self._stage.judge(self._scene, errand, run, stays=stays)
        self.wrong += [f"{name}: {each}\n   {run.hits} {run.report}" for each in wrong]
        corrupt = sum(each.startswith(("I1", "I4")) for each in wrong)
        self.figures.add(Figures(1, run.faults, run.killed, Counter({run.outcome: int(run.faults > 0)}), corrupt))
        if TELLS:
            print(f"   {name}: {run.hits} {run.outcome} {run.report or ''}")
        return run
