"""Rows of the fault table that only a clock ends: drips, endless heads, endless trailers (13, 14, 16, 17, 42)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chadsdk.errors import StalledError
from harness.process import ServerHandle, running_server
from harness.world import World
from tests.download.rows import WHOLE, Row, asked_of, for_ever, play, repair, rig_on
from tests.download.support import final_files

pytestmark = pytest.mark.slow

WINDOW: dict[str, Any] = {"min_bytes_per_s": 100_000, "min_rate_window_s": 0.5}
DEADLINE: dict[str, Any] = {"header_timeout_s": 0.5}
OUTER_BOUND_S = 15.0


@pytest.fixture(scope="module")
def server(plain: World) -> Iterator[ServerHandle]:
    """One server for this file."""
    with running_server(plain) as handle:
        yield handle


def played(row: Row, server: ServerHandle, cache: Path) -> None:
    """Play a row that must come to an end by itself, although no wait of it is longer than the read time-out."""
    started = time.monotonic()
    play(row, server, cache)
    assert time.monotonic() - started < OUTER_BOUND_S


@pytest.mark.parametrize("bytes_per_s", [0.3, 10_000])
def test_row_13_a_drip_is_a_stall_and_keeps_its_bytes(server: ServerHandle, tmp_path: Path, bytes_per_s: float) -> None:
    """Steadily under the floor: stalled within the window, what came is kept and gone on from."""
    started = time.monotonic()
    with rig_on(server, tmp_path / "cache", attempts=1, **WINDOW) as rig:
        server.set_faults("t-1", [{"rate": bytes_per_s}])
        with pytest.raises(StalledError):
            rig.service.download(rig.source(1))
        have = sum(path.stat().st_size for path in rig.partials())
        assert 0 < have < 100_000
        assert (asked_of(rig), rig.temporaries(), final_files(rig.cache)) == ((WHOLE,), [], [])
        repair(rig, rig.source(1), resumed_from=have, anew=True)
    assert time.monotonic() - started < OUTER_BOUND_S


def test_row_13_a_drip_is_not_tried_again_for_ever(server: ServerHandle, tmp_path: Path) -> None:
    """Crumbs are no progress: as many requests as attempts, then stalled."""
    with rig_on(server, tmp_path / "cache", attempts=3, **WINDOW) as rig:
        server.set_faults("t-1", for_ever(rate=10_000))
        with pytest.raises(StalledError):
            rig.service.download(rig.source(1))
        assert len(rig.gets()) == 3
        (partial,) = rig.partials()
        repair(rig, rig.source(1), resumed_from=partial.stat().st_size, anew=True)


def test_row_17_above_the_floor_is_no_drip(server: ServerHandle, tmp_path: Path) -> None:
    """Three times the floor, over several windows: one request, and the file."""
    row = Row("17", ({"rate": 300_000},), (WHOLE,), settings=WINDOW)
    played(row, server, tmp_path / "cache")


@pytest.mark.parametrize(
    "fault",
    [
        {"drip_head": 0.01},
        {"informational": 100, "count": "endless"},
        {"gate": "row 14", "before": "headers"},
    ],
    ids=["a head that drips", "100 continue without an end", "no head at all"],
)
def test_row_14_a_head_has_a_deadline(server: ServerHandle, tmp_path: Path, fault: dict[str, object]) -> None:
    """By the clock, and not from byte to byte: stalled, tried again, and nothing on disk."""
    row = Row("14 for ever", for_ever(**fault), ((None, None),) * 2, StalledError, settings={**DEADLINE, "attempts": 2})
    played(row, server, tmp_path / "cache")


@pytest.mark.parametrize("fault", [{"drip_head": 0.01}, {"informational": 100, "count": "endless"}], ids=str)
def test_row_14_a_head_in_time_heals(server: ServerHandle, tmp_path: Path, fault: dict[str, object]) -> None:
    """Once is healed by the next attempt, on a new line."""
    played(Row("14 once", (fault,), ((None, None), WHOLE), settings=DEADLINE), server, tmp_path / "cache")


@pytest.mark.parametrize("known", ["all", "size"])
def test_row_16_endless_trailers_do_not_keep_a_whole_file_back(
    server: ServerHandle, tmp_path: Path, known: str
) -> None:
    """All expected bytes are here: success after one request, and the line is thrown away with its trailers."""
    row = Row("16", ({"chunked": "endless_trailers"},), (WHOLE,), known=known, settings=WINDOW)
    played(row, server, tmp_path / "cache")


def test_row_16_endless_trailers_of_an_unknown_length_are_a_stall(server: ServerHandle, tmp_path: Path) -> None:
    """Nobody says where the file ends: trailers are no bytes of it, so the floor ends the wait."""
    row = Row("16 for ever", for_ever(chunked="endless_trailers"), (WHOLE,) * 2, StalledError, known="nothing",
              settings={**WINDOW, "attempts": 2})  # fmt: skip
    played(row, server, tmp_path / "cache")


def test_row_42_ninety_huge_headers_are_bounded_by_the_deadline_or_taken(server: ServerHandle, tmp_path: Path) -> None:
    """5 MB of headers is what http.client accepts: fast ones are taken and cost nothing else."""
    row = Row("42", ({"many_headers": 80, "bytes": 60_000},), (WHOLE,), settings={"header_timeout_s": 10.0})
    played(row, server, tmp_path / "cache")
