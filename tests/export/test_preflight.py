"""The preflight: pure arithmetic by volume, and the sentence that refuses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from chadsdk import ChadMusicAPIClient, MixExporter, Playlist, PreflightReport, Track
from chadsdk.disk import Volume
from chadsdk.errors import DiskFullError
from chadsdk.export.plan import Looks, make_plan
from chadsdk.export.preflight import preflight
from chadsdk.source import CloudSource
from harness.process import ServerHandle

HEADROOM, GUESS = 1_000, 32_000
ONE, OTHER = Path("/one"), Path("/other")


def cloud(track_id: str, size_bytes: int | None = None) -> Track:
    """A cloud track of this length."""
    return Track("T", cloud_track_id=track_id, cloud_stream_path="/s", size_bytes=size_bytes)


def report_of(
    *tracks: Track,
    two_volumes: bool = False,
    free: int = 10**9,
    export_free: int | None = None,
    cached: Mapping[str, int] = {},
    asked: Mapping[str, int | None] = {},
) -> PreflightReport:
    """The report on a playlist of these; a local file has 100 bytes."""
    found = Looks(local_bytes=lambda _: 100, cached_bytes=lambda source: cached.get(source.track_id))
    plan = make_plan(Playlist("P", entries=tracks), Path("out"), looks=found)  # type: ignore[arg-type]
    sizes: dict[CloudSource, int | None] = {
        source: asked[source.track_id] for source in plan.sources if source.track_id in asked
    }
    cache = Volume(1, ONE, free)
    export = Volume(2, OTHER, free if export_free is None else export_free) if two_volumes else cache
    return preflight(
        plan,
        sizes=sizes,
        guess_bytes=GUESS,
        headroom_bytes=HEADROOM,
        cache=(Path("cache"), cache),
        export=(Path("out"), export),
    )


def test_on_one_volume_download_and_copy_are_added() -> None:
    """A track to download takes its length twice where cache and export share a volume."""
    report = report_of(cloud("a", 500), Track("L", file=Path("l.wav")))
    assert [need.needed_bytes for need in report.volumes] == [500 + (500 + 100) + HEADROOM]


def test_on_two_volumes_each_takes_its_own() -> None:
    """The cache's volume takes the download, the export's the copies; head-room is left on both."""
    report = report_of(cloud("a", 500), Track("L", file=Path("l.wav")), two_volumes=True)
    assert [(need.volume.mount, need.needed_bytes) for need in report.volumes] == [
        (ONE, 500 + HEADROOM),
        (OTHER, 600 + HEADROOM),
    ]


def test_a_cached_track_is_only_copied() -> None:
    """Nothing is reckoned on the cache's volume for it, not even head-room."""
    report = report_of(cloud("a", 500), cached={"a": 500}, two_volumes=True)
    assert [need.needed_bytes for need in report.volumes] == [0, 500 + HEADROOM]


def test_a_track_that_stands_twice_is_counted_once() -> None:
    """Two entries of one track are one download and one copy."""
    report = report_of(cloud("a", 500), cloud("a", 500))
    assert report.volumes[0].needed_bytes == 1_000 + HEADROOM


def test_missing_tracks_need_no_room() -> None:
    """An entry that is nowhere adds nothing; an export of nothing fits on a full disk."""
    report = report_of(Track("none"), free=0)
    assert report.volumes[0].needed_bytes == 0
    report.check()


@pytest.mark.parametrize(
    ("asked", "download", "guessed"),
    [({}, GUESS, 1), ({"a": None}, GUESS, 1), ({"a": 700}, 700, 0)],
)
def test_an_unknown_size_is_the_servers_answer_or_the_guess(
    asked: Mapping[str, int | None], download: int, guessed: int
) -> None:
    """What a HEAD said counts; where nobody knows the guess does, and the report says how many."""
    report = report_of(cloud("a"), asked=asked)
    assert (report.volumes[0].download_bytes, report.guessed) == (download, guessed)


@pytest.mark.parametrize(("spare", "fits"), [(0, True), (1, True), (-1, False)])
def test_it_fits_to_the_byte(spare: int, fits: bool) -> None:
    """Exactly enough is enough, one byte less is not."""
    assert report_of(cloud("a", 500), free=1_000 + HEADROOM + spare).volumes[0].fits is fits


def test_the_error_names_volume_needed_and_free() -> None:
    """As a sentence for people and as attributes for programs."""
    report = report_of(cloud("a", 3 * 1024 * 1024), free=2 * 1024 * 1024)
    with pytest.raises(DiskFullError) as caught:
        report.check()
    error = caught.value
    assert (error.volume, error.needed_bytes, error.free_bytes) == (ONE, 6 * 1024 * 1024 + HEADROOM, 2 * 1024 * 1024)
    for part in (
        "/one",
        "6.0 MiB needed",
        "3.0 MiB to download",
        "3.0 MiB to copy",
        "1000 bytes to leave free",
        "2.0 MiB free",
    ):
        assert part in str(error)
    assert "unknown" not in str(error)


def test_the_error_names_the_track_that_takes_most() -> None:
    """One whose length is a mistake is found at once; where no file takes more than all others, none is named."""
    with pytest.raises(DiskFullError, match=r"'2\. T' alone takes 3\.0 MiB\."):
        report_of(cloud("a", 500), cloud("b", 3 * 1024 * 1024), cloud("c"), free=10**6).check()
    with pytest.raises(DiskFullError) as caught:
        report_of(cloud("a", 500), cloud("b", 500), free=10).check()
    assert "alone" not in str(caught.value)


def test_the_error_names_the_volume_that_is_full_of_the_two() -> None:
    """Not the first one, and nothing that is not due there."""
    with pytest.raises(DiskFullError, match=r"/other.*to copy") as caught:
        report_of(cloud("a", 500), two_volumes=True, export_free=10).check()
    assert "download" not in str(caught.value)
    assert caught.value.volume == OTHER


def test_the_error_states_its_guess() -> None:
    """A user whose disk is "full" by our guess can see that it was one."""
    with pytest.raises(DiskFullError, match=r"The size of 2 is unknown and taken as 31\.2 KiB each"):
        report_of(cloud("a"), cloud("b"), free=10).check()


def test_unknown_sizes_are_asked_once_each(
    server: ServerHandle, exporter: MixExporter, playlist: Playlist, client: ChadMusicAPIClient, to: Path
) -> None:
    """One HEAD per track whose size nobody said, none for the others, whatever the playlist repeats."""
    unsaid = [
        Track("T", cloud_server=client.key, cloud_track_id=entry.track.cloud_track_id,
              cloud_stream_path=entry.track.cloud_stream_path)
        for entry in playlist.entries[:3]
    ]  # fmt: skip
    mixed = Playlist("Mixed", entries=(*unsaid, *unsaid, *playlist.entries[3:]))  # type: ignore[arg-type]
    report = exporter.preflight(exporter.plan(mixed, to))
    asked = [entry.path for entry in server.ledger() if entry.method == "HEAD"]
    assert sorted(asked) == ["/tracks/1/audio.wav", "/tracks/2/audio.wav", "/tracks/3/audio.wav"]
    assert report.guessed == 0
    assert set(report.sizes.values()) == {65_536}
    assert server.audio_gets() == []
