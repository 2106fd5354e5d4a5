"""Tests of M3U playlists and of single M3U lines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chadsdk.errors import DataError, Reason
from chadsdk.extm3u import extinf
from chadsdk.library import Playlist, PlaylistEntry, Problem, Track
from chadsdk.text import one_line
from tests.values.support import in_time

_HOSTILE_NAMES = [
    "plain.wav",
    "ümläut 日本.flac",
    "two\nlines.wav",
    "carriage\rreturn.wav",
    "back\\slash.wav",
    "#comment.wav",
    "#EXTINF:1,x.wav",
    "#CHADSDK-TRACK:{}.wav",
    " leading.wav",
    "trailing .wav ",
    "\u3000wide.wav",
    "http:",
    "file:",
    "C:x.wav",
    "~home.wav",
    "%41.wav",
    "a?b#c.wav",
    "[bracket].wav",
    "\ufeffmark.wav",
    os.fsdecode(b"caf\xe9.wav"),
]


def _read(tmp_path: Path, data: bytes | str, name: str = "mix.m3u8") -> Playlist:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return Playlist.from_m3u(path)


def _round_trip(tmp_path: Path, *tracks: Track, name: str = "x") -> Playlist:
    Playlist(name, entries=tuple(map(PlaylistEntry, tracks))).to_m3u(tmp_path / "mix.m3u8")
    return Playlist.from_m3u(tmp_path / "mix.m3u8")


@pytest.mark.parametrize("name", _HOSTILE_NAMES, ids=ascii)
@pytest.mark.parametrize("folder", ["", "sub", "../beside"])
def test_file_names_survive(tmp_path: Path, name: str, folder: str) -> None:
    """Whatever a file is called, and wherever it lies, the playlist still names that file, in one entry."""
    file = tmp_path / "lists" / folder / name
    (tmp_path / "lists").mkdir()
    again = _round_trip(tmp_path / "lists", Track("a", file=file), Track("b", file=tmp_path / "b.wav"))
    assert [os.path.normpath(entry.track.file or "") for entry in again] == [
        os.path.normpath(file),
        str(tmp_path / "b.wav"),
    ]


def test_any_file_name_survives(tmp_path: Path) -> None:
    """The same for any name that a file system takes."""
    names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=12)

    @given(names.filter(lambda name: name not in {".", ".."}))
    def check(name: str) -> None:
        again = _round_trip(tmp_path, Track("a", file=tmp_path / name))
        assert [entry.track.file for entry in again] == [tmp_path / name]

    check()


def test_cloud_tracks_survive(tmp_path: Path) -> None:
    """A cloud track comes back with all that is known of it, its problem and its own file included."""
    tracks = [
        Track("Night\nDrive", "A", "B", 8.5, None, "s", "t-1", "/t/1", 99, "r", "ab" * 32, "audio/wav"),
        Track("both", file=tmp_path / "a.wav", cloud_track_id="t-2", cloud_stream_path="/2"),
        Track("bad", problem=Problem(Reason.PROTOCOL, "malformed\n#EXTM3U")),
        Track("nothing known"),
        Track("x" * 200_000, cloud_track_id="t-3", cloud_stream_path="/3"),
    ]
    assert [entry.track for entry in _round_trip(tmp_path, *tracks)] == tracks


@given(st.text(max_size=30), st.none() | st.text(max_size=30), st.none() | st.floats(0, 1e9))
def test_a_label_is_one_line(title: str, artist: str | None, duration_s: float | None) -> None:
    """No title can start a line of its own, by whatever a reader takes for the end of a line."""
    assert len(extinf(title, artist, duration_s).splitlines()) == 1
    assert one_line(one_line(title)) == one_line(title)


def test_the_line_of_a_track() -> None:
    """Seconds are whole, and an unknown length is -1."""
    assert extinf("T", "A", 8.6) == "#EXTINF:9,A - T"
    assert extinf("T", None, None) == "#EXTINF:-1,T"


def test_what_a_player_finds(tmp_path: Path) -> None:
    """Players find relative paths with forward slashes, and cloud tracks only as comments."""
    mix = Playlist("Fri\nday")
    mix.add(Track("T", "A", duration_s=3, file=tmp_path / "in" / "a.wav"))
    mix.add(Track("C", cloud_track_id="t", cloud_stream_path="/t"))
    mix.to_m3u(tmp_path / "mix.m3u8")
    lines = (tmp_path / "mix.m3u8").read_text(encoding="utf-8").splitlines()
    assert lines[:5] == ["#EXTM3U", "#PLAYLIST:Fri day", "#EXTINF:3,A - T", "in/a.wav", "#EXTINF:-1,C"]
    assert lines[5].startswith("#CHADSDK-TRACK:{")
    assert len(lines) == 6


def test_titles_and_lengths_are_read(tmp_path: Path) -> None:
    """Artist, title and length come from the line before the file; without one the file's name is the title."""
    data = '#EXTM3U\r\n#EXTINF:12.5 tvg-id="x",A - B - C\r\na.wav\r\n#EXTINF:-1,Solo\nb.wav\rc.wav\n\n#EXTINF:x\nd.wav'
    found = [(each.track.artist, each.track.title, each.track.duration_s) for each in _read(tmp_path, data)]
    assert found == [("A", "B - C", 12.5), (None, "Solo", None), (None, "c", None), (None, "d", None)]


