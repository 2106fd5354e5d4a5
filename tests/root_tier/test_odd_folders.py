"""Cache and exports in folders that fold names, refuse names, and fail at a call of their choice, through FUSE."""

from __future__ import annotations

import errno
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chadsdk.errors import ChadError, DiskFullError, StorageError
from harness.build import plain_world
from harness.process import ServerHandle, running_server
from harness.recording import sha256_of
from harness.world import World, WorldPlaylist
from tests.export.rig import check_export
from tests.root_tier.conftest import TRACKS, OpenFolder
from tests.root_tier.rig import TRACK_BYTES, opened

NFC, NFD = (unicodedata.normalize(form, "Café") for form in ("NFC", "NFD"))
#: Ids and titles that are one name on many systems, and two for the server.
ALIKE = {"abc": "Same", "ABC": "same", "aBc": "SAME", NFC: NFC, NFD: NFD, NFD.upper(): NFC.upper()}
#: Ids and titles that Windows takes for something else, or not at all.
AWKWARD = {"CON": "NUL", "a:b": "what?", "x.": "ends with a dot.", "y ": "COM1.wav", "lpt9": "a<b>|c*", "q": ' "\\/" '}


def renamed(world: World, names: dict[str, str]) -> World:
    """The world with other ids and titles."""
    tracks = []
    for track, (track_id, title) in zip(world.tracks, names.items(), strict=True):
        assert isinstance(track.listing, dict)
        tracks.append(replace(track, id=track_id, listing=track.listing | {"id": track_id, "title": title}))
    return replace(world, tracks=tuple(tracks), playlists=(WorldPlaylist("plain", "Plain", tuple(names)),))


@pytest.fixture(scope="module", params=[ALIKE, AWKWARD], ids=["alike", "awkward"])
def named(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerHandle]:
    """A server of six tracks with such names."""
    world = plain_world(tmp_path_factory.mktemp("world"), [20_000 + 2 * number for number in range(TRACKS)])
    with running_server(renamed(world, request.param)) as handle:
        yield handle


def test_row_46_names_that_are_one_name(named: ServerHandle, odd_folder: OpenFolder) -> None:
    """Each track keeps its own audio in cache and export, under the same names in each run; nothing comes twice."""
    odd = odd_folder(fold=True, windows=True)
    right = [track.recording.sha256 for track in named.world.tracks if track.recording]
    with opened(named, cache=odd.folder / "cache", exports=odd.folder / "exports") as studio:
        names = []
        for number in range(2):
            manifest = check_export(studio.export(replace=bool(number)).folder)
            assert [entry["sha256"] for entry in manifest["entries"]] == right
            names.append([entry["file"] for entry in manifest["entries"]])
            assert len(studio.kept()) == TRACKS
        assert names[0] == names[1]
        assert len(studio.asked_for()) == TRACKS
        assert sorted(sha256_of(path) for path in studio.cache.glob("*/*") if path.is_file()) == sorted(right)


FAULTS = {
    "fsync": ("fsync", errno.EIO, StorageError),
    "fsync full": ("fsync", errno.ENOSPC, DiskFullError),
    "close": ("flush", errno.ENOSPC, DiskFullError),
    "close broken": ("flush", errno.EIO, StorageError),
    "rename": ("rename", errno.ENOSPC, DiskFullError),
    "rename broken": ("rename", errno.EIO, StorageError),
    "create": ("create", errno.ENOSPC, DiskFullError),
}


@pytest.mark.parametrize("place", ["cache", "exports"])
@pytest.mark.parametrize("fault", list(FAULTS))
def test_row_51_a_call_that_fails(
    server: ServerHandle, odd_folder: OpenFolder, tmp_path: Path, fault: str, place: str
) -> None:
    """One clear error; no file is flushed a second time, none gets its name; nothing stays but what was there."""
    call, code, error = FAULTS[fault]
    odd = odd_folder()
    places = {name: tmp_path / name for name in ("cache", "exports")} | {place: odd.folder / place}
    with opened(server, cache=places["cache"], exports=places["exports"]) as studio:
        earlier = studio.export_earlier()
        odd.rule(errors={call: code}, only="" if place == "exports" else ".tmp" if call != "rename" else "/t-")
        with pytest.raises(error) as caught:
            studio.export()
        assert type(caught.value) is error
        assert str(odd.folder) in str(caught.value)
        odd.rule()
        flushed = [path for path in odd.calls("fsync") if path.endswith(".tmp")]
        assert len(flushed) == len(set(flushed))
        assert studio.kept() == ["t-1.wav"] if place == "cache" else len(studio.kept()) == TRACKS
        assert studio.temporaries() == []
        assert [path.name for path in studio.exports.iterdir()] == ["Earlier"]
        assert studio.broken(earlier=earlier) == []
        server.clear_ledger()
        check_export(studio.export().folder)
        assert studio.unrepaired(earlier=earlier) == []


@pytest.mark.parametrize("place", ["cache", "exports"])
def test_row_50_room_that_runs_out_at_any_byte(
    server: ServerHandle, odd_folder: OpenFolder, tmp_path: Path, place: str
) -> None:
    """A little more room each time, until it is enough: disk full, and neither a wrong byte nor a half folder."""
    odd = odd_folder()
    places = {name: tmp_path / name for name in ("cache", "exports")} | {place: odd.folder / place}
    with opened(server, cache=places["cache"], exports=places["exports"]) as studio:
        for room in range(0, 3 * TRACKS * TRACK_BYTES, TRACK_BYTES // 3 + 1):
            odd.rule(room=room)
            server.clear_ledger()
            try:
                studio.export()
            except DiskFullError as exc:
                reached = str(exc)
            else:
                break
            assert str(odd.folder) in reached
            assert studio.broken() == []
            assert not studio.final.exists()
            assert studio.temporaries() == []
        assert room > TRACK_BYTES
        check_export(studio.final)
        assert studio.unrepaired() == []


def test_row_53_free_bytes_that_are_not_there(server: ServerHandle, odd_folder: OpenFolder, tmp_path: Path) -> None:
    """The volume promises much and holds little: the look ahead believes it, the writing finds out, as clearly."""
    odd = odd_folder(free=10**12, room=TRACK_BYTES + 50_000)
    with opened(server, cache=odd.folder / "cache", exports=tmp_path / "exports", max_concurrent_downloads=1) as studio:
        with pytest.raises(DiskFullError) as caught:
            studio.export()
        assert caught.value.needed_bytes is None
        assert len(studio.asked_for()) == 2
        assert studio.broken() == []


def test_row_53_free_bytes_that_are_denied(server: ServerHandle, odd_folder: OpenFolder, tmp_path: Path) -> None:
    """The volume says that it is full: what it says is believed, and nothing is asked for."""
    odd = odd_folder(free=TRACK_BYTES)
    with opened(server, cache=odd.folder / "cache", exports=tmp_path / "exports") as studio:
        with pytest.raises(DiskFullError) as caught:
            studio.export()
        assert caught.value.needed_bytes == TRACKS * TRACK_BYTES
        assert isinstance(caught.value, ChadError)
        assert studio.asked_for() == []
