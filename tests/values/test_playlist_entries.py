"""Tests of what a playlist can hold, and of the checks on what is made by hand."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

import pytest

from chadsdk.errors import ConfigurationError
from chadsdk.library import CloudListing, Playlist, PlaylistEntry, Track
from chadsdk.model import JsonModel
from chadsdk.source import CloudSource
from chadsdk.wire import ChadTrack

_LISTED = ChadTrack("t-1", "Night", "/t/1.wav", "A", "B", 8.5, 99, "audio/wav", "r1", "ab" * 32, server="s")


class _Listing:
    """A track of some other kind of server."""

    title, artist, album, duration_s = "Foreign", "F", None, None

    def source(self) -> CloudSource:
        """Give what the download side needs."""
        return CloudSource("other", "9", "/9")


_NOT_TRACKS: list[Any] = [
    None,
    "t-1",
    3,
    {"title": "a"},
    object(),
    ["t-1"],
    ChadTrack,
    Track,
    CloudSource("", "t", "/"),
]


def test_a_servers_track_becomes_a_track_with_all_that_is_known() -> None:
    """Adding what a server says makes a library `Track` at that moment, and loses nothing that an export needs."""
    track = Playlist("x").add(_LISTED).track
    assert type(track) is Track
    assert track.source() == _LISTED.source()
    assert (track.artist, track.album, track.duration_s, track.is_cloud) == ("A", "B", 8.5, True)


@pytest.mark.parametrize("item", [Track("a"), PlaylistEntry(Track("a")), _LISTED, _Listing()])
def test_every_way_in_makes_an_entry(item: Any) -> None:
    """Constructor, assignment, `add` and an entry of it: each leaves a `PlaylistEntry` with a `Track`."""
    constructed, assigned, added = Playlist("x", entries=(item,)), Playlist("x"), Playlist("x")
    assigned.entries = [item]  # type: ignore[assignment]
    added.add(item)
    entered = Playlist("x", entries=(item if isinstance(item, PlaylistEntry) else PlaylistEntry(item),))
    assert constructed == assigned == added == entered
    assert type(constructed.entries) is tuple
    assert [type(entry.track) for entry in constructed] == [Track]


@pytest.mark.parametrize("item", _NOT_TRACKS, ids=lambda item: repr(item)[:20])
def test_nothing_else_gets_in(item: Any) -> None:
    """Whatever is no track is a `TypeError` at every way in, and the playlist stays as it was."""
    playlist = Playlist("x", entries=(PlaylistEntry(Track("a")),))
    with pytest.raises(TypeError, match="a playlist takes"):
        playlist.add(item)
    with pytest.raises(TypeError, match="a playlist takes"):
        playlist.entries = (item,)
    with pytest.raises(TypeError, match="a playlist takes"):
        Playlist("x", entries=(item,))
    with pytest.raises(TypeError, match="a playlist takes"):
        PlaylistEntry(item)
    assert len(playlist) == 1


@pytest.mark.parametrize("entries", [None, 3, Track("a")])
def test_entries_must_be_many(entries: Any) -> None:
    """What is no collection cannot be the entries."""
    with pytest.raises(TypeError):
        Playlist("x", entries=entries)


def test_entries_cannot_change_behind_the_playlists_back() -> None:
    """A list that was assigned is not the one that is kept."""
    items: list[Any] = [Track("a")]
    playlist = Playlist("x", entries=items)  # type: ignore[arg-type]
    items.append("no track")
    assert len(playlist.entries) == 1


@pytest.mark.parametrize("name", ["start_s", "cue_in_s", "cue_out_s", "gain_db", "fade_in_s", "fade_out_s"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e21])
def test_places_in_the_mix_are_numbers(name: str, value: Any) -> None:
    """An entry made by hand is checked like one from a file."""
    with pytest.raises(ConfigurationError, match=name):
        replace(PlaylistEntry(Track("a")), **{name: value})


@pytest.mark.parametrize("name", ["duration_s", "size_bytes"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -1, 1e21])
def test_expectations_are_numbers(name: str, value: Any) -> None:
    """A track made by hand cannot hold a length that no file has and no playlist file can hold."""
    with pytest.raises(ConfigurationError, match=name):
        replace(Track("a"), **{name: value})


def test_a_cue_out_before_the_cue_in() -> None:
    """A cue that ends before it starts is refused."""
    with pytest.raises(ConfigurationError, match="cue_out_s"):
        PlaylistEntry(Track("a"), cue_in_s=5, cue_out_s=5)


@pytest.mark.parametrize("known", [{}, {"cloud_track_id": "t"}, {"cloud_stream_path": "/x"}])
def test_a_source_needs_id_and_path(known: dict[str, str]) -> None:
    """Without id or stream path there is nothing to ask a server for."""
    assert Track("a", **known).source() is None  # type: ignore[arg-type]


def test_the_librarys_listing_is_what_the_wire_gives() -> None:
    """`ChadTrack` fulfils the library's Protocol although the two rooms do not know each other."""
    assert isinstance(_LISTED, CloudListing)
    assert issubclass(ChadTrack, JsonModel)
    assert {"title", "artist", "album", "duration_s"} <= {each.name for each in fields(ChadTrack)}


@pytest.mark.parametrize("value", [None, 5, b"a", ["a"]])
def test_names_are_strings(value: Any) -> None:
    """A title or name that is no string is refused where it is given, with the name of the field."""
    with pytest.raises(ConfigurationError, match="title must be a string"):
        Track(value)
    with pytest.raises(ConfigurationError, match="name must be a string"):
        Playlist(value)
    playlist = Playlist("x")
    with pytest.raises(ConfigurationError, match="name must be a string"):
        playlist.name = value
    assert playlist.name == "x"
