"""Programs of different age at one cache: the lock of one keeps out the others.

It needs no root, but a package index, which the other tests do without.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import filelock
import pytest

from harness.process import ServerHandle
from tests.download.rows import rig_on
from tests.download.support import child, child_config

#: The oldest that is allowed and one of the time between, at one cache with whatever is installed here.
OLDEST, BETWEEN = "3.30.0", "3.32.7"
PROBE = "import filelock; print(filelock.__version__)"


@pytest.fixture(scope="session")
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """What a command is started with to have that version of filelock."""
    folder = tmp_path_factory.mktemp("filelock")
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder)]
    done = subprocess.run([*install, f"filelock=={request.param}"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no other filelock: {done.stderr.strip().splitlines()[-1]}")
    prefix = ("env", f"PYTHONPATH={folder}:{':'.join(path for path in sys.path if path)}")
    asked = subprocess.run([*prefix, sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == request.param != filelock.__version__
    return prefix


@pytest.mark.parametrize(
    ("other", "older_first"),
    [(OLDEST, True), (BETWEEN, False)],
    indirect=["other"],
    ids=["the oldest first", "one between second"],
)
def test_row_70_two_versions_of_filelock(
    server: ServerHandle, other: tuple[str, ...], tmp_path: Path, *, older_first: bool
) -> None:
    """Who comes second waits for the first, and nothing is downloaded twice: four processes, one GET per track."""
    prefixes = [other if (number % 2 == 0) == older_first else () for number in range(4)]
    with rig_on(server, tmp_path / "cache") as rig, ExitStack() as stack:
        server.set_faults("t-1", [{"gate": "locked", "after": 0.5}])
        config = child_config(rig, rig.sources)
        processes = [stack.enter_context(child("download", prefix, **config)) for prefix in prefixes]
        processes[0].go()
        server.wait_at_gate("locked")
        for process in processes[1:]:
            process.go()
        server.open_gate("locked")
        assert len({str(process.outcome()) for process in processes}) == 1
        server.shut_gate("locked")
        assert [len(rig.gets(number + 1)) for number in range(len(rig.sources))] == [1] * len(rig.sources)
        assert rig.temporaries() == rig.partials() == []
