"""Row 49 of the fault table: how long a playlist may be, how often it is asked for, and when a look-up ends."""

from __future__ import annotations

import base64
import json
import tracemalloc
from dataclasses import replace

import pytest

from chadsdk import CancelToken
from chadsdk.errors import DataError, ExportCancelled, ProtocolError
from harness.world import World, WorldPlaylist
from tests.download.conftest import OpenRig
from tests.download.support import Rig

PLAIN = "/api/playlists/plain"
MIB = 1024 * 1024
ENTRIES = 500


def empty_page(number: int) -> str:
    cursor = base64.urlsafe_b64encode(f"plain:{number}".encode()).decode()
    return json.dumps({"id": "plain", "name": "Plain", "tracks": [], "nextCursor": cursor})


class LateCancel(CancelToken):
    """A token that is cancelled when it is asked for the n-th time; it counts how often it is."""

    def __init__(self, at: int | None = None) -> None:
        super().__init__()
        self.asked = 0
        self._at = at

    def raise_if_cancelled(self) -> None:
        """Count, cancel, raise."""
        self.asked += 1
        if self.asked == self._at:
            self.cancel()
        super().raise_if_cancelled()


def test_row_49_too_many_entries_are_refused_before_anything_is_made_of_them(rig: Rig) -> None:
    """One more than 100,000 in 200 kB: one error that says the number, after one request, and no memory."""
    body = f'{{"id": "plain", "name": "Plain", "tracks": [{",".join("0" * 100_001)}]}}'
    rig.server.set_faults(PLAIN, [{"body": body}])
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError, match="more than 100000 entries in playlist plain"):
            rig.client.playlist("plain")
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()
    assert len(rig.server.ledger()) == 1


@pytest.mark.parametrize(("most", "pages"), [(2, 1), (5, 2), (7, 3)])
def test_row_49_entries_are_counted_over_the_pages(plain: World, open_rig: OpenRig, most: int, pages: int) -> None:
    """Eight entries on pages of three: the page that has one too many is the last that is asked for."""
    rig = open_rig(plain, max_playlist_entries=most)
    with pytest.raises(ProtocolError, match=f"more than {most} entries"):
        rig.client.playlist("plain")
    assert len(rig.server.ledger()) == pages


def test_row_49_as_many_entries_as_may_be(plain: World, open_rig: OpenRig) -> None:
    """The bound itself is allowed."""
    assert len(open_rig(plain, max_playlist_entries=8).client.playlist("plain")) == 8


def test_row_49_pages_of_nothing_end_soon(rig: Rig) -> None:
    """Empty pages that always name another one: twenty of them are asked for."""
    rig.server.set_faults(PLAIN, [{"body": empty_page(number)} for number in range(50)])
    with pytest.raises(DataError, match="never end"):
        rig.client.playlist("plain")
    assert len(rig.server.ledger()) == 20


def test_row_49_a_few_empty_pages_are_gone_over(rig: Rig) -> None:
    """What comes behind them is had."""
    whole = [{"id": f"t-{number}", "title": "T", "streamPath": "/t"} for number in range(3)]
    last = json.dumps({"id": "plain", "name": "Plain", "tracks": whole})
    rig.server.set_faults(PLAIN, [*({"body": empty_page(number)} for number in range(5)), {"body": last}])
    assert len(rig.client.playlist("plain")) == 3


@pytest.fixture
def long(plain: World, open_rig: OpenRig) -> Rig:
    """A rig on a server with a playlist of 500 entries on one page."""
    entries = tuple(plain.tracks[number % 8].id for number in range(ENTRIES))
    return open_rig(replace(plain, playlists=(WorldPlaylist("long", "Long", entries),), page_size=ENTRIES))


def test_a_cancel_is_heard_at_every_entry_of_a_look_up(long: Rig) -> None:
    """While entries are read, while they are made, and at the very end: a cancelled look-up never returns."""
    counting = LateCancel()
    assert len(long.client.playlist("long", cancel=counting)) == ENTRIES
    assert counting.asked > 2 * ENTRIES
    for at in (ENTRIES // 2, ENTRIES, ENTRIES * 3 // 2, counting.asked - 1, counting.asked):
        token = LateCancel(at)
        with pytest.raises(ExportCancelled):
            long.client.playlist("long", cancel=token)
        assert token.asked == at  # nothing was done with it afterwards
