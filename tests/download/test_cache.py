"""The cache: what counts as a hit, what it makes, what it survives, and how it is listed and emptied."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from chadsdk.cache.listing import clear, list_tracks
from chadsdk.download import Fetched
from chadsdk.errors import StorageError
from harness.process import running_server
from harness.recording import sha256_of
from harness.world import World
from tests.download.conftest import OpenRig
from tests.download.support import Rig, Running, bare


def set_record(rig: Rig, **changes: object) -> None:
    file = rig.layout.record("t-1")
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def lose_record(rig: Rig) -> None:
    rig.layout.record("t-1").unlink()


def empty_record(rig: Rig) -> None:
    os.truncate(rig.layout.record("t-1"), 0)


def lose_record_and_rot(rig: Rig) -> None:
    lose_record(rig)
    with audio(rig).open("r+b") as stream:
        stream.seek(20_000)
        stream.write(b"rotten")


def garble_record(rig: Rig) -> None:
    rig.layout.record("t-1").write_bytes(b"\x00\xff{")


def borrow_record(rig: Rig) -> None:
    rig.service.download(rig.source(2))
    shutil.copy(rig.layout.record("t-2"), rig.layout.record("t-1"))


def empty_file(rig: Rig) -> None:
    audio(rig).write_bytes(b"")


def cut_file(rig: Rig) -> None:
    os.truncate(audio(rig), 1000)


def grow_file(rig: Rig) -> None:
    """As by a writer that died late."""
    with audio(rig).open("ab") as stream:
        stream.write(b"late")


def touch_file(rig: Rig) -> None:
    audio(rig).touch()


def evil_extension(rig: Rig) -> None:
    set_record(rig, extension="/../../t-2.wav")


def nothing(rig: Rig) -> None:
    del rig


def audio(rig: Rig) -> Path:
    return rig.layout.audio("t-1", "wav")


@dataclass(frozen=True)
class Look:
    """A cached t-1, something that happens to it, a source that asks for it, and whether it is a hit.

    With `rehashed` it is none, but the file turns out to be the right one when it is read.
    """

    name: str
    hit: bool
    happens: Callable[[Rig], None] = nothing
    asks: dict[str, Any] = field(default_factory=dict)
    bare: bool = False
    rehashed: bool = False


LOOKS = [
    Look("as stored", hit=True),
    Look("nothing known", hit=True, bare=True),
    Look("another size", hit=False, asks={"size_bytes": 399_998, "sha256": None, "revision": None}),
    Look("another revision", hit=False, asks={"revision": "r2"}),
    Look("another digest", hit=False, asks={"sha256": "0" * 64}),
    Look("an upper-case digest", hit=True, asks={"sha256": "*upper*"}),
    Look("size only", hit=True, asks={"sha256": None, "revision": None}),
    Look("record lost, size known", hit=True, happens=lose_record, asks={"sha256": None, "revision": None}),
    Look("record lost, revision known", hit=False, happens=lose_record, asks={"sha256": None}),
    Look("record lost, digest known", hit=False, happens=lose_record, asks={"revision": None}, rehashed=True),
    Look("record lost, everything known", hit=False, happens=lose_record, rehashed=True),
    Look("record empty, as after a power cut", hit=False, happens=empty_record, rehashed=True),
    Look("record lost, another digest", hit=False, happens=lose_record, asks={"sha256": "0" * 64}),
    Look("record lost and file rotten", hit=False, happens=lose_record_and_rot),
    Look("record lost, nothing known", hit=True, happens=lose_record, bare=True),
    Look("record garbled", hit=False, happens=garble_record, rehashed=True),
    Look("record of another file", hit=False, happens=borrow_record),
    Look("record with an evil extension", hit=False, happens=evil_extension, rehashed=True),
    Look("file changed since", hit=False, happens=touch_file),
    Look("file grown", hit=False, happens=grow_file),
    Look("file grown, nothing known", hit=False, happens=grow_file, bare=True),
    Look("file empty", hit=False, happens=empty_file, bare=True),
    Look("file cut, size known", hit=False, happens=cut_file, asks={"sha256": None, "revision": None}),
]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_what_is_a_hit(rig: Rig, look: Look) -> None:
    """A hit needs no request and gives the file; a miss is fetched again and right, unless reading it tells enough."""
    rig.service.download(rig.source(1))
    look.happens(rig)
    asks: dict[str, Any] = {
        key: rig.sha256().upper() if value == "*upper*" else value for key, value in look.asks.items()
    }
    source = replace(bare(rig.source(1)) if look.bare else rig.source(1), **asks)
    rig.server.clear_ledger()
    found = rig.service.cached(source)
    assert (found is not None) == look.hit
    outcome = rig.service.download_all([source])[source]
    assert bool(rig.gets(1)) != (look.hit or look.rehashed)
    if look.rehashed:
        assert rig.service.cached(source) is not None
    if isinstance(outcome, Fetched):
        assert sha256_of(outcome.path) == rig.sha256()
    else:
        assert {"size_bytes", "sha256"} & asks.keys()  # what nobody has


def test_a_second_run_asks_for_nothing(thirty: World, open_rig: OpenRig) -> None:
    """The ledger shows not one audio GET for tracks that are cached, also for a service that is new."""
    rig = open_rig(thirty)
    rig.service.download_all(rig.sources)
    rig.server.clear_ledger()
    with type(rig.service)(rig.client, settings=rig.service.settings) as second:
        outcomes = second.download_all(rig.sources)
    assert all(isinstance(outcome, Fetched) and outcome.from_cache for outcome in outcomes.values())
    assert rig.server.ledger() == []


def test_only_the_user_can_look_in(rig: Rig) -> None:
    """Folders 0700 and files 0600, whatever the umask says, at the end and in the middle."""
    before = os.umask(0)
    try:
        rig.server.set_faults("t-1", [{"gate": "half", "after": 0.5}])
        with Running(lambda: rig.service.download(rig.source(1))) as running:
            rig.server.wait_at_gate("half")
            assert {stat.S_IMODE(path.stat().st_mode) for path in rig.temporaries()} == {0o600}
            rig.server.open_gate("half")
            running.value()
    finally:
        os.umask(before)
    everything = [rig.cache, *rig.cache.rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in everything if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in everything if path.is_file()} == {0o600}


def test_a_folder_that_exists_keeps_its_permissions(rig: Rig) -> None:
    """What the user made is the user's."""
    rig.cache.mkdir(mode=0o755)
    rig.service.download(rig.source(1))
    assert stat.S_IMODE(rig.cache.stat().st_mode) == 0o755


