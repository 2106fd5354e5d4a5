"""The command, and a server of more than the six small tracks."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from chadsdk.cache.locks import Hold, holding
from chadsdk.cancel import CancelToken
from harness.build import make_world
from harness.process import ServerHandle, running_server
from tests.cli.command import Command

SignalAtTheSecond = Callable[[ModuleType, signal.Signals], None]


@pytest.fixture(scope="session")
def mixed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerHandle]:
    """The harness's own world: every format, one track gone, one behind a login page. No test sets faults in it."""
    with running_server(make_world(folder=tmp_path_factory.mktemp("mixed"))) as handle:
        yield handle


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """The command in a folder and with a cache of this test alone, without any server."""
    return Command(tmp_path)


@pytest.fixture
def signal_at_the_second(monkeypatch: pytest.MonkeyPatch) -> SignalAtTheSecond:
    """Have this process sent a signal while a module of the cache holds the lock of its second track."""

    def arm(module: ModuleType, number: signal.Signals) -> None:
        begun: list[Path] = []

        @contextmanager
        def signalled(path: Path, token: CancelToken, *, wait_s: float) -> Iterator[Hold]:
            begun.append(path)
            with holding(path, token, wait_s=wait_s) as hold:
                if len(begun) == 2:
                    signal.raise_signal(number)
                yield hold

        monkeypatch.setattr(module, "holding", signalled)

    return arm
