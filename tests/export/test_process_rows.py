"""Row 69 of the fault table: several processes at one export folder, and somebody who reads it all the time."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from chadsdk.cli.codes import FAILED
from harness.invariants import Aftermath, unrepaired
from harness.process import ServerHandle
from tests.cli.command import Command
from tests.export.rig import check_export, leftovers

PROCESSES = 3
ROUNDS = 2


def looks(manifest: Path, processes: list[subprocess.Popen[str]]) -> int:
    """Read the manifest until the last process has ended; how often it was there."""
    seen = 0
    while any(process.poll() is None for process in processes):
        try:
            text = manifest.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            continue
        entries = json.loads(text)["entries"]
        assert [entry["status"] for entry in entries] == ["exported"] * 6
        seen += 1
    return seen


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("replace", [False, True], ids=["new", "replace"])
def test_row_69_processes_at_one_folder(server: ServerHandle, tmp_path: Path, *, replace: bool) -> None:
    """At every moment the manifest is whole or not there; one export stands in the end; each track was fetched once."""
    command = Command(tmp_path).on(server)
    line = ["export", "plain", "--to", "out", *(["--replace"] if replace else [])]
    found = 0
    for _ in range(ROUNDS):
        if not replace:
            shutil.rmtree(tmp_path / "out", ignore_errors=True)
        with ExitStack() as stack:
            processes = [stack.enter_context(command.started(*line)) for _ in range(PROCESSES)]
            found += looks(tmp_path / "out" / "Plain" / "manifest.json", processes)
            said = [process.communicate()[1] for process in processes]
            assert not any("Traceback" in each for each in said), said
            ends = [process.returncode for process in processes]
        assert set(ends) <= {0, FAILED}, said
        assert ends.count(0) >= 1 if replace else ends.count(0) == 1
        check_export(tmp_path / "out" / "Plain")
        assert leftovers(tmp_path / "out") == ["Plain"]
    assert found > 0 or not replace
    after = Aftermath(server.world, tmp_path / "cache", tmp_path / "out", root=tmp_path, secrets=(server.token,))
    assert unrepaired(after) == []
    assert len(server.audio_gets()) == 6
