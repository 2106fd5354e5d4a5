"""`Folding`: a folder under rules of a test's own, as the test sees it; see `tests.root_tier.foldingfs`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.process import PROJECT
from tests.root_tier.mounts import CannotMountError, is_mounted, unmount

__all__ = ["Folding", "folding"]

END_S = 10.0


@dataclass(frozen=True, slots=True)
class Folding:
    """A mounted folder.

    Attributes:
        folder: Where it is mounted.
        behind: Where its files really are.
        rules_file: What it reads at each call.
    """

    folder: Path
    behind: Path
    rules_file: Path

    def rule(self, **rules: Any) -> None:
        """Put other rules in place."""
        fresh = self.rules_file.with_suffix(".fresh")
        fresh.write_text(json.dumps(rules))
        fresh.replace(self.rules_file)

    def calls(self, call: str, part: str = "") -> list[str]:
        """The paths of a call so far that have that part."""
        noted = self.rules_file.with_suffix(".calls")
        lines = noted.read_text().splitlines() if noted.exists() else []
        named = (line.partition(" ") for line in lines)
        return [path for name, _, path in named if name == call and part in path]


@contextmanager
def folding(at: Path, **rules: Any) -> Iterator[Folding]:
    """Mount one, in a process of its own.

    Raises:
        CannotMountError: FUSE, its library or its Python binding is not to be had.
    """
    made = Folding(at / "folder", at / "behind", at / "rules.json")
    made.folder.mkdir(parents=True)
    made.behind.mkdir()
    made.rule(**rules)
    paths = [str(path) for path in (made.behind, made.folder, made.rules_file)]
    command = [sys.executable, "-m", "tests.root_tier.foldingfs", *paths]
    errors = at / "errors.txt"
    with errors.open("wb") as stderr:
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=stderr, text=True)
    with process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                process.wait(END_S)
                raise CannotMountError((errors.read_text().strip().splitlines() or ["FUSE says nothing"])[-1])
            yield made
        finally:
            if is_mounted(made.folder):
                unmount(made.folder)
            if process.poll() is None:
                try:
                    process.wait(END_S)
                except subprocess.TimeoutExpired:
                    process.kill()
