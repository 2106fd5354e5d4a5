"""Tests of playlists in JSON, and of what no model holds."""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chadsdk.errors import ConfigurationError, DataError, Reason, StorageError
from chadsdk.library import Playlist, PlaylistEntry, Problem, Track
from chadsdk.source import CloudSource
from chadsdk.wire import ChadTrack
from tests.values.support import any_json, in_time

_ENTRY_KEYS = (
    "startSeconds",
    "cueInSeconds",
    "cueOutSeconds",
    "gainDb",
    "fadeInSeconds",
    "fadeOutSeconds",
)

_WRITABLE = st.characters(exclude_categories=["Cs"])
_words = st.text(_WRITABLE, max_size=20)
_seconds = st.floats(0, 1e6)
_ids = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
_names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=20).filter(
    lambda name: name not in {".", ".."}
)
_problems = st.builds(Problem, st.sampled_from(Reason), _words)
_tracks = st.builds(
    Track,
    title=_words,
    artist=st.none() | _words,
    album=st.none() | _words,
    duration_s=st.none() | _seconds,
    file=st.none() | st.builds(lambda folder, name: Path("/music", folder, name), _names, _names),
    cloud_server=_words,
    cloud_track_id=st.none() | _ids,
    cloud_stream_path=st.none() | _words,
    size_bytes=st.none() | st.integers(0, 2**63 - 1),
    revision=st.none() | _words,
    sha256=st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex),
    content_type=st.none() | _words,
    problem=st.none() | _problems,
)
_entries = st.builds(
    PlaylistEntry,
    track=_tracks,
    start_s=st.none() | _seconds,
    cue_in_s=st.none() | st.floats(0, 10),
    cue_out_s=st.none() | st.floats(11, 20),
    gain_db=st.none() | st.floats(-60, 12),
    fade_in_s=st.none() | _seconds,
    fade_out_s=st.none() | _seconds,
)
_playlists = st.builds(
    Playlist,
    name=_words,
    entries=st.lists(_entries, max_size=3).map(tuple),
    tempo_bpm=st.none() | st.floats(1, 300),
    crossfade_s=_seconds,
)


@pytest.mark.parametrize("model", [Track, PlaylistEntry, Playlist, ChadTrack, CloudSource, Problem])
def test_no_model_has_a_place_for_a_cached_file(model: type) -> None:
    """The path of a cached file is derived, never stored: the only path in any model is the user's own file."""
    hints = get_type_hints(model)
    paths = {name for name, hint in hints.items() if "Path" in str(hint)}
    assert paths == ({"file"} if model is Track else set())
    assert not [name for name in hints if re.search(r"cache|download|url|token", name)]


@given(_playlists)
def test_json_round_trip(playlist: Playlist) -> None:
    """A playlist reads back from its JSON as it was, with every field of every entry."""
    assert Playlist.from_json(playlist.to_json()) == playlist
    assert Playlist.from_dict(playlist.to_dict()) == playlist


def test_save_and_load(tmp_path: Path) -> None:
    """A playlist file gives back what was saved, with every field of every entry, whatever the titles."""
    path = tmp_path / "mix.json"

    @given(_playlists)
    def check(playlist: Playlist) -> None:
        playlist.save(path)
        assert Playlist.load(path) == playlist == Playlist.open(path)

    check()


@given(_entries)
def test_entries_in_json_are_camel_case(entry: PlaylistEntry) -> None:
    """The keys in a file are camelCase, and each field has one."""
    written = entry.to_dict()
    assert set(written) == {"track", *_ENTRY_KEYS}
    assert set(written["track"]) == {
        "title", "artist", "album", "durationSeconds", "file", "cloudServer", "cloudTrackId", "cloudStreamPath",
        "sizeBytes", "revision", "sha256", "contentType", "problem",
    }  # fmt: skip


def test_files_beside_the_playlist_are_relative(tmp_path: Path) -> None:
    """A folder that holds a playlist and its files can be moved; files elsewhere keep their whole path."""
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    elsewhere = tmp_path / "other" / "b.wav"
    mix = Playlist("x", entries=(PlaylistEntry(Track("a", file=before / "in" / "ä.wav")), _entry_of(elsewhere)))
    mix.save(before / "mix.json")
    before.rename(after)
    assert [entry.track.file for entry in Playlist.load(after / "mix.json")] == [after / "in" / "ä.wav", elsewhere]


def _entry_of(file: Path) -> PlaylistEntry:
    return PlaylistEntry(Track("b", file=file))


def test_a_relative_file_starts_where_the_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path in memory is relative to the working folder; saving and loading elsewhere keeps its meaning."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lists").mkdir()
    Playlist("x", entries=(_entry_of(Path("b.wav")),)).save("lists/mix.json")
    assert Playlist.load("lists/mix.json").entries[0].track.file == tmp_path / "b.wav"


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    """A file whose name is not UTF-8 is the same file after save and load."""
    file = tmp_path / os.fsdecode(b"caf\xe9.wav")
    Playlist("x", entries=(_entry_of(file),)).save(tmp_path / "mix.json")
    assert Playlist.load(tmp_path / "mix.json").entries[0].track.file == file


@pytest.mark.parametrize("name", ["mix.json", "mix.m3u8"])
def test_a_failed_save_keeps_the_old_file(tmp_path: Path, name: str) -> None:
    """A playlist that cannot be written leaves the old one, and nothing else."""
    path = tmp_path / name
    path.mkdir()
    with pytest.raises(StorageError, match="Is a directory"):
        Playlist("x").save(path) if name == "mix.json" else Playlist("x").to_m3u(path)
    assert list(tmp_path.iterdir()) == [path]


_ENTRY = {"track": {"title": "a"}}
_BAD_SECONDS: list[Any] = ["1", True, math.nan, math.inf, [], 10**400]


