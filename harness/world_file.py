"""Keeps a world as a JSON file, audio paths relative to it, and reads one that a person wrote.

Shape::

    {"schema": "harness.world/1", "token": "…", "refresh_token": "…", "page_size": 5, "token_requests": null,
     "recordings": [{"file": "audio/01.wav", …facts, found in the file where they are left out…}],
     "tracks": [{"listing": {…ChadTrack…}, "recording": 0, "content_type": "audio/x-wav",
                 "faults": [{"cut_body": 0.4}, "ok"]}],
     "playlists": [{"id": "friday", "name": "Friday Night", "track_ids": ["t-1"]}],
     "local": [{"title": "…", "artist": "…", "recording": 1}],
     "path_faults": {"/api/playlists/friday": [{"status": 503}]}}

Only ``playlists`` are needed, ``file`` of a recording, and ``listing`` of a track. A track whose listing lies about its
id or its path says the true ones in ``id`` and ``stream_path``; more of a track: `WorldTrack`. No other keys are taken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from harness.recording import Recording, sha256_of
from harness.world import (
    DEFAULT_PAGE_SIZE,
    FaultScript,
    LocalTrack,
    World,
    WorldPlaylist,
    WorldTrack,
)
from harness.world_values import (
    WorldFileError,
    counted,
    items,
    measured,
    optional,
    server_path,
    typed,
    with_known_keys,
)

__all__ = ["SCHEMA", "WorldFileError", "fault_script", "load_world", "save_world"]

SCHEMA = "harness.world/1"
KEYS = (
    "schema",
    "token",
    "refresh_token",
    "page_size",
    "token_requests",
    "recordings",
    "tracks",
    "playlists",
    "local",
    "path_faults",
)
RECORDING_KEYS = tuple(each.name for each in fields(Recording))
TRACK_KEYS = tuple(each.name for each in fields(WorldTrack))
PLAYLIST_KEYS = tuple(each.name for each in fields(WorldPlaylist))
LOCAL_KEYS = tuple(each.name for each in fields(LocalTrack))


def save_world(world: World, file: Path) -> Path:
    """Write a world as JSON, with audio paths relative to the file where it lies above them."""
    recordings = _distinct_recordings(world)
    place = {recording: number for number, recording in enumerate(recordings)}
    document = {
        "schema": SCHEMA,
        "token": world.token,
        "refresh_token": world.refresh_token,
        "page_size": world.page_size,
        "token_requests": world.token_requests,
        "recordings": [_recording_json(recording, file.parent) for recording in recordings],
        "tracks": [_track_json(track, place) for track in world.tracks],
        "playlists": [
            {"id": playlist.id, "name": playlist.name, "track_ids": playlist.track_ids} for playlist in world.playlists
        ],
        "local": [
            {"title": local.title, "artist": local.artist, "recording": place[local.recording]} for local in world.local
        ],
        "path_faults": dict(world.path_faults),
    }
    # Half a character, which a hostile listing may hold, becomes its own JSON escape.
    file.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8", errors="backslashreplace")
    return file


def load_world(file: Path) -> World:
    """Read a world file; facts of a recording that it leaves out are found in the audio file.

    Raises:
        WorldFileError: The file cannot be read, is no JSON, or holds something else than a world.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as exc:
        raise WorldFileError(f"{file}: {exc}") from exc
    try:
        return _world(with_known_keys(document, "the file", KEYS), file.parent)
    except WorldFileError as exc:
        raise WorldFileError(f"{file}: {exc}") from exc


def fault_script(value: object, place: str = "faults") -> FaultScript:
    """A fault script from JSON; whether the behaviours exist is the server's to say.

    Raises:
        WorldFileError: It is no list of names and objects.
    """
    entries = typed(value, place, list)
    for number, entry in enumerate(entries):
        if not isinstance(entry, str | dict):
            raise WorldFileError(f"{place}[{number}]: expected a name or an object, got {json.dumps(entry)}")
    return tuple(entries)


def _distinct_recordings(world: World) -> list[Recording]:
    used = [track.recording for track in world.tracks if track.recording]
    return list(dict.fromkeys([*used, *(local.recording for local in world.local)]))


def _recording_json(recording: Recording, folder: Path) -> dict[str, object]:
    inside = recording.file.is_relative_to(folder)
    return {
        "file": (recording.file.relative_to(folder) if inside else recording.file.resolve()).as_posix(),
        "format": recording.format,
        "duration_s": recording.duration_s,
        "sample_rate_hz": recording.sample_rate_hz,
        "channels": recording.channels,
        "frequency_hz": recording.frequency_hz,
        "size_bytes": recording.size_bytes,
        "sha256": recording.sha256,
    }


def _track_json(track: WorldTrack, place: Mapping[Recording, int]) -> dict[str, object]:
    return {
        "id": track.id,
        "stream_path": track.stream_path,
        "listing": track.listing,
        "recording": place[track.recording] if track.recording else None,
        "content_type": track.content_type,
        "content_disposition": track.content_disposition,
        "last_modified": track.last_modified,
        "repr_digest": track.repr_digest,
        "faults": list(track.faults),
        "head_faults": list(track.head_faults),
    }


