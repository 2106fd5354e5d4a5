"""What more than one folder tests with: six small tracks, a server of them, an exporter without one, a certificate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from hypothesis import settings

from chadsdk import MixExporter
from harness.build import plain_world
from harness.process import ServerHandle, TlsFiles, running_server
from harness.world import World
from tests.export.rig import SMALL_BYTES, quick_settings
from tests.skips import pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]  # of every test, so that a skip can be a failure

# A run says the same of the same code, on a busy machine too. `--hypothesis-profile search` looks for new examples.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Six tracks of 64 KiB."""
    return plain_world(tmp_path_factory.mktemp("small"), [SMALL_BYTES] * 6)


@pytest.fixture
def server(small_world: World) -> Iterator[ServerHandle]:
    """A server of them, of this test alone."""
    with running_server(small_world) as handle:
        yield handle


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    """A certificate for 127.0.0.1 by an authority that nobody knows."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    files = TlsFiles(folder / "cert.pem", folder / "key.pem", folder / "ca.pem")
    certificate.cert_chain_pems[0].write_to_path(files.certificate)
    certificate.private_key_pem.write_to_path(files.key)
    authority.cert_pem.write_to_path(files.authority)
    return files


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[MixExporter]:
    """An exporter without a server."""
    with MixExporter(settings=quick_settings(tmp_path / "cache")) as exporter:
        yield exporter
