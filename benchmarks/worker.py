"""The child's side: ``python -m benchmarks.worker MODULE JOB``.

It imports the module, says on standard output that it is ready, waits for a line, calls the module's ``work(job)``,
and says what that took, each as one line of JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from benchmarks.job import Job

MODULES = ("benchmarks.peers.", "benchmarks.ours.")


def main() -> None:
    """Do one job."""
    name, job_file = sys.argv[1:]
    if not name.startswith(MODULES):
        raise SystemExit(f"{name} is no contender")
    work: Callable[[Job], Mapping[str, float] | None] = importlib.import_module(name).work
    job = Job.load(Path(job_file))
    # What a library prints must not come between the two lines.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as to_parent:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        _say(to_parent, {"cpu_s": _cpu_s()})
        if not sys.stdin.readline():
            return
        started = time.perf_counter()
        extra = work(job)
        wall_s = time.perf_counter() - started
        _say(to_parent, {"wall_s": wall_s, "peak_rss_bytes": _peak_rss_bytes(), "extra": dict(extra or {})})


def _say(to_parent: TextIO, message: object) -> None:
    print(json.dumps(message), file=to_parent, flush=True)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_rss_bytes() -> int | None:
    """The peak of this program alone: ``ru_maxrss`` would count what the parent was before the exec."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    [peak] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peak.split()[1]) * 1024


if __name__ == "__main__":
    main()
