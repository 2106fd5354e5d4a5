"""Row 70 of the fault table: programs with different versions of filelock at one cache. Needs a package index."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from harness.build import plain_world
from harness.process import PROJECT, running_server
from tests.child import Child, standing
from tests.download.rows import rig_on
from tests.download.support import child_config, final_files

#: The oldest that is allowed, the newest of the 3s, and the newest that was tried.
VERSIONS = ("3.30.0", "3.32.7", "4.2.11")
PER_VERSION = 2
SECONDS = 6.0
TRACKS = 30


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each version, with nothing but that filelock in it."""
    folders = {version: tmp_path_factory.mktemp(f"filelock-{version}") for version in VERSIONS}
    for version, folder in folders.items():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder)]
        done = subprocess.run([*pip, f"filelock=={version}"], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"filelock {version} cannot be had here")
    return folders


def run_all(installed: dict[str, Path], command: str, **config: Any) -> list[dict[str, Any]]:
    """Two processes of each version at once; what each of them told, in order of the versions."""
    with ExitStack() as stack:
        children = []
        for number, folder in enumerate([folder for folder in installed.values() for _ in range(PER_VERSION)]):
            path = os.pathsep.join([str(folder), str(PROJECT), os.environ.get("PYTHONPATH", "")])
            prefix = ["env", f"PYTHONPATH={path}"]
            child = Child("tests.torture.contender", command, prefix, seed=number, **config)
            children.append(stack.enter_context(standing(child)))
        for child in children:
            child.go()
        told: list[dict[str, Any]] = [child.outcome() for child in children]
    assert [each["filelock"] for each in told] == [version for version in VERSIONS for _ in range(PER_VERSION)]
    return told


@pytest.mark.timeout(120)
def test_row_70_no_two_versions_hold_a_lock_at_once(installed: dict[str, Path], tmp_path: Path) -> None:
    """Six processes at three locks for six seconds: each gets its turns, and none is ever inside beside another."""
    told = run_all(installed, "contend", folder=str(tmp_path), seconds=SECONDS)
    print(f"{sum(each['held'] for each in told)} turns, {sum(each['violations'] for each in told)} violations")
    assert [(each["violations"], each["refused"]) for each in told] == [(0, 0)] * len(told)
    assert all(each["held"] > 10 for each in told)


@pytest.mark.timeout(120)
def test_row_70_versions_that_share_a_cache_fetch_each_track_once(installed: dict[str, Path], tmp_path: Path) -> None:
    """Six processes want the same thirty tracks: thirty GETs in all, and each has all thirty."""
    world = plain_world(tmp_path / "world", [20_000] * TRACKS)
    with running_server(world) as server, rig_on(server, tmp_path / "cache") as rig:
        told = run_all(installed, "download", **child_config(rig, rig.sources))
        assert len(server.audio_gets()) == TRACKS
        paths = {path.stem: str(path) for path in final_files(rig.cache)}
        assert len(paths) == TRACKS
        assert [each["paths"] for each in told] == [paths] * len(told)
