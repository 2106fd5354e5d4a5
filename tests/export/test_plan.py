"""The plan: pure decisions, entry by entry."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chadsdk import ChadMusicAPIClient, MixExporter, Playlist, PlaylistEntry, Problem, Reason, Settings, Track
from chadsdk.errors import LocalMissingError, LocalUnreadableError, UnsafeNameError
from chadsdk.export import Cloud, ExportPlan, Local, Missing
from chadsdk.export.plan import Looks, Need, make_plan
from chadsdk.source import CloudSource
from tests.export.rig import own_wav

HERE, GONE, LOCKED = Path("here.wav"), Path("gone.wav"), Path("locked.wav")

ODD_TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(alphabet='/\\:*?"<>|. \x00\x1b\u202e\u0301eE\u00e9', max_size=12),
    st.sampled_from(
        ["", " ", "=cmd|'/c calc'!A0", "..", "CON", "nul.wav", "\u202egnp.vaw", "\ud800", "x" * 10_240, "ß", "SS"]
    ),
)


def looks(files: Mapping[Path, int] = {HERE: 100}, cached: Mapping[str, int] = {}) -> Looks:
    """A disk and a cache as tables."""

    def local_bytes(path: Path) -> int:
        if path == LOCKED:
            raise LocalUnreadableError(f"{path} cannot be looked at.")
        if path not in files:
            raise LocalMissingError(f"{path} is not there.")
        return files[path]

    def cached_bytes(source: CloudSource) -> int | None:
        if source.track_id == "..":
            raise UnsafeNameError("unsafe")
        return cached.get(source.track_id)

    return Looks(local_bytes=local_bytes, cached_bytes=cached_bytes)


def cloud(track_id: str = "t-1", title: str = "T", **more: object) -> Track:
    """A cloud track."""
    return Track(title, cloud_track_id=track_id, cloud_stream_path=f"/tracks/{track_id}/a.flac", **more)  # type: ignore[arg-type]


def plan_of(*tracks: Track, look: Looks | None = None, name: str = "Friday") -> ExportPlan:
    """The plan of a playlist of these."""
    playlist = Playlist(name, entries=tuple(map(PlaylistEntry, tracks)))
    return make_plan(playlist, Path("out"), looks=look or looks())


def need_of(track: Track, look: Looks | None = None) -> Need:
    """What one track needs."""
    return plan_of(track, look=look).entries[0].need


@pytest.mark.parametrize(
    ("track", "kind"),
    [
        (Track("T", file=HERE), "local"),
        (cloud(file=HERE), "local"),
        (cloud(file=GONE), "download"),
        (cloud("cached", file=GONE), "cached"),
        (cloud("cached"), "cached"),
        (cloud(), "download"),
        (Track("T", file=GONE), Reason.LOCAL_MISSING),
        (Track("T", file=LOCKED), Reason.LOCAL_UNREADABLE),
        (cloud(file=LOCKED), "download"),
        (cloud("cached", file=LOCKED), "cached"),
        (Track("T"), Reason.NO_SOURCE),
        (Track("T", cloud_track_id="t-1"), Reason.NO_SOURCE),
        (Track("T", cloud_stream_path="/tracks/1"), Reason.NO_SOURCE),
        (cloud(".."), Reason.UNSAFE_NAME),
        (cloud(problem=Problem(Reason.PROTOCOL, "bad"), file=HERE), Reason.PROTOCOL),
    ],
)
def test_the_need_of_a_track_is_decided_by_what_is_there(track: Track, kind: str) -> None:
    """A file that exists wins; then the cache, then the cloud; what cannot be had says why."""
    need = need_of(track, looks(cached={"cached": 7}))
    match need:
        case Local():
            assert (kind, need.size_bytes) == ("local", 100)
        case Cloud(cached_bytes=None):
            assert kind == "download"
        case Cloud():
            assert (kind, need.size_bytes) == ("cached", 7)
        case Missing():
            assert need.reason == kind
            assert need.detail


def test_a_cloud_track_without_a_stream_path_says_so() -> None:
    """The sentence names the track and what is lacking, not "neither file nor cloud"."""
    need = need_of(Track("T", cloud_track_id="t-9"))
    assert isinstance(need, Missing)
    assert "t-9" in need.detail
    assert "stream path" in need.detail


def test_without_a_server_cloud_tracks_are_missing_and_files_are_not(tmp_path: Path) -> None:
    """An exporter without a server plans local files and gives the others the reason no_source."""
    own = own_wav(tmp_path / "own.wav")
    playlist = Playlist("P", entries=(Track("Own", file=own), cloud()))  # type: ignore[arg-type]
    with MixExporter(settings=Settings(cache_dir=tmp_path / "cache")) as exporter:
        plan = exporter.plan(playlist, tmp_path)
    assert [type(each.need) for each in plan.entries] == [Local, Missing]
    assert [each.need.reason for each in plan.missing if isinstance(each.need, Missing)] == [Reason.NO_SOURCE]


def test_a_track_of_another_server_is_missing(tmp_path: Path) -> None:
    """Its bytes are never asked of a server that it does not belong to."""
    settings = Settings(cache_dir=tmp_path / "cache")
    with (
        ChadMusicAPIClient("https://music.example", token="x", settings=settings) as client,
        MixExporter(client, settings=settings) as exporter,
    ):
        playlist = Playlist("P", entries=(cloud(cloud_server="other.example"), cloud(cloud_server=client.key)))  # type: ignore[arg-type]
        needs = [each.need for each in exporter.plan(playlist, tmp_path).entries]
    assert isinstance(needs[0], Missing)
    assert needs[0].reason is Reason.NO_SOURCE
    assert isinstance(needs[1], Cloud)


def test_a_plan_moves_no_byte(tmp_path: Path) -> None:
    """Neither the cache nor the export folder is made by it."""
    with (
        ChadMusicAPIClient("https://music.example", token="x") as client,
        MixExporter(client, settings=Settings(cache_dir=tmp_path / "cache")) as exporter,
    ):
        exporter.plan(Playlist("P", entries=(cloud(),)), tmp_path / "to")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_names_start_with_the_position_as_wide_as_the_playlist_needs() -> None:
    """Two digits at least, so that a folder listing is the playlist's order."""
    assert plan_of(cloud(title="A", artist="B")).entries[0].file == "Audio/01 B - A.flac"
    many = plan_of(*(cloud(f"t-{number}") for number in range(100)))
    assert many.entries[0].stem == "001 T"
    assert [each.position for each in many.entries] == list(range(1, 101))