def _at(key: str, value: object) -> tuple[Any, str]:
    return {"name": "x", "entries": [{**_ENTRY, key: value}]}, f"entries[0].{key}"


_MALFORMED: list[tuple[Any, str]] = [
    ([], ""),
    ({}, "name"),
    ({"name": None}, "name"),
    ({"name": 7}, "name"),
    ({"name": "x", "entries": {}}, "entries"),
    ({"name": "x", "entries": [_ENTRY, 3]}, "entries[1]"),
    ({"name": "x", "entries": [{}]}, "entries[0].track"),
    ({"name": "x", "entries": [{"track": None}]}, "entries[0].track"),
    ({"name": "x", "entries": [_ENTRY, _ENTRY, {"track": {"title": 1}}]}, "entries[2].track.title"),
    ({"name": "x", "entries": [{"track": {"title": "a", "sizeBytes": -1}}]}, "entries[0].track.sizeBytes"),
    ({"name": "x", "entries": [{"track": {"title": "a", "file": ""}}]}, "entries[0].track.file"),
    ({"name": "x", "entries": [{"track": {"title": "a", "file": "a\0b"}}]}, "entries[0].track.file"),
    ({"name": "x", "entries": [{"track": {"title": "a", "file": "a\ud800"}}]}, "entries[0].track.file"),
    ({"name": "x", "entries": [{"track": {"title": "a", "file": 7}}]}, "entries[0].track.file"),
    (
        {"name": "x", "entries": [{"track": {"title": "a", "problem": {"reason": "bad luck", "detail": ""}}}]},
        "entries[0].track.problem.reason",
    ),
    *(_at(key, value) for key in _ENTRY_KEYS for value in _BAD_SECONDS),
    *(_at(key, -1) for key in _ENTRY_KEYS if key != "gainDb"),
    ({"name": "x", "entries": [{**_ENTRY, "cueInSeconds": 5, "cueOutSeconds": 4}]}, "entries[0]"),
    ({"name": "x", "tempoBpm": 0}, "tempoBpm"),
    ({"name": "x", "crossfadeSeconds": -1}, "crossfadeSeconds"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "place"), _MALFORMED, ids=lambda value: ascii(value)[-40:])
def test_a_malformed_playlist_names_the_place(value: object, place: str) -> None:
    """Each thing that is wrong in a playlist gives one `DataError` that names where."""
    with pytest.raises(DataError) as caught:
        Playlist.from_dict(value)
    assert caught.value.place == place


def test_a_malformed_file_is_named(tmp_path: Path) -> None:
    """The error of a playlist file names the file and the place in it."""
    path = tmp_path / "friday.json"
    path.write_text('{"name": "x", "entries": [{"track": {"title": 3}}]}')
    with pytest.raises(DataError, match=r"^friday\.json: entries\[0\]\.track\.title: expected a string, got 3$"):
        Playlist.load(path)


@pytest.mark.parametrize("name", ["huge.json", "huge.m3u8"])
def test_a_file_beyond_the_limit(tmp_path: Path, name: str) -> None:
    """A playlist file of more than 64 MiB is refused before it is parsed."""
    path = tmp_path / name
    with path.open("wb") as stream:
        stream.truncate(200 * 1024 * 1024)
    with pytest.raises(DataError, match="larger than the limit"):
        Playlist.open(path)


@pytest.mark.parametrize("path", ["not-there.json", ".", "a\0b.json", "x.txt", "x", "not-there.m3u"])
def test_a_file_that_cannot_be_read(tmp_path: Path, path: str) -> None:
    """A playlist that is not there, or not a playlist by its name, is the caller's mistake, said clearly."""
    with pytest.raises(ConfigurationError):
        Playlist.open(tmp_path / path)


@given(any_json("name", "entries", "track", "title", "file", "tempoBpm", "problem", "reason", *_ENTRY_KEYS))
def test_any_json_as_a_playlist(value: object) -> None:
    """Any JSON text, also with NaN and half characters in it, is a playlist or a `DataError`."""
    try:
        playlist = Playlist.from_json(json.dumps(value))
    except DataError:
        return
    assert Playlist.from_json(playlist.to_json()) == playlist


@given(any_json("track", "title", "file", "cloudTrackId", "problem", "reason", "detail", *_ENTRY_KEYS))
def test_any_json_as_an_entry(value: object) -> None:
    """Any JSON value is an entry or a `DataError`."""
    try:
        entry = PlaylistEntry.from_dict({"track": {"title": "a"}, **value} if isinstance(value, dict) else value)
    except DataError:
        return
    assert isinstance(entry.track, Track)


@pytest.mark.parametrize("suffix", ["json", "m3u8"])
def test_a_fifo_is_no_playlist_and_is_not_waited_on(tmp_path: Path, suffix: str) -> None:
    """Nobody may ever write to it: refused at once."""
    fifo = tmp_path / f"friday.{suffix}"
    os.mkfifo(fifo)
    with pytest.raises(ConfigurationError, match="not a regular file"):
        in_time(lambda: Playlist.open(fifo))


@pytest.mark.parametrize("write", [Playlist.save, Playlist.to_m3u], ids=["json", "m3u8"])
@pytest.mark.parametrize("name", ["no-such-folder/a", "a\0b", "a\ud800"], ids=ascii)
def test_a_playlist_that_cannot_be_written(tmp_path: Path, write: Any, name: str) -> None:
    """Whatever the file system refuses, a name that it cannot spell included, is one `StorageError` with the path."""
    with pytest.raises(StorageError, match="Cannot write") as caught:
        write(Playlist("x"), tmp_path / name)
    assert caught.value.path == tmp_path / name
    assert list(tmp_path.iterdir()) == []
