"""The parent's side of a contender: starts it as a process of its own, gives the word, and takes its measure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from benchmarks.job import Job
from benchmarks.result import Sample

__all__ = ["ContenderError", "Worker", "run_command", "run_worker", "started_worker"]

PROJECT = Path(__file__).resolve().parent.parent
LONGEST_RUN_S = 300.0
SHOWN_BYTES = 2000


class ContenderError(Exception):
    """A contender did not do its job; the message says how it ended."""


class Worker:
    """A started Python contender, ready to go. Made by `started_worker`."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        self._name = name
        self._process = process
        self._errors = errors
        self._cpu_at_ready_s = float(str(self._answer()["cpu_s"]))

    def go(self) -> None:
        """Let it work; returns at once."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()

    def sample(self) -> Sample:
        """Wait for its end and give what the work took.

        Raises:
            ContenderError: It failed.
        """
        answer = self._answer()
        cpu_s = _reap(self._name, self._process, self._errors)
        return Sample(
            wall_s=float(str(answer["wall_s"])),
            cpu_s=cpu_s - self._cpu_at_ready_s,
            peak_rss_bytes=answer["peak_rss_bytes"],  # type: ignore[arg-type]
            extra=answer["extra"],  # type: ignore[arg-type]
        )

    def _answer(self) -> dict[str, object]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            _reap(self._name, self._process, self._errors)
            raise ContenderError(f"{self._name} ended without a word")
        answer: dict[str, object] = json.loads(line)
        return answer


@contextmanager
def started_worker(module: str, job: Job) -> Iterator[Worker]:
    """A Python contender that has imported all it needs and waits for the word.

    Raises:
        ContenderError: It did not start.
    """
    with tempfile.TemporaryDirectory(prefix="bench-job-") as folder, tempfile.TemporaryFile() as errors:
        job_file = Path(folder) / "job.json"
        job.save(job_file)
        arguments = [sys.executable, "-m", "benchmarks.worker", module, str(job_file)]
        with _started(arguments, errors, cwd=PROJECT) as process:
            yield Worker(module, process, errors)


def run_worker(module: str, job: Job) -> Sample:
    """Run a Python contender.

    Raises:
        ContenderError: It failed.
    """
    with started_worker(module, job) as worker:
        worker.go()
        return worker.sample()


def run_command(arguments: Sequence[str | Path]) -> Sample:
    """Run a command; wall is its whole life.

    Raises:
        ContenderError: It failed.
    """
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        with _started([str(each) for each in arguments], errors) as process:
            cpu_s = _reap(str(arguments[0]), process, errors)
            return Sample(time.perf_counter() - started, cpu_s)


@contextmanager
def _started(arguments: list[str], errors: IO[bytes], *, cwd: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        arguments,
        cwd=cwd,
        env=_environment(),
        stdin=subprocess.PIPE,
        # A command's standard output is no message to us; a pipe that nobody reads would stop it.
        stdout=subprocess.PIPE if cwd else subprocess.DEVNULL,
        stderr=errors,
    )
    watchdog = threading.Timer(LONGEST_RUN_S, process.kill)
    watchdog.daemon = True
    watchdog.start()
    with process:
        try:
            yield process
        finally:
            watchdog.cancel()
            if process.returncode is None:
                process.kill()


def _environment() -> dict[str, str]:
    """Ours without what could lead requests to loopback elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


def _reap(name: str, process: subprocess.Popen[bytes], errors: IO[bytes]) -> float:
    """Wait for the end of a process and give its CPU time, user and system, in seconds."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip()[-SHOWN_BYTES:]
        raise ContenderError(f"{name} ended with exit code {process.returncode}: {said}")
    return used.ru_utime + used.ru_stime
