"""Playlists in M3U and JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from chadsdk.errors import DataError
from chadsdk.library import Playlist, Track, m3u
from harness.titles import NAMES
from tests.fuzz.target import Target, edited

__all__ = ["TARGET"]

_FOLDER = Path("/music/lists")
_TRACK = {
    "title": "Night Drive",
    "artist": "Mira Solano",
    "album": None,
    "durationSeconds": 8.5,
    "file": "Audio/night.wav",
    "cloudServer": "music.example",
    "cloudTrackId": "t-1",
    "cloudStreamPath": "/t-1",
    "sizeBytes": 7,
    "revision": "r7",
    "sha256": "ab" * 32,
    "contentType": "audio/wav",
    "problem": {"reason": "network", "detail": "No connection."},
}
_ENTRY = {
    "track": _TRACK,
    "startSeconds": 1.0,
    "cueInSeconds": 0.5,
    "cueOutSeconds": 7.5,
    "gainDb": -3.0,
    "fadeInSeconds": 0.5,
    "fadeOutSeconds": None,
}
_PLAYLIST = {"name": "Friday", "entries": [_ENTRY, _ENTRY], "tempoBpm": 124.0, "crossfadeSeconds": 4.0}


def _take(data: bytes) -> None:
    if data[:1] < b"\x80":
        _take_m3u(data)
    else:
        _take_json(data[1:])


def _take_m3u(data: bytes) -> None:
    try:
        name, tracks = m3u.parse(data, folder=_FOLDER, document="x.m3u8")
    except DataError as exc:
        assert exc.document.startswith("x.m3u8")
        return
    assert len(tracks) <= data.count(b"\n") + data.count(b"\r") + 1
    for track in tracks:
        assert track.file is None or "\0" not in str(track.file)
        assert track.duration_s is None or 0 <= track.duration_s < 1e13
    written = m3u.render(name or "x", tracks, folder=_FOLDER).encode("utf-8", "replace")
    _, again = m3u.parse(written, folder=_FOLDER, document="again")
    assert [_identity(track) for track in again] == [_identity(track) for track in tracks]


def _identity(track: Track) -> tuple[object, ...]:
    # POSIX leaves open what two slashes at the front are; to Linux they are one.
    file = None if track.file is None else os.path.normpath(_FOLDER / track.file).replace("//", "/")
    return file, track.cloud_track_id, track.cloud_stream_path, track.problem is None


def _take_json(data: bytes) -> None:
    try:
        playlist = Playlist.from_dict(edited(_PLAYLIST, data))
    except DataError:
        return
    assert Playlist.from_json(playlist.to_json()) == playlist
    text = m3u.render(playlist.name, [entry.track for entry in playlist], folder=_FOLDER)
    _, tracks = m3u.parse(text.encode("utf-8", "replace"), folder=_FOLDER, document="again")
    assert len(tracks) == len(playlist)


def _seeds() -> Iterator[bytes]:
    tracks = [Track(title, artist, file=_FOLDER / f"{title}.wav".replace("/", "_")) for title, artist in NAMES]
    cloud = Track("Cloud", cloud_track_id="t-1", cloud_stream_path="/t-1", size_bytes=7)
    yield m3u.render("Friday", [*tracks[:3], cloud], folder=_FOLDER).encode()
    yield m3u.render("Friday", tracks[3:8], folder=_FOLDER).encode()
    yield b'#EXTM3U\r\n#EXTINF:12.5 group="x",A - B\r\nC:\\Music\\a.mp3\r\nfile:///music/%41.wav\r\nhttps://[x/y?z\r\n'
    yield b"\xef\xbb\xbf../a/../b.wav\n~/c.wav\n#PLAYLIST:  \n\xe9.wav\n"
    yield b"\x80" + json.dumps(_PLAYLIST)[:40].encode()
    yield from (bytes([0x80, 1, place, 0]) + word for place in range(3) for word in (b"\0", b'"a"', b"1e309", b"[]"))


TARGET = Target(
    take=_take,
    seeds=_seeds,
    words=(
        *(b"#CHADSDK-TRACK:", b"#EXTINF:", b"#PLAYLIST:", b"file://", b"http://[", b"%00", b"\\\\", b'{"title":"'),
        *tuple(f'"{key}":'.encode() for key in _TRACK),
    ),
)
