"""A download that is killed (-9) at its first, second, third … write, fsync and rename, until one runs to its end.

After SQLite's way of testing: not some moments, but each. Needs Debian's `strace`, and to be allowed to trace.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.build import plain_world
from harness.process import ServerHandle, running_server
from harness.recording import sha256_of
from tests.download.rows import leave_half, rig_on
from tests.download.support import Rig, child_config, download_child, final_files

KILLED = -9
MOST_KILLS = 80
RUN_S = 30.0
#: What the busiest thread of a download does at least (strace counts each thread's calls by themselves): the two lines
#: that the process prints, for a body may be spliced; one file or folder; record and track.
FEWEST = {"write": 2, "fsync": 1, "rename": 2}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerHandle]:
    """A server of one track of 400,000 bytes; skipped where nothing can be traced."""
    if shutil.which("strace") is None:
        pytest.skip("there is no strace here")
    if subprocess.run(["strace", "-qq", "-e", "trace=none", "true"], capture_output=True, check=False).returncode:
        pytest.skip("strace may not trace here")
    with running_server(plain_world(tmp_path_factory.mktemp("world"), [400_000])) as handle:
        yield handle


def run_killed_at(rig: Rig, call: str, number: int) -> int:
    """The exit code of a process that downloads the track and dies when it enters its n-th such system call."""
    inject = f"inject={call}:signal=KILL:when={number}"
    # Not with --seccomp-bpf: strace 6.1 counts no further than one then.
    prefix = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject]
    run = download_child("download", prefix, **child_config(rig, [rig.source(1)]))
    try:
        run.process.communicate("go\n", timeout=RUN_S)
    finally:
        run.kill()
    return run.process.returncode


@pytest.mark.timeout(120)
@pytest.mark.parametrize("half_there", [False, True], ids=["fresh", "resumed"])
@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
def test_row_58_killed_at_every_call(server: ServerHandle, tmp_path: Path, call: str, *, half_there: bool) -> None:
    """The final name is absent or whole, and the next run has the track without anybody cleaning up."""
    with rig_on(server, tmp_path / "cache") as rig:
        for number in range(1, MOST_KILLS):
            if half_there:
                leave_half(rig, rig.source(1))
                server.set_faults("t-1", [])
            code = run_killed_at(rig, call, number)
            assert [sha256_of(path) for path in final_files(rig.cache)] in ([], [rig.sha256()])
            assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
            assert rig.partials() == []
            if code == 0:
                break
            assert code == KILLED
            final_files(rig.cache)[0].unlink()
        print(f"{call}: killed at {number - 1} calls")
        assert FEWEST[call] < number < MOST_KILLS - 1
