"""Row 57 of the fault table: a whole export with few descriptors to spare."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from chadsdk.cli.codes import FAILED, MISSING
from harness.invariants import Aftermath, broken_invariants, unrepaired
from harness.process import ServerHandle
from tests.cli.command import Command

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("descriptors", [5, 8, 12, 16, 20, 24])
def test_row_57_an_export_with_few_descriptors(command: Command, server: ServerHandle, descriptors: int) -> None:
    """All tracks, or a sentence for what lacks; nothing half-made has a final name, and the next run has all."""
    if shutil.which("prlimit") is None:
        pytest.skip("there is no prlimit here")
    command = command.on(server)
    done = subprocess.run(
        ["prlimit", f"--nofile={descriptors}", *command.line("export", "plain", "--to", "out", "--format", "reaper")],
        cwd=command.folder,
        env=command.variables(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    after = Aftermath(
        world=server.world,
        cache=command.cache_dir,
        exports=command.folder / "out",
        root=command.folder,
        secrets=(server.token,),
        texts={"what it said": done.stdout + done.stderr},
    )
    assert broken_invariants(after) == []
    assert "Traceback" not in done.stderr
    sentences = {
        0: [],
        FAILED: done.stderr.splitlines()[-1:],
        MISSING: [line for line in done.stderr.splitlines() if "Missing: " in line],
    }[done.returncode]
    assert all("oo many open files" in sentence for sentence in sentences), done.stderr
    if done.returncode:
        assert sentences
        assert command("export", "plain", "--to", "out", "--format", "reaper", "--replace").returncode == 0
    assert unrepaired(after) == []
