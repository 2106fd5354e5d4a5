"""`fuzz`: one target in a process of its own, and what came of it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Finding", "Outcome", "Patience", "fuzz"]

_COVERAGE = re.compile(r"\bcov: (\d+) ft: (\d+)")
_STAT = re.compile(r"^stat::(\w+):\s+(\d+)", re.MULTILINE)
_STARTING_S = 120.0  # to import, to write seeds, to run them; on a busy machine
_SHOWN_LINES = 40


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to look; `runs` repeats exactly with the same seed, `seconds` as far as the machine gets.

    Attributes:
        seconds: For this target.
        runs: Executions at most; None for as many as there is time for.
        seed: Of libFuzzer's choices.
        hang_s: When what does not come back at all is ended.
    """

    seconds: int
    runs: int | None
    seed: int
    hang_s: int = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that must not do what it does.

    Attributes:
        file: The input; None when the process died without leaving one.
        report: The end of what the process said.
    """

    file: Path | None
    report: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a target.

    Attributes:
        executions: Inputs that were tried.
        edges: Branches and comparisons that were reached, as libFuzzer counts them.
        features: The same, told apart by how often they were reached.
        seconds: Of the wall clock, with the start of the process.
        peak_mib: Most memory of the process.
        finding: What was found; None when all is well.
    """

    executions: int
    edges: int
    features: int
    seconds: float
    peak_mib: int
    finding: Finding | None


def fuzz(module: str, folder: Path, patience: Patience) -> Outcome:
    """Fuzz the target of a module in a new folder, which keeps its corpus and what is found."""
    folder.mkdir(parents=True)
    options = [f"-seed={patience.seed}", f"-max_total_time={patience.seconds}", f"-timeout={patience.hang_s}"]
    options += [] if patience.runs is None else [f"-runs={patience.runs}"]
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.fuzz.child", module, str(folder), *options]
    with (folder / "log").open("w+", encoding="utf-8", errors="replace") as log:
        try:
            code = subprocess.run(
                command, stdout=log, stderr=subprocess.STDOUT, check=False, timeout=patience.seconds + _STARTING_S
            ).returncode
        except subprocess.TimeoutExpired:
            code = -1
        log.seek(0)
        said = log.read()
    return _outcome(said, code, folder, time.monotonic() - began)


def _outcome(said: str, code: int, folder: Path, seconds: float) -> Outcome:
    stats = {name: int(value) for name, value in _STAT.findall(said)}
    edges, features = _COVERAGE.findall(said)[-1] if _COVERAGE.search(said) else (0, 0)
    finding = None
    # Atheris swallows none, but a child that tried nothing at all has shown nothing, either.
    executions = stats.get("number_of_executed_units", 0)
    if code or not executions:
        file = next(iter(sorted(folder.glob("finding-*"))), None)
        finding = Finding(file, f"exit code {code}\n" + "\n".join(said.splitlines()[-_SHOWN_LINES:]))
    return Outcome(executions, int(edges), int(features), seconds, stats.get("peak_rss_mb", 0), finding)