def test_the_playlists_name(tmp_path: Path) -> None:
    """It is in the file, or else it is the file's."""
    assert _read(tmp_path, "#EXTM3U\n#PLAYLIST: Friday \n").name == "Friday"
    assert _read(tmp_path, "#EXTM3U\n#PLAYLIST:\n", "sat.m3u").name == "sat"


def test_old_playlists_are_latin_1(tmp_path: Path) -> None:
    """A file that is not UTF-8 is read as Latin-1, as old ``.m3u`` files are."""
    assert _read(tmp_path, b"caf\xe9.wav\n", "old.m3u").entries[0].track.file == tmp_path / "café.wav"


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    """A mark in front of the first line does no harm."""
    assert _read(tmp_path, b"\xef\xbb\xbfa.wav\n").entries[0].track.file == tmp_path / "a.wav"


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("file:///music/a%20b.wav", "/music/a b.wav"),
        ("file://localhost/music/a.wav", "/music/a.wav"),
        ("FILE:///music/%C3%A4.wav", "/music/ä.wav"),
        ("file:///music/caf%E9.wav", os.fsdecode(b"/music/caf\xe9.wav")),
        ("file:///music/a#b?c.wav", "/music/a#b?c.wav"),
        ("file://[bad/a.wav", "/a.wav"),
        ("sub\\a.wav", "LIST/sub/a.wav"),
        ("./a.wav", "LIST/a.wav"),
        ("/abs/a.wav", "/abs/a.wav"),
    ],
)
def test_spellings_of_a_file(tmp_path: Path, line: str, file: str) -> None:
    """File addresses, Windows separators and plain paths name the file that their writer meant."""
    found = _read(tmp_path, line).entries[0].track.file
    assert found == Path(file.replace("LIST", str(tmp_path)))


@pytest.mark.parametrize("scheme", ["http", "https", "rtsp", "spotify"])
def test_a_web_address_is_a_missing_entry(tmp_path: Path, scheme: str) -> None:
    """An entry that names an address stays visible, and shows neither its user nor its query."""
    track = _read(tmp_path, f"{scheme}://canary:canary@radio.example/live?token=canary\n").entries[0].track
    assert track.file is None
    assert track.problem is not None
    assert track.problem.reason is Reason.NO_SOURCE
    assert "radio.example/live" in track.problem.detail
    assert "canary" not in str(track)


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    """A NUL in a name is an entry that is missing, not a crash later on."""
    for line in ("a\0b.wav", "file:///a%00b.wav"):
        track = _read(tmp_path, line).entries[0].track
        assert track.file is None
        assert track.problem is not None


@pytest.mark.parametrize(
    "comment", ["{", "[]", "null", '{"title": 3}', '{"title": "a", "sizeBytes": -1}', "[" * 99_999]
)
def test_a_malformed_cloud_comment_names_its_line(tmp_path: Path, comment: str) -> None:
    """What is wrong in a comment of ours is one `DataError` with the line's number."""
    with pytest.raises(DataError) as caught:
        _read(tmp_path, f"#EXTM3U\n#CHADSDK-TRACK:{comment}\n")
    assert "line 2" in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "#EXTINF:" + "1" * 1_000_000,
        "#EXTINF:" + " " * 1_000_000,
        "#EXTINF:" + "1." * 500_000,
        "#EXTINF:" + "9" * 400 + ",x",
    ],
    ids=["digits", "spaces", "points", "infinity"],
)
def test_hostile_length_lines(tmp_path: Path, line: str) -> None:
    """A line made to keep a pattern busy, or to be an infinite length, costs nothing and is read as no length."""
    track = in_time(lambda: _read(tmp_path, f"{line}\na.wav\n")).entries[0].track
    assert track.duration_s is None
    assert track.file == tmp_path / "a.wav"


def test_any_file_at_all(tmp_path: Path) -> None:
    """Any bytes are a playlist or a `DataError`, and what was read can be written."""
    lines = st.sampled_from(
        [b"#EXTM3U", b"#EXTINF:", b"#CHADSDK-TRACK:", b"file://", b"http://", b"\n", b"\r", b"{}", b"[", b"1"]
    )

    @given(st.lists(lines | st.binary(max_size=6)).map(b"".join))
    def check(data: bytes) -> None:
        try:
            playlist = _read(tmp_path, data)
        except DataError:
            return
        playlist.to_m3u(tmp_path / "again.m3u8")
        playlist.save(tmp_path / "again.json")
        assert len(Playlist.load(tmp_path / "again.json")) == len(playlist)
        assert len(Playlist.from_m3u(tmp_path / "again.m3u8")) == len(playlist)

    check()


def test_a_web_address_that_is_none_has_a_title_all_the_same(tmp_path: Path) -> None:
    """A bracket that opens no IPv6 address is no reason to give up the playlist."""
    track = _read(tmp_path, "http://[\n").entries[0].track
    assert track.title == "Web address"
    assert track.problem is not None
