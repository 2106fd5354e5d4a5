"""Worlds: made from a seed, kept as JSON, and as mixed as a real library."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.build import GONE_ID, LOGIN_PAGE_ID, TWICE_ID, make_world, plain_world
from harness.recording import Recording, sha256_of
from harness.world import LocalTrack, World, WorldPlaylist, WorldTrack
from harness.world_file import WorldFileError, load_world, save_world


def listing(track: WorldTrack) -> dict[str, object]:
    assert isinstance(track.listing, dict)
    return track.listing


def tellable(world: World) -> object:
    """A world without the folder it lies in."""
    tracks = [replace(track, recording=None) for track in world.tracks]
    digests = [track.recording.sha256 for track in world.tracks if track.recording]
    return tracks, digests, world.playlists, world.token, world.refresh_token


def test_the_same_seed_gives_the_same_world(tmp_path: Path) -> None:
    """Titles, paths, tokens and every byte of audio come from the seed alone."""
    assert tellable(make_world(3, 6, tmp_path / "a")) == tellable(make_world(3, 6, tmp_path / "b"))


def test_another_seed_gives_another_world(tmp_path: Path) -> None:
    """The seed decides the audio and the tokens."""
    one, other = make_world(3, 4, tmp_path / "a"), make_world(4, 4, tmp_path / "b")
    assert one.token != other.token
    assert tellable(one) != tellable(other)


def test_the_default_world_is_big_enough_to_show_something(mixed_world: World) -> None:
    """The mix has 12 entries or more, 2 or more that cannot be had, one track twice, and fills two pages."""
    mix = list(mixed_world.mix())
    assert len(mix) >= 12
    assert {GONE_ID, LOGIN_PAGE_ID} <= set(mixed_world.playlists[0].track_ids)
    assert mix.count(TWICE_ID) == 2
    assert len(mixed_world.playlists[0].track_ids) > mixed_world.page_size


def test_the_default_world_has_every_format(mixed_world: World) -> None:
    """WAV of 16 and 24 bit, AIFF, FLAC, MP3 and Ogg; several rates and lengths; one and two channels."""
    recordings = {local.recording for local in mixed_world.local}
    recordings |= {track.recording for track in mixed_world.tracks if track.recording}
    formats = {recording.format for recording in recordings}
    assert {"wav16", "wav24", "aiff16", "flac16", "mp3", "vorbis"} <= formats
    assert {22_050, 44_100, 48_000} <= {recording.sample_rate_hz for recording in recordings}
    assert {recording.channels for recording in recordings} == {1, 2}
    assert len({recording.duration_s for recording in recordings}) > 8
    assert len({recording.frequency_hz for recording in recordings}) == len(recordings)


def test_the_default_world_says_too_little_here_and_there(mixed_world: World) -> None:
    """Each field that a server may leave out is left out somewhere, and given somewhere."""
    for field in ("sizeBytes", "sha256", "contentType", "artist", "revision", "durationSeconds"):
        said = [listing(track).get(field) is not None for track in mixed_world.tracks]
        assert set(said) == {True, False}, field


def test_the_default_world_streams_in_every_style(mixed_world: World) -> None:
    """Paths with and without extension; with and without disposition, digest and a telling type."""
    tracks = mixed_world.tracks
    assert {"." in track.stream_path.rpartition("/")[2] for track in tracks} == {True, False}
    assert {track.content_disposition is None for track in tracks} == {True, False}
    assert {track.repr_digest for track in tracks} == {True, False}
    assert "application/octet-stream" in {track.content_type for track in tracks}


@pytest.mark.parametrize(("tracks", "local"), [(4, 0), (4, 1), (5, 0), (6, 2)])
def test_a_world_has_as_many_entries_as_asked(tmp_path: Path, tracks: int, local: int) -> None:
    """Local and cloud entries add up to the number, however small."""
    world = make_world(1, tracks, tmp_path, local=local)
    assert len(world.local) == local
    assert len(world.local) + len(world.playlists[0].track_ids) == tracks


@pytest.mark.parametrize("cloud", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("local", [0, 1, 2, 5, 60])
def test_a_mix_keeps_both_orders(tmp_path: Path, cloud: int, local: int) -> None:
    """Every local and every cloud entry is in the mix once, each kind in its own order."""
    sound = Recording(tmp_path, "wav16", 1.0, 44_100, 1, 440.0, 46, "")
    ids = tuple(f"t-{number}" for number in range(cloud))
    own = tuple(LocalTrack(f"Own {number}", None, sound) for number in range(local))
    mix = list(World(tmp_path, (), (WorldPlaylist("p", "P", ids),), local=own).mix())
    assert tuple(entry for entry in mix if isinstance(entry, str)) == ids
    assert tuple(entry for entry in mix if isinstance(entry, LocalTrack)) == own


@pytest.mark.parametrize(("tracks", "local"), [(3, 0), (0, 0), (-1, 0), (8, 6), (8, -1)])
def test_a_world_too_small_for_its_roles_is_refused(tmp_path: Path, tracks: int, local: int) -> None:
    """Fewer than four entries, or fewer than three in the cloud, raise a sentence with the minimum."""
    with pytest.raises(ValueError, match="at least 4 tracks"):
        make_world(1, tracks, tmp_path, local=local)


def test_a_large_world_shares_its_audio(tmp_path: Path) -> None:
    """2,000 tracks have ids and titles of their own over a handful of files."""
    world = make_world(1, 2_000, tmp_path)
    assert len({track.id for track in world.tracks}) == len(world.tracks) == 1_999
    assert len(list((tmp_path / "audio").iterdir())) <= 16


def test_a_plain_world_has_the_sizes_asked_for(tmp_path: Path) -> None:
    """Every track has its size, and tracks of the same size still differ in content."""
    world = plain_world(tmp_path, [1_000, 2_000, 1_000])
    assert [listing(track)["sizeBytes"] for track in world.tracks] == [1_000, 2_000, 1_000]
    assert len({listing(track)["sha256"] for track in world.tracks}) == 3


def test_a_world_file_keeps_everything(tmp_path: Path) -> None:
    """A saved world is read back equal, faults and local tracks included."""
    world = make_world(1, 8, tmp_path, local=2)
    scripted = replace(world.tracks[0], faults=({"cut_body": 0.4}, "ok"), head_faults=("empty",))
    world = replace(
        world,
        tracks=(scripted, *world.tracks[1:]),
        path_faults={"/api/playlists/friday": ({"status": 503},)},
        token_requests=3,
    )
    assert load_world(save_world(world, tmp_path / "world.json")) == world


def test_a_world_file_keeps_half_a_character(tmp_path: Path) -> None:
    """A hostile title with a lone surrogate, which no UTF-8 holds, comes back as it was."""
    world = plain_world(tmp_path, [1_000])
    hostile = replace(
        world.tracks[0], listing={**listing(world.tracks[0]), "title": "half \ud83d of it, all \U0001f389"}
    )
    loaded = load_world(save_world(replace(world, tracks=(hostile,)), tmp_path / "world.json"))
    assert loaded.tracks == (hostile,)


def test_a_world_folder_can_be_moved(tmp_path: Path) -> None:
    """Audio paths in a world file are relative to it."""
    save_world(plain_world(tmp_path / "here", [1_000]), tmp_path / "here" / "world.json")
    (tmp_path / "here").rename(tmp_path / "there")
    recording = load_world(tmp_path / "there" / "world.json").tracks[0].recording
    assert recording is not None
    assert recording.file.is_relative_to(tmp_path / "there")


def test_a_world_file_by_hand_can_be_short(tmp_path: Path) -> None:
    """Length and digest of a recording that the file does not state are found in the audio."""
    (tmp_path / "a.wav").write_bytes(b"RIFFxxxx")
    document = {
        "recordings": [{"file": "a.wav"}],
        "tracks": [{"listing": {"id": "x", "title": "X", "streamPath": "/tracks/x/a.wav"}, "recording": 0}],
        "playlists": [{"id": "p", "name": "P", "track_ids": ["x"]}],
    }
    (tmp_path / "world.json").write_text(json.dumps(document))
    recording = load_world(tmp_path / "world.json").tracks[0].recording
    assert recording is not None
    assert (recording.size_bytes, recording.sha256) == (8, sha256_of(tmp_path / "a.wav"))


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([], "the file"),
        ({"tracks": {}}, "tracks"),
        ({"tracks": [7]}, r"tracks\[0\]"),
        ({"tracks": [{"listing": {"id": 7}}]}, r"tracks\[0\].id"),
        ({"tracks": [{"listing": {"id": "x", "streamPath": "/x"}, "recording": 5}]}, "no recording 5"),
        ({"tracks": [{"listing": {"id": "x", "streamPath": "/x"}, "faults": [5]}]}, r"faults\[0\]"),
        ({"recordings": [{"file": "nowhere.wav"}]}, r"recordings\[0\].file: there is no file"),
        ({"playlists": [{"id": "p", "name": "P"}]}, r"playlists\[0\].track_ids"),
        ({"playlists": [{"id": "p", "name": "P", "track_ids": ["x"]}]}, 'no track "x"'),
        ({"playlists": []}, "playlists"),
        ({"playlists": [{"id": "p", "name": "P", "track_ids": []}], "page_size": True}, "page_size"),
        ({"playlists": [{"id": "p", "name": "P", "track_ids": []}], "page_size": 0}, "page_size"),
        ({"track": []}, 'the file: unknown key "track"; did you mean "tracks"\\?'),
        ({"tracks": [{"fault": []}]}, r'tracks\[0\]: unknown key "fault"; did you mean "faults"\?'),
        ({"recordings": [{"file": "x", "colour": 1}]}, r'recordings\[0\]: unknown key "colour"; known are file, '),
        ({"playlists": [{"tracks": []}]}, r'playlists\[0\]: unknown key "tracks"; did you mean "track_ids"\?'),
        ({"local": [{"titel": "T"}]}, r'local\[0\]: unknown key "titel"; did you mean "title"\?'),
        ({"schema": "foo/9"}, 'schema: expected "harness.world/1", got "foo/9"'),
        ({"tracks": [{"id": "x", "stream_path": "/x"}]}, r"tracks\[0\].listing: it is needed"),
        ({"tracks": [{"listing": {"id": "x", "streamPath": "x"}}]}, r"tracks\[0\].stream_path: a path starts with /"),
        ({"path_faults": {"x": []}}, r"path_faults\[x\]: a path starts with /"),
        ({"playlists": [{"id": "p", "name": "P", "track_ids": []}] * 2}, "playlists: two have one id"),
        ({"playlists": [{"id": "p", "name": "P", "track_ids": []}], "token_requests": -1}, "token_requests: from 0 up"),
        ({"recordings": [{"file": "x" * 5_000}]}, r"recordings\[0\].file: File name too long"),
        ({"recordings": [{"file": "world.json", "size_bytes": -1}]}, r"recordings\[0\].size_bytes: from 0 up"),
        ({"recordings": [{"file": "world.json", "channels": -1}]}, r"recordings\[0\].channels: from 0 up"),
        ({"recordings": [{"file": "world.json", "sample_rate_hz": -1}]}, r"recordings\[0\].sample_rate_hz: from 0"),
        ({"recordings": [{"file": "world.json", "duration_s": float("nan")}]}, r"recordings\[0\].duration_s: from 0"),
        ({"recordings": [{"file": "world.json", "frequency_hz": 10**400}]}, r"recordings\[0\].frequency_hz: from 0"),
    ],
)
def test_a_malformed_world_file_is_refused_with_the_place(tmp_path: Path, document: object, place: str) -> None:
    """Whatever is wrong, the error is a `WorldFileError` that names file and place."""
    file = tmp_path / "world.json"
    file.write_text(json.dumps(document))
    with pytest.raises(WorldFileError, match=f"world.json: .*{place}"):
        load_world(file)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    """Broken JSON, broken text and a depth bomb are `WorldFileError`s too."""
    file = tmp_path / "world.json"
    file.write_bytes(content)
    with pytest.raises(WorldFileError, match=r"world\.json"):
        load_world(file)
