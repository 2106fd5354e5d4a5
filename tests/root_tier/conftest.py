"""A server for all tests of this folder, and each kind of mount, tried once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.build import plain_world
from harness.process import ServerHandle, running_server
from tests.download.support import chadsdk_threads
from tests.root_tier.folding import Folding, folding
from tests.root_tier.mounts import CannotMountError, Image, tmpfs
from tests.root_tier.rig import TRACK_BYTES

OpenVolume = Callable[..., Path]
OpenFolder = Callable[..., Folding]
TRACKS = 6


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerHandle]:
    """A server of six tracks of 300,000 bytes."""
    with running_server(plain_world(tmp_path_factory.mktemp("world"), [TRACK_BYTES] * TRACKS)) as handle:
        yield handle


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """When a test is over, no thread of the SDK runs."""
    yield
    assert chadsdk_threads() == []


@pytest.fixture(scope="session")
def _tmpfs_works(tmp_path_factory: pytest.TempPathFactory) -> None:
    try:
        with tmpfs(tmp_path_factory.mktemp("probe"), size_bytes=65_536, inodes=5):
            pass
    except CannotMountError as exc:
        pytest.skip(f"no tmpfs: {exc}")


@pytest.fixture
def volume(_tmpfs_works: None, tmp_path: Path) -> Iterator[OpenVolume]:
    """Mount volumes in memory, by name; see `tmpfs`."""
    with ExitStack() as stack:

        def mount(name: str, *, size_bytes: int | None = None, inodes: int | None = None) -> Path:
            return stack.enter_context(tmpfs(tmp_path / name, size_bytes=size_bytes, inodes=inodes))

        yield mount


@pytest.fixture(scope="session")
def disks(_tmpfs_works: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory for disks in files: their flushes cost nothing, and are as good as any."""
    with tmpfs(tmp_path_factory.mktemp("disks")) as folder:
        yield folder


@pytest.fixture(scope="session", params=["ext4", "xfs"])
def blank(request: pytest.FixtureRequest, disks: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """An empty disk; to be copied."""
    image = Image(disks / f"blank.{request.param}", request.param)
    try:
        image.make()
        with image.mounted(tmp_path_factory.mktemp("probe")):
            pass
    except CannotMountError as exc:
        pytest.skip(f"no {image.kind}: {exc}")
    return image


@pytest.fixture(scope="session")
def _fuse_works(tmp_path_factory: pytest.TempPathFactory) -> None:
    try:
        with folding(tmp_path_factory.mktemp("probe")):
            pass
    except CannotMountError as exc:
        pytest.skip(f"no FUSE: {exc}")


@pytest.fixture
def odd_folder(_fuse_works: None, tmp_path: Path) -> Iterator[OpenFolder]:
    """Mount folders under rules of the test's own, by name; see `folding`."""
    with ExitStack() as stack:

        def mount(name: str = "odd", **rules: object) -> Folding:
            return stack.enter_context(folding(tmp_path / name, **rules))

        yield mount
