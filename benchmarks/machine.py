"""What a run ran on: hardware and versions, never a name or a path of the machine."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path

import psutil

__all__ = ["describe_machine"]

GIB = 1024**3


def describe_machine() -> Mapping[str, str]:
    """Facts in words, by name."""
    return {
        "cores": str(psutil.cpu_count() or "unknown"),
        "CPU": _cpu_model(),
        "memory": f"{psutil.virtual_memory().total / GIB:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()
