"""An export in a process of its own: ``python -m tests.export.child ORDER``, ORDER being a JSON object.

It prints ``ready`` when the phase ``stop_at`` begins and goes on when a line comes in; at the end it prints the
class of what came out. What it exports is ``file`` alone, in a playlist ``Plain``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chadsdk import Event, MixExporter, Phase, Playlist, PlaylistEntry, Track
from harness.process import PROJECT
from tests.export.rig import quick_settings, when

__all__ = ["exporting", "line_of"]


@contextmanager
def exporting(**order: Any) -> Iterator[subprocess.Popen[str]]:
    """Start one; it is killed at the end of the block if it still runs."""
    text = json.dumps({key: str(value) if isinstance(value, Path) else value for key, value in order.items()})
    command = [sys.executable, "-m", "tests.export.child", text]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line that it prints; empty when it has ended."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _pause(_: Event) -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def _main(order: dict[str, Any]) -> None:
    playlist = Playlist("Plain", entries=(PlaylistEntry(Track("Own", file=Path(order["file"]))),))
    listener = when(Phase(order["stop_at"]), _pause)
    with MixExporter(settings=quick_settings(Path(order["cache"]))) as exporter:
        try:
            result = exporter.export(playlist, order["to"], progress=listener)
            print(type(result).__name__, len(result.exported), flush=True)
        except Exception as exc:  # noqa: BLE001 - its class is what the parent asks for
            print(type(exc).__name__, flush=True)


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
