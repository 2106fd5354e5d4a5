"""The wheel: the SDK, typed, with its schema, and nothing of the tools around it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.project.checkout import checkout


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names in a wheel that is built here and now, without the network."""
    root = checkout()
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=root, capture_output=True, check=True)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_ships_the_sdk_alone(names: list[str]) -> None:
    """No harness, no tests, no benchmarks."""
    assert {Path(name).parts[0] for name in names} == {
        "chadsdk",
        next(n for n in names if ".dist-info" in n).split("/")[0],
    }


@pytest.mark.parametrize("name", ["chadsdk/py.typed", "chadsdk/export/manifest.schema.json", "chadsdk/__main__.py"])
def test_the_wheel_ships_what_is_no_module_too(names: list[str], name: str) -> None:
    """The mark of its types, the manifest's schema, the way to run it as a module."""
    assert name in names


def test_the_wheel_ships_every_module(names: list[str]) -> None:
    """Each one that lies in the package."""
    package = checkout() / "chadsdk"
    modules = {f"chadsdk/{path.relative_to(package).as_posix()}" for path in package.rglob("*.py")}
    assert modules <= set(names)