def plant_link(path: Path) -> None:
    victim = path.parent.parent / "victim"
    victim.write_bytes(b"untouched")
    path.symlink_to(victim)


def plant_fifo(path: Path) -> None:
    os.mkfifo(path)


def plant_junk(path: Path) -> None:
    path.write_bytes(b"<html>" + bytes(399_994))


@pytest.mark.parametrize("plant", [plant_link, plant_fifo])
def test_what_is_planted_under_the_final_name_is_replaced(rig: Rig, plant: Callable[[Path], None]) -> None:
    """A link is not followed, a FIFO does not block: both give way to the track, also when nothing is known of it."""
    rig.service.download(rig.source(2))
    plant(audio(rig))
    path = rig.service.download(bare(rig.source(1)))
    assert not path.is_symlink()
    assert sha256_of(path) == rig.sha256()
    victim = rig.cache / "victim"
    assert not victim.exists() or victim.read_bytes() == b"untouched"
    victim.unlink(missing_ok=True)


def test_a_folder_under_the_final_name_is_one_clear_error(rig: Rig) -> None:
    """It may hold anything, so it is not removed; nothing half-made is left."""
    rig.service.download(rig.source(2))
    audio(rig).mkdir()
    with pytest.raises(StorageError, match="directory"):
        rig.service.download(rig.source(1))
    assert rig.temporaries() == []


