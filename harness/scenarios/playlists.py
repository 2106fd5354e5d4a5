"""Row 49: playlists that repeat, are empty, malformed here and there, malformed altogether, or without an end."""

from __future__ import annotations

import json
from dataclasses import replace

from harness.scenarios.scenario import Expected, Scenario
from harness.scenarios.staging import always, at_paths, lying_page
from harness.world import World, WorldPlaylist

__all__ = ["SCENARIOS"]

JUNK: tuple[object, ...] = (
    17,
    None,
    [],
    {"id": None},
    {"sizeBytes": "big"},
    {"sizeBytes": -1},
    {"sizeBytes": float("nan")},
    {"durationSeconds": float("inf")},
    {"title": {"a": 1}},
    {"sha256": "zz"},
    {"streamPath": None},
)
# Its cursor is the one of the first page.
ANOTHER_PAGE = json.dumps({"id": "plain", "name": "Plain", "tracks": [], "nextCursor": "cGxhaW46MA"})
MANY = 600


def _listing_ids(*ids: str) -> WorldPlaylist:
    return WorldPlaylist("plain", "Plain", ids)


def _twice(world: World) -> World:
    return replace(world, playlists=(_listing_ids("t-1", "t-2", "t-1", "t-3", "t-1"),))


def _empty(world: World) -> World:
    return replace(world, playlists=(_listing_ids(),), local=())


def _long(world: World) -> World:
    ids = [f"t-{1 + number % len(world.tracks)}" for number in range(MANY)]
    return replace(world, playlists=(_listing_ids(*ids),), page_size=200)


def _no_playlist(
    name: str, explanation: str, error: str = "DataError", *, requests: int = 1, **page: object
) -> Scenario:
    """The page itself cannot be used: there is nothing to export."""
    expected = Expected(error=error, others=(), api=requests, cached=0, within_s=15)
    staging = at_paths(playlist=always(**page))
    return Scenario(name, explanation, staging, rows=(49,), settings={"max_reply_bytes": 1_000_000}, expected=expected)


SCENARIOS = (
    Scenario(
        "track-listed-thrice",
        "One track at three places: downloaded once, and at every place.",
        _twice,
        rows=(49,),
        expected=Expected(),
    ),
    Scenario(
        "playlist-of-600",
        "600 entries of three tracks on three pages: three downloads, every entry in the manifest.",
        _long,
        rows=(49,),
        expected=Expected(api=3),
    ),
    Scenario(
        "playlist-empty",
        "No entry at all: an export of nothing, with its manifest.",
        _empty,
        rows=(49,),
        expected=Expected(),
    ),
    Scenario(
        "entries-malformed",
        "Entries that are no objects, or with fields of the wrong kind: each is missing as such, the others are had.",
        lying_page(*JUNK),
        rows=(49,),
        tracks=len(JUNK) + 1,
        expected=Expected(
            missing=dict.fromkeys(range(1, len(JUNK) + 1), "protocol"),
            asked={f"t-{number}": () for number in range(1, len(JUNK) + 1)},
        ),
    ),
    _no_playlist("page-without-tracks", "A page without tracks.", body='{"id": "plain", "name": "Plain"}'),
    _no_playlist("page-too-deep", "A page that is a hundred thousand brackets.", body="[" * 100_000),
    _no_playlist("page-cut", "A page that ends in the middle of its JSON.", body='{"id": "plain", "tracks": ['),
    _no_playlist(
        "page-too-large",
        "200 MB of JSON: no more is taken than the cap.",
        "ProtocolError",
        body=" " * 100_000,
        repeat=2000,
    ),
    _no_playlist("pages-without-an-end", "Pages that lead to each other.", requests=2, body=ANOTHER_PAGE),
    _no_playlist("playlist-gone", "The server has no such playlist.", "NotFoundError", status=404),
)
