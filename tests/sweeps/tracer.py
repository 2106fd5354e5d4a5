"""``strace`` on a process that runs already, and what it says that it did to it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["KILL", "Fault", "calls_in", "hits_in", "require_strace", "tracing"]

KILL = "KILL"
#: A write to a file as strace shows it.
_WRITTEN = re.compile(r"(?:write|pwrite64)\(.*, (?P<asked>\d+)(?:, \d+)?\)\s+= (?P<done>\d+)$")


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a system call.

    Attributes:
        call: Its name.
        what: Name of an error, or `KILL`: the process dies as it enters the call.
        number: At which call of a thread, counted from 1.
        lasting: Whether at every later one too.
    """

    call: str
    what: str
    number: int
    lasting: bool = False

    @property
    def words(self) -> list[str]:
        """For strace's command line."""
        deed = "signal=KILL" if self.what == KILL else f"error={self.what}"
        when = f"{self.number}{'+' if self.lasting else ''}"
        return ["-e", f"trace={self.call}", "-e", f"inject={self.call}:{deed}:when={when}"]


def require_strace() -> None:
    """Skip where there is none, or where it may not take hold of a process that runs."""
    if shutil.which("strace") is None:
        pytest.skip("there is no strace here")
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as victim:
        try:
            with tracing(victim.pid, ["-e", "trace=none"], Path("/dev/null")):
                victim.communicate()
        except PermissionError as exc:
            pytest.skip(str(exc))
        finally:
            victim.kill()


@contextmanager
def tracing(pid: int, words: list[str], trace: Path) -> Iterator[None]:
    """Hold a process from now until it ends, which it must do within the block.

    Raises:
        PermissionError: Not allowed to.
    """
    # Not with --seccomp-bpf: strace 6.1 counts no further than one then.
    command = ["strace", "-f", "-p", str(pid), "-o", str(trace), "-e", "signal=none", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        line = strace.stderr.readline()
        if "attached" not in line:
            strace.kill()
            raise PermissionError(f"strace may not trace here: {line.strip()}")
        yield
        strace.communicate()


def hits_in(trace: Path) -> list[str]:
    """The calls that were failed or cut short, as strace shows them; a kill is told by the exit code alone."""
    lines = trace.read_text(errors="replace").splitlines()
    return [line for line in lines if "(INJECTED)" in line or _is_short(line)]


def calls_in(trace: Path, call: str) -> int:
    """How often the thread that makes this call most does so."""
    begun = (line.split(maxsplit=1) for line in trace.read_text(errors="replace").splitlines())
    counts = Counter(thread for thread, words in begun if words.startswith(f"{call}("))
    return max(counts.values(), default=0)


def _is_short(line: str) -> bool:
    found = _WRITTEN.search(line)
    return "EFBIG" in line or (found is not None and int(found["done"]) < int(found["asked"]))