def test_an_older_revision_in_another_format_goes(rig: Rig) -> None:
    """A track that was mp3 and is wav now is one file."""
    rig.service.download(rig.source(2))
    old = rig.layout.audio("t-1", "mp3")
    old.write_bytes(b"ID3old")
    assert rig.service.download(rig.source(1)) == audio(rig)
    assert not old.exists()


def purge_file(rig: Rig) -> None:
    audio(rig).unlink()


def purge_records(rig: Rig) -> None:
    shutil.rmtree(rig.layout.records)


def purge_server(rig: Rig) -> None:
    shutil.rmtree(rig.layout.folder)


def purge_all(rig: Rig) -> None:
    shutil.rmtree(rig.cache)


PURGES = [purge_file, purge_records, purge_server, purge_all]


@pytest.mark.parametrize("purge", PURGES)
def test_what_the_system_purged_is_fetched_again(rig: Rig, purge: Callable[[Rig], None]) -> None:
    """File, records, server folder, everything: the next call makes good."""
    rig.service.download(rig.source(1))
    purge(rig)
    assert rig.service.cached(rig.source(1)) is None
    assert sha256_of(rig.service.download(rig.source(1))) == rig.sha256()
    assert len(rig.gets()) == (1 if purge is purge_records else 2)  # the audio is still there, and its digest known


@pytest.mark.parametrize("purge", PURGES[1:])
def test_a_purge_in_mid_download_costs_at_most_another(rig: Rig, purge: Callable[[Rig], None]) -> None:
    """Folders and the open file itself vanish under a download: it is not an error, the track is had."""
    rig.server.set_faults("t-1", [{"gate": "half", "after": 0.5}])
    with Running(lambda: rig.service.download_all([rig.source(1)])) as running:
        rig.server.wait_at_gate("half")
        purge(rig)
        rig.server.open_gate("half")
        outcome = running.value()[rig.source(1)]
    assert sha256_of(outcome.path) == rig.sha256()
    assert len(rig.gets()) <= 2


def test_a_cache_that_was_purged_of_everything_is_read_without_complaint(rig: Rig, tmp_path: Path) -> None:
    """Looking, listing and clearing where there is nothing."""
    assert rig.service.cached(rig.source(1)) is None
    assert list(list_tracks(tmp_path / "nowhere")) == []
    assert clear(tmp_path / "nowhere").tracks == 0


def test_two_servers_with_one_id_are_two_files(plain: World, tmp_path: Path, open_rig: OpenRig) -> None:
    """The server level of the cache: the same id elsewhere is another track."""
    first = open_rig(plain, cache=tmp_path / "one")
    swapped = tuple(
        replace(
            track,
            recording=other.recording,
            listing={**other.listing, "id": track.id, "streamPath": track.stream_path},  # type: ignore[dict-item]
        )
        for track, other in zip(plain.tracks, reversed(plain.tracks), strict=True)
    )
    second = open_rig(replace(plain, tracks=swapped), cache=tmp_path / "one")
    paths = [each.service.download(each.client.track("t-1")) for each in (first, second)]
    assert [sha256_of(path) for path in paths] == [first.sha256(1), first.sha256(8)]
    assert paths[0].parent.parent == paths[1].parent.parent == tmp_path / "one"


def test_ids_that_differ_by_case_are_two_files(rig: Rig) -> None:
    """Also on a file system that ignores case."""
    names = {rig.layout.audio(track_id, "wav").name.casefold() for track_id in ("Track", "track", "TRACK", "tr/ack")}
    assert len(names) == 4


def test_the_same_server_is_the_same_folder(plain: World, tmp_path: Path, open_rig: OpenRig) -> None:
    """The key depends on the address alone: another client of the server finds what the first had."""
    rig = open_rig(plain)
    rig.service.download(rig.source(1))
    other = type(rig.client)(f"{rig.server.url}/", token="another", settings=rig.service.settings)
    with other, running_server(plain) as elsewhere:
        assert other.key == rig.client.key
        with type(rig.client)(elsewhere.url, token="t") as third:
            assert third.key != rig.client.key
