"""Rows of the fault table on lengths that contradict what comes, and on lines that die while they are kept."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from chadsdk.download import Unavailable
from chadsdk.errors import Reason
from harness.process import ServerHandle, running_server
from harness.world import World
from tests.download.rows import WHOLE, Row, asked_of, for_ever, play, repair, rig_on


@pytest.fixture(scope="module")
def server(plain: World) -> Iterator[ServerHandle]:
    """One server for this file."""
    with running_server(plain) as handle:
        yield handle


@pytest.mark.parametrize("lengths", [["400000", "300000"], "400000, 300000"], ids=["two headers", "one header"])
def test_row_8_lengths_that_contradict_each_other_leak_nothing(
    server: ServerHandle, tmp_path: Path, lengths: object
) -> None:
    """A protocol error after one request, and the line is closed at once, not left to the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        with rig_on(server, tmp_path / "cache") as rig:
            server.set_faults("t-1", for_ever(no_length=True, headers={"Content-Length": lengths}))
            outcome = rig.service.download_all([rig.source(1)])[rig.source(1)]
            assert isinstance(outcome, Unavailable)
            assert outcome.reason is Reason.PROTOCOL
            assert asked_of(rig) == (WHOLE,)
            assert rig.open_sockets() == []
            repair(rig, rig.source(1), resumed_from=None, anew=True)
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "row",
    [
        Row(f"10 chunks beside a length of {said}, {known} known",
            ({"chunked": True, "headers": {"Content-Length": said}},), (WHOLE,), known=known)
        for said in ("300000", "500000", "1000000000000")
        for known in ("all", "nothing")
    ],
    ids=str,
)  # fmt: skip
def test_row_10_chunks_count_and_the_length_beside_them_does_not(
    row: Row, server: ServerHandle, tmp_path: Path
) -> None:
    """RFC 9112, 6.3: Transfer-Encoding overrides Content-Length; one request, the right file."""
    play(row, server, tmp_path / "cache")


def test_row_10_chunks_beside_a_length_are_not_resumed_by_it(server: ServerHandle, tmp_path: Path) -> None:
    """The length is not the file's, so what was cut is not put aside under it: the next attempt has the whole."""
    fault = {"chunked": True, "headers": {"Content-Length": "300000"}, "cut_body": 0.4}
    play(Row("10", (fault,), (WHOLE, WHOLE), known="nothing"), server, tmp_path / "cache")


def test_row_2_a_kept_line_that_dies_under_a_request_costs_no_attempt(server: ServerHandle, tmp_path: Path) -> None:
    """RFC 9112, 9.3.1: no byte of an answer came on a line that was used before, so the request goes out once more."""
    with rig_on(server, tmp_path / "cache", attempts=1, max_concurrent_downloads=1) as rig:
        rig.service.download(rig.source(2))
        server.set_faults("t-1", ["hang_up"])
        rig.service.download(rig.source(1))
        assert [get.status for get in rig.gets()] == [None, 200]
