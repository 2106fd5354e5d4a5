"""Runs of errands in the nest, with a fault or without."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.process import PROJECT
from tests.sweeps.errand import Errand, Report
from tests.sweeps.tracer import calls_in, hits_in, tracing

__all__ = ["KILLED", "Nest", "Run", "nesting"]

KILLED = -9
RUN_S = 40.0


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended.

    Attributes:
        code: Exit code; negative for a signal.
        report: What the process had to say; None when it was killed.
        hits: The calls that were failed, as strace shows them.
        hung: Whether it had to be ended.
    """

    code: int
    report: Report | None
    hits: tuple[str, ...] = ()
    hung: bool = False

    @property
    def faults(self) -> int:
        """How many calls were failed."""
        return len(self.hits) + self.killed

    @property
    def killed(self) -> bool:
        """Whether the fault was a kill."""
        return self.code == KILLED and not self.hung

    @property
    def ended_well(self) -> bool:
        """Whether it said that the export is made."""
        return self.report is not None and self.report.outcome in {"exported", "missing"}

    @property
    def outcome(self) -> str:
        """In a word."""
        if self.hung:
            return "hung"
        if self.report is None:
            return "killed" if self.killed else f"exit {self.code}"
        return self.report.outcome


class Nest:
    """The process that forks the runs, as its parent sees it. See `tests.sweeps.nest`."""

    def __init__(self, process: subprocess.Popen[str], trace: Path) -> None:
        self._process = process
        self._trace = trace

    def warm(self, errand: Errand) -> None:
        """Have it do an errand itself, so that everything is loaded."""
        self._tell(asdict(errand))
        assert self._heard() == {"ready": True}

    def run(self, errand: Errand) -> Run:
        """Run it without any fault."""
        self._tell(asdict(errand))
        return self._let_go(self._heard()["pid"])

    def run_with(self, errand: Errand, words: list[str]) -> Run:
        """Run it in the hands of strace."""
        self._tell(asdict(errand))
        pid = self._heard()["pid"]
        with tracing(pid, words, self._trace):
            run = self._let_go(pid)
        return Run(run.code, run.report, tuple(hits_in(self._trace)), run.hung)

    def calls(self, errand: Errand, call: str) -> int:
        """How often the thread that makes this call most does so."""
        assert self.run_with(errand, ["-e", f"trace={call}"]).ended_well
        return calls_in(self._trace, call)

    def _let_go(self, pid: int) -> Run:
        late = threading.Event()

        def end() -> None:
            late.set()
            os.kill(pid, signal.SIGKILL)

        timer = threading.Timer(RUN_S, end)
        timer.start()
        try:
            self._tell("go")
            told = self._heard()
        finally:
            timer.cancel()
            timer.join()
        report = Report(**told["report"]) if told["report"] else None
        return Run(told["code"], report, hung=late.is_set())

    def _tell(self, words: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the nest is gone; its last words are on standard error"
        heard: dict[str, Any] = json.loads(line)
        return heard


@contextmanager
def nesting(warm_up: Errand, trace: Path) -> Iterator[Nest]:
    """A nest that has done `warm_up`, until the block ends; each run's trace is written to the file `trace`."""
    command = [sys.executable, "-W", "error", "-m", "tests.sweeps.nest"]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            nest = Nest(process, trace)
            nest.warm(warm_up)
            yield nest
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(RUN_S)
