"""The checkout that the tests lie in, where there is one: tox runs them on the wheel, away from it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.process import PROJECT

__all__ = ["checkout", "tracked_files"]


def checkout() -> Path:
    """Its root; the test is skipped where there is none."""
    if not (PROJECT / "README.md").exists():
        pytest.skip("the tests do not lie in a checkout")
    return PROJECT


def tracked_files() -> list[Path]:
    """Every file that is or would be committed; the test is skipped where git does not know the folder."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=checkout(), capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("the checkout is no git repository")
    return [path for name in done.stdout.split("\0") if name and (path := PROJECT / name).is_file()]
