"""The command ``chadsdk`` as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.process import ServerHandle

__all__ = ["Command", "Done"]

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Command:
    """How it is called: where it runs, with which cache and server.

    Attributes:
        folder: Its working folder; the cache lies in it.
        environment: What is set besides; nothing of chadsdk is taken over from the tests' own environment.
    """

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def cache_dir(self) -> Path:
        """Its cache."""
        return self.folder / "cache"

    def on(self, server: ServerHandle) -> Command:
        """The same with a server and its token in the environment."""
        return Command(self.folder, {**self.environment, **server.environment})

    def with_(self, **environment: str) -> Command:
        """The same with these variables."""
        return Command(self.folder, {**self.environment, **environment})

    def __call__(self, *arguments: str | Path, answer: str = "", timeout_s: float = 30.0) -> Done:
        """Run it to its end."""
        return subprocess.run(
            self.line(*arguments),
            cwd=self.folder,
            env=self.variables(),
            input=answer,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=timeout_s,
            check=False,
        )

    @contextmanager
    def started(self, *arguments: str | Path, stderr: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
        """Start it; it is killed at the end of the block if it still runs."""
        with subprocess.Popen(
            self.line(*arguments),
            cwd=self.folder,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    @staticmethod
    def line(*arguments: str | Path) -> list[str]:
        """Its command line."""
        return [sys.executable, "-m", "chadsdk", *map(str, arguments)]

    def variables(self) -> dict[str, str]:
        """Its whole environment."""
        own = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("CHADSDK_", "NO_COLOR", "FORCE_COLOR"))
        }
        # Wide, so that no message is wrapped; the terminal of whoever runs the tests does not count.
        return {**own, "CHADSDK_CACHE_DIR": str(self.cache_dir), "COLUMNS": "200", **self.environment}
