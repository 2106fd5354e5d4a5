"""Makes worlds: writes the audio and says what the server tells of it.

`make_world` is the mixed world of the harness, `plain_world` a field of alike tracks for tests and
benchmarks. The same arguments give the same world, byte for byte.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

from harness.audio import FORMATS, Tone, write_sized_wav, write_tone
from harness.recording import Recording
from harness.titles import name_of
from harness.variety import CONTENT_TYPES, RECIPES, UNSAID
from harness.world import (
    DEFAULT_PAGE_SIZE,
    DEFAULT_SEED,
    DEFAULT_TRACKS,
    MIN_TRACKS,
    LocalTrack,
    World,
    WorldPlaylist,
    WorldTrack,
)

__all__ = ["GONE_ID", "LOGIN_PAGE_ID", "TWICE_ID", "make_world", "plain_world"]

#: Recordings made at most; beyond that tracks share them, each under its own id and title.
MAX_RECORDINGS = 16
MAX_PLAIN_RECORDINGS = 64
SHORTEST_S = 2.0
LONGEST_S = 12.0
LONGEST_OF_MANY_S = 4.0
MANY_TRACKS = 200
MANY_PAGE_SIZE = 100
ENTRIES_WITH_TWICE = 5
LOWEST_TONE_HZ = 200
TONE_STEP_HZ = 45

LAST_MODIFIED = "Sat, 07 Nov 2026 08:00:00 GMT"

GONE_ID = "gone-404"
LOGIN_PAGE_ID = "login-page"
TWICE_ID = "trk-100"


def make_world(
    seed: int = DEFAULT_SEED, tracks: int = DEFAULT_TRACKS, folder: Path = Path("world"), *, local: int = 0
) -> World:
    """A world as a user has it: every format, awkward titles, a track that is gone, one behind a login page.

    The playlist ``friday`` and the local tracks together have `tracks` entries, among them the track that
    answers 404, the one that answers 200 with a web page, and, from five cloud entries on, one track twice.
    The playlist ``sunday`` holds the good tracks only.

    Args:
        seed: Decides lengths, tones and what the server keeps to itself.
        tracks: Entries of the mix, at least `MIN_TRACKS`.
        folder: Where the audio goes; made if need be.
        local: How many of the entries are files of the user's own.

    Raises:
        ValueError: Too few tracks, or so many local ones that fewer than three are in the cloud.
    """
    if tracks < MIN_TRACKS or not 0 <= local <= tracks - 3:
        raise ValueError(f"a world has at least {MIN_TRACKS} tracks, 3 of them in the cloud; asked for {tracks}")
    rng = random.Random(seed)
    longest_s = LONGEST_S if tracks <= MANY_TRACKS else LONGEST_OF_MANY_S
    recordings = _recordings(rng, min(tracks, MAX_RECORDINGS), folder / "audio", longest_s)
    rest = recordings[local % len(recordings) :] + recordings  # while there are enough, no recording twice
    cloud = _cloud_tracks(tracks - local, rest[: len(recordings)])
    ids = [track.id for track in cloud]
    if len(cloud) < tracks - local:
        ids.insert(len(ids) // 2 + 1, TWICE_ID)
    good = tuple(track.id for track in cloud if track.id not in {GONE_ID, LOGIN_PAGE_ID})
    return World(
        folder=folder,
        tracks=cloud,
        playlists=(
            WorldPlaylist("friday", "Friday Night", tuple(ids)),
            WorldPlaylist("sunday", "Sunday Morning", good),
        ),
        local=tuple(_local_track(number, recordings) for number in range(local)),
        token=f"access-{rng.getrandbits(64):016x}",
        refresh_token=f"refresh-{rng.getrandbits(64):016x}",
        page_size=MANY_PAGE_SIZE if tracks > MANY_TRACKS else DEFAULT_PAGE_SIZE,
    )


def plain_world(folder: Path, sizes_bytes: Sequence[int], *, page_size: int = MANY_PAGE_SIZE) -> World:
    """A world of 16-bit WAV tracks ``t-1``, ``t-2``, … of these sizes, in a playlist ``plain``.

    The first `MAX_PLAIN_RECORDINGS` have a tone each; after that, tracks of one size share files.

    Raises:
        ValueError: A size is odd or below 46.
    """
    audio = folder / "audio"
    audio.mkdir(parents=True, exist_ok=True)
    made: dict[tuple[int, int], Recording] = {}
    tracks = []
    for number, size_bytes in enumerate(sizes_bytes):
        tone = number % MAX_PLAIN_RECORDINGS
        if (size_bytes, tone) not in made:
            file = audio / f"{size_bytes}-{tone:02d}.wav"
            frequency_hz = LOWEST_TONE_HZ + TONE_STEP_HZ * tone
            made[size_bytes, tone] = write_sized_wav(file, size_bytes=size_bytes, frequency_hz=frequency_hz)
        tracks.append(_plain_track(number + 1, made[size_bytes, tone]))
    ids = tuple(track.id for track in tracks)
    return World(
        folder=folder,
        tracks=tuple(tracks),
        playlists=(WorldPlaylist("plain", "Plain", ids),),
        page_size=page_size,
    )


def _plain_track(number: int, recording: Recording) -> WorldTrack:
    track_id = f"t-{number}"
    path = f"/tracks/{number}/audio.wav"
    listing = _listing(track_id, path, (f"Plain {number:05d}", "Tone"), recording, content_type="audio/wav")
    return WorldTrack(track_id, path, listing, recording, content_type="audio/wav")


def _recordings(rng: random.Random, count: int, folder: Path, longest_s: float) -> list[Recording]:
    folder.mkdir(parents=True, exist_ok=True)
    tones = [LOWEST_TONE_HZ + TONE_STEP_HZ * step for step in range(count)]
    rng.shuffle(tones)
    recordings = []
    for number, (name, rate, channels) in enumerate(islice(cycle(RECIPES), count)):
        tone = Tone(name, tones[number], round(rng.uniform(SHORTEST_S, longest_s), 2), rate, channels)
        recordings.append(write_tone(folder / f"{number:02d}.{FORMATS[name].extension}", tone))
    return recordings


def _local_track(number: int, recordings: Sequence[Recording]) -> LocalTrack:
    recording = recordings[number % len(recordings)]
    title, artist = name_of(number)
    return LocalTrack(f"{title} (Own Copy)", artist or "Me", recording)


def _cloud_tracks(entries: int, recordings: Sequence[Recording]) -> tuple[WorldTrack, ...]:
    """One track per entry, but one less from five on: there a track is listed twice."""
    count = entries if entries < ENTRIES_WITH_TWICE else entries - 1
    gone, login_page = count // 3, 2 * count // 3
    tracks = [_good_track(number, recordings[number % len(recordings)]) for number in range(count)]
    tracks[gone] = _gone_track(tracks[gone])
    tracks[login_page] = _login_page_track(tracks[login_page])
    return tuple(tracks)


def _good_track(number: int, recording: Recording) -> WorldTrack:
    track_id = f"trk-{100 + number}"
    extension = recording.file.suffix.lstrip(".")
    bare_path = number % 3 == 1
    path = f"/api/stream/{track_id}" if bare_path else f"/tracks/{track_id}/audio.{extension}"
    said_types = CONTENT_TYPES[extension]
    content_type = said_types[number // 2 % len(said_types)]
    listing = _listing(track_id, path, name_of(number), recording, content_type=content_type)
    return WorldTrack(
        id=track_id,
        stream_path=path,
        listing={key: value for key, value in listing.items() if key not in UNSAID[number % len(UNSAID)]},
        recording=recording,
        content_type=content_type,
        content_disposition=_disposition(number, extension) if bare_path else None,
        last_modified=LAST_MODIFIED if number % 4 == 0 else None,
        repr_digest=number % 3 != 0,
    )


def _gone_track(good: WorldTrack) -> WorldTrack:
    listing = {"id": GONE_ID, "title": "Gone With the Server", "artist": "The 404s", "durationSeconds": 211.5}
    path = f"/tracks/{GONE_ID}/audio.mp3"
    return replace(good, id=GONE_ID, stream_path=path, listing={**listing, "streamPath": path}, recording=None)


def _login_page_track(good: WorldTrack) -> WorldTrack:
    path = f"/tracks/{LOGIN_PAGE_ID}/audio.wav"
    listing = {
        "id": LOGIN_PAGE_ID,
        "title": "Members Only",
        "artist": "Doorkeeper",
        "contentType": "audio/wav",
    }
    script = ({"html": "text/html; charset=utf-8", "always": True},)
    return replace(good, id=LOGIN_PAGE_ID, stream_path=path, listing={**listing, "streamPath": path}, faults=script)


def _listing(
    track_id: str, path: str, name: tuple[str, str | None], recording: Recording, *, content_type: str
) -> dict[str, object]:
    title, artist = name
    return {
        "id": track_id,
        "title": title,
        "artist": artist,
        "album": None,
        "durationSeconds": round(recording.duration_s, 3),
        "streamPath": path,
        "sizeBytes": recording.size_bytes,
        "contentType": content_type,
        "revision": f"r{recording.sha256[:8]}",
        "sha256": recording.sha256,
        "plays": recording.size_bytes % 1000,  # a field that no client knows yet
    }


def _disposition(number: int, extension: str) -> str:
    plain = f'attachment; filename="take {number}.{extension}"'
    return plain if number % 2 else f"{plain}; filename*=UTF-8''%C3%9Cbung%20{number}.{extension}"