@pytest.mark.parametrize(
    ("track", "extension"),
    [
        (Track("T", file=Path("here.AIFF")), "aiff"),
        (Track("T", file=Path("gone.ogg")), "ogg"),
        (Track("T", file=Path("gone.exe")), "mp3"),
        (cloud(file=GONE), "flac"),
        (Track("T", cloud_track_id="1", cloud_stream_path="/api/stream/1", content_type="audio/aiff"), "aiff"),
        (Track("T", cloud_track_id="1", cloud_stream_path="/api/stream/1"), "mp3"),
        (Track("T"), "mp3"),
    ],
)
def test_the_extension_to_expect(track: Track, extension: str) -> None:
    """From the file, else the stream path, else the content type; never one that is not audio."""
    planned = plan_of(track, look=looks({Path("here.AIFF"): 1})).entries[0]
    assert planned.extension == extension


def test_an_empty_title_gets_a_name() -> None:
    """No file is called by its number alone."""
    assert plan_of(cloud(title="  ")).entries[0].stem == "01 Untitled"
    assert plan_of(cloud(title="\u202e\x00")).entries[0].stem == "01 Untitled"


def test_the_same_track_twice_is_one_file_and_two_entries() -> None:
    """Both entries name the file of the first; it is downloaded and copied once."""
    plan = plan_of(
        cloud(title="A"), cloud("t-2"), cloud(title="Other title"), Track("L", file=HERE), Track("M", file=HERE)
    )
    assert [each.file for each in plan.entries] == [
        "Audio/01 A.flac",
        "Audio/02 T.flac",
        "Audio/01 A.flac",
        "Audio/04 L.wav",
        "Audio/04 L.wav",
    ]
    assert [source.track_id for source in plan.sources] == ["t-1", "t-2"]
    assert len(plan.files) == 3


def test_a_missing_track_twice_keeps_two_names() -> None:
    """Two entries whose file is nowhere are two lines with two names, so that no line hides behind the other."""
    plan = plan_of(Track("T", file=GONE), Track("T", file=GONE))
    assert len({each.file for each in plan.entries}) == 2


def test_the_folder_is_named_after_the_playlist() -> None:
    """A name that would leave the target folder, or that no file system takes, is made harmless."""
    for name in ("../../etc", "/etc/passwd", "..", ".", "", "CON", "a\x00b", "C:\\x", " . "):
        folder = plan_of(cloud(), name=name).folder
        assert folder.parent == Path("out")
        assert folder.name not in {"", ".", ".."}
        assert not set('/\\:*?"<>|\x00') & set(folder.name)


def test_the_views_of_a_plan_part_its_entries() -> None:
    """local, cached, to_download and missing hold each entry exactly once."""
    tracks = [Track("L", file=HERE), cloud("cached"), cloud("x"), Track("M"), cloud("x")]
    plan = plan_of(*tracks, look=looks(cached={"cached": 7}))
    parts = (plan.local, plan.cached, plan.to_download, plan.missing)
    assert [len(part) for part in parts] == [1, 1, 2, 1]
    assert sorted(each.position for part in parts for each in part) == [1, 2, 3, 4, 5]


tracks_of_any_kind = st.builds(
    lambda title, artist, kind, number: {
        "local": Track(title, artist, file=HERE),
        "gone": Track(title, artist, file=GONE),
        "cloud": cloud(f"t-{number}", title, artist=artist),
        "none": Track(title, artist),
    }[kind],
    ODD_TEXTS,
    st.none() | ODD_TEXTS,
    st.sampled_from(["local", "gone", "cloud", "none"]),
    st.integers(1, 3),
)


@given(st.lists(tracks_of_any_kind, max_size=12))
def test_every_entry_is_planned_once_in_order_under_a_name_of_its_own(tracks: list[Track]) -> None:
    """Whatever titles say: order kept, every entry once, no two names alike by case, Unicode form or extension."""
    plan = plan_of(*tracks)
    assert [each.entry.track for each in plan.entries] == tracks
    assert [each.position for each in plan.entries] == list(range(1, len(tracks) + 1))
    owners: dict[str, object] = {}
    for each in plan.entries:
        owner = each.position if isinstance(each.need, Missing) else each.need.identity
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", each.stem).casefold())
        assert owners.setdefault(key, owner) == owner


@given(ODD_TEXTS, st.none() | ODD_TEXTS)
def test_a_planned_name_is_one_that_every_file_system_takes(title: str, artist: str | None) -> None:
    """One component below Audio/, within 255 bytes, without reserved or invisible direction characters."""
    file = plan_of(cloud(title=title, artist=artist)).entries[0].file
    folder, _, name = file.partition("/")
    assert folder == "Audio"
    assert not set('/\\:*?"<>|\u202e\u2066') & set(name)
    assert all(unicodedata.category(character) not in {"Cc", "Cs"} for character in name)
    assert len(name.encode()) <= 255
    assert name == name.strip()
    assert unicodedata.is_normalized("NFC", name)
