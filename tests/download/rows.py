"""A row of the fault table: what the server does, and everything that must come of it.

`play` runs one: the download with the fault, what is left on disk, and then a second download without it, which
must repair everything by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chadsdk.chadmusic import ChadMusicAPIClient
from chadsdk.download import DownloadService
from chadsdk.errors import NotFoundError, TrackError
from chadsdk.source import CloudSource
from harness.process import ServerHandle
from harness.recording import sha256_of
from harness.world import FaultEntry
from tests.download.support import Rig, bare, chadsdk_threads, final_files, quick

TRACK_BYTES = 400_000
HALF = 200_000

#: A request as the ledger has it: the byte it asked from (None for the whole), and the status it got.
Asked = tuple[int | None, int | None]

WHOLE: Asked = (None, 200)
REST: Asked = (HALF, 206)


@dataclass(frozen=True)
class Row:
    """One way to misbehave, and the whole outcome.

    Attributes:
        number: Of the row in the table of faults, with a word for the case.
        faults: The script of the track.
        asked: Every request for the audio that the faulty run makes.
        error: What it ends with; None where it heals by itself.
        known: What the model says of the track: "all", "size", or "nothing".
        partial: Whether half of the track is there from an earlier run.
        kept: Lengths of the partials that are left.
        settings: Changes of the settings.
    """

    number: str
    faults: tuple[FaultEntry, ...]
    asked: tuple[Asked, ...]
    error: type[TrackError] | None = None
    known: str = "all"
    partial: bool = False
    kept: tuple[int, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.number

    def source(self, rig: Rig) -> CloudSource:
        """The track as the model knows it."""
        match self.known:
            case "nothing":
                return bare(rig.source(1))
            case "size":
                return rig.source(1, sha256=None, revision=None)
        return rig.source(1)


def for_ever(**fault: object) -> tuple[FaultEntry, ...]:
    """A script of one fault that never ends."""
    return ({**fault, "always": True},)


@contextmanager
def rig_on(server: ServerHandle, cache: Path, **settings: Any) -> Iterator[Rig]:
    """A rig on a server that several tests use one after the other, with its past forgotten."""
    server.set_faults("t-1", [])
    server.clear_ledger()
    chosen = quick(cache, **settings)
    with (
        ChadMusicAPIClient(server.url, token=server.token, settings=chosen) as client,
        DownloadService(client, settings=chosen) as service,
    ):
        rig = Rig(server, client, service)
        yield rig
    assert chadsdk_threads() == []
    rig.assert_whole()


def leave_half(rig: Rig, source: CloudSource) -> None:
    """Have an earlier run end with half of the track put aside."""
    rig.server.set_faults("t-1", [{"cut_at": HALF}, {"status": 404}])
    with pytest.raises(NotFoundError):
        rig.service.download(source)
    assert [path.stat().st_size for path in rig.partials()] == [HALF]
    rig.server.clear_ledger()


def asked_of(rig: Rig) -> tuple[Asked, ...]:
    """The requests for the audio of t-1 so far."""
    return tuple((int(get.range[6:-1]) if get.range else None, get.status) for get in rig.gets())


def play(row: Row, server: ServerHandle, cache: Path) -> None:
    """Run a row, and hold its whole outcome."""
    with rig_on(server, cache, **{"attempts": 3, **row.settings}) as rig:
        source = row.source(rig)
        if row.partial:
            leave_half(rig, source)
        server.set_faults("t-1", row.faults)
        if row.error is None:
            assert sha256_of(rig.service.download(source)) == rig.sha256()
        else:
            with pytest.raises(row.error) as raised:
                rig.service.download(source)
            assert type(raised.value) is row.error
            assert final_files(rig.cache) == []
        assert asked_of(rig) == row.asked
        assert rig.temporaries() == []
        assert tuple(path.stat().st_size for path in rig.partials()) == row.kept
        repair(rig, source, resumed_from=row.kept[0] if row.kept else None, anew=row.error is not None)


def repair(rig: Rig, source: CloudSource, *, resumed_from: int | None, anew: bool) -> None:
    """Without the fault one request, for the rest where some was kept, makes everything good; no request if it is."""
    rig.server.set_faults("t-1", [])
    rig.server.clear_ledger()
    assert sha256_of(rig.service.download(source)) == rig.sha256()
    assert asked_of(rig) == (((resumed_from, 206 if resumed_from else 200),) if anew else ())
    assert rig.temporaries() == rig.partials() == []
