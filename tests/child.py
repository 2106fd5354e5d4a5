"""Another Python process that does one thing of a test once it is told to go."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from harness.process import PROJECT

__all__ = ["Child", "standing"]

PATIENCE_S = 40.0


class Child:
    """One of them, as its parent sees it: ``python -m MODULE COMMAND CONFIG``.

    It prints ``ready``, waits for a line, does its work, and prints the outcome as one line of JSON.
    """

    def __init__(self, module: str, command: str, prefix: Sequence[str] = (), **config: Any) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-W", "error", "-m", module, command, json.dumps(config)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_ready(self) -> None:
        """Return once it stands at its start."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line == "ready\n", (line, self.process.stderr and self.process.stderr.read())

    def go(self) -> None:
        """Let it start; or end, where it works until then."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def outcome(self, timeout_s: float = PATIENCE_S) -> Any:
        """What it printed last, as JSON, once it has ended well."""
        out, err = self.process.communicate(timeout=timeout_s)
        assert self.process.returncode == 0, err
        return json.loads(out.splitlines()[-1])

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        self.process.kill()
        self.process.communicate()


@contextmanager
def standing(made: Child) -> Iterator[Child]:
    """It stands at its start, and is gone when the block ends."""
    try:
        made.wait_ready()
        yield made
    finally:
        made.kill()