def _world(document: Mapping[str, object], folder: Path) -> World:
    recordings = [_recording(item, where, folder) for item, where in items(document, "recordings", RECORDING_KEYS)]
    if document.get("schema", SCHEMA) != SCHEMA:
        raise WorldFileError(f'schema: expected "{SCHEMA}", got {json.dumps(document["schema"])[:80]}')
    path_faults = typed(document.get("path_faults", {}), "path_faults", Mapping)
    requests = document.get("token_requests")
    world = World(
        folder=folder,
        tracks=tuple(_track(item, where, recordings) for item, where in items(document, "tracks", TRACK_KEYS)),
        playlists=tuple(_playlist(item, where) for item, where in items(document, "playlists", PLAYLIST_KEYS)),
        local=tuple(_local(item, where, recordings) for item, where in items(document, "local", LOCAL_KEYS)),
        token=typed(document.get("token", "access-0"), "token", str),
        refresh_token=typed(document.get("refresh_token", "refresh-0"), "refresh_token", str),
        page_size=typed(document.get("page_size", DEFAULT_PAGE_SIZE), "page_size", int),
        token_requests=None if requests is None else counted(requests, "token_requests"),
        path_faults={
            server_path(path, f"path_faults[{path}]"): fault_script(entries, f"path_faults[{path}]")
            for path, entries in path_faults.items()
        },
    )
    _check(world)
    return world


def _check(world: World) -> None:
    """Refuse what fits its type and still is no world."""
    if world.page_size < 1:
        raise WorldFileError(f"page_size: at least 1, not {world.page_size}")
    if not world.playlists:
        raise WorldFileError("playlists: a world has one at least")
    known = {track.id for track in world.tracks}
    if len(known) < len(world.tracks) or len({track.stream_path for track in world.tracks}) < len(world.tracks):
        raise WorldFileError("tracks: two have one id, or one stream path")
    if len({playlist.id for playlist in world.playlists}) < len(world.playlists):
        raise WorldFileError("playlists: two have one id")
    for number, playlist in enumerate(world.playlists):
        for track_id in playlist.track_ids:
            if track_id not in known:
                raise WorldFileError(f"playlists[{number}].track_ids: there is no track {json.dumps(track_id)[:80]}")


def _recording(item: Mapping[str, object], where: str, folder: Path) -> Recording:
    file = folder / typed(item.get("file"), f"{where}.file", str)
    said_sha256 = optional(item.get("sha256"), f"{where}.sha256", str)
    try:
        size_bytes = file.stat().st_size
        sha256 = said_sha256 or sha256_of(file)
    except FileNotFoundError:
        raise WorldFileError(f"{where}.file: there is no file {json.dumps(str(file))}") from None
    except (OSError, ValueError) as exc:
        raise WorldFileError(f"{where}.file: {exc.strerror if isinstance(exc, OSError) else exc}") from exc
    return Recording(
        file=file,
        format=typed(item.get("format", file.suffix.lstrip(".")), f"{where}.format", str),
        duration_s=measured(item.get("duration_s", 0.0), f"{where}.duration_s"),
        sample_rate_hz=counted(item.get("sample_rate_hz", 0), f"{where}.sample_rate_hz"),
        channels=counted(item.get("channels", 0), f"{where}.channels"),
        frequency_hz=measured(item.get("frequency_hz", 0.0), f"{where}.frequency_hz"),
        size_bytes=size_bytes if item.get("size_bytes") is None else counted(item["size_bytes"], f"{where}.size_bytes"),
        sha256=sha256,
    )


def _track(item: Mapping[str, object], where: str, recordings: list[Recording]) -> WorldTrack:
    if "listing" not in item:
        raise WorldFileError(f"{where}.listing: it is needed; null says that the server knows none")
    listing = item["listing"]
    said = listing if isinstance(listing, dict) else {}
    return WorldTrack(
        id=typed(item.get("id", said.get("id")), f"{where}.id", str),
        stream_path=server_path(item.get("stream_path", said.get("streamPath")), f"{where}.stream_path"),
        listing=listing,
        recording=_picked(item.get("recording"), f"{where}.recording", recordings),
        content_type=optional(item.get("content_type", "application/octet-stream"), f"{where}.content_type", str),
        content_disposition=optional(item.get("content_disposition"), f"{where}.content_disposition", str),
        last_modified=optional(item.get("last_modified"), f"{where}.last_modified", str),
        repr_digest=typed(item.get("repr_digest", False), f"{where}.repr_digest", bool),
        faults=fault_script(item.get("faults", []), f"{where}.faults"),
        head_faults=fault_script(item.get("head_faults", []), f"{where}.head_faults"),
    )


def _playlist(item: Mapping[str, object], where: str) -> WorldPlaylist:
    ids = typed(item.get("track_ids"), f"{where}.track_ids", list)
    return WorldPlaylist(
        id=typed(item.get("id"), f"{where}.id", str),
        name=typed(item.get("name"), f"{where}.name", str),
        track_ids=tuple(typed(one, f"{where}.track_ids", str) for one in ids),
    )


def _local(item: Mapping[str, object], where: str, recordings: list[Recording]) -> LocalTrack:
    recording = _picked(item.get("recording"), f"{where}.recording", recordings)
    if recording is None:
        raise WorldFileError(f"{where}.recording: a local track needs one")
    title = typed(item.get("title"), f"{where}.title", str)
    return LocalTrack(title, optional(item.get("artist"), f"{where}.artist", str), recording)


def _picked(number: object, where: str, recordings: list[Recording]) -> Recording | None:
    index = optional(number, where, int)
    if index is None:
        return None
    if not 0 <= index < len(recordings):
        raise WorldFileError(f"{where}: there is no recording {str(index)[:80]}")
    return recordings[index]
